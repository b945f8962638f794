"""Fixtures that several test files share."""

import numba
import pytest


@pytest.fixture(scope="module")
def one_thread():
    """Kernels on one thread: on arrays of a few numbers, waking a second one costs fifty times the work itself."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)
