"""Padding and output sizes of everything that slides a window over pixels."""

from __future__ import annotations

from collections.abc import Callable

from tinyinception.checks import is_whole
from tinyinception.ops.operation import by_x

Pair = tuple[int, int]
Pads = tuple[int, int, int, int]  # top, bottom, left, right


def pair(value: object, name: str, least: int, fail: Callable) -> Pair:
    """(height, width) from one number or two; `fail(message)` makes the error where one is below `least`."""
    if type(value) is int and value >= least:  # the usual case, in a tenth of the time
        return value, value
    both = _numbers(value, 2)
    if len(both) != 2 or not all(is_whole(n, least) for n in both):
        raise fail(f"{name} must be one or two whole numbers of at least {least}, got {value!r}")
    return int(both[0]), int(both[1])


def resolve(padding: str | int | Pair | Pads, kernel: Pair, stride: Pair, size: Pair, fail: Callable) -> Pads:
    """Padding in pixels for an input of `size` (height, width).

    padding: "valid" (none), "same" (TensorFlow's rule: the output has ceil(size / stride) pixels and the odd pixel
    goes to the bottom and right), one number for all sides, (vertical, horizontal), or (top, bottom, left, right).
    """
    if isinstance(padding, str) and padding == "valid":
        return 0, 0, 0, 0
    if isinstance(padding, str) and padding == "same":
        total = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(size, kernel, stride, strict=True)]
        return total[0] // 2, total[0] - total[0] // 2, total[1] // 2, total[1] - total[1] // 2
    sides = _numbers(padding, 4)
    if len(sides) not in (2, 4) or not all(is_whole(n, 0) for n in sides):
        raise fail(f"padding must be 'valid', 'same', or 1, 2 or 4 whole numbers of at least 0, got {padding!r}")
    sides = tuple(int(n) for n in sides)
    return sides if len(sides) == 4 else (sides[0], sides[0], sides[1], sides[1])


def span(kernel: Pair, dilation: Pair) -> Pair:
    """Height and width of the pixels that a kernel reaches over when its taps are `dilation` pixels apart."""
    return (kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1


def output_size(size: Pair, kernel: Pair, stride: Pair, pads: Pads, fail: Callable, *, ceil_mode: bool = False) -> Pair:
    """(height, width) of the output.

    ceil_mode: round up instead of down, so that a kernel may stand over the padded input by less than a stride, but
    drop a last window that would start in the padding at the far side (the rule of Caffe and PyTorch). Raises through
    `fail` where no window fits.
    """
    result = []
    for n, k, s, (before, after) in zip(size, kernel, stride, (pads[:2], pads[2:]), strict=True):
        room = n + before + after - k
        steps = -(-room // s) if ceil_mode else room // s
        if ceil_mode and steps * s >= n + before:
            steps -= 1
        if steps < 0:
            over = f" by a stride of {by_x(stride)} or more" if ceil_mode else ""
            raise fail(
                f"kernel {by_x(kernel)} is larger than the padded input "
                f"{size[0] + pads[0] + pads[1]}x{size[1] + pads[2] + pads[3]} ({by_x(size)} with padding {pads})" + over
            )
        result.append(steps + 1)
    return result[0], result[1]


def _numbers(value: object, times: int) -> tuple:
    """A tuple or list as it is, anything else repeated."""
    return tuple(value) if isinstance(value, tuple | list) else (value,) * times
