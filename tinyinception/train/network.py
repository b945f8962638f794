"""The network of a run: one of `models.names()`, or one of the caller's own, by its import path or given again."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from typing import Any

from tinyinception import models
from tinyinception.data import ARRAYS, Dataset
from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.judge.scores import outputs
from tinyinception.nn import Module
from tinyinception.ops import by_x
from tinyinception.tensor import Tensor, no_grad
from tinyinception.train.config import Config
from tinyinception.train.state import DataFacts

GIVEN = "given"  # `Config.network` where there is no import path

Factory = Callable[..., Module]


def own(config: Config, network: Module | Factory | None, dataset: Dataset | None) -> Config:
    """The config of a run with a network or a data set of the caller's own; with absolute paths.

    Raises ArgumentError for a config that is none, a network that is neither a Module nor a function, a dataset that is
    no Dataset.
    """
    if not isinstance(config, Config):
        hint = "; your own network goes in as network=" if isinstance(config, Module) else ""
        raise ArgumentError(f"config must be a train.Config, got {type(config).__name__}{hint}")
    if dataset is not None:
        if not isinstance(dataset, Dataset):
            raise ArgumentError(f"dataset must be a Dataset (see Dataset.from_arrays), got {type(dataset).__name__}")
        if dataset.name != config.data:
            config = replace(config, data=ARRAYS, source=None, input_size=None)
    if network is not None:
        if not callable(network):
            raise ArgumentError(f"network must be a Module, or a function that makes one, got {network!r}")
        path = None if isinstance(network, Module) else _path_of(network)
        name = type(network).__name__ if isinstance(network, Module) else getattr(network, "__name__", "network")
        config = replace(config, model=name, network=path or GIVEN)
    return config.located


def build(config: Config, facts: DataFacts, network: Module | Factory | None = None) -> Module:
    """The network that a config names, or the caller's, for such data; seen to take such images and to tell so many
    classes apart before any time is spent on it.

    network: a Module, which is used as it is, or a function that makes one. Raises ArgumentError where the config has
    no way to make it, and ShapeError where it does not fit.
    """
    classes, channels = len(facts.classes), facts.image_shape[-1]
    made: Module
    if network is not None:
        made = _made(network, classes, channels)
    elif config.network is None:
        made = models.build(config.model, num_classes=classes, channels=channels, **config.model_options)
    elif config.network == GIVEN:
        raise ArgumentError(
            f"network: {config.model} was given to train.fit and has no import path by which it could "
            "be made again; give it again as network=..."
        )
    else:
        made = _made(_find(config.network), classes, channels)
    with no_grad():
        logits = outputs(made, Tensor.shape_only(2, *facts.image_shape)).logits
    if logits.shape != (2, classes):
        raise ShapeError(
            f"{config.model}: logits must be N x {classes}, one for each class, got {by_x(logits.shape)} for 2 images"
        )
    return made


def _made(network: Module | Factory, classes: int, channels: int) -> Module:
    if isinstance(network, Module):
        return network
    try:
        known = inspect.signature(network).parameters
    except (TypeError, ValueError):
        raise ArgumentError(f"network must be a Module, or a function that makes one, got {network!r}") from None
    given = {name: value for name, value in (("num_classes", classes), ("channels", channels)) if name in known}
    needed = [
        name
        for name, one in known.items()
        if name not in given and one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    if needed:
        raise ArgumentError(
            f"network: {network.__name__} needs {', '.join(needed)}; it is called with num_classes and "
            "channels alone, so write a function that gives it the rest"
        )
    made = network(**given)
    if not isinstance(made, Module):
        raise ArgumentError(f"network: {network.__name__} must return a Module, got {type(made).__name__}")
    return made


def _path_of(factory: Factory) -> str | None:
    """Where another process finds the same function; None where that is nowhere."""
    module, name = (getattr(factory, part, None) for part in ("__module__", "__qualname__"))
    if not module or not name or module == "__main__" or "<" in name:
        return None
    try:
        return f"{module}:{name}" if _find(f"{module}:{name}") is factory else None
    except ArgumentError:
        return None


def _is_missing(error: Exception, module: str) -> bool:
    """Whether a module itself was not found, rather than something that it imports."""
    return isinstance(error, ModuleNotFoundError) and error.name == module


def _find(path: str) -> Factory:
    """What an import path names, also in the working folder. Nothing of Python's own is ever called by it."""
    module, _, name = path.partition(":")
    if not module or not name or module.partition(".")[0] in sys.stdlib_module_names:
        raise ArgumentError(f"network must be 'package.module:function', a network of your own, got {path!r}")
    try:
        with _here():
            found: Any = import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, ValueError) as error:
        where = (
            f"; start in the folder of {module}.py, or put that into PYTHONPATH" if _is_missing(error, module) else ""
        )
        raise ArgumentError(f"network: {path} cannot be imported: {error}{where}") from error
    if not callable(found):
        raise ArgumentError(f"network: {path} must be a function that makes a Module, got {found!r}")
    return found


@contextmanager
def _here():
    """The working folder counts among the places of modules, as it does for `python -m`."""
    sys.path.insert(0, "")
    try:
        yield
    finally:
        sys.path.remove("")
