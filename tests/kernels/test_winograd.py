"""Winograd's method: its matrices against the definition, and the fast kernel's transforms against the matrices."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.test_stairs import PRECISIONS, relative
from tinyinception.kernels import packing, plan, reference, winograd
from tinyinception.kernels.stairs import reference as twins
from tinyinception.kernels.vectors import VECTOR_BYTES


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.tuples(*[st.integers(1, 9)] * 4), st.tuples(*[st.integers(0, 3)] * 4), PRECISIONS)
def test_winograd_with_three_matrices_is_convolution(sizes, pads, precision):
    (dtype, bound), (h, wd, c, f) = precision, sizes
    h, wd = max(h, 3 - sum(pads[:2])), max(wd, 3 - sum(pads[2:]))
    rng = np.random.default_rng(h + 10 * wd)
    x, w = rng.standard_normal((2, h, wd, c)).astype(dtype), rng.standard_normal((3, 3, c, f)).astype(dtype)
    at = (1, 1), pads, 1
    y = reference.conv2d(x, w, None, *at)
    grad = rng.standard_normal(y.shape).astype(dtype)
    for found, expected in (
        (twins.conv2d_by_winograd(x, w, pads), y),
        (twins.input_grad_by_winograd(grad, w, x.shape, pads), reference.conv2d_input_grad(grad, w, x.shape, *at)),
        (twins.weight_grad_by_winograd(grad, x, pads), reference.conv2d_weight_grad(grad, x, w.shape, *at)),
    ):
        assert relative(found, expected) < 3 * bound


class Arithmetic:
    """Stands for what emits instructions: computes with numbers at once."""

    builder = SimpleNamespace(fadd=np.add, fsub=np.subtract)

    @staticmethod
    def times(factor, value):
        return factor * value

    @staticmethod
    def scaled(factor, value, plus):
        return factor * value + plus


@pytest.mark.parametrize(
    ("step", "matrix"),
    [
        (winograd._inputs, twins.B),
        (winograd._outputs, twins.A),
        (winograd._gradients, twins.A.T),
        (winograd._weights, twins.G),
        (winograd._taps, twins.G.T),
    ],
    ids=["inputs", "outputs", "gradients", "weights", "taps"],
)
def test_the_fast_kernels_transforms_are_the_matrices(step, matrix):
    unit_vectors = np.eye(matrix.shape[1])
    np.testing.assert_allclose(np.array(step(Arithmetic, list(unit_vectors))), matrix, rtol=1e-15, atol=0)


@pytest.mark.parametrize("precision", [(np.float32, 1e-6), (np.float64, 1e-15)])
@pytest.mark.parametrize("flip", [False, True])
def test_the_fast_kernels_weights_are_transformed_by_the_matrix(flip, precision):
    dtype, bound = precision
    lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
    w = np.random.default_rng(5).standard_normal((3, 3, 3 * lanes, 5 * lanes)).astype(dtype)
    if flip:
        turned = np.empty((3, 3, 5 * lanes, 3 * lanes), dtype)
        winograd.turn_weights(w, turned, 1)
        np.testing.assert_array_equal(turned, w[::-1, ::-1].swapaxes(2, 3))
        w = turned
    expected = np.einsum("ia,abcf,jb->ijcf", twins.G, w.astype(np.float64), twins.G)
    u = np.zeros(plan.winograd_weights(w.shape, w.dtype), dtype)
    winograd.transform_weights(w, u, 1)
    panels, rows = u.shape[1:3]
    split = [packing.panel(p, w.shape[3] // lanes) for p in range(panels)]
    joined = np.concatenate([u[:, p, :, : lanes * mine] for p, (_, mine) in enumerate(split)], axis=2)
    assert relative(joined.astype(np.float64), expected.reshape(plan.PRODUCTS, rows, -1)) < bound


@pytest.mark.parametrize("precision", [(np.float32, 1e-6), (np.float64, 1e-15)])
def test_the_gradient_of_the_fast_kernels_weights_goes_through_its_transpose(precision):
    dtype, bound = precision
    lanes = VECTOR_BYTES // np.dtype(dtype).itemsize
    sums = np.random.default_rng(6).standard_normal((2, plan.PRODUCTS, 4, 3 * lanes)).astype(dtype)
    squares = sums.astype(np.float64).sum(axis=0).reshape(6, 6, 4, -1)
    taps = np.empty((3, 3, *sums.shape[2:]), dtype)
    winograd.taps_of_products(sums, taps, 1)
    expected = np.einsum("ia,ijcf,jb->abcf", twins.G, squares, twins.G)
    assert relative(taps.astype(np.float64), expected) < bound
