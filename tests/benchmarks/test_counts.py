"""What the benchmarks count, fit and show, against loops that count and numbers typed from the papers; no clock."""

from fractions import Fraction
from functools import partial
from itertools import count, product
from types import SimpleNamespace

import numpy as np
import pytest

from benchmarks import convolution, convolution_sides, factorization, scaling, startup
from benchmarks.factorization_cases import (
    ALONE,
    FIVE,
    GOOGLENET,
    KINDS,
    ONE,
    RELATIVES,
    SWEEP,
    TWO,
    UNITS,
    cases,
    counted,
    googlenet_modules,
)
from benchmarks.sides import Outcome
from benchmarks.width import widen
from tinyinception import models, nn
from tinyinception.count import summary

# Going Deeper with Convolutions, Table 1: grid, #5x5 reduce, #5x5
TABLE_1 = {
    "3a": (28, 16, 32),
    "3b": (28, 32, 96),
    "4a": (14, 16, 48),
    "4b": (14, 24, 64),
    "4c": (14, 24, 64),
    "4d": (14, 32, 64),
    "4e": (14, 32, 128),
    "5a": (7, 32, 128),
    "5b": (7, 48, 128),
}


def loop(grid, kernel, inputs, outputs):
    """Multiply-adds of a convolution that keeps its grid, one by one."""
    total = 0
    for _ in product(range(grid), range(grid), range(kernel[0]), range(kernel[1]), range(inputs)):
        total += outputs
    return total


def pair(kind, inputs, outputs, grid=3):
    return {"kernels": kind, "in": inputs, "middle": outputs, "out": outputs, "grid": grid}


# -- factorisation -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [FIVE, *RELATIVES], ids=str)
def test_counts_are_what_loops_count_and_cross_at_the_threshold(kind):
    inputs, outputs = 9 * kind.threshold.denominator, 9 * kind.threshold.numerator
    for out, compare in ((outputs - 1, int.__lt__), (outputs, int.__eq__), (outputs + 1, int.__gt__)):
        one = loop(3, kind.one, inputs, out)
        two = loop(3, kind.first, inputs, out) + loop(3, kind.second, out, out)
        case = pair(kind, inputs, out)
        assert (counted(case, ONE).macs, counted(case, TWO).macs) == (one, two)
        assert two / one == pytest.approx(kind.ratio(out / inputs))
        assert compare(two, one)


def test_thresholds_and_the_papers_savings():
    assert [kind.threshold for kind in (FIVE, *RELATIVES)] == [Fraction(16, 9), Fraction(5, 4), 2, 4, 6]
    savings = [1 - kind.ratio(1) for kind in (FIVE, *RELATIVES)]
    assert savings == pytest.approx([0.28, 1 / 9, 1 / 3, 0.6, 5 / 7])  # Rethinking, sections 3.1 and 3.2


def test_googlenets_nine_modules_are_read_from_the_network_and_lie_beyond_the_threshold():
    modules = googlenet_modules()
    assert {m["name"]: (m["grid"], m["in"], m["out"]) for m in modules} == TABLE_1
    assert all(Fraction(m["out"], m["in"]) > FIVE.threshold for m in modules)
    grown = [counted(case, TWO).params - counted(case, ONE).params for case in cases() if case["what"] == GOOGLENET]
    assert len(grown) == 9
    assert min(grown) > 0
    assert sum(grown) == sum(9 * n * (r + n) - 25 * r * n for _, r, n in TABLE_1.values()) == 284_928


def test_the_pair_keeps_its_middle_for_backward_and_moves_it_twice():
    case = {**pair(FIVE, 4, 6, grid=5), "batch": 3}
    counts = factorization._counts(case)
    pixels, middle, end = 3 * 25, 6, 6
    assert counts["one_kept_bytes"] == 4 * 25 * 4
    assert counts["two_kept_bytes"] == 4 * 25 * (4 + middle)
    weights = {ONE: 25 * 4 * 6, TWO: 9 * (4 * 6 + 6 * 6)}
    assert counts["one_moved_bytes"] == 4 * (pixels * (4 + end) + weights[ONE])
    assert counts["two_moved_bytes"] == 4 * (pixels * (4 + middle + middle + end) + weights[TWO])


