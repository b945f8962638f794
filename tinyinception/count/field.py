"""What a pixel sees of the input image, and how many weight layers deep it lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyinception.ops.operation import Shape, Window, size_of


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

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the receptive field, (row, column), where input pixel i has its middle at i.

        That of output pixel (i, j) lies i and j strides further.
        """
        return (self.low[0] + self.high[0]) / 2, (self.low[1] + self.high[1]) / 2

    def through(self, window: Window) -> Field:
        """The field after sliding `window`."""
        before = window.padding[::2]
        sides = zip(
            self.low, self.high, self.stride, window.kernel, window.dilation, before, window.stride, strict=True
        )
        low, high, stride = zip(
            *(
                (low - pad * step, high + ((k - 1) * apart - pad) * step, step * s)
                for low, high, step, k, apart, pad, s in sides
            ),
            strict=True,
        )
        return Field(low, high, stride, self.depth)

    def deeper(self) -> Field:
        """The same field, one weight layer further."""
        return Field(self.low, self.high, self.stride, self.depth + 1)


def union(fields: Sequence[Field]) -> Field:
    """The field of something computed from several tensors: all they see, and the longest of their paths."""
    if len(fields) == 1:
        return fields[0]
    return Field(
        low=tuple(map(min, zip(*(f.low for f in fields), strict=True))),
        high=tuple(map(max, zip(*(f.high for f in fields), strict=True))),
        stride=tuple(map(max, zip(*(f.stride for f in fields), strict=True))),
        depth=max(f.depth for f in fields),
    )


def is_global(window: Window, before: Shape, after: Shape) -> bool:
    """Whether a pooling reduces all pixels to one: it ends the grid instead of widening what its pixels see."""
    covers = all(k >= n for k, n in zip(window.kernel, before[1:3], strict=True))
    return covers and size_of(after[1:-1]) == 1
