"""Mirror images that alternate, and reflected borders, as loops over images; both follow from seed, epoch and image."""

import numpy as np
import pytest

from tinyinception.data import AlternatingFlip, Dataset, Loader, RandomCrop

N = 23
IMAGES = np.random.default_rng(0).integers(0, 256, (N, 5, 7, 3), np.uint8)
ALTERNATING = (AlternatingFlip(),)


def shown(epoch, seed=3, count=N, batch_size=4, transforms=ALTERNATING, start=0):
    """By number of the image, the picture that an epoch shows; labels say which image is which."""
    loader = Loader(
        IMAGES[:count],
        np.arange(count),
        batch_size,
        mean=(0.0,) * 3,
        std=(1 / 255,) * 3,
        shuffle=True,
        seed=seed,
        transforms=transforms,
    )
    found = {}
    for images, labels in loader.epoch(epoch, start=start):
        found.update(zip(labels.tolist(), images.round().astype(np.uint8), strict=True))
    return found


def mirrored(found):
    """Which images are shown mirrored; every one is one way or the other."""
    for i, image in found.items():
        assert np.array_equal(image, IMAGES[i]) != np.array_equal(image, IMAGES[i, :, ::-1])
    return {i: bool(np.array_equal(image, IMAGES[i, :, ::-1])) for i, image in found.items()}


@pytest.mark.parametrize("seed", [0, 3, 2**40])
def test_a_coin_decides_in_epoch_0_and_then_each_image_is_turned_every_other_epoch(seed):
    first = mirrored(shown(0, seed))
    assert len(first) == N
    assert 4 <= sum(first.values()) <= N - 4
    for epoch in range(1, 5):
        assert mirrored(shown(epoch, seed)) == {i: way ^ (epoch % 2 == 1) for i, way in first.items()}


def test_it_follows_from_seed_epoch_and_image_alone():
    first = mirrored(shown(0))
    assert mirrored(shown(0, batch_size=9)) == first
    assert mirrored(shown(0, count=11)) == {i: way for i, way in first.items() if i < 11}
    assert first.items() >= mirrored(shown(0, start=3)).items()
    assert mirrored(shown(0, seed=4)) != first


def test_images_are_left_alone_and_their_dtype_stays():
    images = IMAGES[:4].astype(np.float32)
    before = images.copy()
    out = AlternatingFlip().at(images, 3, 1, np.array([5, 2, 9, 0]))
    assert out.dtype == np.float32
    np.testing.assert_array_equal(images, before)


def test_crops_reflect_their_border():
    """Row -1 is row 1, and row H is row H - 2, as in PyTorch's reflect; nothing else is ever shown."""

    def cut(image, top, left):
        rows = [abs(r) if r < 5 else 8 - r for r in range(top, top + 5)]
        columns = [abs(c) if c < 7 else 12 - c for c in range(left, left + 7)]
        return image[np.ix_(rows, columns)]

    places = set()
    for epoch in range(12):
        for i, image in shown(epoch, transforms=(RandomCrop(2, "reflect"),)).items():
            fits = [
                (top, left)
                for top in range(-2, 3)
                for left in range(-2, 3)
                if np.array_equal(image, cut(IMAGES[i], top, left))
            ]
            assert len(fits) == 1
            places.update(fits)
    assert len(places) == 25


def test_a_data_set_hands_it_on():
    labels = np.arange(N) % 2
    data = Dataset("numbers", IMAGES, labels, IMAGES[:2], labels[:2], ("even", "odd"), (0.0,) * 3, (1 / 255,) * 3)
    batches = data.loader("train", N, augment=[AlternatingFlip()], seed=3).epoch(1)
    (images, _), found = next(batches), shown(1)
    for i, image in enumerate(images):
        np.testing.assert_array_equal(image.round().astype(np.uint8), found[i])
