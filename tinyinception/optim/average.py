"""The running average of parameters: what the Inception papers evaluated with."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinyinception import changes
from tinyinception.checks import number
from tinyinception.errors import ShapeError, TinyInceptionError
from tinyinception.habits import named
from tinyinception.optim.checks import float_array, named_pairs
from tinyinception.optim.state import Scratch, copy_state, load_state

OWNER = "RunningAverage"


def _array(thing: Any) -> Any:
    return thing if isinstance(thing, np.ndarray) else getattr(thing, "data", None)


def _overwrite(live: np.ndarray, values: np.ndarray) -> None:
    np.copyto(live, values)
    changes.note(live)


class RunningAverage:
    """Exponential moving average of what training changes (Rethinking, section 8; GoogLeNet: Polyak averaging).

    `pairs` are (name, parameter) or (name, array), so batch-norm's running statistics can be averaged beside the
    weights; a bare array must be one that is updated in place. average <- d average + (1 - d) value, where after n
    updates d = min(decay, (1 + n) / (10 + n)): TensorFlow's warm-up, so the start is forgotten soon.
    """

    @named
    def __init__(self, pairs: Iterable[tuple[str, Any]], decay: float = 0.9999) -> None:
        self.decay = float(number(f"{OWNER}: decay", decay, "[0, 1)"))
        self._sources = named_pairs(OWNER, pairs)
        self._state = {"updates": np.zeros((), np.int64)}
        for name, source in self._sources:
            self._state[f"average/{name}"] = float_array(OWNER, name, _array(source)).copy()
        self._scratch = Scratch()
        self._applied = False

    def __repr__(self) -> str:
        return f"{OWNER}(decay={self.decay!r}; arrays: {len(self._sources)}, updates: {self.updates:,})"

    @property
    def updates(self) -> int:
        """How many updates were made, those before a checkpoint included."""
        return int(self._state["updates"])

    def update(self) -> None:
        """Move the averages towards the present values; call it after each step of the optimiser."""
        if self._applied:
            raise TinyInceptionError(f"{OWNER}: update() inside apply() would average the average")
        pairs = self._live_and_average()
        keep = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for live, average in pairs:
            change = np.subtract(live, average, out=self._scratch.like(average))
            change *= 1.0 - keep
            average += change
        self._state["updates"] += 1

    @contextmanager
    def apply(self) -> Iterator[None]:
        """Inside `with average.apply():` the network holds the averages, afterwards its own values, bit for bit."""
        if self._applied:
            raise TinyInceptionError(f"{OWNER}: apply() inside apply()")
        pairs = self._live_and_average()
        kept = [live.copy() for live, _ in pairs]
        self._applied = True
        try:
            for live, average in pairs:
                _overwrite(live, average)
            yield
        finally:
            for (live, _), own in zip(pairs, kept, strict=True):
                _overwrite(live, own)
            self._applied = False

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copy of the state: 'updates' and one array per name, such as 'average/stem.conv.weight'."""
        return copy_state(self._state)

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Continue from a `state_dict()`; one CheckpointError lists all that does not fit, and then nothing changes."""
        load_state(OWNER, self._state, state)

    def _live_and_average(self) -> list[tuple[np.ndarray, np.ndarray]]:
        pairs = [(_array(source), self._state[f"average/{name}"]) for name, source in self._sources]
        for (name, _), (live, average) in zip(self._sources, pairs, strict=True):
            if live.shape != average.shape or live.dtype != average.dtype:
                raise ShapeError(
                    f"{OWNER}: {name!r} was {average.dtype}{average.shape} and is now {live.dtype}{live.shape}"
                )
        return pairs
