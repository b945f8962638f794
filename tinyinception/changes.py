"""Which arrays were changed in place, and when: backward must read the numbers that forward has read.

Time is the number of changes so far. An operation notes the time of its forward; memory that was changed later holds
other numbers. Memory is what counts: views, `detach()` and two tensors on one array are changed together.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from weakref import ref

import numpy as np

from tinyinception.kernels import launch

now = 0
forms = 0  # how often what a recorded step takes for granted was changed: an attribute of a module, a tensor's array
_times: dict[int, tuple[ref, int]] = {}  # by the id of the array that owns the memory, while that array lives


def note(*arrays: np.ndarray) -> None:
    """Say that the numbers in the memory of these arrays are others from now on."""
    global now
    now += 1
    if launch.state.record is not None:
        launch.state.record(note, arrays)
    for array in arrays:
        owner = _owner(array)
        key = id(owner)
        known = _times.get(key)
        _times[key] = (known[0] if known else ref(owner, partial(_forget, key))), now


def reform() -> None:
    """Say that modules or tensors have another form from now on, so that what was recorded before does not hold."""
    global forms
    forms += 1


def _forget(key: int, _: ref) -> None:
    _times.pop(key, None)


def after(time: int, held: object) -> np.ndarray | None:
    """The first array in `held`, itself or in tuples, lists and dicts, that was changed after `time`; usually None."""
    if time == now:
        return None
    return next((a for a in _arrays(held) if _times.get(id(_owner(a)), (None, 0))[1] > time), None)


def _owner(array: np.ndarray) -> np.ndarray:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def _arrays(held: object) -> Iterator[np.ndarray]:
    if isinstance(held, np.ndarray):
        yield held
    elif isinstance(held, (tuple, list, dict)):
        for part in held.values() if isinstance(held, dict) else held:
            yield from _arrays(part)
