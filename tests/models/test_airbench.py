"""The networks of the fast recipes: layer by layer, what PyTorch computes with the same weights, and their costs."""

import numpy as np
import pytest

from tests.helpers.places import FIXTURES
from tinyinception import models, nn
from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.nn.functional import cross_entropy
from tinyinception.tensor import Hook, Tensor, observe

STORED = dict(np.load(FIXTURES / "airbench.npz"))
FAST = ("airbench_cifar", "inception_fast_cifar")

# kernel, channels in and out, side of the grid: of airbench94_muon.py, typed from its classes
AIRBENCH = [
    (2, 3, 24, 31),
    (3, 24, 64, 31),
    (3, 64, 64, 15),
    (3, 64, 256, 15),
    (3, 256, 256, 7),
    (3, 256, 256, 7),
    (3, 256, 256, 3),
]
# each 3x3 is one of half the width, and a row of two with fewer channels between them
INCEPTION = AIRBENCH[:1] + [
    layer
    for (kernel, before, after, side), between in zip(AIRBENCH[1:], (16, 16, 48, 80, 80, 80), strict=True)
    for layer in (
        (kernel, before, after // 2, side),
        (kernel, before, between, side),
        (kernel, between, after // 2, side),
    )
]


class Layers(Hook):
    """Kernel, channels and grid of each convolution, and what all operations cost."""

    def __init__(self):
        self.convolutions, self.macs = [], 0

    def after(self, node, inputs, output):
        self.macs += node.op.cost(*node.shapes).macs
        if node.op.name == "Conv2d":
            height, _, before, after = inputs[1].shape
            self.convolutions.append((height, before, after, output.shape[1]))


def build(name, **options):
    with nn.shape_only():
        return models.build(name, **options)


def layers(name, **options):
    hook = Layers()
    with observe(hook):
        build(name, **options).eval()(Tensor.shape_only(1, 32, 32, 3))
    return hook


@pytest.mark.parametrize(("name", "table"), list(zip(FAST, (AIRBENCH, INCEPTION), strict=True)))
def test_the_layers_are_those_of_the_table(name, table):
    found = layers(name)
    assert found.convolutions == table
    assert found.macs == sum(k * k * cin * cout * side**2 for k, cin, cout, side in table) + 256 * 10
    betas = 2 * (64 + 256 + 256) + (name != "airbench_cifar") * sum((16, 16, 48, 80, 80, 80))
    weights = sum(k * k * cin * cout for k, cin, cout, _ in table) + 24 + 256 * 10 + betas
    assert sum(parameter.size for parameter in build(name).parameters()) == weights


def test_both_cost_the_same_nearly_all_of_it_in_3x3_of_stride_1():
    one, other = (layers(name).macs for name in FAST)
    assert other == pytest.approx(one, rel=0.01)
    assert 115e6 < one < 125e6
    assert sum(p.size for p in build("airbench_cifar").parameters()) == pytest.approx(1.97e6, rel=0.002)


def test_options_change_widths_kernels_and_activations():
    found = layers("airbench_cifar", widths=(32, 48, 64), kernel_size=3).convolutions
    assert found[:2] == [(3, 3, 54, 30), (3, 54, 32, 30)]
    assert [cout for _, _, cout, _ in found[1:]] == [32, 32, 48, 48, 64, 64]
    assert layers("inception_fast_cifar", reduce=(8,) * 6).macs < layers("inception_fast_cifar").macs
    for name, table in zip(FAST, (AIRBENCH, INCEPTION), strict=True):
        each = (len(table) - 1) // 6  # convolutions of a 3x3's place
        deeper, shallow = layers(name, depth=3).convolutions, layers(name, depth=1).convolutions
        for group in range(3):
            begin, second = 1 + 2 * each * group, table[1 + each * (2 * group + 1) : 1 + 2 * each * (group + 1)]
            assert deeper[1 + 3 * each * group :][: 3 * each] == table[begin : begin + 2 * each] + second
            assert shallow[1 + each * group :][:each] == table[begin : begin + each]
    for activation, there, gone in (("gelu", nn.GELU, nn.ReLU), ("relu", nn.ReLU, nn.GELU)):
        kinds = [type(module) for name in FAST for module in build(name, activation=activation).modules()]
        assert there in kinds
        assert gone not in kinds


@pytest.mark.parametrize("name", FAST)
def test_any_classes_channels_and_sizes_and_errors_for_what_cannot_be(name):
    network = build(name, num_classes=100, channels=1)
    for height, width in ((28, 28), (37, 45), (network.smallest, network.smallest)):
        assert network(Tensor.shape_only(2, height, width, 1)).logits.shape == (2, 100)
    with pytest.raises(ShapeError, match="images must be at least 25x25"):
        network(Tensor.shape_only(2, 24, 24, 1))
    for options, told in (
        ({"activation": "swish"}, "unknown activation 'swish'"),
        ({"widths": (1, 2)}, "widths must be as many numbers as by default"),
        ({"widths": (0, 2, 2)}, "out_channels must be"),
        ({"kernel_size": 0}, "kernel_size"),
        ({"depth": 0}, "depth must be"),
        ({"scale": "a"}, "scale must be a number"),
    ):
        with pytest.raises(ArgumentError, match=told):
            models.build(name, **options)


def test_the_first_channels_are_handed_on():
    weight = models.build("airbench_cifar").group1.conv1.weight.numpy()
    same = weight[..., :24].copy()
    np.testing.assert_array_equal(same[1, 1], np.eye(24))
    same[1, 1] = 0
    assert not same.any()
    assert 0 < np.abs(weight[..., 24:]).max() <= 1 / np.sqrt(9 * 24)


def test_a_training_step_and_evaluation_are_pytorch_s():
    network = models.build("airbench_cifar", widths=(4, 6, 5)).to(np.float64)
    state = network.state_dict()
    state |= {name.removeprefix("weights/"): a for name, a in STORED.items() if name.startswith("weights/")}
    network.load_state_dict(state)
    images = Tensor(STORED["images"])
    logits = network(images).logits
    np.testing.assert_allclose(logits.numpy(), STORED["train/logits"], rtol=1e-9, atol=1e-12)
    cross_entropy(logits, STORED["labels"], label_smoothing=0.2).backward()
    for name, parameter in network.named_parameters():
        np.testing.assert_allclose(parameter.grad, STORED[f"gradients/{name}"], rtol=1e-7, atol=1e-11, err_msg=name)
    np.testing.assert_allclose(network.eval()(images).logits.numpy(), STORED["eval/logits"], rtol=1e-9, atol=1e-12)
