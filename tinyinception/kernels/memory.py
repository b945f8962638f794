"""Large arrays that are recycled instead of returned to the operating system.

A training step makes the same arrays again and again. Fresh memory from the system costs a page fault for every 4 KB at
the first write, which for activations of tens of megabytes takes as long as the arithmetic on them. `empty` hands out
memory that an earlier, dead array of the same size has left behind.
"""

from __future__ import annotations

import math
import threading

import numpy as np

ALIGNMENT = 64  # one cache line, and the widest vector
SMALLEST = 1 << 16  # below this, the system's allocator is as good

_free: dict[int, list[np.ndarray]] = {}
_lock = threading.RLock()  # re-entrant: garbage collection may run `_Lease.__del__` while this thread holds it


class _Lease:
    """Owner of a block while an array uses it; the block goes back when the last view is gone."""

    def __init__(self, block: np.ndarray, shape: tuple[int, ...], dtype: np.dtype):
        self.block = block
        self.__array_interface__ = {
            "version": 3, "shape": shape, "typestr": dtype.str, "data": (_aligned(block), False)}

    def __del__(self):
        with _lock:
            _free.setdefault(self.block.size, []).append(self.block)


def _aligned(block: np.ndarray) -> int:
    return -(-block.ctypes.data // ALIGNMENT) * ALIGNMENT


def empty(shape: tuple[int, ...], dtype: np.dtype | type) -> np.ndarray:
    """Like numpy.empty, aligned to 64 bytes, from recycled memory where it is large."""
    dtype = np.dtype(dtype)
    size = dtype.itemsize * math.prod(shape)
    if size < SMALLEST:
        return np.empty(shape, dtype)
    with _lock:
        waiting = _free.get(size + ALIGNMENT)
        block = waiting.pop() if waiting else np.empty(size + ALIGNMENT, np.uint8)
    return np.asarray(_Lease(block, tuple(shape), dtype))


def release() -> None:
    """Give everything that waits for reuse back to the system, for instance before a batch of another size."""
    with _lock:
        _free.clear()


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
    strides = tuple(array.itemsize * math.prod(shape[axis + 1:]) for axis in range(array.ndim))
    if array.strides != strides or shape[-1] < array.shape[-1]:
        return dense(array)
    return np.lib.stride_tricks.as_strided(array, shape, strides)
