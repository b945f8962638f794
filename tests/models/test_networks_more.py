"""VGG-19, Network in Network, AlexNet in one tower, BN-Inception's paper and FaceNet's network.

Their counts are worked out here, layer by layer, from the papers' tables and nothing of this package; their numbers are
PyTorch's, through fixtures/make_zoo.py, where a network exists there.
"""

import json

import numpy as np
import pytest

from tests.fixtures.weight_rule import CLASSES, ZOO, digest, pixels, weight
from tests.helpers.places import FIXTURES
from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.errors import ArgumentError
from tinyinception.nn.functional import cross_entropy
from tinyinception.tensor import Tensor, no_grad

STORED = np.load(FIXTURES / "zoo.npz")
FACTS = json.loads(STORED["facts"].tobytes())


def build(name, **options):
    with nn.shape_only():
        return models.build(name, **options)


# -- counts by hand ----------------------------------------------------------------------------------------------------


class Sum:
    """Parameters and multiply-adds of layers, added up."""

    def __init__(self):
        self.params = self.macs = 0

    def conv(self, cin, cout, kernel, side, *, bias=True, norm=0):
        """A kernel KHxKW over `side` x `side` output pixels; norm: numbers that batch-norm learns for each channel."""
        kh, kw = (kernel, kernel) if isinstance(kernel, int) else kernel
        self.params += kh * kw * cin * cout + cout * (bias + norm)
        self.macs += kh * kw * cin * cout * side * side

    def linear(self, cin, cout, bias=True):
        self.conv(cin, cout, 1, 1, bias=bias)


def vgg19():
    """Table 1, column E; 3x3 with padding 1, poolings of 2x2 after each group."""
    total, width, side = Sum(), 3, 224
    for out, depth in ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)):
        for _ in range(depth):
            total.conv(width, out, 3, side)
            width = out
        side //= 2
    for cin, cout in ((side * side * 512, 4096), (4096, 4096), (4096, 1000)):
        total.linear(cin, cout)
    return total


def alexnet_ungrouped():
    """Section 3.5's widths, every kernel over all channels; 227 -> 55 -> 27 -> 13 -> 6."""
    total = Sum()
    for layer in ((3, 96, 11, 55), (96, 256, 5, 27), (256, 384, 3, 13), (384, 384, 3, 13), (384, 256, 3, 13)):
        total.conv(*layer)
    for layer in ((6 * 6 * 256, 4096), (4096, 4096), (4096, 1000)):
        total.linear(*layer)
    return total


def nin():
    """Of the Caffe model zoo: 224 -> 54, then poolings that round up, 27, 13, 6."""
    total = Sum()
    for cin, widths, kernel, side in (
        (3, (96, 96, 96), 11, 54),
        (96, (256, 256, 256), 5, 27),
        (256, (384, 384, 384), 3, 13),
        (384, (1024, 1024, 1000), 3, 6),
    ):
        total.conv(cin, widths[0], kernel, side)
        total.conv(widths[0], widths[1], 1, side)
        total.conv(widths[1], widths[2], 1, side)
    return total


def nin_cifar():
    """192-160-96, 192-192-192, 192-192-10 on 32x32, 16x16 and 8x8."""
    total = Sum()
    for layer in (
        (3, 192, 5, 32),
        (192, 160, 1, 32),
        (160, 96, 1, 32),
        (96, 192, 5, 16),
        (192, 192, 1, 16),
        (192, 192, 1, 16),
        (192, 192, 3, 8),
        (192, 192, 1, 8),
        (192, 10, 1, 8),
    ):
        total.conv(*layer)
    return total


# Fig. 5 of the batch normalisation paper: input channels, grid, #1x1, #3x3 reduce, #3x3, double reduce, double, pool
# proj; 4c and 4d with the 96 that their printed outputs leave for the last one. 3c and 4e halve the grid.
FIG_5 = {
    "3a": (192, 28, 64, 64, 64, 64, 96, 32),
    "3b": (256, 28, 64, 64, 96, 64, 96, 64),
    "3c": (320, 28, 0, 128, 160, 64, 96, 0),
    "4a": (576, 14, 224, 64, 96, 96, 128, 128),
    "4b": (576, 14, 192, 96, 128, 96, 128, 128),
    "4c": (576, 14, 160, 128, 160, 128, 160, 96),
    "4d": (576, 14, 96, 128, 192, 160, 192, 96),
    "4e": (576, 14, 0, 128, 192, 192, 256, 0),
    "5a": (1024, 7, 352, 192, 320, 160, 224, 128),
    "5b": (1024, 7, 352, 192, 320, 192, 224, 128),
}
OUTPUTS = {
    "3a": 256,
    "3b": 320,
    "3c": 576,
    "4a": 576,
    "4b": 576,
    "4c": 576,
    "4d": 576,
    "4e": 1024,
    "5a": 1024,
    "5b": 1024,
}  # as printed


