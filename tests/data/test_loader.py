"""Data sets, transforms and the loader, on small images whose pixels say where they came from."""

import threading

import numpy as np
import pytest

from tinyinception.data import Cutout, Dataset, Loader, Normalize, RandomCrop, RandomFlip, RandomSquare, Translate
from tinyinception.errors import ArgumentError, DtypeError, NonFiniteError, ShapeError

HEIGHT, WIDTH = 9, 11
# Pixel (row, column) of every image holds its own address; the second channel holds the number of the image.
ADDRESS = 1 + np.arange(HEIGHT * WIDTH, dtype=np.uint8).reshape(HEIGHT, WIDTH)


def addressed(n):
    images = np.empty((n, HEIGHT, WIDTH, 2), np.uint8)
    images[..., 0] = ADDRESS
    images[..., 1] = np.arange(n)[:, None, None]
    return images


def with_pixel(value):
    """Floating images of which one pixel is `value`."""
    images = addressed(3) / 255
    images[1, 2, 3, 0] = value
    return images


def loader(n=23, batch_size=4, **options):
    options = {"mean": (0.0, 0.0), "std": (1 / 255, 1 / 255)} | options
    return Loader(addressed(n), np.arange(n) * 3, batch_size, **options)


def loader_threads():
    return [thread for thread in threading.enumerate() if thread.name == "tinyinception-loader"]


# --- transforms ---


def test_flip_mirrors_columns_of_about_half_of_the_images():
    images = addressed(200)
    out = RandomFlip()(images, np.random.default_rng(0))
    mirrored = out[:, 0, 0, 0] != ADDRESS[0, 0]
    np.testing.assert_array_equal(out[mirrored], images[mirrored][:, :, ::-1])
    np.testing.assert_array_equal(out[~mirrored], images[~mirrored])
    assert 70 < mirrored.sum() < 130


@pytest.mark.parametrize("p", [0, 1])
def test_flip_probability_at_its_ends(p):
    images = addressed(5)
    expected = images[:, :, ::-1] if p else images
    np.testing.assert_array_equal(RandomFlip(p)(images, np.random.default_rng(0)), expected)


@pytest.mark.parametrize(
    ("transform", "mode"),
    [(RandomCrop(2), "constant"), (RandomCrop(2, "reflect"), "reflect"), (Translate(2), "edge")],
)
def test_crop_is_a_window_of_the_padded_image_and_every_place_occurs(transform, mode):
    n, pad = 250, transform.padding
    images = addressed(n)
    out = transform(images, np.random.default_rng(1))
    places = set()
    for image, cut in zip(images, out, strict=True):
        padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode=mode)
        fits = [
            (row, column)
            for row in range(2 * pad + 1)
            for column in range(2 * pad + 1)
            if np.array_equal(padded[row : row + HEIGHT, column : column + WIDTH], cut)
        ]
        assert len(fits) == 1
        places.update(fits)
    assert len(places) == (2 * pad + 1) ** 2


@pytest.mark.parametrize("size", [1, 4, HEIGHT])
def test_a_random_square_is_a_window_of_the_image_and_every_place_occurs(size):
    images = addressed(800)
    before = images.copy()
    out = RandomSquare(size)(images, np.random.default_rng(1))
    assert (out.shape, out.dtype) == ((800, size, size, images.shape[3]), images.dtype)
    np.testing.assert_array_equal(images, before)
    tops, lefts = range(HEIGHT - size + 1), range(WIDTH - size + 1)
    places = set()
    for image, cut in zip(images, out, strict=True):
        windows = {(i, j): image[i : i + size, j : j + size] for i in tops for j in lefts}
        places.update(at for at, window in windows.items() if np.array_equal(window, cut))
    assert len(places) == len(tops) * len(lefts)


