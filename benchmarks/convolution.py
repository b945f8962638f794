"""Convolution, forward and backward, as a share of the machine's best matrix product; the roofline.

`python -m benchmarks.convolution [--json FILE] [--plot FILE] [--quick] [--threads N]`
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from benchmarks.common import COLOURS, Column, Result, Row, Table, look, main, new_figure, spread
from benchmarks.convolution_cases import AIMS, cases, inside, intensity, kernel_name
from benchmarks.convolution_sides import PASSES, TRIAD, macs
from benchmarks.sides import Outcome, Side, SideError, alternate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TITLE = "Convolution"
OURS, IM2COL, CONTIGUOUS, CHANNELS_LAST = "tinyinception", "im2col, NumPy", "PyTorch", "PyTorch, channels-last"
WAYS = {OURS: "ours", IM2COL: "im2col", CONTIGUOUS: "pytorch", CHANNELS_LAST: "pytorch_channels_last"}
PYTORCH = (CONTIGUOUS, CHANNELS_LAST)
LIBRARIES = {"numpy": "NumPy", "pytorch": "PyTorch"}
SGEMM = [(1024, 1024, 1024), (2048, 2048, 2048), (16384, 576, 64), (8192, 1152, 128), (8192, 2304, 256)]

TOLERANCE = 1e-3
SPREAD = Column("spread", "quartiles apart", ".0%")


def measure(options: Namespace) -> tuple[list[Row], dict[str, float]]:
    """First what the machine can do, then every convolution in turns with the best of it."""
    threads, rounds, least = options.threads, 2 if options.quick else 7, 0.0 if options.quick else 0.02
    ways = [Side(name, f"benchmarks.convolution_sides:{function}", threads) for name, function in WAYS.items()]
    gemms = [Side(name, f"benchmarks.convolution_sides:sgemm_{name}", threads) for name in LIBRARIES]
    sgemm, best = _calibrate(gemms, SGEMM[:1] if options.quick else SGEMM, rounds)
    rows = [*sgemm, _bandwidth(threads, rounds)]
    for case in cases(options.quick):
        outcomes = alternate([*ways, *gemms], {**case, **best}, rounds, actions=[*PASSES, "sgemm"], least=least)
        if outcomes[OURS].status != "measured":
            raise SideError(outcomes[OURS].status, f"{case}: {outcomes[OURS].reason}")
        _check_agreement(ways, outcomes, case)
        rows += _rows(case, outcomes, best)
    for side in [*ways, *gemms]:
        side.close()
    return rows, headline(rows)


def _calibrate(
    gemms: Sequence[Side], sizes: Sequence[tuple[int, int, int]], rounds: int
) -> tuple[list[Row], dict[str, tuple[int, int, int]]]:
    """GFLOP/s of each library at each shape, and each library's best shape."""
    rows, best = [], {}
    for size in sizes:
        outcomes = alternate(gemms, dict.fromkeys(LIBRARIES, size), rounds, least=0.05)
        rows += [
            {
                "what": "sgemm",
                "side": name,
                "shape": "x".join(map(str, size)),
                "status": outcome.status,
                "reason": outcome.reason,
                "gflops": _sgemm_rate(outcome, size),
            }
            for name, outcome in outcomes.items()
        ]
    for name in LIBRARIES:
        mine = [row["gflops"] or 0.0 for row in rows if row["side"] == name]
        best[name] = sizes[mine.index(max(mine))]
    return rows, best


def _sgemm_rate(outcome: Outcome, size: tuple[int, int, int]) -> float | None:
    if outcome.status != "measured":
        return None
    return 2 * size[0] * size[1] * size[2] / spread(outcome.seconds["sgemm"]).median / 1e9


def _bandwidth(threads: int, rounds: int) -> Row:
    with Side("triad", "benchmarks.convolution_sides:triad", threads) as side:
        seconds = alternate([side], {}, rounds, least=0.2)["triad"].seconds["triad"]
    return {"what": "bandwidth", "gbytes": 3 * 4 * TRIAD / spread(seconds).median / 1e9}


def _check_agreement(ways: Sequence[Side], outcomes: dict[str, Outcome], case: Row) -> None:
    """Raise ValueError unless all sides have computed the same convolution and the same gradients."""
    found = {}
    for side in ways:
        if outcomes[side.name].status == "measured":
            found[side.name] = side.run("check")[1]
    numbers = [number for three in found.values() for number in three]
    if max(numbers) - min(numbers) > TOLERANCE:
        raise ValueError(f"sides disagree on {case}: {found}")


