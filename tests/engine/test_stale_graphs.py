"""A graph belongs to the numbers of its forward: backward refuses what was changed since, wherever it was changed."""

import weakref

import numpy as np
import pytest

from tinyinception import changes, nn, ops, optim
from tinyinception.errors import GraphError
from tinyinception.optim import RunningAverage
from tinyinception.tensor import Tensor, apply, no_grad


def matrix(seed=0):
    return np.random.default_rng(seed).uniform(0.5, 1.5, (3, 3)).astype(np.float32)


def sgd(p):
    p.grad = np.ones_like(p.data)
    optim.SGD([("p", p)], lr=1.0).step()


def average(p):
    with RunningAverage([("p", p)]).apply():
        pass


def by_operator(p):
    with no_grad():
        p += 1


def by_part(p):
    with no_grad():
        p[0] = 3


def through_a_view(p):
    with no_grad():
        view = p.reshape(-1)
        view *= 2


def through_detach(p):
    alias = p.detach()
    alias -= 1


def by_data(p):
    p.data -= 1


def by_other_data(p):
    p.data = np.zeros(p.shape)


def by_loading(p):
    holder = nn.Module.__new__(nn.Module)
    holder.p = p
    holder.load_state_dict({"p": np.zeros(p.shape)})


def by_redrawing(p):
    p.redraw(nn.init.ones)


CHANGES = [
    sgd,
    average,
    by_operator,
    by_part,
    through_a_view,
    through_detach,
    by_data,
    by_other_data,
    by_loading,
    by_redrawing,
]


@pytest.mark.parametrize("change", CHANGES)
def test_backward_refuses_numbers_that_were_changed_since_forward(change):
    p, x = nn.Parameter(matrix()), Tensor(matrix(1), requires_grad=True)
    y = (p * x).exp().sum()
    z = (p + x).sum()  # an addition reads nothing in backward
    change(p)
    p.grad = None
    z.backward()
    with pytest.raises(GraphError, match=r"Multiply needs numbers of shape 3x3 .*changed in place.*run forward again"):
        y.backward()
    np.testing.assert_array_equal(p.grad, 1)  # nothing of the second one was added
    (p * x).sum().backward()
    np.testing.assert_allclose(p.grad, 1 + matrix(1))


def test_the_error_names_the_layer():
    net, x = nn.Sequential(a=nn.Linear(3, 3), b=nn.Linear(3, 3)), Tensor(matrix())
    loss = net(x).sum()
    with no_grad():
        net[1].weight *= 2
    with pytest.raises(GraphError, match=r"Linear in b needs .* 3x3"):
        loss.backward()
    assert all(p.grad is None for p in net.parameters())


def test_a_second_backward_after_a_step_is_refused_not_wrong():
    p = nn.Parameter(np.array([3.0], np.float32))
    y = (p * p).sum()
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)
    optim.SGD([("p", p)], lr=1.0).step()
    with pytest.raises(GraphError, match="run forward again"):
        y.backward()


def test_results_and_constants_count_as_well():
    a, constant = Tensor(matrix(), requires_grad=True), Tensor(matrix(1))
    product, power = (a * constant).sum(), a.exp()
    constant += 1
    with pytest.raises(GraphError, match="Multiply"):
        product.backward()
    with no_grad():
        power *= 2  # Exp keeps what it returned
    with pytest.raises(GraphError, match="Exp"):
        power.sum().backward()


def test_other_tensors_may_change_between_forward_and_backward():
    a, other = Tensor(matrix(), requires_grad=True), Tensor(matrix(1))
    y = (a * a).sum()
    other += 1
    y.backward()
    np.testing.assert_allclose(a.grad, 2 * matrix())


def test_what_batch_norm_computes_again_is_not_taken_for_what_was_changed_after_it():
    nn.random.manual_seed(0)
    x = Tensor(np.random.default_rng(0).standard_normal((4, 3, 3, 2)).astype(np.float32), requires_grad=True)
    norm, conv = nn.BatchNorm2d(2, relu=True), nn.Conv2d(2, 3, 1)
    y = norm(x)
    with no_grad():
        y *= 2
    conv(y).sum().backward()  # the gradient of the weights is made of the doubled numbers
    np.testing.assert_allclose(conv.weight.grad[0, 0, :, 0], y.numpy().sum((0, 1, 2)), rtol=1e-5)


def test_moments_of_a_convolution_are_not_those_of_its_changed_result():
    nn.random.manual_seed(0)
    conv, norm = nn.Conv2d(2, 3, 1, moments=True), nn.BatchNorm2d(3)
    y = conv(Tensor(np.random.default_rng(0).standard_normal((4, 5, 5, 2)).astype(np.float32)))
    with no_grad():
        y += 5
    z = norm(y).numpy()
    np.testing.assert_allclose(z.mean((0, 1, 2)), 0, atol=1e-4)


def test_running_statistics_may_go_on_between_an_evaluation_and_its_backward():
    rng = np.random.default_rng(0)
    x, norm = Tensor(rng.standard_normal((8, 2)).astype(np.float32), requires_grad=True), nn.BatchNorm2d(2)
    weights = rng.standard_normal((8, 2)).astype(np.float32)
    grads = []
    for between in (lambda: None, lambda: norm.train()(Tensor(np.float32([[1, 2], [5, 9]])))):
        norm.eval()
        y = norm(x)
        between()
        norm.gamma.grad = None
        if not grads:
            state = norm.state_dict()
        (y * Tensor(weights)).sum().backward()
        grads.append(norm.gamma.grad)
    assert not np.array_equal(norm.running_mean, state["running_mean"])
    np.testing.assert_array_equal(*grads)


def test_no_array_is_kept_alive_by_having_been_changed():
    array = np.ones(3)
    changes.note(array)
    known, key = weakref.ref(array), id(array)
    assert key in changes._times
    del array
    assert known() is None
    assert key not in changes._times


# -- an operation is one node ------------------------------------------------------------------------------------------


def test_an_operation_is_used_once():
    a, b = (Tensor([v], requires_grad=True) for v in (1.0, 2.0))
    op = ops.Exp()
    y = apply(op, a)
    with pytest.raises(GraphError, match="Exp: this operation is a node of a graph already; make a new one"):
        apply(op, b)
    with pytest.raises(GraphError, match="make a new one"), no_grad():  # which would lose what backward needs
        apply(op, b)
    y.backward()
    assert a.grad == pytest.approx(np.exp(1.0))
    with pytest.raises(GraphError, match="make a new one"):
        apply(op, b)


def test_an_operation_that_was_not_recorded_may_be_used_again():
    a, op = Tensor([1.0], requires_grad=True), ops.Exp()
    with no_grad():
        apply(op, a)
    apply(op, Tensor([5.0]))
    apply(op, a).backward()
    assert a.grad == pytest.approx(np.exp(1.0))
