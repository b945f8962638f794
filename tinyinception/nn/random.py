"""The one random generator behind initialisers and dropout."""

from __future__ import annotations

import os

import numpy as np

from tinyinception.checks import whole
from tinyinception.errors import ArgumentError

_generator = np.random.Generator(np.random.PCG64())


def manual_seed(seed: int) -> None:
    """Start the generator anew; the same seed gives the same weights and the same dropout masks."""
    state = np.random.PCG64(whole("manual_seed: seed", seed, 0)).state
    with _generator.bit_generator.lock:  # no draw of another thread comes between the numbers of a state
        _generator.bit_generator.state = state


def generator() -> np.random.Generator:
    """The generator itself, always the same object; drawing from it advances it."""
    return _generator


def get_state() -> dict:
    """Where the generator stands, as a dict that JSON can hold."""
    with _generator.bit_generator.lock:
        return _generator.bit_generator.state


def set_state(state: dict) -> None:
    """Continue from a `get_state()`; ArgumentError where `state` is none."""
    try:
        with _generator.bit_generator.lock:
            _generator.bit_generator.state = state
    except (TypeError, ValueError, KeyError) as error:
        raise ArgumentError(f"set_state: this is no state of the {type(_generator.bit_generator).__name__} generator: "
                            f"{error}") from error


def _after_fork() -> None:
    """A thread that the child has not may have been in the middle of a draw."""
    _generator.bit_generator.lock._at_fork_reinit()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
