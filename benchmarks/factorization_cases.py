"""What `factorization` compares: pairs of one convolution and the two that stand in for it, counted and as sides.

GoogLeNet's modules are read from the network, never typed in, and all counts come from `tinyinception.count`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from benchmarks.common import Row
from tinyinception import models, nn
from tinyinception.count import Summary, summary
from tinyinception.nn import ConvUnit, Module
from tinyinception.nn.units import chain
from tinyinception.tensor import Tensor, no_grad

Kernel = tuple[int, int]


class Factorisation(NamedTuple):
    """One convolution, and the two that stand in for it."""

    one: Kernel
    first: Kernel
    second: Kernel

    def __str__(self) -> str:
        return f"{_name(self.one)} -> {_name(self.first)}, {_name(self.second)}"

    @property
    def threshold(self) -> Fraction:
        """The ratio of output to input channels at which both cost the same, the middle being as wide as the output.

        one * in * out = first * in * out + second * out * out, kernels by their areas; beyond, the two cost more.
        """
        one, first, second = (height * width for height, width in self)
        return Fraction(one - first, second)

    def ratio(self, widening: float) -> float:
        """Multiply-adds of the two over those of the one, for out / in = `widening` and the middle as wide as out."""
        one, first, second = (height * width for height, width in self)
        return (first + second * widening) / one


FIVE = Factorisation((5, 5), (3, 3), (3, 3))
RELATIVES = [Factorisation((3, 3), (2, 2), (2, 2)), *[Factorisation((n, n), (n, 1), (1, n)) for n in (3, 5, 7)]]

# What stands around a convolution: nothing, which is what multiply-adds describe, or what a network has there.
ALONE, IN_NETWORK = "convolution alone", "with batch-norm and ReLU"
UNITS = {ALONE: partial(ConvUnit, norm=None, relu=False, bias=False), IN_NETWORK: ConvUnit}
ONE, TWO = "one", "two"
OURS, PYTORCH = "tinyinception", "PyTorch, channels-last"

BASE, GRID, BATCH = 48, 14, 64
WIDENINGS = [16, 32, 48, 64, 80, 96, 144, 192]  # output channels beside BASE input channels
WIDTHS = [16, 32, 64, 128, 192]
GRIDS = [(7, 256), (14, 64), (28, 16), (56, 4)]  # (grid, batch): equally many pixels
SWEEP, CHANNELS, SIZES, GOOGLENET, KINDS = "ratio of widths", "channels", "grids", "GoogLeNet", "relatives"


# -- what is compared --------------------------------------------------------------------------------------------


def cases(quick: bool = False) -> list[Row]:
    """All comparisons; `what` says which question each answers."""
    if quick:
        return (
            [_case(SWEEP, FIVE, 16, out, 7, 4) for out in (16, 32)]
            + [_case(GOOGLENET, FIVE, m["in"], m["out"], m["grid"], 2, m["name"]) for m in googlenet_modules()[-2:]]
            + [_case(KINDS, kind, 16, 16, 7, 4) for kind in (FIVE, *RELATIVES)]
        )
    return [
        *[_case(SWEEP, FIVE, BASE, out, GRID, BATCH) for out in WIDENINGS],
        *[_case(CHANNELS, FIVE, width, width, GRID, BATCH) for width in WIDTHS],
        *[_case(SIZES, FIVE, 64, 64, grid, batch) for grid, batch in GRIDS],
        *[_case(GOOGLENET, FIVE, m["in"], m["out"], m["grid"], 32, m["name"]) for m in googlenet_modules()],
        *[_case(KINDS, kind, width, width, 16, 32) for width in (64, 128) for kind in (FIVE, *RELATIVES)],
    ]


def _case(what: str, kind: Factorisation, inputs: int, outputs: int, grid: int, batch: int, name: str = "") -> Row:
    return {
        "what": what,
        "kind": str(kind),
        "name": name,
        "kernels": list(map(list, kind)),
        "in": inputs,
        "middle": outputs,
        "out": outputs,
        "grid": grid,
        "batch": batch,
    }


def googlenet_modules() -> list[Row]:
    """Name, channels into and out of the 5x5, and grid of every Inception module of GoogLeNet that has a 5x5."""
    with nn.shape_only():
        modules = dict(models.build("googlenet").named_modules())
    found = []
    for row in summary("googlenet").rows:
        layer = modules.get(row.name)
        if isinstance(layer, nn.Conv2d) and layer.kernel_size == (5, 5):
            found.append(
                {
                    "name": row.name.split(".")[0].removeprefix("inception_"),
                    "in": layer.in_channels,
                    "out": layer.out_channels,
                    "grid": row.output[0],
                }
            )
    return found


def build(case: Mapping[str, Any], which: str) -> Module:
    """The one convolution of a case or the two, in the units it names."""
    one, first, second = map(tuple, case["kernels"])
    path = [(case["out"], one)] if which == ONE else [(case["middle"], first), (case["out"], second)]
    return chain(case["in"], path, unit=UNITS[case.get("unit", ALONE)])


def counted(case: Mapping[str, Any], which: str) -> Summary:
    """What the package counts of it, for one image."""
    with nn.shape_only():
        module = build(case, which)
    return summary(module, case["grid"], channels=case["in"])


# -- the sides ---------------------------------------------------------------------------------------------------


def ours_one(case: Mapping[str, Any]) -> dict[str, Callable]:
    """Forward alone, and forward with backward to input and weights."""
    return _ours(case, ONE)


def ours_two(case: Mapping[str, Any]) -> dict[str, Callable]:
    """As `ours_one`."""
    return _ours(case, TWO)


def _ours(case: Mapping[str, Any], which: str) -> dict[str, Callable]:
    module, (x, grad) = build(case, which), _arrays(case)
    image = Tensor(x, requires_grad=True)
    module(Tensor(x[:1], requires_grad=True)).backward(grad[:1])  # so that machine code is not the case's memory

    def forward() -> None:
        with no_grad():
            module(image)

    def both() -> None:
        image.grad = None
        for parameter in module.parameters():
            parameter.grad = None
        module(image).backward(grad)

    return {"forward": forward, "both": both}


def pytorch_one(case: Mapping[str, Any]) -> dict[str, Callable]:
    """As `ours_one`, in PyTorch."""
    return _pytorch(case, ONE)


def pytorch_two(case: Mapping[str, Any]) -> dict[str, Callable]:
    """As `ours_one`, in PyTorch."""
    return _pytorch(case, TWO)


def _pytorch(case: Mapping[str, Any], which: str) -> dict[str, Callable]:
    import torch

    from benchmarks.peers.torch import build as translated

    model = translated(build(case, which), (case["grid"],) * 2).to(memory_format=torch.channels_last)
    image, grad = (torch.from_numpy(a).movedim(-1, 1) for a in _arrays(case))  # channels last in memory as they are
    image.requires_grad_()

    def forward() -> None:
        with torch.no_grad():
            model(image)

    def both() -> None:
        image.grad = None
        model.zero_grad()
        model(image).backward(grad)

    return {"forward": forward, "both": both}


def _arrays(case: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    draws, pixels = np.random.default_rng(0), (case["batch"], case["grid"], case["grid"])
    return tuple(draws.standard_normal((*pixels, case[channels]), dtype=np.float32) for channels in ("in", "out"))


def _name(kernel: Kernel) -> str:
    return f"{kernel[0]}x{kernel[1]}"
