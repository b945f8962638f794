"""Module: a function with parameters, buffers and named children."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import numpy as np

from tinyinception import changes, remedies
from tinyinception.context import state
from tinyinception.errors import (
    AbsentError,
    ArgumentError,
    CallError,
    CheckpointError,
    DtypeError,
    misfits,
    unknown_name,
)
from tinyinception.habits import absent, misfit, named, refusal, target_dtype
from tinyinception.nn import members
from tinyinception.nn.members import as_buffer, check_replacement, inside, is_container, is_leaf, kind_fits
from tinyinception.nn.nonfinite import call_and_warn, not_finite
from tinyinception.nn.parameter import Parameter
from tinyinception.notebook import rich
from tinyinception.ops import by_x
from tinyinception.tensor import FLOATS, Tensor, is_rehearsing, scope

if TYPE_CHECKING:
    from typing_extensions import Self

OWN = ("_buffers", "_hooks")  # lists of every module: of names, and of functions


class Output(NamedTuple):
    """What every network returns, in training and evaluation alike.

    logits: N x classes. aux: the logits of the auxiliary classifiers, empty where there are none and in evaluation.
    """

    logits: Tensor
    aux: tuple[Tensor, ...] = ()


def _no_logits(output: Output, name: str) -> NoReturn:
    raise AbsentError(f"Output has no attribute {name}: {remedies.LOGITS}", name=name)


def _no_numbers(*_: object, **__: object) -> NoReturn:
    raise DtypeError(f"there is no arithmetic with Output: {remedies.LOGITS}")


if not TYPE_CHECKING:  # or every name and operator would do
    Output.__getattr__ = _no_logits
    for _name in ("add", "sub", "mul", "truediv", "matmul"):
        setattr(Output, f"__{_name}__", _no_numbers)
        setattr(Output, f"__r{_name}__", _no_numbers)
    for _name in ("neg", "abs", "pow", "lt", "le", "gt", "ge", "float", "array"):
        setattr(Output, f"__{_name}__", _no_numbers)


class Module:
    """Base class. A subclass assigns Parameters, Modules and buffers to attributes and defines `forward`.

    Everything assigned is found under its attribute's name, in order of assignment; there is no need to call
    `super().__init__()`. Calling a module runs `forward` under its dotted path, which errors and hooks report.
    """

    training: bool
    _name: str  # the attribute that holds it, or the dotted path below a ModuleList
    _called: bool  # from outside, so that it has been searched for what containers hide
    _buffers: list[str]
    _hooks: list[Callable[[Module, tuple, object], None]]

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        members.check_class(cls, Module)
        if "__init__" in vars(cls):
            named(cls)

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if (args or kwargs) and cls.__init__ is object.__init__:  # which would overlook them
            raise refusal(cls.__name__, [], args, kwargs)
        module = super().__new__(cls)
        object.__setattr__(module, "training", True)
        module._name = ""
        module._called = False
        module._buffers = []
        module._hooks = []
        return module

    def __setattr__(self, name: str, value: object) -> None:
        if name in remedies.SWITCHES:
            raise absent(type(self).__name__, name, remedies.MODULE, self)
        old = vars(self).get(name)
        if isinstance(old, (Parameter, Module)):
            kind = Parameter if isinstance(old, Parameter) else Module
            check_replacement(self._attribute(name), f"{self._name or 'layer'}.{name}", old, value, kind)
        elif isinstance(old, np.ndarray) and old is not value and name in self._buffers:
            value = as_buffer(self._attribute(name), old, value)
        if is_container(value):
            self._check_container(name, value)
        elif isinstance(value, Tensor):
            members.check_leaf(self._attribute(name), value, Parameter)
        if isinstance(value, Module):
            object.__setattr__(value, "_name", name)
        if name != "training":  # which a recorded step looks at each time
            changes.reform()
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        changes.reform()
        object.__delattr__(self, name)
        if name in self._buffers:
            self._buffers.remove(name)

    def register_buffer(self, name: str, array: np.ndarray) -> None:
        """State that is saved but not learned, such as a running mean: a NumPy array under attribute `name`."""
        if not isinstance(array, np.ndarray):
            raise DtypeError(
                f"register_buffer: {self._attribute(name)} must be a NumPy array, got {type(array).__name__}"
            )
        if isinstance(vars(self).get(name), (Parameter, Module)):
            raise ArgumentError(f"register_buffer: {self._attribute(name)} is a parameter or a module already")
        if name not in self._buffers:
            self._buffers.append(name)
        self.hold_buffer(name, array)

    def hold_buffer(self, name: str, array: np.ndarray) -> None:
        """Put another array in the place of a buffer, whatever its dtype: how the package itself converts modules."""
        changes.reform()
        object.__setattr__(self, name, array)

    def _attribute(self, name: str) -> str:
        """An attribute in words: `Linear.weight`, or `Linear.weight (layer fc)` in a network."""
        return f"{type(self).__name__}.{name}" + (f" (layer {self._name})" if self._name else "")

    def _check_container(self, name: str, container: object) -> None:
        """Raise ArgumentError for a module or parameter in a container that is no attribute somewhere as well."""
        hidden = list(inside(container, lambda thing: isinstance(thing, Module) or is_leaf(thing)))
        if not hidden:
            return
        found = {id(thing) for _, thing in self._members((Module, Parameter), check=False)}
        for thing, box in hidden:
            if id(thing) not in found:
                noun = "modules" if isinstance(thing, Module) else "parameters"
                raise ArgumentError(
                    f"{self._attribute(name)}: {noun} in a {type(box).__name__}, here a "
                    f"{type(thing).__name__}, would not be found; use ModuleList, Sequential, "
                    "Branches, or one attribute for each"
                )

    # -- calling -------------------------------------------------------------------------------------------------

    def forward(self, *inputs: Any) -> Any:
        """The module's result; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        if options:
            raise self._by_position(inputs, options)
        if not state.calling:
            return self._call_from_outside(inputs)
        with scope(self._name):
            try:
                output = self.forward(*inputs)
            except TypeError:
                if wrong := misfit(self.forward, inputs, {}):
                    raise wrong from None
                raise
        for hook in () if is_rehearsing() else tuple(self._hooks):
            hook(self, inputs, output)
        return output

    def _call_from_outside(self, inputs: tuple) -> Any:
        """The outermost of nested calls looks for what would go wrong in silence: hidden modules, and bad numbers."""
        if not self._called:
            deque(self._members(()), maxlen=0)  # raises for modules that a container hides
            self._called = True
        state.calling = True
        try:
            bad = not_finite(inputs)
            return call_and_warn(self, inputs, bad) if bad else self(*inputs)
        finally:
            state.calling = False

    def _by_position(self, inputs: tuple, options: Mapping[str, object]) -> CallError:
        """The error for inputs by name, of which hooks would not know."""
        if told := misfit(self.forward, inputs, options):
            return told
        return CallError(f"{type(self).__name__}: inputs must be given by position, got {', '.join(options)} by name")

    def register_forward_hook(self, hook: Callable[[Module, tuple, object], None]) -> Callable[[], None]:
        """Have `hook(module, inputs, output)` called after every forward; returns the function that ends this."""
        self._hooks.append(hook)
        return lambda: self._hooks.remove(hook)

    @property
    def hooked(self) -> bool:
        """Whether a forward hook waits for this module's result."""
        return bool(self._hooks)

    # -- what it consists of -------------------------------------------------------------------------------------

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below this one, by attribute name."""
        return ((name, value) for name, value in vars(self).items() if isinstance(value, Module))

    def children(self) -> Iterator[Module]:
        """The modules directly below this one."""
        return (child for _, child in self.named_children())

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module, as "", and all below, each before its children."""
        yield "", self
        yield from self._members(Module)

    def modules(self) -> Iterator[Module]:
        """This module and all below."""
        return (module for _, module in self.named_modules())

    def get_submodule(self, target: str) -> Module:
        """The module of a dotted name, as `named_modules` gives it; ArgumentError suggests the nearest."""
        if not isinstance(target, str):
            raise ArgumentError(f"get_submodule: target must be a dotted name such as 'stem.conv', got {target!r}")
        module, path = self, type(self).__name__
        for name in target.split(".") if target else ():
            children = dict(module.named_children())
            if not children:
                raise ArgumentError(f"get_submodule: {path} has no modules below it, and so no {name!r}")
            if name not in children:
                raise unknown_name(name, list(children), f"module of {path}")
            module, path = children[name], f"{path}.{name}"
        return module

    def apply(self, function: Callable[[Module], object]) -> Self:
        """Call `function` with each module below and then with this one, children first; returns self."""
        if not callable(function):
            raise ArgumentError(f"apply: function must be a function of a module, got {function!r}")
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """All parameters by dotted name; one that is shared appears once, under its first name."""
        return self._members(Parameter)

    def parameters(self) -> Iterator[Parameter]:
        """All parameters in order of definition, each once."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, np.ndarray]]:
        """All buffers by dotted name."""
        return self._members(np.ndarray)

    def _members(
        self, kind: type | tuple[type, ...], prefix: str = "", seen: set[int] | None = None, *, check: bool = True
    ) -> Iterator:
        """(dotted name, thing) for all below of the given kind, depth first in order of definition, each once.

        Raises ArgumentError for what a container hides, unless `check` is False: it may have been appended just now.
        """
        seen = set() if seen is None else seen
        for name, value in vars(self).items():
            counts = isinstance(value, (Parameter, Module)) or name in self._buffers
            if not counts or id(value) in seen:
                if check and not counts and is_container(value) and name not in OWN:
                    self._check_container(name, value)
                continue
            seen.add(id(value))
            if isinstance(value, kind):
                yield prefix + name, value
            if isinstance(value, Module):
                yield from value._members(kind, f"{prefix}{name}.", seen, check=check)

    # -- state ---------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of all parameters and buffers by dotted name, in order of definition.

        Raises GraphError for a module built under `shape_only()`, which has none to give.
        """
        return {
            name: np.array(value.numpy() if isinstance(value, Parameter) else value)
            for name, value in self._members((Parameter, np.ndarray))
        }

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Copy a `state_dict()` into the existing arrays, converted to their dtype.

        Raises one CheckpointError that lists all missing, surplus and misshapen names; then nothing has changed.
        """
        if not isinstance(state, Mapping):
            told = f"load_state_dict: state must be a state_dict(), got {type(state).__name__}"
            raise ArgumentError(f"{told}; weights.load(module, FILE) reads a file")
        own = {
            name: value.numpy() if isinstance(value, Parameter) else value
            for name, value in self._members((Parameter, np.ndarray))
        }
        given = {name: np.asarray(value) for name, value in state.items()}
        both = [name for name in own if name in given]
        problems = {
            "missing": [name for name in own if name not in given],
            "surplus": [name for name in given if name not in own],
            "of another shape": [
                f"{name} ({by_x(given[name].shape)}, expected {by_x(own[name].shape)})"
                for name in both
                if given[name].shape != own[name].shape
            ],
            "of another kind of number": [
                f"{name} ({given[name].dtype}, expected {own[name].dtype})"
                for name in both
                if not kind_fits(given[name].dtype, own[name].dtype)
            ],
        }
        if told := misfits(problems):
            raise CheckpointError(f"this state does not belong to {type(self).__name__}: {told}")
        for name, array in own.items():
            array[...] = given[name]
            changes.note(array)

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all below to training (batch statistics, dropout) or, with False, to evaluation."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Switch to evaluation: running statistics, no dropout, no auxiliary classifiers."""
        return self.train(False)

    def to(self, target: str | np.dtype | type) -> Self:
        """Convert parameters and buffers to float32, float64 or complex128; gradients are forgotten; returns self.

        To "cpu", where everything is, nothing changes. Raises DtypeError for other devices and dtypes.
        """
        dtype = target_dtype("to", target)
        if dtype is None:
            return self
        if dtype not in FLOATS:
            raise DtypeError(f"to: a module computes in {', '.join(map(str, FLOATS))}, not in {dtype}")
        for parameter in self.parameters():
            if parameter.data is not None:
                changes.note(parameter.data)  # a gradient of the old numbers would not fit the new ones
            parameter.hold(None if parameter.data is None else parameter.data.astype(dtype), parameter.shape, dtype)
            parameter.grad = None
        for module in self.modules():
            for name in module._buffers:
                array = getattr(module, name)
                if array.dtype in FLOATS:
                    module.hold_buffer(name, array.astype(dtype))
        return self

    def cpu(self) -> Self:
        """This module, as there is only the CPU."""
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Let all parameters learn or, with False, freeze them; returns self.

        Running statistics of a batch-norm are no parameters: they move in training, and rest after `eval()`.
        """
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    @named
    def zero_grad(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters():
            parameter.grad = None

    # -- reading -------------------------------------------------------------------------------------------------

    def describe(self) -> str:
        """What `repr` shows in parentheses, such as sizes."""
        return ""

    def __repr__(self) -> str:
        return "\n".join(self._lines(""))

    _repr_html_ = rich("module")

    if not TYPE_CHECKING:  # or every name would do

        def __getattr__(self, name: str):
            raise absent(type(self).__name__, name, remedies.MODULE, self)

    def _lines(self, indent: str) -> Iterator[str]:
        size = sum(parameter.size for parameter in self.parameters())
        detail = f"({self.describe()})" if self.describe() else ""
        label = f"{self._name.rpartition('.')[2]}: " if indent else ""  # of "blocks.0" in a ModuleList the index
        yield f"{indent}{label}{type(self).__name__}{detail}" + (f"  {size:,} parameters" if size else "")
        for child in self.children():
            yield from child._lines(indent + "  ")


for _name in ("load_state_dict", "named_parameters", "parameters", "requires_grad_", "state_dict", "to", "train"):
    setattr(Module, _name, named(vars(Module)[_name]))  # their calls are refused in the package's words
