"""The contract of an operation: a formula, and what its gradient needs to remember.

An operation knows arrays and shapes, never tensors or graphs. It is a frozen value: equal configuration, equal object,
applied as often as one likes. One use of it is a `tape.Node`. A new operation states `shape`, `forward` and `backward`;
all else here has a default that is right, if not always the fastest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from tinyinception.context import current_path
from tinyinception.errors import ShapeError

Shape = tuple[int, ...]
Grads = Sequence["np.ndarray | None"]
Forward = np.ndarray | tuple[np.ndarray, Any]  # the result, or with it what is put aside


@dataclass(frozen=True)
class Cost:
    """What one forward pass of an operation costs.

    macs: multiply-adds of convolutions and matrix products, the unit in which the papers count.
    flops: every arithmetic operation, a multiply-add being two.
    parameters: learnable numbers the operation reads.
    activations: numbers it writes.
    """

    macs: int = 0
    flops: int = 0
    parameters: int = 0
    activations: int = 0

    def __add__(self, other: Cost) -> Cost:
        return Cost(
            self.macs + other.macs,
            self.flops + other.flops,
            self.parameters + other.parameters,
            self.activations + other.activations,
        )


@dataclass(frozen=True)
class Window:
    """How an operation slides over its input: what the receptive field is computed from.

    kernel, stride and dilation are (height, width); padding is (top, bottom, left, right).
    """

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)


class Keeps(NamedTuple):
    """Which arrays backward reads: inputs (one truth for each, those left out are not kept), and the output."""

    inputs: tuple[bool, ...] = ()
    output: bool = False


NOTHING, OUTPUT = Keeps(), Keeps(output=True)
FIRST = Keeps((True,))


class Kept(NamedTuple):
    """What backward is given of one use: the arrays that `keeps` named, and what forward has put aside.

    shapes: of all inputs, None of those left out. wanted: whether each wants a gradient; work for one that does not is
    to be skipped.
    """

    inputs: tuple[Any, ...]
    output: Any
    aside: Any
    shapes: tuple[Any, ...]
    wanted: tuple[bool, ...]


class Room(NamedTuple):
    """Memory that the fast executor offers to a backward; an operation takes it or leaves it.

    sums: for each input an array, or None, to which its gradient may be added. empty: one to which it may be written.
    overwrite: whether the memory of the gradient that comes in may be written to.
    """

    sums: Sequence[np.ndarray | None]
    empty: Sequence[np.ndarray | None]
    overwrite: bool = False


def no_room(kept: Kept) -> Room:
    """What a backward has that changes nothing in place."""
    nothing = (None,) * len(kept.wanted)
    return Room(nothing, nothing)


class Operation:
    """One differentiable operation, a formula.

    Configuration goes to the constructor and stays as it is; numbers that change, labels or running statistics, are
    inputs. How it is executed, when memory is shared, and what is computed again is decided elsewhere, by what is
    declared here.
    """

    tensors: ClassVar[int | None] = None  # how many inputs are tensors; arrays without gradient follow; None: all
    view: ClassVar[bool] = False  # the result lies in the memory of the first input
    only_places: ClassVar[bool] = False  # it does nothing but put its inputs side by side
    new_arrays: ClassVar[bool] = False  # backward returns arrays that nobody else holds; others may be added to them

    def __init_subclass__(cls, **options: Any) -> None:
        """What was declared of another forward or backward does not hold for a subclass's own."""
        super().__init_subclass__(**options)
        own = vars(cls)
        for method, declarations in (
            ("forward", ("launches", "recomputes", "view")),
            ("backward", ("launches", "new_arrays", "backward_in_place")),
        ):
            for name in declarations if method in own else ():
                if name not in own:
                    setattr(cls, name, vars(Operation)[name])

    @property
    def analytic(self) -> bool:
        """Whether the formula also holds for complex numbers, so that a complex step may check it."""
        return False

    @property
    def launches(self) -> bool:
        """Whether forward and backward write numbers through `kernels.launch` alone, so that each can be replayed."""
        return False

    @property
    def recomputes(self) -> bool:
        """Whether `recompute` gives the output once more, in one pass over memory, from what is kept anyway."""
        return False

    @property
    def name(self) -> str:
        """The operation's name as shown to the user."""
        return type(self).__name__

    # -- the formula ---------------------------------------------------------------------------------------------

    def shape(self, *shapes: Any) -> Shape:
        """Output shape, or ShapeError naming the operation, the layer and the sizes."""
        raise NotImplementedError(f"{self.name} does not state its output shape")

    def forward(self, *arrays: Any) -> Forward:
        """The result, in the dtype of the input; or a tuple (result, what to put aside for backward)."""
        raise NotImplementedError(f"{self.name} has no forward")

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        """One gradient per input, None where `kept.wanted` says that none is wanted. Changes nothing in place."""
        raise NotImplementedError(f"{self.name} has no backward")

    # -- what it keeps -------------------------------------------------------------------------------------------

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        """What backward reads where those inputs want a gradient; by default everything."""
        return Keeps((True,) * len(wanted), True)

    def aside_bytes(self, *shapes: Any) -> int:
        """Bytes that forward puts aside on float32 inputs; what does not grow with the batch may be left out."""
        return 0

    def recompute(self, kept: Kept, out: np.ndarray) -> None:
        """Write the output of forward once more, to the same bits; where `recomputes`."""
        raise NotImplementedError(f"{self.name} does not compute its output again")

    def places(self, out: np.ndarray, shapes: Sequence[Shape]) -> Sequence[np.ndarray]:
        """Where each input lies in the output, for an operation that `only_places`."""
        raise NotImplementedError(f"{self.name} does not say where its inputs lie in its output")

    def backward_in_place(self, kept: Kept, grad: np.ndarray, room: Room) -> Grads:
        """`backward` for the fast executor, which offers memory to operations that have `new_arrays`.

        Where the gradient of an input was added to room.sums[i] or written to room.empty[i], that array is returned.
        """
        return self.backward(kept, grad)

    # -- counting ------------------------------------------------------------------------------------------------

    def cost(self, *shapes: Any) -> Cost:
        """Cost of one forward pass on inputs of these shapes."""
        return Cost(activations=size_of(self.shape(*shapes)))

    def window(self, *shapes: Any) -> Window | None:
        """Kernel, stride, padding and dilation for the receptive field; None where output pixel = input pixel."""
        return None

    # -- errors --------------------------------------------------------------------------------------------------

    def fail(self, message: str) -> ShapeError:
        """The ShapeError for this operation: prefixed with its name and the path of the layer that called it."""
        return ShapeError(f"{self.where()}: {message}")

    def where(self) -> str:
        """`Conv2d in stem.conv1`, or just `Conv2d` outside any module."""
        path = current_path()
        return f"{self.name} in {path}" if path else self.name


def size_of(shape: Shape) -> int:
    """Number of elements of a shape."""
    total = 1
    for size in shape:
        total *= int(size)
    return total


def by_x(shape: Sequence[int] | None) -> str:
    """A shape as the papers print it: 8x32x32x3."""
    return "x".join(map(str, shape)) if shape else "scalar"
