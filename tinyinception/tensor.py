"""Tensor, the tape and the single place where operations are called.

`apply(operation, *tensors)` is that place: it checks shapes and dtypes, runs `forward` unless a tensor is shape-only,
records the node, and fires hooks. Counting, timing, watching for NaN and the receptive field are hooks; nothing else in
the package describes a network a second time.
"""

from __future__ import annotations

import reprlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from tinyinception import ops
from tinyinception.checks import is_whole, whole
from tinyinception.errors import DtypeError, GraphError, ShapeError
from tinyinception.ops.base import Operation, Shape, by_x, count
from tinyinception.tape import walk

FLOATS = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.complex128))


class _State(threading.local):
    """What the call site knows about its surroundings, per thread."""

    recording = True
    path: tuple[str, ...] = ()
    hooks: tuple[Hook, ...] = ()
    rehearsing = False


class Hook:
    """Observer of every operation. Subclass, override what you need, and watch with `with observe(hook):`."""

    def before(self, op: Operation, inputs: Sequence[Tensor | None]) -> None:
        """Called when shapes are checked, before forward."""

    def after(self, op: Operation, inputs: Sequence[Tensor | None], output: Tensor) -> None:
        """Called with the result of forward."""

    def before_backward(self, op: Operation, grad: np.ndarray) -> None:
        """Called with the gradient that reaches the operation's output."""

    def after_backward(self, op: Operation, grad: np.ndarray, grads: Sequence[np.ndarray | None]) -> None:
        """Called with the gradients of the operation's inputs."""


_state = _State()


