"""A tensor's numbers, apart from how they were computed: their array, and what Python and NumPy ask of numbers."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Sequence
from numbers import Number
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from tinyinception import changes, remedies
from tinyinception.checks import is_whole
from tinyinception.context import state
from tinyinception.errors import CallError, CaptureError, DtypeError, GraphError, ShapeError
from tinyinception.habits import absent, named, target_dtype
from tinyinception.notebook import rich
from tinyinception.ops.operation import Shape, by_x, size_of

if TYPE_CHECKING:
    from typing_extensions import Self

    from tinyinception.tape import Node

FLOATS = (np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.complex128))

# NumPy's functions that tensors have too: the method that does it, and the one for an array before the tensor
_METHODS = {
    np.add: ("__add__", "__radd__"),
    np.subtract: ("__sub__", "__rsub__"),
    np.multiply: ("__mul__", "__rmul__"),
    np.divide: ("__truediv__", "__rtruediv__"),
    np.matmul: ("__matmul__", "__rmatmul__"),
    np.power: ("__pow__", "__rpow__"),
    np.negative: ("__neg__", ""),
    np.absolute: ("__abs__", ""),
    np.exp: ("exp", ""),
    np.log: ("log", ""),
    np.tanh: ("tanh", ""),
    np.equal: ("__eq__", "__eq__"),
    np.not_equal: ("__ne__", "__ne__"),
    np.less: ("__lt__", "__gt__"),
    np.less_equal: ("__le__", "__ge__"),
    np.greater: ("__gt__", "__lt__"),
    np.greater_equal: ("__ge__", "__le__"),
}
_FLAT = (str, bytes, bytearray, range, memoryview)  # sequences that hold no tensors
_WITHOUT_HISTORY = (np.empty_like, np.full_like, np.ones_like, np.zeros_like)  # floats that depend on no number
_WRITERS = (np.copyto, np.fill_diagonal, np.place, np.put, np.put_along_axis, np.putmask)  # into their first argument


def numbers(data: object, dtype: np.dtype | type = np.float32) -> np.ndarray:
    """An array of `dtype` from a Python number or nested lists of them."""
    if _holds(data, Storage):
        raise GraphError(
            "Tensor: data holds tensors, whose history would be lost; join them with concat, as in "
            "concat([a.reshape(1), b.reshape(1)])"
        )
    try:
        is_number = isinstance(data, Number) and not isinstance(data, complex)
        array = np.asarray(unmasked(data), dtype if is_number else None)
    except (OverflowError, TypeError, ValueError):  # a number too large, lists of different lengths
        array = None
    if array is None or array.dtype.kind not in "biuf" + np.dtype(dtype).kind:
        raise DtypeError(
            f"Tensor: data must be a number, an array, or lists of numbers of equal lengths, got {reprlib.repr(data)}"
        )
    return array.astype(dtype, copy=False)


def unmasked(array: object) -> object:
    """The same; DtypeError where NumPy's mask says that some of its numbers stand for nothing."""
    if isinstance(array, np.ma.MaskedArray) and np.ma.is_masked(array):
        raise DtypeError("Tensor: data has masked elements, which are no numbers; give it data.filled(...)")
    return array


def _compare(symbol: str, function: np.ufunc) -> Callable:
    def compare(self: Storage, other: Any) -> Any:
        try:
            if isinstance(other, Number) and not isinstance(other, complex):
                other = np.asarray(other, self.dtype)  # as in arithmetic, where numbers take the tensor's dtype
            elif isinstance(other, (list, tuple, complex)):
                other = np.asarray(other)
        except (TypeError, ValueError, OverflowError):
            if isinstance(other, (list, tuple)):
                raise DtypeError(
                    f"{symbol}: a tensor is compared with numbers or lists of numbers of equal lengths, "
                    f"got {reprlib.repr(other)}"
                ) from None
            return NotImplemented
        if isinstance(other, Storage):
            other = other.numpy()
        elif not isinstance(other, np.ndarray) or other.dtype.kind not in "biufc":
            return NotImplemented
        try:
            return function(self.numpy(), other)
        except ValueError:
            raise ShapeError(f"{symbol}: shapes {by_x(self.shape)} and {by_x(other.shape)} do not broadcast") from None

    return compare


class _Size(int):
    """A number of elements, which says so where it is called."""

    __slots__ = ()

    def __call__(self, *_: object) -> NoReturn:
        raise CallError(f"size is the number of elements, {int(self)}, and no function; write x.shape or x.shape[axis]")


