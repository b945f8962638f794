"""Operators on tensors: values against NumPy, gradients against differences, broadcasting, dtypes, shape-only."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from tests.helpers.tensors import leaf
from tinyinception.errors import GraphError, ShapeError
from tinyinception.tensor import Tensor, concat


def numeric(function, array, cotangent, h=1e-6):
    """d(sum(function(array) * cotangent))/d(array) by central differences, element by element."""
    out = np.zeros_like(array)
    for i in np.ndindex(array.shape):
        ends = []
        for step in (h, -h):
            moved = array.copy()
            moved[i] += step
            ends.append((function(moved) * cotangent).sum())
        out[i] = (ends[0] - ends[1]) / (2 * h)
    return out


# -- broadcasting ----------------------------------------------------------------------------------------------------

BINARY = {"add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.divide}
OPERATORS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
}


@settings(max_examples=60, deadline=None)
@given(
    shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3),
    name=st.sampled_from(sorted(BINARY)),
    seed=st.integers(0, 1000),
)
def test_broadcasting_gradients_are_the_numeric_ones(shapes, name, seed):
    left, right = shapes.input_shapes
    a, b = leaf(*left, seed=seed), leaf(*right, seed=seed + 1)
    out = OPERATORS[name](a, b)
    assert out.shape == shapes.result_shape
    cotangent = np.random.default_rng(seed).standard_normal(out.shape)
    out.backward(cotangent)
    x, y = a.numpy(), b.numpy()
    np.testing.assert_allclose(a.grad, numeric(lambda v: BINARY[name](v, y), x, cotangent), rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(b.grad, numeric(lambda v: BINARY[name](x, v), y, cotangent), rtol=1e-6, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(
    shapes=mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=2),
    m=st.integers(1, 3),
    k=st.integers(1, 3),
    n=st.integers(1, 3),
)
def test_matmul_broadcasts_its_leading_axes(shapes, m, k, n):
    a, b = leaf(*shapes.input_shapes[0], m, k), leaf(*shapes.input_shapes[1], k, n, seed=1)
    out = a @ b
    np.testing.assert_allclose(out.numpy(), a.numpy() @ b.numpy())
    cotangent = np.random.default_rng(2).standard_normal(out.shape)
    out.backward(cotangent)
    np.testing.assert_allclose(a.grad, numeric(lambda v: v @ b.numpy(), a.numpy(), cotangent), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(b.grad, numeric(lambda v: a.numpy() @ v, b.numpy(), cotangent), rtol=1e-6, atol=1e-8)


# -- operators -------------------------------------------------------------------------------------------------------

UNARY = {
    "negate": (lambda t: -t, np.negative),
    "square": (lambda t: t**2, np.square),
    "root": (lambda t: t**0.5, np.sqrt),
    "inverse": (lambda t: t**-1, np.reciprocal),
    "constant": (lambda t: t**0, np.ones_like),
    "exp": (lambda t: t.exp(), np.exp),
    "log": (lambda t: t.log(), np.log),
    "relu": (lambda t: (t - 1.0).relu(), lambda v: np.maximum(v - 1.0, 0)),
    "sigmoid": (lambda t: t.sigmoid(), lambda v: 1 / (1 + np.exp(-v))),
    "tanh": (lambda t: t.tanh(), np.tanh),
    "sum": (lambda t: t.sum(), np.sum),
    "sum of rows": (lambda t: t.sum(1, keepdims=True), lambda v: v.sum(1, keepdims=True)),
    "mean": (lambda t: t.mean((0, 2)), lambda v: v.mean((0, 2))),
    "max": (lambda t: t.max(-1), lambda v: v.max(-1)),
    "max of all": (lambda t: t.max(), np.max),
    "reshape": (lambda t: t.reshape(4, -1), lambda v: v.reshape(4, -1)),
    "reshape by a tuple": (lambda t: t.reshape((3, 8)), lambda v: v.reshape(3, 8)),
    "transpose": (lambda t: t.transpose(2, 0, 1), lambda v: v.transpose(2, 0, 1)),
    "reverse axes": (lambda t: t.transpose(), np.transpose),
    "flatten": (lambda t: t.flatten(), lambda v: v.reshape(2, 12)),
    "flatten all": (lambda t: t.flatten(0), np.ravel),
    "pad": (
        lambda t: t.pad([(0, 0), (1, 2), (0, 1)], 7.0),
        lambda v: np.pad(v, [(0, 0), (1, 2), (0, 1)], constant_values=7.0),
    ),
    "slice": (lambda t: t[:, 1:3], lambda v: v[:, 1:3]),
    "element": (lambda t: t[1, 2, 3], lambda v: v[1, 2, 3]),
    "last of each": (lambda t: t[..., -1], lambda v: v[..., -1]),
    "every other, backwards": (lambda t: t[:, ::-2], lambda v: v[:, ::-2]),
    "new axis": (lambda t: t[None, ..., 0], lambda v: v[None, ..., 0]),
    "nothing": (lambda t: t[2:], lambda v: v[2:]),
    "equal pieces": (lambda t: t.split(3)[1] * 2, lambda v: v[..., 3:] * 2),
    "pieces": (lambda t: t.split([1, 3])[1] * 2, lambda v: v[..., 1:] * 2),
    "concat": (lambda t: concat([t, t[:, :1], t], axis=1), lambda v: np.concatenate([v, v[:, :1], v], 1)),
}


@pytest.mark.parametrize("name", UNARY)
def test_operator_and_its_gradient(name):
    function, oracle = UNARY[name]
    a = leaf(2, 3, 4, seed=7)
    out = function(a)
    assert isinstance(out, Tensor)
    np.testing.assert_allclose(out.numpy(), oracle(a.numpy()), rtol=1e-14)
    cotangent = np.random.default_rng(8).standard_normal(out.shape)
    out.backward(cotangent)
    np.testing.assert_allclose(a.grad, numeric(oracle, a.numpy(), cotangent), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", UNARY)
def test_output_and_gradient_keep_the_dtype(name, dtype):
    a = Tensor(np.full((2, 3, 4), 1.25, dtype), requires_grad=True)
    out = UNARY[name][0](a)
    assert out.numpy().dtype == out.dtype == dtype
    out.backward(np.ones(out.shape, dtype))
    assert a.grad.dtype == dtype
    assert a.grad.shape == a.shape


NUMBERS = [2, 2.0, np.float64(2.0), np.float32(2.0), np.int64(2), np.full((2, 3), 2, np.float32)]


@pytest.mark.parametrize("other", NUMBERS, ids=lambda n: type(n).__name__)
def test_numbers_and_arrays_on_both_sides(other):
    a = Tensor(np.array([[1, 2, 4], [8, 16, 32]], np.float32))
    v = a.numpy()
    for out, expected in [
        (a + other, v + 2),
        (other + a, v + 2),
        (a - other, v - 2),
        (other - a, 2 - v),
        (a * other, v * 2),
        (other * a, v * 2),
        (a / other, v / 2),
        (other / a, 2 / v),
    ]:
        assert isinstance(out, Tensor)
        assert out.dtype == np.float32
        np.testing.assert_array_equal(out.numpy(), expected)


def test_arrays_multiply_from_the_left():
    a, left = Tensor(np.eye(2, dtype=np.float32)), np.array([[1, 2], [3, 4]], np.float32)
    np.testing.assert_array_equal((left @ a).numpy(), left)


def test_gradient_at_the_kink_and_of_ties():
    a = Tensor(np.array([-1.0, 0.0, 2.0, 2.0]), requires_grad=True)
    (a.relu().sum() + a.max()).backward()
    np.testing.assert_array_equal(a.grad, [0, 0, 2, 1])  # relu: 0 at 0; max: all to the first of equals


def test_a_tensor_is_a_sequence_an_array_and_if_it_has_one_element_a_number():
    a = Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True)
    rows = list(a)
    assert [row.shape for row in rows] == [(3,), (3,)]
    (rows[1] * rows[1]).sum().backward()
    np.testing.assert_array_equal(a.grad, [[0, 0, 0], [6, 8, 10]])
    assert np.asarray(a) is a.numpy()
    np.testing.assert_array_equal(np.array(a, dtype=np.float32), np.arange(6, dtype=np.float32).reshape(2, 3))
    copy = np.array(a)
    copy[0, 0] = 7
    assert a.numpy()[0, 0] == 0
    assert float(a[1, 2]) == 5.0
    with pytest.raises(ShapeError, match="not one"):
        float(a)
    with pytest.raises(GraphError, match="shape-only"):
        np.asarray(Tensor.shape_only(2))


@pytest.mark.parametrize(("index", "kind"), [([0, 1], "list"), (np.ones((2, 3), bool), "ndarray"), (True, "bool")])
def test_an_index_that_is_no_slice_is_refused_in_one_line(index, kind):
    with pytest.raises(ShapeError, match=f"^Slice: an index must be whole numbers, slices, None or ..., not {kind}$"):
        leaf(2, 3)[index]


def test_shape_only_tensors_flow_through_everything():
    for function, oracle in UNARY.values():
        out = function(Tensor.shape_only(2, 3, 4))
        assert out.shape == oracle(np.ones((2, 3, 4))).shape
        assert out.data is None
