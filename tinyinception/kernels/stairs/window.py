"""Where the windows of a convolution lie."""

from __future__ import annotations

from typing import NamedTuple

from tinyinception.kernels.jit import kernel


class Window(NamedTuple):
    """Rows and columns: of a step of the window, from one tap to the next, and of the padding above and to the left."""

    stride_rows: int
    stride_columns: int
    tap_rows: int
    tap_columns: int
    top: int
    left: int


@kernel(parallel=False)
def seen(window, u, v, i, j):
    """The input pixel (row, column) that tap (i, j) of output pixel (u, v) sees; it may lie in the padding."""
    row = u * window.stride_rows + i * window.tap_rows - window.top
    column = v * window.stride_columns + j * window.tap_columns - window.left
    return row, column
