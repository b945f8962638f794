"""Large arrays that are recycled instead of returned to the operating system.

A training step makes the same arrays again and again. Fresh memory from the system costs a page fault for every 4 KB at
the first write, which for activations of tens of megabytes takes as long as the arithmetic on them. `empty` cuts arrays
from slabs that stay. A dead array leaves a gap, which joins the gaps beside it; the first gap that is large enough
serves the next one, so that arrays stay together and little lies idle (Knuth, The Art of Computer Programming, 2.5).
"""

from __future__ import annotations

import math
import os
import threading
from bisect import bisect_left

import numpy as np

ALIGNMENT = 64  # one cache line, and the widest vector
SMALLEST = 1 << 16  # below this, the system's allocator is as good
FEW = 32  # numbers of one sign whose sum in float32 is right to 1e-6; of more, kernels add up in float64
SLAB = 1 << 28  # bytes at least; what of it was never written takes no memory

Piece = tuple[int, int, np.ndarray]  # first address, the one behind the last, slab

_gaps: list[Piece] = []  # by address
_dead: list[Piece] = []  # are gaps too, as soon as somebody looks
_lock = threading.Lock()


class _Lease:
    """Owner of a piece of a slab while an array uses it; the piece is given back when the last view is gone."""

    def __init__(self, piece: Piece, shape: tuple[int, ...], dtype: np.dtype):
        self.piece = piece
        self.__array_interface__ = {"version": 3, "shape": shape, "typestr": dtype.str, "data": (piece[0], False)}

    def __del__(self):
        _dead.append(self.piece)  # and no more: garbage collection may come here in the middle of `_take`


def _take(size: int) -> Piece:
    """A piece of so many bytes."""
    _bury()
    for i, (start, end, slab) in enumerate(_gaps):
        if end - start >= size:
            _gaps[i : i + 1] = [(start + size, end, slab)] if end - start > size else []
            return start, start + size, slab
    slab = np.empty(max(size, SLAB) + ALIGNMENT, np.uint8)
    start, end = _bounds(slab)
    if end - start > size:
        _give(start + size, end, slab)
    return start, start + size, slab


def _bury() -> None:
    """Make gaps of what has died."""
    while _dead:
        _give(*_dead.pop())


def _give(start: int, end: int, slab: np.ndarray) -> None:
    """Make a gap, one with those beside it in the same slab."""
    at = bisect_left(_gaps, start, key=lambda gap: gap[0])
    if at < len(_gaps) and _gaps[at][0] == end and _gaps[at][2] is slab:
        end = _gaps.pop(at)[1]
    if at > 0 and _gaps[at - 1][1] == start and _gaps[at - 1][2] is slab:
        at -= 1
        start = _gaps.pop(at)[0]
    _gaps.insert(at, (start, end, slab))


def _bounds(slab: np.ndarray) -> tuple[int, int]:
    """What can be used of a slab: from its first aligned address on."""
    start = -(-slab.ctypes.data // ALIGNMENT) * ALIGNMENT
    return start, start + slab.size - ALIGNMENT


def empty(shape: tuple[int, ...], dtype: np.dtype | type) -> np.ndarray:
    """Like numpy.empty, aligned to 64 bytes, from recycled memory where it is large."""
    dtype = np.dtype(dtype)
    size = dtype.itemsize * math.prod(shape)
    if size < SMALLEST:
        return np.empty(shape, dtype)
    with _lock:
        piece = _take(-(-size // ALIGNMENT) * ALIGNMENT)
    return np.asarray(_Lease(piece, tuple(shape), dtype))


def release() -> None:
    """Give slabs that are not in use back to the system, for instance before a batch of another size."""
    with _lock:
        _bury()
        _gaps[:] = [gap for gap in _gaps if gap[:2] != _bounds(gap[2])]


def _after_fork() -> None:
    """The child begins with no gaps and a lock of its own: a thread that it has not may have been in the middle."""
    global _lock
    _lock = threading.Lock()
    _gaps.clear()
    _dead.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def accumulator(terms: int, dtype: np.dtype) -> np.ndarray:
    """An empty array of the dtype in which a kernel is to add up so many numbers."""
    return np.empty(0, dtype if terms <= FEW else np.float64)


def dense(array: np.ndarray) -> np.ndarray:
    """The array itself where it is C-contiguous, aligned and writable, else a copy that is.

    To Numba each of these properties is part of the type: a transposed or read-only array that slipped through would
    compile its kernel once more, in the middle of training.
    """
    return array if array.flags.carray else np.require(array, None, ("C", "A", "W"))


def wide(array: np.ndarray) -> np.ndarray:
    """`dense`, but a slice of the channels of a dense array is left where it is: given with the row length of that one.

    The result then begins at the slice's first channel, and only the slice's channels may be touched: of the last row
    there is no more. So branches of a module can be parts of one array, and every kernel still sees one type.
    """
    if array.flags.carray or array.ndim < 2 or not array.flags.behaved:
        return dense(array)
    shape = *array.shape[:-1], array.strides[-2] // array.itemsize
    strides = tuple(array.itemsize * math.prod(shape[axis + 1 :]) for axis in range(array.ndim))
    if array.strides != strides or shape[-1] < array.shape[-1]:
        return dense(array)
    return np.lib.stride_tricks.as_strided(array, shape, strides)
