"""What people type who know another library: one error for each kind, with the habit and the remedy; see `remedies`."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from dis import opmap
from inspect import Parameter
from types import ModuleType
from typing import Any, TypeVar, cast

import numpy as np

from tinyinception.errors import AbsentError, CallError, DtypeError, MissingNameError, TinyInceptionError, nearest
from tinyinception.remedies import ARGUMENTS, CALLS, WORDS

C = TypeVar("C", bound=Callable)


def named(function: C) -> C:
    """Decorator of a function, or of a class and so its __init__: calls that do not fit raise a CallError that helps.

    Nothing is checked before Python itself refuses, so a call costs as good as nothing; a TypeError from inside stays.
    """
    if isinstance(function, type):
        function.__init__ = named(function.__init__)  # type: ignore[misc]
        return function

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except TypeError as error:
            wrong = None if isinstance(error, TinyInceptionError) else misfit(function, args, options)
            if wrong is None:
                raise
        raise wrong

    return cast(C, call)


def misfit(function: Callable, args: tuple, options: Mapping[str, Any]) -> CallError | None:
    """What is wrong with a call, None if its arguments fit."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of a function that is not written in Python
        return None
    try:
        signature.bind(*args, **options)
    except TypeError:
        pass
    else:
        return None
    owner, _, name = getattr(function, "__qualname__", type(function).__name__).rpartition(".")
    name = owner.rpartition(".")[2] if name in ("__init__", "forward") else name
    parameters = list(signature.parameters.values())
    if parameters and parameters[0].name in ("self", "cls"):
        parameters, args = parameters[1:], args[1:]
    return refusal(name, parameters, args, options)


def refusal(name: str, parameters: list[Parameter], args: tuple, options: Mapping[str, Any]) -> CallError:
    """The error for a call of `name` that does not fit its parameters."""
    placed = [p.name for p in parameters if p.kind in (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)]
    by_name = [p.name for p in parameters if p.kind is Parameter.KEYWORD_ONLY]
    known = placed + by_name
    if unknown := [word for word in options if word not in known]:
        told = "; ".join(_of_unknown(name, word, known) for word in unknown)
    elif len(args) > len(placed) and Parameter.VAR_POSITIONAL not in [p.kind for p in parameters]:
        told = f"got {len(args)} by position"
        if by_name:
            rest = " and what follows" if by_name[1:] else ""
            told = f"{by_name[0]}{rest} must be given by name, as in {by_name[0]}=..., {told}"
    elif twice := [word for word in placed[: len(args)] if word in options]:
        told = f"{_some(twice)} must be given once, got it by position and by name"
    else:
        missing = [
            p.name
            for p in parameters[len(args) :]
            if p.name in known and p.default is Parameter.empty and p.name not in options
        ]
        told = f"{_some(missing)} must be given"
    placed += [f"any number of {p.name}" for p in parameters if p.kind is Parameter.VAR_POSITIONAL]
    takes = [_some(placed), f"by name {_some(by_name)}" if by_name else ""]
    tip = f"; {CALLS[name]}" if name in CALLS else ""
    return CallError(f"{name}: {told}; it takes {', and '.join(filter(None, takes)) or 'no arguments'}{tip}")


def _of_unknown(name: str, word: str, known: list[str]) -> str:
    """What is said of an argument that there is not."""
    ours = next((ours for ours in ARGUMENTS.get(word, ()) if ours in known), None)
    if ours is not None:
        return f"{word} is called {ours} here"
    if remedy := WORDS.get(f"{name}.{word}") or WORDS.get(word):
        return f"there is no {word}: {remedy}"
    near = nearest(word, known)
    return f"there is no {word}" + (f"; did you mean {near}?" if near else "")


def _some(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def absent(owner: str, name: str, remedies: Mapping[str, str], thing: object = None) -> AbsentError:
    """The error for an attribute that there is not; with `thing`, Python itself adds which name is near."""
    remedy = f": {remedies[name]}" if name in remedies else ""
    return AbsentError(f"{owner} has no attribute {name}{remedy}", name=name, obj=thing)


def missing_from(module: str, remedies: Mapping[str, str]) -> Callable[[str], Any]:
    """A room's `__getattr__`, called for names that it does not have."""

    def __getattr__(name: str) -> Any:
        raise not_there(module, name, remedies)

    return __getattr__


def not_there(module: str, name: str, remedies: Mapping[str, str]) -> AbsentError | MissingNameError:
    """The error for a name that a room has not, made in the room's `__getattr__`.

    Python drops the text of an AttributeError where `from room import name` asks; so that one gets an ImportError.
    """
    thing, caller = sys.modules[module], sys._getframe(2)
    if caller.f_code.co_code[caller.f_lasti] != opmap["IMPORT_FROM"]:
        return absent(module.replace("tinyinception.", "ti."), name, remedies, thing)
    near = nearest(name, dir(thing))
    remedy = remedies.get(name) or (f"did you mean {near}?" if near else "there is no such name")
    return MissingNameError(f"cannot import {name} from {module}: {remedy}", name=module)


def explain_call(module: str, remedy: str) -> None:
    """Have a call of a room, which Python refuses in general terms, say what to write instead."""

    class Room(ModuleType):
        def __call__(self, *_: object, **__: object) -> Any:
            raise CallError(
                f"{module.replace('tinyinception.', 'ti.')} is a room of the package, not a function: {remedy}"
            )

    sys.modules[module].__class__ = Room


def target_dtype(owner: str, target: Any) -> np.dtype | None:
    """The dtype that `to(target)` names, None for the CPU; DtypeError for other devices and for nonsense."""
    kind = str(getattr(target, "type", target)).partition(":")[0]  # of torch.device("cuda:0") too
    if kind == "cpu":
        return None
    if kind in ("cuda", "gpu", "mps", "xpu", "tpu", "hip", "xla"):
        raise DtypeError(f"{owner}: there is only the CPU, got {kind!r}; leave it out")
    try:
        return np.dtype(target if target is not None else "none")
    except (TypeError, ValueError, SyntaxError):
        raise DtypeError(f"{owner}: target must be a dtype such as np.float64, or 'cpu', got {target!r}") from None


def channels_first(shape: tuple[int, ...], channels: int) -> str:
    """A hint for images that are too much like N x C x H x W; else nothing."""
    if len(shape) == 4 and shape[1] == channels != shape[3]:
        return "; channels come last here: x.transpose(0, 2, 3, 1)"
    return ""