def test_units_differ_in_batch_norm_only():
    case = pair(FIVE, 4, 6)
    alone, whole = (summary(_built(case, unit), 5, channels=4) for unit in UNITS)
    assert [row.op for row in alone.rows] == ["Conv2d"] * 2
    assert [row.op for row in whole.rows] == ["Conv2d", "BatchNorm"] * 2
    assert alone.macs == whole.macs


def _built(case, unit):
    from benchmarks.factorization_cases import build

    return build({**case, "unit": unit}, TWO)


def factorization_result(pytorch=True):
    """A result whose times are what multiply-adds and bytes would take at 100 G/s and 10 GB/s, backward twice that."""
    rows = []
    for case in cases(quick=True):
        for unit in UNITS:
            asked = {**case, "unit": unit}
            counts = factorization._counts(asked)
            pairs = {}
            for which in (ONE, TWO):
                time = case["batch"] * counts[f"{which}_macs"] / 1e11 + counts[f"{which}_moved_bytes"] / 1e10
                pairs[which] = Outcome(seconds={"forward": [1e3 * time] * 3, "both": [3e3 * time] * 3})
            rows.append({**asked, **counts, "library": factorization.OURS, **factorization._times(pairs)})
            gone = {which: Outcome("missing", "No module named 'torch'") for which in (ONE, TWO)}
            rows.append(
                {
                    **asked,
                    **counts,
                    "library": factorization.PYTORCH,
                    **factorization._times(pairs if pytorch else gone),
                }
            )
    return {"benchmark": "factorization", "rows": rows, "headline": {}}


def test_the_fit_finds_the_rates_that_made_the_times():
    rows = [row for row in factorization_result()["rows"] if row["unit"] == ALONE]
    found = factorization.fit(rows)
    assert found.gmacs == pytest.approx(0.1, rel=0.02)  # the times were made a thousand times longer, not to be rounded
    assert found.gbytes == pytest.approx(0.01, rel=0.02)
    assert found.error < 0.01


@pytest.mark.parametrize("pytorch", [True, False])
def test_factorizations_tables_text_and_figure(pytorch):
    result = factorization_result(pytorch)
    shown = factorization.tables(result)
    sweep = factorization.lines(result, SWEEP)
    assert [row["macs_ratio"] for row in sweep] == pytest.approx([FIVE.ratio(row["out"] / row["in"]) for row in sweep])
    assert all((row["peer"] == "missing") != pytorch for row in sweep)
    assert len(factorization.lines(result, KINDS)) == 1 + len(RELATIVES)
    assert shown[0].rows[0]["threshold"] == "16/9"
    assert "16/9" in factorization.text(result)
    threshold, _ = factorization.figure(result).axes
    labels = [text.get_text() for text in threshold.get_legend().get_texts()]
    assert any("PyTorch" in label for label in labels) == pytorch
    curve = next(line for line in threshold.lines if line.get_label() == "multiply-adds, counted")
    crossing = np.interp(1, curve.get_ydata(), curve.get_xdata())
    assert crossing == pytest.approx(16 / 9, rel=1e-3)


# -- convolution -------------------------------------------------------------------------------------------------


def test_convolutions_cover_what_was_asked():
    every = convolution.cases()
    for name, wanted in (
        ("kernel", [[1, 1], [3, 3], [5, 5], [7, 7], [1, 7], [7, 1]]),
        ("size", [8, 16, 32, 64]),
        ("stride", [1, 2]),
        ("in", [3, 256]),
    ):
        assert all(value in [case[name] for case in every] for value in wanted)
    targets = [case for case in every if case["target"]]
    assert all(case["stride"] == 1 and min(case["in"], case["out"]) >= 48 for case in targets)
    assert all(64 <= case["batch"] <= 128 for case in targets if max(case["kernel"]) <= 5)


