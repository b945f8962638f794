"""Large arrays that are recycled instead of returned to the operating system.

A training step makes the same arrays again and again. Fresh memory from the system costs a page fault for every 4 KB at
the first write, which for activations of tens of megabytes takes as long as the arithmetic on them. `empty` cuts arrays
from slabs that stay. A dead array leaves a gap, which joins the gaps beside it; the first gap that is large enough
serves the next one, so that arrays stay together and little lies idle (Knuth, The Art of Computer Programming, 2.5).

A step that is recorded has an arena of its own, slabs of which nobody else is given memory. The recording holds places
in them, not arrays: what died in the step left its place to what came next, and does so again at each replay.
"""

from __future__ import annotations

import math
import os
import threading
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np

from tinyinception.kernels.launch import launch

ALIGNMENT = 64  # one cache line, and the widest vector
SMALLEST = 1 << 16  # below this, the system's allocator is as good
FEW = 32  # numbers of one sign whose sum in float32 is right to 1e-6; of more, kernels add up in float64
SLAB = 1 << 28  # bytes at least; what of it was never written takes no memory

Piece = tuple[int, int, np.ndarray]  # first address, the one behind the last, slab

_lock = threading.Lock()


class Arena:
    """Slabs, and the gaps in them from which arrays are cut."""

    def __init__(self) -> None:
        self.gaps: list[Piece] = []  # by address
        self.dead: list[Piece] = []  # pieces given back, not yet merged into `gaps`

    def take(self, size: int) -> Piece:
        """A piece of so many bytes."""
        self.bury()
        for i, (start, end, slab) in enumerate(self.gaps):
            if end - start >= size:
                self.gaps[i : i + 1] = [(start + size, end, slab)] if end - start > size else []
                return start, start + size, slab
        slab = np.empty(max(size, SLAB) + ALIGNMENT, np.uint8)
        start, end = _bounds(slab)
        if end - start > size:
            self.give(start + size, end, slab)
        return start, start + size, slab

    def bury(self) -> None:
        """Make gaps of what has died."""
        while self.dead:
            self.give(*self.dead.pop())

    def give(self, start: int, end: int, slab: np.ndarray) -> None:
        """Make a gap, one with those beside it in the same slab."""
        gaps, at = self.gaps, bisect_left(self.gaps, start, key=lambda gap: gap[0])
        if at < len(gaps) and gaps[at][0] == end and gaps[at][2] is slab:
            end = gaps.pop(at)[1]
        if at > 0 and gaps[at - 1][1] == start and gaps[at - 1][2] is slab:
            at -= 1
            start = gaps.pop(at)[0]
        gaps.insert(at, (start, end, slab))


_shared = Arena()


class _Here(threading.local):
    arena: Arena | None = None  # of this thread alone, while it records a step


_here = _Here()


class _Lease:
    """Owner of a piece of a slab while an array uses it; the piece is given back when the last view is gone."""

    def __init__(self, arena: Arena, piece: Piece, shape: tuple[int, ...], dtype: np.dtype):
        self.arena, self.piece = arena, piece
        self.__array_interface__ = {"version": 3, "shape": shape, "typestr": dtype.str, "data": (piece[0], False)}

    def __del__(self):
        self.arena.dead.append(self.piece)  # only append: the collector may call this while `take` runs


class _Place:
    """Where an array is, and the slab, which lives as long as this; the piece may be another array's by then."""

    def __init__(self, array: np.ndarray, slab: np.ndarray):
        self.slab, self.__array_interface__ = slab, {**array.__array_interface__, "strides": array.strides}


def _bounds(slab: np.ndarray) -> tuple[int, int]:
    """What can be used of a slab: from its first aligned address on."""
    start = -(-slab.ctypes.data // ALIGNMENT) * ALIGNMENT
    return start, start + slab.size - ALIGNMENT


def empty(shape: tuple[int, ...], dtype: np.dtype | type) -> np.ndarray:
    """Like numpy.empty, aligned to 64 bytes, from recycled memory where it is large, or where a step is recorded."""
    dtype, own = np.dtype(dtype), _here.arena
    size = dtype.itemsize * math.prod(shape)
    if size == 0 or (size < SMALLEST and own is None):
        return np.empty(shape, dtype)
    arena = own or _shared
    with _lock:
        piece = arena.take(-(-size // ALIGNMENT) * ALIGNMENT)
    return np.asarray(_Lease(arena, piece, tuple(shape), dtype))


@contextmanager
def arena(own: Arena | None = None) -> Iterator[Arena]:
    """What this thread makes within it is cut from slabs of an arena alone: of a new one, or of the one given.

    Small arrays too: a recording would have to keep each of those that the system's allocator gives.
    """
    before, _here.arena = _here.arena, own or Arena()
    try:
        yield _here.arena
    finally:
        _here.arena = before


def place(value):
    """What stands for an argument of a launch in a recording: of an array, its place in the arena of this thread.

    An array of the same address, shape and strides, that keeps the slab but not the piece. Arrays of any other memory,
    and what is no array, stand for themselves; tuples are looked through.
    """
    if isinstance(value, tuple):
        placed = map(place, value)
        return type(value)(*placed) if hasattr(value, "_fields") else type(value)(placed)
    root = value if isinstance(value, np.ndarray) else None
    while root is not None and not isinstance(root, _Lease):
        root = getattr(root, "base", None)  # of a view the array; of an array its lease
    return value if root is None or root.arena is not _here.arena else np.asarray(_Place(value, root.piece[2]))


def release() -> None:
    """Give slabs that are not in use back to the system, for instance before a batch of another size."""
    with _lock:
        _shared.bury()
        _shared.gaps[:] = [gap for gap in _shared.gaps if gap[:2] != _bounds(gap[2])]


def _after_fork() -> None:
    """The child begins with no gaps and a lock of its own: a thread that it has not may have been in the middle."""
    global _lock
    _lock = threading.Lock()
    _shared.gaps.clear()
    _shared.dead.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@cache
def nothing(dtype: np.dtype) -> np.ndarray:
    """An array without numbers: for what is not there, and to tell a kernel a dtype."""
    return np.empty(0, dtype)


def accumulator(terms: int, dtype: np.dtype) -> np.ndarray:
    """An empty array of the dtype in which a kernel is to add up so many numbers."""
    return nothing(np.dtype(dtype if terms <= FEW else np.float64))


def dense(array: np.ndarray) -> np.ndarray:
    """The array itself where it is C-contiguous, aligned and writable, else a copy that is.

    To Numba each of these properties is part of the type: a transposed or read-only array that slipped through would
    compile its kernel once more, in the middle of training.
    """
    return array if array.flags.carray else copied(array, array.dtype)


def cast(array: np.ndarray, dtype: np.dtype | type) -> np.ndarray:
    """The array itself where it has that dtype, else a dense copy that has."""
    return array if array.dtype == dtype else copied(array, dtype)


def copied(array: np.ndarray, dtype: np.dtype | type) -> np.ndarray:
    """A dense copy in a dtype."""
    copy = empty(array.shape, dtype)
    launch(np.copyto, copy, array)
    return copy


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
