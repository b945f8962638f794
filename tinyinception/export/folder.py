"""A network as a folder in the layout of the model hub: model.safetensors, config.json, README.md."""

from __future__ import annotations

from pathlib import Path

from tinyinception.errors import ArgumentError, CheckpointError
from tinyinception.export.card import card
from tinyinception.files import save_file
from tinyinception.habits import named
from tinyinception.weights import Exported, save
from tinyinception.weights.exported import CARD, CONFIG, MODEL, exported_by, read_config
from tinyinception.weights.file import is_own, opened


@named
def to_folder(exported: Exported, folder: str | Path) -> None:
    """Write a network and what has to be known of it; `weights.from_export` reads it back.

    An earlier export in the folder is replaced, and other files beside it are left alone. config.json, which makes a
    folder an export, is written last. Raises ArgumentError for a folder that holds anything else, and CheckpointError
    where it cannot be written.
    """
    exported_by("to_folder", exported)
    folder = check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / CONFIG).unlink(missing_ok=True)
    except OSError as error:
        raise CheckpointError(f"cannot write to {folder}: {error.strerror or error}") from error
    save(exported.network, folder / MODEL)
    save_file(folder / CARD, card(exported).encode("utf-8", "backslashreplace"))
    save_file(folder / CONFIG, exported.to_json().encode())


def check_folder(folder: str | Path) -> Path:
    """The folder, if something may be exported to it; ArgumentError otherwise."""
    folder = Path(folder).expanduser()
    try:
        if not folder.exists():
            return folder
        if not folder.is_dir():
            raise ArgumentError(f"export: {folder} is a file, not a folder")
        if any(folder.iterdir()) and not _is_export(folder):
            raise ArgumentError(
                f"export: the folder {folder} is not empty and holds no earlier export; choose another one"
            )
    except OSError as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{folder} cannot be read: {error.strerror or error}") from error
    return folder


def _is_export(folder: Path) -> bool:
    """Whether an earlier export is there, or what was written of one before it was interrupted."""
    if read_config(folder / CONFIG) is not None:
        return True
    if (folder / CONFIG).exists() or not (folder / MODEL).is_file():
        return False
    try:
        with opened(folder / MODEL) as source:
            return is_own(folder / MODEL, source)
    except CheckpointError:
        return False
