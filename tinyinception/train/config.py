"""Everything that decides what a training run computes: two runs of equal config end with equal bits."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from tinyinception import data as data_sets
from tinyinception import models
from tinyinception.data import ARRAYS
from tinyinception.errors import ArgumentError, unknown_name
from tinyinception.files import as_path, json_object, plain, toml_object
from tinyinception.habits import named
from tinyinception.train import budgets
from tinyinception.train.settings import NO_FLAG, Setting, about, setting

LEARNING_RATES = {"sgd": 0.1, "rmsprop": 0.1, "adam": 2e-3, "muon": 0.24}  # peak; RMSProp divides by 1 or so
MOMENTA = {"sgd": 0.9, "rmsprop": 0.9, "muon": 0.6}
OF_OPTIMIZERS = ("lr", "bias_lr", "head_lr", "momentum")  # chosen for one, they say nothing about another
OF_RUNS = ("extended", "ranks", "batch_norm")  # settings that a run gets by how it is trained, and nobody chooses
SCHEDULES = ("constant", "staircase", "cosine", "triangular")
OLD_SIZE = 32  # of the images of a folder, before configs said it

# The defaults below were chosen for the drawn set; these data sets need other values.
RECIPES: dict[str, dict[str, Any]] = {
    "cifar10": {"epochs": 16, "batch_size": 128, "crop": 2},
    "cifar100": {"epochs": 18, "batch_size": 128, "crop": 4},
    "fashion_mnist": {"epochs": 10, "batch_size": 128, "crop": 2},
    "mnist": {"epochs": 5, "batch_size": 128, "crop": 2},
}


@named
@dataclass(frozen=True)
class Config:
    """A training run as one value that can be written down; `Config.for_data` knows the defaults of each data set.

    Raises ArgumentError naming the field. The fields:
    """

    model: str = setting("inception_cifar", "network", "name of a network", metavar="M")
    data: str = setting(
        "drawn",
        "data",
        "data set, see `tinyinception data list`, or a folder of images sorted by class",
        metavar="D",
        path=True,
    )
    source: str | None = setting(
        None, "data", "folder or archive to take the data set's files from", flag="--from", metavar="DIR", path=True
    )
    epochs: int = setting(
        3, "run", "passes over the training images", int, "[1, 1e9]", usual="3 for drawn, more for other named sets"
    )
    batch_size: int = setting(
        64, "recipe", "images per step", int, "[1, 1e9]", usual="128 for the downloaded sets, else 64"
    )
    optimizer: str = setting(
        "sgd",
        "recipe",
        "sgd (Nesterov), rmsprop (the papers'), adam (decoupled decay) or muon (for kernels, sgd for the rest)",
        metavar="O",
        choices=tuple(LEARNING_RATES),
    )
    lr: float = setting(  # None becomes the optimizer's own
        None, "recipe", "highest learning rate", float, "(0, inf)", usual="depends on the optimizer"
    )
    bias_lr: float | None = setting(
        None,
        "recipe",
        "highest learning rate of biases and batch-norm's parameters",
        float,
        "(0, inf)",
        usual="lr, with muon 0.1",
    )
    head_lr: float | None = setting(
        None, "recipe", "highest learning rate of linear layers", float, "(0, inf)", usual="lr, with muon 0.1"
    )
    momentum: float | None = setting(
        None, "recipe", "momentum of sgd, rmsprop or muon's kernels", float, "(0, 1)", usual="0.9, with muon 0.6"
    )
    lookahead: int | None = setting(
        None,
        "recipe",
        "after so many steps each, weights return to slow ones that follow them ever less far, and are tested",
        int,
        "[1, 1e9]",
        usual="off",
    )
    schedule: str = setting(
        "triangular",
        "recipe",
        "constant, staircase (0.94 every two epochs), cosine or triangular",
        metavar="S",
        choices=SCHEDULES,
    )
    warmup: float = setting(
        0.25, "recipe", "part of all steps during which cosine and triangular rise", float, "[0, 1)"
    )
    weight_decay: float = setting(5e-4, "recipe", "L2 decay, of kernels and matrices only", float, "[0, inf)")
    label_smoothing: float = setting(
        0.1, "recipe", "part of each label that is spread over all classes", float, "[0, 1)"
    )
    aux_weight: float | None = setting(
        None, "recipe", "factor of the auxiliary heads' losses", float, "[0, inf)", usual="the network's"
    )
    clip: float | None = setting(None, "recipe", "limit of the gradients' global norm", float, "(0, inf)", usual="off")
    average: float | None = setting(
        None,
        "recipe",
        "decay of the running average of the parameters, which is then what counts as the result",
        float,
        "(0, 1)",
        usual="off",
    )
    flip: bool | None = setting(None, "recipe", "mirror images at random", bool, usual="what suits the data set")
    alternating_flip: bool = setting(
        False, "recipe", "mirror each image in every other epoch instead", bool, usual="no"
    )
    crop: int = setting(
        0,
        "recipe",
        "shift images by up to so many pixels",
        int,
        "[0, 1e9]",
        usual="2 or 4 for the downloaded sets, else 0",
    )
    border: str | None = setting(
        None,
        "recipe",
        "what comes in where images are shifted: zero (black), reflect or edge",
        metavar="B",
        choices=("zero", "reflect", "edge"),
        usual="zero",
    )
    cutout: int = setting(0, "recipe", "blank a square of so many pixels", int, "[0, 1e9]")
    early_size: int | None = setting(
        None,
        "recipe",
        "height and width of the random squares, cut out of the images, that are trained on in the first epochs",
        int,
        "[1, 1e5]",
        usual="off",
    )
    early_epochs: int | None = setting(
        None, "recipe", "epochs in which they are", int, "[0, 1e9]", usual="half of them, if early_size is given"
    )
    seed: int = setting(0, "run", "seed of initial weights, order, augmentation and dropout", int, "[0, inf)")
    limit: int | None = setting(None, "data", "use at most so many images of each split", int, "[1, 1e9]", usual="all")
    holdout: int | None = setting(
        None,
        "data",
        "judge by the last so many training images in place of the test images, and train on the others",
        int,
        "[1, 1e9]",
        usual="off",
    )
    checkpoint_seconds: float = setting(
        60.0, "run", "between two checkpoints in mid-epoch; each epoch ends with one anyway", float, "(0, inf]"
    )
    input_size: int | None = setting(
        None,
        "data",
        "height and width to which a folder of images is scaled",
        int,
        "[1, 1e5]",
        usual="what the network was made for",
    )
    model_options: dict[str, Any] = field(
        default_factory=dict,
        hash=False,
        metadata=about(
            {},
            "network",
            "an option of the network's function, such as dropout=0.2 or aux=False; may be repeated",
            dict,
            flag="--model-option",
            metavar="NAME=VALUE",
        ),
    )
    network: str | None = setting(
        None,
        "network",
        "import path of a network of your own instead of --model, "
        "package.module:function; it is called with num_classes and channels where it has "
        "these parameters",
        metavar="PATH",
    )
    whiten: int | None = setting(
        None,
        "network",
        "the first convolution whitens patches of the training images; of it, the bias alone is trained, for so many "
        "epochs",
        int,
        "[0, 1e9]",
        usual="off",
    )
    weights: str | None = setting(
        None,
        "network",
        "safetensors file, exported folder or hf://OWNER/NAME to start "
        "from; with another number of classes, the last layers stay fresh",
        metavar="FILE",
        path=True,
    )
    freeze: tuple[str, ...] = setting(
        (),
        "network",
        "parameters that are not trained: a pattern such as 'stem*' for "
        "their names, or the name of a module; may be repeated. A batch-norm without "
        "trained parameters keeps its running statistics and uses them",
        tuple,
        metavar="PATTERN",
    )
    patience: int | None = setting(
        None, "run", "stop after so many epochs without a better test accuracy", int, "[1, 1e9]", usual="off"
    )
    extended: tuple[tuple[int, int], ...] = setting(
        (), "run", "(step, epochs): up to that step the run was planned for so many epochs", list, flag=NO_FLAG
    )
    ranks: int | None = setting(
        None,
        "run",
        "processes that share each batch",
        int,
        "[2, 1e6]",
        usual="as mpirun says",
        flag=NO_FLAG,
    )
    batch_norm: str | None = setting(
        None,
        "run",
        "what it normalises where several processes share a batch: parts (each process its own; running statistics, "
        "which are tested and saved, are the means of theirs)",
        choices=("parts",),
        usual="the whole batch",
        flag=NO_FLAG,
    )

    def __post_init__(self) -> None:
        for name, one in Config.settings().items():
            value = getattr(self, name)
            if value is not None or one.default is not None:
                object.__setattr__(self, name, one.check(name, value))
        if self.network is None:
            models.info(self.model)
            models.check_options(self.model, self.model_options)
        elif self.model_options:
            raise ArgumentError(
                "model_options are for networks of models.names(); write a function that builds your "
                "own network with them, and give its path"
            )
        if self.input_size is not None and self.data in (*data_sets.names(), ARRAYS):
            raise ArgumentError(f"input_size: only folders of images are scaled, {self.data} has its own size")
        if self.momentum is not None and self.optimizer not in MOMENTA:
            raise ArgumentError(f"momentum: {self.optimizer} has none, it goes with {', '.join(MOMENTA)}")
        if self.whiten is not None and self.weights is not None:
            raise ArgumentError("whiten: goes with fresh weights, not with those of a file")
        if self.alternating_flip and self.flip is False:
            raise ArgumentError("alternating_flip: goes with flip, which is off")
        if self.early_epochs is not None and self.early_size is None:
            raise ArgumentError("early_epochs: goes with early_size, which is off")
        if self.lr is None:
            object.__setattr__(self, "lr", LEARNING_RATES[self.optimizer])

    @staticmethod
    def settings() -> dict[str, Setting]:
        """What each field is, by its name."""
        return {item.name: item.metadata["setting"] for item in fields(Config)}

    @classmethod
    @named
    def for_data(cls, data: str, *, budget: str | None = None, **changes: Any) -> Config:
        """The defaults for a data set, or what suits a budget of time, with the given fields changed.

        budget: coffee, evening or night, about 20 minutes, one hour and three on two cores, see `train.budgets`.
        """
        recipe = dict(RECIPES.get(data, {})) if isinstance(data, str) else {}
        if budget is not None:
            recipe |= budgets.values(budget, data)
        return cls(**layered(recipe, {"data": data, **changes}))

    @property
    def located(self) -> Config:
        """The same with absolute paths and the size of a folder's images, so that it means the same anywhere."""
        changes: dict[str, Any] = {"source": self.source and os.path.abspath(as_path("source", self.source))}
        if self.data not in (*data_sets.names(), ARRAYS) and is_folder(self.data):
            changes["data"] = os.path.abspath(as_path("data", self.data))
            if self.input_size is None:
                changes["input_size"] = OLD_SIZE if self.network else models.info(self.model).input_size[0]
        if self.weights is not None and not self.weights.startswith("hf://"):
            changes["weights"] = os.path.abspath(as_path("weights", self.weights))
        return replace(self, **changes)

    def differences(self, other: Config | dict[str, Any]) -> list[str]:
        """In which fields another config, perhaps of an older version, differs: "lr 0.1, not 0.25"."""
        mine, others = _plain(asdict(self)), _plain(_completed(other) if isinstance(other, dict) else asdict(other))
        return [
            f"{name} {others.get(name)!r}, not {value!r}" for name, value in mine.items() if value != others.get(name)
        ]

    def flags(self) -> list[str]:
        """The words that give `tinyinception train` this config: what differs from the data set's defaults."""
        usual, words = Config.for_data(self.data), []
        for name, one in Config.settings().items():
            value = getattr(self, name)
            if one.flag != NO_FLAG and (value != getattr(usual, name) or name in ("model", "data")):
                words += one.words(name, value)
        return words

    def to_json(self) -> str:
        """The text of config.json."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Config:
        """The inverse of `to_json`. Raises ArgumentError for text that is no config."""
        return cls.for_data(**{"data": "drawn", **_completed(json_object("config", text, ArgumentError))})


def layered(values: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Settings over others, of which those are left out that say nothing about another optimiser or network."""
    below = dict(values)
    if changes.get("optimizer", below.get("optimizer")) != below.get("optimizer"):
        for name in OF_OPTIMIZERS:
            below.pop(name, None)
    if "model" in changes or "network" in changes:
        own = below.pop("network", None) is not None or "network" in changes
        if own or changes["model"] != below.get("model"):
            below.pop("model_options", None)
    before, options = below.get("model_options"), changes.get("model_options")
    if isinstance(before, dict) and isinstance(options, dict):
        return {**below, **changes, "model_options": {**before, **options}}
    return {**below, **changes}


