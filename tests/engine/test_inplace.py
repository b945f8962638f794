"""Numbers changed in place, by hand and by `.data`: where others see them, in the same dtype and shape."""

import operator

import numpy as np
import pytest

from tinyinception import nn, optim
from tinyinception.errors import ArgumentError, DtypeError, GraphError, ShapeError
from tinyinception.tensor import Tensor, no_grad

IN_PLACE = {
    "+=": operator.iadd,
    "-=": operator.isub,
    "*=": operator.imul,
    "/=": operator.itruediv,
    "**=": operator.ipow,
    "@=": operator.imatmul,
}
RIGHT = {"**=": 3}


def matrix(seed=0):
    return np.random.default_rng(seed).uniform(0.5, 1.5, (3, 3)).astype(np.float32)


def operands(symbol):
    """What may stand on the right: an array, a tensor, and for most a number."""
    if symbol in RIGHT:
        return [RIGHT[symbol]]
    return [matrix(1), Tensor(matrix(1)), *([] if symbol == "@=" else [2.5])]


# -- training by hand --------------------------------------------------------------------------------------------------


def test_a_step_by_hand_is_a_step_of_sgd():
    x, nets = np.random.default_rng(0).standard_normal((4, 2)).astype(np.float32), []
    for _ in range(2):
        nn.random.manual_seed(0)
        nets.append(nn.Linear(2, 3))
    for net in nets:
        (net(Tensor(x)) * net(Tensor(x))).mean().backward()
    arrays = [p.data for p in nets[0].parameters()]
    with no_grad():
        for p in nets[0].parameters():
            p -= 0.1 * p.grad
    optim.SGD(nets[1].named_parameters(), lr=0.1).step()
    for p, array, other in zip(nets[0].parameters(), arrays, nets[1].parameters(), strict=True):
        assert p.data is array
        np.testing.assert_allclose(p.data, other.data, rtol=1e-6)


@pytest.mark.parametrize("symbol", IN_PLACE)
def test_in_place_operators_write_into_the_array_that_others_hold(symbol):
    for other in operands(symbol):
        for leaf in (nn.Parameter(matrix()), Tensor(matrix())):
            array, alias, grad = leaf.data, leaf.detach(), leaf.requires_grad
            right = other.numpy() if isinstance(other, Tensor) else other
            expected = IN_PLACE[symbol](matrix(), right)
            with no_grad():
                changed = IN_PLACE[symbol](leaf, other)
            assert changed is leaf
            assert leaf.data is array
            assert (leaf.dtype, leaf.requires_grad, leaf.node) == (np.float32, grad, None)
            np.testing.assert_allclose(alias.numpy(), expected, rtol=1e-5)


@pytest.mark.parametrize("symbol", IN_PLACE)
def test_a_leaf_that_requires_a_gradient_is_refused_while_recording(symbol):
    for other in operands(symbol):
        leaf = Tensor(matrix(), requires_grad=True)
        with pytest.raises(GraphError, match=r"inside `with no_grad\(\):`"):
            IN_PLACE[symbol](leaf, other)
        np.testing.assert_array_equal(leaf.numpy(), matrix())


def test_a_plain_leaf_changes_in_place_while_recording_too():
    leaf = Tensor(matrix())
    array = leaf.data
    leaf += 1
    np.testing.assert_array_equal(array, matrix() + 1)


@pytest.mark.parametrize("requires_grad", [False, True])
def test_a_result_changed_while_recording_is_differentiated_and_seen_by_all_who_hold_it(requires_grad):
    w = Tensor(matrix(1), requires_grad=True)
    start = Tensor(matrix(), requires_grad=requires_grad)
    y = start * 1.0 if requires_grad else start
    square = y * y if requires_grad else None
    holders = [y]
    for held in holders:
        held *= w
    assert holders[0] is y
    np.testing.assert_allclose(y.numpy(), matrix() * matrix(1))
    (y if square is None else y + square).sum().backward()
    np.testing.assert_allclose(w.grad, matrix())
    if requires_grad:  # what was computed from y before saw the numbers of then
        np.testing.assert_allclose(start.grad, matrix(1) + 2 * matrix(), rtol=1e-6)


