"""Concatenation along the channels and its inverse: strided copies, in parallel over rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import prange

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.memory import dense, empty


@kernel()
def _copy(source, source_start, target, target_start, width):
    for index in prange(source.shape[0]):
        r = np.int64(index)
        into, out_of = target[r, target_start:], source[r, source_start:]
        for c in range(width):
            into[c] = out_of[c]


def _rows(x: np.ndarray) -> np.ndarray:
    return x.reshape(-1, x.shape[-1])


def concat_channels(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Join arrays that differ in nothing but the size of the last axis."""
    widths = [a.shape[-1] for a in arrays]
    joined = empty((*arrays[0].shape[:-1], sum(widths)), arrays[0].dtype)
    start = 0
    for a, width in zip(arrays, widths, strict=True):  # one call each: the compiled kernel is the same for any number
        _copy(_rows(dense(a)), 0, _rows(joined), start, width)
        start += width
    return joined


def split_channels(array: np.ndarray, sizes: Sequence[int],
                   wanted: Sequence[bool] | None = None) -> list[np.ndarray | None]:
    """Cut the last axis into consecutive contiguous pieces of the given sizes; None for those that are not wanted."""
    source, start, pieces = _rows(dense(array)), 0, []
    for width, want in zip(sizes, wanted or [True] * len(sizes), strict=True):
        piece = empty((*array.shape[:-1], width), array.dtype) if want else None
        if want:
            _copy(source, start, _rows(piece), 0, width)
        pieces.append(piece)
        start += width
    return pieces
