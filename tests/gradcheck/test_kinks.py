"""Kinks and jumps: neither passed nor failed, and nothing smooth is taken for one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyinception import ops
from tinyinception.gradcheck import check
from tinyinception.tensor import Tensor, apply

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize("method", ["elementwise", "direction"])
def test_kinks_neither_pass_nor_fail(method):
    """At 0 the ReLU's gradient may be anything; nothing can be checked, and that is not ok."""
    report = check(ops.ReLU(), np.zeros(3), method=method)
    assert report.entries[0].kink.all()
    assert report.entries[0].verdict == "UNCHECKED"
    assert not report.ok


def test_kinks_are_listed():
    report = check(ops.ReLU(), np.array([[1.0, 0.0], [-1.0, 2.0]]))
    assert report.ok
    assert report.kinks == [("a", (0, 1))]
    assert " 3 " in repr(report)


def test_ties_in_a_max_pool_are_kinks():
    x = np.random.default_rng(0).standard_normal((1, 4, 4, 1))
    x[0, :2, :2, 0] = [[7.0, 7.0], [7.0, 1.0]]
    report = check(ops.MaxPool2d(2), x)
    assert report.kinks == [("x", (0, 0, 0, 0)), ("x", (0, 0, 1, 0)), ("x", (0, 1, 0, 0))]
    assert report.ok


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.floats(-3, 3), st.integers(-10, -3), st.booleans())
def test_kink_wherever_it_lies(where, exponent, wrong):
    """At any distance from a kink the true gradient never fails, and one that is wrong on this side never passes."""
    x = np.array([where * 10.0**exponent])

    class Leaky(ops.ReLU):
        def backward(self, grad):
            return (grad * np.where(self.saved > 0, 1.0, 0.5),)

    entry = check(Leaky() if wrong and x[0] < 0 else ops.ReLU(), x).entries[0]
    assert entry.verdict == ("WRONG" if wrong and x[0] < -1e-7 else entry.verdict)
    assert entry.verdict != "WRONG" or (wrong and x[0] < 0)
    assert entry.verdict == "ok" or abs(x[0]) < 1e-7 or wrong


@pytest.mark.parametrize("exponent", [2, 3, 4, 5])
def test_vanishing_derivative_is_no_kink(exponent):
    assert check(ops.Power(exponent), np.zeros(4)).kinks == []
    assert check(ops.Power(exponent), np.zeros(4)).ok


@pytest.mark.parametrize("x", [1e-3, 1e-4, 2e-5])
def test_steep_function_is_no_kink(x):
    """log(x) near 0, where a step of 1e-4 would even leave its domain."""
    assert check(ops.Log(), np.array([x])).kinks == []
    assert check(ops.Log(), np.array([x])).ok


def test_jump_is_a_kink():
    def step(x):
        return Tensor((x.numpy() > 1).astype(np.float64)) + x * 0

    assert check(step, np.array([1.0, 2.0, 3.0])).kinks == [("x", (0,))]


def test_derivative_of_a_sum_that_cancels_is_zero_and_no_kink():
    """Softmax sums to 1: differences see only rounding, and more of it than a value near 0 suggests."""
    x = np.random.default_rng(0).standard_normal((5, 3))
    report = check(lambda x: (apply(ops.LogSoftmax(), x).exp() - 1 / 3).sum(), x)
    assert report.ok
    assert report.kinks == []
