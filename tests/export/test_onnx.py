"""ONNX files: onnxruntime computes from them what the network computes, for every network of the registry."""

import itertools
import json
import sys

import numpy as np
import onnx
import pytest

from tests.helpers.onnx_twin import Made, difference, exported, lived_in
from tinyinception import models, nn, ops
from tinyinception.errors import ArgumentError, CheckpointError, DtypeError, GraphError, ShapeError
from tinyinception.export import OPSET, operations, to_onnx
from tinyinception.export import onnx as writer
from tinyinception.nn import functional as F
from tinyinception.tensor import Tensor, apply, concat, no_grad

RNG = np.random.default_rng(3)
CLOSE = 1e-5  # relative to the largest logit


def numbers(*shape):
    return Tensor(RNG.standard_normal(shape).astype(np.float32))


def legal_size(network, least=33):
    """The first size from `least` on that the network takes: odd where that is legal, so that "same" is lopsided."""
    for size in range(max(least, network.smallest), 300):
        try:
            with no_grad():
                network(Tensor.shape_only(1, size, size, 3))
            return size
        except ShapeError:
            continue
    raise AssertionError("no size fits")


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("name", models.names())
def test_onnxruntime_agrees_on_every_network(name, tmp_path):
    nn.random.manual_seed(1)
    network = lived_in(models.build(name, num_classes=7))
    shape = (legal_size(network),) * 2 + (3,)
    session = exported(network, shape, tmp_path / "net.onnx")
    assert difference(network, session, shape) < CLOSE
    (one,) = session.get_inputs()
    assert (one.name, one.shape) == ("images", ["N", 3, *shape[:2]])
    assert [(out.name, out.shape) for out in session.get_outputs()] == [("logits", ["N", 7])]


# -- operations and layouts, each in a network of its own --------------------------------------------------------------

W, V = numbers(3, 2, 3, 8), numbers(3, 3, 2, 9)
MEAN, VAR = RNG.standard_normal(6).astype(np.float32), RNG.uniform(0.5, 2, 6).astype(np.float32)
GAMMA, BETA = numbers(6), numbers(6)
GRID = (5, 7, 6)  # height, width, channels


def attention(x):
    rows = x.reshape(x.shape[0], 35, 6)
    return ((rows @ rows.transpose(0, 2, 1)) * 0.1) @ rows


def squeeze_and_excite(x):
    return x * x.mean((1, 2), keepdims=True).sigmoid()


def shuffled(x):
    a, b, c = x.split(2)
    return concat([c, a + b, b])


