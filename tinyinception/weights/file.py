"""Published weights in and out: safetensors files with PyTorch's names."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tinyinception.errors import ArgumentError, CheckpointError, GraphError, misfits, some
from tinyinception.files import as_path, save_file
from tinyinception.habits import named
from tinyinception.nn import Module
from tinyinception.ops import by_x
from tinyinception.weights.hub import local
from tinyinception.weights.layout import Layout, Slot, layout
from tinyinception.weights.names import TABLES

COUNTER = "num_batches_tracked"  # of PyTorch's batch-norm: matters only where momentum is None, which is nowhere here
READABLE = ("F16", "BF16", "F32", "F64")
PICKLE = (b"\x80", b"PK")  # how pickles begin, and the zip files in which PyTorch puts them
FOREIGN = (".pt", ".pth", ".bin", ".ckpt", ".h5", ".keras", ".npz", ".npy", ".onnx", ".pkl")  # endings of other formats
OWN, VERSION = "tinyinception", 1  # "format" and "version" in the header of a file under our own names, `own.save`


@named
def load_weights(
    model: Module,
    file: str | Path,
    *,
    ignore_aux: bool = False,
    drop_background: bool = False,
    say: Callable[[str], None] | None = None,
) -> None:
    """Give a network the weights of a safetensors file with the names that timm and TorchVision publish.

    file: its path, or on the hub "hf://OWNER/NAME", "hf://OWNER/NAME@REVISION" or one of its files,
    "hf://OWNER/NAME/FILE.safetensors@REVISION", which is kept in the hub's cache; what `save` or `tinyinception export`
    wrote, of any module, is recognised and taken as `load` does.
    model: inception_v3, inception_v4, inception_resnet_v2, googlenet_torchvision, alexnet_torchvision or vgg16 of
    `models.build`, for any number of classes; one built inside `nn.shape_only()` gets its numbers here. Layouts are
    converted, floats of 16 bits (of both kinds), 32 and 64 become the network's dtype, num_batches_tracked is left out.
    ignore_aux: leave auxiliary classifiers alone, those in the file unread and those of the model as they are.
    drop_background: the file has one class more, TensorFlow's background, as class 0; it is left out.
    say: told in one line of a prefix that all names have, such as DataParallel's "module.", and that is left out.
    Nothing is done to images, see `published`. Raises ArgumentError for a network of which no files are published, and
    one CheckpointError that lists all missing, surplus and mis-shaped names and those of another dtype, or says that
    the file is missing or damaged; then nothing has changed.
    """
    file = local(file)
    with opened(file) as source:
        own = is_own(file, source)
    if own:
        from tinyinception.weights.own import load  # which is built on this file

        if ignore_aux or drop_background:
            raise ArgumentError(
                f"{file} has a module's own names: ignore_aux and drop_background are for published weights"
            )
        return load(model, file)
    plan = layout(model)
    with opened(file) as source:
        prefix, names = without_prefix(source.keys(), {slot.published for slot in plan.slots})
        found = {name: source.get_slice(prefix + name) for name in names if not name.endswith(f".{COUNTER}")}
        if problems := _problems(plan, found, ignore_aux, drop_background):
            hint = origin(plan.network, source.keys()) or _hint(plan, found, ignore_aux, drop_background)
            behind = f", behind the prefix {prefix!r} of all its names" if prefix else ""
            raise CheckpointError(f"{file} does not fit this {plan.network}{behind}: {problems}{hint}")
        if prefix and say is not None:
            say(f"{file}: all names begin with {prefix!r}, which was left out")
        for slot in plan.slots:
            if ignore_aux and slot.is_aux:
                continue
            name = prefix + slot.published
            bfloat = found[slot.published].get_dtype() == "BF16"
            array = bfloat16(file, name) if bfloat else source.get_tensor(name)
            slot.fill(array[1:] if drop_background and slot.is_classes else array)


@named
def save_weights(model: Module, file: str | Path, *, ignore_aux: bool = False) -> None:
    """Write a network's weights as a safetensors file with the names of `load_weights`, in PyTorch's layouts.

    The file takes the place of an older one only when it is whole. ignore_aux: without auxiliary classifiers. Raises
    ArgumentError for a network that is not published and for the ending of another format, GraphError for one without
    numbers, and CheckpointError where the file cannot be written or for an auxiliary classifier that the published
    network does not have.
    """
    from safetensors.numpy import save

    file, plan = to_write("save_weights", file), layout(model)
    if plan.unpublished and not ignore_aux:
        raise CheckpointError(
            f"{file}: there are no published names for {some(plan.unpublished)}; "
            "ignore_aux=True leaves auxiliary classifiers out"
        )
    tensors = {}
    for slot in plan.slots:
        if ignore_aux and slot.is_aux:
            continue
        if slot.array is None:
            raise GraphError(f"save_weights: {slot.path} has no numbers, it was built inside shape_only()")
        tensors[slot.published] = np.asarray(slot.to_published(slot.array), order="C")
        if slot.name == "running_var":
            tensors[slot.published.replace("running_var", COUNTER)] = np.zeros((), np.int64)
    save_file(file, save(tensors, {"format": "pt"}))  # timm asks for this "format"


def to_write(function: str, file: str | Path) -> Path:
    """The path of a safetensors file to be written; ArgumentError where its name says that it is something else."""
    file = as_path(f"{function}: file", file)
    if file.suffix.lower() in FOREIGN:
        raise ArgumentError(f"{function}: file must end in .safetensors, which is what is written, got {str(file)!r}")
    return file


def class_count(network: str, file: str | Path) -> int:
    """How many classes the weights in a file tell apart, by the size of their last layer; CheckpointError as above."""
    last, file = f"{TABLES[network].last}.bias", local(file)
    with opened(file) as source:
        prefix, names = without_prefix(source.keys(), {last})
        if last not in names:
            raise CheckpointError(f"{file} does not fit {network}: missing: {last}{origin(network, source.keys())}")
        return source.get_slice(prefix + last).get_shape()[0]


@contextmanager
def opened(file: str | Path) -> Iterator[Any]:
    """A safetensors file whose tensors are read one by one; CheckpointError where it is missing, damaged or none."""
    from safetensors import SafetensorError, safe_open

    if not Path(file).is_file():
        raise CheckpointError(f"{file}: {'it is no plain file' if Path(file).exists() else 'there is no such file'}")
    try:
        with safe_open(file, framework="numpy") as source:
            yield source
    except CheckpointError:
        raise
    except (SafetensorError, OSError) as error:
        hint = (
            "; it looks like a pickle, which is never loaded: the recipe in the documentation of "
            "tinyinception.weights makes a safetensors file of it"
            if _is_pickle(file)
            else ""
        )
        raise CheckpointError(f"{file} is no safetensors file, or a damaged one: {error}{hint}") from error


def is_own(file: str | Path, source: Any) -> bool:
    """Whether an opened file has a module's own names; CheckpointError where a newer version than ours wrote it."""
    header = source.metadata() or {}
    if header.get("format") != OWN:
        return False
    if header.get("version") != str(VERSION):
        raise CheckpointError(
            f"{file} is of version {header.get('version')!r} of its format, this library reads "
            f"version {VERSION}; a newer tinyinception does"
        )
    return True


