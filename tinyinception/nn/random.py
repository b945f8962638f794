"""The random generator behind initialisers and dropout: each thread has one of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinyinception.checks import whole
from tinyinception.errors import ArgumentError
from tinyinception.habits import named


class _Own(threading.local):
    def __init__(self) -> None:
        self.generator = np.random.Generator(np.random.PCG64())


_own = _Own()


@named
def manual_seed(seed: int) -> None:
    """Start this thread's generator anew; the same seed gives the same weights and the same dropout masks.

    What other threads draw has no influence on it; a new thread begins with a seed that nobody knows.
    """
    _own.generator.bit_generator.state = np.random.PCG64(whole("manual_seed: seed", seed, 0)).state


def generator() -> np.random.Generator:
    """The generator in use in this thread, the same object outside of `using`; drawing from it advances it."""
    return _own.generator


def seeded(seed: int) -> np.random.Generator:
    """Another generator, which draws what a thread's own one does after `manual_seed(seed)`."""
    return np.random.Generator(np.random.PCG64(int(seed)))


def draw(out: np.ndarray) -> None:
    """Fill a float32 array with the next numbers, drawn evenly from 0 to 1."""
    _own.generator.random(dtype=np.float32, out=out)


@contextmanager
def using(generator: np.random.Generator) -> Iterator[None]:
    """Inside, this thread draws from another generator: two trainings that take turns do not disturb each other."""
    before, _own.generator = _own.generator, generator
    try:
        yield
    finally:
        _own.generator = before


def get_state() -> dict:
    """Where the generator stands, as a dict that JSON can hold."""
    return dict(_own.generator.bit_generator.state)


def set_state(state: Any) -> None:
    """Continue from a `get_state()`; ArgumentError where `state` is none."""
    bits = _own.generator.bit_generator
    before, where = bits.state, f"set_state: this is no state of the {type(bits).__name__} generator"
    try:
        bits.state = state
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as error:
        raise ArgumentError(f"{where}: {error}") from error
    if bits.state != state:  # NumPy rounds and cuts what does not fit
        bits.state = before
        raise ArgumentError(f"{where}: it has other numbers than such a generator can have")
