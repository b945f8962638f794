"""What a picture of a network shows: its stages, from the module tree, with the counts of a shape-only forward pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from tinyinception import nn
from tinyinception.count import Row
from tinyinception.models.network import Network
from tinyinception.ops.operation import Shape, by_x

SILENT = (
    nn.ReLU,
    nn.GELU,
    nn.Scale,
    nn.Dropout,
    nn.Flatten,
)  # no box: they neither cost multiply-adds nor learn, and hide the rest

POOLS = (nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveAvgPool2d, nn.GlobalAvgPool)


@dataclass(frozen=True)
class Unit:
    """One small box: a convolution with what follows it, a pooling, a linear layer; or a module of unknown inside.

    kind: "1x1", "3x3" or "5x5" of convolutions with these kernels, "pool", "other".
    """

    path: str = field(compare=False)
    text: str
    kind: str
    output: Shape
    macs: int
    params: int


@dataclass(frozen=True)
class Chain:
    """One thing after the other; empty where a branch passes its input on."""

    items: tuple[Unit | Fork | Residual, ...]


@dataclass(frozen=True)
class Fork:
    """Branches on the same input, joined over the channels."""

    branches: tuple[Chain, ...]


@dataclass(frozen=True)
class Residual:
    """x + scale * up(body(x)); text: what is written where the two are added."""

    body: Fork
    up: Unit
    text: str


@dataclass(frozen=True)
class Stage:
    """One module of the picture, or several equal ones in a row: `names` has the name of each."""

    names: tuple[str, ...] = field(compare=False)
    body: Chain
    output: Shape
    aux: Stage | None = None

    @property
    def times(self) -> int:
        """For how many modules the drawing stands."""
        return len(self.names)

    @property
    def title(self) -> str:
        """The name; of several, what the first and the last do not share, and how many: "Mixed_5b–5e ×4"."""
        first, last = self.names[0], self.names[-1]
        if self.times == 1:
            return first
        cut = max(first.rfind("_"), first.rfind(".")) + 1
        tail = last[cut:] if last.startswith(first[:cut]) else last
        return f"{first}–{tail} ×{self.times}"

    def total(self, field: str) -> int:
        """The sum of "macs" or "params" over all that the drawing stands for, the auxiliary classifier left out."""
        return self.times * sum(getattr(unit, field) for unit in units(self.body))


def units(item: Unit | Chain | Fork | Residual) -> Iterator[Unit]:
    """All small boxes, in the order of the forward pass."""
    if isinstance(item, Unit):
        yield item
    elif isinstance(item, Residual):
        yield from units(item.body)
        yield item.up
    else:
        for part in item.items if isinstance(item, Chain) else item.branches:
            yield from units(part)


def stages(model: nn.Module, rows: Iterable[Row]) -> list[Stage]:
    """The stages of a network, or the children of a Sequential, or a lone module as the only stage.

    rows: of the model's forward pass in training, so that auxiliary classifiers are among them; those without rows are
    left out. A stage that holds modules with branches is replaced by them. Equal neighbours are folded.
    """
    return fold(_Reader(rows).stages(model))


def fold(found: Sequence[Stage]) -> list[Stage]:
    """Neighbours that look and cost the same as the first of them; one with an auxiliary classifier stays alone."""
    folded: list[Stage] = []
    for stage in found:
        if folded and folded[-1] == stage and stage.aux is None:
            folded[-1] = replace(folded[-1], names=folded[-1].names + stage.names)
        else:
            folded.append(stage)
    return folded


def times(n: Sequence[int]) -> str:
    """Sizes with the multiplication sign: 3×3."""
    return "×".join(map(str, n))


def label(module: nn.Module) -> str:
    """What is written on the box of a layer or unit: kernel/stride and width, as in "3×3/2 96"."""
    if isinstance(module, nn.ConvUnit):
        return label(module.conv)
    if isinstance(module, nn.Conv2d):
        groups = f" ({module.groups} groups)" if module.groups > 1 else ""
        dilation = "" if module.dilation == (1, 1) else f" (dilation {times(module.dilation)})"
        return f"{_window(module)} {module.out_channels}{dilation}{groups}"
    if isinstance(module, nn.SeparableConv):
        return f"separable {_window(module.depthwise)} {module.out_channels}"
    if isinstance(module, (nn.MaxPool2d, nn.AvgPool2d)):
        return f"{'max' if isinstance(module, nn.MaxPool2d) else 'avg'} {_window(module)}"
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return f"avg to {times(module.output_size)}"
    if isinstance(module, nn.Linear):
        return f"linear {module.out_features}"
    plain = {nn.GlobalAvgPool: "global avg", nn.LocalResponseNorm: "response norm", nn.BatchNorm2d: "batch-norm"}
    return plain.get(type(module), type(module).__name__)


def kind(module: nn.Module) -> str:
    """What a path of an Inception module is coloured by: its kernel, if papers draw it by that, or "pool"."""
    if isinstance(module, nn.ConvUnit):
        return kind(module.conv)
    if isinstance(module, nn.Conv2d):
        return known if (known := by_x(module.kernel_size)) in ("1x1", "3x3", "5x5") else "other"
    return "pool" if isinstance(module, POOLS) else "other"


def _window(layer: nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d) -> str:
    high, wide = layer.stride
    stride = "" if (high, wide) == (1, 1) else f"/{high}" if high == wide else f"/{times(layer.stride)}"
    return times(layer.kernel_size) + stride


class _Reader:
    """Walks the module tree with what each path costs and puts out."""

    def __init__(self, rows: Iterable[Row]):
        self.output: dict[str, Shape] = {}
        self.macs: dict[str, int] = {}
        self.params: dict[str, int] = {}
        for row in rows:
            parts = row.name.split(".") if row.name else []
            for path in {"", *(".".join(parts[:n]) for n in range(1, len(parts) + 1))}:
                self.output[path] = row.output  # the last row below a module is its result
                self.macs[path] = self.macs.get(path, 0) + row.macs
                self.params[path] = self.params.get(path, 0) + row.params

    def stages(self, model: nn.Module) -> list[Stage]:
        root = model._name  # set where the model is itself a part of another
        if isinstance(model, Network):
            found = []
            for name in model.stages:
                found += self.expand(name, getattr(model, name), _join(root, name))
                aux, path = getattr(model, f"aux_{name}", None), _join(root, f"aux_{name}")
                if found and aux is not None and path in self.output:
                    head = Stage((f"aux_{name}",), Chain(self.items(aux, path)), self.output[path])
                    found[-1] = replace(found[-1], aux=head)
            return found
        if isinstance(model, nn.Sequential):
            return [
                stage for name, child in model.named_children() for stage in self.expand(name, child, _join(root, name))
            ]
        return self.expand(root, model, root)

    def expand(self, name: str, module: nn.Module, path: str) -> list[Stage]:
        """One stage, or the stages that a Sequential with branched modules in it consists of; none without a box."""
        body = Chain(self.items(module, path))
        if isinstance(module, nn.Sequential) and not all(isinstance(item, Unit) for item in body.items):
            return [
                stage
                for part, child in module.named_children()
                for stage in self.expand(_join(name, part), child, _join(path, part))
            ]
        return [Stage((name,), body, self.output[path])] if body.items else []

    def items(self, module: nn.Module, path: str) -> tuple[Unit | Fork | Residual, ...]:
        if isinstance(module, nn.Sequential):
            return tuple(
                item for name, child in module.named_children() for item in self.items(child, _join(path, name))
            )
        if isinstance(module, nn.Branches):
            return (self.fork(module, path),)
        if isinstance(module, nn.ResidualInception):
            return (self.residual(module, path),)
        if isinstance(module, SILENT) or path not in self.output:
            return ()
        return (self.unit(module, path),)

    def fork(self, module: nn.Branches, path: str) -> Fork:
        return Fork(tuple(Chain(self.items(child, _join(path, name))) for name, child in module.named_children()))

    def residual(self, module: nn.ResidualInception, path: str) -> Residual:
        up = self.unit(module.up, _join(path, "up"))
        scale = "" if module.scale == 1 else f"{module.scale:g} × "
        return Residual(
            self.fork(module.branches, _join(path, "branches")),
            replace(up, text=f"{up.text} linear"),
            f"input + {scale}residual" + ("" if module.relu else ", no ReLU"),
        )

    def unit(self, module: nn.Module, path: str) -> Unit:
        return Unit(path, label(module), kind(module), self.output[path], self.macs[path], self.params[path])


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
