"""Starting from weights that somebody trained, and keeping some of them as they are."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

from tinyinception.errors import ArgumentError, CheckpointError, misfits, some
from tinyinception.nn import BatchNorm2d, Module
from tinyinception.ops import by_x

Arrays = dict[str, np.ndarray]


def start_from(network: Module, file: str, classes: int) -> str:
    """Give a network the weights of a file, but for last layers of another number of classes; one line that says what.

    file: published weights, what `weights.save` wrote, a folder that was exported, or either on the hub. Auxiliary
    classifiers that the file has not stay fresh. Raises CheckpointError where anything else does not fit.
    """
    from tinyinception.weights.file import is_own, opened
    from tinyinception.weights.hub import MODEL, local

    path = _member(Path(local(file)), MODEL)
    with opened(path) as source:
        state = (
            {name: _read(path, source, name) for name in source.keys()}  # noqa: SIM118
            if is_own(path, source)
            else _published(network, path, source)
        )
    have = network.state_dict()
    other = {name for name, array in state.items() if name in have and array.shape != have[name].shape}
    fresh = {
        name
        for name in other
        if state[name].ndim and state[name].shape[:-1] == have[name].shape[:-1] and have[name].shape[-1] == classes
    }
    fresh |= {name for name in have if name not in state and name.startswith("aux_")}
    problems = misfits(
        {
            "missing": [name for name in have if name not in state and name not in fresh],
            "surplus": [name for name in state if name not in have and not name.startswith("aux_")],
            "of another shape": [
                f"{name} ({by_x(state[name].shape)}, expected {by_x(have[name].shape)})"
                for name in sorted(other - fresh)
            ],
        }
    )
    if problems:
        raise CheckpointError(f"{file} does not fit this network: {problems}")
    network.load_state_dict({name: array if name in fresh else state[name] for name, array in have.items()})
    layers = sorted({name.rpartition(".")[0] for name in fresh})
    return f"weights of {file}" + (f"; fresh: {some(layers)}" if layers else "")


def frozen(network: Module, patterns: Sequence[str]) -> list[BatchNorm2d]:
    """Exempt the parameters with matching names from training; the batch-norms that are to stay in evaluation.

    Those are the ones of which no parameter is trained, and those without parameters whose own name matches. Raises
    ArgumentError for a pattern that matches nothing, or where nothing is left to train.
    """
    named = dict(network.named_parameters())
    norms = {path: module for path, module in network.named_modules() if isinstance(module, BatchNorm2d)}
    for pattern in patterns:
        if not any(_matches(name, pattern) for name in (*named, *norms)):
            raise ArgumentError(f"freeze: no parameter has a name like {pattern!r}; there are {some(list(named))}")
    for name, parameter in named.items():
        if any(_matches(name, pattern) for pattern in patterns):
            parameter.requires_grad = False
    if not any(parameter.requires_grad for parameter in named.values()):
        raise ArgumentError("freeze: no parameter is left to be trained")
    if not patterns:
        return []
    return [
        norm
        for path, norm in norms.items()
        if not any(parameter.requires_grad for _, parameter in norm.named_parameters())
        and (list(norm.named_parameters()) or any(_matches(path, pattern) for pattern in patterns))
    ]


def _matches(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern) or name.startswith(f"{pattern}.")


def _member(path: Path, model: str) -> Path:
    if not path.is_dir():
        return path
    if not (path / model).is_file() and (path / "checkpoint.safetensors").is_file():
        raise ArgumentError(
            f"weights: {path} is a run; `tinyinception export {path} FILE.safetensors` writes its "
            "weights, or take its best.safetensors"
        )
    return path / model


def _read(path: Path, source: Any, name: str) -> np.ndarray:
    from tinyinception.weights.file import bfloat16

    return bfloat16(path, name) if source.get_slice(name).get_dtype() == "BF16" else source.get_tensor(name)


def _published(network: Module, path: Path, source: Any) -> Arrays:
    """The numbers in an opened file of published names, under our names and in our layouts; the others as they are."""
    from tinyinception.weights.file import COUNTER, without_prefix
    from tinyinception.weights.layout import layout

    plan = layout(network)
    prefix, names = without_prefix(source.keys(), {slot.published for slot in plan.slots})
    slots = {slot.published: slot for slot in plan.slots}
    arrays = {}
    for name in names:
        if name in slots:
            arrays[slots[name].path] = slots[name].from_published(_read(path, source, prefix + name))
        elif not name.endswith(f".{COUNTER}") and not name.startswith(plan.table.aux):
            arrays[name] = np.empty(source.get_slice(prefix + name).get_shape())
    return arrays
