"""Memory of activations: against the arrays that operations really keep, and those alive while a program runs."""

from weakref import ref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.strategies import CASES
from tinyinception import models, nn, ops
from tinyinception.count import Tally, summary
from tinyinception.count.memory import kept
from tinyinception.tape import topological
from tinyinception.tensor import Hook, Tensor, apply, concat, no_grad, observe, use


def arrays_in(saved):
    """The arrays in what an operation saved."""
    if isinstance(saved, np.ndarray):
        yield saved
    elif isinstance(saved, (list, tuple)):
        for item in saved:
            yield from arrays_in(item)


def owner(array):
    """The array whose memory this one shows."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


# -- training ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(CASES))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_an_operation_keeps_what_it_is_said_to_keep(name, data):
    case = data.draw(CASES[name])
    inputs = [
        None if a is None else Tensor(a.astype(np.float32), requires_grad=data.draw(st.booleans())) for a in case.inputs
    ]
    output, node = use(case.op, *inputs, *case.constants)
    if not output.requires_grad:
        assert output.node is None
        return
    told = kept(case.op, [*inputs, *case.constants], output, node.wanted)
    saved = list(arrays_in(node.kept))
    for tensor in filter(lambda t: t is not None, (*inputs, output)):
        assert any(tensor is other for other in told) == any(array is tensor.data for array in saved)
    own = [array for array in saved if all(array is not t.data for t in (*inputs, output) if t is not None)]
    if name == "BatchNorm":  # statistics, which do not grow with the batch
        own = [array for array in own if all(array is not of for of in node.kept.aside)]
    assert sum(array.nbytes for array in own) == case.op.aside_bytes(*node.shapes)


def graph_bytes(outputs):
    """Bytes of all arrays that the graph behind some tensors keeps, each once."""
    nodes = {id(node): node for output in outputs for node in topological(output.node)}
    owners = {id(owner(array)): array for node in nodes.values() for array in arrays_in(node.kept)}
    return sum(array.nbytes for array in owners.values())


class Mixed(nn.Module):
    """A bit of everything that keeps arrays in its own way."""

    def __init__(self):
        unit = nn.ConvUnit(4, 6, 3)
        self.separable, self.unit = nn.SeparableConv(3, 4, 3, stride=2, multiplier=2), unit
        self.block = nn.inception(6, n1=3, r3=2, n3=4, r5=2, n5=3, pool_proj=2)
        self.norm, self.drop = nn.LocalResponseNorm(3), nn.Dropout(0.3)
        self.down, self.head = nn.AvgPool2d(2), nn.Linear(12 * 4, 5)

    def forward(self, x):
        x = self.norm(self.block(self.unit(self.separable(x))))
        x = self.drop(self.down(x * x + x)).flatten()
        return self.head(x).sigmoid()


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    "build",
    [Mixed, lambda: models.build("inception_resnet_cifar"), lambda: models.build("inception_cifar")],
    ids=["mixed", "resnet", "inception"],
)
def test_training_memory_is_that_of_the_graph_after_a_forward_pass(build, training, one_thread):
    network, size = build(), 8 if build is Mixed else 32
    network.train(training)
    measured = []
    for images in (2, 4):
        result = network(Tensor(np.random.default_rng(0).random((images, size, size, 3), np.float32)))
        measured.append(graph_bytes([result.logits, *result.aux] if isinstance(result, nn.Output) else [result]))
    # what does not grow with the batch, parameters and statistics, cancels
    assert summary(network, size, training=training).memory.training == (measured[1] - measured[0]) / 2


def test_memory_by_hand():
    net = nn.Sequential(
        conv=nn.Conv2d(1, 8, 1), relu=nn.ReLU(), pool=nn.MaxPool2d(2), flat=nn.Flatten(), fc=nn.Linear(32, 3)
    )
    memory = summary(net, 4, channels=1).memory
    # image 64 bytes, then 512, 512, 128, the same 128, 12
    assert (memory.inference, memory.peak) == (512 + 512, "relu")
    # image, for the convolution's weights; result of the ReLU, for its sign; a byte per maximum; input of the linear
    assert memory.training == 64 + 512 + 32 + 128
    assert summary(net, 4, channels=1, training=True).memory == memory
    for parameter in net.conv.parameters():
        parameter.requires_grad = False
    assert summary(net, 4, channels=1).memory.training == 128


def test_memory_of_float64_is_told_as_float32():
    net = nn.ConvUnit(3, 4, 3)
    assert summary(net, 8).memory == summary(net.to(np.float64), 8).memory


# -- inference ---------------------------------------------------------------------------------------------------------


class Alive(Hook):
    """The most bytes that were alive at once in the arrays of a program."""

    def __init__(self, image):
        self.owners, self.most = [ref(owner(image.data))], 0

    def after(self, node, inputs, output):
        self.owners.append(ref(owner(output.data)))
        alive = {id(array): array.nbytes for array in (r() for r in self.owners) if array is not None}
        self.most = max(self.most, sum(alive.values()))


STEPS = {
    "minus": lambda a, _: -a,
    "add": lambda a, b: a + b,
    "view": lambda a, _: a.reshape(*a.shape[:1], -1),
    "part": lambda a, _: a[:, : max(a.shape[1] // 2, 1)],
    "join": lambda a, b: concat([a.flatten(), b.flatten()], axis=1),
    "mean": lambda a, _: a.mean(axis=1, keepdims=True),
}


def run(program, image):
    """Run steps (name, first, second) on a growing list of tensors; each is let go after its last reader."""
    tensors = [image]
    image = None
    for now, (name, first, second) in enumerate(program):
        a, b = tensors[first], tensors[second]
        if name == "add" and a.shape != b.shape:
            b = a
        tensors.append(STEPS[name](a, b))
        a = b = None
        for i in range(len(tensors) - 1):
            used = [t for t, (kind, *which) in enumerate(program) if i in readers(kind, which)]
            if used and max(used) <= now:
                tensors[i] = None
    return tensors


def readers(kind, which):
    return which if kind in ("add", "join") else which[:1]


@st.composite
def programs(draw):
    steps = []
    for number in range(draw(st.integers(1, 10))):
        tensor = st.integers(0, number)
        steps.append((draw(st.sampled_from(sorted(STEPS))), draw(tensor), draw(tensor)))
    return steps


@settings(max_examples=300, deadline=None)
@given(program=programs())
def test_inference_memory_is_what_is_alive_while_a_program_runs(program):
    shape = (2, 6, 4)
    # a sum of unlike shapes reads its first operand only, so that one is written down as reading it twice
    shapes = [t.shape if t is not None else None for t in shapes_of(program, shape)]
    program = [(kind, a, a if kind == "add" and shapes[a] != shapes[b] else b) for kind, a, b in program]
    images = [Tensor(np.ones(shape, np.float32))]
    hook = Alive(images[0])
    with no_grad(), observe(hook):
        run(program, images.pop())
    image = Tensor.shape_only(*shape)
    tally = Tally(image, [])
    with no_grad(), observe(tally):
        run(program, image)
    assert tally.memory().inference * 2 == hook.most
    assert tally.memory().training == 0


def shapes_of(program, shape):
    """All tensors of a program, none let go."""
    tensors = [Tensor.shape_only(*shape)]
    for name, first, second in program:
        a, b = tensors[first], tensors[second]
        tensors.append(STEPS[name](a, a if name == "add" and a.shape != b.shape else b))
    return tensors


def test_an_array_lives_as_long_as_its_last_view():
    image = Tensor.shape_only(1, 4, 2)
    tally = Tally(image, [])
    with observe(tally):
        part = image[:, :1]  # keeps all of the image
        other = image.exp()
        apply(ops.Sum(), other.exp())
    assert tally.memory().inference == 3 * 32
    with observe(tally):
        part.exp()
    assert tally.memory().inference == 3 * 32
