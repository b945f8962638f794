"""From starting Python to the end of the first training step: import, empty Numba cache, warm one.

`python -m benchmarks.startup [--json FILE] [--plot FILE] [--quick] [--threads N]`
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from argparse import Namespace
from collections import defaultdict
from collections.abc import Sequence
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from benchmarks.common import COLOURS, ROOT, Column, Result, Row, Table, available_cores, main, new_figure, spread
from benchmarks.sides import THREADS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Start-up"
CASE = {"network": "inception_cifar", "batch": 128}
QUICK_CASE = {"network": "plain", "batch": 2}  # fewer kernels
IMPORT, COLD, WARM = "import", "cold", "warm"
REPEATS = {IMPORT: 15, COLD: 3, WARM: 7}
STATES = {COLD: "empty Numba cache", WARM: "warm Numba cache"}

# What a process goes through; each ends when the next begins. The second step is not part of the total.
PYTHON, PACKAGE, MODULES, NUMBA, BUILD, FIRST = (
    "Python itself",
    "import tinyinception",
    "its modules, NumPy",
    "import numba",
    "network, images",
    "first step",
)
PHASES = (PYTHON, PACKAGE, MODULES, NUMBA, BUILD, FIRST)
COMPILING, SECOND = "of that, compilation", "second step"


# -- in the process that is measured -----------------------------------------------------------------------------


def first_step() -> None:
    """Import, build, train two steps; print the seconds of each phase and those of compilation by kernel, as JSON.

    Arguments on the command line: the time at which this process was started, and the case.
    """
    marks = [float(sys.argv[1]), time.time()]
    import tinyinception  # noqa: F401

    marks.append(time.time())
    from benchmarks import ours

    marks.append(time.time())
    compiled = _watch_compiler()
    marks.append(time.time())
    step = ours.train_step(json.loads(sys.argv[2]))["run"]
    marks.append(time.time())
    for _ in range(2):
        step()
        marks.append(time.time())
    phases = {name: end - begin for name, begin, end in zip((*PHASES, SECOND), marks, marks[1:], strict=False)}
    print(json.dumps({"phases": phases, "compiled": compiled}))


def _watch_compiler() -> dict[str, list[float]]:
    """By kernel, the seconds of every compilation, those of the kernels it calls left out; filled as time goes by."""
    from numba.core import event

    seconds: dict[str, list[float]] = defaultdict(list)
    running: list[list[float]] = []  # of each compilation under way: when it began, what it spent on others

    class Listener(event.Listener):
        def on_start(self, event: Any) -> None:
            running.append([time.perf_counter(), 0.0])

        def on_end(self, event: Any) -> None:
            begin, others = running.pop()
            spent = time.perf_counter() - begin
            if running:
                running[-1][1] += spent
            function = event.data["dispatcher"].py_func
            seconds[f"{function.__module__.rpartition('.')[2]}.{function.__name__}"].append(spent - others)

    event.register("numba:compile", Listener())
    return seconds


# -- in the process that measures --------------------------------------------------------------------------------


def measure(options: Namespace) -> tuple[list[Row], dict[str, float]]:
    """A row for every process, and one for every kernel: the medians over the cold ones."""
    repeats = dict.fromkeys(REPEATS, 1) if options.quick else REPEATS
    case = QUICK_CASE if options.quick else CASE
    rows: list[Row] = []
    for number in range(repeats[IMPORT]):
        rows.append(
            {"what": IMPORT, "run": number, PYTHON: _seconds_of("pass"), "total": _seconds_of("import tinyinception")}
        )
    compiled: list[dict[str, list[float]]] = []
    for number in range(repeats[COLD]):
        with TemporaryDirectory() as cache:
            row, found = _train(COLD, number, case, cache, options.threads)
            rows.append(row)
            compiled.append(found)
            # warm runs are spread over the caches
            rows += [
                _train(WARM, again, case, cache, options.threads)[0]
                for again in range(number, repeats[WARM], repeats[COLD])
            ]
    return [*rows, *_kernels(compiled)], headline(rows)


def _train(state: str, number: int, case: Row, cache: str, threads: int) -> tuple[Row, dict[str, list[float]]]:
    code = "from benchmarks.startup import first_step; first_step()"
    answer = json.loads(
        _run(
            [code, str(time.time()), json.dumps(case)],
            {"NUMBA_CACHE_DIR": cache, **{name: str(threads) for name in THREADS}},
            threads,
        )
    )
    phases = answer["phases"]
    row = {
        "what": state,
        "run": number,
        **case,
        **phases,
        "total": sum(phases[name] for name in PHASES),
        COMPILING: sum(map(sum, answer["compiled"].values())),
    }
    return row, answer["compiled"]


def _seconds_of(code: str) -> float:
    """From starting Python to the end of `code`."""
    return float(_run([f"{code}; import sys, time; print(time.time() - float(sys.argv[1]))", str(time.time())], {}))


def _run(arguments: Sequence[str], environment: dict[str, str], threads: int | None = None) -> str:
    """What Python prints, run with `-c` on as many cores as it has threads."""

    def pin() -> None:
        if threads and hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, available_cores()[:threads])

    # a preexec_fn is safe here: this process has no threads
    return subprocess.run(
        [sys.executable, "-c", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=pin if os.name == "posix" else None,
    ).stdout


def _kernels(compiled: Sequence[dict[str, list[float]]]) -> list[Row]:
    names = dict.fromkeys(name for found in compiled for name in found)
    rows = [
        {
            "what": "kernel",
            "kernel": name,
            "compilations": max(len(found.get(name, ())) for found in compiled),
            "seconds": spread([sum(found.get(name, ())) for found in compiled]).median,
        }
        for name in names
    ]
    return sorted(rows, key=lambda row: -row["seconds"])


def headline(rows: Sequence[Row]) -> dict[str, float]:
    """Medians of seconds from starting Python: to the end of `import tinyinception`, to the end of the first step."""
    return {
        f"startup.{state}_s": spread([row["total"] for row in rows if row["what"] == state]).median
        for state in (IMPORT, COLD, WARM)
    }


# -- showing -----------------------------------------------------------------------------------------------------


def tables(result: Result) -> list[Table]:
    """Totals, phases, and compilation by kernel."""
    rows = result["rows"]
    totals = []
    for state, label in ((IMPORT, "import tinyinception"), *((s, f"first step, {text}") for s, text in STATES.items())):
        seconds = [row["total"] for row in rows if row["what"] == state]
        middle, low, high = spread(seconds)
        totals.append({"what": label, "median": middle, "p25": low, "p75": high, "runs": len(seconds)})
    kernels = [row for row in rows if row["what"] == "kernel"]
    total = sum(row["seconds"] for row in kernels)
    return [
        Table(
            "Seconds from starting Python to the end of",
            [
                Column("what", "what"),
                Column("median", "median", ".2f"),
                Column("p25", "25 %", ".2f"),
                Column("p75", "75 %", ".2f"),
                Column("runs", "processes"),
            ],
            totals,
        ),
        Table(
            "Where they go, medians in seconds",
            [Column("phase", "phase"), *[Column(state, text, ".2f") for state, text in STATES.items()]],
            [
                {"phase": phase, **{state: _median(rows, state, phase) for state in STATES}}
                for phase in (*PHASES, COMPILING, SECOND)
            ],
        ),
        Table(
            f"Compilation by kernel in this process, {total:.1f} s together; what it calls counts for itself",
            [Column("kernel", "kernel"), Column("compilations", "compilations"), Column("seconds", "seconds", ".2f")],
            kernels,
        ),
    ]


def _median(rows: Sequence[Row], state: str, phase: str) -> float:
    return spread([row[phase] for row in rows if row["what"] == state]).median


def figure(result: Result) -> Figure:
    """Phases of the first step as bars, each state on a scale of its own, and compilation by kernel."""
    drawn = new_figure(11.0, 4.6)
    axes = drawn.subplot_mosaic([[COLD, "kernels"], [WARM, "kernels"]], width_ratios=[1.2, 1])
    for state, words in STATES.items():
        _draw_phases(axes[state], [row for row in result["rows"] if row["what"] == state])
        axes[state].set_title(f"first training step, {words}", fontsize="medium")
    axes[WARM].set_xlabel("seconds from starting Python")
    shown = [row for row in result["rows"] if row["what"] == "kernel"]
    kernels = axes["kernels"]
    kernels.barh(range(len(shown)), [row["seconds"] for row in shown], color=COLOURS[0])
    kernels.set_yticks(range(len(shown)), [row["kernel"] for row in shown], fontsize="x-small")
    kernels.invert_yaxis()
    kernels.set_xlabel("seconds")
    kernels.set_title("compilation by kernel, empty Numba cache", fontsize="medium")
    kernels.grid(alpha=0.3, axis="x")
    return drawn


def _draw_phases(axes: Axes, rows: Sequence[Row]) -> None:
    """A bar for each phase, beginning where the one before ends."""
    begin = 0.0
    for place, (phase, colour) in enumerate(zip(PHASES, COLOURS, strict=False)):
        seconds = spread([row[phase] for row in rows]).median
        axes.barh(place, seconds, left=begin, color=colour)
        begin += seconds
        axes.annotate(
            f"{seconds:.2f} s", (begin, place), (4, 0), textcoords="offset points", va="center", fontsize="small"
        )
    axes.set_yticks(range(len(PHASES)), PHASES, fontsize="small")
    axes.set(xlim=(0, 1.15 * begin), ylim=(len(PHASES) - 0.5, -0.5))
    axes.grid(alpha=0.3, axis="x")


def text(result: Result) -> str:
    """What one sees."""
    heads, rows = result["headline"], result["rows"]
    kernels = [row for row in rows if row["what"] == "kernel"]
    first = " and ".join(f"`{row['kernel']}`" for row in kernels[:2])
    case = next(row for row in rows if row["what"] == WARM)
    return (
        f"Every figure is a process of its own, timed from the moment it is started. `import tinyinception` is done "
        f"after {heads['startup.import_s']:.3f} s, Python alone after {_median(rows, IMPORT, PYTHON):.3f} s: it "
        "imports neither Numba nor anything else that is heavy. The first training step of "
        f"`{case['network']}` at batch {case['batch']} is done after {heads['startup.warm_s']:.1f} s where kernels are "
        f"in Numba's cache, after {heads['startup.cold_s']:.1f} s where they have to be compiled; "
        f"{sum(row['seconds'] for row in kernels):.1f} s of that is compilation, {first} leading. The kernels of "
        "backward are compiled by a second process meanwhile (`kernels/precompile.py`), where there are two "
        "cores."
    )


if __name__ == "__main__":
    main("startup", __doc__.splitlines()[0], measure, tables, figure)
