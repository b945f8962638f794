"""Muon, Lookahead and groups of parameters against stored PyTorch trajectories; and in captured steps, and resumed.

fixtures/make_muon.py wrote what PyTorch did: eight steps with a rate that changes.
"""

import copy

import numpy as np
import pytest

from tests.helpers.places import FIXTURES
from tests.helpers.trainings import Training, batches, same_bits, small
from tinyinception import nn, optim
from tinyinception.errors import ArgumentError, CheckpointError, TinyInceptionError
from tinyinception.optim.muon import orthogonal
from tinyinception.tensor import Tensor

STORED = dict(np.load(FIXTURES / "muon.npz"))
NAMES = ("kernel", "wide", "bias", "matrix")
BEST = (3.4445, -4.775, 2.0315)
STEPS = 8
AIRBENCH = {"momentum": 0.6, "ns_steps": 3, "normalize": True}
MUON = {
    "plain": (0.02, {"momentum": 0.9, "nesterov": False}),
    "nesterov": (0.05, {"momentum": 0.95, "weight_decay": 0.1}),
    "normalize": (0.24, AIRBENCH),
}


def start(names, dtype=np.float64):
    return [(name, nn.Parameter(STORED[f"start/{name}"].astype(dtype))) for name in names]


def path(optimizer, base, each=lambda optimizer, step: None):
    """Values after each step, with the stored gradients and rates."""
    for step in range(STEPS):
        optimizer.lr = base * STORED["rates"][step]
        for name, parameter in optimizer.parameters:
            parameter.grad = STORED[f"gradients/{name}"][step].astype(parameter.dtype)
        each(optimizer, step)
        optimizer.step()
        yield {name: parameter.data.copy() for name, parameter in optimizer.parameters}


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 2e-5)])
@pytest.mark.parametrize("case", MUON)
def test_muon_s_trajectory_is_pytorch_s(case, dtype, tolerance):
    lr, options = MUON[case]
    optimizer = optim.Muon(start(("kernel", "wide"), dtype), lr, **options)
    for step, values in enumerate(path(optimizer, lr)):
        for name, value in values.items():
            assert value.dtype == dtype
            np.testing.assert_allclose(value, STORED[f"muon/{case}/{name}"][step], rtol=0, atol=tolerance * 4)