@contextmanager
def _setting(**values: object) -> Iterator[None]:
    before = {name: getattr(_state, name) for name in values}
    try:
        for name, value in values.items():
            setattr(_state, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(_state, name, value)


def no_grad():
    """Context in which operations record no graph."""
    return _setting(recording=False)


def enable_grad():
    """Context in which operations record a graph, also inside `no_grad()`."""
    return _setting(recording=True)


def observe(*hooks: Hook):
    """Context in which `hooks` see every operation, in addition to those already watching."""
    return _setting(hooks=_state.hooks + hooks)


def rehearsal():
    """Context for a run on shapes alone: no graph, and no hook of tensors or modules sees it."""
    return _setting(recording=False, hooks=(), rehearsing=True)


def is_rehearsing() -> bool:
    """Whether this is a `rehearsal()`."""
    return _state.rehearsing


class scope:
    """Context that adds `name` to the path under which operations are reported; modules use it.

    A class because every call of a module enters one, and `contextmanager` takes three times as long.
    """

    def __init__(self, name: str):
        self.name = name

    def __enter__(self) -> None:
        self.before = _state.path
        if self.name:
            _state.path = (*self.before, self.name)

    def __exit__(self, *_: object) -> None:
        _state.path = self.before


def is_recording() -> bool:
    """Whether operations currently record a graph."""
    return _state.recording


def is_observed() -> bool:
    """Whether any hook observes operations."""
    return bool(_state.hooks)


def current_path() -> str:
    """Dotted path of the module that is running."""
    return ".".join(_state.path)


def apply(op: Operation, *inputs: Tensor | None) -> Tensor:
    """Call an operation: the only place where one is called.

    Raises ShapeError from the operation's own check, and DtypeError where inputs differ in dtype; both name the layer.
    """
    op.path = current_path()
    for number, t in enumerate(inputs):
        if t is not None and not isinstance(t, Tensor):
            raise DtypeError(f"{op.where()}: input {number} is no Tensor but {type(t).__name__}; "
                             "wrap arrays in Tensor(x)")
    shape = op.shape(*(None if t is None else t.shape for t in inputs))
    given = [t for t in inputs if t is not None]
    dtype = given[0].dtype
    if any(t.dtype != dtype for t in given):
        raise DtypeError(f"{op.where()}: inputs are of different dtypes, {', '.join(str(t.dtype) for t in given)}; "
                         "convert the array with x.astype(...) or the module with module.to(...)")
    hooks = _state.hooks
    for hook in hooks:
        hook.before(op, inputs)
    op.needs = tuple(_state.recording and t is not None and t.requires_grad for t in inputs)
    op.output_shape = shape
    data, arrays = None, tuple(None if t is None else t.data for t in inputs)
    if all(t.data is not None for t in given):
        data = op.forward(*arrays)
    output = Tensor._result(data, shape, dtype)
    if any(op.needs):
        op.parents = tuple((t.node or t) if need else None for t, need in zip(inputs, op.needs, strict=True))
        op.keep(arrays)
        output.node, output.requires_grad = op, True
    else:
        op.saved = None
    for hook in hooks:
        hook.after(op, inputs, output)
    return output


def _numbers(data) -> np.ndarray:
    """float32 from a Python number or nested lists of them."""
    try:
        array = np.asarray(data)
    except ValueError:  # lists of different lengths
        array = None
    if array is None or array.dtype.kind not in "biuf":
        raise DtypeError("Tensor: data must be a number, an array, or lists of numbers of equal lengths, not "
                         f"{reprlib.repr(data)}")
    return array.astype(np.float32)


class Tensor:
    """A NumPy array that remembers how it was computed.

    data: array-like; Python numbers and lists become float32, float32 and float64 arrays keep their dtype and are not
    copied. requires_grad: collect a gradient in `.grad` (a NumPy array) when `backward` reaches this tensor.
    Raises DtypeError for integer arrays: an image of bytes has to be scaled first; and for what holds no numbers.
    """

    __slots__ = ("__weakref__", "data", "dtype", "grad", "node", "requires_grad", "shape")
    __array_ufunc__ = None  # numpy leaves `array + tensor` to the tensor

    def __init__(self, data, *, requires_grad: bool = False):
        if isinstance(data, Tensor):
            raise DtypeError("Tensor: data is already a Tensor; use it as it is, or .detach() it")
        array = np.asarray(data) if isinstance(data, (np.ndarray, np.generic)) else _numbers(data)
        if array.dtype not in FLOATS:
            raise DtypeError(f"Tensor: data has dtype {array.dtype}; convert it first, images for instance with "
                             "x.astype(np.float32) / 255")
        self.data: np.ndarray | None = array
        self.shape: Shape = array.shape
        self.dtype = array.dtype
        self.requires_grad = requires_grad
        self.grad: np.ndarray | None = None
        self.node: Operation | None = None

    @classmethod
    def _result(cls, data: np.ndarray | None, shape: Shape, dtype: np.dtype) -> Tensor:
        out = object.__new__(Tensor)
        out.data, out.shape, out.dtype = data, shape, dtype
        out.requires_grad, out.grad, out.node = False, None, None
        return out

    @classmethod
    def shape_only(cls, *shape: int, dtype: np.dtype | type = np.float32, requires_grad: bool = False) -> Tensor:
        """A tensor with shape and dtype but no data: what flows through it costs neither time nor memory."""
        out = cls._result(None, tuple(whole("shape_only: size", n, 0) for n in shape), np.dtype(dtype))
        out.requires_grad = requires_grad
        return out

    # -- graph ---------------------------------------------------------------------------------------------------

    def backward(self, gradient: np.ndarray | None = None, *, retain_graph: bool = False) -> None:
        """Add d(self)/d(leaf), contracted with `gradient`, to the `.grad` of every leaf that wants one.

        gradient: array of this tensor's shape; may be left out for a single element, where it is 1. The graph is freed
        on the way unless `retain_graph`. Raises GraphError without a graph, or where it has been used and freed.
        """
        if not self.requires_grad:
            raise GraphError("backward: nothing to differentiate; no input required a gradient, or no_grad() was "
                             "active")
        if self.data is None:
            raise GraphError("backward: this tensor is shape-only, there are no numbers to differentiate")
        if gradient is None:
            if count(self.shape) != 1:
                raise GraphError(f"backward: a tensor of shape {by_x(self.shape)} is no scalar; reduce it with .sum() "
                                 "or .mean(), or pass the gradient of its elements")
            gradient = np.ones(self.shape, self.dtype)
        gradient = np.asarray(gradient, self.dtype)
        if gradient.shape != self.shape:
            raise ShapeError(f"backward: gradient is {by_x(gradient.shape)}, the tensor {by_x(self.shape)}")
        walk(self, gradient, retain_graph, _state.hooks)

    def retain_grad(self) -> Tensor:
        """Keep the gradient of this intermediate result in `.grad` too; returns self."""
        if self.node is not None:
            self.node.retained = self
        return self

    def detach(self) -> Tensor:
        """The same data without its history."""
        return Tensor._result(self.data, self.shape, self.dtype)

    # -- plain access --------------------------------------------------------------------------------------------

    def numpy(self) -> np.ndarray:
        """The array itself, not a copy; GraphError for a shape-only tensor."""
        if self.data is None:
            raise GraphError(f"this tensor of shape {by_x(self.shape)} is shape-only and has no data")
        return self.data

    def item(self) -> float:
        """The single element as a Python number; ShapeError where there are more."""
        if count(self.shape) != 1:
            raise ShapeError(f"item: the tensor has {count(self.shape)} elements ({by_x(self.shape)}), not one")
        return self.numpy().reshape(()).item()

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return count(self.shape)

    def __len__(self) -> int:
        if not self.shape:
            raise ShapeError("len: the tensor is a scalar")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.array(self.numpy(), dtype, copy=copy) if copy else np.asarray(self.numpy(), dtype)

    def __float__(self) -> float:
        return float(self.item())

    def __repr__(self) -> str:
        text = f"Tensor({by_x(self.shape)}, {self.dtype}"
        if self.data is None:
            return text + ", shape-only)"
        if self.data.size and not np.iscomplexobj(self.data):
            finite = np.isfinite(self.data)
            good = self.data[finite] if not finite.all() else self.data
            if good.size:
                text += f", mean {good.mean(dtype=np.float64):.4g}, std {good.std(dtype=np.float64):.4g}"
            if good.size < self.data.size:
                nans = int(np.isnan(self.data).sum())
                text += f", WARNING: {nans} NaN, {self.data.size - good.size - nans} infinite"
        if self.node is not None:
            text += f", from {self.node.where()}"
        return text + (", requires_grad)" if self.requires_grad else ")")

    # -- operators -----------------------------------------------------------------------------------------------

    def __add__(self, other):
        return apply(ops.Add(), self, self._like(other))

    def __sub__(self, other):
        return apply(ops.Subtract(), self, self._like(other))

    def __mul__(self, other):
        return apply(ops.Multiply(), self, self._like(other))

    def __truediv__(self, other):
        return apply(ops.Divide(), self, self._like(other))

    def __pow__(self, exponent: float):
        if isinstance(exponent, Tensor):
            raise DtypeError("** takes a number as exponent; write (b.log() * exponent).exp() for a tensor")
        return apply(ops.Power(exponent), self)

    def __matmul__(self, other):
        return apply(ops.MatMul(), self, self._like(other))

    def __radd__(self, other):
        return self._like(other) + self

    def __rsub__(self, other):
        return self._like(other) - self

    def __rmul__(self, other):
        return self._like(other) * self

    def __rtruediv__(self, other):
        return self._like(other) / self

    def __rmatmul__(self, other):
        return self._like(other) @ self

    def __neg__(self):
        return apply(ops.Negate(), self)

    def __getitem__(self, index):
        return apply(ops.Slice(index), self)

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

    def sum(self, axis=None, *, keepdims: bool = False) -> Tensor:
        return apply(ops.Sum(axis, keepdims), self)

    def mean(self, axis=None, *, keepdims: bool = False) -> Tensor:
        return apply(ops.Mean(axis, keepdims), self)

    def max(self, axis=None, *, keepdims: bool = False) -> Tensor:
        return apply(ops.Max(axis, keepdims), self)

    def reshape(self, *shape: int) -> Tensor:
        return apply(ops.Reshape(shape), self)

    def transpose(self, *axes: int) -> Tensor:
        return apply(ops.Transpose(axes), self)

    def flatten(self, start: int = 1) -> Tensor:
        """All axes from `start` on as one; the default keeps the batch."""
        start = whole("flatten: start", start, -self.ndim, ShapeError)
        return apply(ops.Reshape((*self.shape[:start], count(self.shape[start:]))), self)

    def pad(self, widths: Sequence[tuple[int, int]], value: float = 0.0) -> Tensor:
        """Pad with a constant; widths as (before, after) per axis."""
        return apply(ops.Pad(widths, value), self)

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

    def _like(self, other) -> Tensor:
        """`other` as a tensor; numbers take this tensor's dtype, so that float32 stays float32."""
        if isinstance(other, Tensor):
            return other
        return Tensor(np.asarray(other, self.dtype) if np.ndim(other) == 0 else other)


def concat(tensors: Sequence[Tensor], axis: int = -1) -> Tensor:
    """Join along an axis, by default the channels."""
    if not tensors:
        raise ShapeError("concat: no tensors given")
    return apply(ops.Concat(axis), *tensors)
