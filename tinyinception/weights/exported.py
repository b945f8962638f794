"""An exported network: model.safetensors beside a config.json that says what it is, and the way back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tinyinception import models, nn
from tinyinception.data import Normalize
from tinyinception.errors import ArgumentError, CheckpointError
from tinyinception.files import as_path, plain
from tinyinception.habits import named
from tinyinception.weights.hub import MODEL, is_address, member
from tinyinception.weights.own import load

CONFIG, CARD = "config.json", "README.md"
LIBRARY, VERSION = "tinyinception", 1  # "library_name" and "format_version" in config.json


@dataclass(frozen=True, eq=False)
class Exported:
    """A network, ready for use, with all that others have to know of it.

    model: its name in `models.names()`, else that of its class; options: what `models.build` was given beside the
    counts. classes: their names, in the order of the logits. image_shape: (height, width, channels). mean, std: per
    channel, for pixels in 0 to 1, or empty where nobody knows what the network wants. origin: what made it, as text
    and figures for people; nothing is computed from it.
    """

    network: nn.Module
    model: str
    classes: tuple[str, ...]
    image_shape: tuple[int, int, int]
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Exported({self.model}, {len(self.classes)} classes, images {'x'.join(map(str, self.image_shape))})"

    def normalize(self, pixels: np.ndarray) -> np.ndarray:
        """Bytes N x H x W x C to the numbers that the network wants; ArgumentError where that is not known."""
        if not self.mean:
            raise ArgumentError(f"normalize: no mean and std are known for this {self.model}")
        return Normalize(self.mean, self.std)(pixels)

    def to_json(self) -> str:
        """The text of config.json; ASCII, whatever the classes are called."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__ if name != "network"}
        return json.dumps({"library_name": LIBRARY, "format_version": VERSION, **values}, indent=2) + "\n"


@named
def from_export(folder: str | Path, network: nn.Module | None = None) -> Exported:
    """What `tinyinception export` left in a folder, or in one on the hub, "hf://OWNER/NAME"; in evaluation mode.

    network: one's own, not of `models.names()`, built as it was for the export. Its logits are those of the exported
    network to the bit. Raises CheckpointError for a folder that holds no export or a damaged one, and as `load` does.
    """
    if not is_address(folder):
        folder = as_path("from_export: folder", folder)
    values = read_config(member(folder, CONFIG))
    if values is None:
        raise CheckpointError(f"{folder} is no export of this library: there is no {CONFIG} in it that says so")
    if network is None:
        network = _build(folder, values)
    load(network, member(folder, MODEL))
    return Exported(network.eval(), **values)


def exported_by(function: str, thing: object) -> Exported:
    """What a function was given; ArgumentError where it is no Exported."""
    if not isinstance(thing, Exported):
        raise ArgumentError(
            f"{function}: exported must come from export.from_run(RUN) or export.from_model(...), "
            f"got {type(thing).__name__}"
        )
    return thing


def read_config(path: Path) -> dict[str, Any] | None:
    """The fields of Exported in a config.json, all but the network; None where the file is none of ours."""
    try:
        given = json.loads(plain(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(given, dict) or given.get("library_name") != LIBRARY:
        return None
    if given.get("format_version") != VERSION:
        raise CheckpointError(
            f"{path} is of version {given.get('format_version')!r} of its format, this library reads "
            f"version {VERSION}; a newer tinyinception does"
        )
    names = [name for name in Exported.__dataclass_fields__ if name != "network"]
    if missing := [name for name in names if name not in given]:
        raise CheckpointError(f"{path} is damaged: it does not say {', '.join(missing)}")
    return {name: tuple(given[name]) if isinstance(given[name], list) else given[name] for name in names}


def _build(folder: str | Path, values: Mapping[str, Any]) -> nn.Module:
    name = values["model"]
    if name not in models.names():
        raise ArgumentError(
            f"{folder}: {name} is no network of models.names(); build it yourself and pass it as network=..."
        )
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in values["options"].items()}
    with nn.shape_only():
        return models.build(name, num_classes=len(values["classes"]), channels=values["image_shape"][2], **options)
