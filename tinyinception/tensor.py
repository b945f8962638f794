"""Tensor, and the single place where operations are called.

`apply(operation, *tensors)` is that place: it checks shapes and dtypes, runs `forward` unless a tensor is shape-only,
records the node, and fires hooks. Counting, timing, watching for NaN and the receptive field are hooks; nothing else in
the package describes a network a second time.
"""

from __future__ import annotations

import math
import operator
import reprlib
from collections.abc import Iterator, Sequence
from numbers import Number
from typing import Any

import numpy as np

from tinyinception import fast, ops, recording, remedies, tape
from tinyinception.checks import is_whole, whole
from tinyinception.context import (
    Hook,
    current_path,
    enable_grad,
    is_observed,
    is_recording,
    is_rehearsing,
    no_grad,
    observe,
    plain_executor,
    rehearsal,
    scope,
    sighted,
    state,
)
from tinyinception.errors import ArgumentError, CaptureError, DtypeError, GraphError, ShapeError
from tinyinception.habits import explain_call, named
from tinyinception.ops.operation import Kept, Operation, Shape, by_x, size_of
from tinyinception.storage import FLOATS, Storage, numbers, unmasked
from tinyinception.tape import Node
from tinyinception.writing import in_place, refused, write

__all__ = [
    "FLOATS",
    "Hook",
    "Tensor",
    "apply",
    "concat",
    "current_path",
    "enable_grad",
    "is_observed",
    "is_recording",
    "is_rehearsing",
    "no_grad",
    "observe",
    "plain_executor",
    "rehearsal",
    "scope",
    "use",
]


def apply(op: Operation, *inputs: Tensor | np.ndarray | None) -> Tensor:
    """Use an operation: its result on tensors, or on arrays that want no gradient, such as labels.

    Raises ShapeError from the operation's own check, and DtypeError where tensors differ in dtype; both name the layer.
    """
    return use(op, *inputs)[0]


def use(op: Operation, *inputs: Tensor | np.ndarray | None) -> tuple[Tensor, Node]:
    """`apply`, with the node beside the result: what it was used on and, in `kept.aside`, what forward put aside."""
    given = [t for t in inputs if isinstance(t, Tensor)]
    dtype = _common_dtype(op, inputs, given)
    shapes = tuple(None if t is None else t.shape for t in inputs)
    wanted = tuple(state.recording and isinstance(t, Tensor) and t.requires_grad for t in inputs)
    node = Node(op, state.path, shapes, wanted, op.shape(*shapes))
    hooks = state.hooks
    for hook in hooks:
        hook.before(node, inputs)
    output = Tensor._result(None, node.shape, dtype)
    if any(wanted):
        sources: tuple[Any, ...] = inputs  # those that are wanted are tensors
        node.parents = tuple((t.node or t) if want else None for t, want in zip(sources, wanted, strict=True))
        output.node, output.requires_grad = node, True
    if all(t._data is not None for t in given):
        arrays = tuple(t._data if isinstance(t, Tensor) else t for t in inputs)
        try:
            output._data, aside = recording.forward(op, arrays)
        except MemoryError:
            raise op.fail(f"there is no memory for the result, {by_x(node.shape)} numbers of {dtype}") from None
        if type(op).aside_bytes is Operation.aside_bytes and recording.holds_arrays(aside):
            raise GraphError(f"{op.where()}: forward puts something aside, so it has to say how much in `aside_bytes`")
        node.executor = tape if state.plain else fast
        if output.node is node:
            node.executor.keep(node, arrays, output._data, aside)
        else:
            node.kept = Kept((), None, aside, shapes, wanted)
    for hook in hooks:
        hook.after(node, inputs, output)
    return output, node


