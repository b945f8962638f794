"""Concatenation along the channels, and the gradient of a slice of them: copies in parallel over rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.launch import launch
from tinyinception.kernels.memory import empty, wide
from tinyinception.kernels.team import PIECES, deal, workers


@kernel(parallel=False)
def _copy_rows(unit, units, source, target, start, width):
    rows = source.shape[0]
    for r in range(rows * unit // units, rows * (unit + 1) // units):
        into, out_of = target[r, start:], source[r]
        for c in range(width):
            into[c] = out_of[c]


@kernel(parallel=False)
def _copy(source, target, start, width, workers):
    deal(_copy_rows, PIECES, workers, (PIECES, source, target, start, width))


def _rows(x: np.ndarray) -> np.ndarray:
    return x.reshape(-1, x.shape[-1])


def concat_channels(arrays: Sequence[np.ndarray]) -> np.ndarray:
    """Join arrays that differ in nothing but the size of the last axis."""
    widths = [a.shape[-1] for a in arrays]
    joined = empty((*arrays[0].shape[:-1], sum(widths)), arrays[0].dtype)
    start = 0
    for a, width in zip(arrays, widths, strict=True):  # one call each: the compiled kernel is the same for any number
        launch(_copy, _rows(wide(a)), _rows(joined), start, width, workers(2 * a.size))
        start += width
    return joined


@kernel(parallel=False)
def _place_rows(unit, units, source, width, target, start, add):
    rows = target.shape[0]
    for r in range(rows * unit // units, rows * (unit + 1) // units):
        row, out_of = target[r], source[r]
        if not add:
            row[:] = 0
        into = row[start:]
        for c in range(width):
            into[c] += out_of[c]


@kernel(parallel=False)
def _place(source, width, target, start, add, workers):
    deal(_place_rows, PIECES, workers, (PIECES, source, width, target, start, add))


def slice_channels_grad(
    grad: np.ndarray, shape: tuple[int, ...], start: int, into: np.ndarray | None = None
) -> np.ndarray:
    """Gradient of x[..., start:start + C] for x of a shape: grad in its place, zeros around it, or added to `into`."""
    out = empty(shape, grad.dtype) if into is None else into
    launch(_place, _rows(wide(grad)), grad.shape[-1], _rows(out), start, into is not None, workers(2 * out.size))
    return out
