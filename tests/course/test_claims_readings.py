"""The readings' claims: all are there, verdicts follow what is printed and what is stored, figures again by hand.

That every computed verdict is the stated one is in test_claims.py.
"""

import math

import numpy as np
import pytest

from tinyinception.course import claims as room

CLAIMS = {claim.id: claim for claim in room.read()}


def finding(name):
    """What the function of a claim finds now."""
    module, _, function = CLAIMS[name].function.partition(".")
    return getattr(room.beside(module), function)()


def test_every_row_is_there_and_in_order():
    assert [name for name in CLAIMS if name.isdigit()] == [str(i) for i in range(1, 40)]


@pytest.mark.parametrize(
    ("name", "figure", "value", "verdict"),
    [
        ("1", "V3_TABLE_3", {"Inception-v2": (23.4, 6.67, 3.8), "BN-auxiliary": (21.2, 5.6, 4.8)}, "true"),
        ("3", "GOOGLENET_AUX_AT", ("3a", "4d"), "true"),
        ("6", "READING_KERNEL_COSTS", {"5x5": 26, "two 3x3": 18}, "false"),
        ("10", "GOOGLENET_TABLE_1", {"conv1": (9.2, 118)}, "false"),
        ("10", "GOOGLENET_TABLE_1", {"conv1": (5.0, 118)}, "true"),
        ("11", "GOOGLENET_TABLE_3", ((1, 1, 1, 10.07), (7, 144, 1008, 6.47)), "true"),
        ("15", "AUXILIARY_AGAINST_VANISHING", {"one": False, "other": False}, "false"),
        ("15", "AUXILIARY_AGAINST_VANISHING", {"one": True, "other": True}, "true"),
        ("16", "GOOGLENET_PARAMS", 7e6, "true"),
        ("16", "GOOGLENET_PARAMS", 6e6, "true"),
        ("17", "BN_L2_FACTOR", math.inf, "true"),
        ("18", "READING_VALIDATION_TOP5", 4.9, "true"),
        (
            "22",
            "V3_TABLE_3",
            {
                "Inception-v2": (23.4, None, 3.8),
                "RMSProp": (23.1, 6.3, 3.8),
                "Label Smoothing": (22.8, 6.1, 3.8),
                "Factorized 7x7": (22.8, 6.1, 4.8),
                "BN-auxiliary": (22.4, 5.9, 4.8),
            },
            "false",
        ),
        ("23", "V2_TABLE_1_MODULES", ((5, 3, 35, 288), (6, 5, 17, 770), (7, 2, 8, 1280)), "false"),
        ("26", "EXAMPLE_Q", (0.02, 0.02, 0.02, 0.92, 0.02), "true"),
        ("30", "V2_TABLE_1_MODULES", ((5, 3, 35, 288), (6, 5, 17, 288), (7, 2, 8, 768)), "true"),
        ("34", "V3_LR", 1e-6, "true"),
        ("36", "V3_ENSEMBLE_TOP5", {"validation": 3.58}, "true"),
        ("38", "LABEL_SMOOTHING_GAIN", 0.3, "false"),
    ],
)
def test_verdicts_follow_what_is_printed(monkeypatch, name, figure, value, verdict):
    """Had the papers printed something else, the verdict would be another: it is computed, not stored."""
    monkeypatch.setattr(room.beside("printed"), figure, value)
    assert finding(name).verdict == verdict


@pytest.mark.parametrize(
    ("faster", "gains", "verdict"),
    [
        (False, (0.0, 0.1, -0.1), "false"),  # nothing seen: as reported
        (False, (0.1, 0.11, 0.12), "unclear"),  # the report says no, the measurement yes
        (True, (0.1, 0.11, 0.12), "true"),
        (True, (-0.1, -0.11, -0.12), "unclear"),
        (True, (0.1, 0.0, -0.1), "true"),
    ],
)
def test_auxiliary_verdict_weighs_report_and_measurement(monkeypatch, faster, gains, verdict):
    run = {"without": [[0.5] * 4] * 3, "with": [[0.5 + gain] * 4 for gain in gains]}
    monkeypatch.setattr(
        room.beside("measured"),
        "stored",
        lambda name, quiet: {"steps": [10, 20, 30, 40], "batch-norm": run, "no batch-norm": run},
    )
    monkeypatch.setitem(room.beside("printed").V3_AUXILIARY, "faster early", faster)
    assert finding("4").verdict == verdict


def test_what_factorised_kernels_reach_by_counting():
    """Weights of both, less the one scale that can be moved from one to the other."""
    figures = finding("21").figures
    assert figures["two_3x3"] == [9 + 9 - 1, 25]
    assert figures["pair_1x3_3x1"] == [3 + 3 - 1, 9]


def test_stacked_is_what_two_convolutions_do():
    from tinyinception.kernels.reference import conv2d

    kernels, rng = room.beside("readings_kernels"), np.random.default_rng(1)
    x, a, b = rng.standard_normal((1, 12, 12, 1)), rng.standard_normal((3, 3)), rng.standard_normal((1, 3))

    def run(x, kernel):
        return conv2d(x, kernel[:, :, None, None], None, (1, 1), (0, 0, 0, 0), 1)

    np.testing.assert_allclose(run(run(x, a), b), run(x, kernels.stacked(a, b)), atol=1e-12)


def test_descent_with_smoothing_ends_at_the_smoothed_labels():
    figures = finding("28").figures
    assert figures["slope_at_99"] == pytest.approx(0.99 - 0.92)
    assert figures["ends_at"] == pytest.approx(0.92, abs=1e-4)
    assert figures["least_loss"] == pytest.approx(-0.92 * math.log(0.92) - 4 * 0.02 * math.log(0.02), abs=1e-6)


def test_clipped_weights_go_as_far_as_steps_times_rate_times_limit():
    assert finding("34").figures["weight_norm"] == pytest.approx(1000 * 0.045 * 2.0, rel=1e-6)


def test_sizes_of_googlenet_by_hand():
    figures = finding("16").figures
    assert figures["params"] - figures["convolutions"] == 1024 * 1000 + 1000
    assert figures["in_training"] - figures["params"] == sum(
        (n * 128 + 128) + (2048 * 1024 + 1024) + (1024 * 1000 + 1000) for n in (512, 528)
    )


@pytest.mark.parametrize(("p_right", "verdict"), [(0.8, "false"), (0.95, "unclear")])
def test_smoothing_is_judged_by_descent_and_by_the_measurement(monkeypatch, p_right, verdict):
    run = {"p_right": 0.9, "p_right_above_99": 0.5, "gap": 10.0}
    monkeypatch.setattr(
        room.beside("readings_losses"),
        "stored",
        lambda name, quiet: {"without": [run], "with": [{**run, "p_right": p_right}]},
    )
    assert finding("28").verdict == verdict