class Storage:
    """The array of a tensor, with shape and dtype, which stay what they are whatever numbers are put in.

    A tensor whose `data` is None is shape-only. `slot` is where backward puts the gradient of a leaf, if an optimiser
    has given it a place. A comparison gives a NumPy array of truths, as there is nothing to differentiate in it; as
    dictionary keys and in sets, tensors are known by identity.
    """

    __slots__ = ("__weakref__", "_data", "_dtype", "_grad", "_shape", "node", "requires_grad", "slot")

    node: Node | None
    requires_grad: bool

    if TYPE_CHECKING:

        @property
        def shape(self) -> Shape: ...
        @property
        def dtype(self) -> np.dtype: ...

    else:  # a function of C's is the quickest
        shape = property(attrgetter("_shape"), doc="Sizes of the axes.")
        dtype = property(attrgetter("_dtype"), doc="float32, float64 or complex128.")

    def hold(self, data: np.ndarray | None, shape: Shape, dtype: np.dtype) -> None:
        """Take over an array with its shape and dtype, or none: how the package itself makes and converts tensors."""
        changes.reform()
        self._data, self._shape, self._dtype, self.slot = data, shape, dtype, None

    @property
    def data(self) -> np.ndarray | None:
        """The array itself, None where the tensor is shape-only.

        It may be replaced by numbers of the same shape: other floats are converted to the tensor's dtype, whole numbers
        refused with DtypeError, as in `Tensor(...)`; other shapes are a ShapeError. What backward would read of the old
        ones is then refused.
        """
        if state.blind:
            raise CaptureError(remedies.BLIND)
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        if isinstance(value, Storage):
            value = value.numpy()
        is_array = isinstance(value, (np.ndarray, np.generic))
        array = np.asarray(unmasked(value)) if is_array else numbers(value, self._dtype)
        if array.dtype.kind != "f" and array.dtype != self._dtype:
            raise DtypeError(
                f"data must be {self._dtype} or another float, got {array.dtype}; convert it first with x.astype(...)"
            )
        if array.shape != self._shape:
            raise ShapeError(f"data must have the shape {by_x(self._shape)} of the tensor, got {by_x(array.shape)}")
        changes.reform()
        before, self._data = self._data, array.astype(self._dtype, copy=False)
        for changed in (before, self._data):
            if changed is not None:
                changes.note(changed)

    @property
    def grad(self) -> np.ndarray | None:
        """The gradient that backward has left here, None before; an array that may be set or forgotten."""
        if state.blind:
            raise CaptureError(remedies.BLIND)
        return self._grad

    @grad.setter
    def grad(self, value: np.ndarray | None) -> None:
        self._grad = value

    # -- reading -------------------------------------------------------------------------------------------------

    def numpy(self) -> np.ndarray:
        """The array itself, not a copy; GraphError for a shape-only tensor."""
        if state.blind:
            raise CaptureError(remedies.BLIND)
        if self._data is None:
            raise GraphError(f"this tensor of shape {by_x(self.shape)} is shape-only and has no data")
        return self._data

    def item(self) -> float:
        """The single element as a Python number; ShapeError where there are more."""
        if size_of(self.shape) != 1:
            raise ShapeError(f"item: the tensor has {size_of(self.shape)} elements ({by_x(self.shape)}), not one")
        return self.numpy().reshape(()).item()

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self._shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return _Size(size_of(self._shape))

    def __len__(self) -> int:
        if not self.shape:
            raise ShapeError("len: the tensor is a scalar")
        return self.shape[0]

    def __repr__(self) -> str:
        text = f"Tensor({by_x(self.shape)}, {self.dtype}"
        if self._data is None:
            return text + ", shape-only)"
        if self._data.size and not np.iscomplexobj(self._data):
            finite = np.isfinite(self._data)
            good = self._data[finite] if not finite.all() else self._data
            if good.size:
                text += f", mean {good.mean(dtype=np.float64):.4g}, std {good.std(dtype=np.float64):.4g}"
            if good.size < self._data.size:
                nans = int(np.isnan(self._data).sum())
                text += f", WARNING: {nans} NaN, {self._data.size - good.size - nans} infinite"
        if self.node is not None:
            text += f", from {self.node.where()}"
        return text + (", requires_grad)" if self.requires_grad else ")")

    _repr_html_ = rich("tensor")

    @named
    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> np.ndarray:
        """Where the largest element stands, as a NumPy array of whole numbers; there is nothing to differentiate."""
        if axis is not None and (not is_whole(axis, -self.ndim) or axis >= self.ndim):
            raise ShapeError(f"argmax: there is no axis {axis!r} in {by_x(self.shape)}")
        if not (self.size if axis is None else self.shape[axis]):
            raise ShapeError(f"argmax: there is no largest of no elements in {by_x(self.shape)}")
        return np.argmax(self.numpy(), axis, keepdims=keepdims)

    @named
    def to(self, target: str | np.dtype | type) -> Self:
        """This tensor, where `target` is the CPU or its own dtype; DtypeError for other devices and dtypes."""
        dtype = target_dtype("to", target)
        if dtype is not None and dtype != self.dtype:  # to NumPy None is float64
            raise DtypeError(
                f"to: a tensor of {self.dtype} keeps its dtype, got {target!r}; convert the array, "
                "Tensor(x.numpy().astype(...))"
            )
        return self

    @named
    def cpu(self) -> Self:
        """This tensor, as there is only the CPU."""
        return self

    if not TYPE_CHECKING:  # or every name would do

        def __getattr__(self, name: str) -> NoReturn:
            raise absent(type(self).__name__, name, remedies.TENSOR, self)

    # -- one element as a number ---------------------------------------------------------------------------------

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __round__(self, digits: int | None = None) -> float:
        return round(self.item(), digits)

    def __bool__(self) -> bool:
        if size_of(self.shape) != 1:
            raise ShapeError(
                f"bool: a tensor of {size_of(self.shape)} elements ({by_x(self.shape)}) is neither true nor "
                "false; ask (t == u).all() or .any(), or len(t)"
            )
        return bool(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    # -- comparison ----------------------------------------------------------------------------------------------

    __eq__ = _compare("==", np.equal)
    __ne__ = _compare("!=", np.not_equal)
    __lt__ = _compare("<", np.less)
    __le__ = _compare("<=", np.less_equal)
    __gt__ = _compare(">", np.greater)
    __ge__ = _compare(">=", np.greater_equal)
    __hash__ = object.__hash__

    def __contains__(self, value: Any) -> bool:
        equal = self.__eq__(value)
        return equal is not NotImplemented and bool(np.any(equal))

    # -- copies --------------------------------------------------------------------------------------------------

    def __getstate__(self) -> tuple[None, dict]:
        """What `pickle` and `deepcopy` take; a history has no end that a copy could stop at."""
        if self.node is not None:
            raise GraphError(
                f"a tensor computed by {self.node.where()} cannot be copied or pickled with its history; "
                "detach() it first"
            )
        return None, {name: getattr(self, name) for name in Storage.__slots__[1:]} | {"slot": None}

    def __copy__(self) -> Self:
        out = object.__new__(type(self))
        for name in Storage.__slots__[1:]:
            setattr(out, name, getattr(self, name))
        out.slot = None
        return out

    # -- NumPy ---------------------------------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype, copy=copy) if copy else np.asarray(self.numpy(), dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        """NumPy's functions of each element: those that tensors have are done by them, others give NumPy arrays."""
        if ufunc in _METHODS and method == "__call__" and not options:
            name, reflected = _METHODS[ufunc]
            first, *rest = inputs
            result = getattr(first, name)(*rest) if isinstance(first, Storage) else getattr(self, reflected)(first)
            foreign = result is NotImplemented and ufunc in (np.equal, np.not_equal)  # such as an array of text
            return ufunc is np.not_equal if foreign else result
        return _on_arrays(getattr(ufunc, method), f"np.{ufunc.__name__}", inputs, options)

    def __array_function__(self, function: Callable, types: Iterable[type], inputs: tuple, options: dict) -> Any:
        """NumPy's functions of arrays: they give NumPy arrays, and are refused where a history would get lost."""
        return _on_arrays(function, f"np.{function.__name__}", inputs, options)


def _on_arrays(function: Callable, name: str, inputs: tuple, options: dict) -> Any:
    if _holds(options.get("out"), Storage) or (function in _WRITERS and isinstance(inputs[0], Storage)):
        raise DtypeError(f"{name} cannot write into a tensor; use tensor[...] = numbers inside `with no_grad():`")
    learns = state.recording and _holds((inputs, options), Storage, lambda tensor: tensor.requires_grad)
    result = None
    if not (learns and options.get("out") is not None):
        result = function(*_as_arrays(inputs), **_as_arrays(options))
        if (
            not learns
            or function in _WITHOUT_HISTORY
            or not _holds(result, (np.ndarray, np.inexact, float), lambda x: np.result_type(x).kind in "fc")
        ):
            return result
    raise GraphError(
        f"{name}: its result would have no history, so that no gradient flows back; use the tensor's own "
        "operations, or give it tensor.numpy()"
    )


def _as_arrays(things: Any) -> Any:
    if isinstance(things, Storage):
        return things.numpy()
    if isinstance(things, dict):
        return {name: _as_arrays(thing) for name, thing in things.items()}
    if type(things) in (list, tuple):
        return type(things)(map(_as_arrays, things))
    return things


def _holds(things: object, kind: type | tuple, condition: Callable[[Any], bool] = lambda _: True) -> bool:
    """Whether one of `kind` that meets the condition is in there, itself or in lists, tuples and dicts."""
    if isinstance(things, kind):
        return condition(things)
    if isinstance(things, dict):
        things = things.values()
    elif not isinstance(things, (list, tuple)) and (not isinstance(things, Sequence) or isinstance(things, _FLAT)):
        return False
    return any(_holds(thing, kind, condition) for thing in things)
