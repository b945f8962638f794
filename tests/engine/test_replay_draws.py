"""A step that draws from a global generator is not replayed, whatever generator that is."""

import numpy as np
import pytest

import tinyinception as ti
from tinyinception.tensor import Tensor


@pytest.fixture(params=[np.random.MT19937, np.random.PCG64, np.random.Philox])
def generator(request):
    before = np.random.get_bit_generator()
    np.random.set_bit_generator(request.param(1))
    yield
    np.random.set_bit_generator(before)


@pytest.mark.usefixtures("generator")
def test_a_step_that_draws_is_never_recorded():
    step = ti.capture(lambda x: x * float(np.random.random()))
    results = [step(np.ones(3, np.float32)).numpy()[0] for _ in range(4)]
    assert len(set(results)) == 4
    assert not step.recordings


@pytest.mark.usefixtures("generator")
def test_a_step_that_draws_nothing_is_recorded():
    step = ti.capture(lambda x: x + Tensor(np.ones(3, np.float32)))
    for _ in range(3):
        np.testing.assert_array_equal(step(np.ones(3, np.float32)).numpy(), 2)
    assert len(step.recordings) == 1
