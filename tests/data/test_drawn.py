"""The drawn set: what it promises about determinism, geometry, and how little a linear classifier can do with it."""

import numpy as np
import pytest

from tinyinception import data
from tinyinception.data import drawn
from tinyinception.data.dataset import pixel_statistics
from tinyinception.errors import ArgumentError


@pytest.fixture(scope="module")
def dataset():
    return data.load("drawn")


def test_sizes_and_balance(dataset):
    assert dataset.train_images.shape == (10_000, 32, 32, 3)
    assert dataset.test_images.shape == (2_000, 32, 32, 3)
    assert dataset.train_images.dtype == np.uint8
    assert len(dataset.classes) == len(set(dataset.classes)) == 10
    assert np.bincount(dataset.train_labels).tolist() == [1000] * 10
    assert np.bincount(dataset.test_labels).tolist() == [200] * 10


def test_stored_statistics_are_those_of_the_training_images(dataset):
    mean, std = pixel_statistics(dataset.train_images)
    np.testing.assert_allclose(dataset.mean, mean, atol=2e-4)
    np.testing.assert_allclose(dataset.std, std, atol=2e-4)


@pytest.mark.parametrize("split", ["train", "test"])
def test_first_images_do_not_depend_on_how_many_are_drawn(split):
    images, labels = drawn.draw(600, split=split)
    for n in (1, 249, 250, 251):
        fewer, fewer_labels = drawn.draw(n, split=split)
        np.testing.assert_array_equal(fewer, images[:n])
        np.testing.assert_array_equal(fewer_labels, labels[:n])


def test_limit_is_a_prefix(dataset):
    small = data.load("drawn", limit=300)
    np.testing.assert_array_equal(small.train_images, dataset.train_images[:300])
    np.testing.assert_array_equal(small.test_labels, dataset.test_labels[:300])


def test_no_image_occurs_twice(dataset):
    both = np.concatenate([dataset.train_images, dataset.test_images]).reshape(12_000, -1)
    assert len({row.tobytes() for row in both}) == 12_000


def test_seeds_differ_and_the_default_is_what_it_was():
    assert not np.array_equal(drawn.draw(5)[0], drawn.draw(5, seed=1)[0])
    images, labels = drawn.draw(250)
    assert labels[:12].tolist() == [7, 6, 0, 0, 9, 0, 6, 0, 6, 7, 2, 9]
    # Another machine's sine may round a pixel differently, so the pixels are pinned by their averages.
    np.testing.assert_allclose(images[:4].mean(axis=(1, 2, 3)), [153.12, 188.95, 202.07, 209.8], atol=0.01)


# Areas in units of the squared radius, from the formulas of plane geometry.
AREAS = {
    "disc": np.pi * 0.9**2,
    "ring": np.pi * (0.98**2 - 0.58**2),
    "square": 1.56**2,
    "triangle": 3 * np.sqrt(3) * 0.58**2,
    "cross": 2 * (2 * 0.52) - 0.52**2,
    "star": 5 * 1.15 * 0.48 * np.sin(np.pi / 5),
    "target": np.pi * (0.4**2 + 1.04**2 - 0.68**2),
    "stripes": np.pi / 2,
    "checkers": np.pi / 2,
    "dots": np.pi * np.pi * 0.3**2,
}


@pytest.mark.parametrize("name", drawn.CLASSES)
def test_figures_have_their_area_and_measure_distance_in_pixels(name):
    radius, step = 10.0, 0.025
    axis = np.arange(-13, 13, step) + step / 2
    v, u = np.meshgrid(axis, axis, indexing="ij")
    distance = drawn._FIGURES[name](u, v, radius, 0.5)  # a fine texture, so that few dots are cut
    area = (distance < 0).sum() * step**2 / radius**2
    assert area == pytest.approx(AREAS[name], rel=0.01)
    slope = np.hypot(*np.gradient(distance, step))[np.abs(distance) < 0.05]
    assert np.median(slope) == pytest.approx(1, abs=0.01)  # what makes the smooth edge one pixel wide


def softmax_regression(x, y, steps, decay):
    """Nesterov's method on the penalised cross-entropy with the step size its curvature allows."""
    direction = np.ones(x.shape[1], np.float32)
    for _ in range(20):  # power iteration for the largest eigenvalue of x.T @ x
        direction = x.T @ (x @ (direction / np.linalg.norm(direction)))
    curvature = 0.5 * np.linalg.norm(direction) / len(x) + decay
    target = np.eye(10, dtype=np.float32)[y]
    weights = ahead = np.zeros((x.shape[1], 10), np.float32)
    for k in range(steps):
        scores = x @ ahead
        p = np.exp(scores - scores.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        new = ahead - (x.T @ (p - target) / len(x) + decay * ahead) / curvature
        weights, ahead = new, new + k / (k + 3) * (new - weights)
    return weights


@pytest.mark.parametrize("standardised", [False, True])
def test_softmax_regression_on_pixels_stays_below_45_percent(dataset, standardised):
    splits, labels = (dataset.train_images[:2500], dataset.test_images), dataset.train_labels[:2500]
    x, test = (images.reshape(len(images), -1).astype(np.float32) / 255 for images in splits)
    centre, scale = (x.mean(axis=0), x.std(axis=0)) if standardised else (np.float32(0.5), np.float32(1))
    x, test = (np.pad((part - centre) / scale, ((0, 0), (0, 1)), constant_values=1) for part in (x, test))
    weights = softmax_regression(x, labels, steps=60, decay=1e-4)
    fitted = ((x @ weights).argmax(axis=1) == labels).mean()
    accuracy = ((test @ weights).argmax(axis=1) == dataset.test_labels).mean()
    assert fitted > 0.2  # it did learn what little there is
    assert 0.08 < accuracy < 0.45


@pytest.mark.parametrize("arguments", [{"n": 0}, {"n": 3, "split": "val"}, {"n": 3, "seed": -1}])
def test_bad_arguments_are_named(arguments):
    named = next(name for name in ("split", "seed", "n") if name in arguments)
    with pytest.raises(ArgumentError, match=named):
        drawn.draw(**arguments)


def test_source_is_refused():
    with pytest.raises(ArgumentError, match="source"):
        data.load("drawn", source=".")
