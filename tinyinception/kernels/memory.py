"""Large arrays that are recycled instead of returned to the operating system.

A training step makes the same arrays again and again. Fresh memory from the system costs a page fault for every 4 KB at
the first write, which for activations of tens of megabytes takes as long as the arithmetic on them. `empty` hands out
memory that an earlier, dead array of the same size has left behind.
"""

from __future__ import annotations

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
    size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
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


def dense(array: np.ndarray, dtype: np.dtype | type | None = None) -> np.ndarray:
    """The array itself where it is C-contiguous, aligned and writable, else a copy that is.

    To Numba each of these properties is part of the type: a transposed or read-only array that slipped through would
    compile its kernel once more, in the middle of training.
    """
    return np.require(array, dtype, ("C", "A", "W"))
