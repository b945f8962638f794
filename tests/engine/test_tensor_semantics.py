"""Tensors where Python and NumPy expect numbers: comparison, truth, formats, functions of arrays, copies."""

import copy
import math
import operator
import pickle

import numpy as np
import pytest

from tinyinception import nn, optim
from tinyinception.errors import ArgumentError, DtypeError, GraphError, ShapeError
from tinyinception.tensor import Tensor, no_grad

A, B = np.array([[1, 2], [3, 4]], np.float32), np.array([[1, 5], [3, 0]], np.float32)
COMPARISONS = (operator.eq, operator.ne, operator.lt, operator.le, operator.gt, operator.ge)


def deep(n=5000):
    y = Tensor([1.0], requires_grad=True)
    for _ in range(n):
        y = y + 0.001
    return y


# -- comparison --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("compare", COMPARISONS)
def test_comparisons_are_those_of_the_numbers(compare):
    for left, right in [(Tensor(A), Tensor(B)), (Tensor(A), B), (A, Tensor(B)), (Tensor(A), B.tolist())]:
        result = compare(left, right)
        assert type(result) is np.ndarray
        np.testing.assert_array_equal(result, compare(A, B))
    np.testing.assert_array_equal(compare(Tensor(A), 3), compare(A, 3))
    np.testing.assert_array_equal(compare(3.0, Tensor(A)), compare(3.0, A))
    np.testing.assert_array_equal(compare(np.float64(3), Tensor(A)), compare(3.0, A))
    np.testing.assert_array_equal(compare(Tensor(A, requires_grad=True), B[0]), compare(A, B[0]))
    with pytest.raises(ShapeError, match=r"shapes 2x2 and 3 do not broadcast"):
        compare(Tensor(A), np.ones(3))


def test_a_number_is_compared_in_the_dtype_of_the_tensor():
    assert Tensor(0.1) == 0.1
    assert Tensor([0.1]) == 0.1
    assert Tensor(math.nan) != math.nan


@pytest.mark.parametrize("other", [None, "a", object(), {}, np.array(["a"])])
def test_what_is_no_number_is_not_equal_and_has_no_order(other):
    t = Tensor([1.0])
    assert (t == other) is False
    assert (t != other) is True
    assert other not in [t]
    for compare in COMPARISONS[2:]:
        with pytest.raises(TypeError):
            compare(t, other)


def test_tensors_are_keys_by_identity():
    a, b = Tensor(A), Tensor(A)
    places = {a: 1, b: 2}
    assert (places[a], places[b], len({a, b, a})) == (1, 2, 2)
    assert hash(a) != hash(b)


def test_in_looks_for_numbers():
    assert 3 in Tensor(A)
    assert 7 not in Tensor(A)
    assert None not in Tensor(A)
    assert "a" not in Tensor(A)


# -- one element -------------------------------------------------------------------------------------------------------


def test_one_element_is_a_number():
    t = Tensor([[2.75]], requires_grad=True)
    assert (float(t), int(t), complex(t), round(t), round(t, 1)) == (2.75, 2, 2.75 + 0j, 3, 2.8)
    assert (f"{Tensor(0.5):.3f}", f"{t:8.2e}|", f"{Tensor(2.0):g}") == ("0.500", "2.75e+00|", "2")
    assert (math.sqrt(Tensor(9.0)), math.floor(t), math.isnan(Tensor(math.nan))) == (3.0, 2, True)
    assert bool(t)
    assert not Tensor(0.0)


@pytest.mark.parametrize("function", [float, int, complex, round, bool, math.sqrt, lambda t: f"{t:.3f}", operator.not_])
@pytest.mark.parametrize("array", [A, np.zeros((0, 3), np.float32)])
def test_more_elements_or_none_are_no_number(function, array):
    with pytest.raises(ShapeError, match=f"{array.size} elements"):
        function(Tensor(array))


def test_without_a_format_a_tensor_is_its_text():
    assert f"{Tensor(A)}" == str(Tensor(A)) == repr(Tensor(A))


def test_shape_only_tensors_are_no_numbers():
    for function in (float, bool, lambda t: f"{t:.3f}", lambda t: t == 1, np.mean):
        with pytest.raises(GraphError, match="shape-only"):
            function(Tensor.shape_only(1))


# -- operators ---------------------------------------------------------------------------------------------------------


