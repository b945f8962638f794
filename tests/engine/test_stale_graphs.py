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
    unit = nn.ConvUnit(2, 3, 1, relu=False)

    def change(module, inputs, output):
        with no_grad():
            output += 5

    unit.conv.register_forward_hook(change)
    z = unit(Tensor(np.random.default_rng(0).standard_normal((4, 5, 5, 2)).astype(np.float32))).numpy()
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


# -- parameters in one array -------------------------------------------------------------------------------------------


def test_a_step_makes_graphs_of_what_it_updates_stale_and_no_others():
    ps = [nn.Parameter(matrix(i)) for i in range(3)]
    optimizer = optim.SGD(ps, 0.1)
    graphs = [(p * p).sum() for p in ps]
    ps[1].grad = np.ones_like(ps[1].data)
    optimizer.step()
    graphs[0].backward()
    graphs[2].backward()
    with pytest.raises(GraphError, match="changed in place"):
        graphs[1].backward()


def test_an_update_of_one_parameter_does_not_make_graphs_of_its_neighbours_stale():
    ps = [nn.Parameter(matrix(i)) for i in range(2)]
    optim.SGD(ps, 0.1)
    graphs = [(p * p).sum() for p in ps]
    ps[1].data += 1
    graphs[0].backward()
    with pytest.raises(GraphError, match="changed in place"):
        graphs[1].backward()
    graph, view = (ps[0] * ps[0]).sum(), ps[0].data.reshape(1, 9).T
    view *= 2
    changes.note(view)
    with pytest.raises(GraphError, match="changed in place"):
        graph.backward()


def test_a_graph_made_before_the_optimiser_ends_in_a_step_but_not_after_one():
    p = nn.Parameter(matrix())
    graph = (p * p).sum()
    optimizer = optim.SGD([p], 0.1)
    graph.backward(retain_graph=True)
    np.testing.assert_array_equal(p.grad, 2 * p.data)
    optimizer.step()
    with pytest.raises(GraphError, match="changed in place"):
        graph.backward()


# -- an operation is a formula -----------------------------------------------------------------------------------------


def test_an_operation_may_be_used_as_often_as_one_likes():
    a, b = (Tensor([v], requires_grad=True) for v in (1.0, 2.0))
    op = ops.Exp()
    (apply(op, a) + apply(op, b)).backward()
    assert (a.grad, b.grad) == (pytest.approx(np.exp(1.0)), pytest.approx(np.exp(2.0)))
    with no_grad():
        apply(op, a)
    a.grad = None
    (apply(op, apply(op, a))).backward()
    assert a.grad == pytest.approx(np.exp(np.exp(1.0)) * np.exp(1.0))