CASES = {
    "lopsided padding": lambda x: F.conv2d(x, numbers(3, 2, 6, 4), padding=(0, 2, 1, 3), stride=(2, 1)),
    "same, stride 2": lambda x: F.conv2d(x, numbers(4, 4, 6, 4), numbers(4), padding="same", stride=2),
    "groups": lambda x: F.conv2d(x, W, groups=2),
    "depthwise": lambda x: F.conv2d(x, numbers(3, 3, 1, 12), groups=6),
    "weights computed from images": lambda x: F.conv2d(x, x[0:1].transpose(1, 2, 3, 0)[0:2, 0:2]),
    "weights computed from weights": lambda x: F.conv2d(x, V - V.mean((0, 1, 2), keepdims=True), groups=3),
    "batch-norm": lambda x: F.batch_norm(x, GAMMA, BETA, running=(MEAN, VAR), relu=True),
    "batch-norm of rows": lambda x: F.batch_norm(x.mean((1, 2)), GAMMA, None, running=(MEAN, VAR)),
    "batch-norm of three axes": lambda x: F.batch_norm(x.mean(1), GAMMA, BETA, running=(MEAN, VAR), relu=True),
    "lrn": lambda x: F.local_response_norm(x, 5, alpha=0.3, beta=0.6, k=1.5),
    "lrn of even size": lambda x: F.local_response_norm(x, 4, alpha=0.3),
    "lrn of rows": lambda x: F.local_response_norm(x.mean((1, 2)), 3, alpha=0.3),
    "adaptive": lambda x: F.adaptive_avg_pool2d(x, (3, 4)),
    "adaptive to a divisor": lambda x: F.adaptive_avg_pool2d(x, (1, 7)),
    "adaptive to more": lambda x: F.adaptive_avg_pool2d(x, 9),
    "global": F.global_avg_pool,
    "vector": lambda x: x.relu() * GAMMA + numbers(7, 6) - numbers(5, 1, 1),
    "from the left": lambda x: 1 / (2 - x * x * -1),
    "powers": lambda x: (x * x + 1) ** 0.5 + x**3 - -x,
    "curves": lambda x: (x.exp() + 1).log() + x.tanh() * x.sigmoid(),
    "five axes": lambda x: x + numbers(2, 1, 1, 1, 6),
    "gelu": lambda x: F.gelu(x) + F.gelu(x.mean((1, 2), keepdims=True)),
    "gelu of rows": lambda x: F.gelu(x.mean((1, 2))),
    "softmax of channels": F.log_softmax,
    "softmax of rows": lambda x: F.softmax(x.mean((1, 2))),
    "split and concat": shuffled,
    "concat of rows": lambda x: concat([x, x[:, 1:3] * 2], axis=1),
    "concat with a constant": lambda x: concat([x[:1], numbers(2, 5, 7, 6)], axis=0),
    "pad": lambda x: x.pad([(0, 0), (1, 2), (0, 3), (2, 0)], 0.5),
    "turned": lambda x: x.transpose(0, 2, 1, 3).relu(),
    "turned and convolved": lambda x: F.conv2d(x.transpose(0, 3, 2, 1), numbers(2, 2, 5, 3)),
    "channels in front": lambda x: x.transpose(0, 3, 1, 2).reshape(x.shape[0], 6, 35),
    "no axis moved": lambda x: x.transpose(0, 1, 2, 3),
    "flat": lambda x: x.flatten() @ numbers(210, 4),
    "flat from one pixel": lambda x: x.mean((1, 2), keepdims=True).flatten(),
    "flat batch": lambda x: x.reshape(-1, 6),
    "pixels in a row": lambda x: x.reshape(x.shape[0], -1, 3),
    "grid from rows": lambda x: F.max_pool2d(x.reshape(x.shape[0], 7, 5, 6), 2),
    "linear": lambda x: F.linear(x.flatten(), numbers(210, 4), numbers(4)),
    "slices": lambda x: x[:, 1:-1, ::2, ::-1],
    "an index": lambda x: x[:, -1] + x[:, 2],
    "new axes": lambda x: x[:, None, ..., 1, None],
    "last images": lambda x: x[-1:, ..., 2:],
    "sums": lambda x: x.sum(1) + x.sum((1, 3), keepdims=True)[:, 0] + x.sum(-1).sum(),
    "sum of rows of pixels": lambda x: x.sum((1, 2)) + x.mean(1).max(1),
    "largest": lambda x: x.max(3, keepdims=True) - x.max((0, 1, 2, 3)),
    "over nothing": lambda x: x.sum(()),
    "over the batch": lambda x: x - x.mean(0, keepdims=True),
    "attention": attention,
    "squeeze and excite": squeeze_and_excite,
    "dropout of nothing": lambda x: F.dropout(x, 0.0),
    "itself": lambda x: x,
    "twice the same": lambda x: (x.relu(),) * 2,
    "several": lambda x: (x.mean((1, 2)), x, x.relu()),
    "a constant too": lambda x: (x, GAMMA),
}


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("name", CASES)
def test_every_operation_in_every_layout(name, tmp_path, monkeypatch):
    made = {}

    def once(*shape):  # a network has the same weights at every call
        return made.setdefault((len(seen), shape), Tensor(np.random.default_rng(5).standard_normal(shape).astype("f")))

    seen: list = []
    monkeypatch.setitem(globals(), "numbers", once)
    network = Made(CASES[name])
    session = exported(network, GRID, tmp_path / "net.onnx")
    assert difference(network, session, GRID) < CLOSE