def test_abs_and_a_number_to_the_power_of_a_tensor_have_gradients():
    a = Tensor(np.array([-2.0, 0.0, 3.0]), requires_grad=True)
    abs(a).sum().backward()
    np.testing.assert_array_equal(abs(a).numpy(), [2, 0, 3])
    np.testing.assert_array_equal(a.grad, [-1, 0, 1])
    a.grad = None
    (2**a).sum().backward()
    np.testing.assert_allclose((2**a).numpy(), [0.25, 1, 8])
    np.testing.assert_allclose(a.grad, math.log(2) * np.array([0.25, 1, 8]))
    np.testing.assert_allclose((np.float64(2) ** a).numpy(), [0.25, 1, 8])


@pytest.mark.parametrize(
    "call",
    [
        lambda t: t % 2,
        lambda t: 2 % t,
        lambda t: t // 2,
        lambda t: 2 // t,
        lambda t: divmod(t, 2),
        lambda t: divmod(2, t),
        lambda t: ~t,
        lambda t: t & 1,
        lambda t: 1 | t,
        lambda t: t ^ t,
        lambda t: t << 1,
        lambda t: 1 >> t,
    ],
)
def test_operators_without_a_useful_gradient_are_refused_with_the_remedy(call):
    with pytest.raises(DtypeError, match=r"tensors have no .*tensor\.numpy\(\)"):
        call(Tensor(A))


@pytest.mark.parametrize("exponent", [math.inf, -math.inf, math.nan, "2", None, 1j, True, np.ones(2)])
def test_an_exponent_is_a_finite_number(exponent):
    with pytest.raises(ArgumentError, match="exponent must be a number"):
        Tensor(A) ** exponent


@pytest.mark.parametrize("base", [0, -1.0, math.inf, math.nan, "2", None, np.ones(2, np.float32)])
def test_a_base_is_a_positive_number(base):
    with pytest.raises(ArgumentError, match="positive number as base"):
        base ** Tensor(A)


@pytest.mark.parametrize("other", [None, "1", object(), {}, [[1], [1, 2]], 10**400])
@pytest.mark.parametrize("operate", [operator.add, operator.sub, operator.mul, operator.truediv, operator.matmul])
def test_what_is_no_number_is_no_operand(operate, other):
    for left, right in ((Tensor(A), other), (other, Tensor(A))):
        with pytest.raises(DtypeError, match="must be a number, an array, or lists of numbers"):
            operate(left, right)


@pytest.mark.parametrize(
    "number", [2, 10**20, np.int64(2), np.float64(2), np.float32(2), np.bool_(True), True, np.array(2)]
)
def test_numbers_of_every_kind_take_the_dtype_of_the_tensor(number):
    for dtype in (np.float32, np.float64):
        for result in (Tensor(A.astype(dtype)) * number, number * Tensor(A.astype(dtype))):
            assert result.dtype == dtype
            np.testing.assert_array_equal(result.numpy(), A * dtype(number))


@pytest.mark.parametrize(
    "operate",
    [
        lambda t: t @ 2,
        lambda t: 2 @ t,
        lambda t: t[Tensor(1.0)],
        lambda t: t[[0, 1]],
        lambda t: t[np.array([True, False])],
        lambda t: t[True],
        lambda t: t[0.5],
        lambda t: t[Tensor(0.0) :],
        lambda t: t["a"],
        lambda t: t[t > 2],
    ],
)
def test_products_with_numbers_and_strange_indices_are_refused(operate):
    with pytest.raises(ShapeError, match=r"MatMul: cannot multiply|Slice: (an index must be|index .* does not fit)"):
        operate(Tensor(A))


def test_iteration_gives_rows():
    np.testing.assert_array_equal([row.numpy() for row in Tensor(A)], A)
    np.testing.assert_array_equal(sum(Tensor(A)).numpy(), A.sum(0))


# -- NumPy's functions -------------------------------------------------------------------------------------------------


def test_numpy_functions_give_arrays_of_tensors_without_a_gradient():
    t = Tensor(A)
    for function in (
        np.mean,
        np.sum,
        np.sqrt,
        np.argmax,
        np.isnan,
        lambda x: np.concatenate([x, x]),
        lambda x: np.clip(x, 0, 2),
        lambda x: np.stack((x, x), axis=-1),
        lambda x: np.where(A > 2, x, 0),
        lambda x: np.add.reduce(x),
        lambda x: np.maximum(x, B),
        lambda x: np.dot(x, B),
        np.linalg.norm,
    ):
        np.testing.assert_array_equal(function(t), function(A))
        assert not isinstance(function(t), Tensor)