def _rows(case: Row, outcomes: dict[str, Outcome], best: dict[str, tuple[int, int, int]]) -> list[Row]:
    """One row for each side: milliseconds, GFLOP/s and share of the best sgemm of the same rounds, by pass."""
    roof = max(rate for name, size in best.items() if (rate := _sgemm_rate(outcomes[name], size)) is not None)
    rows = []
    for name in WAYS:
        outcome = outcomes[name]
        row = {
            "what": "convolution",
            **case,
            "kernel": kernel_name(case["kernel"]),
            "side": name,
            "status": outcome.status,
            "reason": outcome.reason,
            "sgemm_gflops": round(roof, 1),
            "intensity": round(intensity(case), 2),
            "inside": round(inside(case), 4),
        }
        for which in PASSES if outcome.status == "measured" else ():
            median, low, high = spread(outcome.seconds[which])
            flops = 2 * macs(case) * (3 if which == "together" else 1)
            row |= {
                f"{which}_ms": round(1e3 * median, 4),
                f"{which}_p25_ms": round(1e3 * low, 4),
                f"{which}_p75_ms": round(1e3 * high, 4),
                f"{which}_gflops": round(flops / median / 1e9, 2),
                f"{which}_share": round(flops / median / 1e9 / roof, 4),
            }
        rows.append(row)
    return rows


def headline(rows: Sequence[Row]) -> dict[str, float]:
    """The least share of the best sgemm over the target shapes, forward and backward together."""
    mine = [row for row in rows if row.get("side") == OURS and row.get("target") and "together_share" in row]
    names = dict.fromkeys(row["kernel"] for row in mine)
    return {
        f"convolution.share_of_sgemm.{name}": min(r["together_share"] for r in mine if r["kernel"] == name)
        for name in names
    }


# -- showing -----------------------------------------------------------------------------------------------------


def tables(result: Result) -> list[Table]:
    """What the machine can do; every kernel's least and median; target shapes in detail; everything against PyTorch."""
    rows = result["rows"]
    done = [row for row in rows if row["what"] == "convolution"]
    bandwidth = next(row["gbytes"] for row in rows if row["what"] == "bandwidth")
    absent = {row["side"]: f"{row['status']}: {row['reason']}" for row in done if row["status"] != "measured"}
    notes = "".join(f"; {side} {why}" for side, why in absent.items())
    sgemm = [
        {**row, "side": LIBRARIES[row["side"]], "gflops": row["gflops"] or row["status"]}
        for row in rows
        if row["what"] == "sgemm"
    ]
    return [
        Table(
            f"Matrix products; memory moves {bandwidth:.1f} GB/s (triad)",
            [Column("side", "sgemm of"), Column("shape", "rows x inner x columns"), Column("gflops", "GFLOP/s", ".1f")],
            sgemm,
        ),
        Table(
            f"Share of the best sgemm on the target shapes, forward and backward together, least and median{notes}",
            [Column("kernel", "kernel"), Column("aim", "aim", ".0%")]
            + [Column(f"{side} {what}", f"{side}: {what}", ".0%") for side in WAYS for what in ("least", "median")],
            [_by_kernel(name, done) for name in dict.fromkeys(row["kernel"] for row in done)],
        ),
        Table(
            "Target shapes: share of the best sgemm by product",
            [
                *_shape_columns(),
                Column("inside", "inside the image", ".0%"),
                Column("sgemm_gflops", "sgemm GFLOP/s", ".0f"),
                *[Column(f"{which}_share", _words(which), ".0%") for which in PASSES],
                Column("together_gflops", "together GFLOP/s", ".0f"),
                SPREAD,
                Column("peer", "PyTorch's best, together", ".0%"),
                Column("ratio", "times PyTorch's speed", ".2f"),
            ],
            [row for row in _against_pytorch(done) if row["target"]],
        ),
        Table(
            "Other shapes: milliseconds of forward and backward together",
            [
                *_shape_columns(),
                Column("stride", "stride"),
                Column("together_ms", OURS, ".2f"),
                SPREAD,
                Column("peer_ms", "PyTorch's best", ".2f"),
                Column("im2col_ms", IM2COL, ".2f"),
                Column("ratio", "times PyTorch's speed", ".2f"),
                Column("together_share", "share of sgemm", ".0%"),
            ],
            [row for row in _against_pytorch(done) if not row["target"]],
        ),
    ]


def _shape_columns() -> list[Column]:
    return [
        Column("kernel", "kernel"),
        Column("size", "size"),
        Column("batch", "batch"),
        Column("in", "in"),
        Column("out", "out"),
    ]


def _words(which: str) -> str:
    return {"input_grad": "input gradient", "weight_grad": "weight gradient"}.get(which, which)


def _by_kernel(name: str, done: Sequence[Row]) -> Row:
    row: Row = {"kernel": name, "aim": AIMS.get(name)}
    for side in WAYS:
        shares = [
            r["together_share"]
            for r in done
            if r["kernel"] == name and r["side"] == side and r["target"] and "together_share" in r
        ]
        if shares:
            row |= {f"{side} least": min(shares), f"{side} median": spread(shares).median}
    return row