@pytest.mark.usefixtures("one_thread")
def test_pooling_of_every_geometry(tmp_path):
    """Sizes, strides, paddings, ceil_mode, counted padding; windows that hang over, and ones that are dropped."""
    cases = itertools.product((5, 6, 7, 8), (2, 3), (1, 2, 3, 4), (0, 1, (0, 1), (0, 1, 1, 0), "same"), (False, True))
    tried = 0
    for size, kernel, stride, padding, ceil in cases:
        shape = (size, size + 3, 2)
        how = {"stride": stride, "padding": padding, "ceil_mode": ceil}
        functions = (
            lambda x, k=kernel, how=how: F.max_pool2d(x, k, **how),
            lambda x, k=kernel, how=how: F.avg_pool2d(x, k, **how),
            lambda x, k=kernel, how=how: F.avg_pool2d(x, k, count_include_pad=True, **how),
        )
        network = Made(lambda x, functions=functions: tuple(f(x) for f in functions))
        try:
            network(Tensor.shape_only(1, *shape))
        except ShapeError:  # "same" may pad by more than half a kernel
            continue
        session = exported(network, shape, tmp_path / "net.onnx")
        assert difference(network, session, shape, batches=(2,)) < CLOSE, (size, kernel, how)
        tried += 1
    assert tried > 200


class Own(nn.Module):
    """Someone's network: two 3x3, pooling in ceil mode, a residual addition, a split, branches, a module used twice."""

    def __init__(self):
        self.stem = nn.Sequential(a=nn.ConvUnit(3, 8, 3, stride=2), b=nn.ConvUnit(8, 8, 3))
        self.pool = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.shared = nn.ConvUnit(8, 8, 3)
        self.branches = nn.Branches(one=nn.ConvUnit(4, 4, 1), three=nn.ConvUnit(4, 6, 3, norm=None))
        self.drop = nn.Dropout(0.5)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(3 * 3 * 14, 5)

    def forward(self, x):
        x = self.pool(self.stem(x))
        x = self.shared(x + 0.5 * self.shared(x))
        left, right = x.split(4)
        x = concat([self.branches(left), right])
        return self.fc(self.flatten(self.drop(x)))


def test_a_network_of_ones_own(tmp_path):
    nn.random.manual_seed(2)
    network = lived_in(Own()).train()
    session = exported(network, (14, 14, 3), tmp_path / "own.onnx")
    assert all(module.training for module in network.modules())
    assert difference(network.eval(), session, (14, 14, 3)) < CLOSE
    graph = onnx.load(tmp_path / "own.onnx").graph
    names = {tensor.name: list(tensor.dims) for tensor in graph.initializer}
    assert names["stem.a.conv.weight"] == [8, 3, 3, 3]
    assert names["shared.norm.running_var"] == [8]
    assert names["fc.weight"] == [126, 5]
    assert sum(name.startswith("shared.conv.weight") for name in names) == 1  # its weights are there once
    nodes = {node.name: node.op_type for node in graph.node}
    assert (nodes["stem.a.conv"], nodes["stem.a.norm"], nodes["pool"]) == ("Conv", "BatchNormalization", "MaxPool")
    assert len(nodes) == len(graph.node)
    assert [node.op_type for node in graph.node].count("Conv") == 6


def test_rows_of_numbers_are_an_input_too(tmp_path):
    network = nn.Sequential(a=nn.Linear(6, 4), relu=nn.ReLU(), b=nn.Linear(4, 3))
    session = exported(network, (6,), tmp_path / "rows.onnx")
    assert [(one.name, one.shape) for one in session.get_inputs()] == [("input", ["N", 6])]
    assert difference(network, session, (6,)) < CLOSE


def test_the_file_says_what_it_is(tmp_path):
    to_onnx(
        nn.Sequential(fc=nn.GlobalAvgPool()),
        tmp_path / "net.onnx",
        (4, 4, 3),
        metadata={"classes": ["ä", "b\n"], "model": "means"},
    )
    model = onnx.load(tmp_path / "net.onnx")
    onnx.checker.check_model(model, full_check=True)
    assert [(one.domain, one.version) for one in model.opset_import] == [("", OPSET)]
    assert {one.key: one.value for one in model.metadata_props} == {
        "classes": json.dumps(["ä", "b\n"]),
        "model": "means",
    }
    assert (model.producer_name, model.graph.name) == ("tinyinception", "means")


def test_every_operation_of_the_package_is_known_or_refused_by_name():
    every = {getattr(ops, name) for name in ops.__all__ if isinstance(getattr(ops, name), type)}
    every = {one for one in every if issubclass(one, ops.Operation)} - {ops.Operation}
    assert every - set(operations.TRANSLATIONS) == {ops.CrossEntropy}


