"""The one random generator behind initialisers and dropout."""

from __future__ import annotations

import numpy as np

from tinyinception.checks import whole
from tinyinception.errors import ArgumentError

_generator = np.random.Generator(np.random.PCG64())


def manual_seed(seed: int) -> None:
    """Start the generator anew; the same seed gives the same weights and the same dropout masks."""
    _generator.bit_generator.state = np.random.PCG64(whole("manual_seed: seed", seed, 0)).state


def generator() -> np.random.Generator:
    """The generator itself, always the same object; drawing from it advances it."""
    return _generator


def get_state() -> dict:
    """Where the generator stands, as a dict that JSON can hold."""
    return _generator.bit_generator.state


def set_state(state: dict) -> None:
    """Continue from a `get_state()`; ArgumentError where `state` is none."""
    try:
        _generator.bit_generator.state = state
    except (TypeError, ValueError, KeyError) as error:
        raise ArgumentError(f"set_state: this is no state of the {type(_generator.bit_generator).__name__} generator: "
                            f"{error}") from error