def bn_inception_paper():
    total = Sum()
    total.params += 7 * 7 * 3 * 8 + 24 * 64 + 2 * 64  # separable, of multiplier 8, then batch-norm
    total.macs += (7 * 7 * 3 * 8 + 24 * 64) * 112 * 112
    unit = {"bias": False, "norm": 2}
    total.conv(64, 64, 1, 56, **unit)
    total.conv(64, 192, 3, 56, **unit)
    for name, (cin, side, n1, r3, n3, rd, nd, proj) in FIG_5.items():
        after = side if n1 else side // 2
        for width in (n1, proj):
            if width:
                total.conv(cin, width, 1, side, **unit)
        total.conv(cin, r3, 1, side, **unit)
        total.conv(r3, n3, 3, after, **unit)
        total.conv(cin, rd, 1, side, **unit)
        total.conv(rd, nd, 3, side, **unit)
        total.conv(nd, nd, 3, after, **unit)
        assert OUTPUTS[name] == n1 + n3 + nd + (proj or cin)
    total.linear(1024, 1000)
    return total


def inception_resnet_v1_facenet(classes=1000, gamma=True):
    """160 -> 79, 77, 77, pooled 38, 38, 36, 17; reductions to 8 and 3, none of them padded."""
    total, unit = Sum(), {"bias": False, "norm": 1 + gamma}
    for layer in (
        (3, 32, 3, 79),
        (32, 32, 3, 77),
        (32, 64, 3, 77),
        (64, 80, 1, 38),
        (80, 192, 3, 36),
        (192, 256, 3, 17),
    ):
        total.conv(*layer, **unit)
    for _ in range(5):
        for cin, cout, kernel in ((256, 32, 1), (256, 32, 1), (32, 32, 3), (256, 32, 1), (32, 32, 3), (32, 32, 3)):
            total.conv(cin, cout, kernel, 17, **unit)
        total.conv(96, 256, 1, 17)
    for layer in ((256, 384, 3, 8), (256, 192, 1, 17), (192, 192, 3, 17), (192, 256, 3, 8)):
        total.conv(*layer, **unit)
    for _ in range(10):
        for cin, cout, kernel in ((896, 128, 1), (896, 128, 1), (128, 128, (1, 7)), (128, 128, (7, 1))):
            total.conv(cin, cout, kernel, 8, **unit)
        total.conv(256, 896, 1, 8)
    for layer in (
        (896, 256, 1, 8),
        (256, 384, 3, 3),
        (896, 256, 1, 8),
        (256, 256, 3, 3),
        (896, 256, 1, 8),
        (256, 256, 3, 8),
        (256, 256, 3, 3),
    ):
        total.conv(*layer, **unit)
    for _ in range(6):
        for cin, cout, kernel in ((1792, 192, 1), (1792, 192, 1), (192, 192, (1, 3)), (192, 192, (3, 1))):
            total.conv(cin, cout, kernel, 3, **unit)
        total.conv(384, 1792, 1, 3)
    total.conv(1792, 512, 1, 1, **unit)
    total.linear(512, classes)
    return total


KNOWN = {  # what the networks' own sources and libraries state, and the depth counted by hand
    vgg19: (143_667_240, 19),
    alexnet_ungrouped: (62_378_344, 8),
    nin: (7_595_176, 12),
    nin_cifar: (966_986, 9),
    bn_inception_paper: (11_188_288, 34),
    inception_resnet_v1_facenet: (23_482_624 + 513_000, 98),
}


@pytest.mark.parametrize("by_hand", KNOWN, ids=lambda f: f.__name__)
def test_parameters_and_multiply_adds_are_those_counted_by_hand(by_hand):
    counted, total, (params, depth) = summary(by_hand.__name__), by_hand(), KNOWN[by_hand]
    assert counted.params == total.params == params
    assert counted.macs == total.macs
    assert counted.depth == depth


