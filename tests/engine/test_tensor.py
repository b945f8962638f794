"""Tensors: contexts, shape-only, hooks, errors and reading."""

import threading

import numpy as np
import pytest

from tests.helpers.tensors import leaf
from tinyinception import ops
from tinyinception.errors import DtypeError, GraphError, ShapeError
from tinyinception.kernels import LARGE
from tinyinception.tensor import Hook, Tensor, apply, concat, current_path, is_recording, no_grad, observe, scope

# -- contexts --------------------------------------------------------------------------------------------------------


def test_no_grad_records_nothing_and_ends():
    a = leaf(3)
    with no_grad():
        assert not is_recording()
        b = a * 2
    assert is_recording()
    assert b.node is None
    assert not b.requires_grad
    with pytest.raises(GraphError, match="nothing to differentiate"):
        b.sum().backward()
    assert (a * 2).requires_grad


def test_no_grad_ends_after_an_error_and_nests():
    with pytest.raises(ShapeError), no_grad():
        leaf(2) + leaf(3)
    assert is_recording()
    with no_grad():
        with no_grad():
            pass
        assert not is_recording()


def test_no_grad_in_one_thread_leaves_others_alone():
    seen, inside, done = [], threading.Event(), threading.Event()

    def evaluate():
        with no_grad(), scope("other"):
            inside.set()
            done.wait(10)

    thread = threading.Thread(target=evaluate)
    thread.start()
    inside.wait(10)
    a = leaf(2)
    seen.append(((a * 2).requires_grad, current_path()))
    done.set()
    thread.join()
    assert seen == [(True, "")]


def test_detach_shares_data_and_cuts_history():
    a = leaf(3)
    b = a * 2
    (b.detach() * a).sum().backward()
    np.testing.assert_array_equal(a.grad, b.numpy())
    assert b.detach().numpy() is b.numpy()


# -- shape-only ------------------------------------------------------------------------------------------------------


def test_shape_only_runs_no_forward_at_absurd_size():
    x = Tensor.shape_only(1000, 4096, 4096, 64)
    w = Tensor.shape_only(7, 7, 64, 512, requires_grad=True)
    y = apply(ops.Conv2d(stride=2, padding="same"), x, w, None).relu()
    assert y.shape == (1000, 2048, 2048, 512)
    assert y.requires_grad
    with pytest.raises(GraphError, match="shape-only"):
        y.mean().backward()
    with pytest.raises(GraphError, match="shape-only"):
        y.numpy()


def test_one_shape_only_input_makes_the_result_shape_only():
    out = Tensor.shape_only(2, 3) + Tensor(np.ones(3, np.float32))
    assert out.data is None
    assert out.shape == (2, 3)
    with pytest.raises(DtypeError):
        Tensor.shape_only(2, 3, dtype=np.float64) + Tensor(np.ones(3, np.float32))
    with pytest.raises(ShapeError, match="2x3 and 4"):
        Tensor.shape_only(2, 3) + Tensor(np.ones(4, np.float32))


# -- hooks -----------------------------------------------------------------------------------------------------------


class Log(Hook):
    def __init__(self):
        self.lines = []

    def before(self, op, inputs):
        self.lines.append(("before", op.name, op.path, [t.shape for t in inputs]))

    def after(self, op, inputs, output):
        self.lines.append(("after", op.name, op.path, output.shape))

    def before_backward(self, op, grad):
        self.lines.append(("before_backward", op.name, op.path, grad.shape))

    def after_backward(self, op, grad, grads):
        self.lines.append(("after_backward", op.name, op.path, [None if g is None else g.shape for g in grads]))


def test_hooks_see_every_call_in_order():
    log, a = Log(), leaf(2, 3)
    with observe(log), scope("stem"), scope("conv1"):
        b = (a * Tensor(np.ones(3))).sum(0)
        b.backward(np.ones(3))
    a.exp()
    path = "stem.conv1"
    assert log.lines == [
        ("before", "Multiply", path, [(2, 3), (3,)]),
        ("after", "Multiply", path, (2, 3)),
        ("before", "Sum", path, [(2, 3)]),
        ("after", "Sum", path, (3,)),
        ("before_backward", "Sum", path, (3,)),
        ("after_backward", "Sum", path, [(2, 3)]),
        ("before_backward", "Multiply", path, (2, 3)),
        ("after_backward", "Multiply", path, [(2, 3), None]),
    ]


def test_hooks_add_to_those_already_watching_and_an_error_removes_them():
    outer, inner, a = Log(), Log(), leaf(2)
    with observe(outer):
        with pytest.raises(ShapeError), observe(inner):
            _ = a.log() + leaf(3)
        a.exp()
    assert [line[:2] for line in inner.lines] == [("before", "Log"), ("after", "Log")]
    assert [line[:2] for line in outer.lines] == [(when, op) for op in ("Log", "Exp") for when in ("before", "after")]


def test_hooks_see_shape_only_operations():
    log = Log()
    with observe(log):
        Tensor.shape_only(2, 3).relu()
    assert [line[0] for line in log.lines] == ["before", "after"]


# -- errors and reading ----------------------------------------------------------------------------------------------


