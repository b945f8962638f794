"""The running average of parameters: what the Inception papers evaluated with."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinyinception import changes
from tinyinception.checks import number
from tinyinception.context import sighted
from tinyinception.errors import ShapeError, TinyInceptionError
from tinyinception.habits import named
from tinyinception.kernels.launch import launch
from tinyinception.optim.checks import float_array, named_pairs
from tinyinception.optim.flat import filled, flags, kernel_for, neighbours, pieces, spanned
from tinyinception.optim.state import copy_state, load_state

OWNER = "RunningAverage"


def _array(thing: Any) -> Any:
    return thing if isinstance(thing, np.ndarray) else getattr(thing, "data", None)


def _overwrite(live: np.ndarray, values: np.ndarray) -> None:
    np.copyto(live, values)
    changes.note(live)


def _count(updates: np.ndarray, rate: np.ndarray, decay: float, finite: np.ndarray) -> None:
    """One more update, and how far it moves the averages."""
    n = int(updates)
    rate[0] = 1.0 - min(decay, (1 + n) / (10 + n))
    updates += finite[0]


def _gather(out: np.ndarray, *arrays: np.ndarray) -> None:
    np.concatenate(arrays, axis=None, out=out)


def _give_back(live: np.ndarray, average: np.ndarray, rate: np.ndarray) -> None:
    if rate[0]:
        np.copyto(live, average)


def _scatter(gathered: np.ndarray, rate: np.ndarray, *arrays: np.ndarray) -> None:
    begin = 0
    for array in arrays if rate[0] else ():
        np.copyto(array, gathered[begin : begin + array.size].reshape(array.shape))
        begin += array.size


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
            self._state[f"average/{name}"] = float_array(OWNER, name, _array(source))
        self._rate, self._always = np.zeros(1), np.ones(1, np.int64)
        self._applied = False
        self._lay_out()

    def __repr__(self) -> str:
        return f"{OWNER}(decay={self.decay!r}; arrays: {len(self._sources)}, updates: {self.updates:,})"

    def frozen(self) -> Iterator[object]:
        """What a recorded step takes for granted: the decay, and where the arrays are."""
        yield self.decay
        yield id(self._pairs)

    @property
    def is_applied(self) -> bool:
        """Whether the network holds the averages just now."""
        return self._applied

    @property
    def updates(self) -> int:
        """How many updates were made, those before a checkpoint included."""
        return int(self._state["updates"])

    @sighted()
    def update(self) -> None:
        """Move the averages towards the present values; call it after each step of the optimiser."""
        if self._applied:
            raise TinyInceptionError(f"{OWNER}: update() inside apply() would average the average")
        self.settle()
        launch(_count, self._state["updates"], self._rate, self.decay, self._finite)
        self.move(self._rate)

    def settle(self) -> None:
        """Lay out anew where the sources have other arrays than before."""
        if any(_array(source) is not live for (_, source), live in zip(self._sources, self._live, strict=True)):
            self._live_and_average()
            self._lay_out()

    def move(self, rate: np.ndarray) -> None:
        """average <- average + rate (value - average); rate: array of one number."""
        for gathered, arrays in self._gathered:
            launch(_gather, gathered, *arrays)
        for average, live in self._pairs:
            launch(kernel_for("follow", average), average, live, rate, self._finite)

    def give_back(self, rate: np.ndarray) -> None:
        """value <- average, where the rate is not 0."""
        for average, live in self._pairs:
            launch(_give_back, live, average, rate)
        for gathered, arrays in self._gathered:
            launch(_scatter, gathered, rate, *arrays)
        changes.note(*self._live)

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

    def averages(self) -> Iterator[tuple[str, np.ndarray]]:
        """The averages themselves, by the names of what they follow."""
        for name, _ in self._sources:
            yield name, self._state[f"average/{name}"]

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copy of the state: 'updates' and one array per name, such as 'average/stem.conv.weight'."""
        return copy_state(self._state)

    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Continue from a `state_dict()`; one CheckpointError lists all that does not fit, and then nothing changes."""
        load_state(OWNER, self._state, state)

    def _lay_out(self) -> None:
        """Arrange averages as what they follow is: in flat arrays, and in one more what lies here and there."""
        self._live = [_array(source) for _, source in self._sources]
        self._pairs: list[tuple[np.ndarray, np.ndarray]] = []  # averages, and the numbers they follow
        self._gathered: list[tuple[np.ndarray, list[np.ndarray]]] = []  # a flat array for the numbers of several
        runs, alone = neighbours(self._live)
        for run in runs:
            self._follow(run, spanned([self._live[i] for i in run]))
        by_dtype: dict[np.dtype, list[int]] = {}
        for i in alone:
            by_dtype.setdefault(self._live[i].dtype, []).append(i)
        for dtype, scattered in by_dtype.items():
            arrays = [self._live[i] for i in scattered]
            self._gathered.append((filled(sum(array.size for array in arrays), dtype), arrays))
            self._follow(scattered, self._gathered[-1][0])
        found = flags(self._live)
        self._finite = found[0] if len(found) == 1 else self._always

    def _follow(self, which: list[int], live: np.ndarray) -> None:
        """Put the averages of some sources, whose numbers stand in `live` one after the other, in a flat array too."""
        average = filled(live.size, live.dtype)
        self._pairs.append((average, live))
        for i, piece in zip(which, pieces(average, [self._live[i].shape for i in which]), strict=True):
            key = f"average/{self._sources[i][0]}"
            np.copyto(piece, self._state[key])
            self._state[key] = piece

    def __getstate__(self) -> dict[str, Any]:
        """What `pickle` and `deepcopy` take; a copy follows arrays of its own."""
        left = ("_live", "_pairs", "_gathered", "_finite")
        return {name: value for name, value in vars(self).items() if name not in left}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _state=dict(state["_state"]))
        self._lay_out()

    def _live_and_average(self) -> list[tuple[np.ndarray, np.ndarray]]:
        pairs = [(_array(source), self._state[f"average/{name}"]) for name, source in self._sources]
        for (name, _), (live, average) in zip(self._sources, pairs, strict=True):
            if live.shape != average.shape or live.dtype != average.dtype:
                raise ShapeError(
                    f"{OWNER}: {name!r} was {average.dtype}{average.shape} and is now {live.dtype}{live.shape}"
                )
        return pairs
