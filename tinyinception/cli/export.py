"""The command `export`: what is read, and what the ending of the destination asks for."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from tinyinception import export, models, weights
from tinyinception.cli.parser import UsageError
from tinyinception.errors import ArgumentError, unknown_name
from tinyinception.export.folder import check_folder
from tinyinception.train.run import CONFIG
from tinyinception.weights.exported import read_config

FOLDER = "folder"
KINDS = {".onnx": "onnx", ".safetensors": "safetensors"}


def write(options: Namespace) -> tuple[dict, list[str]]:
    """Do it: the answer as JSON, and as lines. Nothing is read before the destination is seen to be one."""
    kind = _kind(options.destination)
    place = check_folder(options.destination) if kind == FOLDER else Path(options.destination)
    exported = _source(options)
    if kind == FOLDER:
        export.to_folder(exported, place)
    elif kind == "onnx":
        export.to_onnx(exported.network, place, exported.image_shape, metadata=export.facts(exported))
    else:
        weights.save(exported.network, place)
    files = sorted(place.iterdir()) if kind == FOLDER else [place]
    size = sum(file.stat().st_size for file in files if file.is_file())
    height, width, channels = exported.image_shape
    answer = {
        "source": options.source,
        "model": exported.model,
        "kind": kind,
        "path": str(place),
        "bytes": size,
        "classes": len(exported.classes),
        "image_shape": list(exported.image_shape),
    }
    line = f"{exported.model} with {len(exported.classes)} classes in {place} ({size / 1e6:.1f} MB)"
    if kind != "onnx":
        return answer, [line]
    return {**answer, "opset": export.OPSET}, [
        f"{line}, opset {export.OPSET}",
        f"input images: N x {channels} x {height} x {width}, normalised with the mean and std in its metadata; output "
        f"logits: N x {len(exported.classes)}",
    ]


def _kind(destination: str) -> str:
    """What to write: by the ending, and a folder where there is none or one exists."""
    path = Path(destination)
    if destination.endswith(("/", "\\")) or path.is_dir() or path.suffix in ("", "."):
        return FOLDER
    if path.suffix.lower() not in KINDS:
        raise UsageError(
            f"export: FILE must end in {' or '.join(KINDS)}, got {destination!r}; a folder whose name "
            "has a dot ends in /"
        )
    return KINDS[path.suffix.lower()]


def _source(options: Namespace) -> weights.Exported:
    """A folder with a config.json is a run or an earlier export; anything else the name of a network."""
    source, size = options.source, options.input_size
    folder = Path(source).expanduser()
    if not folder.is_dir() or (source in models.names() and not (folder / CONFIG).is_file()):
        if options.weights is None and source not in models.names():
            raise _unknown(source)
        return export.from_model(source, options.weights, num_classes=options.classes, input_size=size)
    if foreign := [flag for flag in ("weights", "classes") if getattr(options, flag) is not None]:
        raise UsageError(f"export: --{foreign[0]} goes with the name of a network, not with a folder")
    if read_config(folder / CONFIG) is None:
        return export.from_run(folder, input_size=size)
    if size is not None:
        raise UsageError("export: --input-size goes with a run or the name of a network, not with an earlier export")
    return weights.from_export(folder)


def _unknown(source: str) -> ArgumentError:
    if "/" in source or "\\" in source or source.startswith((".", "~")):
        return ArgumentError(f"export: there is no folder {source}")
    return unknown_name(source, models.names(), "run folder or model")