# -- what is refused ---------------------------------------------------------------------------------------------------


class Cube(ops.ReLU):
    """An operation of someone's own, which looks like one that is known."""

    def forward(self, a):
        return a**3


def numpy_inside(x):
    return Tensor(x.numpy() * 2)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda x: apply(Cube(), x), "Cube in odd cannot be exported: it is none of AdaptiveAvgPool2d, "),
        (lambda x: F.dropout(x, 0.5), "Dropout in odd draws at random in evaluation too"),
        (F.batch_norm, "BatchNorm in odd normalises by the statistics of its own batch"),
        (lambda x: x.sum(0) / len(x), "computes with the size of its batch, first at odd"),
        (lambda x: x[: len(x) - 1], "computes with the size of its batch, first at odd"),
        (lambda x: x + np.random.default_rng().random(), "computes with the size of its batch"),
        (lambda x: x.relu() if len(x) > 2 else x, "computes with the size of its batch"),
        (lambda x: x.reshape(x.shape[0], x.shape[0] * 4 * 4 * 3).sum(1), "cannot view"),
        (lambda x: x + Tensor.shape_only(1), "Add in odd cannot be exported: it reads a tensor without numbers"),
        (
            lambda x: F.batch_norm(x, x.mean((0, 1, 2)), running=(np.zeros(3, "f"), np.ones(3, "f"))),
            "BatchNorm in odd cannot be exported: a parameter of it is computed from the images",
        ),
        (lambda x: {"logits": x}, "must return an Output, a Tensor or a tuple of Tensors, got dict as output"),
        (numpy_inside, "shape-only and has no data"),
    ],
)
def test_what_cannot_be_exported_is_named(function, message, tmp_path):
    network = nn.Sequential(odd=Made(function))
    with pytest.raises((ArgumentError, ShapeError, GraphError), match=message):
        to_onnx(network, tmp_path / "net.onnx", (4, 4, 3))
    assert not list(tmp_path.iterdir())


def test_wrong_arguments(tmp_path, monkeypatch):
    file, network = tmp_path / "net.onnx", nn.Conv2d(3, 2, 3, padding="same")
    with pytest.raises(ArgumentError, match="onnx: network must be a Module, got str"):
        to_onnx("vgg16", file, (4, 4, 3))
    with pytest.raises(ArgumentError, match="onnx: image_shape must be a whole number of at least 1, got 0"):
        to_onnx(network, file, (4, 0, 3))
    with pytest.raises(ShapeError, match="has 4 channels"):
        to_onnx(network, file, (4, 4, 4))
    with pytest.raises(DtypeError, match="onnx: weight must be float32, got float64"):
        to_onnx(nn.Conv2d(3, 2, 3, padding="same").to(np.float64), file, (4, 4, 3))
    with nn.shape_only(), pytest.raises(GraphError, match="onnx: weight has no numbers"):
        to_onnx(nn.Conv2d(3, 2, 3, padding="same"), file, (4, 4, 3))
    with pytest.raises(CheckpointError, match="cannot write"):
        to_onnx(network, tmp_path / "none" / "net.onnx", (4, 4, 3))
    monkeypatch.setattr(writer, "LIMIT", writer.ROOM + 100)
    with pytest.raises(CheckpointError, match="onnx: the network has 224 bytes of weights, one file of ONNX holds"):
        to_onnx(network, file, (4, 4, 3))
    assert not list(tmp_path.iterdir())


def test_without_the_library_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(
        ArgumentError,
        match=r"onnx: this needs the library onnx; install it with pip install "
        r"'tinyinception\[onnx\]'",
    ):
        to_onnx(nn.ReLU(), tmp_path / "net.onnx", (4, 4, 3))
    monkeypatch.setitem(sys.modules, "onnx", onnx)
    monkeypatch.setattr(onnx.defs, "onnx_opset_version", lambda: 21)
    with pytest.raises(ArgumentError, match=r"knows opsets up to 21, this needs 23; update it"):
        to_onnx(nn.ReLU(), tmp_path / "net.onnx", (4, 4, 3))
