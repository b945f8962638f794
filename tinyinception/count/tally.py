"""The hook that counts: one row per operation, with its cost and what its output sees of the input image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from tinyinception.ops.base import Operation, Shape, Window, count
from tinyinception.tensor import Hook, Tensor


@dataclass(frozen=True)
class Field:
    """What a tensor's top left pixel sees of the input, and how many weight layers deep it lies.

    low and high are the first and last input pixel it depends on, as (row, column); they lie outside the image where
    padding is seen. stride is the distance in input pixels between neighbouring pixels, as (vertical, horizontal).
    """

    low: tuple[int, int] = (0, 0)
    high: tuple[int, int] = (0, 0)
    stride: tuple[int, int] = (1, 1)
    depth: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Receptive field in input pixels, (height, width)."""
        return self.high[0] - self.low[0] + 1, self.high[1] - self.low[1] + 1

    def through(self, window: Window) -> Field:
        """The field after sliding `window`."""
        before = window.padding[::2]
        sides = zip(self.low, self.high, self.stride, window.kernel, before, window.stride, strict=True)
        low, high, stride = zip(*((low - pad * step, high + (k - 1 - pad) * step, step * s)
                                  for low, high, step, k, pad, s in sides), strict=True)
        return Field(low, high, stride, self.depth)

    def deeper(self) -> Field:
        """The same field, one weight layer further."""
        return Field(self.low, self.high, self.stride, self.depth + 1)


def union(fields: Sequence[Field]) -> Field:
    """The field of something computed from several tensors: all they see, and the longest of their paths."""
    if len(fields) == 1:
        return fields[0]
    return Field(low=tuple(map(min, zip(*(f.low for f in fields), strict=True))),
                 high=tuple(map(max, zip(*(f.high for f in fields), strict=True))),
                 stride=tuple(map(max, zip(*(f.stride for f in fields), strict=True))),
                 depth=max(f.depth for f in fields))


@dataclass(frozen=True)
class Row:
    """One operation of one forward pass: `name` is the path of the layer that called it, `output` leaves the batch out.

    params counts the learnable numbers it reads that no earlier row has read, so shared weights count once.
    """

    name: str
    op: str
    output: Shape
    params: int
    params_trainable: int
    macs: int
    flops: int
    activations: int
    field: Field


class Tally(Hook):
    """Counts every operation, per image, while `observe(tally)` is active; works on shape-only tensors.

    image: the network's input, N x H x W x C, from which receptive fields are measured. parameters: the learnable ones.
    """

    def __init__(self, image: Tensor, parameters: Iterable[Tensor]):
        self.rows: list[Row] = []
        self.unread: dict[int, Tensor] = {id(p): p for p in parameters}
        self._known = frozenset(self.unread)
        self._images = image.shape[0]
        self._fields: WeakKeyDictionary[Tensor, Field] = WeakKeyDictionary({image: Field()})

    def field(self, tensor: Tensor) -> Field:
        """The field of a tensor that the tally has seen; that of a lone pixel for any other."""
        return self._fields.get(tensor, Field())

    def after(self, op: Operation, inputs: Sequence[Tensor | None], output: Tensor) -> None:
        given = [t for t in inputs if t is not None]
        cost = op.cost(*(None if t is None else t.shape for t in inputs))
        weighted = cost.macs > 0 and any(id(t) in self._known for t in given)
        seen = [self._fields[t] for t in given if t in self._fields]
        field = Field()
        if seen:  # otherwise the operation depends on no pixel, only on parameters or constants
            field = union(seen)
            window = op.window()
            if window is not None and (weighted or not _is_global(window, given[0].shape, output.shape)):
                field = field.through(window)
            self._fields[output] = field = field.deeper() if weighted else field
        fresh = [self.unread.pop(id(t)) for t in given if id(t) in self.unread]
        self.rows.append(Row(op.path, op.name, output.shape[1:], sum(count(p.shape) for p in fresh),
                             sum(count(p.shape) for p in fresh if p.requires_grad),
                             cost.macs // self._images, cost.flops // self._images, cost.activations // self._images,
                             field))


def _is_global(window: Window, before: Shape, after: Shape) -> bool:
    """Whether a pooling reduces all pixels to one: it ends the grid instead of widening what its pixels see."""
    covers = all(k >= n for k, n in zip(window.kernel, before[1:3], strict=True))
    return covers and count(after[1:-1]) == 1
