"""Writes benchmarks/README.md, and the pictures in it, from the JSON files in benchmarks/results.

`python -m benchmarks.report`, or with `--run` after running all benchmarks, which takes two hours.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from benchmarks.common import FIGURES, RESULTS, ROOT, Result, heading, table

NAMES = (
    "train_step",
    "overhead",
    "loaded",
    "inference",
    "convolution",
    "staircase",
    "factorization",
    "scaling",
    "startup",
    "recipe",
)
INTRODUCTION = """\
# Benchmarks

Written by `python -m benchmarks.report` from the JSON files in `results`; with `--run` it runs all benchmarks first.
A single one is `python -m benchmarks.NAME [--json FILE] [--plot FILE] [--quick] [--threads N]`. Other libraries:
`pip install -e '.[bench]'`, and PyTorch by hand, `pip install torch==2.13.0`. What is missing is reported as missing.

Sides that are compared take turns within one run, each in a process of its own, with the same number of threads on the
same cores; figures are medians with quartiles."""


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.report", description=__doc__.splitlines()[0])
    parser.add_argument("--run", action="store_true", help="run all benchmarks first")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER", help="where the JSON files are")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "README.md", metavar="FILE")
    options = parser.parse_args(argv)
    if options.run:
        for name in NAMES:
            subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=ROOT, check=True)
    results = load(options.results)
    figures = options.out.parent / FIGURES.name
    figures.mkdir(parents=True, exist_ok=True)
    for result in results:
        import_module(f"benchmarks.{result['benchmark']}").figure(result).savefig(
            figures / f"{result['benchmark']}.png"
        )
    options.out.write_text(page(results), encoding="utf-8")
    print(f"{options.out}: {', '.join(result['benchmark'] for result in results) or 'no results yet'}")


def load(folder: Path) -> list[Result]:
    """The results that are there, in the page's order."""
    files = [folder / f"{name}.json" for name in NAMES]
    return [json.loads(file.read_text(encoding="utf-8")) for file in files if file.exists()]


def page(results: Sequence[Result]) -> str:
    """The page: the figures worth quoting, then each benchmark with text, picture and tables."""
    figures = [f"| `{name}` | {value:.3g} |" for result in results for name, value in result["headline"].items()]
    parts = [INTRODUCTION]
    if figures:
        parts.append("\n".join(["| headline | value |", "|---|---:|", *figures]))
    return "\n\n".join([*parts, *map(section, results)]) + "\n"


def section(result: Result) -> str:
    """One benchmark."""
    name = result["benchmark"]
    module = import_module(f"benchmarks.{name}")
    facts = "\n".join(f"    {line}" for line in heading(result).splitlines())
    parts = [f"## {module.TITLE}", module.text(result), f"![{module.TITLE}](figures/{name}.png)", facts]
    for shown in module.tables(result):
        if shown.rows:
            parts.append(f"**{shown.caption}**\n\n{table(shown, markdown=True)}")
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