@pytest.mark.parametrize("size", [1, 4, 5, 40])
def test_cutout_blanks_one_square_and_nothing_else(size):
    images = addressed(100)
    out = Cutout(size, fill=(250, 251))(images, np.random.default_rng(2))
    centres = set()
    for image, cut in zip(images, out, strict=True):
        hidden = (cut != image).any(axis=2)
        assert (cut[hidden] == (250, 251)).all()
        rows, columns = np.flatnonzero(hidden.any(axis=1)), np.flatnonzero(hidden.any(axis=0))
        assert hidden[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
        at_border = rows[0] == 0 or rows[-1] == HEIGHT - 1, columns[0] == 0 or columns[-1] == WIDTH - 1
        assert len(rows) == size or (at_border[0] and len(rows) < size)
        assert len(columns) == size or (at_border[1] and len(columns) < size)
        centres.add((rows[0], columns[0]))
    assert size == 40 or len(centres) > 20


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("transform", [RandomFlip(), RandomCrop(2), Translate(2), Cutout(3)])
def test_transforms_keep_shape_dtype_and_their_input_and_follow_the_generator(transform, dtype):
    images = addressed(30).astype(dtype)
    before = images.copy()
    out = transform(images, np.random.default_rng(3))
    assert (out.shape, out.dtype) == (images.shape, images.dtype)
    np.testing.assert_array_equal(images, before)
    np.testing.assert_array_equal(out, transform(images, np.random.default_rng(3)))
    assert not np.array_equal(out, transform(images, np.random.default_rng(4)))


def test_normalize_is_the_correctly_rounded_formula_for_every_level():
    levels = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(1, 16, 16, 3)
    mean, std = (0.1, 0.5, 0.9), (0.2, 0.3, 1.7)
    out = Normalize(mean, std)(levels)
    expected = ((levels / 255 - np.array(mean)) / np.array(std)).astype(np.float32)
    assert out.dtype == np.float32
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(Normalize(mean, std)(levels / 255), expected)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: RandomFlip(1.5), ArgumentError, "RandomFlip: p"),
        (lambda: RandomCrop(0), ArgumentError, "RandomCrop"),
        (lambda: Translate(-1), ArgumentError, "Translate"),
        (lambda: RandomCrop(4, "mirror"), ArgumentError, "fill"),
        (lambda: RandomCrop(9, "reflect")(addressed(2), np.random.default_rng()), ShapeError, "9x11"),
        (lambda: RandomSquare(0), ArgumentError, "RandomSquare: size"),
        (lambda: RandomSquare(10)(addressed(2), np.random.default_rng()), ShapeError, "10x10 pixels .* 9x11"),
        (lambda: Cutout(0), ArgumentError, "Cutout: size"),
        (lambda: Normalize((0.5,), (0.0,)), ArgumentError, "std"),
        (lambda: Normalize((0.5,), (0.1, 0.1)), ShapeError, "mean"),
        (lambda: Normalize((0.5,), (0.1,))(addressed(2)), ShapeError, "1 channels"),
        (lambda: Normalize((0.5, 0.5), (1, 1))(addressed(2).astype(np.int64)), DtypeError, "int64"),
    ],
)
def test_transforms_refuse_what_makes_no_sense(make, error, words):
    with pytest.raises(error, match=words):
        make()


# --- loader ---


@pytest.mark.parametrize("prefetch", [0, 1, 3])
def test_an_epoch_holds_every_image_once_with_its_own_label(prefetch):
    batches = list(loader(shuffle=True, prefetch=prefetch).epoch(0))
    assert [len(y) for _, y in batches] == [4, 4, 4, 4, 4, 3]
    for x, y in batches:
        assert (x.dtype, y.dtype) == (np.float32, np.int64)
        assert x.flags.c_contiguous
        np.testing.assert_allclose(x[:, 0, 0, 1] * 3, y, atol=1e-4)
    assert sorted(np.concatenate([y for _, y in batches])) == [3 * i for i in range(23)]


def test_unshuffled_order_is_that_of_the_arrays_and_drop_last_drops():
    plain = loader(drop_last=True)
    assert len(plain) == 5
    assert np.concatenate([y for _, y in plain.epoch(7)]).tolist() == [3 * i for i in range(20)]
    assert len(loader()) == 6
    assert len(loader(n=24)) == len(loader(n=24, drop_last=True)) == 6


def test_epochs_and_seeds_shuffle_differently_and_reproducibly():
    orders = {tuple(loader(shuffle=True, seed=s).order(e)) for s in range(3) for e in range(3)}
    assert len(orders) == 9
    assert tuple(loader(shuffle=True, seed=2).order(1)) in orders


AUGMENTED = {"shuffle": True, "seed": 5, "transforms": (RandomCrop(2), RandomFlip(), Cutout(3))}


