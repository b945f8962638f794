"""Many arrays as pieces of one, so that whatever is done to all of them is one launch.

A piece is an ordinary array of its own shape: its owner, as NumPy sees it, is a `Piece` and not the whole, so that a
change of one parameter is not taken for a change of its neighbours (`changes` asks for the owner).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinyinception import kernels
from tinyinception.kernels import reference
from tinyinception.kernels.launch import launch
from tinyinception.optim.checks import Parameter

ALIGNMENT = 64  # bytes: one cache line, and the widest vector
COMPILED = (np.dtype(np.float32), np.dtype(np.float64))


class Piece:
    """Holds the memory of an array that is a part of another, for NumPy; finite: the flag of what it belongs to."""

    def __init__(self, whole: np.ndarray, begin: int, shape: tuple[int, ...], finite: np.ndarray | None):
        self.whole, self.begin, self.end, self.finite = whole, begin, begin + math.prod(shape), finite
        address = whole.ctypes.data + begin * whole.itemsize
        self.__array_interface__ = {
            "version": 3,
            "shape": shape,
            "typestr": whole.dtype.str,
            "data": (address, False),
        }


def pieces(whole: np.ndarray, shapes: Sequence[tuple[int, ...]], finite: np.ndarray | None = None) -> list[np.ndarray]:
    """Arrays of the given shapes, one after the other in the memory of `whole`."""
    listed, begin = [], 0
    for shape in shapes:
        listed.append(np.asarray(Piece(whole, begin, shape, finite)))
        begin += math.prod(shape)
    return listed


def filled(size: int, dtype: np.dtype, value: float = 0.0) -> np.ndarray:
    """A flat array that begins at a cache line."""
    spare = ALIGNMENT // dtype.itemsize
    memory = np.zeros(size + spare, dtype)
    begin = -memory.ctypes.data % ALIGNMENT // dtype.itemsize
    flat = memory[begin : begin + size]
    if value:
        flat.fill(value)
    return flat


def _piece(array: np.ndarray) -> Piece | None:
    """What the array is a piece of, as a whole; None where it is no piece, or a part of one."""
    base: Any = array.base
    return base if type(base) is Piece else None


def neighbours(arrays: Sequence[np.ndarray]) -> tuple[list[list[int]], list[int]]:
    """Numbers of the pieces that follow one another in one whole, each run in order, and of what is no piece."""
    placed, alone = [], []
    order: dict[int, int] = {}  # of the wholes, as they are met
    for i, array in enumerate(arrays):
        if (piece := _piece(array)) is None:
            alone.append(i)
        else:
            placed.append((order.setdefault(id(piece.whole), len(order)), piece.begin, piece.end, i))
    runs: list[list[int]] = []
    last = None
    for whole, begin, end, i in sorted(placed):
        if last == (whole, begin):
            runs[-1].append(i)
        else:
            runs.append([i])
        last = whole, end
    return runs, alone


def spanned(run: Sequence[np.ndarray]) -> np.ndarray:
    """The flat array that pieces following one another are."""
    first: Any = run[0].base
    last: Any = run[-1].base
    whole: np.ndarray = first.whole
    return whole[first.begin : last.end]


def joined(arrays: Iterable[np.ndarray]) -> list[np.ndarray]:
    """The same numbers in as few arrays as can be, flat where their memory is."""
    listed = [np.asarray(array) for array in arrays]
    runs, alone = neighbours(listed)
    rest = (listed[i] for i in alone)
    return [spanned([listed[i] for i in run]) for run in runs] + [
        array.reshape(-1) if array.flags.c_contiguous else array for array in rest
    ]


def flags(arrays: Iterable[np.ndarray]) -> list[np.ndarray]:
    """The `finite` of each optimiser in whose arrays these are pieces."""
    found = (piece.finite for array in arrays if (piece := _piece(array)) is not None)
    return list({id(flag): flag for flag in found if flag is not None}.values())


def overlapping(arrays: Sequence[np.ndarray]) -> set[int]:
    """Which of the arrays, by their places in the list, may share memory with another one."""
    bounds = sorted((*_bounds(array), i) for i, array in enumerate(arrays) if array.size)
    found: set[int] = set()
    end, last = 0, -1
    for low, high, i in bounds:
        if low < end:
            found |= {i, last}
        if high > end:
            end, last = high, i
    return found


def _bounds(array: np.ndarray) -> tuple[int, int]:
    """The address of the first byte, and the one behind the last."""
    reach = [(n - 1) * stride for n, stride in zip(array.shape, array.strides, strict=True)]
    address = array.ctypes.data
    return address + sum(min(r, 0) for r in reach), address + sum(max(r, 0) for r in reach) + array.itemsize


def kernel_for(name: str, array: np.ndarray) -> Callable[..., None]:
    """What computes on it: the kernel, or its twin for few numbers and for dtypes that Numba has not.

    The rules and the running average give the same bits either way, sums of squares only almost.
    """
    large = array.size >= kernels.LARGE and array.dtype in COMPILED and array.flags.carray
    chosen: Callable[..., None] = getattr(kernels if large else reference, name)
    return chosen


@dataclass(eq=False)
class Group:
    """Parameters with settings of their own. settings: what the caller gave with them.

    kind: which of an optimiser's rules they take. lr: array of one number. share: what it is of the optimiser's rate.
    """

    kind: Any
    settings: dict[str, Any]
    lr: np.ndarray
    share: float = 1.0


@dataclass
class Place:
    """Where a parameter's numbers stand: number `index` of a part; `slot` is for its gradient.

    `data` is the parameter's array: the view of the part, or, of one that shares memory with another, its own.
    """

    part: Part
    index: int
    data: np.ndarray
    slot: np.ndarray


@dataclass
class Run:
    """Neighbours in a part that take the same step: slices of its arrays, of which the first `decaying` numbers decay.

    group: whose settings hold. shapes: of the parameters. updates: how often each was updated. numbers: room for what
    changes from step to step.
    """

    group: Group
    shapes: list[tuple[int, ...]]
    data: np.ndarray
    grad: np.ndarray
    state: dict[str, np.ndarray]
    decaying: int
    updates: np.ndarray
    numbers: np.ndarray = field(default_factory=lambda: np.ones(2))

    @property
    def empty(self) -> np.ndarray:
        """No numbers, of the same dtype: the state that a rule does without."""
        return self.data[:0]


class Part:
    """Parameters of a group and dtype, those that decay first: numbers, gradients and each state are one array each.

    home: where the numbers of the only parameter stand outside of steps, if it shares its memory with others.
    """

    def __init__(
        self,
        parameters: Sequence[tuple[str, Parameter]],
        decaying: set[str],
        finite: np.ndarray,
        group: Group,
        home: np.ndarray | None = None,
    ):
        arrays = [parameter.data for _, parameter in parameters]
        self.names, self.group, self.home = [name for name, _ in parameters], group, home
        self.shapes = [array.shape for array in arrays]
        self.begins = np.cumsum([0, *(array.size for array in arrays)]).tolist()
        self.decaying = sum(array.size for name, array in zip(self.names, arrays, strict=True) if name in decaying)
        self.data, self.grad = (filled(self.begins[-1], arrays[0].dtype) for _ in range(2))
        self.views, self.slots = (pieces(whole, self.shapes, finite) for whole in (self.data, self.grad))
        self.state: dict[str, np.ndarray] = {}
        self.updates = np.zeros(len(arrays), np.int64)
        self._whole: Run | None = None
        for view, array in zip(self.views, arrays, strict=True):
            np.copyto(view, array)

    def places(self) -> Iterator[tuple[str, Place]]:
        """Where each parameter stands, by name."""
        for i, (name, view, slot) in enumerate(zip(self.names, self.views, self.slots, strict=True)):
            yield name, Place(self, i, view if self.home is None else self.home, slot)

    def new_state(self, slot: str, fill: float | None) -> Iterator[tuple[str, np.ndarray]]:
        """One more state, and each parameter's piece of it by name; without `fill`, their counts of updates."""
        if fill is None:
            return zip(self.names, pieces(self.updates, [()] * len(self.names)), strict=True)
        self._whole, self.state[slot] = None, filled(self.data.size, self.data.dtype, fill)
        return zip(self.names, pieces(self.state[slot], self.shapes), strict=True)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Context in which `data` holds the numbers, where they stand elsewhere."""
        if self.home is not None:
            launch(np.copyto, self.views[0], self.home)
        yield
        if self.home is not None:
            launch(np.copyto, self.home, self.views[0])

    def runs(self, ready: list[int]) -> list[Run]:
        """The parameters of the given numbers as few runs: all in one, or neighbours updated equally often."""
        same = bool((self.updates == self.updates[0]).all())
        if same and len(ready) == len(self.names):
            self._whole = self._whole or self._run(0, len(self.names))
            return [self._whole]
        runs: list[list[int]] = []
        for i in ready:
            if runs and runs[-1][1] == i and self.updates[i] == self.updates[i - 1]:
                runs[-1][1] = i + 1
            else:
                runs.append([i, i + 1])
        return [self._run(first, last) for first, last in runs]

    def _run(self, first: int, last: int) -> Run:
        begin, end = self.begins[first], self.begins[last]
        return Run(
            self.group,
            self.shapes[first:last],
            self.data[begin:end],
            self.grad[begin:end],
            {slot: flat[begin:end] for slot, flat in self.state.items()},
            min(max(self.decaying - begin, 0), end - begin),
            self.updates[first:last],
        )