def _common_dtype(op: Operation, inputs: Sequence, given: Sequence[Tensor]) -> np.dtype:
    for number, t in enumerate(inputs[: op.tensors]):
        if not isinstance(t, Tensor) and (t is not None or number == 0):  # only later ones can be left out
            raise DtypeError(
                f"{op.where()}: input {number} is no Tensor but {type(t).__name__}; "
                + (remedies.LOGITS if hasattr(t, "logits") else "wrap arrays in Tensor(x)")
            )
    dtype = given[0]._dtype if given else np.dtype(np.float32)  # the operation itself will say what it lacks
    if any(t._dtype != dtype for t in given):
        raise DtypeError(
            f"{op.where()}: inputs are of different dtypes, {', '.join(str(t.dtype) for t in given)}; "
            "convert the array with x.astype(...) or the module with module.to(...)"
        )
    return dtype


class Tensor(Storage):
    """A NumPy array that remembers how it was computed.

    data: array-like; Python numbers and lists become float32, float32 and float64 arrays keep their dtype and are not
    copied. requires_grad: collect a gradient in `.grad` (a NumPy array) when `backward` reaches this tensor.
    Raises DtypeError for what holds no numbers, and for integer arrays: scale an image of bytes first.
    """

    __slots__ = ()

    @named
    def __init__(self, data: Any, *, requires_grad: bool = False):
        if isinstance(data, Tensor):
            raise DtypeError("Tensor: data is already a Tensor; use it as it is, or .detach() it")
        array = np.asarray(unmasked(data)) if isinstance(data, (np.ndarray, np.generic)) else numbers(data)
        if array.dtype not in FLOATS:
            raise DtypeError(
                f"Tensor: data has dtype {array.dtype}; convert it first, images for instance with "
                "x.astype(np.float32) / 255"
            )
        self._data, self._shape, self._dtype, self.slot = array, array.shape, array.dtype, None
        self.requires_grad = requires_grad
        self._grad: np.ndarray | None = None
        self.node: Node | None = None

    @classmethod
    def _result(cls, data: np.ndarray | None, shape: Shape, dtype: np.dtype) -> Tensor:
        out = object.__new__(Tensor)
        out._data, out._shape, out._dtype = data, shape, dtype
        out.requires_grad, out._grad, out.node, out.slot = False, None, None, None
        return out

    @classmethod
    def shape_only(cls, *shape: int, dtype: np.dtype | type = np.float32, requires_grad: bool = False) -> Tensor:
        """A tensor with shape and dtype but no data: what flows through it costs neither time nor memory."""
        out = cls._result(None, tuple(whole("shape_only: size", n, 0) for n in shape), np.dtype(dtype))
        out.requires_grad = requires_grad
        return out

    # -- graph ---------------------------------------------------------------------------------------------------

    @named
    def backward(self, gradient: np.ndarray | None = None, *, retain_graph: bool = False) -> None:
        """Add d(self)/d(leaf), contracted with `gradient`, to the `.grad` of every leaf that wants one.

        gradient: array of this tensor's shape; may be left out for a single element, where it is 1. The graph is freed
        on the way unless `retain_graph`. Raises GraphError without a graph, or where it has been used and freed.
        """
        if not self.requires_grad:
            raise GraphError(
                "backward: nothing to differentiate; no input required a gradient, or no_grad() was active"
            )
        if self._data is None:
            raise GraphError("backward: this tensor is shape-only, there are no numbers to differentiate")
        if gradient is None:
            if size_of(self.shape) != 1:
                raise GraphError(
                    f"backward: a tensor of shape {by_x(self.shape)} is no scalar; reduce it with .sum() "
                    "or .mean(), or pass the gradient of its elements"
                )
            gradient = np.ones(self._shape, self._dtype)
        try:
            gradient = np.asarray(gradient, self.dtype)
        except (TypeError, ValueError):
            raise DtypeError(f"backward: gradient must be an array of numbers, got {reprlib.repr(gradient)}") from None
        if gradient.shape != self.shape:
            raise ShapeError(f"backward: gradient is {by_x(gradient.shape)}, the tensor {by_x(self.shape)}")
        executor = tape if state.plain else fast
        with sighted():
            executor.walk(self, gradient, retain_graph, state.hooks)

    def retain_grad(self) -> Tensor:
        """Keep the gradient of this intermediate result in `.grad` too; returns self."""
        if state.blind:
            raise CaptureError(remedies.BLIND)
        if self.node is not None:
            self.node.retained = self
        return self

    def detach(self) -> Tensor:
        """The same data without its history."""
        return Tensor._result(self._data, self._shape, self._dtype)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Whether it learns; returns self. False freezes it: no gradient, so that optimisers leave it alone."""
        if not isinstance(requires_grad, bool):
            raise ArgumentError(f"requires_grad_: requires_grad must be True or False, got {requires_grad!r}")
        if self.node is not None and not requires_grad:
            raise GraphError(
                f"requires_grad_: this tensor was computed by {self.node.where()}; detach() cuts it off "
                "from its history"
            )
        self.requires_grad = requires_grad
        if not requires_grad:
            self.grad = None
        return self

    # -- operators -----------------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Tensor:
        return apply(ops.Add(), self, self._like(other))

    def __sub__(self, other: Any) -> Tensor:
        return apply(ops.Subtract(), self, self._like(other))

    def __mul__(self, other: Any) -> Tensor:
        return apply(ops.Multiply(), self, self._like(other))

    def __truediv__(self, other: Any) -> Tensor:
        return apply(ops.Divide(), self, self._like(other))

    def __pow__(self, exponent: float) -> Tensor:
        if isinstance(exponent, Tensor):
            raise DtypeError("** takes a number as exponent; write (b.log() * exponent).exp() for a tensor")
        return apply(ops.Power(exponent), self)

    def __rpow__(self, base: float) -> Tensor:
        if not isinstance(base, Number) or isinstance(base, complex) or not 0 < base < math.inf:
            raise ArgumentError(f"** takes a positive number as base of a tensor, got {base!r}")
        return (self * math.log(base)).exp()

    def __matmul__(self, other: Any) -> Tensor:
        return apply(ops.MatMul(), self, self._like(other))

    def __radd__(self, other: Any) -> Tensor:
        return self._like(other) + self

    def __rsub__(self, other: Any) -> Tensor:
        return self._like(other) - self

    def __rmul__(self, other: Any) -> Tensor:
        return self._like(other) * self

    def __rtruediv__(self, other: Any) -> Tensor:
        return self._like(other) / self

    def __rmatmul__(self, other: Any) -> Tensor:
        return self._like(other) @ self

    def __neg__(self) -> Tensor:
        return apply(ops.Negate(), self)

    def __abs__(self) -> Tensor:
        return self.abs()

    __iadd__ = in_place("+=", operator.add)
    __isub__ = in_place("-=", operator.sub)
    __imul__ = in_place("*=", operator.mul)
    __itruediv__ = in_place("/=", operator.truediv)
    __ipow__ = in_place("**=", operator.pow)
    __imatmul__ = in_place("@=", operator.matmul)

    __mod__ = __rmod__ = refused("%")
    __floordiv__ = __rfloordiv__ = refused("//")
    __divmod__ = __rdivmod__ = refused("divmod")
    __invert__ = refused("~")
    __and__ = __rand__ = refused("&")
    __or__ = __ror__ = refused("|")
    __xor__ = __rxor__ = refused("^")
    __lshift__ = __rlshift__ = refused("<<")
    __rshift__ = __rrshift__ = refused(">>")

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> Tensor:
        return apply(ops.Slice(index), self)

    def __setitem__(self, index: Any, value: Any) -> None:
        """Write numbers in place; index: as for reading, or a NumPy array of truths or whole numbers."""
        if state.recording and (self.requires_grad or (isinstance(value, Tensor) and value.requires_grad)):
            raise GraphError(
                "tensor[...] = numbers has no gradient; do it inside `with no_grad():`, or join parts with concat"
            )
        with sighted():
            numbers = self._like(value).numpy()
        write(self, "tensor[...] =", index, numbers)

    def abs(self) -> Tensor:
        return self.relu() + (-self).relu()

    def sqrt(self) -> Tensor:
        return self**0.5

    def exp(self) -> Tensor:
        return apply(ops.Exp(), self)

    def log(self) -> Tensor:
        return apply(ops.Log(), self)

    def relu(self) -> Tensor:
        return apply(ops.ReLU(), self)

    def sigmoid(self) -> Tensor:
        return apply(ops.Sigmoid(), self)

    def tanh(self) -> Tensor:
        return apply(ops.Tanh(), self)

    @named
    def sum(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor:
        return apply(ops.Sum(axis, keepdims), self)

    @named
    def mean(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor:
        return apply(ops.Mean(axis, keepdims), self)

    @named
    def max(self, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Tensor:
        return apply(ops.Max(axis, keepdims), self)

    @named
    def reshape(self, *shape: int) -> Tensor:
        return apply(ops.Reshape(shape), self)

    @named
    def transpose(self, *axes: int) -> Tensor:
        return apply(ops.Transpose(axes), self)

    @property
    def T(self) -> Tensor:
        """The axes in reverse order, as in NumPy."""
        return self.transpose()

    @named
    def flatten(self, start: int = 1) -> Tensor:
        """All axes from `start` on as one; the default keeps the batch."""
        start = whole("flatten: start", start, -self.ndim, ShapeError)
        if start > self.ndim:
            raise ShapeError(f"flatten: there is no axis {start} in {by_x(self.shape)}")
        return apply(ops.Reshape((*self.shape[:start], size_of(self.shape[start:]))), self)

    @named
    def pad(self, widths: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
        """Pad with a constant; widths as (before, after) per axis."""
        return apply(ops.Pad(widths, value), self)

    @named
    def split(self, sizes: int | Sequence[int], axis: int = -1) -> list[Tensor]:
        """Consecutive pieces along an axis: of the given sizes, or of one size, of which the last may fall short.

        Raises ShapeError unless the sizes are positive and add up to the axis.
        """
        if not is_whole(axis, -self.ndim) or axis >= self.ndim:
            raise ShapeError(f"split: there is no axis {axis!r} in {by_x(self.shape)}")
        axis, length = axis % self.ndim, self.shape[axis]
        if not isinstance(sizes, Sequence | np.ndarray):
            step = whole("split: sizes", sizes, fail=ShapeError)
            sizes = [min(step, length - start) for start in range(0, length, step)]
        sizes = [whole("split: sizes", size, fail=ShapeError) for size in sizes]
        if sum(sizes) != length:
            raise ShapeError(f"split: sizes {tuple(sizes)} add up to {sum(sizes)}, axis {axis} has {length}")
        pieces, start = [], 0
        for size in sizes:
            pieces.append(self[(slice(None),) * axis + (slice(start, start + size),)])
            start += size
        return pieces

    def _like(self, other: Any) -> Tensor:
        """`other` as a tensor; numbers and lists of them take this tensor's dtype, so that float32 stays float32."""
        if isinstance(other, Tensor):
            return other
        if isinstance(other, np.ndarray) and (other.ndim or other.dtype.kind not in "biuf"):
            return Tensor(other)
        return Tensor(np.asarray(other, self._dtype) if type(other) is float else numbers(other, self._dtype))


@named
def concat(tensors: Sequence[Tensor], axis: int = -1) -> Tensor:
    """Join along an axis, by default the channels."""
    if not tensors:
        raise ShapeError("concat: no tensors given")
    last = isinstance(tensors[0], Tensor) and is_whole(axis, 0) and axis == tensors[0].ndim - 1
    return apply(ops.Concat(-1 if last else axis), *tensors)


explain_call(__name__, "ti.Tensor([1.0, 2.0]) makes a tensor")
