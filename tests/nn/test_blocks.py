"""Building blocks: their counts against the tables of the published networks, their results against plain NumPy."""

from collections import Counter
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyinception import nn
from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.tensor import Hook, Tensor, no_grad, observe

plain = partial(nn.ConvUnit, norm=None)
no_gamma = partial(nn.ConvUnit, norm=partial(nn.BatchNorm2d, gamma=False))


class Macs(Hook):
    """Multiply-adds of everything that runs under it."""

    total = 0

    def after(self, op, inputs, output):
        self.total += op.cost(*(None if t is None else t.shape for t in inputs)).macs


def count(build, grid, in_channels):
    """(output shape, weights, biases, batch-norm channels, multiply-adds) of a block without data."""
    with nn.shape_only():
        module = build()
    module.eval()
    macs = Macs()
    with observe(macs):
        shape = module(Tensor.shape_only(1, grid, grid, in_channels)).shape
    sizes = dict.fromkeys(("weight", "bias", "gamma"), 0)
    for name, parameter in module.named_parameters():
        kind = name.rsplit(".", 1)[-1]
        if kind in sizes:
            sizes[kind] += parameter.size
    return "x".join(map(str, shape[1:])), *sizes.values(), macs.total


GOOGLENET = [  # module, grid, input channels, the six widths of Table 1; output, weights, biases, multiply-adds
    ("3a", 28, 192, (64, 96, 128, 16, 32, 32), ("28x28x256", 163_328, 368, 0, 128_049_152)),
    ("3b", 28, 256, (128, 128, 192, 32, 96, 64), ("28x28x480", 388_096, 640, 0, 304_267_264)),
    ("4a", 14, 480, (192, 96, 208, 16, 48, 64), ("14x14x512", 375_552, 624, 0, 73_608_192)),
    ("4b", 14, 512, (160, 112, 224, 24, 64, 64), ("14x14x512", 448_512, 648, 0, 87_908_352)),
    ("4c", 14, 512, (128, 128, 256, 24, 64, 64), ("14x14x512", 509_440, 664, 0, 99_850_240)),
    ("4d", 14, 512, (112, 144, 288, 32, 64, 64), ("14x14x528", 604_672, 704, 0, 118_515_712)),
    ("4e", 14, 528, (256, 160, 320, 32, 128, 128), ("14x14x832", 867_328, 1024, 0, 169_996_288)),
    ("5a", 7, 832, (256, 160, 320, 32, 128, 128), ("7x7x832", 1_042_432, 1024, 0, 51_079_168)),
    ("5b", 7, 832, (384, 192, 384, 48, 128, 128), ("7x7x1024", 1_442_816, 1264, 0, 70_697_984)),
]


@pytest.mark.parametrize(
    ("grid", "channels", "widths", "expected"), [row[1:] for row in GOOGLENET], ids=[row[0] for row in GOOGLENET]
)
def test_googlenet_modules_have_the_published_counts(grid, channels, widths, expected):
    named = dict(zip(("n1", "r3", "n3", "r5", "n5", "pool_proj"), widths, strict=True))
    assert count(lambda: nn.inception(channels, **named, unit=plain), grid, channels) == expected


def v3_factorized(c):
    return partial(nn.inception_factorized, 768, n1=192, single=(c, c, 192), double=(c, c, c, c, 192), pool_proj=192)


def v3_expanded(channels):
    return partial(
        nn.inception_expanded,
        channels,
        n1=320,
        single=[(384, 1)],
        double=[(448, 1), (384, 3)],
        split=384,
        pool_proj=192,
    )


def double3x3(channels, *widths):
    return partial(
        nn.inception_double3x3, channels, **dict(zip(("n1", "r3", "n3", "rd", "nd", "pool_proj"), widths, strict=True))
    )


