"""Parameters in one array: who may change what in the meantime, and that each step updates the right numbers.

The oracle is the rule on separate arrays, as in a loop over parameters.
"""

import copy
import pickle

import numpy as np
import pytest

from tinyinception import nn
from tinyinception.errors import ArgumentError, DtypeError, ShapeError
from tinyinception.optim import SGD, Adam, RMSProp, weights_only
from tinyinception.optim.flat import joined
from tinyinception.tensor import Tensor

SHAPES = ((3, 4), (4,), (4, 5), (5,))


def numbers(shape, seed, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def parameters(dtype=np.float64):
    return [nn.Parameter(numbers(shape, i, dtype)) for i, shape in enumerate(SHAPES)]


class Loop:
    """Nesterov's SGD with weight decay of weights, one parameter after the other."""

    def __init__(self, values, lr=0.1, momentum=0.9, decay=0.01):
        self.values = [value.copy() for value in values]
        self.velocities = [np.zeros_like(value) for value in values]
        self.lr, self.momentum, self.decay = lr, momentum, decay

    def step(self, grads):
        for value, velocity, grad in zip(self.values, self.velocities, grads, strict=True):
            if grad is not None:
                g = grad + self.decay * value if value.ndim > 1 else grad
                velocity[...] = self.momentum * velocity + g
                value -= self.lr * (g + self.momentum * velocity)


def nesterov(listed):
    return SGD(listed, 0.1, momentum=0.9, nesterov=True, weight_decay=0.01, decay_filter=weights_only)


def steps(optimizer, loop, ps, count=3, skip=lambda step, i: False, seed=0, rtol=1e-12):
    """Some steps of both by the same gradients, which must lead to the same numbers."""
    for step in range(count):
        grads = [None if skip(step, i) else numbers(p.shape, 100 * (seed + step) + i) for i, p in enumerate(ps)]
        for p, grad in zip(ps, grads, strict=True):
            p.grad = None if grad is None else grad.astype(p.dtype)
        optimizer.step()
        loop.step(grads)
    for p, value in zip(ps, loop.values, strict=True):
        np.testing.assert_allclose(p.data, value, rtol=rtol)


def backward(ps):
    sum(((p**2).sum() for p in ps), Tensor(np.zeros((), ps[0].dtype))).backward()


# -- memory ------------------------------------------------------------------------------------------------------------


def test_parameters_gradients_and_state_are_one_array_each_with_what_decays_first():
    ps = parameters()
    optimizer = nesterov(ps)
    backward(ps)
    for arrays in ([p.data for p in ps], [p.grad for p in ps], [optimizer._state[f"momentum/{i}"] for i in range(4)]):
        (flat,) = joined(arrays)
        np.testing.assert_array_equal(flat, np.concatenate([arrays[i].ravel() for i in (0, 2, 1, 3)]))
    assert all(p.grad is p.slot for p in ps)
    np.testing.assert_array_equal(ps[0].grad, 2 * ps[0].data)
    assert [p.shape for p in ps] == list(SHAPES)
    np.testing.assert_array_equal(ps[2].data, numbers(SHAPES[2], 2))


def test_a_step_is_the_rule_on_each_parameter():
    ps = parameters()
    steps(nesterov(ps), Loop([p.data for p in ps]), ps)


@pytest.mark.parametrize("make", [nesterov, lambda p: Adam(p), lambda p: RMSProp(p, 0.1)])
def test_backward_into_slots_and_gradients_set_by_hand_are_the_same_step(make):
    one, other = parameters(), parameters()
    a, b = make(one), make(other)
    for _ in range(3):
        a.zero_grad()
        backward(one)
        for p, q in zip(one, other, strict=True):
            assert p.grad is p.slot
            q.grad = p.grad[...].copy()
        a.step()
        b.step()
    assert [p.data.tobytes() for p in one] == [q.data.tobytes() for q in other]


def test_parameters_without_a_gradient_are_left_alone_in_the_middle_of_the_array():
    for missing in ([0], [1], [3], [0, 3], [1, 2], [0, 1, 2]):
        ps = parameters()
        steps(nesterov(ps), Loop([p.data for p in ps]), ps, 4, lambda step, i, gone=missing: step == 1 and i in gone)


def test_frozen_parameters_keep_their_numbers_decay_or_not():
    ps = parameters()
    ps[2].requires_grad_(False)
    optimizer, before = nesterov(ps), ps[2].data.copy()
    backward(ps)
    optimizer.step()
    np.testing.assert_array_equal(ps[2].data, before)
    assert np.all(ps[0].data != numbers(SHAPES[0], 0))


def test_the_gradients_of_two_backwards_are_added():
    ps, loop = parameters(), Loop([p.data for p in parameters()])
    optimizer = nesterov(ps)
    for _ in range(2):
        optimizer.zero_grad()
        backward(ps)
        backward(ps)
        loop.step([4 * value for value in loop.values])
        optimizer.step()
    for p, value in zip(ps, loop.values, strict=True):
        np.testing.assert_allclose(p.data, value, rtol=1e-12)


def test_a_gradient_of_another_dtype_does_not_go_into_the_slot():
    net, p = nn.Linear(3, 2), nn.Parameter(numbers((3,), 0, np.float32))
    SGD(net.parameters(), 0.1)
    net.to(np.float64)(Tensor(numbers((1, 3), 1))).sum().backward()
    assert net.weight.grad.dtype == np.float64
    optimizer = SGD([p], 0.1)
    for fits, slot in ((True, p.slot), (False, np.zeros(3))):
        p.grad, p.slot = None, slot
        (p**2).sum().backward()
        assert (p.grad is p.slot) == fits
        assert p.grad.dtype == np.float32
    p.grad = np.zeros(3)
    with pytest.raises(DtypeError, match="SGD: '0' is float32 but its gradient float64"):
        optimizer.step()


def test_gradients_that_stand_in_each_other_s_slots_are_not_mixed_up():
    ps = [nn.Parameter(np.zeros(2)), nn.Parameter(np.zeros(2))]
    optimizer = SGD(ps, 1.0)
    (ps[0] * Tensor(np.ones(2)) + ps[1] * Tensor(np.full(2, 5.0))).sum().backward()
    ps[0].grad, ps[1].grad = ps[1].grad, ps[0].grad
    optimizer.step()
    np.testing.assert_array_equal([p.data for p in ps], [[-5, -5], [-1, -1]])


# -- others change parameters ------------------------------------------------------------------------------------------


def by_data(ps):
    for p in ps[1:3]:
        p.data = p.data * 2


def by_other_dtype(ps):
    for p in ps[1:3]:
        p.data = (p.data * 2).astype(np.float32 if p.dtype == np.float64 else np.float64)


def in_place(ps):
    for p in ps[1:3]:
        p.data *= 2


def by_view_of_another(ps):
    whole = np.empty((2, 9, 10))
    for p, place in zip(ps[1:3], whole, strict=True):
        place[: p.shape[0], : 2 * p.shape[-1] : 2] = 2 * p.data
        view = place[: p.shape[0], : 2 * p.shape[-1] : 2]
        p.data = view if p.ndim == 2 else view[0]


@pytest.mark.parametrize("change", [by_data, by_other_dtype, in_place, by_view_of_another])
def test_other_numbers_between_steps_are_what_is_updated(change):
    ps = parameters()
    optimizer, loop = nesterov(ps), Loop([p.data for p in ps])
    steps(optimizer, loop, ps, 2)
    change(ps)
    for i in (1, 2):
        loop.values[i] = ps[i].data.copy()
    steps(optimizer, loop, ps, 2, seed=7)
    assert len(joined([p.data for p in ps])) == 1


def test_numbers_that_change_places_change_them_in_the_next_step_too():
    ps = [nn.Parameter(numbers((3,), i)) for i in range(2)]
    optimizer, loop = nesterov(ps), Loop([p.data for p in ps])
    steps(optimizer, loop, ps, 1)
    ps[0].data, ps[1].data = ps[1].data, ps[0].data
    loop.values.reverse()
    steps(optimizer, loop, ps, 2, seed=3)


@pytest.mark.parametrize("before", [True, False])
def test_parameters_that_share_an_array_stay_one(before):
    ps = [nn.Parameter(numbers((3, 2), i)) for i in range(3)]

    def tie():
        ps[1].data = ps[0].data

    if before:
        tie()
    optimizer = SGD(ps, 0.5)
    if not before:
        tie()
    expected = ps[0].data.copy()
    for step in range(3):
        for i, p in enumerate(ps):
            p.grad = numbers((3, 2), 10 * step + i)
        expected -= 0.5 * ps[0].grad
        expected -= 0.5 * ps[1].grad
        optimizer.step()
    assert ps[0].data is ps[1].data
    np.testing.assert_allclose(ps[0].data, expected, rtol=1e-14)
    ps[1].data = ps[1].data.copy()
    ps[0].grad[...] = ps[1].grad[...] = 0
    optimizer.step()
    np.testing.assert_allclose([ps[0].data, ps[1].data], [expected, expected], rtol=1e-14)
    ps[1].grad[...] = 1
    optimizer.step()
    np.testing.assert_allclose([ps[0].data, ps[1].data], [expected, expected - 0.5], rtol=1e-14)


def test_a_parameter_that_was_converted_and_got_its_numbers_back_gets_its_slot_back():
    ps = parameters()
    optimizer, loop = nesterov(ps), Loop([p.data for p in ps])
    for p in ps:
        kept = p.data
        p.hold(kept.astype(complex), p.shape, np.dtype(complex))
        p.hold(kept, p.shape, kept.dtype)
    steps(optimizer, loop, ps)
    optimizer.zero_grad()
    backward(ps)
    assert all(p.grad is p.slot for p in ps)


def test_a_module_in_two_places_is_updated_once():
    shared = nn.Linear(3, 3)
    net = nn.Sequential(shared, shared).to(np.float64)
    optimizer, before = SGD(net.parameters(), 0.1), net.state_dict()
    net(Tensor(numbers((2, 3), 0))).sum().backward()
    weight = shared.weight.grad.copy()
    optimizer.step()
    assert len(optimizer.parameters) == 2
    np.testing.assert_allclose(shared.weight.data, before["0.weight"] - 0.1 * weight, rtol=1e-12)


@pytest.mark.parametrize("first", [np.float32, np.float64])
def test_a_module_that_is_converted_takes_its_state_along(first):
    second = np.float64 if first == np.float32 else np.float32
    ps = parameters(first)
    net = nn.Module()
    net.a, net.b, net.c, net.d = ps
    optimizer, loop = nesterov(net.parameters()), Loop([p.data.astype(np.float64) for p in ps])
    steps(optimizer, loop, ps, 2, rtol=1e-5)
    net.to(second)
    backward(ps)
    assert all(p.grad.dtype == second for p in ps)
    steps(optimizer, loop, ps, 2, seed=5, rtol=1e-5)
    assert {array.dtype for key, array in optimizer.state_dict().items() if key != "step"} == {np.dtype(second)}
    optimizer.zero_grad()
    backward(ps)
    assert all(p.grad is p.slot and p.slot.dtype == second for p in ps)


def test_loaded_numbers_are_updated():
    net = nn.Linear(3, 2)
    optimizer = SGD(net.parameters(), 0.1)
    net.load_state_dict({"weight": np.ones((3, 2)), "bias": np.zeros(2)})
    net(Tensor(np.ones((1, 3), np.float32))).sum().backward()
    optimizer.step()
    np.testing.assert_allclose(net.weight.data, np.float32(0.9))
    net.weight.redraw(nn.init.ones)
    optimizer.zero_grad()
    net(Tensor(np.ones((1, 3), np.float32))).sum().backward()
    optimizer.step()
    np.testing.assert_allclose(net.weight.data, np.float32(0.9))


def test_two_optimisers_over_the_same_parameters_take_turns():
    ps = parameters()
    one, other, loop = SGD(ps, 0.1), SGD(ps[::-1], 0.2), Loop([p.data for p in ps], momentum=0, decay=0)
    for optimizer, lr in ((one, 0.1), (other, 0.2), (one, 0.1), (one, 0.1), (other, 0.2)):
        optimizer.zero_grad()
        backward(ps)
        optimizer.step()
        loop.lr = lr
        loop.step([2 * value for value in loop.values])
        for p, value in zip(ps, loop.values, strict=True):
            np.testing.assert_allclose(p.data, value, rtol=1e-12)


def test_two_optimisers_for_two_parts_of_a_network():
    ps, loop = parameters(), Loop([p.data for p in parameters()], momentum=0, decay=0)
    both = [SGD(ps[:2], 0.1), SGD(ps[2:], 0.1)]
    for _ in range(3):
        backward(ps)
        loop.step([2 * value for value in loop.values])
        for optimizer in both:
            optimizer.step()
            optimizer.zero_grad()
    for p, value in zip(ps, loop.values, strict=True):
        np.testing.assert_allclose(p.data, value, rtol=1e-12)


def test_what_cannot_be_updated_any_more_is_refused_before_anything_is_updated():
    class Bare:
        def __init__(self, data):
            self.data, self.grad = data, None
            self.shape = data.shape

    for data, error, message in (
        (np.ones(3), ShapeError, r"SGD: 'b' had shape \(2,\) and has now \(3,\)"),
        (np.ones(2, complex), DtypeError, "SGD: 'b' holds complex128"),
        (np.broadcast_to(1.0, 2), ArgumentError, "SGD: 'b' is a read-only array"),
    ):
        a, b = Bare(np.ones(2)), Bare(np.ones(2))
        optimizer = SGD([("a", a), ("b", b)], 1.0)
        b.data, a.grad, b.grad = data, np.ones(2), np.ones_like(data)
        with pytest.raises(error, match=message):
            optimizer.step()
        np.testing.assert_array_equal(a.data, 1)
        assert optimizer.steps == 0


def test_empty_parameters_scalars_and_every_float_of_numpy():
    for dtype in (np.float16, np.float32, np.float64, np.longdouble, np.dtype(">f4")):
        ps = [Tensor(np.zeros((0, 2)), requires_grad=True), Tensor(np.ones(()), requires_grad=True)]
        bare = [type("Bare", (), {"data": np.ones(n, dtype), "grad": None, "shape": (n,)})() for n in (3, 0)]
        optimizer = SGD([*ps, *bare], 0.5, momentum=0.5, weight_decay=0.25)
        ps[0].grad, ps[1].grad = np.zeros((0, 2)), np.float64(1.0)
        bare[0].grad, bare[1].grad = np.ones(3, dtype), np.zeros(0, dtype)
        optimizer.step()
        assert ps[1].item() == 1 - 0.5 * 1.25
        assert bare[0].data.dtype == dtype
        np.testing.assert_array_equal(bare[0].data, np.full(3, 1 - 0.5 * 1.25, dtype))


# -- copies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))])
@pytest.mark.parametrize("make", [nesterov, lambda p: Adam(p, 0.1), lambda p: RMSProp(p, 0.1)])
def test_a_copy_of_network_and_optimiser_goes_the_same_way_apart(duplicate, make):
    ps = parameters()
    old, optimizer = [p.data for p in ps], make(ps)
    duplicate((old, optimizer))  # before the first step too
    backward(ps)
    optimizer.step()
    ps2, optimizer2 = duplicate((ps, optimizer))
    assert [p for _, p in optimizer2.parameters] == ps2 or all(
        p is q for (_, p), q in zip(optimizer2.parameters, ps2, strict=True)
    )
    before = [p.data.copy() for p in ps]
    paths = []
    for listed, its in ((ps2, optimizer2), (ps, optimizer)):
        for _ in range(2):
            its.zero_grad()
            backward(listed)
            its.step()
        if its is optimizer2:
            assert all(np.array_equal(p.data, old) for p, old in zip(ps, before, strict=True))
        paths.append([p.data.tobytes() for p in listed] + [array.tobytes() for array in its.state_dict().values()])
    assert paths[0] == paths[1]
    assert len(joined([p.data for p in ps2])) == 1


def test_a_copied_network_has_memory_of_its_own():
    ps = parameters()
    optimizer = SGD(ps, 0.1)
    backward(ps)
    for copied in (copy.deepcopy(ps[0]), copy.copy(ps[0]), pickle.loads(pickle.dumps(ps[0]))):
        assert copied.slot is None
        copied.grad = None
        (copied * 3).sum().backward()
    np.testing.assert_array_equal(ps[0].grad, 2 * ps[0].data)
    optimizer.step()


def test_a_loaded_state_stays_in_the_flat_arrays():
    ps = parameters()
    optimizer, loop = nesterov(ps), Loop([p.data for p in ps])
    steps(optimizer, loop, ps, 2)
    again = nesterov(ps)
    again.load_state_dict(optimizer.state_dict())
    steps(again, loop, ps, 2, seed=4)