def test_numpy_functions_are_refused_where_a_history_would_be_lost():
    w = Tensor(A, requires_grad=True)
    for t in (w, w * 2):
        for function in (
            np.mean,
            np.sum,
            np.sqrt,
            lambda x: np.concatenate([x, x]),
            lambda x: np.maximum(x, B),
            lambda x: np.split(x, 2),
            lambda x: np.where(A > 2, x, 0),
            np.add.reduce,
        ):
            with pytest.raises(GraphError, match=r"np\.\w+: its result would have no history.*tensor\.numpy\(\)"):
                function(t)
            with no_grad():
                np.testing.assert_array_equal(function(t), function(t.numpy()))
        for function in (np.argmax, np.isnan, np.shape, np.ndim, lambda x: np.allclose(x, B), np.zeros_like):
            np.testing.assert_array_equal(function(t), function(t.numpy()))  # nothing could flow back through these


@pytest.mark.parametrize(
    ("function", "method"),
    [(np.exp, Tensor.exp), (np.log, Tensor.log), (np.tanh, Tensor.tanh), (np.abs, abs), (np.negative, operator.neg)],
)
def test_numpy_functions_that_are_operations_here_are_differentiated(function, method):
    a, b = Tensor(A, requires_grad=True), Tensor(A, requires_grad=True)
    function(a).sum().backward()
    method(b).sum().backward()
    np.testing.assert_array_equal(a.grad, b.grad)


@pytest.mark.parametrize("operate", [operator.add, operator.sub, operator.mul, operator.truediv, operator.matmul])
def test_an_array_on_the_left_makes_a_tensor_with_a_gradient(operate):
    t = Tensor(B + 1, requires_grad=True)
    result = operate(A, t)
    np.testing.assert_allclose(result.numpy(), operate(A, B + 1))
    result.sum().backward()
    assert t.grad.shape == (2, 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda t: np.add(A, A, out=t),
        lambda t: np.copyto(t, A),
        lambda t: np.concatenate([A, A], out=t),
        lambda t: np.fill_diagonal(t, 0),
    ],
)
def test_numpy_does_not_write_into_tensors(call):
    t = Tensor(A.copy())
    with pytest.raises(DtypeError, match="cannot write into a tensor"):
        call(t)
    np.testing.assert_array_equal(t.numpy(), A)


# -- tensors made of tensors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrap", [list, tuple, lambda r: [list(r), list(r)], lambda r: [[1.0, r[0]]], lambda r: (r[0], 2.0)]
)
def test_results_in_a_list_are_refused_since_their_history_would_be_lost(wrap):
    a = Tensor([1.0, 2.0], requires_grad=True)
    results = [a.sum(), a.mean()]
    for make in (
        Tensor,
        lambda data: a * data,
        lambda data: a.__setitem__(..., data),
        lambda data: setattr(a, "data", data),
    ):
        with pytest.raises(GraphError, match="concat"), no_grad():
            make(wrap(results))


# -- copies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_leaves_modules_and_optimisers_are_copied_whole(duplicate):
    for leaf in (Tensor(A), Tensor(A, requires_grad=True), nn.Parameter(A), Tensor.shape_only(2, 2)):
        leaf.grad = B
        twin = duplicate(leaf)
        assert type(twin) is type(leaf)
        assert (twin.shape, twin.dtype, twin.requires_grad, twin.node) == (
            leaf.shape,
            leaf.dtype,
            leaf.requires_grad,
            None,
        )
        np.testing.assert_array_equal(twin.grad, B)
        assert leaf.data is None or ((twin.data == leaf.data).all() and twin.data is not leaf.data)
    net = nn.Linear(2, 2)
    net(Tensor(A)).sum().backward()
    twin, sgd = duplicate((net, optim.SGD(net.named_parameters(), lr=1.0)))
    sgd.step()
    np.testing.assert_array_equal(twin.weight.data, net.weight.data - net.weight.grad)


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, pickle.dumps, lambda y: copy.deepcopy([y]), lambda y: pickle.dumps({"loss": y})]
)
def test_a_history_is_neither_copied_nor_pickled(duplicate):
    for y in (deep(), Tensor([1.0], requires_grad=True) * 2):
        with pytest.raises(GraphError, match=r"computed by \w+ cannot be copied .*detach\(\) it first"):
            duplicate(y)
        assert duplicate(y.detach()) is not None
    used = Tensor([1.0], requires_grad=True) * 2
    used.backward()
    with pytest.raises(GraphError, match="detach"):
        duplicate(used)


def test_a_shallow_copy_shares_everything():
    y = Tensor([1.0], requires_grad=True) * 2
    twin = copy.copy(y)
    assert (twin.data is y.data, twin.node is y.node, twin.requires_grad) == (True, True, True)


def test_a_copied_operation_is_a_new_one():
    twin = copy.deepcopy(deep().node)  # without the graph, which has no end that the copy could stop at
    assert twin.parents == ()
