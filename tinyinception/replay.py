"""Capture and replay: a step whose shapes repeat is recorded once, as a flat list of launches, and then replayed.

The first call runs as always, and compiles; the second is recorded; later ones copy their arrays to where the recorded
ones stood and go through the list: no shape checks, no graph, no allocation, no decisions. What CUDA graphs and
compilers do with a training step. The recording has an arena of its own, and memory in it is reused in the order in
which the step reused it. A recording holds as long as nothing changes that it has taken for granted; what does is
recorded anew.
"""

from __future__ import annotations

import functools
import pickle
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from tinyinception import changes, context, kernels, remedies
from tinyinception.errors import ArgumentError, CaptureError
from tinyinception.kernels import launch, memory
from tinyinception.storage import FLOATS
from tinyinception.tensor import Tensor

MOST_RECORDINGS = 8  # of one step: of full batches, of the last one of an epoch, of both in evaluation, ...


def capture(step: Callable, *held: Any) -> Captured:
    """`step`, recorded when it is called for the second time with arrays of the same shapes, and then replayed.

    step: does the same with all arrays of the same shapes, and returns tensors, alone or in tuples. It is called with
    NumPy arrays; of them, floats reach it as tensors, whole numbers as `Labels`, to be handed to a loss. held: the
    modules, optimisers and averages that it works on. What in it is no operation on tensors and no step of an
    optimiser, printing for instance, a number of Python's that changes, or a draw from a generator of the caller's,
    counts when it is recorded and then no more. What it returns is a copy each time. Where a hook watches, the step
    runs as always.

    Raises CaptureError, at the first call, where the step looks at numbers of its own, as in `if loss.item() > 3`.

        step = capture(step, network, optimizer)
        for images, labels in loader:
            loss = step(images, labels)
    """
    return Captured(step, held)


class Captured:
    """A step that is recorded once for each set of shapes, and replayed."""

    def __init__(self, step: Callable, held: Sequence[Any], arena: memory.Arena | None = None):
        if not callable(step):
            raise ArgumentError(f"capture: step must be a function of arrays, got {type(step).__name__}")
        functools.update_wrapper(self, step, updated=())
        self.step, self.held = step, list(held)
        self._recordings: dict[tuple, Recording | None] = {}  # None: has run once
        self.arena, self._lock = arena or memory.Arena(), threading.RLock()
        self._surveyed = -1  # the `changes.forms` at which these two were made
        self._modules: list[Any] = []
        self._leaves: list[Tensor] = []

    @property
    def recordings(self) -> list[Recording]:
        """What has been recorded so far, one for each set of shapes; `print(recording)` lists its launches."""
        return [recording for recording in self._recordings.values() if recording is not None]

    def __call__(self, *arrays: np.ndarray) -> Any:
        """The step's result on these arrays."""
        given = [_checked(number, array) for number, array in enumerate(arrays)]
        self._survey()
        if self._must_run(given):
            return _copies(_placed(self.step(*map(_handed, given))))
        with self._lock:
            return self._call(given)

    def _must_run(self, arrays: Sequence[np.ndarray]) -> bool:
        """Whether a recording would not hold what happens, or a replay not show it: to a hook, or NaN in an input."""
        return (
            kernels.by_twins()
            or context.state.plain  # which computes in NumPy, between the operations too
            or context.is_observed()
            or launch.state.record is not None
            or any(module.hooked for module in self._modules)
            or not (context.state.calling or all(np.isfinite(a).all() for a in arrays if a.dtype.kind == "f"))
        )

    def _call(self, arrays: Sequence[np.ndarray]) -> Any:
        key = self._key(arrays)
        if key not in self._recordings:
            while len(self._recordings) >= MOST_RECORDINGS:
                self._recordings.pop(next(iter(self._recordings)))
            with memory.arena(self.arena), context.blind():
                result = _copies(_placed(self.step(*map(_handed, arrays))))
            self._survey()
            now = self._key(arrays)  # in a first step an optimiser may have moved its arrays
            # the next one finds the gradients that this one has left, or, where they are cleared outside of it, none
            for start in (now[0], key[0]):
                self._recordings.setdefault((start, *now[1:]), None)
            return result
        recording = self._recordings[key]
        if recording is not None:
            return recording.replay(arrays)
        drawn = _global_draws()
        recording = Recording(self.step, arrays, self.arena, self._leaves)
        # else the step itself changes what a recording takes for granted, or draws what a replay would not
        if key[1:] == self._key(arrays)[1:] and drawn == _global_draws():
            self._recordings[key] = recording
        return recording.first

    def _key(self, arrays: Sequence[np.ndarray]) -> tuple:
        """All that a recording takes for granted."""
        return (
            self._starts(),
            tuple((a.shape, a.dtype.str) for a in arrays),
            changes.forms,
            kernels.threads.number(),
            kernels.choice.chosen(),
            context.state.recording,
            tuple(module.training for module in self._modules),
            tuple(leaf.requires_grad for leaf in self._leaves),
            tuple(tuple(t.frozen()) for t in self.held if hasattr(t, "frozen") and not hasattr(t, "modules")),
        )

    def _survey(self) -> None:
        """Find modules and parameters anew where some module or tensor has another form."""
        if self._surveyed != changes.forms:
            self._modules, self._leaves = [*_modules(self.held)], [*_leaves(self.held)]
            self._surveyed = changes.forms

    def _starts(self) -> tuple:
        """Which gradients are there already: a step may add to them."""
        return tuple(
            0 if leaf._grad is None else 1 if leaf._grad is leaf.slot else id(leaf._grad) for leaf in self._leaves
        )