@pytest.mark.parametrize("start", [0, 1, 4, 6])
def test_starting_in_mid_epoch_gives_the_same_bits(start):
    whole = list(loader(**AUGMENTED).epoch(2))
    resumed = list(loader(**AUGMENTED, prefetch=1).epoch(2, start))
    assert len(resumed) == 6 - start
    for (x, y), (again, labels) in zip(whole[start:], resumed, strict=True):
        np.testing.assert_array_equal(x, again)
        np.testing.assert_array_equal(y, labels)


def test_augmentation_differs_between_batches_epochs_and_seeds():
    options = {"n": 4, "transforms": (RandomCrop(2),)}
    streams = [
        next(loader(**options).epoch(0)),
        next(loader(**options).epoch(1)),
        next(loader(**options, seed=1).epoch(0)),
        next(loader(n=8, transforms=(RandomCrop(2),)).epoch(0, 1)),
    ]
    assert len({x[..., 0].tobytes() for x, _ in streams}) == 4


def test_the_loader_leaves_the_global_generator_and_the_images_alone():
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    own = loader(**AUGMENTED)
    list(own.epoch(0))
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    np.testing.assert_array_equal(own.images, addressed(23))


def test_preparation_stays_within_the_prefetch_depth():
    made = []
    counted = threading.Semaphore(0)

    def count(images, rng):
        made.append(1)
        counted.release()
        return images

    batches = loader(n=40, batch_size=1, transforms=(count,), prefetch=3).epoch(0)
    next(batches)
    for _ in range(4):  # the one taken and three ahead are made without being asked for
        assert counted.acquire(timeout=100)
    assert not counted.acquire(timeout=0.05)
    assert len(made) == 4
    batches.close()


def test_breaking_off_leaves_no_thread():
    for x, _ in loader(prefetch=2).epoch(0):
        assert x.shape == (4, HEIGHT, WIDTH, 2)
        break
    assert loader_threads() == []
    batches = loader(prefetch=2).epoch(0)
    next(batches)
    assert len(loader_threads()) == 1
    with pytest.raises(KeyboardInterrupt):
        batches.throw(KeyboardInterrupt)
    assert loader_threads() == []


@pytest.mark.parametrize("prefetch", [0, 2])
def test_an_error_in_a_transform_reaches_the_consumer_after_the_good_batches(prefetch):
    def fails_at_third(images, rng):
        if images[0, 0, 0, 1] == 8:
            raise ZeroDivisionError("third batch")
        return images

    seen = []
    with pytest.raises(ZeroDivisionError, match="third batch"):
        seen.extend(y for _, y in loader(transforms=(fails_at_third,), prefetch=prefetch).epoch(0))
    assert [y[0] for y in seen] == [0, 12]
    assert loader_threads() == []


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"batch_size": 0}, ArgumentError, "batch_size .* 0"),
        ({"batch_size": 2.5}, ArgumentError, "batch_size .* 2.5"),
        ({"batch_size": 24, "drop_last": True}, ArgumentError, "24 .* 23"),
        ({"n": 0}, ShapeError, "empty"),
        ({"mean": (0.0,), "std": (1.0,)}, ShapeError, "2 channels"),
        ({"seed": -1}, ArgumentError, "seed"),
        ({"prefetch": -1}, ArgumentError, "prefetch"),
    ],
)
def test_loader_refuses_bad_arguments_at_once(change, error, words):
    with pytest.raises(error, match=words):
        loader(**change)


@pytest.mark.parametrize(
    ("images", "labels", "error", "words"),
    [
        (addressed(3)[..., 0], np.arange(3), ShapeError, "N x H x W x C"),
        (addressed(3).astype(np.int32), np.arange(3), DtypeError, "int32"),
        (addressed(3), np.arange(4), ShapeError, r"\(4,\) for 3"),
        (addressed(3), np.arange(3.0), DtypeError, "float64"),
        (addressed(3), [0, 1, 2], DtypeError, "labels must be a NumPy array, got list"),
        (addressed(3).astype(np.float32), np.arange(3), ArgumentError, r"\[0, 1\], but go from 0 to 99; .* by 255"),
        (addressed(3) / -255, np.arange(3), ArgumentError, "but go from -0.388235 to"),
        (with_pixel(np.nan), np.arange(3), NonFiniteError, r"images\[1\] is nan at row, column, channel \[2, 3, 0\]"),
        (with_pixel(-np.inf), np.arange(3), NonFiniteError, r"images\[1\] is -inf"),
    ],
)
def test_loader_refuses_bad_arrays(images, labels, error, words):
    with pytest.raises(error, match=words):
        Loader(images, labels, 2, mean=(0.0, 0.0), std=(1.0, 1.0))