def _is_pickle(file: str | Path) -> bool:
    try:
        with Path(file).open("rb") as stream:
            return stream.read(2).startswith(PICKLE)
    except OSError:
        return False


def bfloat16(file: str | Path, name: str) -> np.ndarray:
    """A bfloat16 tensor of a valid file as float32. NumPy has no bfloat16, which is the upper half of a float32."""
    with Path(file).open("rb") as stream:
        size = int.from_bytes(stream.read(8), "little")
        entry = json.loads(stream.read(size))[name]
        start, end = entry["data_offsets"]
        stream.seek(8 + size + start)
        halves = np.frombuffer(stream.read(end - start), "<u2")
    return (halves.astype(np.uint32) << 16).view(np.float32).reshape(entry["shape"])


def _prefixes(names: Collection[str]) -> list[str]:
    """What all names begin with, up to a dot: "" and, of DataParallel after torch.compile, "module.", ..."""
    first, last = min(names, default=""), max(names, default="")  # what these two share, all between them do
    return [
        "",
        *(first[: i + 1] for i, letter in enumerate(first) if letter == "." and last.startswith(first[: i + 1])),
    ]


def without_prefix(names: Collection[str], expected: Collection[str]) -> tuple[str, list[str]]:
    """The common prefix behind which most expected names are, "" if it is all the same, and what is behind it."""
    prefix = max(_prefixes(names), key=lambda prefix: sum(name[len(prefix) :] in expected for name in names))
    return prefix, [name[len(prefix) :] for name in names]


def _problems(plan: Layout, found: Mapping[str, Any], ignore_aux: bool, drop_background: bool) -> str:
    """What keeps a file's tensors from being loaded, by kind, empty where nothing does."""
    expected = {
        slot.published: _with_background(slot) if drop_background else slot.shape
        for slot in plan.slots
        if not (ignore_aux and slot.is_aux)
    }
    found = {name: value for name, value in found.items() if not (ignore_aux and name.startswith(plan.table.aux))}
    both = [name for name in expected if name in found]
    shapes = {name: tuple(found[name].get_shape()) for name in both}
    dtypes = {name: found[name].get_dtype() for name in both}
    return misfits(
        {
            "missing": [name for name in expected if name not in found],
            "surplus": [name for name in found if name not in expected],
            "of another shape": [
                f"{name} ({by_x(shapes[name])}, expected {by_x(expected[name])})"
                for name in both
                if shapes[name] != expected[name]
            ],
            f"of another dtype than {', '.join(READABLE)}": [
                f"{name} ({dtypes[name]})" for name in both if dtypes[name] not in READABLE
            ],
            "without a published name": [] if ignore_aux else plan.unpublished,
        }
    )


def _hint(plan: Layout, found: Mapping[str, Any], ignore_aux: bool, drop_background: bool) -> str:
    """The arguments with which the file would fit."""
    for aux, background in ((True, drop_background), (ignore_aux, True), (True, True)):
        if not _problems(plan, found, aux, background):
            told = ["ignore_aux=True leaves auxiliary classifiers alone"] * (aux and not ignore_aux)
            told += ["drop_background=True leaves class 0 out"] * (background and not drop_background)
            return f" ({', '.join(told)})"
    return ""


def origin(network: str, names: Collection[str]) -> str:
    """Which other published network has the layers of a file, in words; empty where none has."""
    for prefix in _prefixes(names):
        behind = f" behind the prefix {prefix!r}" if prefix else ""
        for other, table in TABLES.items():
            fixed = [
                prefix + f"{layer}."
                for layer in table.layers.values()
                if "{" not in layer and not layer.startswith(table.aux)
            ]
            if other != network and all(any(name.startswith(layer) for name in names) for layer in fixed):
                return f" (the file has the names of {other}{behind})"
    return ""


def _with_background(slot: Slot) -> tuple[int, ...]:
    return (slot.shape[0] + 1, *slot.shape[1:]) if slot.is_classes else slot.shape
