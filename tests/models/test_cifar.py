"""The CIFAR-scale networks: their budgets, their shapes for any classes and channels, the errors of building them."""

from functools import partial

import numpy as np
import pytest

from tinyinception import models, nn
from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.models.network import Network
from tinyinception.nn.functional import cross_entropy
from tinyinception.tensor import Hook, Tensor, observe

CIFAR = [
    "inception_cifar",
    "googlenet_cifar",
    "inception_resnet_cifar",
    "plain_cifar",
    "plain_deep_cifar",
    "single_5x5_cifar",
    "double_3x3_cifar",
]


class Macs(Hook):
    """Multiply-adds by stage."""

    def __init__(self):
        self.by_path = {}

    def after(self, node, inputs, output):
        stage = node.path.split(".")[0]
        cost = node.op.cost(*node.shapes)
        self.by_path[stage] = self.by_path.get(stage, 0) + cost.macs


def build(name, **options):
    with nn.shape_only():
        return models.build(name, **options)


def macs(name):
    """Multiply-adds per image in evaluation, by stage."""
    hook = Macs()
    with observe(hook):
        build(name).eval()(Tensor.shape_only(1, 32, 32, 3))
    return hook.by_path


def test_every_network_is_listed_the_default_first():
    assert models.names()[: len(CIFAR)] == CIFAR
    for name in CIFAR:
        assert models.info(name).input_size == (32, 32)
        assert models.info(name).num_classes == 10
        assert models.info(name).description


@pytest.mark.parametrize("name", CIFAR)
def test_multiply_adds_stay_within_the_budget(name):
    assert 10e6 <= sum(macs(name).values()) <= 40e6


@pytest.mark.parametrize("name", ["plain_cifar", "plain_deep_cifar", "googlenet_cifar", "inception_resnet_cifar"])
def test_networks_to_be_compared_cost_the_same(name):
    assert sum(macs(name).values()) == pytest.approx(sum(macs("inception_cifar").values()), rel=0.03)


def test_the_pair_differs_only_where_5x5_became_two_3x3():
    one, two = macs("single_5x5_cifar"), macs("double_3x3_cifar")
    assert one.keys() == two.keys()
    for stage, cost in one.items():
        compared = stage in ("grid_16", "grid_8")
        assert two[stage] * 25 == cost * (18 if compared else 25)


@pytest.mark.parametrize("classes", [1, 10, 100])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", CIFAR)
def test_logits_and_auxiliary_logits_have_the_class_count(name, channels, classes):
    network = build(name, num_classes=classes, channels=channels)
    x = Tensor.shape_only(2, 32, 32, channels)
    training, evaluation = network(x), network.eval()(x)
    assert isinstance(training, nn.Output)
    assert isinstance(evaluation, nn.Output)
    assert training.logits.shape == evaluation.logits.shape == (2, classes)
    assert [aux.shape for aux in training.aux] == [(2, classes)] * (network.aux_weight > 0)
    assert evaluation.aux == ()


@pytest.mark.parametrize("name", CIFAR)
def test_images_of_other_sizes_run_and_other_shapes_are_refused(name):
    network = build(name)
    for height, width in ((network.smallest, network.smallest), (28, 28), (37, 45)):
        assert network(Tensor.shape_only(2, height, width, 3)).logits.shape == (2, 10)
    for shape in ((0, 32, 32, 3), (2, 32, 32, 1), (32, 32, 3)):
        with pytest.raises(ShapeError, match=f"N x H x W x 3 .* at least 1, got {'x'.join(map(str, shape))}"):
            network(Tensor.shape_only(*shape))


@pytest.mark.parametrize("name", ["inception_cifar", "inception_resnet_cifar"])
def test_a_training_step_reaches_every_parameter_and_lowers_the_loss(name):
    nn.random.manual_seed(0)
    network = models.build(name, num_classes=4, channels=1, dropout=0.0)
    x = Tensor(np.random.default_rng(0).standard_normal((8, 32, 32, 1)).astype(np.float32))
    labels = np.arange(8) % 4

    def loss():
        output = network(x)
        main = cross_entropy(output.logits, labels)
        return sum((cross_entropy(aux, labels) * network.aux_weight for aux in output.aux), main)

    before = loss()
    before.backward()
    for parameter_name, parameter in network.named_parameters():
        assert np.isfinite(parameter.grad).all(), parameter_name
        assert np.abs(parameter.grad).max() > 0, parameter_name
        parameter.data -= 0.01 * parameter.grad
    assert loss().item() < before.item()


def test_the_seed_fixes_the_weights_and_the_state_moves_to_another_network():
    def fresh(seed):
        nn.random.manual_seed(seed)
        return models.build("googlenet_cifar")

    one, same, other = (fresh(seed).state_dict() for seed in (0, 0, 1))
    assert all(np.array_equal(one[name], same[name]) for name in one)
    assert not np.array_equal(one["stem.conv.conv.weight"], other["stem.conv.conv.weight"])
    network = fresh(1)
    network.load_state_dict(one)
    assert all(np.array_equal(array, one[name]) for name, array in network.state_dict().items())


def test_networks_are_built_from_the_unit_they_are_given():
    network = build("inception_cifar", unit=partial(nn.ConvUnit, norm=None))
    assert not list(network.named_buffers())
    assert network.stem.conv1.conv.bias is not None


def test_default_widths_suit_the_kernels():
    for name, parameter in build("inception_cifar").named_parameters():
        if name.endswith("conv.weight"):
            assert parameter.shape[-1] % 16 == 0, name


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("inception_cifa", {}, "unknown model 'inception_cifa'; did you mean 'inception_cifar'"),
        (
            "inception_cifar",
            {"depth": 3},
            "there is no depth; it takes by name num_classes, channels, dropout, .* and unit",
        ),
        ("plain_cifar", {"num_classes": 0}, "plain_cifar: num_classes must be a whole number of at least 1, got 0"),
        ("plain_cifar", {"channels": 2.0}, "plain_cifar: channels must be .* got 2.0"),
        ("plain_cifar", {"dropout": 1.0}, "Dropout: p"),
    ],
)
def test_wrong_names_and_options_are_refused(name, options, told):
    with pytest.raises(ArgumentError, match=told):
        models.build(name, **options)


def test_an_auxiliary_classifier_needs_its_stage():
    with pytest.raises(ArgumentError, match="unknown stages: b"):
        Network({"a": nn.ReLU()}, channels=3, input_size=1, aux={"b": nn.ReLU()})


def test_auxiliary_classifiers_are_on_the_way_and_do_not_change_it():
    class Times(nn.Module):
        def __init__(self, factor):
            self.factor = factor

        def forward(self, x):
            return x * self.factor

    network = Network(
        {"a": Times(2.0), "b": Times(3.0)}, channels=1, input_size=1, aux={"a": Times(10.0), "b": Times(100.0)}
    )
    x = Tensor(np.ones((1, 1, 1, 1), np.float32))
    output = network(x)
    assert (output.logits.item(), *(aux.item() for aux in output.aux)) == (6, 20, 600)
    assert network.eval()(x).logits.item() == 6