@pytest.mark.parametrize(("epoch", "start", "words"), [(-1, 0, "epoch"), (0, 7, "start .* 6"), (0, -1, "start")])
def test_epoch_refuses_positions_outside(epoch, start, words):
    with pytest.raises(ArgumentError, match=words):
        loader().epoch(epoch, start)


# --- Dataset ---


def dataset(**change):
    fields = {
        "name": "toy",
        "train_images": addressed(6),
        "train_labels": np.arange(6) % 3,
        "test_images": addressed(3),
        "test_labels": np.arange(3),
        "classes": ("a", "b", "c"),
    }
    return Dataset(**(fields | change))


def test_statistics_are_computed_where_not_given():
    made = dataset()
    pixels = made.train_images.reshape(-1, 2) / 255
    np.testing.assert_allclose(made.mean, pixels.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(made.std, pixels.std(axis=0), atol=1e-5)
    assert dataset(mean=(0.1, 0.2), std=(0.3, 0.4)).mean == (0.1, 0.2)
    assert dataset(train_images=np.zeros((6, HEIGHT, WIDTH, 2), np.uint8)).std == (1.0, 1.0)


def test_dataset_loader_normalises_and_augments_only_when_asked():
    made = dataset()
    x, y = next(made.loader("test", 3).epoch(0))
    np.testing.assert_allclose(x * np.array(made.std) + made.mean, made.test_images / 255, atol=1e-6)
    np.testing.assert_array_equal(y, made.test_labels)
    assert made.loader("train", 2, augment=True).transforms == (RandomCrop(4), RandomFlip())
    assert dataset(flip=False).loader("train", 2, augment=True).transforms == (RandomCrop(4),)
    assert made.loader("train", 2, augment=[Cutout(2)]).transforms == (Cutout(2),)
    with pytest.raises(ArgumentError, match="split"):
        made.loader("val", 2)


def test_first_keeps_a_prefix_of_both_splits_and_the_statistics():
    made = dataset()
    few = made.first(2)
    assert (len(few.train_images), len(few.test_labels)) == (2, 2)
    assert (few.mean, few.std) == (made.mean, made.std)
    assert len(made.first(5).test_images) == 3
    with pytest.raises(ArgumentError, match="limit"):
        made.first(0)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"train_images": addressed(6).astype(np.float32)}, DtypeError, "train_images .* float32"),
        ({"test_labels": np.arange(3.0)}, DtypeError, "test_labels .* float64"),
        ({"train_labels": [0, 1, 2, 0, 1, 2]}, DtypeError, "train_labels must be a NumPy array, got list"),
        ({"train_images": addressed(6)[..., 0]}, ShapeError, "train_images"),
        ({"train_images": addressed(0), "train_labels": np.arange(0)}, ShapeError, "empty"),
        ({"test_labels": np.arange(4) % 3}, ShapeError, r"test_labels .* \(4,\) for 3"),
        ({"train_labels": np.arange(6)}, ArgumentError, r"train_labels\[3\] is 3"),
        ({"test_labels": np.array([0, 1, 3])}, ArgumentError, r"test_labels\[2\] is 3, of 3 classes"),
        ({"test_labels": np.array([0, -1, 1])}, ArgumentError, r"test_labels\[1\] is -1"),
        ({"test_images": addressed(3)[:, :5]}, ShapeError, r"\(9, 11, 2\) .* \(5, 11, 2\)"),
        ({"mean": (0.5,), "std": (0.5, 0.5)}, ShapeError, "mean has 1"),
        ({"mean": (0.5, 0.5), "std": (0.5, 0.0)}, ArgumentError, "std"),
    ],
)
def test_dataset_names_the_field_that_does_not_fit(change, error, words):
    with pytest.raises(error, match=words):
        dataset(**change)