def test_a_running_total_starts_with_a_number_or_a_tensor():
    a = Tensor([2.0], requires_grad=True)
    for total in (0, Tensor([0.0])):
        a.grad = None
        for _ in range(3):
            total += a * a
        total.backward()
        assert a.grad == 12


def test_dtype_and_shape_are_kept():
    p = nn.Parameter(matrix())
    with no_grad():
        p -= np.float64(0.5) * matrix().astype(np.float64)  # a float64 rate makes the product float64
        assert p.dtype == p.data.dtype == np.float32
        np.testing.assert_allclose(p.data, matrix() / 2, rtol=1e-6)
        with pytest.raises(ShapeError, match=r"\+=: the result is 2x3x3, but .* its shape 3x3"):
            p += np.ones((2, 3, 3), np.float32)
        with pytest.raises(ShapeError, match="do not broadcast"):
            p += np.ones(4, np.float32)
        with pytest.raises(DtypeError, match="int64"):
            p += np.ones((3, 3), np.int64)
        with pytest.raises(DtypeError, match="got None"):
            p += None
    np.testing.assert_allclose(p.data, matrix() / 2, rtol=1e-6)


def test_a_read_only_array_is_refused_with_the_remedy():
    t = Tensor(np.broadcast_to(np.float32(1), (2, 2)))
    with pytest.raises(ArgumentError, match=r"\+=: the array of this tensor of 2x2 is read-only; .*copy\(\)"):
        t += 1


def test_shape_only_tensors_have_nothing_to_change():
    t = Tensor.shape_only(2, 2)
    t += 1
    assert t.shape == (2, 2)
    with pytest.raises(GraphError, match="shape-only"):
        t[0] = 1


def test_an_array_takes_a_tensor_in_place_unless_that_cuts_a_history():
    array = np.zeros(2, np.float32)
    alias = array
    array += Tensor([1.0, 2.0])
    assert array is alias
    np.testing.assert_array_equal(alias, [1, 2])
    with pytest.raises(GraphError, match=r"np\.add: .*history"):
        array += Tensor([1.0, 2.0], requires_grad=True)
    np.testing.assert_array_equal(alias, [1, 2])
    with no_grad():
        array += Tensor([1.0, 2.0], requires_grad=True)
    np.testing.assert_array_equal(alias, [2, 4])


# -- parts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [0, (0, 1), slice(1, 3), (..., -1), (slice(None), None, 0)])
def test_parts_are_changed_where_they_lie(index):
    for write in ("operator", "assignment", "view"):
        p, right = nn.Parameter(matrix()), matrix()
        array = p.data
        with no_grad():
            if write == "operator":
                p[index] -= 0.25
                right[index] -= np.float32(0.25)
            elif write == "assignment":
                p[index] = 7
                right[index] = 7
            else:
                part = p[index]
                part *= 2
                right[index] *= 2
        assert p.data is array
        np.testing.assert_array_equal(array, right)


def test_masks_and_whole_numbers_choose_what_is_assigned():
    t = Tensor([-1.0, 2.0, -3.0])
    t[t < 0] = 0
    t[np.array([1])] = [5]
    np.testing.assert_array_equal(t.numpy(), [0, 5, 0])


def test_assignment_to_a_part_is_refused_where_a_gradient_would_be_lost():
    p, plain = nn.Parameter(matrix()), Tensor(matrix())
    for cut in (
        lambda: operator.setitem(p, 0, 1),
        lambda: operator.setitem(p * 2, 0, 1),
        lambda: operator.setitem(plain, 0, p[0]),
    ):
        with pytest.raises(GraphError, match=r"inside `with no_grad\(\):`"):
            cut()
    with pytest.raises(GraphError, match="no_grad"):
        p[0] -= 1
    np.testing.assert_array_equal(p.data, matrix())


