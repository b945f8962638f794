"""Functions that only kernels call. Of each there is LLVM's code, and every kernel that calls it takes that in.

Numba by itself would optimise such a function, make machine code of it and an entry for Python, and do all but the
entry once more for each caller. Here that happens once, in the kernel, which saves a quarter of the compilation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler


class Inner:
    """What kernels see as a compiled function; called from Python it is the function as it stands there."""

    def __init__(self, function: Callable, compiled: Any):
        update_wrapper(self, function)
        self.function, self.compiled = function, compiled

    def __call__(self, *args):
        return self.function(*args)

    @property
    def _numba_type_(self):
        """What Numba takes it for."""
        return self.compiled._numba_type_


class InnerCompiler(Compiler):
    """Numba's, but what it makes is for callers alone."""

    def __init__(self, typingctx, targetctx, library, *args):
        super().__init__(typingctx, targetctx, library or _Library(targetctx.codegen(), "inner"), *args)


class _Library(JITCodeLibrary):
    """LLVM's code as it came from Numba: whoever links it, optimises it and loads it."""

    def _optimize_functions(self, module) -> None:
        module.data_layout = self._codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True

    @property
    def codegen(self):
        return self

    def set_env(self, name: str, env: Any) -> None:
        """What a loaded function would be told of objects in Python that it needs."""
