"""Which convolution is used: the fast one, or a stair below it (`kernels.stairs`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cache

from tinyinception.errors import ArgumentError

LOWER = ("loops", "im2col", "tiles", "addresses")  # each one a module in `stairs`
STAIRS = {  # from the definition up, each with what it adds to the one before
    "loops": "the definition: seven loops around one multiply-add",
    "im2col": "every window is a row of a matrix, and convolution one matrix product",
    "tiles": "only as many rows of the matrix at a time as stay in the cache",
    "addresses": "where a pixel is, instead of a copy of it",
    "registers": "a block of results stays in vector registers while all taps and channels pass",
    "fast": "Winograd for a 3x3 of stride 1: 36 multiplications in place of 144",
}
VARIABLE = "TINYINCEPTION_KERNELS"

_chosen: ContextVar[str | None] = ContextVar("kernels", default=None)


def using(name: str) -> AbstractContextManager[None]:
    """Context in which convolutions of this thread, forward and backward, are computed by the stair `name`.

    name: from the definition up, "loops", "im2col", "tiles", "addresses", "registers", "fast". All compute the same
    within rounding; "fast", the usual one, is "registers" with Winograd's method where it suits. Elsewhere the
    environment variable TINYINCEPTION_KERNELS chooses. Raises ArgumentError for another name.

        with kernels.using("im2col"):
            loss.backward()
    """
    return _using(_checked(name, "kernels"))


@contextmanager
def _using(name: str) -> Iterator[None]:
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)


def chosen() -> str:
    """The stair in use. Raises ArgumentError where the environment names one that is not there."""
    return _chosen.get() or _from_environment()


@cache
def _from_environment() -> str:
    return _checked(os.environ.get(VARIABLE) or "fast", VARIABLE)


def _checked(name: str, what: str) -> str:
    if not isinstance(name, str) or name not in STAIRS:
        raise ArgumentError(f"{what} must be one of {', '.join(STAIRS)}, got {name!r}")
    return name
