"""The running average of parameters: its rule, the swap for evaluation, and its state."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from tinyinception.errors import ArgumentError, CheckpointError, DtypeError, ShapeError, TinyInceptionError
from tinyinception.optim import RunningAverage


class Parameter:
    def __init__(self, data):
        self.data = data


def bits(arrays):
    return {key: array.tobytes() for key, array in arrays.items()}


sizes = st.floats(-1e6, 1e6, allow_subnormal=False)


@settings(deadline=None)
@given(
    values=st.lists(st.lists(sizes, min_size=2, max_size=2), min_size=1, max_size=40),
    decay=st.sampled_from([0.0, 0.3, 0.9, 0.9999]),
)
def test_running_average_is_the_scalar_rule(values, decay):
    parameter, statistic = Parameter(np.zeros(2)), np.zeros(2)
    average = RunningAverage([("p", parameter), ("s", statistic)], decay=decay)
    expected = 0.0
    for n, (first, second) in enumerate(values):
        parameter.data[:] = first, second
        statistic[:] = second, first
        average.update()
        d = min(decay, (1 + n) / (10 + n))
        expected = d * expected + (1 - d) * np.array([first, second])
    state = average.state_dict()
    np.testing.assert_allclose(state["average/p"], expected, rtol=1e-12, atol=1e-8)
    assert np.array_equal(state["average/s"], state["average/p"][::-1])
    assert state["updates"] == average.updates == len(values)


def averaged(dtype, seed, updates):
    random = np.random.default_rng(seed)
    parameter, statistic = Parameter(random.normal(size=(3, 2)).astype(dtype)), random.normal(size=4).astype(dtype)
    average = RunningAverage([("p", parameter), ("s", statistic)], decay=0.9)
    for _ in range(updates):
        parameter.data += random.normal(size=(3, 2)).astype(dtype)
        statistic += random.normal(size=4).astype(dtype)
        average.update()
    return parameter, statistic, average


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("fails", [False, True])
def test_apply_swaps_in_the_average_and_back_to_the_bit(dtype, fails):
    parameter, statistic, average = averaged(dtype, 1, 5)
    parameter.data[0, 0] = np.nan  # values that arithmetic would not bring back
    statistic[0] = -0.0
    live = parameter.data, statistic
    bits = [array.tobytes() for array in live]
    state = average.state_dict()

    def evaluate():
        with average.apply():
            assert np.array_equal(parameter.data, state["average/p"])
            assert np.array_equal(statistic, state["average/s"])
            if fails:
                parameter.data[:] = 7
                raise KeyboardInterrupt

    if fails:
        with pytest.raises(KeyboardInterrupt):
            evaluate()
    else:
        evaluate()
    assert parameter.data is live[0]
    assert [array.tobytes() for array in live] == bits
    assert all(np.array_equal(array, state[key]) for key, array in average.state_dict().items())
    average.update()


def test_update_and_apply_inside_apply_are_refused():
    parameter, _, average = averaged("float32", 2, 3)
    before = parameter.data.copy()
    with average.apply():
        with pytest.raises(TinyInceptionError, match=r"update\(\) inside apply\(\)"):
            average.update()
        with pytest.raises(TinyInceptionError, match=r"apply\(\) inside apply\(\)"), average.apply():
            pass
        assert np.array_equal(parameter.data, average.state_dict()["average/p"])
    assert np.array_equal(parameter.data, before)


def test_running_average_resumes_to_the_same_bits():
    (parameter, statistic, average), (_, _, other) = averaged("float32", 3, 4), averaged("float32", 4, 2)
    other = RunningAverage([("p", parameter), ("s", statistic)], decay=0.9)
    other.load_state_dict(load_safetensors(save_safetensors(average.state_dict())))
    snapshot = average.state_dict()
    before = bits(snapshot)
    for _ in range(3):
        parameter.data *= np.float32(1.1)
        average.update()
        other.update()
    assert bits(snapshot) == before
    assert bits(average.state_dict()) == bits(other.state_dict())
    with pytest.raises(CheckpointError, match="missing: average/p"):
        average.load_state_dict({"updates": np.array(1)})


def test_running_average_refuses_what_it_cannot_average():
    with pytest.raises(DtypeError, match="'count' holds int64"):
        RunningAverage([("count", np.zeros(2, np.int64))])
    with pytest.raises(ArgumentError, match=r"decay must be a number in \[0, 1\), got 1.0"):
        RunningAverage([("p", np.ones(2))], decay=1.0)
    with pytest.raises(ArgumentError, match="'name' holds no NumPy array"):
        RunningAverage([("name", "text")])
    parameter = Parameter(np.ones(3))
    average = RunningAverage([("p", parameter)])
    parameter.data = np.ones(4)
    with pytest.raises(ShapeError, match=r"'p' was float64\(3,\) and is now float64\(4,\)"):
        average.update()
    with pytest.raises(ShapeError, match="'p'"), average.apply():
        pass
    assert average.updates == 0
