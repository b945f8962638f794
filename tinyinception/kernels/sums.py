"""Sums of gradients, where a result feeds several operations: NumPy adds on one thread, memory has room for more."""

from __future__ import annotations

import numpy as np
from numba import prange

from tinyinception.kernels.jit import kernel


@kernel()
def _add(a, b, out):
    for i in prange(a.size):
        out[i] = a[i] + b[i]


def add(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> np.ndarray:
    """out = a + b for arrays of one shape, without gaps; out may be a or b."""
    _add(a.reshape(-1), b.reshape(-1), out.reshape(-1))
    return out
