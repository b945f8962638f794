"""Pictures as files, written whole or not at all."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from tinyinception.errors import ArgumentError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def check_format(path: str | Path, function: str) -> None:
    """ArgumentError, in the name of `function`, unless the path ends in a format that matplotlib writes."""
    from matplotlib.backend_bases import FigureCanvasBase

    known = sorted(FigureCanvasBase.get_supported_filetypes())
    if _format(path) not in known:
        raise ArgumentError(f"{function}: {path} must end in a format that matplotlib writes: {', '.join(known)}")


def write(figure: Figure, path: str | Path, function: str, **options: object) -> None:
    """Save a figure; options are those of `savefig`.

    Raises ArgumentError for an unknown format or where it cannot be written; a picture that was there is then kept.
    """
    check_format(path, function)
    contents = BytesIO()
    figure.savefig(contents, format=_format(path), **options)
    temporary = Path(f"{path}.tmp")
    try:
        temporary.write_bytes(contents.getvalue())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise ArgumentError(f"{function}: cannot write {path}: {error.strerror or error}") from None


def _format(path: str | Path) -> str:
    return Path(path).suffix[1:].lower()
