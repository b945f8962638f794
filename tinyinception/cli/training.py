"""The flags of `train`, made from the fields of train.Config; and the config that is made from the flags."""

from __future__ import annotations

import argparse
import ast
from argparse import Namespace
from collections.abc import Callable
from typing import Any

from tinyinception.cli.one_of import OneOf
from tinyinception.train.budgets import BUDGETS, DATA
from tinyinception.train.config import Config, layered, read
from tinyinception.train.settings import GROUPS, NO_FLAG, OFF, Setting

RESUMABLE = ("data", "epochs")  # what may be said of a run that is continued


def add_settings(parser: argparse.ArgumentParser) -> dict[str, Any]:
    """A flag for every field of Config, in groups; the groups by name."""
    groups = {name: parser.add_argument_group(name) for name in GROUPS}
    times = ", ".join(f"{name} {one.minutes} minutes" for name, one in BUDGETS.items())
    groups["recipe"].add_argument(
        "--budget",
        type=OneOf(*BUDGETS),
        metavar="|".join(BUDGETS),
        help=f"a network and a recipe for a time on two cores, about {times}; for "
        f"{' and '.join(DATA)}; other flags come before it",
    )
    for name, one in Config.settings().items():
        if one.flag != NO_FLAG:
            _add(groups[one.group], name, one)
    return groups


def _add(group: Any, name: str, one: Setting) -> None:
    flag, how = one.name_of_flag(name), {"dest": name, "help": one.help + one.told, "default": argparse.SUPPRESS}
    if one.kind is bool:
        group.add_argument(flag, action=argparse.BooleanOptionalAction, **how)
    elif one.kind is dict:
        group.add_argument(flag, action="append", type=_option, metavar=one.metavar, **how)
    elif one.kind is tuple:
        group.add_argument(flag, action="append", metavar=one.metavar, **how)
    else:
        kind = _or_off(one.kind) if one.usual == OFF else one.kind
        group.add_argument(flag, type=kind, metavar=one.metavar or ("N" if one.kind is int else "X"), **how)


def _or_off(kind: type) -> Callable[[str], Any]:
    """Of words: a number, or OFF. argparse calls it by the name of the number's type."""

    def read(word: str) -> Any:
        return word if word == OFF else kind(word)

    read.__name__ = kind.__name__
    return read


def _option(word: str) -> tuple[str, Any]:
    """`dropout=0.2`: the value as Python or TOML write it; what is neither is a text."""
    name, equals, text = word.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE, got {word!r}")
    try:
        return name, ast.literal_eval({"true": "True", "false": "False"}.get(text, text))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return name, text


def given(options: Namespace) -> dict[str, Any]:
    """The fields of Config that the command line sets."""
    values = {name: getattr(options, name) for name in Config.settings() if hasattr(options, name)}
    if "model_options" in values:
        values["model_options"] = dict(values["model_options"])
    return values


def config(options: Namespace) -> Config:
    """The config of a new run: what its budget says, before that a file, and before that the flags."""
    values = layered({} if options.config is None else read(options.config), given(options))
    return Config.for_data(**{"data": "drawn", **values}, budget=options.budget)
