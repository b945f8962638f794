"""A study as it is written down: a TOML file of arms and seeds, read with one clear error for whatever cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

from tinyinception import data as data_sets
from tinyinception.checks import is_whole, number
from tinyinception.errors import ArgumentError, TinyInceptionError, unknown_name
from tinyinception.files import as_path, plain, toml_object
from tinyinception.habits import named
from tinyinception.remedies import ARGUMENTS
from tinyinception.studies import halving, predictions
from tinyinception.studies.halving import Halving
from tinyinception.studies.measures import MEASURES
from tinyinception.train.config import OF_RUNS, Config

HERE = Path(__file__).parent
MOST = 100_000  # trainings that a study may be, whoever asks for them
TEXTS = ("question", "sentence", "where", "mirrors")
SETTINGS = (*TEXTS, "seeds", "measure", "target", "compare", "equal_cost", "equal_cost_of", "ensemble", "predicts")
KEYS = (*SETTINGS, "base", "arms", "cross", "quick", "halving")
NAME = re.compile(r"[\w(+][\w .,=+()'-]{0,79}")
QUICK = {"limit": 2000, "epochs": 2}  # what a quick run changes unless the file says
QUICK_SEEDS = 2

Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Study:
    """A question, the arms by name, each a Config, and the seeds with which each is trained.

    sentence, where: what of a paper it tests, and its place there; mirrors: the figure or table. measures: names of
    MEASURES, the one that decides first. compare: groups of arms, in each of which the others are compared with the
    first. target: of steps_to_target. equal_cost: by how many percent at most multiply-adds differ within each group of
    equal_cost_of. ensemble: whether the networks of each arm are measured together, too. predicts: what the sentence
    says of them. quick: whether it is too small to conclude from. words: of the command line that asks for just this
    study. halving: how it is a search, if it is.
    """

    name: str
    question: str
    arms: dict[str, Config]
    seeds: tuple[int, ...]
    measures: tuple[str, ...] = ("test_accuracy",)
    compare: Groups = ()
    target: float | None = None
    equal_cost: float | None = None
    equal_cost_of: Groups = ()
    ensemble: bool = False
    predicts: tuple[predictions.Prediction, ...] = ()
    sentence: str = ""
    where: str = ""
    mirrors: str = ""
    quick: bool = False
    words: tuple[str, ...] = ()
    halving: Halving | None = None

    @property
    def trainings(self) -> int:
        """How many there are; of a search, of all rungs."""
        rungs = [len(self.arms) - 1] if self.halving is None else self.halving.counts(len(self.arms) - 1)
        return sum(choices + 1 for choices in rungs) * len(self.seeds)

    @property
    def reference(self) -> str:
        """The arm with which the others are compared, in the first group."""
        return self.compare[0][0]

    def title(self, measure: str) -> str:
        """What a measure is called: of the test images, or of training images that are held out."""
        held = all(config.holdout is not None for config in self.arms.values())
        return MEASURES[measure].title.replace("test ", "held-out ", int(held))

    @property
    def budget(self) -> str:
        """How long each is trained, and on what: in words, with several figures where arms differ."""

        def told(name: str) -> str:
            values = dict.fromkeys(getattr(config, name) for config in self.arms.values())
            return " or ".join("all" if value is None else format(value, ",") for value in values)

        data = dict.fromkeys(config.data for config in self.arms.values())
        sets, noun = " or ".join(str(one) for one in data), "epoch" if told("epochs") == "1" else "epochs"
        held = sorted({one.holdout for one in self.arms.values() if one.holdout is not None})
        judged = f", judged by {' or '.join(f'{n:,}' for n in held)} training images that are held out" if held else ""
        return (
            f"{told('epochs')} {noun} of {told('limit')} training images of {sets}, in batches of {told('batch_size')}"
            f"{judged}"
        )


def names() -> list[str]:
    """The built-in studies."""
    return sorted(path.stem for path in HERE.glob("*.toml"))


@named
def load(
    study: str | Path,
    *,
    quick: bool = False,
    seeds: int | Sequence[int] | None = None,
    data: str | Path | None = None,
) -> Study:
    """A built-in study by name, or one's own from a TOML file.

    quick: with two seeds and so little data that it takes minutes. seeds: instead of the file's, how many, or which.
    data: instead of the file's data set. Raises ArgumentError, naming file and arm, for whatever cannot be.
    """
    path = _find(study)
    try:
        text = plain(path).read_bytes()
    except OSError as error:
        raise ArgumentError(f"study: {path} cannot be read: {error.strerror or error}") from error
    try:
        return _read(path, toml_object("it", text, ArgumentError), study, quick, seeds, data)
    except TinyInceptionError as error:
        raise ArgumentError(f"study {path.name if path.parent == HERE else path}: {error}") from error


def _find(study: str | Path) -> Path:
    path = as_path("study", study)
    if path.suffix == ".toml" or path.is_file():
        return path
    if str(study) not in names():
        own = path.with_name(f"{path.name}.toml")
        hint = f"there is a file {own}" if own.is_file() else "a file of your own ends in .toml"
        raise ArgumentError(f"{unknown_name(str(study), names(), 'study')}; {hint}")
    return HERE / f"{study}.toml"


def _read(
    path: Path,
    values: dict[str, Any],
    asked: str | Path,
    quick: bool,
    seeds: int | Sequence[int] | None,
    data: str | Path | None,
) -> Study:
    for key in values:
        if key not in KEYS:
            raise unknown_name(key, KEYS, "key")
    for key in TEXTS:
        if not isinstance(values.get(key, ""), str):
            raise ArgumentError(f"{key} must be a text, got {values[key]!r}")
    if not isinstance(values.get("ensemble", False), bool):
        raise ArgumentError(f"ensemble must be true or false, got {values['ensemble']!r}")
    if not values.get("question"):
        raise ArgumentError("question must say what is asked; there is none")
    fast, found = _table(values, "quick"), _seeds(values.get("seeds", 3) if seeds is None else seeds)
    fewer = _seeds(fast.pop("seeds", QUICK_SEEDS))
    if quick and seeds is None:
        found = found[: len(fewer)]
    arms = _arms(values, fast if quick else None, len(found), data)
    study = Study(
        path.stem,
        values["question"].strip(),
        arms,
        found,
        measures := _measures(values),
        compare := _groups("compare", values.get("compare", list(arms)), arms),
        None if "target" not in values else float(number("target", values["target"], "(0, 1]")),
        None if "equal_cost" not in values else float(number("equal_cost", values["equal_cost"], "[0, 100]")),
        compare if "equal_cost_of" not in values else _groups("equal_cost_of", values["equal_cost_of"], arms),
        values.get("ensemble", False),
        predictions.read(values.get("predicts", []), arms, measures),
        **{key: values.get(key, "").strip() for key in TEXTS[1:]},
        quick=quick,
        words=_words(asked, quick, seeds, data),
    )
    if "halving" not in values:
        return study
    search = halving.read(_table(values, "halving"))
    halving.check(study, search)
    return replace(study, halving=search)


def _words(
    asked: str | Path, quick: bool, seeds: int | Sequence[int] | None, data: str | Path | None
) -> tuple[str, ...]:
    listed = seeds if seeds is None or isinstance(seeds, int) else "".join(f"{seed}," for seed in seeds)
    return (
        str(asked),
        *(["--quick"] if quick else []),
        *(["--seeds", str(listed)] if seeds is not None else []),
        *(["--data", str(data)] if data is not None else []),
    )


def _seeds(value: Any) -> tuple[int, ...]:
    """How many, counted from 0, or a list of them."""
    if is_whole(value, 1):
        return tuple(range(min(int(value), MOST + 1)))
    if not isinstance(value, list | tuple) or not value or not all(is_whole(one, 0) for one in value):
        raise ArgumentError(f"seeds must be how many, or a list of whole numbers of at least 0, got {value!r}")
    if len(set(value)) < len(value):
        raise ArgumentError(f"seeds must differ, got {value!r}")
    return tuple(int(one) for one in value)


def _measures(values: Mapping[str, Any]) -> tuple[str, ...]:
    given = values.get("measure", "test_accuracy")
    chosen = [given] if isinstance(given, str) else given
    if not isinstance(chosen, list) or not chosen or not all(isinstance(name, str) for name in chosen):
        raise ArgumentError(f"measure must be a name or a list of names, got {given!r}")
    for name in chosen:
        if name not in MEASURES:
            raise unknown_name(name, list(MEASURES), "measure")
    if "steps_to_target" in chosen and "target" not in values:
        raise ArgumentError("steps_to_target needs `target`, the accuracy, such as target = 0.6")
    return tuple(dict.fromkeys(chosen))


def _groups(key: str, given: Any, arms: Mapping[str, Config]) -> Groups:
    """Lists of arms, or one such list; of one arm all others are compared with it."""
    lists = given if isinstance(given, list) and given and isinstance(given[0], list) else [given]
    for names in lists:
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise ArgumentError(
                f"{key} must be a list of arms, the first what the others are compared with, or several such lists, "
                f"got {given!r}"
            )
        for name in names:
            if name not in arms:
                raise unknown_name(name, list(arms), f"arm in {key}:")
    return tuple(tuple(dict.fromkeys(names if len(names) > 1 else [*names, *arms])) for names in lists)


# -- arms --------------------------------------------------------------------------------------------------------------


def _table(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    found = values.get(key, {})
    if not isinstance(found, dict):
        raise ArgumentError(f"{key} must be a table, [{key}], got {found!r}")
    return dict(found)


def _arms(
    values: Mapping[str, Any], fast: dict[str, Any] | None, seeds: int, data: str | Path | None
) -> dict[str, Config]:
    base, arms, cross = (_table(values, key) for key in ("base", "arms", "cross"))
    if not arms and not cross:
        raise ArgumentError("there is nothing to compare; give two arms, [arms.NAME], or lists in [cross]")
    lists = _lists(cross)
    many = prod([len(arms) or 1, *(len(choices) for _, choices in lists)]) * seeds
    if many > MOST:
        raise ArgumentError(f"it is {many:,} trainings; at most {MOST:,} can be asked for")
    quick = {name: value for name, value in _table(values, "quick").items() if name != "seeds"}
    for where, fields in (("base", base), ("quick", quick), *((f"arm {name}", arms[name]) for name in arms)):
        _check_fields(where, fields)
    base = _changed(base, fast, data)
    found = {}
    for name in arms or [""]:
        for choice in product(*(choices for _, choices in lists)):
            fields = dict(arms.get(name, {}))
            said = [name] if name else []
            for (field, _), value in zip(lists, choice, strict=True):
                fields = _merged(fields, _nested(field, value))
                said.append(f"{field.rpartition('.')[2]}={value}")
            found[_safe(", ".join(said))] = _config(", ".join(said), _merged(base, fields))
    if len(found) < 2 and isinstance(values.get("measure", ""), str):
        raise ArgumentError("there is nothing to compare; give two arms, or several measures of one")
    _check_differ(found)
    return found


def _lists(cross: Mapping[str, Any]) -> list[tuple[str, list]]:
    """The fields that are crossed, an option of the network as model_options.NAME, each with its list."""
    flat = {name: value for name, value in cross.items() if name != "model_options"}
    options = _table(cross, "model_options")
    _check_fields("cross", {name: None for name in cross})
    found = {**flat, **{f"model_options.{name}": value for name, value in options.items()}}
    for name, value in found.items():
        if not isinstance(value, list) or not value:
            raise ArgumentError(f"cross: {name} must be a list of values, got {value!r}")
    return list(found.items())


def _nested(field: str, value: Any) -> dict[str, Any]:
    outer, _, option = field.partition(".")
    return {outer: {option: value}} if option else {field: value}


def _check_fields(where: str, fields: Any) -> None:
    if not isinstance(fields, dict):
        raise ArgumentError(f"{where} must be a table of settings, got {fields!r}")
    known = [name for name in Config.settings() if name not in ("seed", *OF_RUNS)]
    for name in fields:
        if name == "seed":
            raise ArgumentError(f"{where}: seed: a study has its seeds for all arms, seeds = 3 before the tables")
        if name not in known:
            if meant := [ours for ours in ARGUMENTS.get(name, ()) if ours in known]:
                raise ArgumentError(f"unknown field in {where}: {name!r}; did you mean {meant[0]!r}?")
            raise unknown_name(name, known, f"field in {where}:")


def _changed(base: dict[str, Any], fast: dict[str, Any] | None, data: str | Path | None) -> dict[str, Any]:
    """The base of a quick study, and of one on other data.

    A quick one is on the drawn data, which need no download, but for a folder of the user's own.
    """
    changes: dict[str, Any] = {}
    if fast is not None:
        is_named = base.get("data", "drawn") in data_sets.names()
        changes = {**QUICK, **({"data": "drawn"} if is_named else {}), **fast}
    if data is not None:
        changes["data"] = data
    return _merged(base, changes)


def _merged(base: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields over others; options of a network are merged, but not those of another network."""
    merged = {**base, **fields}
    before = base.get("model_options", {}) if fields.get("model", base.get("model")) == base.get("model") else {}
    options = fields.get("model_options", {})
    if isinstance(before, dict) and isinstance(options, dict) and (before or options):
        merged["model_options"] = {**before, **options}
    elif "model_options" not in fields:
        merged.pop("model_options", None)
    return merged


def _config(arm: str, fields: Mapping[str, Any]) -> Config:
    try:
        return Config.for_data(**{"data": "drawn", **fields})
    except TinyInceptionError as error:
        raise ArgumentError(f"arm {arm}: {error}") from error


def _safe(name: str) -> str:
    if not NAME.fullmatch(name) or name.endswith((" ", ".")):
        raise ArgumentError(
            f"an arm's name is a folder's too: letters, digits, spaces and .,=+-_'(), at most 80 of them, got {name!r}"
        )
    return name


def _check_differ(arms: Mapping[str, Config]) -> None:
    """Two arms that are the same training would differ in nothing, whatever the report said; nor may names meet."""
    seen: dict[str, str] = {}
    folded: dict[str, str] = {}
    for name, config in arms.items():
        if (other := seen.setdefault(replace(config, seed=0).to_json(), name)) != name:
            raise ArgumentError(f"the arms {other} and {name} are the same training")
        if (other := folded.setdefault(name.lower(), name)) != name:
            raise ArgumentError(f"the arms {other} and {name} would have one folder on some systems; rename one")
