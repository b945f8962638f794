"""Completion on the Tab key: the parsers of all commands under one, from which shtab writes a shell's script."""

from __future__ import annotations

import argparse
from typing import Any

from tinyinception import data, models, studies
from tinyinception.cli.examples import DESCRIPTION
from tinyinception.cli.one_of import OneOf
from tinyinception.cli.parser import COMMANDS
from tinyinception.errors import ArgumentError
from tinyinception.train.config import LEARNING_RATES, SCHEDULES, Config

# What an argument may be: one of these names, by its own name or the one that help gives its value, a file or a folder.
FILES = {"FILE", "IMAGE", "RUN IMAGE", "RUN|MODEL", "FILE|DIR"}
FOLDERS = {"DIR", "RUN"}
NAMES = {
    "M": models.names,
    "MODEL": models.names,
    "NAME": data.names,
    "D": data.names,
    "optimizer": lambda: LEARNING_RATES,
    "schedule": lambda: SCHEDULES,
    "border": lambda: Config.settings()["border"].choices,
}


def script(shell: str) -> str:
    """The script for bash, zsh or tcsh; ArgumentError without shtab."""
    try:
        import shtab
    except ImportError:
        raise ArgumentError(
            "completion needs shtab: pip install 'tinyinception[completion]', or in a clone "
            "pip install -e '.[completion]'"
        ) from None
    top = argparse.ArgumentParser(prog="tinyinception", description=DESCRIPTION.partition("\n")[0])
    top.add_argument("--version", action="version", version="")
    commands = top.add_subparsers(dest="command")
    for name, parser in COMMANDS.items():
        one = parser(name)
        for action in one._actions:
            _describe(action, shtab)
        told = (one.description or "").split(". ")[0].rstrip(".")
        commands.add_parser(name, parents=[one], add_help=False, help=told)
    return shtab.complete(top, shell=shell)


def _describe(action: Any, shtab: Any) -> None:
    """Tell shtab, which reads attributes of its own, what an action of argparse may be."""
    if action.metavar == "NAME|FILE.toml":
        action.complete = _or_file("study", studies.names(), "toml")
    elif names := NAMES.get(action.dest) or NAMES.get(action.metavar):
        action.choices = list(names())
    elif isinstance(action.type, OneOf):
        action.choices = action.type.words
    elif action.metavar in FILES:
        action.complete = shtab.FILE
    elif action.metavar in FOLDERS:
        action.complete = shtab.DIRECTORY


def _or_file(what: str, names: list[str], ending: str) -> dict[str, Any]:
    """For an action's `complete`, in shtab's form: names, or a file with an ending.

    bash and zsh are given a function; tcsh has none, and offers the names only.
    """
    function, words = f"_tinyinception_{what}", " ".join(names)
    bash = f'compgen -W \'{words}\' -- "$1"; compgen -f -X \'!*.{ending}\' -- "$1"; compgen -d -- "$1"'
    zsh = f"compadd -- {words}; _files -g '*.{ending}'"
    preamble = {"bash": f"{function}() {{ {bash}; }}", "zsh": f"{function}() {{ {zsh}; }}"}
    return {"preamble": preamble, "bash": function, "zsh": function, "tcsh": f"({words})"}
