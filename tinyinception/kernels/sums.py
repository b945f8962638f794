"""Sums of many numbers, added up in float64.

A sum in float32 loses what is added once the sum is large beside it: of a million equal numbers a per cent, and beyond
2^24 all of it. NumPy adds in pairs along the last axis in memory, but one after the other along any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.launch import launch
from tinyinception.kernels.memory import dense, empty, wide
from tinyinception.kernels.team import deal, workers

CHUNKS = 32
FOLDED = 256  # length of the inner loop: long enough to hide its start, short enough for its sums to stay in L1
LEAST_BLOCKS = 16  # so that what is left of folded sums is little
SERIAL = 1 << 22  # numbers; fewer are added up by one thread about as fast as two are awake


@kernel(parallel=False)
def _sums_of_chunk(unit, x, step, sums):
    """Of the row of x that a unit of work belongs to, the blocks that begin every `step`, added up over its chunk."""
    chunks, width = sums.shape[1:]
    o, chunk = unit // chunks, unit % chunks
    total, blocks = sums[o, chunk], (x.shape[1] + step - 1) // step
    for c in range(width):
        total[c] = 0
    for block in range(blocks * chunk // chunks, blocks * (chunk + 1) // chunks):
        part = x[o, block * step : block * step + width]
        for c in range(part.size):
            total[c] += np.float64(part[c])


@kernel(parallel=False)
def _sums(x, step, sums, workers):
    deal(_sums_of_chunk, sums.shape[0] * sums.shape[1], workers, (x, step, sums))


def axis_sums(x: np.ndarray, axes: Sequence[int]) -> np.ndarray:
    """Sums over the given axes, numbered from 0 on, in float64; those axes are gone from the result.

    The longest run of neighbouring axes is added up here. Its rows are folded, so that the inner loop is long for few
    channels too, and dealt to a number of chunks that depends on the shape alone: the same bits for any number of
    threads. NumPy adds up the rest.
    """
    shape, (first, last) = x.shape, _longest_run(axes, x.shape)
    outer, rows, inner = (math.prod(sizes) for sizes in (shape[:first], shape[first:last], shape[last:]))
    array = wide(x) if last == x.ndim - 1 else dense(x)
    if array.shape == shape:
        step = width = inner * max(1, min(FOLDED // inner, rows // LEAST_BLOCKS))
    else:  # a slice of channels, with the row length of the whole
        step, width = array.shape[-1], inner
    flat = array.reshape(outer, -1)
    sums = empty((outer, max(1, min(CHUNKS // outer, flat.shape[1] // step)), width), np.float64)
    launch(_sums, flat, step, sums, workers(x.size, SERIAL))
    sums = _total(sums.reshape(outer, -1, inner), 1).reshape(shape[:first] + shape[last:])
    rest = tuple(axis if axis < first else axis - (last - first) for axis in axes if not first <= axis < last)
    return _total(sums, rest) if rest else sums


def _total(sums: np.ndarray, axes: int | tuple[int, ...]) -> np.ndarray:
    """Sums over some axes."""
    gone = axes if isinstance(axes, tuple) else (axes,)
    total = empty(tuple(size for axis, size in enumerate(sums.shape) if axis not in gone), sums.dtype)
    launch(np.add.reduce, sums, axes, None, total)
    return total


def _longest_run(axes: Sequence[int], shape: tuple[int, ...]) -> tuple[int, int]:
    """The neighbouring axes, from the first up to but without the last, over which the most numbers become one."""
    runs, chosen = [], set(axes)
    for first in sorted(axis for axis in chosen if axis - 1 not in chosen):
        last = first
        while last in chosen:
            last += 1
        runs.append((first, last))
    return max(runs, key=lambda run: math.prod(shape[run[0] : run[1]]))
