"""How kernels are compiled: cached on disk, lazily, and without `fastmath` unless a kernel asks for parts of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

import numba

# How long a thread that is done spins before it sleeps. GNU OpenMP spins for milliseconds: fine on an idle machine,
# but as soon as anything else wants a core, threads spin while the one they wait for is not even running. It is read
# when Numba loads the library, which is at the first parallel kernel.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")


# Only `prange` is parallel: Numba would make such loops of np.zeros and slices too, and compile each for itself.
ONLY_PRANGE = {"prange": True, "reduction": True, "comprehension": False, "numpy": False, "inplace_binop": False,
               "setitem": False, "stencil": False, "fusion": False}


def kernel(*, parallel: bool = True, relax: Iterable[str] = ("contract",)) -> Callable:
    """Decorator: compile with Numba on first call, and keep the machine code on disk.

    relax: LLVM fast-math flags the kernel may use. Fused multiply-add is always fine; "reassoc" lets a sum be
    vectorised; "nnan" and "ninf" would delete NaN and infinity and are never used. Where neither the package's folder
    nor the user's cache can be written, the kernel is compiled anew in each process instead of failing.
    """
    options = {"parallel": ONLY_PRANGE if parallel else False, "fastmath": set(relax), "nogil": True,
               "error_model": "numpy", "no_cfunc_wrapper": True}

    def decorate(function: Callable) -> Callable:
        try:
            return numba.njit(cache=True, **options)(function)
        except RuntimeError:  # Numba's word for: no place to put the cache
            return numba.njit(**options)(function)

    return decorate


def set_threads(n: int) -> None:
    """Number of threads of all kernels, from 1 to the number of cores; results do not depend on it."""
    numba.set_num_threads(n)
