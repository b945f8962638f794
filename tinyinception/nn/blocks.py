"""The Inception modules of the papers, each under the figure that draws it.

Widths are arguments. `unit` builds every convolution and `pool` the pooling branch's first layer, so that a module with
and without batch-norm, or with another pooling, is the same module. All return Branches with `out_channels`.
"""

from __future__ import annotations

from tinyinception.habits import named
from tinyinception.nn.containers import Branches, Sequential
from tinyinception.nn.functional import Padding
from tinyinception.nn.layers import MaxPool2d
from tinyinception.nn.module import Module
from tinyinception.nn.units import ConvUnit, Path, Pool, Unit, avg_pool, block, chain, max_pool, pooled, steps


@named
def naive_inception(
    in_channels: int, *, n1: int, n3: int, n5: int, pool: Pool = max_pool, unit: Unit = ConvUnit
) -> Branches:
    """1x1, 3x3, 5x5 and pooling side by side, nothing reduced (Going Deeper, Fig. 2a).

    The pooling branch passes all input channels on, so modules of this kind can only grow.
    """
    return block(
        in_channels,
        {
            "one": unit(in_channels, n1, 1),
            "three": unit(in_channels, n3, 3),
            "five": unit(in_channels, n5, 5),
            "pool": pooled(in_channels, None, pool, unit),
        },
    )


@named
def inception(
    in_channels: int,
    *,
    n1: int,
    r3: int,
    n3: int,
    r5: int,
    n5: int,
    pool_proj: int,
    five: int = 5,
    pool: Pool = max_pool,
    unit: Unit = ConvUnit,
) -> Branches:
    """1x1 reductions before the 3x3 and the 5x5, a projection after the pooling (Going Deeper, Fig. 2b; GoogLeNet).

    Widths in the order of Table 1's columns: #1x1, #3x3 reduce, #3x3, #5x5 reduce, #5x5, pool proj. five: the kernel of
    the "5x5"; TF-slim's and TorchVision's is 3.
    """
    return block(
        in_channels,
        {
            "one": unit(in_channels, n1, 1),
            "three": chain(in_channels, [(r3, 1), (n3, 3)], unit=unit),
            "five": chain(in_channels, [(r5, 1), (n5, five)], unit=unit),
            "pool": pooled(in_channels, pool_proj, pool, unit),
        },
    )


@named
def inception_double3x3(
    in_channels: int,
    *,
    n1: int,
    r3: int,
    n3: int,
    rd: int,
    nd: int,
    pool_proj: int,
    pool: Pool = avg_pool,
    unit: Unit = ConvUnit,
) -> Branches:
    """Two 3x3 in place of the 5x5 (Rethinking, Fig. 5; BN-Inception, Fig. 5, where rd and nd are "double #3x3")."""
    return block(
        in_channels,
        {
            "one": unit(in_channels, n1, 1),
            "three": chain(in_channels, [(r3, 1), (n3, 3)], unit=unit),
            "double": chain(in_channels, [(rd, 1), (nd, 3), (nd, 3)], unit=unit),
            "pool": pooled(in_channels, pool_proj, pool, unit),
        },
    )


@named
def inception_35x35(
    in_channels: int,
    *,
    n1: int = 64,
    r5: int = 48,
    n5: int = 64,
    rd: int = 64,
    nd: int = 96,
    pool_proj: int,
    pool: Pool = avg_pool,
    unit: Unit = ConvUnit,
) -> Branches:
    """The module that the released Inception-v3 has at 35x35: a 5x5 branch beside the double 3x3.

    The defaults are v3's Mixed_5b to 5d, with pool_proj 32, 64, 64; Inception-ResNet-v2's Mixed_5b has n1=96.
    """
    return block(
        in_channels,
        {
            "one": unit(in_channels, n1, 1),
            "five": chain(in_channels, [(r5, 1), (n5, 5)], unit=unit),
            "double": chain(in_channels, [(rd, 1), (nd, 3), (nd, 3)], unit=unit),
            "pool": pooled(in_channels, pool_proj, pool, unit),
        },
    )


