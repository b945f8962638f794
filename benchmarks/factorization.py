"""A 5x5 convolution against two 3x3, and its relatives: counted, timed, and the ratio of widths where the saving ends.

`python -m benchmarks.factorization [--json FILE] [--plot FILE] [--quick] [--threads N]`
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks.common import Column, Result, Row, Table, main, new_figure, spread
from benchmarks.factorization_cases import (
    ALONE,
    CHANNELS,
    FIVE,
    GOOGLENET,
    IN_NETWORK,
    KINDS,
    ONE,
    OURS,
    PYTORCH,
    RELATIVES,
    SIZES,
    SWEEP,
    TWO,
    UNITS,
    cases,
    counted,
)
from benchmarks.factorization_figure import draw_relatives, draw_threshold
from benchmarks.sides import Outcome, Side, SideError, alternate
from tinyinception.count import Summary
from tinyinception.count.memory import FLOAT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TITLE = "Factorisation: a 5x5 against two 3x3"
TARGETS = {OURS: "ours", PYTORCH: "pytorch"}
ACTIONS = ("forward", "both")
MIB = 2**20


# -- measuring ---------------------------------------------------------------------------------------------------


def measure(options: Namespace) -> tuple[list[Row], dict[str, float]]:
    """A row for every case, unit and library: counts of both, times of both, and their ratios, two over one."""
    rounds, least = (2, 0.0) if options.quick else (7, 0.02)
    rows: list[Row] = []
    with ExitStack() as stack:
        sides = {
            (library, which): stack.enter_context(
                Side(f"{library}: {which}", f"benchmarks.factorization_cases:{target}_{which}", options.threads)
            )
            for library, target in TARGETS.items()
            for which in (ONE, TWO)
        }
        for case in cases(options.quick):
            for unit in UNITS:
                asked = {**case, "unit": unit}
                outcomes = alternate(list(sides.values()), asked, rounds, actions=ACTIONS, warmup=2, least=least)
                counts = _counts(asked)
                for library in TARGETS:
                    pair = {which: outcomes[sides[library, which].name] for which in (ONE, TWO)}
                    if library == OURS and (failed := [o for o in pair.values() if o.status != "measured"]):
                        raise SideError(failed[0].status, f"{asked}: {failed[0].reason}")
                    rows.append({**asked, **counts, "library": library, **_times(pair)})
                if case["what"] == GOOGLENET and unit == IN_NETWORK:
                    rows[-len(TARGETS)] |= _memory({which: sides[OURS, which] for which in (ONE, TWO)}, asked)
    return rows, {}


def _counts(case: Row) -> Row:
    """Parameters, multiply-adds forward, bytes kept for backward, all by image, and bytes moved forward by batch."""
    both = {which: counted(case, which) for which in (ONE, TWO)}

    def moved(count: Summary) -> int:
        weights = FLOAT * count.params  # read once, whatever the batch
        return case["batch"] * (count.bytes_moved - weights) + weights

    row: Row = {}
    for name, value in (
        ("params", lambda s: s.params),
        ("macs", lambda s: s.macs),
        ("kept_bytes", lambda s: s.memory.training),
        ("moved_bytes", moved),
    ):
        row |= _pair(name, {which: value(count) for which, count in both.items()})
    return row


def _times(pair: Mapping[str, Outcome]) -> Row:
    for outcome in pair.values():
        if outcome.status != "measured":
            return {"status": outcome.status, "reason": outcome.reason}
    row: Row = {"status": "measured", "reason": ""}
    for action in ACTIONS:
        times = {which: spread(outcome.seconds[action]) for which, outcome in pair.items()}
        row |= _pair(f"{action}_ms", {which: round(1e3 * time.median, 4) for which, time in times.items()})
        row |= {
            f"{which}_{action}_{part}_ms": round(1e3 * getattr(time, part), 4)
            for which, time in times.items()
            for part in ("p25", "p75")
        }
    return row


def _memory(pair: Mapping[str, Side], case: Row) -> Row:
    """Peaks of forward and backward in MiB, where the system tells them."""
    try:
        above = {which: side.memory(case, "both").above for which, side in pair.items()}
        return _pair("peak_mib", {which: round(size / MIB, 2) for which, size in above.items()})
    except SideError as error:
        return {"memory_status": f"{error.status}: {error.reason}"}


def _pair(name: str, values: Mapping[str, float]) -> Row:
    """one_NAME, two_NAME and two over one."""
    ratio = values[TWO] / values[ONE] if values[ONE] else None
    return {**{f"{which}_{name}": value for which, value in values.items()}, f"{name}_ratio": ratio}


class Fit(NamedTuple):
    """Forward time as multiply-adds at a rate plus bytes at a rate: GMAC/s, GB/s and the median relative error."""

    gmacs: float
    gbytes: float
    error: float


def fit(rows: Sequence[Row]) -> Fit:
    """Least squares, each time weighted by itself, over one and two of all rows."""
    points = np.array(
        [
            (row["batch"] * row[f"{which}_macs"], row[f"{which}_moved_bytes"], row[f"{which}_forward_ms"] / 1e3)
            for row in rows
            for which in (ONE, TWO)
        ]
    )
    terms = points[:, :2] / points[:, 2:]
    per_mac, per_byte = np.linalg.lstsq(terms, np.ones(len(terms)), rcond=None)[0]
    error = float(np.median(np.abs(terms @ [per_mac, per_byte] - 1)))
    return Fit(1e-9 / per_mac, 1e-9 / per_byte, error)


# -- showing -----------------------------------------------------------------------------------------------------


def lines(result: Result, what: str) -> list[Row]:
    """The rows of one question with those of all units and libraries side by side: a line for each pair."""
    found: dict[tuple, Row] = {}
    for row in result["rows"]:
        if row["what"] == what:
            line = found.setdefault(tuple(row[key] for key in ("kind", "name", "in", "out", "grid")), {})
            if (row["unit"], row["library"]) == (ALONE, OURS):
                apart = max(
                    (row[f"{which}_both_p75_ms"] - row[f"{which}_both_p25_ms"]) / row[f"{which}_both_ms"]
                    for which in (ONE, TWO)
                )
                line |= row | {"excess": row["both_ms_ratio"] / row["macs_ratio"], "spread": apart}
            elif row["library"] == OURS:
                line |= {
                    "network": row["both_ms_ratio"],
                    "network_kept": row["kept_bytes_ratio"],
                    "peak": row.get("peak_mib_ratio"),
                }
            else:
                peer = "peer" if row["unit"] == ALONE else "peer_network"
                line |= {peer: row.get("both_ms_ratio", row["status"])}
    return list(found.values())


def tables(result: Result) -> list[Table]:
    """Thresholds, then a table for each question; ratios are two over one, "both" is forward and backward.

    Quartiles: of both, how far apart in parts of the median, the larger of one's and two's.
    Multiply-adds and weights have one ratio, since every pixel uses every weight once.
    """
    rows = result["rows"]
    thresholds = [
        {
            "kind": str(kind),
            "saving": 1 - kind.ratio(1),
            "threshold": str(kind.threshold),
            "decimal": float(kind.threshold),
        }
        for kind in (FIVE, *RELATIVES)
    ]
    shape = [Column("in", "in"), Column("out", "out"), Column("grid", "grid"), Column("batch", "batch")]
    times = [
        Column(f"{which}_{action}_ms", f"{which}: {words} ms", ".2f")
        for action, words in (("forward", "forward"), ("both", "both"))
        for which in (ONE, TWO)
    ]
    times.append(Column("spread", "quartiles apart", ".0%"))
    weights = [Column(f"{which}_params", f"{which}: weights", ",") for which in (ONE, TWO)]
    ratios = [
        Column("macs_ratio", "MACs, weights", ".2f"),
        Column("moved_bytes_ratio", "bytes moved", ".2f"),
        Column("kept_bytes_ratio", "bytes kept", ".2f"),
        Column("forward_ms_ratio", "time, forward", ".2f"),
        Column("both_ms_ratio", "time, both", ".2f"),
        Column("excess", "time / MACs", ".2f"),
        Column("network", "with BN, ReLU", ".2f"),
        Column("peer", "PyTorch", ".2f"),
        Column("peer_network", "PyTorch with BN, ReLU", ".2f"),
    ]
    captions = {
        SWEEP: ([], "Two 3x3 over one 5x5, by the ratio of widths; the middle is as wide as the output"),
        GOOGLENET: ([Column("name", "module"), *weights], "The 5x5 of GoogLeNet's modules, as two 3x3 in its place"),
        CHANNELS: ([], "Two 3x3 over one 5x5 at equal widths, by channels"),
        SIZES: ([], "Two 3x3 over one 5x5 at equal widths, by grid; equally many pixels"),
        KINDS: ([Column("kind", "one -> two")], "Other factorisations at equal widths"),
    }
    asked = [what for what in captions if any(row["what"] == what for row in rows)]
    memory = [row for row in rows if "peak_mib_ratio" in row]
    return [
        Table(
            "Multiply-adds of two over those of one: saving at equal widths, and out / in from which two cost more",
            [
                Column("kind", "one -> two"),
                Column("saving", "saved at out = in", ".0%"),
                Column("threshold", "threshold"),
                Column("decimal", "or", ".2f"),
            ],
            thresholds,
        ),
        *[
            Table(captions[what][1], [*captions[what][0], *shape, *times, *ratios], lines(result, what))
            for what in asked
        ],
        Table(
            "Memory of GoogLeNet's pairs with batch-norm and ReLU: peak of forward and backward above input, "
            "weights and gradient",
            [
                Column("name", "module"),
                *shape,
                Column("one_peak_mib", "one: MiB", ".1f"),
                Column("two_peak_mib", "two: MiB", ".1f"),
                Column("peak_mib_ratio", "ratio", ".2f"),
                Column("kept_bytes_ratio", "counted", ".2f"),
            ],
            memory,
        ),
    ]


def figure(result: Result) -> Figure:
    """Left, the threshold: cost of two 3x3 over one 5x5 against the ratio of widths. Right, the relatives."""
    drawn = new_figure(12.5, 6.2)
    threshold, relatives = drawn.subplots(1, 2, width_ratios=[1.6, 1])
    draw_threshold(threshold, lines(result, SWEEP), lines(result, GOOGLENET))
    draw_relatives(relatives, lines(result, KINDS))
    return drawn


def text(result: Result) -> str:
    """What one sees, and why time and counts differ."""
    rows = [row for row in result["rows"] if row["status"] == "measured"]
    modules = lines(result, GOOGLENET)
    costly = [row for row in modules if row["macs_ratio"] > 1]
    slower = [row for row in modules if row["both_ms_ratio"] > 1]
    grown = sum(row["two_params"] - row["one_params"] for row in modules)
    swept = [line for what in (SWEEP, CHANNELS, SIZES, KINDS) for line in lines(result, what)]
    cheaper = max((row["out"] / row["in"] for row in lines(result, SWEEP) if row["both_ms_ratio"] < 1), default=0)
    said = (
        "*Rethinking the Inception Architecture* replaces a 5x5 by two 3x3 and saves 28 %: 25 multiply-adds against "
        "9 + 9, where input, middle and output are equally wide. In general the 5x5 costs 25 in out, the pair "
        "9 in middle + 9 middle out. With the middle as wide as the output, as in BN-Inception, the pair is cheaper "
        f"only while 9 out < 16 in: up to out / in = {FIVE.threshold}. A GoogLeNet module reduces the channels before "
        f"its 5x5 and widens them in it, and {len(costly)} of its {len(modules)} modules lie beyond the threshold: "
        f"there the two 3x3 cost more, together {grown:,} weights. (With the middle as wide as the input, the pair is "
        "cheaper from out / in = 9/16 on.) In time, forward and backward, the pair is slower in "
        f"{len(slower)} of {len(modules)}.\n\n"
        'Column "time / MACs" says how far measured time departs from counted operations, 1.00 being not at all; its '
        f"median is {spread([row['excess'] for row in swept]).median:.2f}. Two effects pull in opposite directions. "
        "Our 3x3 of stride 1, with channels in whole vectors and enough pixels, multiplies 36 times where 144 are "
        "counted (Winograd's F(4x4, 3x3), `kernels/winograd.py`), and no other kernel of ours has such a short "
        f"cut: two 3x3 stay cheaper than a 5x5 up to out / in = {cheaper:.0f} of those measured, and what replaces a "
        "3x3 by something else, two 2x2 or 3x1 and 1x3, does not pay. But a pair also moves more memory: its middle is "
        "written and read once more, forward and backward, and with batch-norm and ReLU that comes with another pass."
    )
    plain = [row for row in rows if row["library"] == PYTORCH and row["unit"] == ALONE]
    if plain:
        at = fit(plain)
        departs = spread([row["both_ms_ratio"] / row["macs_ratio"] for row in plain if row["what"] != GOOGLENET]).median
        said += (
            f" PyTorch's times show that second effect alone, with a median of {departs:.2f}. A model with two terms, "
            f"{at.gmacs:.0f} G multiply-adds/s and {at.gbytes:.0f} GB/s for the bytes that must move, explains its "
            f"forward times with a median error of {at.error:.0%}. The fewer channels and taps, the more the second "
            "term weighs."
        )
    return said


if __name__ == "__main__":
    main("factorization", __doc__.splitlines()[0], measure, tables, figure)
