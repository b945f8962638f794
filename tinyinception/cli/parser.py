"""The words of the command line: commands, flags, help texts."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from typing import NoReturn

import tinyinception
from tinyinception.cli.examples import DESCRIPTION, EXAMPLES
from tinyinception.cli.one_of import OneOf
from tinyinception.cli.synonyms import hint
from tinyinception.terminal import wrap

FLAGS = ("-h", "--help", "--version")  # of the program itself; all others belong to a command


class UsageError(Exception):
    """Wrong words on the command line; the message is complete."""


class Help(argparse.HelpFormatter):
    """Help in which descriptions and examples keep their lines, but for those that are too long."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = []
        for line in text.splitlines():
            first = re.match(r" +\S+ {2,}", line)  # the first column of a list
            rest = " " * (first.end() if first else 3 * (len(line) - len(line.lstrip(" "))))
            lines += wrap(line, width, indent, indent + rest) or [""]
        return "\n".join(lines)


class Parser(argparse.ArgumentParser):
    """argparse, but an error is an exception with one line instead of a usage text and an exit."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see `{self.prog} --help`)")


def parse(argv: Sequence[str]) -> argparse.Namespace | None:
    """The options of a command line, with `command`, the name of the command; None where help was printed.

    Raises UsageError, which for an unknown command or flag says which is near.
    """
    top = _top()
    if not argv or argv[0] in FLAGS[:2]:
        top.print_help()
        return None
    if argv[0] == FLAGS[2]:
        print(tinyinception.__version__)
        return None
    if argv[0] not in COMMANDS:
        kind, known = ("flag", FLAGS) if argv[0].startswith("-") else ("command", COMMANDS)
        raise UsageError(f"unknown {kind} {argv[0]!r}{hint(argv[0], known)} (see `tinyinception --help`)")
    parser = COMMANDS[argv[0]](argv[0])
    if any(word in ("-h", "--help") for word in argv[1:]):
        parser.print_help()
        return None
    options, extra = parser.parse_known_args(argv[1:])
    if extra:
        flags = re.findall(r"--[a-z-]+", parser.format_usage())
        kind = "flag" if extra[0].startswith("-") else "argument"
        raise UsageError(f"unknown {kind} {extra[0]!r}{hint(extra[0], flags)} (see `{parser.prog} --help`)")
    return options


def _top() -> Parser:
    parser = Parser(
        prog="tinyinception",
        description=DESCRIPTION,
        epilog="examples:\n" + EXAMPLES[""],
        formatter_class=Help,
        usage="tinyinception COMMAND [options]",
    )
    parser.add_argument("--version", action="store_true", help="show the version and exit")
    return parser


def _command(name: str, description: str, *, json: bool = True, quiet: bool = True) -> Parser:
    """What the parsers of all commands have in common."""
    parser = Parser(
        prog=f"tinyinception {name}",
        description=description,
        epilog="examples:\n" + EXAMPLES[name],
        formatter_class=Help,
        allow_abbrev=False,
    )
    parser.set_defaults(command=name)
    if json:
        parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    if quiet:
        parser.add_argument("--quiet", action="store_true", help="no progress and no asides; errors are still said")
    return parser


def _train(name: str) -> Parser:
    from tinyinception.cli.training import add_settings  # of the commands, only this one needs more than argparse

    parser = _command(name, "Train a network. Flags that are left out have defaults that suit the data set.")
    run = add_settings(parser)["run"].add_argument
    run("--out", metavar="DIR", help="folder for the run (default: runs/MODEL-DATA-TIME)")
    run(
        "--config",
        metavar="FILE",
        help="take the settings from a run's config.json, or from TOML with the same names; flags come before it",
    )
    run(
        "--resume",
        metavar="DIR",
        help="continue the run in DIR with its own settings; --data says where its folder "
        "of images is now, --epochs that it is to go on to so many: the learning rate "
        "is from there on that of a run planned for so many from the start",
    )
    run(
        "--ensure",
        action="store_true",
        help="the result of this run in --out DIR, whatever is there: it is begun, continued, or taken as it is; a run "
        "with other settings is refused",
    )
    run(
        "--threads",
        type=int,
        metavar="N",
        help="CPU threads (default: OMP_NUM_THREADS, else all cores); results do not depend on it",
    )
    run(
        "--eager",
        action="store_true",
        help="run every step from Python, instead of recording it once and replaying it: slower, to the same bits",
    )
    run("--no-pictures", dest="pictures", action="store_false", help="do not draw curves.png and the like at the end")
    run(
        "--log",
        type=OneOf("tensorboard"),
        metavar="tensorboard",
        help="write the curves for TensorBoard too, to RUN/tensorboard",
    )
    run(
        "--find-lr",
        action="store_true",
        help="do not train, but try learning rates from low to high on some batches, "
        "print a table, suggest one, and draw lr.png, in --out DIR if given",
    )
    return parser


def _evaluate(name: str) -> Parser:
    parser = _command(
        name, "Measure a trained run on test images, or several as an ensemble that averages its probabilities."
    )
    add = parser.add_argument
    add("folders", nargs="+", metavar="RUN", help="folders of the runs")
    add("--data", metavar="D", help="another data set with the same classes (default: the run's own)")
    add(
        "--crops",
        type=int,
        default=1,
        metavar="K",
        help="views per image whose answers are averaged: 1, 2 (it and its mirror image), 6 (both twice, and both "
        "shifted by a pixel up and left, down and right), 10 (corners and centre, mirrored too), 12 (and the whole "
        "image) or 144 (12 of three squares at four scales)",
    )
    add(
        "--weights",
        type=OneOf("raw", "averaged"),
        metavar="raw|averaged",
        help="the last parameters or their running average (default: the average where the run kept one)",
    )
    add("--compare", action="store_true", help="of two runs, say how sure the difference between them is")
    add(
        "--pictures",
        metavar="DIR",
        help="write confusion.png, calibration.png and, of several views, crops.png to a folder",
    )
    return parser


def _predict(name: str) -> Parser:
    parser = _command(name, "Classify image files with a trained run, or with published weights in place of RUN.")
    add = parser.add_argument
    parser.usage = (
        "%(prog)s [options] RUN IMAGE...\n       %(prog)s [options] RUN --test N\n"
        "       %(prog)s [options] --model M\n           --weights FILE IMAGE..."
    )
    add("files", nargs="*", metavar="RUN IMAGE", help="folder of the run, not with --weights, and image files")
    add("--test", type=int, metavar="N", help="instead of image files, test image N of the run's own data set, from 0")
    add("--top", type=int, default=5, metavar="K", help="classes to print for each (default: 5)")
    add(
        "--model",
        metavar="M",
        help="with --weights: a published network such as inception_v3, or one of its weight "
        "sets such as inception_v3.gluon_in1k, whose preprocessing is applied",
    )
    add("--weights", metavar="FILE", help="safetensors file with the names that timm and TorchVision publish")
    add("--classes-file", metavar="FILE", help="with --weights: class names, one in each line (default: numbers)")
    return parser


def _export(name: str) -> Parser:
    parser = _command(
        name,
        "Write a trained run, or a network by its name, to where others can use it. The ending "
        "says what: .onnx, .safetensors, or none for a folder in the layout of the model hub.",
    )
    add = parser.add_argument
    add(
        "source",
        metavar="RUN|MODEL",
        help="folder of a run or of an earlier export, or name of a network, which gets "
        "fresh weights unless --weights is given",
    )
    add(
        "destination",
        metavar="FILE|DIR",
        help="file to write, or folder: a new or empty one, or an earlier export, "
        "which is replaced; a folder with a dot in its name ends in /",
    )
    add(
        "--weights",
        metavar="FILE",
        help="with MODEL: safetensors file with published names or our own, or one on the model hub, hf://OWNER/NAME",
    )
    add("--classes", type=int, metavar="K", help="with MODEL: number of classes (default: the network's own)")
    add("--input-size", type=int, metavar="N", help="height and width of the image (default: the network's own)")
    return parser


def _summary(name: str) -> Parser:
    parser = _command(name, "Count a network, layer by layer.", quiet=False)
    parser.add_argument("model", metavar="MODEL", help="name of a network")
    _network_flags(parser)
    parser.add_argument(
        "--depth", type=int, metavar="N", help="how deep the table goes into modules (default: down to the layers)"
    )
    parser.add_argument(
        "--draw",
        metavar="FILE",
        help="draw it as well, coloured by share of multiply-adds, to a picture such as FILE.png or FILE.svg",
    )
    return parser


def _compare(name: str) -> Parser:
    parser = _command(name, "Count several networks side by side; factors are relative to the first.", quiet=False)
    parser.add_argument("models", nargs="+", metavar="MODEL", help="names of networks")
    _network_flags(parser)
    return parser


def _network_flags(parser: Parser) -> None:
    parser.add_argument(
        "--input-size", type=int, metavar="N", help="height and width of the image (default: the network's own)"
    )
    parser.add_argument("--channels", type=int, default=3, metavar="C", help="channels of the image (default: 3)")
    parser.add_argument("--classes", type=int, metavar="K", help="number of classes (default: the network's own)")
    parser.add_argument(
        "--training", action="store_true", help="count what runs in training: auxiliary classifiers and dropout too"
    )


def _data(name: str) -> Parser:
    parser = _command(name, "List the data sets, or fetch one into the cache.")
    parser.add_argument("action", type=OneOf("list", "fetch"), metavar="list|fetch")
    parser.add_argument("name", nargs="?", metavar="NAME", help="the data set to fetch")
    parser.add_argument("--from", dest="source", metavar="DIR", help="folder or archive to take its files from")
    return parser


def _lesson(name: str) -> Parser:
    parser = _command(name, "List the lessons, or step through one: prose, code, Enter, output, figure.", json=False)
    add = parser.add_argument
    add("number", nargs="?", metavar="N", help="number of the lesson, or its name")
    add("--start", type=int, metavar="K", help="begin at step K; what is before it runs unseen")
    add(
        "--check",
        nargs="?",
        const="",
        metavar="FILE",
        help="check the answers to the lesson's exercises (default: the file that --exercises names)",
    )
    add(
        "--exercises", action="store_true", default=None, help="say where the exercises are; without a clone, copy them"
    )
    add("--solution", metavar="NAME", help="show the solution of an exercise, or the discussion of an open question")
    add("--notebook", metavar="FILE", help="write the lesson as a Jupyter notebook to FILE.ipynb, or into a folder")
    add(
        "--all",
        action="store_true",
        default=None,
        help="run all lessons in order, without waiting; with --notebook, write all",
    )
    return parser


def _claims(name: str) -> Parser:
    parser = _command(name, "Compute whether what is said about Inception, in the papers and elsewhere, is so.")
    parser.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help="only the claim of this number, or the claims in which all these words occur",
    )
    add = parser.add_argument
    add("--paper", metavar="TEXT", help="only what is said in a paper or summary with TEXT in its title or place")
    add("--lesson", type=int, metavar="N", help="only what lesson N settles")
    add("--verdict", type=OneOf("true", "true-if", "false", "unclear"), metavar="true|true-if|false|unclear")
    kinds = ("counted", "derived", "measured", "looked-up")
    add("--kind", type=OneOf(*kinds), metavar="|".join(kinds), help="only with this kind of evidence")
    add("--search", metavar="TEXT", help="only where TEXT occurs as it stands")
    return parser


def _study(name: str) -> Parser:
    parser = _command(
        name,
        "Run a study: arms that differ in settings, each trained with several seeds, and a report that says whether "
        "they differ in what is measured. Stopped or killed, the same command goes on.",
    )
    add = parser.add_argument
    add(
        "study",
        nargs="?",
        metavar="NAME|FILE.toml",
        help="a built-in study, or a file of your own; none: list them",
    )
    add(
        "--quick",
        action="store_true",
        help="few images, two seeds, the drawn data unless --data is given: minutes, and too small to conclude from",
    )
    add("--seeds", metavar="N|LIST", help="how many seeds, or which, such as 0,2,5 (default: the study's)")
    add("--data", metavar="D", help="another data set than the study's")
    add("--out", metavar="DIR", help="folder for all it writes (default: runs/study-NAME)")
    add(
        "--workers",
        type=int,
        metavar="N",
        help="trainings at a time (default: cores // threads, and never more than there are)",
    )
    add(
        "--threads",
        type=int,
        metavar="N",
        help="CPU threads of each (default: cores // trainings, at least 1); results do not depend on it",
    )
    add(
        "--scheduler",
        metavar="ADDRESS",
        help="train on the workers of Dask's scheduler there, such as tcp://127.0.0.1:8786, started by `dask scheduler "
        "--host 127.0.0.1`: whoever reaches one may run anything, so beyond your machine use TLS (tls://)",
    )
    add(
        "--dry-run", action="store_true", help="say how many trainings, how long, by measured steps, and what it writes"
    )
    add("--yes", action="store_true", help="run it even if it is more than 100 trainings")
    return parser


def _site(name: str) -> Parser:
    parser = _command(
        name,
        "Write the lessons, the claims, the reference and the explorer of the networks as pages that open from disk. "
        "Lessons that have not changed are not run again. For all but the explorer: pip install 'tinyinception[site]'.",
    )
    parser.add_argument("out", metavar="OUT", help="folder for the pages: a new or empty one, or a site made before")
    parser.add_argument(
        "--only", type=OneOf("explorer", "pages"), metavar="explorer|pages", help="one half; the other stays as it is"
    )
    return parser


def _completion(name: str) -> Parser:
    parser = _command(
        name,
        "Print a script with which a shell completes commands, flags, networks and files on the "
        "Tab key. It needs shtab: pip install 'tinyinception[completion]'.",
        json=False,
        quiet=False,
    )
    parser.add_argument("shell", type=OneOf("bash", "zsh", "tcsh"), metavar="bash|zsh|tcsh")
    return parser


COMMANDS: dict[str, Callable[[str], Parser]] = {
    "train": _train,
    "evaluate": _evaluate,
    "predict": _predict,
    "export": _export,
    "summary": _summary,
    "compare": _compare,
    "data": _data,
    "lesson": _lesson,
    "claims": _claims,
    "study": _study,
    "site": _site,
    "completion": _completion,
}
