"""Pictures as files, written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyinception.errors import ArgumentError, TinyInceptionError
from tinyinception.files import as_path, replace_file
from tinyinception.plots.style import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@style()
def check_format(path: str | Path, function: str) -> None:
    """ArgumentError, in the name of `function`, unless the path ends in a format that matplotlib writes."""
    from matplotlib.backend_bases import FigureCanvasBase

    known = sorted(FigureCanvasBase.get_supported_filetypes())
    if _format(path) not in known:
        raise ArgumentError(f"{function}: {path} must end in a format that matplotlib writes: {', '.join(known)}")


def write(figure: Figure, path: str | Path, function: str, **options: Any) -> None:
    """Save a figure, inside `style()`; options are those of `savefig`.

    Raises ArgumentError for an unknown format or where it cannot be written; a picture that was there is then kept.
    """
    check_format(path, function)
    contents = BytesIO()
    figure.savefig(contents, format=_format(path), **options)
    path = as_path(f"{function}: path", path)
    try:
        replace_file(path, contents.getvalue())
    except OSError as error:
        raise ArgumentError(f"{function}: cannot write {path}: {error.strerror or error}") from error


def write_each(folder: Path, pictures: Mapping[str, Callable[[], Figure]]) -> str:
    """Draw NAME.png for each into a folder; those that cannot be drawn or written, and why, as one line, else ""."""
    failed = {}
    for name, make in pictures.items():
        file = f"{name}.png"
        try:
            with style():
                write(make(), folder / file, file)
        except TinyInceptionError as error:
            failed[file] = str(error).removeprefix(f"{file}: ")
    return f"not drawn: {', '.join(failed)}; {next(iter(failed.values()))}" if failed else ""


def _format(path: str | Path) -> str:
    return Path(path).suffix[1:].lower()