BATCH_NORM = [  # module, how to build it, grid, input channels; then what `count` returns
    (
        "v3 Mixed_5b",
        partial(nn.inception_35x35, 192, pool_proj=32),
        35,
        192,
        ("35x35x256", 254_976, 0, 464, 312_345_600),
    ),
    (
        "v3 Mixed_5c",
        partial(nn.inception_35x35, 256, pool_proj=64),
        35,
        256,
        ("35x35x288", 276_480, 0, 496, 338_688_000),
    ),
    (
        "v3 Mixed_5d",
        partial(nn.inception_35x35, 288, pool_proj=64),
        35,
        288,
        ("35x35x288", 284_160, 0, 496, 348_096_000),
    ),
    ("v2 fig5_3", double3x3(288, 64, 48, 64, 64, 96, 64), 35, 288, ("35x35x288", 235_008, 0, 496, 287_884_800)),
    (
        "v3 Mixed_6a",
        partial(nn.grid_reduction, 288, [(384, 3)], [(64, 1), (96, 3), (96, 3)]),
        35,
        288,
        ("17x17x768", 1_152_000, 0, 640, 401_937_408),
    ),
    ("v3 Mixed_6b", v3_factorized(128), 17, 768, ("17x17x768", 1_294_336, 0, 1536, 374_063_104)),
    ("v3 Mixed_6c", v3_factorized(160), 17, 768, ("17x17x768", 1_687_552, 0, 1728, 487_702_528)),
    ("v3 Mixed_6e", v3_factorized(192), 17, 768, ("17x17x768", 2_138_112, 0, 1920, 617_914_368)),
    (
        "v3 Mixed_7a",
        partial(nn.grid_reduction, 768, [(192, 1), (320, 3)], [(192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3)]),
        17,
        768,
        ("8x8x1280", 1_695_744, 0, 1280, 291_004_416),
    ),
    ("v3 Mixed_7b", v3_expanded(1280), 8, 1280, ("8x8x2048", 5_038_080, 0, 3264, 322_437_120)),
    ("v3 Mixed_7c", v3_expanded(2048), 8, 2048, ("8x8x2048", 6_070_272, 0, 3264, 388_497_408)),
    ("v3 aux", partial(nn.inception_v3_aux, 768, 1000), 17, 768, ("1000", 3_323_904, 1000, 896, 5_683_200)),
    ("bn 3a", double3x3(192, 64, 64, 64, 64, 96, 32), 28, 192, ("28x28x256", 218_112, 0, 480, 170_999_808)),
    (
        "bn 3c",
        partial(nn.grid_reduction, 320, [(128, 1), (160, 3)], [(64, 1), (96, 3), (96, 3)], padding="same"),
        28,
        320,
        ("14x14x576", 384_000, 0, 544, 143_904_768),
    ),
    (
        "bn 5b",
        partial(double3x3(1024, 352, 192, 320, 192, 224, 128), pool=nn.max_pool),
        7,
        1024,
        ("7x7x1024", 2_276_352, 0, 1632, 111_541_248),
    ),
    ("v4 A", double3x3(384, 96, 64, 96, 64, 96, 96), 35, 384, ("35x35x384", 316_416, 0, 608, 387_609_600)),
    (
        "v4 B",
        partial(
            nn.inception_factorized,
            1024,
            n1=384,
            single=(192, 224, 256),
            double=(192, 192, 224, 224, 256),
            pool_proj=128,
        ),
        17,
        1024,
        ("17x17x1024", 2_931_712, 0, 2272, 847_264_768),
    ),
    (
        "v4 C",
        partial(
            nn.inception_expanded,
            1536,
            n1=256,
            single=[(384, 1)],
            double=[(384, 1), (448, (3, 1)), (512, (1, 3))],
            split=256,
            pool_proj=256,
        ),
        8,
        1536,
        ("8x8x1536", 4_546_560, 0, 3264, 290_979_840),
    ),
    (
        "irv1 block35",
        partial(nn.inception_resnet_a, 256, double=(32, 32, 32)),
        35,
        256,
        ("35x35x256", 76_800, 256, 192, 94_080_000),
    ),
    (
        "irv1 block17",
        partial(nn.inception_resnet_b, 896, n1=128, single=(128, 128, 128)),
        17,
        896,
        ("17x17x896", 688_128, 896, 512, 198_868_992),
    ),
    (
        "irv1 block8",
        partial(nn.inception_resnet_c, 1792, single=(192, 192, 192)),
        8,
        1792,
        ("8x8x1792", 1_597_440, 1792, 768, 102_236_160),
    ),
    (
        "irv2 Mixed_5b",
        partial(nn.inception_35x35, 192, n1=96, pool_proj=64),
        35,
        192,
        ("35x35x320", 267_264, 0, 528, 327_398_400),
    ),
    ("irv2 block35", partial(nn.inception_resnet_a, 320), 35, 320, ("35x35x320", 122_368, 320, 240, 149_900_800)),
    ("irv2 block17", partial(nn.inception_resnet_b, 1088), 17, 1088, ("17x17x1088", 1_124_352, 1088, 672, 324_937_728)),
    (
        "irv2 Mixed_7a",
        partial(nn.grid_reduction, 1088, [(256, 1), (384, 3)], [(256, 1), (288, 3)], [(256, 1), (288, 3), (320, 3)]),
        17,
        1088,
        ("8x8x2080", 3_876_864, 0, 2048, 585_424_896),
    ),
    ("irv2 block8", partial(nn.inception_resnet_c, 2080), 8, 2080, ("8x8x2080", 2_031_616, 2080, 864, 130_023_424)),
]