def test_facenet_s_counts_for_other_classes_and_conventions():
    name = "inception_resnet_v1_facenet"
    people = summary(name, num_classes=8631).params
    assert people == inception_resnet_v1_facenet(8631).params == 27_910_327
    assert people - (512 * 8631 + 8631) == 23_482_624
    plain = summary(build(name, convention="facenet"), 160)
    assert plain.params == inception_resnet_v1_facenet(gamma=False).params


def test_bn_inception_s_variants_differ_as_their_names_say():
    """The paper's has gamma where TF-slim's has none, and in its first layer gamma and beta for a bias."""
    paper, slim = build("bn_inception_paper"), build("bn_inception_slim")
    gammas = sum(p.size for name, p in paper.named_parameters() if name.endswith("gamma"))
    assert summary("bn_inception_paper").params - summary("bn_inception_slim").params == gammas == 9888 + 64
    assert isinstance(paper.conv1.norm, nn.BatchNorm2d)
    assert paper.conv1.pointwise.bias is None
    assert slim.conv1.norm is None
    assert not [name for name, _ in paper.named_parameters() if name.endswith("bias") and name != "head.fc.bias"]
    assert paper.head.dropout.p == 0.0
    kinds = {
        name: type(paper.get_submodule(f"inception_{name}.pool.pool")).__name__
        for name in OUTPUTS
        if name not in ("3c", "4e")
    }
    assert kinds == {**dict.fromkeys(("3a", "3b", "4a", "4b", "4c", "4d", "5a"), "AvgPool2d"), "5b": "MaxPool2d"}
    assert {type(paper.get_submodule(f"inception_{name}.pool")) for name in ("3c", "4e")} == {nn.MaxPool2d}


def test_outputs_of_bn_inception_s_modules_are_those_printed():
    rows, seen = summary("bn_inception_paper").rows, {}
    for row in rows:
        if row.name.startswith("inception_"):
            seen[row.name.split(".")[0].removeprefix("inception_")] = row.output
    grids = {name: side if n1 else side // 2 for name, (_, side, n1, *_) in FIG_5.items()}
    assert seen == {name: (grids[name], grids[name], channels) for name, channels in OUTPUTS.items()}


def test_facenet_s_last_block_is_neither_scaled_nor_rectified():
    network = build("inception_resnet_v1_facenet")
    scales = {
        f"{stage}_{i}": getattr(network, f"{stage}_{i}").scale
        for stage, n in (("block35", 5), ("block17", 10), ("block8", 6))
        for i in range(1, n + 1)
    }
    right = {"block35": 0.17, "block17": 0.1, "block8": 0.2}
    assert scales == {**{name: right[name.split("_")[0]] for name in scales}, "block8_6": 1.0}
    assert (network.block8_5.relu, network.block8_6.relu) == (True, False)
    assert (network.head.dropout.p, network.head.norm.momentum) == (0.6, 0.1)
    sandberg = build("inception_resnet_v1_facenet", convention="facenet", embedding=128).head
    assert (sandberg.dropout.p, sandberg.norm.momentum, sandberg.norm.gamma) == (0.2, 0.005, None)
    assert sandberg.embedding.weight.shape == (1792, 128)


def test_first_weights_of_nin_have_the_spread_of_the_authors_file():
    nn.random.manual_seed(1)
    network = models.build("nin")
    narrow = ("mlpconv1.conv", "mlpconv3.conv", "mlpconv4.cccp2")
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            assert not parameter.data.any()
        else:
            std = 0.01 if name.startswith(narrow) else 0.05
            assert parameter.data.std() == pytest.approx(std, rel=0.03), name


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("classes", [1, 10, 100])
def test_network_in_network_for_cifar_takes_any_classes_and_channels(classes, channels):
    network = build("nin_cifar", num_classes=classes, channels=channels)
    for height, width in ((network.smallest, network.smallest), (32, 32), (37, 45)):
        assert network(Tensor.shape_only(2, height, width, channels)).logits.shape == (2, classes)
    assert models.info("nin_cifar").input_size == (32, 32)
    assert [m.p for m in network.modules() if isinstance(m, nn.Dropout)] == [0.5, 0.5]


def test_network_in_network_learns():
    nn.random.manual_seed(0)
    network = models.build("nin_cifar", num_classes=4, channels=1, dropout=0.0)
    x = Tensor(np.random.default_rng(0).standard_normal((8, 32, 32, 1)).astype(np.float32))

    def loss():
        return cross_entropy(network(x).logits, np.arange(8) % 4)

    before = loss()
    before.backward()
    for parameter in network.parameters():
        assert np.abs(parameter.grad).max() > 0
        parameter.data -= 0.01 * parameter.grad
    assert loss().item() < before.item()


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("alexnet_ungrouped", {"towers": 5}, "Conv2d: groups=5 must divide in_channels=96"),
        ("inception_resnet_v1_facenet", {"convention": "facenett"}, "did you mean 'facenet'"),
        ("inception_resnet_v1_facenet", {"embedding": 0}, "out_features must be a whole number of at least 1, got 0"),
        ("vgg19", {"batch_norm": True}, "there is no batch_norm; it takes by name num_classes, channels and dropout"),
        ("vgg91", {}, "unknown model 'vgg91'; did you mean 'vgg19'"),
    ],
)
def test_wrong_options_are_refused(name, options, told):
    with pytest.raises(ArgumentError, match=told):
        build(name, **options)


