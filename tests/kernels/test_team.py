"""Work dealt to threads: each unit once, by one thread as by several, and no failure unheard."""

import numba
import numpy as np
import pytest

from tinyinception.kernels import team
from tinyinception.kernels.jit import kernel
from tinyinception.kernels.team import SHARES, SPACING, deal, take
from tinyinception.kernels.types import Windows
from tinyinception.kernels.vectors import address


@kernel(parallel=False)
def _count(unit, calls, factor, pair):
    calls[unit] += factor * pair[0] + pair[1].shape[0]


@kernel(parallel=False)
def count(calls, factor, pair, units, workers):
    deal(_count, units, workers, (calls, factor, pair))


@kernel(parallel=False)
def order(turns, units, workers, taken, found):
    for i, me in enumerate(turns):
        found[i] = take(address(taken), units, workers, me)


@kernel(parallel=False)
def _fail(unit, calls, which):
    if unit == which:
        raise MemoryError
    calls[unit] += 1


@kernel(parallel=False)
def fail(calls, which, workers):
    deal(_fail, calls.size, workers, (calls, which))


@kernel(parallel=False)
def _of_windows(unit, windows, found):
    found[unit] = windows.x[0, 0, 0, unit] * windows.channels + windows.grid[1] * windows.taps[0, 1]


@kernel(parallel=False)
def of_windows(windows, found, workers):
    deal(_of_windows, found.size, workers, (windows, found))


THREADS = sorted({1, min(2, numba.config.NUMBA_NUM_THREADS)})


@pytest.mark.parametrize("workers", THREADS)
@pytest.mark.parametrize("units", [0, 1, 2, 7, 1000])
def test_each_unit_is_done_once(units, workers):
    calls = np.zeros(1001, np.int64)
    for _ in range(20):
        count(calls, 2, (3, np.zeros(5)), units, workers)
    np.testing.assert_array_equal(calls, [20 * 11] * units + [0] * (1001 - units))


@pytest.mark.parametrize("workers", [1, 2, 3, SHARES, 2 * SHARES + 1])
@pytest.mark.parametrize("units", [0, 1, 5, 64, 1000])
def test_workers_take_their_own_share_in_order_then_those_of_others(units, workers):
    turns = np.random.default_rng(units).integers(workers, size=units + workers)
    taken, found = np.zeros(SHARES * SPACING, np.int64), np.zeros(turns.size, np.int64)
    order(turns, units, workers, taken, found)
    shares = min(workers, SHARES)
    left = [list(range(units * i // shares, units * (i + 1) // shares)) for i in range(shares)]
    for me, unit in zip(turns, found, strict=True):
        mine = next((left[i % shares] for i in range(me, me + shares) if left[i % shares]), [units])
        assert unit == mine[0]
        if unit < units:
            mine.pop(0)
    assert not any(left)


@pytest.mark.parametrize("workers", THREADS)
def test_a_body_that_fails_is_heard_of(workers):
    calls = np.zeros(9, np.int64)
    with pytest.raises(MemoryError, match="a kernel had not enough memory"):
        fail(calls, 4, workers)
    assert (np.delete(calls, 4) == 1).all()
    fail(calls, -1, workers)


@pytest.mark.parametrize("workers", THREADS)
def test_arguments_pass_as_they_are_named_tuples_too(workers):
    x, taps = np.arange(6, dtype=np.float32).reshape(1, 1, 1, 6), np.array([[1, 2, 3]])
    found = np.zeros(6, np.float32)
    of_windows(Windows(x, 0, 10, taps, (4, 5), (1, 1)), found, workers)
    np.testing.assert_array_equal(found, 10 * np.arange(6) + 5 * 2)


def test_little_work_wakes_nobody():
    before = numba.get_num_threads()
    try:
        for threads in THREADS:
            numba.set_num_threads(threads)
            assert team.workers(team.LEAST - 1) == 1
            assert team.workers(team.LEAST) == threads
            assert team.workers(team.LEAST, 2 * team.LEAST) == 1
    finally:
        numba.set_num_threads(before)