@pytest.mark.parametrize(
    ("build", "grid", "channels", "expected"), [row[1:] for row in BATCH_NORM], ids=[row[0] for row in BATCH_NORM]
)
def test_modules_with_batch_norm_have_the_published_counts(build, grid, channels, expected):
    assert count(build, grid, channels) == expected


@pytest.mark.parametrize(
    ("channels", "expected"),
    [(512, ("1000", 3_186_688, 2152, 0, 4_169_728)), (528, ("1000", 3_188_736, 2152, 0, 4_202_496))],
)
def test_googlenet_auxiliary_classifiers_have_the_published_counts(channels, expected):
    assert count(lambda: nn.googlenet_aux(channels, 1000, unit=plain), 14, channels) == expected


def test_auxiliary_classifiers_fit_small_grids_through_their_pooling():
    head = nn.googlenet_aux(6, 3, pool=nn.AvgPool2d(2), grid=2, width=4, hidden=5)
    assert head(Tensor.shape_only(2, 4, 4, 6)).shape == (2, 3)
    with pytest.raises(ShapeError, match="Linear in hidden"):
        head(Tensor.shape_only(2, 8, 8, 6))
    for grid in (5, 9):  # a larger grid is averaged
        head = nn.inception_v3_aux(6, 3, pool=nn.AvgPool2d(3, stride=1), width=4, kernel_size=3, features=5)
        assert head(Tensor.shape_only(2, grid, grid, 6)).shape == (2, 3)


def test_two_ways_to_reduce_a_grid_cost_as_in_section_4():
    """320 channels at 34x34 to 640 at 17x17: 2 (d/2)^2 k^2 against 2 d^2 k^2."""
    *_, cheap = count(lambda: nn.pool_then_conv(320, 640, padding="same"), 34, 320)
    *_, dear = count(lambda: nn.conv_then_pool(320, 640, padding="same"), 34, 320)
    assert (cheap, dear) == (2 * 17**2 * 320**2, 2 * 34**2 * 320**2)
    shape, *_, full = count(lambda: nn.conv_then_pool(288, 768, kernel_size=3), 35, 288)
    assert (shape, full) == ("17x17x768", 35**2 * 9 * 288 * 768)  # 6.07 times what Mixed_6a costs


SMALL = {
    "naive_inception": partial(nn.naive_inception, 3, n1=2, n3=3, n5=4),
    "inception": partial(nn.inception, 3, n1=2, r3=3, n3=4, r5=1, n5=2, pool_proj=3),
    "inception_double3x3": partial(nn.inception_double3x3, 3, n1=2, r3=3, n3=4, rd=1, nd=2, pool_proj=3),
    "inception_35x35": partial(nn.inception_35x35, 3, n1=2, r5=3, n5=4, rd=1, nd=2, pool_proj=3),
    "inception_factorized": partial(
        nn.inception_factorized, 3, n=5, n1=2, single=(1, 2, 3), double=(1, 2, 3, 4, 5), pool_proj=2
    ),
    "inception_expanded": partial(
        nn.inception_expanded, 3, n1=2, single=[(2, 1)], double=[(1, 1), (3, 3)], split=2, pool_proj=3
    ),
    "grid_reduction": partial(nn.grid_reduction, 3, [(2, 3)], [(1, 1), (2, 3), (4, 3)]),
    "pool_then_conv": partial(nn.pool_then_conv, 3, 6),
    "conv_then_pool": partial(nn.conv_then_pool, 3, 6),
    "inception_resnet_a": partial(nn.inception_resnet_a, 3, n1=2, single=(1, 2), double=(1, 2, 3)),
    "inception_resnet_b": partial(nn.inception_resnet_b, 3, n1=2, single=(1, 2, 3)),
    "inception_resnet_c": partial(nn.inception_resnet_c, 3, n1=2, single=(1, 2, 3), relu=False),
}
REDUCING = {"grid_reduction", "pool_then_conv", "conv_then_pool"}