# -- against PyTorch ---------------------------------------------------------------------------------------------------


def to_published(array, grid):
    """Our numbers in PyTorch's layout; grid: height and width whose flattening a linear layer follows."""
    if grid:
        inputs, outputs = array.shape
        return array.reshape(grid, grid, inputs // grid**2, outputs).transpose(3, 2, 0, 1).reshape(outputs, inputs)
    return array.transpose(3, 2, 0, 1) if array.ndim == 4 else array.T


def from_published(array, grid):
    if grid:
        outputs, inputs = array.shape
        return array.reshape(outputs, inputs // grid**2, grid, grid).transpose(2, 3, 1, 0).reshape(inputs, outputs)
    return array.transpose(2, 3, 1, 0) if array.ndim == 4 else array.T


def grid_of(model, name):
    return {"vgg19": 7, "alexnet_ungrouped": 6}.get(model, 0) if name == "fc6.fc.weight" else 0


def filled(model):
    """The network in float64 with the weights of the rule, and of each of its tensors PyTorch's name."""
    network = build(model, num_classes=CLASSES).to(np.float64)
    members = [*network._members((nn.Parameter, np.ndarray))]
    assert len(members) == len(FACTS[model])
    for (name, member), (theirs, shape) in zip(members, FACTS[model], strict=True):
        array = np.array(from_published(weight(theirs, tuple(shape)), grid_of(model, name)), np.float64, order="C")
        assert array.shape == member.shape, (name, theirs)
        if isinstance(member, nn.Parameter):
            member.data = array
        else:
            owner, _, attribute = name.rpartition(".")
            setattr(network.get_submodule(owner), attribute, array)
    return network, {name: theirs for (name, _), (theirs, _) in zip(members, FACTS[model], strict=True)}


def images(model, batch):
    return Tensor(pixels(model, batch, *ZOO[model]) / 128.0 - 1)


def close(ours, theirs, bound=1e-9):
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=bound * np.abs(theirs).max())


@pytest.mark.parametrize("model", ZOO)
def test_evaluation_is_pytorch_s(model):
    (network, _), seen = filled(model), []
    if model == "inception_resnet_v1_facenet":
        network.head.norm.register_forward_hook(lambda module, inputs, output: seen.append(output.numpy()))
    with no_grad():
        close(network.eval()(images(model, 2)).logits.numpy(), STORED[f"{model}/eval"])
    assert bool(seen) == (f"{model}/embedding" in STORED)
    for embedding in seen:
        close(embedding, STORED[f"{model}/embedding"])


@pytest.mark.parametrize("model", ZOO)
def test_a_training_step_is_pytorch_s(model):
    network, names = filled(model)
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    logits = network(images(model, 3)).logits
    loss = cross_entropy(logits, np.arange(3) * 7 % CLASSES)
    loss.backward()
    close(logits.numpy(), STORED[f"{model}/train"])
    close(loss.numpy(), STORED[f"{model}/loss"])
    gradients = {name: to_published(p.grad, grid_of(model, name)) for name, p in network.named_parameters()}
    for kind, found in (("gradients", gradients), ("running", dict(network.named_buffers()))):
        theirs = STORED[f"{model}/{kind}"]
        assert len(found) == len(theirs)
        largest = theirs[:, 0].max(initial=0) if kind == "gradients" else None
        for (name, array), expected in zip(found.items(), theirs, strict=True):
            # of biases before a batch-norm the true gradient is 0: theirs are compared with the largest of the network
            scale = max(expected[0], 1e-6 * largest) if kind == "gradients" else expected[0]
            assert np.abs(digest(names[name], array) - expected).max() <= 1e-9 * scale, name
