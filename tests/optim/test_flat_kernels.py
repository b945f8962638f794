"""What is launched on flat arrays: the bits of the twins, few launches, and the flag that stops them all."""

import copy
import math

import numpy as np
import pytest

from tinyinception import kernels, nn
from tinyinception.errors import NonFiniteError
from tinyinception.kernels import launch, reference, update
from tinyinception.optim import SGD, Adam, RMSProp, RunningAverage, clip_grad_norm, weights_only
from tinyinception.optim.flat import joined, overlapping, pieces
from tinyinception.tensor import Tensor

SIZE = 30_001
MAKERS = {
    "sgd": lambda p: SGD(p, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01, decay_filter=weights_only),
    "dampening": lambda p: SGD(p, 0.1, momentum=0.9, dampening=0.1),
    "adam": lambda p: Adam(p, amsgrad=True, weight_decay=0.1),
    "rmsprop": lambda p: RMSProp(p, 0.1, centered=True),
}


def numbers(seed, dtype=np.float64, shape=(SIZE,)):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def large(dtype=np.float32):
    """Parameters for which kernels are launched, the last with a gradient that stands elsewhere."""
    return [nn.Parameter(numbers(i, dtype, shape)) for i, shape in enumerate([(300, 300), (300,), (100, 300), (7,)])]


def backward(ps):
    sum(((p**2).sum() for p in ps), Tensor(np.zeros((), ps[0].dtype))).backward()


@pytest.fixture
def seen(monkeypatch):
    """The launches, as they are recorded."""
    listed = []
    monkeypatch.setattr(launch.state, "record", lambda function, args: listed.append((function, args)))
    return listed


# -- kernels and twins -------------------------------------------------------------------------------------------------


def outcomes(name, dtype, *args):
    """What the kernel and its twin leave in their arrays, as bytes."""
    left = []
    for module in (update, reference):
        mine = copy.deepcopy(args)
        getattr(module, name)(*mine)
        left.append([arg.tobytes() for arg in mine if isinstance(arg, np.ndarray)])
    return left


def squares(seed, dtype):
    return numbers(seed, dtype) ** 2


