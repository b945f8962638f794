"""Our networks in other libraries: a walk over the tree of modules that has each layer made by somebody else.

So that a comparison is of the same computation, no network is written twice. A maker has one method for each layer,
which is given ours, its padding in pixels (top, bottom, left, right) and takes over its weights, and three for how
layers are put together: `sequential(parts)`, `branches(parts)`, `network(stages, aux)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from benchmarks.sides import NotSupported
from tinyinception.models.network import Network
from tinyinception.nn import (
    GELU,
    AvgPool2d,
    BatchNorm2d,
    Branches,
    Conv2d,
    ConvUnit,
    Dropout,
    Flatten,
    GlobalAvgPool,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    Scale,
    Sequential,
)
from tinyinception.ops.padding import Pads, Pair, output_size, resolve


class Maker(Protocol):
    """What a library has to say for itself; a method may raise NotSupported."""

    def conv(self, layer: Conv2d, pads: Pads) -> Any: ...
    def norm(self, layer: BatchNorm2d) -> Any: ...
    def relu(self) -> Any: ...
    def gelu(self) -> Any: ...
    def scale(self, layer: Scale) -> Any: ...
    def max_pool(self, layer: MaxPool2d, pads: Pads) -> Any: ...
    def avg_pool(self, layer: AvgPool2d, pads: Pads) -> Any: ...
    def global_avg_pool(self) -> Any: ...
    def dropout(self, layer: Dropout) -> Any: ...
    def flatten(self) -> Any: ...
    def linear(self, layer: Linear) -> Any: ...
    def sequential(self, parts: list) -> Any: ...
    def branches(self, parts: list) -> Any: ...
    def network(self, stages: list, aux: dict[int, Any]) -> Any: ...


class ChainOnly:
    """What makers share whose library can only put layers one after the other. LACKS: what it has not, in words."""

    LACKS = ""

    def network(self, stages: list, aux: dict[int, Any]) -> Any:
        return self.sequential(stages)

    def _missing(self, *_: Any) -> Any:
        raise NotSupported(f"{self.LACKS}; the plain network is for it")

    branches = norm = gelu = scale = max_pool = avg_pool = global_avg_pool = dropout = _missing


def chained(parts: list) -> Callable[[Any], Any]:
    """Functions one after the other."""

    def call(x):
        for part in parts:
            x = part(x)
        return x

    return call


def translate(module: Module, make: Maker, size: Pair) -> tuple[Any, Pair]:
    """What `make` makes of a module that sees images of `size` (height, width), and the size of what comes out."""
    if isinstance(module, Network):
        stages, aux = [], {}
        for i, name in enumerate(module.stages):
            stage, size = translate(getattr(module, name), make, size)
            stages.append(stage)
            if head := getattr(module, f"aux_{name}", None):
                aux[i], _ = translate(head, make, size)
        return make.network(stages, aux), size
    if isinstance(module, ConvUnit):
        made, size = translate(module.conv, make, size)
        parts = [made, *([make.norm(module.norm)] if module.norm else [])]
        relu = module.relu or (module.norm is not None and module.norm.relu)
        return make.sequential([*parts, *([make.relu()] if relu else [])]), size
    if isinstance(module, Sequential):
        parts = []
        for child in module:
            part, size = translate(child, make, size)
            parts.append(part)
        return make.sequential(parts), size
    if isinstance(module, Branches):
        made = [translate(child, make, size) for child in module]
        return make.branches([part for part, _ in made]), made[0][1]
    if isinstance(module, (Conv2d, MaxPool2d, AvgPool2d)):
        pads = resolve(module.padding, module.kernel_size, module.stride, size, NotSupported)
        after = output_size(
            size, module.kernel_size, module.stride, pads, NotSupported, ceil_mode=getattr(module, "ceil_mode", False)
        )
        method = {Conv2d: make.conv, MaxPool2d: make.max_pool, AvgPool2d: make.avg_pool}[type(module)]
        return method(module, pads), after
    return _pointwise(module, make), size


def _pointwise(module: Module, make: Maker) -> Any:
    if isinstance(module, Linear):
        return make.linear(module)
    if isinstance(module, Dropout):
        return make.dropout(module)
    if isinstance(module, BatchNorm2d):
        return make.sequential([make.norm(module), make.relu()]) if module.relu else make.norm(module)
    if isinstance(module, Scale):
        return make.scale(module)
    if isinstance(module, GELU):
        return make.gelu()
    for kind, method in ((ReLU, make.relu), (GlobalAvgPool, make.global_avg_pool), (Flatten, make.flatten)):
        if isinstance(module, kind):
            return method()
    raise NotSupported(f"no translation of {type(module).__name__}")
