"""Operations while a step is recorded (see `replay`): one that computes in plain NumPy is written down as a whole.

What an operation writes through `kernels.launch` is in the recording already. Of all others the results are copied to
fixed places, and a replay calls the operation itself again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyinception.errors import CaptureError
from tinyinception.kernels.launch import as_one, state
from tinyinception.kernels.memory import empty
from tinyinception.ops.operation import Grads, Kept, Operation, Room


def forward(op: Operation, arrays: Sequence[np.ndarray | None]) -> tuple[np.ndarray, Any]:
    """The operation's result and what it puts aside."""
    record = state.record
    if record is None or op.launches:
        return _both(op.forward(*arrays))
    with as_one():
        output, aside = _both(op.forward(*arrays))
    if op.view and np.may_share_memory(output, arrays[0]):
        return output, aside
    output, aside = _settled(output), _settled(aside)
    record(_forward_again, (op, tuple(arrays), output, aside))
    return output, aside


def backward(
    op: Operation,
    kept: Kept,
    grad: np.ndarray,
    room: Room | None = None,
) -> Grads:
    """The gradients of the operation's inputs; in place where there is room."""
    record = state.record
    if record is None or op.launches:
        return op.backward(kept, grad) if room is None else op.backward_in_place(kept, grad, room)
    with as_one():
        grads = tuple(None if g is None else np.asarray(g) for g in op.backward(kept, grad))
    given = [array for array in (grad, *_arrays(kept)) if array is not None]
    new = tuple(g is not None and not any(np.may_share_memory(g, array) for array in given) for g in grads)
    if not any(new):  # they are parts of what was given, and nothing was written
        return grads
    grads = tuple(_settled(g) if is_new else g for g, is_new in zip(grads, new, strict=True))
    places = tuple(g if is_new else None for g, is_new in zip(grads, new, strict=True))
    record(_backward_again, (op, kept, grad, places))
    return grads


def _forward_again(op: Operation, arrays: tuple, output: np.ndarray, aside: Any) -> None:
    again, again_aside = _both(op.forward(*arrays))
    np.copyto(output, again)
    _write(op, aside, again_aside)


def _backward_again(op: Operation, kept: Kept, grad: np.ndarray, places: tuple) -> None:
    again: Sequence[Any] = op.backward(kept, grad)  # arrays where there were arrays
    for place, part in zip(places, again, strict=True):
        if place is not None:
            np.copyto(place, part)


def _both(result: Any) -> tuple[np.ndarray, Any]:
    output, aside = result if type(result) is tuple else (result, None)
    return np.asarray(output), aside  # of one number NumPy makes no array


def _settled(thing: Any) -> Any:
    """The same numbers in memory of ours, which is given back when the last reader is done."""
    if isinstance(thing, (np.ndarray, np.generic)):
        place = empty(thing.shape, thing.dtype)
        np.copyto(place, thing)
        return place
    return tuple(map(_settled, thing)) if isinstance(thing, (tuple, list)) else thing


def _write(op: Operation, places: Any, things: Any) -> None:
    if isinstance(places, np.ndarray):
        np.copyto(places, things)
    elif isinstance(places, tuple):
        for place, thing in zip(places, things, strict=True):
            _write(op, place, thing)
    elif places != things:
        raise CaptureError(
            f"{op.name}: forward has put {things!r} aside, and {places!r} when the step was recorded; numbers that "
            "change are to be put aside as arrays"
        )


def _arrays(thing: Any) -> list[np.ndarray]:
    if isinstance(thing, np.ndarray):
        return [thing]
    return [array for part in thing for array in _arrays(part)] if isinstance(thing, (tuple, list)) else []


def holds_arrays(aside: Any) -> bool:
    """Whether what was put aside is more than a few numbers and shapes."""
    return aside is not None and bool(_arrays(aside))
