"""The plain executor and the fast one: the same bits on every network, and a user's own operation under both."""

import contextlib
import copy

import numpy as np
import pytest

from tinyinception import models, nn, ops
from tinyinception.count import summary
from tinyinception.errors import GraphError
from tinyinception.gradcheck import check
from tinyinception.nn.functional import cross_entropy
from tinyinception.replay import capture
from tinyinception.tensor import Hook, Tensor, apply, concat, observe, plain_executor

pytestmark = pytest.mark.usefixtures("one_thread")


HALVED = "inception_fast_cifar"  # before its first step each 3x3 hands on half of the channels; nobody reads the others


def check_same_bits(build, size, watch=()):
    """One step by the fast executor and by the plain one: loss, gradients, running statistics. Returns gradients."""
    nn.random.manual_seed(1)
    first, found = build(), []
    for network, context in ((copy.deepcopy(first), contextlib.nullcontext()), (first, plain_executor())):
        nn.random.manual_seed(1)
        x = Tensor(np.random.default_rng(0).random((3, size, size, 3), np.float32), requires_grad=True)
        with context, observe(*watch):
            result = network(x)
            logits, aux = result if isinstance(result, nn.Output) else (result, ())
            loss = cross_entropy(logits, np.array([1, 0, 2]))
            for head in aux:
                loss = loss + 0.3 * cross_entropy(head, np.array([1, 0, 2]))
            loss.backward()
        gradients = {name: parameter.grad for name, parameter in network.named_parameters()}
        found.append([("loss", loss.numpy()), ("images", x.grad), *gradients.items(), *network.state_dict().items()])
    for (name, fast), (_, plain) in zip(*found, strict=True):
        np.testing.assert_array_equal(fast, plain, err_msg=name)
    return gradients


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("name", models.list_models())
def test_a_training_step_reaches_every_parameter_and_both_executors_give_the_same_bits(name):
    """On three small images: batch-norm makes the same of any two pixels, whatever they are."""
    with nn.shape_only():
        smallest = models.build(name).smallest
    gradients = check_same_bits(lambda: models.build(name, num_classes=3), smallest)
    for parameter, gradient in gradients.items():
        assert np.isfinite(gradient).all(), parameter
        assert gradient.any() or name == HALVED, parameter


class Joined(nn.Module):
    """Results that several read: sums that meet, concats in concats, a batch-norm on a concat, views of a view."""

    def __init__(self):
        self.one, self.two = nn.ConvUnit(3, 4, 1), nn.ConvUnit(3, 4, 3)
        self.norm, self.last = nn.BatchNorm2d(11, relu=True), nn.Conv2d(11, 4, 3, padding=1)
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        a, b = self.one(x), self.two(x)
        inner = concat([a, x])
        y = self.norm(concat([inner, b]))
        y = self.last(y) + (a * b)[:, :, :, :4] + self.last(y).relu()
        return self.fc(y.mean((1, 2)) + y.max((1, 2)))


@pytest.mark.parametrize("watch", [(), (Hook(),)], ids=["alone", "watched"])
def test_both_executors_give_the_same_bits_where_results_are_shared(watch):
    check_same_bits(Joined, 6, watch)


def test_a_graph_of_both_executors_is_walked_by_either():
    grads = []
    for contexts in ((0, 0, 0), (1, 0, 1), (0, 1, 0), (0, 0, 1), (1, 1, 0)):
        nn.random.manual_seed(0)
        first, second = nn.ConvUnit(3, 4, 3), nn.ConvUnit(4, 5, 3)
        x = Tensor(np.random.default_rng(0).random((2, 5, 5, 3), np.float32), requires_grad=True)
        plain = [plain_executor() if flag else contextlib.nullcontext() for flag in contexts]
        with plain[0]:
            y = first(x)
        with plain[1]:
            z = second(y) * 2
        with plain[2]:
            z.sum().backward()
        grads.append(x.grad)
    for other in grads[1:]:
        np.testing.assert_array_equal(grads[0], other)


# -- an operation of one's own -----------------------------------------------------------------------------------------


class Softplus(ops.Operation):
    """log(1 + e^a), as CONTRIBUTING shows it."""

    analytic = True

    def shape(self, a):
        return a

    def forward(self, a):
        return np.log(1 + np.exp(a))

    def backward(self, kept, grad):
        (a,) = kept.inputs
        return (grad / (1 + np.exp(-a)),)


class Smooth(nn.Module):
    def __init__(self):
        self.unit, self.fc = nn.ConvUnit(3, 4, 3), nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(apply(Softplus(), self.unit(x)).mean((1, 2)))


def test_an_operation_with_shape_forward_and_backward_is_differentiated():
    x = np.random.default_rng(0).standard_normal((3, 4))
    for method in ("elementwise", "direction", "complex"):
        assert check(Softplus(), x, method=method).ok
    twice = Softplus()
    assert check(lambda x: apply(twice, apply(twice, x)), x).ok
    check_same_bits(Smooth, 5)


def test_it_is_counted_and_its_memory_too():
    with_it, without = summary(Smooth(), 8), summary(nn.ConvUnit(3, 4, 3), 8)
    [row] = [row for row in with_it.rows if row.op == "Softplus"]
    assert row.activations == 8 * 8 * 4
    # it keeps its input, the unit's result, which is computed again, and its own result
    assert with_it.memory.training == without.memory.training + 8 * 8 * 4 * 4 + 4 * 4


def test_it_is_captured():
    network = Smooth()
    step, x = capture(lambda x: network(x), network), np.random.default_rng(0).random((5, 2, 6, 6, 3), np.float32)
    network.eval()
    for images in x:
        np.testing.assert_array_equal(step(images).numpy(), network(Tensor(images)).numpy())
    assert len(step.recordings) == 1


def test_what_it_puts_aside_has_to_be_declared():
    class Aside(Softplus):
        def forward(self, a):
            return super().forward(a), np.exp(a)

    with pytest.raises(GraphError, match="Aside: forward puts something aside, so it has to say how much"):
        apply(Aside(), Tensor([1.0]))


def test_declarations_of_another_forward_do_not_hold_for_ones_own():
    class Doubled(ops.ReLU):
        def backward(self, kept, grad):
            return (2 * super().backward(kept, grad)[0],)

    class Plain(ops.MaxPool2d):
        def forward(self, x):
            return super().forward(x)

    assert ops.ReLU.new_arrays
    assert not Doubled.new_arrays
    assert not Plain(2).launches
    assert ops.MaxPool2d(2).launches
    x = Tensor(np.ones((300, 300), np.float32), requires_grad=True)
    (apply(Doubled(), x) + x).sum().backward()
    assert (x.grad == 3).all()
