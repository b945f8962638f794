"""State that goes into checkpoints."""

import numpy as np

from tinyinception.errors import CheckpointError, misfits


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
