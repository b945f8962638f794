"""What all benchmarks share: arguments, facts about the machine, statistics, tables, the JSON file, the look of plots.

A benchmark is a module with

- `TITLE`, for a reader;
- `measure(options) -> (rows, headline)`: the measurements as flat dicts, and the figures worth quoting by name;
- `tables(result) -> list[Table]` and `figure(result) -> Figure`: what is shown of them;
- `text(result) -> str`: a few sentences on what one sees, in Markdown.

`result` is the JSON file's content, so that tables, picture and text can be made again from it. `main` does the rest.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import platform
import shlex
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
RESULTS, FIGURES = ROOT / "benchmarks" / "results", ROOT / "benchmarks" / "figures"
PACKAGES = ("tinyinception", "numpy", "numba", "torch", "jax", "tinygrad", "dezero", "smallpebble", "numpy-ml")
EXTENSIONS = ("avx512f", "avx2", "avx", "sse4_2", "asimd", "neon")  # the widest first

# Okabe and Ito's palette, apart for every kind of colour vision; lines differ in their markers too.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DPI = 120

Row = dict[str, Any]
Result = dict[str, Any]


class Column(NamedTuple):
    """One column of a table: the rows' key, its heading, and how numbers are printed (as in `format`)."""

    key: str
    heading: str
    form: str = ""


class Table(NamedTuple):
    """A table to show: its caption, columns and rows."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]


class Spread(NamedTuple):
    """Median and quartiles of repeated measurements."""

    median: float
    p25: float
    p75: float


# -- running -----------------------------------------------------------------------------------------------------


def main(
    name: str,
    description: str,
    measure: Callable[[argparse.Namespace], tuple[list[Row], dict[str, float]]],
    tables: Callable[[Result], Iterable[Table]],
    figure: Callable[[Result], Figure] | None = None,
    argv: Sequence[str] | None = None,
    more: Callable[[argparse.ArgumentParser], None] | None = None,
) -> Result:
    """Run one benchmark from its command line: measure, print, write. more: adds options of its own."""
    options = arguments(name, description, argv, more)
    rows, headline = measure(options)
    result = document(name, options, rows, headline)
    print(heading(result))
    for shown in tables(result):
        print(f"\n{shown.caption}\n{table(shown)}")
    if headline:
        print("\n" + "\n".join(f"{key} = {value:.4g}" for key, value in headline.items()))
    if options.json:
        write(result, options.json)
    if options.plot and figure is not None:
        options.plot.parent.mkdir(parents=True, exist_ok=True)
        figure(result).savefig(options.plot)
    return result


def arguments(
    name: str,
    description: str,
    argv: Sequence[str] | None = None,
    more: Callable[[argparse.ArgumentParser], None] | None = None,
) -> argparse.Namespace:
    """The options of a benchmark: json, plot (both None with --quick unless given), quick, threads."""
    argv = sys.argv[1:] if argv is None else list(argv)
    cores = len(available_cores())
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=description)
    parser.add_argument("--json", type=Path, metavar="FILE", help=f"default: benchmarks/results/{name}.json")
    parser.add_argument("--plot", type=Path, metavar="FILE", help=f"default: benchmarks/figures/{name}.png")
    parser.add_argument(
        "--quick", action="store_true", help="a smoke test of seconds; writes only the files that are asked for"
    )
    parser.add_argument("--threads", type=int, default=cores, metavar="N", help=f"default: all cores, here {cores}")
    if more is not None:
        more(parser)
    options = parser.parse_args(argv)
    if not 1 <= options.threads <= cores:
        parser.error(f"--threads must be from 1 to {cores}, the number of cores")
    if not options.quick:
        options.json = options.json or RESULTS / f"{name}.json"
        options.plot = options.plot or FIGURES / f"{name}.png"
    options.command = " ".join([f"python -m benchmarks.{name}", *map(shlex.quote, argv)])
    return options


def document(name: str, options: argparse.Namespace, rows: list[Row], headline: Mapping[str, float]) -> Result:
    """The content of a benchmark's JSON file."""
    return {
        "benchmark": name,
        "command": options.command,
        "machine": machine(options.threads),
        "versions": versions(),
        "rows": rows,
        "headline": dict(headline),
    }


