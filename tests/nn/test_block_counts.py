"""Counts of the building blocks against the tables of the published networks."""

from functools import partial

import pytest

from tinyinception import nn
from tinyinception.tensor import Hook, Tensor, observe

plain = partial(nn.ConvUnit, norm=None)


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


def test_two_ways_to_reduce_a_grid_cost_as_in_section_4():
    """320 channels at 34x34 to 640 at 17x17: 2 (d/2)^2 k^2 against 2 d^2 k^2."""
    *_, cheap = count(lambda: nn.pool_then_conv(320, 640, padding="same"), 34, 320)
    *_, dear = count(lambda: nn.conv_then_pool(320, 640, padding="same"), 34, 320)
    assert (cheap, dear) == (2 * 17**2 * 320**2, 2 * 34**2 * 320**2)
    shape, *_, full = count(lambda: nn.conv_then_pool(288, 768, kernel_size=3), 35, 288)
    assert (shape, full) == ("17x17x768", 35**2 * 9 * 288 * 768)  # 6.07 times what Mixed_6a costs
