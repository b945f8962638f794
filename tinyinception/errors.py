"""Every error a user can cause, in one small family.

All derive from the built-in class a Python programmer would expect, so `except ValueError` keeps working.
"""

from collections.abc import Collection, Mapping, Sequence


class TinyInceptionError(Exception):
    """Base class: the message is complete and meant for the user, so the command line prints it without a traceback."""


class ShapeError(TinyInceptionError, ValueError):
    """Sizes that do not fit together; the message names the operation, the layer path and the sizes."""


class DtypeError(TinyInceptionError, TypeError):
    """An array of a kind that an operation does not take, such as integer images or float labels."""


class ArgumentError(TinyInceptionError, ValueError):
    """An argument outside its range, or an unknown name."""


class CallError(ArgumentError, TypeError):
    """A call whose arguments do not fit: one unknown, missing, given twice, or by position where it goes by name."""


class AbsentError(TinyInceptionError, AttributeError):
    """A name of another library; the message says what to write instead."""


class MissingNameError(TinyInceptionError, ImportError):
    """`from tinyinception import NAME` of a name that is not there; the message says what to write instead."""


class NonFiniteError(TinyInceptionError, ArithmeticError):
    """NaN or infinity where finite numbers are needed, or a training that is on the way there."""


class NonFiniteWarning(RuntimeWarning):
    """NaN or infinity in what is given to a module; `warnings.simplefilter("error", NonFiniteWarning)` stops at it."""


class GraphError(TinyInceptionError, RuntimeError):
    """Backward without a graph, twice through the same graph, or from something that is no scalar."""


class GradientError(TinyInceptionError, AssertionError):
    """A gradient that differs from the differences of its function; the message is gradcheck's table."""


class CaptureError(TinyInceptionError, RuntimeError):
    """A captured step that does what a recording could not repeat, such as looking at its own loss."""


class DataError(TinyInceptionError, OSError):
    """A data set that is missing, truncated, altered or unreadable; the message names the file."""


class CheckpointError(TinyInceptionError, OSError):
    """A checkpoint that is damaged, missing, unwritable, or belongs to another network."""


def shown(name: object) -> str:
    """A name from outside, fit for one printed line: what is no character, or steers a terminal, is an escape."""
    return "".join(c if c.isprintable() else _escape(c) for c in str(name)) or "''"


def _escape(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # Python's stand-in for a byte that is no UTF-8
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode()


def unreadable(place: object, error: Exception) -> DataError:
    """The error for a file or folder that the system refuses to read."""
    return DataError(f"{shown(place)} cannot be read: {getattr(error, 'strerror', None) or error}")


class PictureError(TinyInceptionError, RuntimeError):
    """A picture that matplotlib cannot draw, for a reason that lies with it or with its settings."""


def misfits(problems: Mapping[str, Sequence[str]]) -> str:
    """`missing: a, b; surplus: c`: names by what is wrong with them, some of each; empty where nothing is."""
    return "; ".join(f"{problem}: {some(names)}" for problem, names in problems.items() if names)


def some(names: Sequence[str], most: int = 8) -> str:
    """`a, b and 3 more`."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def unknown_name(name: str, known: "list[str] | tuple[str, ...]", what: str) -> ArgumentError:
    """The error for an unknown name: says what exists and, where one is close, which was probably meant."""
    near = nearest(str(name), known)
    hint = f"; did you mean {near!r}?" if near else ""
    return ArgumentError(f"unknown {what} {name!r}{hint} (known: {', '.join(sorted(known))})")


def nearest(name: str, known: Collection[str]) -> str | None:
    """The known name that was probably meant, however it was written; None where it would be a guess."""
    from difflib import get_close_matches

    lower = {one.lower(): one for one in known}
    near = get_close_matches(name, known, n=1, cutoff=0.65)
    near = near or [lower[one] for one in get_close_matches(name.lower(), list(lower), n=1, cutoff=0.65)]
    return near[0] if near else None