class Recording:
    """The launches of one step, in order; `replay` does them again with other numbers."""

    def __init__(self, step: Callable, arrays: Sequence[np.ndarray], arena: memory.Arena, leaves: Sequence[Tensor]):
        self.calls: list[functools.partial[None]] = []
        self.found = [
            leaf._grad for leaf in leaves
        ]  # held, so that no other gradient gets the id by which a key knows it
        with memory.arena(arena):
            self.inputs = tuple(memory.empty(array.shape, array.dtype) for array in arrays)
            self._fill(arrays)
            launch.state.record = self._note
            try:
                with context.blind():
                    result = step(*map(_handed, self.inputs))
            finally:
                launch.state.record = None
            self.result = _placed(result)
        self.grads = [(leaf, leaf._grad) for leaf in leaves]
        self.first = _copies(self.result)

    def _note(self, function: Callable, args: tuple) -> None:
        self.calls.append(functools.partial(function, *map(memory.place, args)))

    def _fill(self, arrays: Sequence[np.ndarray]) -> None:
        for place, array in zip(self.inputs, arrays, strict=True):
            np.copyto(place, array)

    def replay(self, arrays: Sequence[np.ndarray]) -> Any:
        """The step's result on other arrays of the same shapes."""
        self._fill(arrays)
        with kernels.threads.turn():
            for call in self.calls:
                call()
        for leaf, grad in self.grads:
            leaf._grad = grad
        return _copies(self.result)

    def __str__(self) -> str:
        return "\n".join(f"{number:5} {describe(call)}" for number, call in enumerate(self.calls))


def describe(call: functools.partial) -> str:
    """A launch in a line: `window_product 8x32x32x3 ...`."""
    shapes = [str(part) for arg in call.args for part in _shapes(arg)]
    return f"{getattr(call.func, '__name__', call.func)} {' '.join(shapes)}"


def _shapes(arg: Any) -> Iterator[str]:
    if isinstance(arg, np.ndarray) and arg.size:
        yield "x".join(map(str, arg.shape)) or "1"
    elif isinstance(arg, tuple):
        for part in arg:
            yield from _shapes(part)


def _global_draws() -> tuple:
    """Where the generators of NumPy and Python stand from which anybody may draw."""
    return pickle.dumps(np.random.get_state(legacy=False)), random.getstate()


class Labels:
    """Whole numbers that a captured step is given: to be handed on, to a loss for instance, and not to be looked at."""

    def __init__(self, array: np.ndarray):
        self._array = array

    shape = property(lambda self: self._array.shape, doc="Sizes of the axes.")
    dtype = property(lambda self: self._array.dtype, doc="A whole-number dtype of NumPy's.")

    def __len__(self) -> int:
        return len(self._array)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise CaptureError(f"{remedies.BLIND}; what is to be done with labels is done before the step is called")


def _checked(number: int, array: Any) -> np.ndarray:
    if isinstance(array, Tensor):
        return array.numpy()
    if isinstance(array, np.ndarray) and (array.dtype in FLOATS or array.dtype.kind in "iu"):
        return array
    kind = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
    raise ArgumentError(
        f"capture: input {number} of the step must be an array of float32, float64 or whole numbers, got {kind}; a "
        "number that changes from step to step is an array of one number"
    )


def _handed(array: np.ndarray) -> Tensor | Labels:
    """What the step is given for an array."""
    return Labels(array) if array.dtype.kind in "iu" else Tensor(array)


def _leaves(held: Sequence[Any]) -> Iterator[Tensor]:
    """The parameters of what a step works on, each once."""
    seen: dict[int, Tensor] = {}
    for thing in held:
        found = getattr(thing, "parameters", ())  # of a module a method, of an optimiser a list with names
        leaves = found() if callable(found) else [leaf for _, leaf in found]
        seen.update((id(leaf), leaf) for leaf in leaves)
    return iter(seen.values())


def _modules(held: Sequence[Any]) -> Iterator[Any]:
    for thing in held:
        if hasattr(thing, "modules"):
            yield from thing.modules()


def _placed(result: Any) -> Any:
    """What a step returned, by place: arrays where there were tensors."""
    if isinstance(result, Tensor):
        return memory.place(result._data)
    if isinstance(result, tuple):
        placed = map(_placed, result)
        return type(result)(*placed) if hasattr(result, "_fields") else tuple(placed)
    if isinstance(result, list):
        return [*map(_placed, result)]
    if result is None:
        return None
    raise CaptureError(f"capture: the step must return tensors, alone or in tuples, got {type(result).__name__}")


def _copies(result: Any) -> Any:
    """Tensors of copies, which the next replay leaves alone."""
    if isinstance(result, np.ndarray):
        return Tensor._result(result.copy(), result.shape, result.dtype)
    if isinstance(result, tuple):
        copies = map(_copies, result)
        return type(result)(*copies) if hasattr(result, "_fields") else tuple(copies)
    return [*map(_copies, result)] if isinstance(result, list) else result