def _against_pytorch(done: Sequence[Row]) -> list[Row]:
    """Our rows, each with what the others took for the same convolution."""

    def key(row: Row) -> tuple:
        return tuple(row[name] for name in ("kernel", "stride", "size", "in", "out"))

    others: dict[tuple, dict[str, Row]] = {}
    for row in done:
        others.setdefault(key(row), {})[row["side"]] = row
    table = []
    for row in (row for row in done if row["side"] == OURS):
        same = others[key(row)]
        peers = [same[side] for side in PYTORCH if "together_ms" in same.get(side, ())]
        best = min(peers, key=lambda peer: peer["together_ms"], default=None)
        extra: Row = {"im2col_ms": same.get(IM2COL, {}).get("together_ms")}
        if best is not None:
            extra |= {
                "peer": best["together_share"],
                "peer_ms": best["together_ms"],
                "ratio": best["together_ms"] / row["together_ms"],
            }
        extra["spread"] = (row["together_p75_ms"] - row["together_p25_ms"]) / row["together_ms"]
        table.append({**row, **extra})
    return table


def figure(result: Result) -> Figure:
    """The roofline of both libraries, and the shares of sgemm by kernel."""
    drawn = new_figure(11.0, 5.2)
    left, right = drawn.subplots(1, 2, width_ratios=[1.15, 1])
    done = _against_pytorch([row for row in result["rows"] if row["what"] == "convolution"])
    bandwidth = next(row["gbytes"] for row in result["rows"] if row["what"] == "bandwidth")
    _roofline(left, done, bandwidth)
    _shares(right, result, done)
    return drawn


def _roofline(axes: Axes, done: Sequence[Row], bandwidth: float) -> None:
    roof = spread([row["sgemm_gflops"] for row in done]).median
    most = 1.5 * max(row["intensity"] for row in done)
    least = 0.7 * min(*(row["intensity"] for row in done), roof / bandwidth)
    axes.plot(
        [least, roof / bandwidth, most],
        [least * bandwidth, roof, roof],
        color="black",
        linewidth=1.5,
        label=f"{bandwidth:.0f} GB/s; best sgemm, {roof:.0f} GFLOP/s",
    )
    peers = [row for row in done if "peer_ms" in row]
    axes.plot(
        [row["intensity"] for row in peers],
        [row["together_gflops"] / row["ratio"] for row in peers],
        "x",
        color="#999999",
        markersize=5,
        label="PyTorch's best",
        zorder=1,
    )
    for name, style in look(dict.fromkeys(row["kernel"] for row in done)).items():
        mine = [row for row in done if row["kernel"] == name]
        axes.plot(
            [row["intensity"] for row in mine],
            [row["together_gflops"] for row in mine],
            linestyle="",
            markersize=6,
            label=name,
            **style,
        )
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="arithmetic intensity (FLOPs per byte that must move)",
        ylabel="GFLOP/s, forward and backward together",
        title="Roofline",
    )
    axes.grid(alpha=0.3, which="both")
    axes.legend(fontsize="small", loc="lower right")


def _shares(axes: Axes, result: Result, done: Sequence[Row]) -> None:
    """A point for every target shape, ours beside PyTorch's best."""
    targets = [row for row in done if row["target"]]
    names = list(dict.fromkeys(row["kernel"] for row in targets))
    for shift, colour, marker, key, label in (
        (-0.15, COLOURS[0], "o", "together_share", OURS),
        (0.15, COLOURS[1], "s", "peer", "PyTorch's best mode"),
    ):
        points = [(names.index(row["kernel"]) + shift, 100 * row[key]) for row in targets if key in row]
        if points:
            axes.plot(*zip(*points, strict=True), marker, color=colour, alpha=0.75, markersize=6, label=label)
    for position, name in enumerate(names):
        if name in AIMS:
            axes.plot(
                [position - 0.4, position + 0.4],
                [100 * AIMS[name]] * 2,
                color="black",
                linewidth=1.5,
                label="aim" if position == 0 else None,
            )
    axes.axhline(100, color="black", linewidth=0.8, linestyle=":")
    axes.set_xticks(range(len(names)), names)
    axes.set(
        xlabel="kernel", ylabel="share of the best sgemm (%)", ylim=(0, None), title="48 and more channels, stride 1"
    )
    axes.grid(alpha=0.3, axis="y")
    axes.legend(fontsize="small", loc="lower left")


def text(result: Result) -> str:
    """What one sees."""
    heads = result["headline"]
    reached = "; ".join(
        f"{name} {heads[key]:.0%} (aim {aim:.0%})"
        for name, aim in AIMS.items()
        if (key := f"convolution.share_of_sgemm.{name}") in heads
    )
    return (
        "Each product of a convolution is timed alone (output, gradient of the input, gradient of the weights) and all "
        "three together as autograd runs them. NumPy's and PyTorch's matrix products take their turns in the same "
        "rounds, since a shared machine drifts; the faster of the two is what a share refers to. Multiply-adds on "
        'padding count, as everywhere in this package; column "inside the image" is the share of them that is not on '
        "padding, which a library may skip: PyTorch does, and so may pass 100 %, or the roof. Before its times count, "
        "a convolution has been computed by every side with the same result.\n\n"
        f"The least share over the target shapes: {reached}.\n\n"
        "In the roofline, a point under the slanted line has too few FLOPs per byte to be fast: three input channels, "
        "or a 1x1. What must move is each product's two operands and its result, once; small layers stay in the cache "
        "between repetitions and may lie above that line."
    )


if __name__ == "__main__":
    main("convolution", __doc__.splitlines()[0], measure, tables, figure)
