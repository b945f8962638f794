"""Learning-rate schedules against PyTorch's, and their bounds, continuity and ends."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.places import FIXTURES
from tinyinception.errors import ArgumentError
from tinyinception.optim import Constant, Cosine, ExponentialStaircase, Triangular

STORED = dict(np.load(FIXTURES / "optim.npz"))

LIKE_PYTORCH = {
    "staircase": ExponentialStaircase(0.3, 0.94, every=3),
    "cosine": Cosine(0.3, 20, final=0.01),
    "cosine_warmup": Cosine(0.3, 20, warmup=5),
    "triangular": Triangular(0.3, 20, peak=6),
}


@pytest.mark.parametrize("case", LIKE_PYTORCH)
def test_rates_are_pytorch_s(case):
    stored = STORED[f"schedule/{case}"]
    rates = [LIKE_PYTORCH[case](step) for step in range(len(stored))]
    np.testing.assert_allclose(rates, stored, rtol=1e-12, atol=1e-15)


def test_inception_v3_after_100_epochs():
    # 0.045 x 0.94^50, at 1000 steps per epoch
    assert ExponentialStaircase(0.045, 0.94, every=2 * 1000)(100 * 1000) == pytest.approx(0.00204, abs=5e-6)


bases = st.floats(1e-6, 1e3)


@st.composite
def lengths(draw):
    steps = draw(st.integers(1, 500))
    return steps, draw(st.integers(0, steps - 1))


@settings(deadline=None)
@given(base=bases, length=lengths(), share=st.floats(0, 1))
def test_cosine_bounds_ends_and_continuity(base, length, share):
    steps, warmup = length
    final = share * base
    rates = np.array([Cosine(base, steps, warmup, final)(step) for step in range(steps + 3)])
    assert rates[warmup] == pytest.approx(base, rel=1e-15)
    assert np.all(rates[steps:] == final)
    assert np.all(rates[:warmup] > 0)
    assert np.all(rates <= base * (1 + 1e-15))
    assert np.all(rates[warmup:] >= final)
    changes = np.diff(rates)
    slack = base * 1e-14
    np.testing.assert_allclose(changes[:warmup], base / (warmup + 1), rtol=1e-9)
    assert np.all(changes[warmup:] <= slack)
    assert np.all(changes[warmup:] >= -(base - final) * math.pi / (2 * (steps - warmup)) - slack)


@settings(deadline=None)
@given(base=bases, length=lengths())
def test_triangular_is_two_straight_lines(base, length):
    steps, peak = length
    rates = [Triangular(base, steps, peak)(step) for step in range(steps + 3)]
    assert rates[peak] == base == max(rates)
    assert min(rates[:steps]) > 0
    assert rates[steps:] == [0.0] * 3
    np.testing.assert_allclose(rates[:steps], np.interp(range(steps), [-1, peak, steps], [0, base, 0]), rtol=1e-9)


@settings(deadline=None)
@given(base=bases, rate=st.floats(0.5, 1), every=st.integers(1, 50), step=st.integers(0, 1000))
def test_staircase_falls_only_at_its_stairs(base, rate, every, step):
    schedule = ExponentialStaircase(base, rate, every)
    falls = schedule(step + 1) / schedule(step)
    assert falls == (pytest.approx(rate, rel=1e-12) if (step + 1) % every == 0 else 1.0)
    assert 0 < schedule(step) <= base


@settings(deadline=None)
@given(step=st.integers(0, 10**9))
def test_every_schedule_returns_a_python_float_and_takes_numpy_steps(step):
    schedules = [*LIKE_PYTORCH.values(), Constant(np.float32(0.1))]
    assert all(type(schedule(step)) is float and schedule(step) == schedule(np.int64(step)) for schedule in schedules)
    assert Constant(0.25)(step) == 0.25


def test_repr_says_the_whole_schedule():
    assert repr(Cosine(0.1, 100, warmup=5)) == "Cosine(base=0.1, steps=100, warmup=5, final=0.0)"
    assert eval(repr(LIKE_PYTORCH["triangular"])) == LIKE_PYTORCH["triangular"]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant(-1.0), "Constant: base"),
        (lambda: Constant(math.nan), "Constant: base"),
        (lambda: ExponentialStaircase(0.0, 0.9, 1), "ExponentialStaircase: base"),
        (lambda: ExponentialStaircase(0.1, 1.1, 1), r"rate must be a number in \(0, 1\], got 1.1"),
        (lambda: ExponentialStaircase(0.1, 0.9, 0), "every must be a whole number of at least 1"),
        (lambda: ExponentialStaircase(0.1, 0.9, 2.5), "every must be a whole number of at least 1"),
        (lambda: Cosine(math.inf, 10), "Cosine: base"),
        (lambda: Cosine(0.1, 0), "Cosine: steps"),
        (lambda: Cosine(0.1, 10, warmup=10), r"warmup must be a whole number in \[0, 10\), got 10"),
        (lambda: Cosine(0.1, 10, final=0.2), r"final must be a number in \[0, 0.1\], got 0.2"),
        (lambda: Triangular(-0.1, 10, 2), "Triangular: base"),
        (lambda: Triangular(0.1, 0, 0), "Triangular: steps"),
        (lambda: Triangular(0.1, 10, 10), "Triangular: peak"),
        (lambda: Cosine(0.1, 10)(-1), "step must be a whole number of at least 0"),
        (lambda: Triangular(0.1, 10, 2)(0.5), "step must be a whole number of at least 0"),
        (lambda: ExponentialStaircase(0.1, 0.9, 1)(-1), "step must be a whole number of at least 0"),
        (lambda: Constant(0.1)(-1), "step must be a whole number of at least 0"),
    ],
)
def test_arguments_out_of_range_are_named(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()