def write(result: Result, path: Path) -> None:
    """Write the JSON file, a row of measurements a line."""
    rows = ",\n".join("    " + json.dumps(row) for row in result["rows"])
    parts = [
        f'  "{key}": ' + (f"[\n{rows}\n  ]" if key == "rows" else json.dumps(value)) for key, value in result.items()
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


# -- facts -------------------------------------------------------------------------------------------------------


def available_cores() -> list[int]:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def machine(threads: int) -> dict[str, Any]:
    """What the measurements were made on, and when."""
    info = _cpu_info()
    flags = (info.get("flags") or info.get("Features") or "").split()
    vector = next((name for name in EXTENSIONS if name in flags), "unknown")
    memory = None
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", ()):
        memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    mhz = info.get("cpu MHz")
    return {
        "cpu": info.get("model name") or platform.processor() or platform.machine(),
        "mhz": round(float(mhz)) if mhz else None,
        "cores": len(available_cores()),
        "threads": threads,
        "vector": vector,
        "memory_gib": memory,
        "os": platform.system(),
        "date": datetime.date.today().isoformat(),
    }


def _cpu_info() -> dict[str, str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].splitlines()
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def versions() -> dict[str, str]:
    """Python, and those of the packages concerned that are installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def spread(seconds: Sequence[float]) -> Spread:
    """Median and quartiles; a single measurement is all three."""
    if len(seconds) == 1:
        return Spread(*3 * tuple(seconds))
    low, middle, high = statistics.quantiles(seconds, n=4, method="inclusive")
    return Spread(middle, low, high)


# -- showing -----------------------------------------------------------------------------------------------------


def heading(result: Result) -> str:
    """Which machine, how many threads, which versions, which command: the lines above every table."""
    at = result["machine"]
    clock = f" at {at['mhz'] / 1000:.2g} GHz" if at["mhz"] else ""
    memory = f", {at['memory_gib']:g} GiB" if at["memory_gib"] else ""
    return (
        f"{result['benchmark']}: {at['cpu']}{clock}, {at['cores']} cores, {at['threads']} threads, {at['vector']}"
        f"{memory}, {at['os']}, {at['date']}\n"
        f"{', '.join(f'{name} {version}' for name, version in result['versions'].items())}\n{result['command']}"
    )


def table(shown: Table, *, markdown: bool = False) -> str:
    """Rows as text, numbers to the right; absent values are left empty."""
    cells = [[cell(row.get(column.key), column.form) for column in shown.columns] for row in shown.rows]
    heads = [column.heading for column in shown.columns]
    numeric = [any(isinstance(row.get(column.key), (int, float)) for row in shown.rows) for column in shown.columns]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]

    def line(values: Sequence[str]) -> str:
        aligned = [
            value.rjust(width) if right else value.ljust(width)
            for value, width, right in zip(values, widths, numeric, strict=True)
        ]
        return f"| {' | '.join(aligned)} |" if markdown else "  ".join(aligned).rstrip()

    rule = [
        ("-" * (width - 1) + ":") if right and markdown else "-" * width
        for width, right in zip(widths, numeric, strict=True)
    ]
    return "\n".join(map(line, [heads, rule, *cells]))


def cell(value: Any, form: str = "") -> str:
    """One value of a table."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return format(value, form) if isinstance(value, (int, float)) else str(value)


def new_figure(width: float, height: float) -> Figure:
    """A Figure of its own, without global state or display; sizes in inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, layout="constrained")


def look(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Colour and marker of each name, in the order given, as keyword arguments of `plot`."""
    return {
        name: {"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)]} for i, name in enumerate(names)
    }
