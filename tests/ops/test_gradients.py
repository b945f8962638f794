"""The gradient of every operation, over generated shapes, strides, paddings, channel counts, groups and options."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.helpers.strategies import CASES, operations
from tinyinception.gradcheck import check

pytestmark = pytest.mark.usefixtures("one_thread")

steady = settings(
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def test_every_exported_operation_has_cases():
    assert set(CASES) == set(operations())


@pytest.mark.parametrize("name", sorted(CASES))
def test_gradient_along_random_directions(name):
    @settings(steady, max_examples=200)
    @given(CASES[name], st.integers(0, 10**6))
    def agrees(case, seed):
        report = check(case.op, *case.inputs, method="direction", directions=1, seed=seed)
        assert report.worst.worst_error <= 1e-6, report
        assert report.ok, report

    agrees()


@pytest.mark.parametrize("name", sorted(CASES))
def test_gradient_of_every_element(name):
    @settings(steady, max_examples=8)
    @given(CASES[name], st.integers(0, 10**6))
    def agrees(case, seed):
        report = check(case.op, *case.inputs, method="elementwise", seed=seed)
        assert report.worst.worst_error <= 1e-6, report
        assert report.ok, report

    agrees()


@pytest.mark.parametrize("name", sorted(n for n in CASES if n not in ("ReLU", "Max", "MaxPool2d")))
def test_gradient_by_complex_step(name):
    """The same gradients, to nearly the last digit; batch-norm only without its ReLU, which is not analytic."""

    @settings(steady, max_examples=40)
    @given(CASES[name].filter(lambda case: case.op.analytic), st.integers(0, 10**6))
    def agrees(case, seed):
        report = check(case.op, *case.inputs, method="complex", seed=seed)
        assert report.worst.worst_error <= 1e-12, report

    agrees()
