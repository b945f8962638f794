"""Arrays that outlive a step: state that goes into checkpoints, and scratch that need not be allocated again."""

import numpy as np

from tinyinception.errors import CheckpointError, misfits


class Scratch:
    """One flat buffer per dtype, as large as the largest array asked for, lent out in any array's shape."""

    def __init__(self) -> None:
        self._flat: dict[np.dtype, np.ndarray] = {}

    def like(self, array: np.ndarray) -> np.ndarray:
        """Uninitialised array of the same shape and dtype; the next call hands out the same memory."""
        flat = self._flat.get(array.dtype)
        if flat is None or flat.size < array.size:
            flat = self._flat[array.dtype] = np.empty(array.size, array.dtype)
        return flat[: array.size].reshape(array.shape)


def _kind(array: np.ndarray) -> str:
    return f"{array.dtype} {array.shape}"


def copy_state(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """A snapshot that later updates leave alone."""
    return {key: array.copy() for key, array in state.items()}


def load_state(owner: str, state: dict[str, np.ndarray], loaded: dict[str, np.ndarray]) -> None:
    """Copy `loaded` into the arrays of `state`; one CheckpointError lists what does not fit, then nothing changes."""
    problems = {
        "missing": [key for key in state if key not in loaded],
        "surplus": [key for key in loaded if key not in state],
        "of another shape or dtype": [
            f"{key} ({_kind(loaded[key])} instead of {_kind(own)})"
            for key, own in state.items()
            if key in loaded and _kind(loaded[key]) != _kind(own)
        ],
    }
    if found := misfits(problems):
        raise CheckpointError(f"{owner}: the saved state does not fit; {found}")
    for key, own in state.items():
        np.copyto(own, loaded[key])
