"""What surrounds an operation when it is called: whether a graph is recorded, who observes, and whose layer it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar, overload

if TYPE_CHECKING:
    from contextlib import _GeneratorContextManager

    import numpy as np

    from tinyinception.tape import Node
    from tinyinception.tensor import Tensor

    Setting = _GeneratorContextManager[None]  # a context, and a decorator too

Called = TypeVar("Called", bound=Callable)


class State(threading.local):
    """What the call site knows about its surroundings, per thread."""

    recording = True
    path: tuple[str, ...] = ()
    hooks: tuple[Hook, ...] = ()
    rehearsing = False
    calling = False  # inside the call of a module
    plain = False  # whether the plain executor is asked for
    blind = False  # inside a captured step, which may not look at its own numbers


class Hook:
    """Observer of every operation. Subclass, override what you need, and watch with `with observe(hook):`."""

    def before(self, node: Node, inputs: Sequence[Tensor | np.ndarray | None]) -> None:
        """Called when shapes are checked, before forward; the node says which operation and whose layer it is."""

    def after(self, node: Node, inputs: Sequence[Tensor | np.ndarray | None], output: Tensor) -> None:
        """Called with the result of forward."""

    def before_backward(self, node: Node, grad: np.ndarray) -> None:
        """Called with the gradient that reaches the operation's output."""

    def after_backward(self, node: Node, grad: np.ndarray, grads: Sequence[np.ndarray | None]) -> None:
        """Called with the gradients of the operation's inputs."""


state = State()


@contextmanager
def _setting(**values: object) -> Iterator[None]:
    before = {name: getattr(state, name) for name in values}
    try:
        for name, value in values.items():
            setattr(state, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(state, name, value)


@overload
def no_grad(function: None = None) -> Setting: ...
@overload
def no_grad(function: Called) -> Called: ...
def no_grad(function: Called | None = None) -> Setting | Called:
    """Context in which operations record no graph; also a decorator, with parentheses and without."""
    context = _setting(recording=False)
    return context if function is None else context(function)


def enable_grad() -> Setting:
    """Context in which operations record a graph, also inside `no_grad()`."""
    return _setting(recording=True)


def unchecked_inputs() -> Setting:
    """Context in which modules do not look for NaN in what they are given, because the caller does."""
    return _setting(calling=True)


def blind() -> Setting:
    """Context of a captured step: whoever looks at a number that it computes gets a CaptureError."""
    return _setting(blind=True)


def sighted() -> Setting:
    """Context, or decorator, of what belongs to the package and reads numbers inside a captured step by launches."""
    return _setting(blind=False)


def observe(*hooks: Hook) -> Setting:
    """Context in which `hooks` see every operation, in addition to those already watching."""
    return _setting(hooks=state.hooks + hooks)


def plain_executor() -> Setting:
    """Context in which the plain executor runs, the walk of `tape`: the same bits as `fast`, slower, in more memory."""
    return _setting(plain=True)


def rehearsal() -> Setting:
    """Context for a run on shapes alone: no graph, and no hook of tensors or modules sees it."""
    return _setting(recording=False, hooks=(), rehearsing=True)


def is_rehearsing() -> bool:
    """Whether this is a `rehearsal()`."""
    return state.rehearsing


class scope:
    """Context that adds `name` to the path under which operations are reported; modules use it.

    A class because every call of a module enters one, and `contextmanager` takes three times as long.
    """

    def __init__(self, name: str):
        self.name = name

    def __enter__(self) -> None:
        self.before = state.path
        if self.name:
            state.path = (*self.before, self.name)

    def __exit__(self, *_: object) -> None:
        state.path = self.before


def is_recording() -> bool:
    """Whether operations currently record a graph."""
    return state.recording


def is_observed() -> bool:
    """Whether any hook observes operations."""
    return bool(state.hooks)


def current_path() -> str:
    """Dotted path of the module that is running."""
    return ".".join(state.path)
