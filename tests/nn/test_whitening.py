"""Kernels that whiten patches, and kernels that hand on their input, against loops written out."""

import numpy as np
import pytest

from tinyinception import nn
from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.nn.init import dirac, whitening
from tinyinception.tensor import Tensor

RNG = np.random.default_rng(0)


def correlated(n=30, side=6, channels=3):
    """Images whose neighbouring pixels and channels resemble one another."""
    noise = RNG.standard_normal((n, side + 1, side + 1, channels))
    smooth = noise[:, 1:, 1:] + noise[:, :-1, 1:] + noise[:, 1:, :-1]
    return (smooth + 0.7 * smooth.mean(-1, keepdims=True) + 0.2).astype(np.float32)


def patches(images, height, width):
    return np.array(
        [
            image[i : i + height, j : j + width].ravel()
            for image in images
            for i in range(image.shape[0] - height + 1)
            for j in range(image.shape[1] - width + 1)
        ],
        np.float64,
    )


@pytest.mark.parametrize(("kernel", "width"), [((2, 2), 24), ((3, 3), 54), ((3, 3), 32), ((1, 2), 12)])
def test_what_comes_out_is_white(kernel, width):
    """All channels of the first half have a second moment of 1 and none with one another, but for eps."""
    images = correlated()
    conv = nn.Conv2d(3, width, kernel, bias=False)
    conv.weight.redraw(whitening(images, eps=1e-12))
    out = conv(Tensor(images)).numpy().astype(np.float64).reshape(-1, width)
    half = width // 2
    np.testing.assert_allclose(out[:, :half].T @ out[:, :half] / len(out), np.eye(half), atol=2e-4)
    np.testing.assert_array_equal(out[:, half:], -out[:, :half])


def test_kernels_are_scaled_eigenvectors_the_largest_first():
    images, eps = correlated(), 5e-4
    rows = patches(images, 2, 2)
    moments = sum(np.outer(row, row) for row in rows) / len(rows)
    weight = whitening(images)(RNG, (2, 2, 3, 24), np.dtype(np.float64)).reshape(12, 24)
    values = []
    for vector in weight[:, :12].T:
        value = 1 / (vector @ vector) - eps
        np.testing.assert_allclose(moments @ vector, value * vector, atol=1e-9)
        assert vector[np.abs(vector).argmax()] > 0
        values.append(value)
    assert values == sorted(values, reverse=True)
    np.testing.assert_allclose(sum(values), np.trace(moments), rtol=1e-9)


def test_pieces_of_the_images_add_up_to_all(monkeypatch):
    images = correlated()
    whole = whitening(images)(RNG, (3, 3, 3, 54), np.dtype(np.float32))
    assert whole.dtype == np.float32
    many = whitening(np.concatenate([images] * 2000)[: 30 * 2000])(RNG, (3, 3, 3, 54), np.dtype(np.float32))
    np.testing.assert_allclose(many, whole, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("images", "error", "told"),
    [
        (np.zeros((2, 4, 4, 3), np.uint8), ArgumentError, "must be an array of floats N x H x W x C, got uint8"),
        (np.zeros((4, 4, 3), np.float32), ArgumentError, r"got float32 of shape \(4, 4, 3\)"),
        ([1.0], ArgumentError, "got list"),
        (np.full((1, 4, 4, 3), np.nan), ArgumentError, "must be finite"),
        (np.zeros((2, 4, 4, 1), np.float32), ShapeError, "images of 4x4x1 do not fit kernels of 2x2x3x24"),
        (np.zeros((2, 1, 4, 3), np.float32), ShapeError, "images of 1x4x3 do not fit"),
    ],
)
def test_images_that_cannot_be_whitened_are_refused(images, error, told):
    with pytest.raises(error, match=told):
        whitening(images)(RNG, (2, 2, 3, 24), np.dtype(np.float32))


@pytest.mark.parametrize("shape", [(2, 2, 3, 26), (2, 2, 3, 7), (12, 24), (24,)])
def test_layers_that_cannot_whiten_are_refused(shape):
    with pytest.raises(ShapeError, match="whitening: "):
        whitening(correlated())(RNG, shape, np.dtype(np.float32))


@pytest.mark.parametrize(("inputs", "outputs"), [(4, 7), (7, 4), (5, 5)])
def test_dirac_hands_on_its_input(inputs, outputs):
    conv = nn.Conv2d(inputs, outputs, 3, padding="same", bias=False, init=dirac())
    x = RNG.standard_normal((2, 5, 6, inputs)).astype(np.float32)
    same = min(inputs, outputs)
    y = conv(Tensor(x)).numpy()
    np.testing.assert_array_equal(y[..., :same], x[..., :same])
    rest = conv.weight.numpy()[..., same:]
    bound = 1 / np.sqrt(9 * inputs)  # PyTorch's kaiming_uniform_ with a = sqrt(5)
    assert (np.abs(rest) <= bound).all()
    assert rest.size == 0 or rest.std() == pytest.approx(bound / np.sqrt(3), rel=0.2)
    with pytest.raises(ShapeError, match="is for kernels KH x KW x Cin x Cout, got 3x4"):
        nn.Linear(3, 4, init=dirac())