def test_groups_have_rates_and_decay_of_their_own_and_a_schedule_moves_them_alike():
    named = dict(start(NAMES))
    optimizer = optim.SGD(
        [
            {"params": [(name, named[name]) for name in ("kernel", "wide")]},
            {"params": [("bias", named["bias"])], "lr": 6.4, "weight_decay": 0.002},
            {"params": ((name, named[name]) for name in ("matrix",)), "lr": 0.01},
        ],
        lr=0.1,
        momentum=0.85,
        nesterov=True,
        weight_decay=0.02,
    )
    for step, values in enumerate(path(optimizer, 0.1)):
        for name, value in values.items():
            np.testing.assert_allclose(value, STORED[f"groups/{name}"][step], rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("make", [optim.Adam, optim.RMSProp, optim.Muon, optim.SGD])
def test_a_group_is_what_an_optimiser_of_its_own_would_be(make):
    together, apart = dict(start(NAMES)), dict(start(NAMES))
    pairs = [(name, together[name]) for name in NAMES]
    both = make([{"params": pairs[:2]}, {"params": pairs[2:], "lr": 0.3, "weight_decay": 0.1}], 0.1, weight_decay=0.01)
    each = [
        make([(name, apart[name]) for name in NAMES[:2]], 0.1, weight_decay=0.01),
        make([(name, apart[name]) for name in NAMES[2:]], 0.3, weight_decay=0.1),
    ]
    for step in range(3):
        for optimizer in (both, *each):
            for name, parameter in optimizer.parameters:
                parameter.grad = STORED[f"gradients/{name}"][step].copy()
            optimizer.step()
    for name in NAMES:
        np.testing.assert_array_equal(together[name].data, apart[name].data)


def test_muon_takes_kernels_and_leaves_the_rest_to_sgd_unless_told_otherwise():
    muon, sgd = dict(start(NAMES)), dict(start(NAMES))
    one = optim.Muon(muon.items(), 0.1, sgd_momentum=0.8)
    other = optim.SGD(sgd.items(), 0.1, momentum=0.8, nesterov=True)
    for _ in zip(path(one, 0.1), path(other, 0.1), strict=True):
        pass
    for name in NAMES:
        assert np.array_equal(muon[name].data, sgd[name].data) == (name in ("bias", "matrix"))
    told = dict(start(NAMES))
    pairs = list(told.items())
    list(path(optim.Muon([{"params": pairs[:3]}, {"params": pairs[3:], "use_muon": True}], 0.1), 0.1))
    assert not np.allclose(told["matrix"].data, sgd["matrix"].data)


@pytest.mark.parametrize("shape", [(40, 7), (7, 40), (16, 16), (3, 1)])
def test_newton_and_schulz_bring_singular_values_near_one_and_keep_the_vectors(shape):
    """Each step is an odd polynomial of the singular values, so U and V stay: the oracle goes by the SVD."""
    matrix = np.random.default_rng(3).standard_normal(shape)
    u, s, vt = np.linalg.svd(matrix, full_matrices=False)
    a, b, c = BEST
    s = s / np.sqrt((s**2).sum())
    for _ in range(5):
        s = a * s + b * s**3 + c * s**5
    result = orthogonal(matrix, BEST, 5)
    np.testing.assert_allclose(result, u * s @ vt, atol=1e-12)
    assert result.shape == shape
    assert 0.6 < s.min() <= s.max() < 1.25


def test_lookahead_s_trajectory_is_pytorch_s_written_out():
    optimizer = optim.Lookahead(optim.SGD(start(NAMES), 0.1, momentum=0.9), k=3)

    def set_alpha(optimizer, step):
        optimizer.lr = 0.1
        optimizer.alpha = min(1.0, 0.3 + 0.1 * step)

    for step, values in enumerate(path(optimizer, 0.1, set_alpha)):
        for name, value in values.items():
            np.testing.assert_allclose(value, STORED[f"lookahead/{name}"][step], rtol=1e-12, err_msg=f"{name}, {step}")


def test_inside_apply_the_slow_weights_are_there_and_afterwards_the_fast_ones():
    """PyTorch's after a round are the slow ones, until the next round."""
    buffer = np.zeros(2)
    optimizer = optim.Lookahead(optim.SGD(start(NAMES), 0.1, momentum=0.9), k=3, buffers=[("mean", buffer)])

    def set_alpha(optimizer, step):
        optimizer.lr = 0.1
        optimizer.alpha = min(1.0, 0.3 + 0.1 * step)

    for step, values in enumerate(path(optimizer, 0.1, set_alpha)):
        buffer += 1
        round_end = (step + 1) // 3 * 3 - 1
        with optimizer.apply():
            for name, parameter in optimizer.parameters if round_end > 0 else ():
                np.testing.assert_allclose(parameter.data, STORED[f"lookahead/{name}"][round_end], rtol=1e-12)
            assert buffer[0] < step + 1
            with pytest.raises(TinyInceptionError, match=r"step\(\) inside apply\(\) would train the slow weights"):
                optimizer.step()
        for name, parameter in optimizer.parameters:
            np.testing.assert_array_equal(parameter.data, values[name])


def test_buffers_look_ahead_too():
    buffers = [np.arange(3.0), np.ones((2, 2), np.float32)]
    optimizer = optim.Lookahead(optim.SGD(start(NAMES), 0.1), 2, 0.25, buffers=zip("ab", buffers, strict=True))
    for _ in path(optimizer, 0.1):
        for buffer in buffers:
            buffer += 1
    # the second step finds 1 more than at the start and goes a quarter of the way, and so does each second one after,
    # but from 2 more: the buffer is changed after the round as well
    expected, slow = 0.0, 0.0
    for step in range(STEPS):
        if step % 2:
            slow += 0.25 * (expected - slow)
            expected = slow
        expected += 1
    np.testing.assert_allclose(buffers[0], np.arange(3.0) + expected)
    np.testing.assert_allclose(buffers[1], 1 + expected)


MAKERS = {
    "muon": lambda p: optim.Muon(p, 0.1, **AIRBENCH),
    "lookahead": lambda p: optim.Lookahead(optim.SGD(p, 0.1, momentum=0.9), 2, 0.3),
    "both": lambda p: optim.Lookahead(optim.Muon(p, 0.1), 3),
}


@pytest.mark.parametrize("make", MAKERS)
def test_resuming_in_the_middle_gives_the_same_bits(make):
    whole = MAKERS[make](start(NAMES, np.float32))
    ends, halves = list(path(whole, 0.1)), None
    first = MAKERS[make](start(NAMES, np.float32))
    for step, values in enumerate(path(first, 0.1)):
        if step == 4:
            halves = copy.deepcopy((values, first.state_dict()))
    again = MAKERS[make]([(name, nn.Parameter(halves[0][name])) for name in NAMES])
    again.load_state_dict(halves[1])
    for step in range(5, STEPS):
        again.lr = 0.1 * STORED["rates"][step]
        for name, parameter in again.parameters:
            parameter.grad = STORED[f"gradients/{name}"][step].astype(np.float32)
        again.step()
    for name, parameter in again.parameters:
        assert parameter.data.tobytes() == ends[-1][name].tobytes()
    with pytest.raises(CheckpointError, match="missing"):
        again.load_state_dict({"step": np.zeros((), np.int64)})


@pytest.mark.parametrize("make", MAKERS)
def test_with_the_flag_at_0_a_step_changes_nothing(make):
    optimizer = MAKERS[make](start(NAMES, np.float32))

    def everything():
        return [p.data.tobytes() for _, p in optimizer.parameters] + [
            a.tobytes() for a in optimizer.state_dict().values()
        ]

    for step, _ in enumerate(path(optimizer, 0.1)):
        if step == 2:
            before = everything()
            optimizer.finite[0] = 0
        if step > 2:
            assert everything() == before


@pytest.mark.parametrize("make", ["muon", "both"])
def test_captured_steps_give_the_bits_of_eager_ones(make):
    class Made(Training):
        def __init__(self):
            super().__init__(small())
            pairs = list(self.network.named_parameters())
            kernels, rest = ([p for p in pairs if (p[1].ndim == 4) is which] for which in (True, False))
            self.optimizer = optim.Muon([{"params": kernels}, {"params": rest, "lr": 0.5}], 0.1, **AIRBENCH)
            if make == "both":
                self.optimizer = optim.Lookahead(self.optimizer, 2, buffers=self.network.named_buffers())

    same_bits(Made, batches(7))


@pytest.mark.parametrize("make", MAKERS)
def test_a_copy_goes_the_same_way_apart(make):
    optimizer = MAKERS[make](start(NAMES, np.float32))
    list(path(optimizer, 0.1))
    twin = copy.deepcopy(optimizer)
    ends = [list(path(one, 0.1))[-1] for one in (optimizer, twin)]
    for name in NAMES:
        np.testing.assert_array_equal(ends[0][name], ends[1][name])


def test_a_parameter_that_is_frozen_later_stays_where_it_is():
    named = dict(start(NAMES))
    optimizer = optim.SGD([{"params": named["bias"], "lr": 1.0}, {"params": [named["kernel"], named["wide"]]}], 0.1)
    for frozen in (False, True):
        named["bias"].requires_grad_(not frozen)
        before = {name: p.data.copy() for name, p in named.items()}
        optimizer.zero_grad()
        sum(((p**2).sum() for p in named.values()), Tensor(np.zeros(()))).backward()
        optimizer.step()
        np.testing.assert_allclose(named["bias"].data, before["bias"] if frozen else -before["bias"])
        np.testing.assert_allclose(named["kernel"].data, 0.8 * before["kernel"])


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda p: optim.SGD([{"params": p, "momentum": 0.1}], 0.1), "unknown setting of group 0 of SGD: 'momentum'"),
        (lambda p: optim.SGD([{"lr": 0.1}], 0.1), r"group 0 must have its parameters under 'params', got \['lr'\]"),
        (lambda p: optim.SGD([{"params": p[:2]}, {"params": p[1:]}], 0.1), "are the same parameter"),
        (lambda p: optim.SGD([{"params": p}, {"params": []}], 0.1), "group 1 has no parameters"),
        (lambda p: optim.SGD([{"params": p[:1]}, p[1]], 0.1), "item 0 is a group of them"),
        (lambda p: optim.SGD([{"params": p, "lr": -1.0}], 0.1), r"group of '0': lr must be a number in \[0, inf\)"),
        (lambda p: optim.SGD([{"params": p, "lr": 1.0}], 0.0), "must be a multiple of the optimiser's lr, which is 0"),
        (lambda p: optim.SGD([{"params": p, "weight_decay": "a"}], 0.1), "group of '0': weight_decay must be a number"),
        (lambda p: optim.Muon(p, 0.1, momentum=1.0), "Muon: momentum must be"),
        (lambda p: optim.Muon(p, 0.1, momentum=0.0), "nesterov needs a momentum"),
        (lambda p: optim.Muon(p, 0.1, ns_steps=0), "Muon: ns_steps must be"),
        (lambda p: optim.Muon(p, 0.1, ns_coefficients=(1, 2)), "ns_coefficients must be three numbers"),
        (lambda p: optim.Muon([{"params": p, "use_muon": True}], 0.1), r"'2' has shape \(5,\), and use_muon is for"),
        (lambda p: optim.Muon([{"params": p, "use_muon": 1}], 0.1), "use_muon must be True or False, got 1"),
        (lambda p: optim.Lookahead(p), "optimizer must be an optimiser of optim, SGD for instance, got list"),
        (lambda p: optim.Lookahead(optim.SGD(p, 0.1), 0), "Lookahead: k must be a whole number"),
        (lambda p: optim.Lookahead(optim.SGD(p, 0.1), 5, 0.0), r"alpha must be a number in \(0, 1\]"),
    ],
)
def test_bad_groups_and_settings_are_refused(make, told):
    with pytest.raises(ArgumentError, match=told):
        make([parameter for _, parameter in start(NAMES)])
