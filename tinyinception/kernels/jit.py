"""How kernels are compiled: cached on disk, lazily, and without `fastmath` unless a kernel asks for parts of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from numbers import Integral
from typing import Any

from tinyinception.checks import number
from tinyinception.kernels.threads import start

# Only `prange` is parallel. Otherwise Numba parallelises array expressions too, and compiles each separately.
ONLY_PRANGE = {
    "prange": True,
    "reduction": True,
    "comprehension": False,
    "numpy": False,
    "inplace_binop": False,
    "setitem": False,
    "stencil": False,
    "fusion": False,
}


def kernel(*, parallel: bool = True, relax: Iterable[str] = ("contract",)) -> Callable:
    """Decorator: compile with Numba on first call, and keep the machine code on disk.

    relax: LLVM fast-math flags the kernel may use. Fused multiply-add is always fine; "reassoc" lets a sum be
    vectorised; "nnan" and "ninf" would delete NaN and infinity and are never used. Where nothing can be kept, the
    kernel is compiled anew in each process instead of failing.
    """
    start()
    import numba
    from numba.core.cpu_options import ParallelOptions

    from tinyinception.kernels.disk import keep

    # Not as a dict, from which Numba would take the entries, so that they would hold for one compilation only.
    loops = ParallelOptions(dict(ONLY_PRANGE) if parallel else False)
    options: dict[str, Any] = {
        "parallel": loops,
        "fastmath": set(relax),
        "nogil": True,
        "error_model": "numpy",
        "no_cfunc_wrapper": True,
    }

    def decorate(function: Callable) -> Callable:
        compiled: Any = numba.njit(**options)(function)
        if hasattr(compiled, "_cache"):  # it is the function itself where the compiler is switched off
            compiled._cache = keep(function)
        return compiled

    return decorate


def is_cold(compiled: Any) -> bool:
    """Whether a kernel has a place on disk, and nothing of the present sources is there."""
    cold = getattr(compiled._cache, "is_cold", None)
    return cold is not None and cold()


def set_threads(n: int) -> None:
    """Number of threads of the kernels that the calling thread of Python launches; results do not depend on it.

    n: from 1 to the number of cores, or to NUMBA_NUM_THREADS where that is set. Raises ArgumentError otherwise.
    """
    start()
    import numba

    most = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]
    numba.set_num_threads(int(number("threads", n, f"[1, {most}]", Integral)))