@named
def inception_factorized(
    in_channels: int,
    *,
    n1: int,
    single: tuple[int, int, int],
    double: tuple[int, int, int, int, int],
    pool_proj: int,
    n: int = 7,
    pool: Pool = avg_pool,
    unit: Unit = ConvUnit,
) -> Branches:
    """n x n convolutions factorised into 1 x n and n x 1 (Rethinking, Fig. 6; n = 7 on the 17x17 grid).

    single: widths of 1x1, 1xn, nx1. double: widths of 1x1, nx1, 1xn, nx1, 1xn. In v3, Mixed_6b has n1=192,
    single=(128, 128, 192), double=(128, 128, 128, 128, 192), pool_proj=192.
    """
    row, column = (1, n), (n, 1)
    return block(
        in_channels,
        {
            "one": unit(in_channels, n1, 1),
            "single": chain(in_channels, steps("inception_factorized: single", single, 1, row, column), unit=unit),
            "double": chain(
                in_channels, steps("inception_factorized: double", double, 1, column, row, column, row), unit=unit
            ),
            "pool": pooled(in_channels, pool_proj, pool, unit),
        },
    )


@named
def inception_expanded(
    in_channels: int,
    *,
    n1: int,
    single: Path,
    double: Path,
    split: int,
    pool_proj: int,
    pool: Pool = avg_pool,
    unit: Unit = ConvUnit,
) -> Branches:
    """Expanded filter bank for the coarsest grid (Rethinking, Fig. 7).

    single, double: what comes before each path fans out into a 1x3 and a 3x1 of `split` channels. In v3: n1=320,
    single=[(384, 1)], double=[(448, 1), (384, 3)], split=384, pool_proj=192, together 2048.
    """

    def fanned(path: Path) -> Sequential:
        channels = path[-1][0]
        bank = Branches(row=unit(channels, split, (1, 3)), column=unit(channels, split, (3, 1)))
        return Sequential(reduce=chain(in_channels, path, unit=unit), split=bank)

    return block(
        in_channels,
        {
            "one": unit(in_channels, n1, 1),
            "single": fanned(single),
            "double": fanned(double),
            "pool": pooled(in_channels, pool_proj, pool, unit),
        },
    )


@named
def grid_reduction(
    in_channels: int, *paths: Path, padding: Padding = "valid", pool: Module | None = None, unit: Unit = ConvUnit
) -> Branches:
    """Halve the grid and widen it at once: strided convolutions beside a strided max pooling (Rethinking, Fig. 10).

    paths: the last step of each has stride 2; v3's Mixed_6a has [(384, 3)] and [(64, 1), (96, 3), (96, 3)] on 288
    channels. padding: of all with stride 2; "valid" in v3 and later, "same" in BN-Inception, whose grids are even.
    pool: 3x3 max pooling with that stride and padding unless given.
    """
    branches = {
        f"path{i}": chain(in_channels, path, stride=2, padding=padding, unit=unit) for i, path in enumerate(paths, 1)
    }
    return block(in_channels, {**branches, "pool": pool or MaxPool2d(3, stride=2, padding=padding)})


@named
def pool_then_conv(
    in_channels: int, out_channels: int, *, kernel_size: int = 1, padding: Padding = "valid", unit: Unit = ConvUnit
) -> Sequential:
    """Halve the grid by pooling, then widen it: cheap, but a representational bottleneck (Rethinking, Fig. 9 left)."""
    return Sequential(pool=MaxPool2d(3, stride=2, padding=padding), conv=unit(in_channels, out_channels, kernel_size))


@named
def conv_then_pool(
    in_channels: int, out_channels: int, *, kernel_size: int = 1, padding: Padding = "valid", unit: Unit = ConvUnit
) -> Sequential:
    """Widen the grid, then halve it by pooling: no bottleneck, four times the cost (Rethinking, Fig. 9 right)."""
    return Sequential(conv=unit(in_channels, out_channels, kernel_size), pool=MaxPool2d(3, stride=2, padding=padding))
