"""Functions that only kernels call: compiled as a part of each, kept nowhere, and plain Python from outside."""

import numba
import numpy as np
import pytest

from tinyinception.kernels.jit import inner, kernel
from tinyinception.kernels.team import deal


@inner()
def squared(x):
    return x * x


@inner(relax=())
def _cube(unit, x, y):
    y[unit] = squared(x[unit]) * x[unit]


@pytest.fixture
def cubes(tmp_path, monkeypatch):
    """A new kernel of both, kept in `tmp_path`."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))

    @kernel(parallel=False)
    def cubes(x, y, workers):
        deal(_cube, x.size, workers, (x, y))

    return cubes


def test_a_kernel_computes_what_the_functions_in_it_say_which_are_plain_python_outside_of_it(cubes, tmp_path):
    for dtype in (np.float32, np.int64):
        x, y, z = np.arange(9).astype(dtype), np.zeros(9, dtype), np.zeros(9, dtype)
        cubes(x, y, 1)
        for unit in range(9):
            _cube(unit, x, z)
        np.testing.assert_array_equal(y, np.arange(9) ** 3)
        np.testing.assert_array_equal(z, y)
    assert squared(3) == 9
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) == 2
    assert all("cubes" in path.name for path in kept)


def test_a_function_that_is_called_by_two_kernels_is_in_both():
    @kernel(parallel=False)
    def once(x):
        return squared(x)

    @kernel(parallel=False)
    def twice(x):
        return squared(squared(x))

    assert (once(3), twice(3)) == (9, 81)