@pytest.mark.parametrize(
    ("index", "value", "error", "message"),
    [
        (0, np.ones(4, np.float32), ShapeError, "numbers of shape 4 do not fit into a tensor of 3x3 at 0"),
        (7, 1, ShapeError, "at 7"),
        ("a", 1, ShapeError, "at 'a'"),
        (0.5, 1, ShapeError, r"at 0\.5"),
        (0, None, DtypeError, "got None"),
        (0, "1", DtypeError, "got '1'"),
        (0, 1j, DtypeError, "got 1j"),
        (0, np.ones(3, complex), DtypeError, "complex"),
        (0, np.ones(3, np.int64), DtypeError, "int64"),
        (0, [1, [2]], DtypeError, "equal lengths"),
    ],
)
def test_assignment_of_what_does_not_fit(index, value, error, message):
    t = Tensor(matrix())
    with pytest.raises(error, match=message):
        t[index] = value
    np.testing.assert_array_equal(t.numpy(), matrix())


# -- data --------------------------------------------------------------------------------------------------------------


def test_data_may_be_replaced_by_floats_of_the_same_shape():
    layer, w = nn.Linear(512, 64), np.random.default_rng(0).random((512, 64))  # float64, as NumPy makes it
    layer.weight.data = w
    assert layer.weight.dtype == layer.weight.data.dtype == np.float32
    x = np.ones((8, 512), np.float32)
    np.testing.assert_allclose(layer(Tensor(x)).numpy(), x @ w, rtol=1e-4)
    same = np.ones((512, 64), np.float32)
    layer.weight.data = same
    assert layer.weight.data is same
    layer.bias.data = [0.5] * 64
    layer.bias.data = Tensor(np.ones(64, np.float32))
    assert (layer.bias.data == 1).all()
    t = Tensor(np.zeros(1))
    t.data = [0.1]
    assert t.data[0] == 0.1  # not by way of float32


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (np.ones((1, 1, 16, 32), np.int64), DtypeError, "data must be float32 or another float, got int64"),
        (np.ones((1, 1, 16, 32), bool), DtypeError, "got bool"),
        (np.ones((1, 1, 16, 32), complex), DtypeError, "got complex128"),
        (np.ones((1, 1, 8, 32), np.float32), ShapeError, "the shape 1x1x16x32 of the tensor, got 1x1x8x32"),
        (np.float32(1), ShapeError, "got scalar"),
        (1.0, ShapeError, "got scalar"),
        (None, DtypeError, "got None"),
        ("a", DtypeError, "got 'a'"),
        ([[1], [2, 3]], DtypeError, "equal lengths"),
        (np.array([None]), DtypeError, "got object"),
    ],
)
def test_data_of_another_shape_or_kind_is_refused(value, error, message):
    layer = nn.Conv2d(16, 32, 1, bias=False)
    before = layer.weight.data
    with pytest.raises(error, match=message):
        layer.weight.data = value
    assert layer.weight.data is before


@pytest.mark.parametrize(("name", "value"), [("shape", (4,)), ("dtype", np.dtype(np.float64))])
def test_shape_and_dtype_follow_the_data(name, value):
    with pytest.raises(AttributeError, match=rf"{name}|set attribute"):
        setattr(Tensor([1.0]), name, value)


def test_a_parameter_without_data_takes_some_of_its_shape():
    with nn.shape_only():
        layer = nn.Linear(2, 3)
    with pytest.raises(ShapeError, match="2x3"):
        layer.weight.data = np.ones((3, 2))
    layer.weight.data = np.ones((2, 3))
    assert layer.weight.data.dtype == np.float32


def test_numbers_changed_by_a_shape_only_tensor_become_shape_only():
    known = t = Tensor(np.ones(3))
    t += Tensor.shape_only(3, dtype=np.float64)
    assert t.data is None
    assert t.shape == (3,)
    np.testing.assert_array_equal(known.numpy(), 1)