@pytest.mark.parametrize("finite", [1, 0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("decaying", [0, 5, 8192, 20_000, SIZE])
def test_the_kernels_of_the_rules_give_the_bits_of_their_twins(decaying, dtype, finite):
    data, grad, state = numbers(0, dtype), numbers(1, dtype), numbers(2, dtype)
    grad[[0, 9000]], data[[3, 9003]] = [-0.0, 1e15], [-0.0, 0.0]
    lr, flag, none = np.array([0.1]), np.array([finite]), data[:0]
    cases = []
    for momentum, nesterov, damping in ((0.0, False, 1.0), (0.9, True, 1.0), (0.9, False, 0.7)):
        velocity = state if momentum else none
        cases.append(("sgd_step", velocity, decaying, lr, np.array([damping]), flag, momentum, nesterov, 0.01))
    for largest, decoupled in ((none, False), (squares(3, dtype), True)):
        settings = (0.9, 0.999), 1e-8, 0.01, decoupled
        corrected = np.array([0.19, 0.2])
        cases.append(("adam_step", state, squares(4, dtype), largest, decaying, lr, corrected, flag, *settings))
    for mean, velocity, inside in (
        (none, none, True),
        (state, none, False),
        (none, state, False),
        (state, state, True),
    ):
        settings = 0.9, 0.8, 1e-3, 0.01, inside
        cases.append(("rmsprop_step", squares(5, dtype), mean, velocity, decaying, lr, flag, *settings))
    for name, *rest in cases:
        kernel, twin = outcomes(name, dtype, data, grad, *rest)
        assert kernel == twin, name
        assert (kernel[0] == data.tobytes()) is not bool(finite)
        assert kernel[1] == grad.tobytes()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_other_kernels_give_the_bits_of_their_twins(dtype):
    x, other, one = numbers(0, dtype), numbers(1, dtype), np.array([1])
    assert len(set(map(str, outcomes("scale", dtype, x, np.array([0.3]))))) == 1
    assert outcomes("scale", dtype, x, np.array([1.0]))[0][0] == x.tobytes()
    kernel, twin = outcomes("follow", dtype, x, other, np.array([0.3]), one)
    assert kernel == twin
    np.testing.assert_allclose(np.frombuffer(kernel[0], dtype), 0.7 * x + 0.3 * other, rtol=1e-4, atol=1e-6)
    assert outcomes("follow", dtype, x, other, np.array([0.3]), np.array([0]))[0][0] == x.tobytes()
    for at, value in ((None, 0), (0, np.nan), (8192, np.inf), (SIZE - 1, -np.inf)):
        x = numbers(0, dtype)
        if at is not None:
            x[at] = value
        for module in (update, reference):
            flag = np.array([1])
            module.find_non_finite(x, flag)
            assert flag[0] == (at is None)
            module.find_non_finite(other, flag)  # what was found stays found
            assert flag[0] == (at is None)
    sums = np.zeros(4)
    update.sums_of_squares(x[:-1], sums)
    np.testing.assert_allclose(
        sums,
        [math.fsum(float(v) ** 2 for v in x[i : i + 8192][: SIZE - 1 - i]) for i in range(0, SIZE - 1, 8192)],
        rtol=1e-12,
    )
    twin = np.ones(4)
    reference.sums_of_squares(x[:-1], twin)
    assert twin.sum() == pytest.approx(sums.sum(), rel=1e-12)


def test_the_number_of_threads_changes_no_bit():
    from tinyinception.kernels.jit import set_threads

    results = []
    try:
        for threads in (1, 2):
            set_threads(threads)
            ps = large()
            optimizer = MAKERS["sgd"](ps)
            backward(ps)
            norm = clip_grad_norm(ps, 1.0)
            optimizer.step()
            results.append([norm, *(p.data.tobytes() for p in ps)])
    finally:
        set_threads(2)
    assert results[0] == results[1]


# -- pieces ------------------------------------------------------------------------------------------------------------


def test_pieces_next_to_each_other_are_joined_and_others_left():
    whole, lonely = np.arange(10.0), np.ones((2, 2))
    a, b, c, d = pieces(whole, [(2,), (2, 2), (), (3,)])
    first, second, third, fourth = joined([d, a, lonely, lonely.T, b])
    np.testing.assert_array_equal(first, whole[:6])
    np.testing.assert_array_equal(second, whole[7:])
    assert third.shape == (4,)
    assert np.shares_memory(third, lonely)
    assert fourth.shape == (2, 2)
    assert [x.size for x in joined([lonely, c, a[:1]])] == [1, 4, 1]  # a part of a piece is none
    assert np.shares_memory(b, whole)
    assert overlapping([whole[:3], whole[3:], lonely, whole[2:4][::-1], np.empty(0)]) == {0, 1, 3}


# -- launches ----------------------------------------------------------------------------------------------------------


def test_a_step_with_all_that_belongs_to_it_is_a_few_launches(seen):
    ps = large()
    optimizer, average = MAKERS["sgd"](ps), RunningAverage([(str(i), p) for i, p in enumerate(ps)])
    backward(ps)
    slots = [id(p.slot) for p in ps]
    assert [function.__name__ for function, args in seen if id(args[0]) in slots] == ["copyto"] * 4
    seen.clear()
    optimizer.check_finite()
    clip_grad_norm(ps, 1.0)
    optimizer.step()
    average.update()
    names = ["copyto", "find_non_finite", "sums_of_squares", "_weigh", "scale", "count", "sgd_step"]
    names += ["note", "_count", "follow"]
    assert [function.__name__ for function, _ in seen] == names
    assert seen[6][0] is kernels.sgd_step
    assert all(isinstance(arg, np.ndarray | int | float) for _, args in seen for arg in args)


@pytest.mark.parametrize("make", MAKERS)
def test_launches_that_are_repeated_are_further_steps(make, seen):
    paths = []
    for replay in (False, True):
        ps, buffers = large(), [numbers(9), numbers(10)]
        optimizer = MAKERS[make](ps)
        sources = [*((str(i), p) for i, p in enumerate(ps)), *zip("xy", buffers, strict=True)]
        average = RunningAverage(sources, 0.5)

        for i in range(5):
            optimizer.lr = 0.1 / (1 + i)
            buffers[0] += 1
            if i < 2 or not replay:
                optimizer.zero_grad()
                backward(ps)
                seen.clear()
                optimizer.check_finite()
                clip_grad_norm(ps, 30.0)
                optimizer.step()
                average.update()
                calls = list(seen)
            else:
                for p in ps:
                    np.multiply(p.data, 2, out=p.grad)
                for function, args in calls:
                    function(*args)
        state = [*optimizer.state_dict().items(), *average.state_dict().items()]
        paths.append([p.data.tobytes() for p in ps] + [(key, array.tobytes()) for key, array in state])
    assert paths[0] == paths[1]


def test_plain_numbers_of_a_recording_are_told():
    optimizer = MAKERS["sgd"](large())
    before = optimizer.frozen()
    optimizer.lr = 7.0
    optimizer.step()
    assert optimizer.frozen() == before
    for name in ("momentum", "weight_decay", "nesterov"):
        told = optimizer.frozen()
        setattr(optimizer, name, 0.5)
        assert optimizer.frozen() != told
    assert hash(before) is not None


# -- the flag ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", MAKERS)
def test_with_the_flag_at_0_a_step_changes_nothing(make):
    ps = large(np.float64)
    optimizer = MAKERS[make](ps)
    average = RunningAverage([(str(i), p) for i, p in enumerate(ps)])

    def everything():
        arrays = [p.data for p in ps], optimizer.state_dict().values(), average.state_dict().values()
        return [array.tobytes() for listed in arrays for array in listed]

    def step():
        optimizer.check_finite()
        optimizer.step()
        average.update()

    for _ in range(2):
        optimizer.zero_grad()
        backward(ps)
        step()
    before = everything()
    ps[2].grad[0, 0] = np.nan
    step()
    assert optimizer.finite[0] == 0
    assert everything() == before
    ps[2].grad[0, 0] = 1
    step()
    assert (optimizer.steps, average.updates) == (3, 3)
    assert everything() != before


def test_clipping_that_finds_no_number_says_so_and_leaves_the_flag(seen):
    ps = large()
    optimizer = MAKERS["sgd"](ps)
    backward(ps)
    seen.clear()
    clip_grad_norm(ps, 1.0)
    calls = list(seen)
    ps[0].grad[0, 0] = np.inf
    gradients = [p.grad.copy() for p in ps]
    with pytest.raises(NonFiniteError, match="1 of 90000 gradient values of '0'"):
        clip_grad_norm(ps, 1.0)
    assert optimizer.finite[0] == 1
    for function, args in calls:  # where nobody can raise, the step is left out
        function(*args)
    assert optimizer.finite[0] == 0
    for p, gradient in zip(ps, gradients, strict=True):
        np.testing.assert_array_equal(p.grad, gradient)


def test_clipping_a_part_of_the_parameters_does_not_hide_what_was_found_in_the_others():
    ps = large()
    optimizer = MAKERS["sgd"](ps)
    backward(ps)
    ps[0].grad[0, 0] = np.nan
    optimizer.check_finite()
    clip_grad_norm(ps[1:], 1.0)
    assert optimizer.finite[0] == 0


# -- clipping and averages ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_clipping_slots_is_clipping_separate_gradients(dtype):
    ps, others = large(dtype), large(dtype)
    MAKERS["sgd"](ps)
    backward(ps)
    backward(others)
    for limit in (math.inf, 50.0):
        norm = clip_grad_norm(ps, limit)
        assert norm == pytest.approx(clip_grad_norm(others, limit), rel=1e-14)
        for p, other in zip(ps, others, strict=True):
            np.testing.assert_allclose(p.grad, other.grad, rtol=4 * np.finfo(dtype).eps)
    assert all(p.grad is p.slot for p in ps)
    exact = math.sqrt(math.fsum(float(v) ** 2 for p in ps for v in p.grad.ravel()))
    assert exact == pytest.approx(50, rel=1e-6)


@pytest.mark.parametrize("first", ["average", "optimiser"])
def test_averages_follow_parameters_wherever_these_go(first):
    ps, buffers = large(), [numbers(9, np.float32), numbers(10, np.float64)[::3], numbers(11, np.float32)]
    sources = [("a", ps[2]), ("x", buffers[0]), *((str(i), p) for i, p in enumerate(ps) if i != 2)]
    sources += [("y", buffers[1]), ("z", buffers[2])]
    lives = [lambda s=source: s if isinstance(s, np.ndarray) else s.data for _, source in sources]
    made = {}
    for what in (first, {"average": "optimiser", "optimiser": "average"}[first]):
        made[what] = RunningAverage(sources, 0.6) if what == "average" else MAKERS["sgd"](ps)
    average, optimizer = made["average"], made["optimiser"]
    expected = [live().astype(np.float64) for live in lives]
    for n in range(6):
        optimizer.zero_grad()
        backward(ps)
        optimizer.step()
        for buffer in buffers:
            buffer *= 1.1
        if n == 2:
            ps[1].data = ps[1].data * 2
        if n == 3:
            optimizer = MAKERS["adam"](ps)
        average.update()
        keep = min(0.6, (1 + n) / (10 + n))
        expected = [keep * e + (1 - keep) * live() for e, live in zip(expected, lives, strict=True)]
    state = average.state_dict()
    assert list(state) == ["updates", *(f"average/{name}" for name, _ in sources)]
    for (name, _), value, live in zip(sources, expected, lives, strict=True):
        assert state[f"average/{name}"].dtype == live().dtype
        np.testing.assert_allclose(state[f"average/{name}"], value, rtol=1e-4, atol=1e-6)
    with average.apply():
        assert all(
            np.array_equal(live(), state[f"average/{name}"]) for (name, _), live in zip(sources, lives, strict=True)
        )


def test_a_copied_average_goes_on_with_the_copied_network():
    ps = large()
    optimizer, average = MAKERS["sgd"](ps), RunningAverage(list(zip("abcd", ps, strict=True)), 0.5)
    average.update()
    both = [
        (ps, optimizer, average),
        copy.deepcopy((ps, optimizer, average)),
        copy.deepcopy((average, optimizer, ps))[::-1],
    ]
    ends = []
    for listed, opt, its in both:
        for _ in range(2):
            opt.zero_grad()
            backward(listed)
            opt.step()
            its.update()
        ends.append([array.tobytes() for array in its.state_dict().values()])
    assert ends[0] == ends[1] == ends[2]
