"""The contract of an operation: one class per operation, one instance per node of the graph.

An operation knows arrays and shapes, never tensors. The call site, `tinyinception.tensor.apply`, checks shapes, runs
`forward`, records the node and fires hooks; `Tensor.backward` walks the recorded nodes and calls `backward`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyinception import changes
from tinyinception.errors import ShapeError

Shape = tuple[int, ...]


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


class Operation:
    """One differentiable operation; one instance is one node of the graph.

    A subclass states `shape`, `forward`, `backward` and `cost`, and `window` where it slides over pixels. Configuration
    goes to the constructor; whatever `backward` needs, `forward` puts into `self.saved`, which is dropped after use.
    `self.needs[i]` says whether input i wants a gradient: work for an input that does not is to be skipped.
    An operation that reads whole inputs in backward names them in `reads` during forward and gets them from `input(i)`.
    They are kept for it, or computed again where the operation they come from `repeats`: in one pass over memory, from
    what it has saved anyway (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost").

    In backward, where `into[i]` is an array, an operation that is `fresh` may add the gradient of input i to it and
    return it, and where `overwrite` is true the gradient it was given may be changed. Both save passes over memory.
    """

    analytic = False  # True where the formula also holds for complex numbers, so that a complex step may check it
    moments = None  # (mean, biased variance) of each channel of the output, where forward has gathered them
    repeats = False  # True where `again` computes the output once more, cheaper than it is kept
    fresh = False  # True where backward returns arrays that nobody else holds, so that others may be added to them

    needs: tuple[bool, ...] = ()
    path: str = ""  # dotted path of the module that called, for errors, hooks and the graph
    parents: tuple = ()  # for each input: its node, the leaf tensor itself, or None
    output_shape: Shape = ()
    saved: object = None
    reads: tuple[int, ...] = ()
    kept: tuple = ()  # for each input that is read: its array, or the operation that repeats it
    _repeated: np.ndarray | None = None
    into: tuple[np.ndarray | None, ...] | None = None
    overwrite = False
    retained = None  # the output tensor, where the user asked to keep its gradient
    freed = False
    made = 0  # when forward ran, as `changes` counts time

    @property
    def name(self) -> str:
        """The operation's name as shown to the user."""
        return type(self).__name__

    def shape(self, *shapes: Shape | None) -> Shape:
        """Output shape, or ShapeError naming the operation, the layer and the sizes."""
        raise NotImplementedError(f"{self.name} does not state its output shape")

    def forward(self, *arrays: np.ndarray | None) -> np.ndarray:
        """The result, in the dtype of the input; puts what `backward` needs into `self.saved`."""
        raise NotImplementedError(f"{self.name} has no forward")

    def backward(self, grad: np.ndarray) -> Sequence[np.ndarray | None]:
        """One gradient per input, None where `self.needs` says that none is wanted."""
        raise NotImplementedError(f"{self.name} has no backward")

    def again(self, out: np.ndarray | None = None) -> np.ndarray:
        """The output of `forward` to the same bits, from `self.saved`; out: where to write it."""
        raise NotImplementedError(f"{self.name} does not repeat its output")

    def keep(self, arrays: Sequence[np.ndarray | None]) -> None:
        """Hold the inputs that backward reads, as they are; called when `parents` are known."""
        self.kept = (
            ()
            if not self.reads
            else tuple(
                None
                if i not in self.reads
                else parent
                if isinstance(parent, Operation) and parent.repeats and changes.after(parent.made, array) is None
                else array
                for i, (parent, array) in enumerate(zip(self.parents, arrays, strict=True))
            )
        )

    def input(self, i: int) -> np.ndarray:
        """Input i, which `reads` has named, as it was in forward. What was computed again stays until its backward."""
        kept = self.kept[i]
        if not isinstance(kept, Operation):
            return kept
        if kept._repeated is None:
            kept._repeated = kept.again()
        return kept._repeated

    def cost(self, *shapes: Shape | None) -> Cost:
        """Cost of one forward pass on inputs of these shapes."""
        return Cost(activations=count(self.shape(*shapes)))

    def window(self) -> Window | None:
        """Kernel, stride, padding and dilation for the receptive field; None where output pixel = input pixel."""
        return None

    def fail(self, message: str) -> ShapeError:
        """The ShapeError for this operation: prefixed with its name and the path of the layer that called it."""
        return ShapeError(f"{self.where()}: {message}")

    def where(self) -> str:
        """`Conv2d in stem.conv1`, or just `Conv2d` outside any module."""
        return f"{self.name} in {self.path}" if self.path else self.name

    def __getstate__(self) -> dict:
        """What `copy`, `deepcopy` and `pickle` take: the operation, but not its place in a graph."""
        return {name: value for name, value in vars(self).items() if name not in ("parents", "retained", "freed")}

    def release(self) -> None:
        """Drop saved arrays and links after backward, so that memory falls while the walk goes on."""
        self.saved, self.kept, self.parents, self._repeated, self.freed = None, (), (), None, True


def count(shape: Shape) -> int:
    """Number of elements of a shape."""
    total = 1
    for size in shape:
        total *= int(size)
    return total


def by_x(shape: Shape | None) -> str:
    """A shape as the papers print it: 8x32x32x3."""
    return "x".join(map(str, shape)) if shape else "scalar"
