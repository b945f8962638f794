"""Files of the model hub, by way of huggingface-hub and its cache: "hf://OWNER/NAME"."""

from __future__ import annotations

import re
from pathlib import Path

from tinyinception.errors import ArgumentError, CheckpointError

MODEL = "model.safetensors"
FORM = "hf://OWNER/NAME, hf://OWNER/NAME@REVISION or hf://OWNER/NAME/FILE.safetensors@REVISION"
_ADDRESS = re.compile(r"hf:/{1,2}(?P<repo>[^/@]+/[^/@]+)(?:@(?P<early>[^/@]+))?(?:/(?P<file>[^@]+))?(?:@(?P<late>.+))?")


def is_address(file: str | Path) -> bool:
    """Whether this names a file of the hub, not one of this machine; a Path has lost one of the slashes."""
    return str(file).startswith("hf:/")


def local(file: str | Path, name: str = MODEL) -> str | Path:
    """The file itself, or the copy of "hf://OWNER/NAME..." in the hub's cache, fetched there where it is not yet.

    name: what is meant where the address names no file. Raises ArgumentError for an address of another form or without
    huggingface-hub, and CheckpointError, which says what to put where, for a file that cannot be had.
    """
    if not is_address(file):
        return file
    repo, name, revision = _parse(str(file), name)
    try:
        from huggingface_hub import constants, hf_hub_download
    except ImportError:
        raise ArgumentError(
            f"{file}: this needs huggingface-hub; install it with pip install 'tinyinception[hub]'"
        ) from None
    try:
        return hf_hub_download(repo, name, revision=revision, library_name="tinyinception")
    except Exception as error:  # of its HTTP client, which changes between versions, and of its own, without one base
        folder = Path(constants.HF_HUB_CACHE) / f"models--{repo.replace('/', '--')}"
        wanted = name if revision is None else f"{name} at {revision}"
        raise CheckpointError(
            f"{file}: there is no {wanted} in the cache, and it could not be fetched ({_first_line(error)}); fetch it "
            f"where there is a network and give the path of the file instead, or copy that machine's folder "
            f"{folder.name} to {folder}"
        ) from error


def member(folder: str | Path, name: str) -> Path:
    """A file of a folder, or of one on the hub."""
    return Path(local(folder, name) if is_address(folder) else Path(folder) / name)


def _parse(address: str, name: str) -> tuple[str, str, str | None]:
    """Repository, file, revision."""
    found = _ADDRESS.fullmatch(address)
    if found is None or (found["early"] and found["late"]):
        raise ArgumentError(f"an address on the hub must be {FORM}, got {address!r}")
    name = found["file"] or name
    if not name.endswith((".safetensors", ".json")):
        raise ArgumentError(f"{address}: the file must be a .safetensors file, got {name!r}; pickles are never loaded")
    return found["repo"], name, found["early"] or found["late"]


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
