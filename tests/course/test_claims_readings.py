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
    assert [name for name in CLAIMS if name.isdigit()] == [str(i) for i in range(1, 65)]


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
