"""The convolutions that `convolution` times, and what can be counted of each beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmarks.common import Row
from benchmarks.convolution_sides import macs, padding, shapes

KERNELS = [(1, 1), (3, 3), (5, 5), (7, 7), (1, 7), (7, 1)]
AIMS = {"1x1": 0.6, "3x3": 0.7, "5x5": 0.7}
# (size, batch, channels in, channels out): what layers of a network for 32x32 images are like in training
TARGETS = [
    (32, 64, 48, 48),
    (32, 64, 64, 64),
    (16, 128, 48, 96),
    (16, 128, 64, 64),
    (16, 128, 128, 128),
    (8, 128, 96, 96),
    (8, 128, 128, 192),
    (8, 128, 256, 256),
]
OTHERS = [(64, 16, 3, 64), (32, 128, 3, 16), (32, 64, 16, 32), (64, 16, 64, 64)]
STRIDED = [(64, 32, 3, 32), (32, 64, 48, 64), (16, 128, 128, 128)]
MOST_MACS = 4e9  # of one product: beyond, the batch is halved, down to 64 for kernels with an aim, else to 16


def cases(quick: bool = False) -> list[Row]:
    """The convolutions; `target` marks those that the aims speak of."""
    if quick:
        return [
            _case(kernel, stride, *shape, stride == 1)
            for kernel in ((1, 1), (3, 3))
            for stride in (1, 2)
            for shape in [(16, 8, 48, 48)]
        ]
    return [
        _case(kernel, stride, *shape, group is TARGETS)
        for kernel in KERNELS
        for group, stride in ((TARGETS, 1), (OTHERS, 1), (STRIDED, 2))
        for shape in group
    ]


def _case(kernel: tuple[int, int], stride: int, size: int, batch: int, inputs: int, outputs: int, target: bool) -> Row:
    case = {
        "kernel": list(kernel),
        "stride": stride,
        "size": size,
        "batch": batch,
        "in": inputs,
        "out": outputs,
        "target": target,
    }
    while macs(case) > MOST_MACS and case["batch"] > (64 if kernel_name(kernel) in AIMS else 16):
        case["batch"] //= 2
    return case


def intensity(case: Row) -> float:
    """FLOPs per byte that forward and backward together cannot avoid to move: each product's operands and result."""
    x, w, y = (_product(shape) for shape in shapes(case))
    return 3 * 2 * macs(case) / (4 * 3 * (x + w + y))


def inside(case: Row) -> float:
    """The share of its multiply-adds that fall on pixels, not on padding, which a library may leave out."""
    x, _, y = shapes(case)
    share = 1.0
    for length, outputs, kernel, pad in zip(x[1:3], y[1:3], case["kernel"], padding(case), strict=True):
        places = [case["stride"] * i - pad + tap for i in range(outputs) for tap in range(kernel)]
        share *= sum(0 <= place < length for place in places) / len(places)
    return share


def _product(numbers: Iterable[int]) -> int:
    result = 1
    for number in numbers:
        result *= number
    return result


def kernel_name(kernel: Sequence[int]) -> str:
    return "x".join(map(str, kernel))
