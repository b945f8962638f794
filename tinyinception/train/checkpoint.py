"""Checkpoints that a killed process, a full disk or a flipped bit cannot turn into something else than what was saved.

The truth is one file, `checkpoint.safetensors`: tensors, and in its header the rest of the state as JSON and a SHA-256
over both. One rename puts it in place, so there is no moment at which half of a checkpoint could be read. `state.json`
is a copy of that JSON for people to read; nothing reads it back.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from tinyinception import files
from tinyinception.errors import CheckpointError

CHECKPOINT, STATE = "checkpoint.safetensors", "state.json"

Tensors = dict[str, np.ndarray]


def save(folder: Path, tensors: Tensors, state: dict) -> None:
    """Replace the checkpoint in `folder`; `state` is anything that JSON can hold.

    Raises CheckpointError where it cannot be written (read-only folder, full disk); the one before is then still there.
    """
    from safetensors.numpy import save as to_bytes

    text = json.dumps(state)
    dense = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    files.save_file(folder / CHECKPOINT, to_bytes(dense, {"state": text, "sha256": _digest(dense, text)}))
    files.save_file(folder / STATE, (json.dumps(state, indent=2) + "\n").encode())


def load(folder: Path) -> tuple[Tensors, dict]:
    """The tensors and the state of the checkpoint in `folder`; CheckpointError where it is missing or damaged."""
    from safetensors import SafetensorError, safe_open

    path = folder / CHECKPOINT
    try:
        open(files.plain(path), "rb").close()  # safetensors says of whatever it cannot open that it does not exist
        with safe_open(path, framework="numpy") as file:
            header = file.metadata() or {}
            names = file.keys()
            tensors = {name: file.get_tensor(name) for name in names}
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: there is no checkpoint here") from error
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CheckpointError(f"{path} is damaged or cannot be read: {reason}") from error
    text = header.get("state", "")
    if header.get("sha256") != _digest(tensors, text):
        raise CheckpointError(f"{path} is damaged: its contents do not have the SHA-256 that was saved with them")
    return tensors, files.json_object(f"{path}: its state", text, CheckpointError)


def _digest(tensors: Tensors, text: str) -> str:
    """SHA-256 over names, dtypes, shapes, numbers and state, so that no altered byte of the file goes unnoticed."""
    total = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        array = tensors[name]
        total.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        total.update(array.reshape(-1).data)
    return total.hexdigest()
