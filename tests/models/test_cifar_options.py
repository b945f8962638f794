"""Options of the CIFAR-scale networks, which the papers' ablations change: what each changes, and what it does not."""

import pytest

from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.errors import ArgumentError
from tinyinception.tensor import Tensor

WIDE = [
    "inception_cifar", "googlenet_cifar", "inception_resnet_cifar", "inception_v4_cifar", "plain_cifar",
    "plain_deep_cifar", "nin_cifar",
]  # fmt: skip


def build(name, **options):
    with nn.shape_only():
        return models.build(name, num_classes=10, **options)


def macs(name, **options):
    return summary(build(name, **options), 32).macs


@pytest.mark.parametrize("name", WIDE)
def test_twice_the_width_is_about_four_times_the_cost(name):
    one, two = macs(name), macs(name, width=2)
    assert 3.3 < two / one < 4
    assert macs(name, width=1.0) == one
    shapes = [p.shape for p in build(name).parameters()], [p.shape for p in build(name, width=0.5).parameters()]
    assert len(shapes[0]) == len(shapes[1])
    with pytest.raises(ArgumentError, match=r"width must be a number in \(0, 64\], got 0"):
        build(name, width=0)


def test_a_new_network_costs_what_the_default_one_costs():
    assert macs("inception_v4_cifar") == pytest.approx(macs("inception_cifar"), rel=0.01)


def test_two_3x3_may_be_wider_between_or_linear_there():
    """25 multiply-adds a pixel and pair of channels are 2 x 9 x 25/18; the rest of the network is the same."""
    wide = macs("double_3x3_cifar", middle=25 / 18)
    assert wide == pytest.approx(macs("single_5x5_cifar"), rel=0.002)
    network = build("double_3x3_cifar", linear=True)
    for grid in (network.grid_16, network.grid_8):
        assert [one.norm.relu for one in (grid["conv1_3x3"], grid["conv2_3x3"])] == [False, True]
    assert [p.shape for p in network.parameters()] == [p.shape for p in build("double_3x3_cifar").parameters()]


def test_a_1x3_and_a_3x1_stand_for_each_3x3_of_one_grid():
    usual, there = build("plain_cifar"), build("plain_cifar", asymmetric="grid_8")
    kernels = [p.shape[:2] for p in there.grid_8.parameters() if p.ndim == 4]
    assert kernels == [(1, 3), (3, 1)] * 2
    for stage in ("stem", "grid_16", "grid_4"):
        ours, theirs = getattr(there, stage), getattr(usual, stage)
        assert [p.shape for p in ours.parameters()] == [p.shape for p in theirs.parameters()]


@pytest.mark.parametrize("reduction", ["pool_first", "conv_first"])
def test_grids_may_be_halved_in_a_row_to_as_many_channels(reduction):
    usual, other = build("inception_cifar"), build("inception_cifar", reduction=reduction)
    for stage in ("mixed_8a", "mixed_4"):
        ours, theirs = getattr(other, stage), getattr(usual, stage)
        assert [p.shape for p in ours.parameters()] == [p.shape for p in theirs.parameters()]


def test_auxiliary_classifiers_of_three_kinds():
    x = Tensor.shape_only(2, 32, 32, 3)
    assert [len(build("inception_cifar", aux=kind)(x).aux) for kind in ("batch_norm", "googlenet", "none")] == [1, 1, 0]
    assert build("inception_cifar", aux="none").aux_weight == 0
    old = build("inception_cifar", aux="googlenet").aux_mixed_8b
    assert not list(old.named_buffers())  # no batch-norm
    assert old.dropout.p == 0.7


def test_without_batch_norm_there_is_none_and_with_it_there_is():
    assert not list(build("googlenet_cifar", norm=False).named_buffers())
    assert list(build("nin_cifar", norm=True).named_buffers())


def test_without_residual_connections_blocks_cost_the_same_and_add_nothing():
    usual, other = build("inception_resnet_cifar"), build("inception_resnet_cifar", residual=False)
    assert summary(usual, 32).macs == summary(other, 32).macs
    assert sum(isinstance(one, nn.ResidualInception) for one in usual.modules()) == 6
    assert not any(isinstance(one, nn.ResidualInception) for one in other.modules())


def test_fewer_pixels_cost_the_same_and_reach_the_same_grid():
    assert len({macs("resolution_cifar", pixels=pixels) for pixels in (32, 16, 8)}) == 1
    x = Tensor.shape_only(2, 32, 32, 3)
    assert {build("resolution_cifar", pixels=pixels).stem(x).shape for pixels in (32, 16, 8)} == {(2, 8, 8, 32)}


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("inception_cifar", {"stem": "5x5"}, "unknown stem of inception_cifar '5x5'"),
        ("inception_cifar", {"aux": "batchnorm"}, "did you mean 'batch_norm'"),
        ("inception_cifar", {"reduction": "none"}, "unknown reduction of inception_cifar"),
        ("plain_cifar", {"asymmetric": "grid_32"}, "did you mean 'grid_"),
        ("resolution_cifar", {"pixels": 24}, "pixels must be 32, 16 or 8, got 24"),
        ("double_3x3_cifar", {"middle": 0.0}, "double_3x3_cifar: middle must be"),
    ],
)
def test_what_there_is_not_is_refused(name, options, told):
    with pytest.raises(ArgumentError, match=told):
        build(name, **options)