@pytest.mark.parametrize("name", SMALL)
@given(height=st.integers(3, 20), width=st.integers(3, 20), batch=st.integers(1, 3))
@settings(max_examples=15, deadline=None, derandomize=True)
def test_every_block_keeps_or_halves_any_grid_and_states_its_channels(name, height, width, batch):
    with nn.shape_only():
        block = SMALL[name]().eval()
    grid = ((height - 3) // 2 + 1, (width - 3) // 2 + 1) if name in REDUCING else (height, width)
    x = Tensor.shape_only(batch, height, width, 3)
    assert block(x).shape == (batch, *grid, nn.channels_after(block, 3))


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("unit", [nn.ConvUnit, plain, no_gamma], ids=["batch-norm", "plain", "no gamma"])
def test_every_block_runs_and_reaches_all_its_parameters(name, unit):
    nn.random.manual_seed(1)
    block = SMALL[name](unit=unit)
    kinds = {parameter_name.rsplit(".", 1)[-1] for parameter_name, _ in block.named_parameters()}
    assert ("gamma" in kinds) == (unit is nn.ConvUnit)
    assert ("beta" in kinds) == (unit is not plain)
    rng = np.random.default_rng(0)
    y = block(Tensor(rng.standard_normal((2, 7, 7, 3)).astype(np.float32)))
    y.backward(rng.standard_normal(y.shape).astype(np.float32))
    for parameter_name, parameter in block.named_parameters():
        assert np.abs(parameter.grad).max() > 0, parameter_name


@pytest.mark.parametrize("norm", [None, nn.BatchNorm2d])
@pytest.mark.parametrize("relu", [True, False])
def test_a_unit_is_convolution_then_norm_then_relu(norm, relu):
    unit = nn.ConvUnit(3, 4, 3, stride=2, norm=norm, relu=relu)
    assert (unit.conv.bias is None) == (norm is not None)
    x = Tensor(np.random.default_rng(0).standard_normal((2, 6, 6, 3)).astype(np.float32))
    expected = unit.conv(x).numpy()
    if norm is not None:
        expected = (expected - expected.mean((0, 1, 2))) / np.sqrt(expected.var((0, 1, 2)) + 1e-3)
    expected = np.maximum(expected, 0) if relu else expected
    np.testing.assert_allclose(unit(x).numpy(), expected, rtol=1e-4, atol=1e-5)


def test_a_unit_may_keep_its_bias_beside_a_norm():
    assert nn.ConvUnit(3, 4, 3, bias=True).conv.bias.shape == (4,)


def test_a_chain_strides_in_its_last_step_only():
    path = nn.chain(3, [(4, 1), (5, (1, 7)), (6, 3)], stride=2, padding="valid")
    assert [name for name, _ in path.named_children()] == ["conv1_1x1", "conv2_1x7", "conv3_3x3"]
    assert [unit.conv.stride for unit in path] == [(1, 1), (1, 1), (2, 2)]
    assert [unit.conv.padding for unit in path] == ["same", "same", "valid"]
    assert path(Tensor.shape_only(1, 9, 9, 3)).shape == (1, 4, 4, 6)


def test_factorised_kernels_alternate_as_in_the_released_v3():
    block = nn.inception_factorized(3, n=7, n1=1, single=(1, 1, 1), double=(1, 1, 1, 1, 1), pool_proj=1)
    assert [unit.conv.kernel_size for unit in block.single] == [(1, 1), (1, 7), (7, 1)]
    assert [unit.conv.kernel_size for unit in block.double] == [(1, 1), (7, 1), (1, 7), (7, 1), (1, 7)]
    block = SMALL["inception_expanded"]()
    assert [unit.conv.kernel_size for unit in block.single.split] == [(1, 3), (3, 1)]
    assert [unit.conv.kernel_size for unit in block.double.split] == [(1, 3), (3, 1)]


def test_pooling_kind_of_the_pooling_branch():
    x = np.random.default_rng(0).standard_normal((1, 3, 3, 2)).astype(np.float32)
    naive = nn.naive_inception(2, n1=1, n3=1, n5=1)(Tensor(x)).numpy()
    np.testing.assert_array_equal(naive[0, 1, 1, 3:], x.max((0, 1, 2)))
    block = nn.inception_double3x3(2, n1=1, r3=1, n3=1, rd=1, nd=1, pool_proj=2)
    corner = block.pool.pool(Tensor(x)).numpy()[0, 0, 0]
    np.testing.assert_allclose(corner, x[0, :2, :2].mean((0, 1)), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("scale", "relu"), [(0.17, True), (1.0, False)])
def test_a_residual_block_adds_its_scaled_branches(scale, relu):
    block = nn.ResidualInception(3, {"one": [(2, 1)], "three": [(2, 1), (4, 3)]}, scale=scale, relu=relu).eval()
    block.up.bias.data[...] = [0.5, -1.0, 2.0]
    x = np.random.default_rng(0).standard_normal((2, 5, 5, 3)).astype(np.float32)
    joined = np.concatenate([block.branches.one(Tensor(x)).numpy(), block.branches.three(Tensor(x)).numpy()], -1)
    expected = x + scale * (joined @ block.up.weight.data[0, 0] + block.up.bias.data)
    expected = np.maximum(expected, 0) if relu else expected
    np.testing.assert_allclose(block(Tensor(x)).numpy(), expected, rtol=1e-4, atol=1e-5)


def test_a_residual_block_without_scale_is_refused():
    with pytest.raises(ArgumentError, match=r"scale must be a number in \(0, inf\), got 0"):
        nn.ResidualInception(3, {"one": [(2, 1)]}, scale=0)


def test_widths_of_the_wrong_number_are_refused():
    with pytest.raises(ArgumentError, match=r"inception_factorized: single needs 3 widths.*\(1, 2\)"):
        nn.inception_factorized(3, n1=1, single=(1, 2), double=(1, 1, 1, 1, 1), pool_proj=1)


def test_batch_norm_after_batch_norm_takes_the_statistics_of_its_own_input():
    """A unit's convolution leaves the moments of its result, which are not those of what the unit puts out."""
    nn.random.manual_seed(0)
    unit, norm = nn.ConvUnit(8, 16, 3), nn.BatchNorm2d(16, eps=1e-9)
    x = np.random.default_rng(0).standard_normal((4, 6, 6, 8))
    unit, norm = unit.to(np.float64), norm.to(np.float64)
    y = norm(unit(Tensor(x))).numpy()
    np.testing.assert_allclose(y.mean((0, 1, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(y.std((0, 1, 2)), 1, rtol=1e-6)


@pytest.mark.parametrize("hooks", [[], [Hook()]])
def test_a_second_backward_through_a_kept_graph_finds_nothing_of_the_first(hooks):
    nn.random.manual_seed(0)
    module = nn.inception(8, n1=8, r3=8, n3=8, r5=8, n5=16, pool_proj=8)
    rng = np.random.default_rng(0)
    x = Tensor(rng.standard_normal((2, 6, 6, 8)).astype(np.float32), requires_grad=True)
    y = module(x * 1.0)
    loss = (y * Tensor(rng.standard_normal(y.shape).astype(np.float32))).sum()
    loss.backward(retain_graph=True)
    first, x.grad = x.grad.copy(), None
    with observe(*hooks):
        loss.backward()
    assert x.grad.tobytes() == first.tobytes()


def test_evaluation_is_the_same_bits_whether_watched_or_not():
    """Unwatched, batch-norm is the end of the convolution; a hook sees two operations, and so does a module's."""
    nn.random.manual_seed(0)
    module = nn.inception(8, n1=8, r3=8, n3=8, r5=8, n5=16, pool_proj=8)
    x = Tensor(np.random.default_rng(0).standard_normal((2, 6, 6, 8)).astype(np.float32))
    module(x)  # running statistics that are not 0 and 1
    module.eval()
    recorded = module(x).numpy()
    counts = Counter()

    class Count(Hook):
        def after(self, op, inputs, output):
            counts[op.name] += 1

    with no_grad():
        fused = module(x).numpy()
        with observe(Count()):
            watched = module(x).numpy()
        seen = []
        unit = next(m for m in module.modules() if isinstance(m, nn.ConvUnit))
        remove = unit.conv.register_forward_hook(lambda *_: seen.append(_[2]))
        hooked = module(x).numpy()
        remove()
    assert counts["Conv2d"] == counts["BatchNorm"] == 6
    assert len(seen) == 1
    assert (seen[0].numpy() < 0).any()  # not yet through the ReLU
    for other in (fused, watched, hooked):
        assert other.tobytes() == recorded.tobytes()


def test_gradients_are_the_same_bits_whether_watched_or_not():
    """Unwatched, convolutions add to the sums of others and batch-norm overwrites the gradient it was given."""
    found = []
    for hooks in ([], [Hook()]):
        nn.random.manual_seed(0)
        module = nn.inception(8, n1=8, r3=8, n3=8, r5=8, n5=16, pool_proj=8)
        x = Tensor(np.random.default_rng(0).standard_normal((2, 6, 6, 8)).astype(np.float32), requires_grad=True)
        with observe(*hooks):
            y = module(x)
            ((y + y) * module(x)).sum().backward()
        found.append([x.grad, *(parameter.grad for parameter in module.parameters())])
    for one, other in zip(*found, strict=True):
        assert one.tobytes() == other.tobytes()