def test_mixed_dtypes_are_refused_by_name():
    with pytest.raises(DtypeError, match=r"Multiply in head: .*float32, float64.*astype"), scope("head"):
        Tensor(np.ones(3, np.float32)) * Tensor(np.ones(3))


@pytest.mark.parametrize("array", [np.zeros((2, 2), np.uint8), np.arange(3), np.array([True]), np.zeros(2, np.float16)])
def test_integer_and_half_arrays_are_refused_with_the_remedy(array):
    with pytest.raises(DtypeError, match=rf"{array.dtype}.*astype\(np.float32\) / 255"):
        Tensor(array)


@pytest.mark.parametrize("data", ["a", None, [[1], [1, 2]], [1.0, None], object(), 1j])
def test_what_holds_no_numbers_is_refused(data):
    with pytest.raises(DtypeError, match="lists of numbers of equal lengths, not "):
        Tensor(data)


def test_a_tensor_is_no_data_for_a_tensor():
    with pytest.raises(DtypeError, match="already a Tensor"):
        Tensor(Tensor(1.0))


def test_shape_errors_name_operation_layer_and_sizes():
    a = leaf(2, 3)
    cases = [
        (lambda: a + leaf(4), "Add in stem: shapes 2x3 and 4 "),
        (lambda: a @ leaf(2, 3), "MatMul in stem: .*2x3 by 2x3"),
        (lambda: a.reshape(4, 2), r"Reshape in stem: cannot view 2x3 \(6 elements\) as \(4, 2\)"),
        (lambda: a.transpose(0, 0), "Transpose in stem: axes"),
        (lambda: a[5], r"Slice in stem: index \(5,\).*2x3"),
        (lambda: a[[0, 1]], "Slice in stem: an index must be .* not list"),
        (lambda: a[True], "Slice in stem: an index .* not bool"),
        (lambda: a.sum(2), "Sum in stem: axis 2 .*2x3"),
        (lambda: a.max((0, 0)), "Max in stem: axis"),
        (lambda: a[2:].max(), "Max in stem: nothing to reduce"),
        (lambda: a.pad([(1, 1)]), "Pad in stem: widths"),
        (lambda: a.pad([(0, 0), (-1, 0)]), "Pad in stem: widths"),
        (lambda: a.split([1, 1]), "split: sizes .* 2, axis 1 has 3"),
        (lambda: a.split(0), "split: sizes must be a whole number of at least 1, got 0"),
        (lambda: a.split([4, -1]), "split: sizes"),
        (lambda: a.split(1, axis=2), "split: there is no axis 2 in 2x3"),
        (lambda: concat([a, leaf(3, 4)]), "Concat in stem"),
        (lambda: concat([]), "concat: no tensors"),
        (lambda: a.item(), "item: the tensor has 6 elements"),
        (lambda: len(Tensor(1.0)), "len: the tensor is a scalar"),
    ]
    for call, message in cases:
        with pytest.raises(ShapeError, match=message), scope("stem"):
            call()


def test_an_exponent_is_a_number():
    with pytest.raises(DtypeError, match="exponent"):
        leaf(2) ** leaf(2)


def test_repr_shows_shape_dtype_mean_and_std():
    assert repr(Tensor([[1, 2], [3, 4]])) == "Tensor(2x2, float32, mean 2.5, std 1.118)"
    assert repr(Tensor(2.0)) == "Tensor(scalar, float32, mean 2, std 0)"
    assert repr(Tensor.shape_only(8, 32, 32, 3)) == "Tensor(8x32x32x3, float32, shape-only)"
    with scope("head"):
        assert repr(leaf(2) * 0.0).endswith("mean 0, std 0, from Multiply in head, requires_grad)")


def test_repr_warns_of_numbers_that_are_none():
    text = repr(Tensor(np.array([1.0, np.nan, np.inf, 3.0, np.nan])))
    assert "mean 2, std 1" in text
    assert "WARNING: 2 NaN, 1 infinite" in text
    assert "WARNING: 1 NaN, 0 infinite" in repr(Tensor(np.array([np.nan])))


def test_reading():
    a = leaf(2, 3)
    assert (a.ndim, a.size, len(a), a.shape) == (2, 6, 2, (2, 3))
    assert Tensor([[7]]).item() == 7.0
    assert Tensor(3).dtype == np.float32
    array = np.ones(3)
    assert Tensor(array).numpy() is array


def test_an_array_where_a_tensor_belongs_is_refused_by_name():
    with pytest.raises(DtypeError, match=r"^ReLU: input 0 is no Tensor but ndarray; wrap arrays in Tensor\(x\)$"):
        apply(ops.ReLU(), np.zeros(3, np.float32))


@pytest.mark.parametrize("shape", [(3, 5), (LARGE // 64 + 1, 64)])  # by NumPy, and by the kernel
def test_relu_of_any_size_has_the_gradient_of_its_formula_and_leaves_its_input_alone(shape):
    values = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    x = Tensor(values.copy(), requires_grad=True)
    y = x.relu()
    weights = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    (y * Tensor(weights)).sum().backward()
    np.testing.assert_array_equal(y.numpy(), values * (values > 0))
    np.testing.assert_array_equal(x.grad, weights * (values > 0))
    np.testing.assert_array_equal(x.numpy(), values)
