"""One setting of a training run: its value where nobody chose one, what it may be, its flag and its line of help."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

from tinyinception.checks import is_whole, number
from tinyinception.errors import ArgumentError, unknown_name
from tinyinception.files import as_path

NO_FLAG = ""
OFF = "off"
GROUPS = ("data", "network", "recipe", "run")


@dataclass(frozen=True)
class Setting:
    """A field of Config. kind: str, int, float, bool, tuple (of texts), dict (of options) or list (of pairs).

    interval: of numbers. choices: of words. path: whether a text names a file or folder. usual: the default, in words.
    flag: of the command line. None is a value where it is the default.
    """

    default: Any
    group: str
    help: str
    kind: type = str
    interval: str = ""
    choices: tuple[str, ...] = ()
    path: bool = False
    usual: str | None = None
    flag: str | None = None
    metavar: str | None = None

    @property
    def told(self) -> str:
        """Its interval and its default, in brackets, to come after the help."""
        usual = self.usual or (str(self.default) if self.default not in (None, (), {}) else "")
        off = " or off" if self.usual == OFF else ""
        parts = [f"in {self.interval}{off}"] * bool(self.interval) + [f"default: {usual}"] * bool(usual)
        return f" ({'; '.join(parts)})" if parts else ""

    def name_of_flag(self, name: str) -> str:
        """`--label-smoothing`."""
        return f"--{name.replace('_', '-')}" if self.flag is None else self.flag

    def check(self, name: str, value: Any) -> Any:
        """`value` as the config keeps it; ArgumentError naming the field where it cannot be.

        Of a setting that is off by default, OFF is a value too: None, where a recipe or a file has it on.
        """
        if self.usual == OFF and isinstance(value, str) and value == OFF:
            return None
        if self.kind in (int, float):
            return number(name, value, self.interval, *([Integral] if self.kind is int else []))
        if self.kind is bool:
            if not isinstance(value, bool):
                raise ArgumentError(f"{name} must be True, False or None, got {value!r}")
            return value
        kinds: dict[type, Callable[[str, Any], Any]]
        kinds = {str: self._text, tuple: _texts, dict: _options, list: _pairs}
        return kinds[self.kind](name, value)

    def _text(self, name: str, value: Any) -> str:
        value = os.fspath(value) if isinstance(value, os.PathLike) else value
        if not isinstance(value, str):
            raise ArgumentError(f"{name} must be a name, got {value!r}")
        if self.path:
            as_path(name, value)
        if self.choices and value not in self.choices:
            raise unknown_name(value, self.choices, name)
        return value

    def words(self, name: str, value: Any) -> list[str]:
        """A value as the words of a command line."""
        flag = self.name_of_flag(name)
        if self.kind is bool:
            return [] if value is None else [flag if value else f"--no-{flag[2:]}"]
        if self.kind is dict:
            return [word for key, one in value.items() for word in (flag, f"{key}={one!r}")]
        if self.kind is tuple:
            return [word for one in value for word in (flag, one)]
        return [] if value is None else [flag, str(value)]


def setting(default: Any, group: str, help: str, *more: Any, **named: Any) -> Any:
    """A field of a dataclass with a Setting in its metadata."""
    return field(default=default, metadata=about(default, group, help, *more, **named))


def about(
    default: Any, group: str, help: str, kind: type = str, interval: str = "", *, usual: str | None = None, **more: Any
) -> dict[str, Setting]:
    """The metadata of a field. usual: "none" where that is the default."""
    usual = "none" if usual is None and default is None else usual
    return {"setting": Setting(default, group, help, kind, interval, usual=usual, **more)}


def _texts(name: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) and one for one in value):
        raise ArgumentError(f"{name} must be a list of texts that are not empty, got {value!r}")
    return tuple(value)


def _pairs(name: str, value: Any) -> tuple[tuple[int, int], ...]:
    good = isinstance(value, list | tuple) and all(
        isinstance(pair, list | tuple) and len(pair) == 2 and all(is_whole(n, 0) for n in pair) for pair in value
    )
    if not good:
        raise ArgumentError(f"{name} must be a list of pairs of whole numbers, got {value!r}")
    return tuple((int(first), int(second)) for first, second in value)


def _options(name: str, value: Any) -> dict[str, Any]:
    """Options by name, of what JSON can hold; its lists become tuples, which is what functions take."""
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise ArgumentError(f"{name} must be options by name, got {value!r}")
    for key, option in value.items():
        try:
            json.dumps(option, allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            raise ArgumentError(
                f"{name}: {key} must be something that JSON can hold, a number, a text, True, False or "
                f"a list, got {option!r}"
            ) from None
    return {key: _tuples(option) for key, option in value.items()}


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list | tuple) else value