def test_multiply_adds_and_intensity_of_a_convolution():
    case = {"kernel": [3, 3], "stride": 2, "size": 5, "batch": 2, "in": 4, "out": 6}
    x, w, y = convolution_sides.shapes(case)
    assert (x, w, y) == ((2, 5, 5, 4), (3, 3, 4, 6), (2, 3, 3, 6))
    macs = 2 * 3 * 3 * 6 * 3 * 3 * 4
    assert convolution_sides.macs(case) == macs
    moved = 4 * (200 + 216 + 108)  # each of the three products reads two of the arrays and writes the third
    assert convolution.intensity(case) == pytest.approx(2 * macs / moved)


def test_the_share_of_multiply_adds_inside_the_image():
    for kernel, size, stride in ((3, 4, 1), (5, 8, 1), (7, 5, 2), (1, 4, 2)):
        case = {"kernel": [kernel, 1], "stride": stride, "size": size, "batch": 1, "in": 1, "out": 1}
        places = [
            start + tap
            for start in range(-(kernel // 2), size + kernel // 2 - kernel + 1, stride)
            for tap in range(kernel)
        ]
        assert convolution.inside(case) == pytest.approx(np.mean([0 <= place < size for place in places]))


def test_sides_compute_one_convolution_and_the_check_sees_a_wrong_gradient():
    case = {"kernel": [3, 3], "stride": 2, "size": 6, "batch": 2, "in": 4, "out": 5}
    ours, textbook = (make(case)["check"]() for make in (convolution_sides.ours, convolution_sides.im2col))
    assert np.ptp([*ours, *textbook]) < convolution.TOLERANCE
    x, w, grad = convolution_sides._arrays(case)
    y = np.ones_like(grad)
    right = convolution_sides._agreement(x, w, grad, y, x, w)
    wrong = convolution_sides._agreement(x, w, grad, y, 1.01 * x, w)
    assert abs(wrong[1] - right[1]) > convolution.TOLERANCE


def convolution_result(pytorch=True):
    """Ours takes a second for each product, PyTorch two, the others three; sgemm does one GFLOP in a second."""
    rows = [
        {"what": "sgemm", "side": name, "shape": "1x1x1", "status": "measured", "reason": "", "gflops": 1.0}
        for name in convolution.LIBRARIES
    ] + [{"what": "bandwidth", "gbytes": 0.5}]
    size = (1000, 1000, 500)
    for case in convolution.cases(quick=True):
        seconds = {convolution.OURS: 1.0, convolution.CONTIGUOUS: 2.0}
        outcomes = {
            name: Outcome(seconds={key: [seconds.get(name, 3.0)] for key in convolution_sides.PASSES})
            for name in convolution.WAYS
        }
        outcomes |= {"numpy": Outcome(seconds={"sgemm": [1.0]}), "pytorch": Outcome(seconds={"sgemm": [2.0]})}
        if not pytorch:
            gone = Outcome("missing", "No module named 'torch'")
            outcomes |= dict.fromkeys((*convolution.PYTORCH, "pytorch"), gone)
        rows += convolution._rows(case, outcomes, dict.fromkeys(convolution.LIBRARIES, size))
    return {"benchmark": "convolution", "rows": rows, "headline": convolution.headline(rows)}


def test_shares_are_of_the_faster_sgemm_and_the_headline_is_the_least_target():
    result = convolution_result()
    flops = {kernel: 2 * 3 * 8 * 16 * 16 * 48 * 48 * area for kernel, area in (("1x1", 1), ("3x3", 9))}
    assert result["headline"] == pytest.approx(
        {f"convolution.share_of_sgemm.{kernel}": count / 1e9 for kernel, count in flops.items()}, abs=1e-4
    )
    lower = [
        {**row, "together_share": 0.001}
        for row in result["rows"]
        if row.get("stride") == 2 or row.get("side") == convolution.IM2COL
    ]
    assert convolution.headline([*result["rows"], *lower]) == result["headline"]
    less = {**result["rows"][3], "side": convolution.OURS, "kernel": "3x3", "target": True, "together_share": 0.001}
    assert convolution.headline([*result["rows"], less])["convolution.share_of_sgemm.3x3"] == 0.001


@pytest.mark.parametrize("pytorch", [True, False])
def test_convolutions_tables_text_and_figure(pytorch):
    result = convolution_result(pytorch)
    _, by_kernel, targets, others = convolution.tables(result)
    assert ("missing" in by_kernel.caption) != pytorch
    assert all(row.get("ratio") == (2.0 if pytorch else None) for row in [*targets.rows, *others.rows])
    assert "3x3" in convolution.text(result)
    assert len(convolution.figure(result).axes) == 2


# -- scaling -----------------------------------------------------------------------------------------------------


def test_power_law():
    x = np.array([1, 2, 5, 9])
    exact = scaling.power_law(x, 3 * x**1.7)
    assert (exact.exponent, exact.factor) == pytest.approx((1.7, 3))
    assert exact.residual < 1e-9
    off = scaling.power_law([1, 1, 2, 2], [0.9, 1 / 0.9, 4 * 0.9, 4 / 0.9])  # ten per cent about a parabola
    assert off.exponent == pytest.approx(2)
    assert off.residual == pytest.approx(-np.log(0.9))
    with pytest.raises(ValueError, match="two points"):
        scaling.power_law([1], [1])


def test_a_wider_network_has_all_channels_multiplied():
    with nn.shape_only():
        plain, wide = (widen(models.build("inception_cifar"), width) for width in (1, 2))
    one, two = (dict(network.named_parameters()) for network in (plain, wide))
    assert list(one) == list(two)
    for name, parameter in one.items():
        fixed = {3, 10} if "conv1.conv" in name or "fc" in name else set()
        assert two[name].shape == tuple(
            n if n in fixed or (parameter.ndim == 4 and i < 2) else 2 * n for i, n in enumerate(parameter.shape)
        )
    assert summary(wide, 32, training=True).memory.training < 2 * summary(plain, 32, training=True).memory.training
    with nn.shape_only(), pytest.raises(ValueError, match=r"16 channels times 0\.3"):
        widen(models.build("inception_cifar"), 0.3)


def test_a_wider_layer_is_otherwise_the_same():
    norm = partial(nn.BatchNorm2d, eps=0.5, momentum=0.25, gamma=False)
    made = {"kernel_size": (1, 3), "stride": 2, "padding": "valid", "norm": norm, "relu": False, "bias": True}
    wide = widen(nn.ConvUnit(3, 8, **made), 2)
    assert [module.describe() for module in wide.modules()] == [
        module.describe() for module in nn.ConvUnit(3, 16, **made).modules()
    ]
    assert (wide.norm.eps, wide.norm.momentum, wide.norm.gamma, wide.norm.relu) == (0.5, 0.25, None, False)
    assert wide.conv.bias.shape == wide.norm.beta.shape == (16,)


def test_counts_of_a_step_grow_with_the_batch():
    case = {"network": scaling.NETWORK, **scaling.QUICK_BASE}
    one, two = scaling.counted(case), scaling.counted({**case, "batch": 2 * case["batch"]})
    assert {key: two[key] / one[key] for key in one} == {"macs": 2, "kept_mib": 2}


def test_scalings_fits_tables_text_and_figure():
    rows = [
        {
            "what": "step",
            "along": along,
            "value": value,
            "network": scaling.NETWORK,
            **scaling.BASE,
            along: value,
            "threads": n,
            "seconds": value**2 / n,
            "p25": 0.0,
            "p75": 0.0,
            "above_mib": 7 * value,
            "peak_mib": 1.0,
            "macs": value**3,
            "kept_mib": 5 * value,
        }
        for along, values in scaling.STEPS.items()
        for value in values
        for n in (1, 2)
    ]
    fits = scaling.fits(rows)
    result = {"benchmark": "scaling", "rows": [*rows, *fits], "headline": {}}
    assert len(fits) == 3 * 2 * 2
    for fit in fits:
        exponents = (2, 3) if fit["quantity"] == "seconds" else (1, 1)
        assert (fit["exponent"], fit["counted"]) == pytest.approx(exponents)
    steps, exponents = scaling.tables(result)
    assert len(steps.rows) == sum(map(len, scaling.STEPS.values()))
    assert all(row["speedup"] == 2 for row in steps.rows)
    assert len(exponents.rows) == len(fits)
    assert "to the power of 2.00" in scaling.text(result)
    assert len(scaling.figure(result).axes) == 6


# -- start-up ----------------------------------------------------------------------------------------------------


def test_compilation_counts_what_a_kernel_calls_for_the_called(monkeypatch):
    import numba
    from numba.core import event

    ticks = count(1)  # a clock that is read once when a compilation begins and once when it ends
    monkeypatch.setattr(startup, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    before = set(event._registered["numba:compile"])
    compiled = startup._watch_compiler()
    try:

        @numba.njit
        def inner(x):
            return x + 1

        @numba.njit
        def outer(x):
            return inner(x) * 2

        assert (outer(3), outer(3.0)) == (8, 8.0)
    finally:
        for listener in set(event._registered["numba:compile"]) - before:
            event.unregister("numba:compile", listener)
    # outer begins at 1, inner at 2, inner ends at 3, outer at 4: three ticks, of which one is inner's
    name = f"{__name__.rpartition('.')[2]}."
    assert compiled == {f"{name}inner": [1, 1], f"{name}outer": [2, 2]}


def test_startups_headline_tables_text_and_figure():
    def run(state, number, seconds):
        return {
            "what": state,
            "run": number,
            **startup.CASE,
            **dict.fromkeys(startup.PHASES, seconds),
            startup.COMPILING: 0.0,
            startup.SECOND: 0.1,
            "total": 6 * seconds,
        }

    rows = [{"what": startup.IMPORT, "run": n, startup.PYTHON: 0.01, "total": t} for n, t in enumerate((0.1, 0.2, 0.9))]
    rows += [run(startup.COLD, n, t) for n, t in enumerate((2.0, 3.0, 9.0))]
    rows += [run(startup.WARM, n, t) for n, t in enumerate((0.2, 0.3, 0.9))]
    kernels = startup._kernels([{"conv.a": [1.0, 2.0], "pool.b": [0.5]}, {"conv.a": [1.0, 4.0], "pool.b": [0.7]}])
    assert [(row["kernel"], row["compilations"], row["seconds"]) for row in kernels] == [
        ("conv.a", 2, 4.0),
        ("pool.b", 1, 0.6),
    ]
    heads = startup.headline(rows)
    assert heads == pytest.approx({"startup.import_s": 0.2, "startup.cold_s": 18, "startup.warm_s": 1.8})
    result = {"benchmark": "startup", "rows": [*rows, *kernels], "headline": heads}
    totals, phases, by_kernel = startup.tables(result)
    assert [row["median"] for row in totals.rows] == pytest.approx([0.2, 18, 1.8])
    assert [row[startup.COLD] for row in phases.rows] == [*[3.0] * len(startup.PHASES), 0.0, 0.1]
    assert len(by_kernel.rows) == 2
    assert "18.0 s" in startup.text(result)
    assert len(startup.figure(result).axes) == 3
