"""The tape: gradients add up, backward frees what it has used, and says what it cannot do."""

import numpy as np
import pytest

from tests.helpers.tensors import leaf
from tinyinception import ops
from tinyinception.errors import GraphError, ShapeError
from tinyinception.kernels import LARGE
from tinyinception.tensor import Hook, Tensor, apply, observe, scope

# -- accumulation ----------------------------------------------------------------------------------------------------


def test_diamond():
    a = leaf(3)
    b = a + a
    c = b * b
    c.sum().backward()
    np.testing.assert_allclose(a.grad, 8 * a.numpy(), rtol=1e-15)


def test_every_use_of_a_result_counts():
    a = leaf(4)
    b = a.exp()
    (b * b * b + b - b.log() * 2 + b / 3).sum().backward()
    e = np.exp(a.numpy())
    np.testing.assert_allclose(a.grad, (3 * e**2 + 1 + 1 / 3) * e - 2, rtol=1e-14)


def test_a_shared_gradient_array_is_not_written_to():
    # Add hands the same gradient array to both inputs; x collects three of them, y only one and must stay intact
    x, y = leaf(5, seed=1).exp(), leaf(5, seed=2).exp()
    for tensor in (x, y):
        tensor.retain_grad()
    cotangent = np.arange(5.0)
    ((x + y) + x + x).backward(cotangent)
    np.testing.assert_array_equal(y.grad, cotangent)
    np.testing.assert_array_equal(x.grad, 3 * cotangent)
    y.grad += 1
    np.testing.assert_array_equal(cotangent, np.arange(5.0))


def test_leaves_own_their_gradients():
    a, b = leaf(3), leaf(3)
    cotangent = np.ones(3)
    (a + b).backward(cotangent)
    a.grad += 1
    np.testing.assert_array_equal(b.grad, 1)
    np.testing.assert_array_equal(cotangent, 1)


def test_a_second_backward_adds_to_the_first():
    a = leaf(3)
    (a * 2).sum().backward()
    first = a.grad
    (a * 3).sum().backward()
    np.testing.assert_array_equal(a.grad, 5)
    np.testing.assert_array_equal(first, 2)


def test_a_leaf_is_its_own_gradient():
    a = leaf(2)
    a.backward(np.array([1.0, 2.0]))
    a.backward(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(a.grad, [2.0, 4.0])


def test_ten_thousand_operations_deep():
    a = leaf(1)
    b = a
    for _ in range(10_000):
        b = b + 1.0
    b.sum().backward()
    assert a.grad == 1


def test_a_ladder_of_diamonds_is_walked_once_per_node():
    a = leaf(1)
    b = a
    for _ in range(60):  # 2**60 paths
        b = (b + b) * 0.5
    calls = []

    class Count(Hook):
        def before_backward(self, op, grad):
            calls.append(op)

    with observe(Count()):
        b.sum().backward()
    assert len(calls) == 121
    assert a.grad == 1


def test_retain_grad_keeps_an_intermediate_gradient_and_changes_nothing_else():
    a = leaf(3)
    b = (a * 2).retain_grad()
    c = b * b
    c.sum().backward()
    np.testing.assert_allclose(b.grad, 2 * b.numpy())
    np.testing.assert_allclose(a.grad, 8 * a.numpy())
    assert c.grad is None
    assert a.retain_grad() is a


def test_unneeded_inputs_get_no_gradient():
    a, constant = leaf(3), Tensor(np.ones(3))
    (a * constant).sum().backward()
    assert constant.grad is None
    np.testing.assert_array_equal(a.grad, 1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_large_enough_for_the_kernel_add_up_and_leave_the_shared_ones_alone(dtype):
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(LARGE + 3).astype(dtype) for _ in range(3)]
    kept = [w.copy() for w in weights]
    x = Tensor(np.ones(LARGE + 3, dtype), requires_grad=True)
    shared = x * 1.0  # an intermediate result: its gradients meet on the tape
    pieces = [(shared * Tensor(w)).retain_grad() for w in weights]
    (pieces[0] + pieces[1] + pieces[2]).backward(np.ones(LARGE + 3, dtype))
    np.testing.assert_allclose(x.grad, sum(w.astype(np.float64) for w in weights), rtol=1e-5, atol=1e-5)
    assert x.grad.dtype == dtype
    for w, before, piece in zip(weights, kept, pieces, strict=True):
        assert np.array_equal(w, before)
        assert np.array_equal(piece.grad, np.ones(LARGE + 3))


# -- backward --------------------------------------------------------------------------------------------------------


def test_backward_frees_the_graph_unless_told_otherwise():
    a = leaf(3)
    b = a.exp().sum()
    b.backward(retain_graph=True)
    b.backward()
    np.testing.assert_allclose(a.grad, 2 * np.exp(a.numpy()))
    with pytest.raises(GraphError, match=r"already used and freed.*retain_graph"):
        b.backward()


def test_backward_through_a_shared_freed_part_says_so():
    a = leaf(3)
    shared = a.exp()
    shared.sum().backward()
    with pytest.raises(GraphError, match="Exp was already used and freed"):
        (shared * 2).sum().backward()


def test_backward_lets_go_of_saved_arrays():
    b = leaf(3).exp()
    node = b.node
    b.sum().backward()
    assert node.saved is None
    assert node.parents == ()


def test_backward_needs_a_scalar_or_a_gradient_of_its_shape():
    b = leaf(2, 3) * 2
    with pytest.raises(GraphError, match="2x3 is no scalar"):
        b.backward()
    with pytest.raises(ShapeError, match="gradient is 3, the tensor 2x3"):
        b.backward(np.ones(3))
    with pytest.raises(GraphError, match="nothing to differentiate"):
        Tensor(1.0).backward()
    leaf(1, 1).exp().backward()  # one element is scalar enough


def test_a_wrong_gradient_shape_is_blamed_on_its_operation():
    class Wrong(ops.Operation):
        def shape(self, a):
            return a

        def forward(self, a):
            return a * 1

        def backward(self, grad):
            return (grad.sum(),)

    with scope("head"):
        out = apply(Wrong(), leaf(3)).sum()
    with pytest.raises(GraphError, match="Wrong in head: backward returned scalar for an input of shape 3"):
        out.backward()
