"""Who checks the checker: every operation's backward is broken in every way we know, and gradcheck has to see it.

A mutation may leave a particular call intact: a mean over one element is its sum. `Wreck.damage` says so, and whatever
is damaged must be caught; each mutation has to do damage in at least MEANT cases, so that none is there for show.
"""

import copy

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.mutants import GENERAL, SPECIFIC, Wreck
from tests.helpers.strategies import CASES, operations
from tinyinception import ops
from tinyinception.gradcheck import check
from tinyinception.tensor import apply

pytestmark = pytest.mark.usefixtures("one_thread")

MEANT = 3
SERIOUS = 1e-3  # relative to the gradient; 1 % of everything is ten times this
steady = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


def test_every_exported_operation_has_its_own_mutants():
    assert set(SPECIFIC) == set(operations())


def _caught(name, mutation, method, examples):
    """Checks a broken operation on generated cases; returns in how many it was really broken."""
    damaged = []

    @settings(steady, max_examples=examples)
    @given(CASES[name], st.integers(0, 10**6))
    def caught(case, seed):
        wreck = Wreck(case.op, mutation)
        report = check(wreck.op, *case.inputs, method=method, directions=1, seed=seed)
        if wreck.damage > SERIOUS:
            damaged.append(case)
            assert not report.ok, f"damage {wreck.damage:.1e} went unnoticed in {case}\n{report}"

    caught()
    return len(damaged)


@pytest.mark.parametrize("method", ["elementwise", "direction"])
@pytest.mark.parametrize("mutation", GENERAL, ids=lambda m: m.__name__)
@pytest.mark.parametrize("name", sorted(CASES))
def test_general_mutants_are_caught(name, mutation, method):
    assert _caught(name, mutation, method, 8) >= MEANT


@pytest.mark.parametrize(("name", "mutation"), [(name, m) for name in sorted(SPECIFIC) for m in SPECIFIC[name]])
def test_mutants_of_one_operation_are_caught(name, mutation):
    assert _caught(name, mutation, "direction", 60) >= MEANT


def test_what_sums_to_a_constant_fools_a_cotangent_of_ones():
    """The classic: <1, batch_norm(x)> is constant, so zeros look right. A random cotangent is not fooled."""
    x = np.random.default_rng(0).standard_normal((6, 3))
    nothing = Wreck(ops.BatchNorm(1e-3), lambda call: call.but(0, np.zeros(()))).op
    softmax_term = Wreck(ops.LogSoftmax(), lambda call: [call.grad * 0]).op
    assert check(lambda x: _again(nothing, x).sum(), x).ok
    assert check(lambda x: _again(softmax_term, x).exp().sum(), x).ok
    assert not check(nothing, x).ok
    assert not check(softmax_term, x).ok
    assert not check(lambda x: _again(softmax_term, x).exp(), x).ok


def _again(op, x):
    return apply(copy.deepcopy(op), x)