def read(file: str | Path) -> dict[str, Any]:
    """The fields that a file of settings gives: a run's config.json, or TOML. ArgumentError where it cannot be used.

    What is said there of how a run was started and extended is left out: it is of that run.
    """
    path = as_path("config", file)
    try:
        text = plain(path).read_bytes()
    except OSError as error:
        raise ArgumentError(f"config: {path} cannot be read: {error.strerror or error}") from error
    parse = toml_object if path.suffix.lower() == ".toml" else json_object
    values = parse(f"config: {path}", text, ArgumentError)
    if unknown := [name for name in values if name not in Config.settings()]:
        raise unknown_name(
            unknown[0], [name for name in Config.settings() if name not in OF_RUNS], f"setting in {path}:"
        )
    return {name: value for name, value in values.items() if name not in OF_RUNS}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """As JSON gives them back: lists for tuples."""
    return json.loads(json.dumps(values))


def _completed(values: dict[str, Any]) -> dict[str, Any]:
    """With the fields that an older version did not have, as it would have had them."""
    new = {
        name: one.default
        for name, one in Config.settings().items()
        if one.default in (None, {}, ()) or one.default is False
    }
    if values.get("data", "drawn") not in (*data_sets.names(), ARRAYS):
        new["input_size"] = OLD_SIZE
    return {**new, **values}


def is_folder(path: str | Path) -> bool:
    """Whether there is such a folder, and it can be seen."""
    try:
        return as_path("data", path).is_dir()
    except OSError:  # a folder above it may not be entered: the error comes when it is read
        return False


_FIELDS = "".join(f"\n    {name}: {one.help}{one.told}." for name, one in Config.settings().items())
Config.__doc__ = f"{Config.__doc__}{_FIELDS}"
