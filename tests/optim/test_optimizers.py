"""Optimisers and clipping against stored PyTorch trajectories and plain scalar loops.

fixtures/make_optim.py wrote what PyTorch did: 20 steps, gradients of many sizes, a bias that has none in some steps.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load as load_safetensors
from safetensors.numpy import save as save_safetensors

from tests.helpers.places import FIXTURES
from tinyinception.errors import ArgumentError, CheckpointError, DtypeError, NonFiniteError, ShapeError
from tinyinception.optim import SGD, Adam, AdamW, RMSProp, clip_grad_norm, weights_only

STORED = dict(np.load(FIXTURES / "optim.npz"))
NAMES = ("weight", "bias")
STEPS = 20


class Parameter:
    def __init__(self, data, grad=None):
        self.data, self.grad = data, grad

    @property
    def shape(self):
        return self.data.shape


LIKE_PYTORCH = {
    "sgd": lambda p: SGD(p, 0.1),
    "sgd_momentum": lambda p: SGD(p, 0.05, momentum=0.9),
    "sgd_nesterov": lambda p: SGD(p, 0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    "sgd_decay_weights": lambda p: SGD(p, 0.05, momentum=0.8, weight_decay=0.1, decay_filter=weights_only),
    "rmsprop": lambda p: RMSProp(p, 0.01, decay=0.95, eps=1e-3, momentum=0.0, rule="pytorch"),
    "rmsprop_momentum": lambda p: RMSProp(p, 0.045, rule="pytorch", weight_decay=0.02),
    "adam": lambda p: Adam(p, 0.02, betas=(0.8, 0.99), eps=1e-4),
    "adam_l2": lambda p: Adam(p, 0.02, weight_decay=0.1),
    "adamw": lambda p: Adam(p, 0.02, weight_decay=0.1, decoupled=True),
    "sgd_dampening": lambda p: SGD(p, 0.05, momentum=0.9, dampening=0.4, weight_decay=0.01),
    "rmsprop_centered": lambda p: RMSProp(p, 0.01, decay=0.95, eps=1e-3, momentum=0.0, rule="pytorch", centered=True),
    "rmsprop_centered_momentum": lambda p: RMSProp(p, 0.045, rule="pytorch", centered=True, weight_decay=0.02),
    "adam_amsgrad": lambda p: Adam(p, 0.02, betas=(0.8, 0.9), amsgrad=True),
    "adamw_default": lambda p: AdamW(p, 0.02),
    "adamw_amsgrad": lambda p: AdamW(p, 0.02, betas=(0.8, 0.9), weight_decay=0.1, amsgrad=True),
}
ALL = {
    **LIKE_PYTORCH,
    "rmsprop_tensorflow": lambda p: RMSProp(p, 0.045, weight_decay=0.02, decay_filter=weights_only),
    "rmsprop_tensorflow_centered": lambda p: RMSProp(p, 0.045, centered=True, initial_mean_square=0.3),
}


def stored_start(dtype):
    return [(name, Parameter(STORED[f"start/{name}"].astype(dtype))) for name in NAMES]


def set_gradients(parameters, step):
    for name, parameter in parameters:
        absent = name == "bias" and step in STORED["bias_absent"]
        parameter.grad = None if absent else STORED[f"gradients/{name}"][step].astype(parameter.data.dtype)


def bits(arrays):
    return {key: array.tobytes() for key, array in arrays.items()}


def run(optimizer, steps):
    for step in steps:
        set_gradients(optimizer.parameters, step)
        optimizer.step()
        yield {name: parameter.data.copy() for name, parameter in optimizer.parameters}


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-6)])
@pytest.mark.parametrize("case", LIKE_PYTORCH)
def test_trajectory_is_pytorch_s(case, dtype, tolerance):
    for step, values in enumerate(run(LIKE_PYTORCH[case](stored_start(dtype)), range(STEPS))):
        for name in NAMES:
            expected = STORED[f"{case}/{dtype}/{name}"][step]
            assert values[name].dtype == dtype
            scale = np.abs(expected).max()
            np.testing.assert_allclose(values[name], expected, rtol=0, atol=tolerance * scale, err_msg=f"step {step}")


@pytest.mark.parametrize(("centered", "first"), [(False, None), (True, None), (True, 0.25), (False, 0.0)])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_tensorflow_s_rmsprop_is_the_scalar_rule(momentum, centered, first):
    # TensorFlow's ApplyRMSProp and ApplyCenteredRMSProp, one number at a time; ms is a running mean of g^2 that starts
    # at 1 unless told otherwise, mg one of g that starts at 0.
    optimizer = RMSProp(stored_start("float64"), 0.045, momentum=momentum, centered=centered, initial_mean_square=first)
    expected = {name: STORED[f"start/{name}"].ravel().tolist() for name in NAMES}
    ms = {name: [1.0 if first is None else first] * len(values) for name, values in expected.items()}
    mg = {name: [0.0] * len(values) for name, values in expected.items()}
    mom = {name: [0.0] * len(values) for name, values in expected.items()}
    for step, values in enumerate(run(optimizer, range(STEPS))):
        lr = optimizer.lr
        optimizer.lr = 0.9 * lr  # the velocity keeps the rates of its past
        for name, parameter in optimizer.parameters:
            if parameter.grad is not None:
                for i, g in enumerate(parameter.grad.ravel().tolist()):
                    ms[name][i] += (g * g - ms[name][i]) * (1 - 0.9)
                    mg[name][i] += (g - mg[name][i]) * (1 - 0.9)
                    spread = ms[name][i] - mg[name][i] ** 2 * centered
                    mom[name][i] = momentum * mom[name][i] + lr * g / math.sqrt(spread + 1.0)
                    expected[name][i] -= mom[name][i]
            np.testing.assert_allclose(values[name].ravel(), expected[name], rtol=1e-12, err_msg=f"{name}, step {step}")


def test_the_initial_mean_square_is_what_the_first_step_divides_by():
    # ms = 0.9 * 4 + 0.1 * 9 = 4.5 and the step 0.5 * 3 / (sqrt(4.5) + 0.25), under PyTorch's rule
    p = Parameter(np.ones(1), np.array([3.0]))
    RMSProp([("p", p)], 0.5, momentum=0.0, eps=0.25, rule="pytorch", initial_mean_square=4.0).step()
    assert p.data[0] == pytest.approx(1 - 1.5 / (4.5**0.5 + 0.25), rel=1e-15)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", ["tensorflow", "pytorch"])
def test_the_running_variance_of_a_constant_gradient_is_never_below_zero(rule, dtype):
    """It is 0, and rounding would make roots of negative numbers of it."""
    p = Parameter(np.zeros(50, dtype))
    optimizer = RMSProp([("p", p)], 1e-3, eps=1e-8, decay=0.5, rule=rule, centered=True, initial_mean_square=0.0)
    for _ in range(200):
        p.grad = np.linspace(0.1, 7.3, 50).astype(dtype)
        optimizer.step()
    assert np.isfinite(p.data).all()


def test_adamw_is_adam_with_decoupled_decay_of_a_hundredth():
    one, other = AdamW(stored_start("float32")), Adam(stored_start("float32"), weight_decay=0.01, decoupled=True)
    for a, b in zip(run(one, range(5)), run(other, range(5)), strict=True):
        assert bits(a) == bits(b)
    with pytest.raises(ArgumentError, match="AdamW: eps must be a number"):
        AdamW(stored_start("float32"), eps=0.0)


@pytest.mark.parametrize("case", ["sgd_dampening", "rmsprop_centered", "adam_amsgrad"])
def test_a_new_option_makes_a_difference_and_its_absence_keeps_no_state_for_it(case):
    plain = {
        "sgd_dampening": lambda p: SGD(p, 0.05, momentum=0.9, weight_decay=0.01),
        "rmsprop_centered": lambda p: RMSProp(p, 0.01, decay=0.95, eps=1e-3, momentum=0.0, rule="pytorch"),
        "adam_amsgrad": lambda p: Adam(p, 0.02, betas=(0.8, 0.9)),
    }[case](stored_start("float64"))
    special = ALL[case](stored_start("float64"))
    assert any(
        not np.allclose(a["weight"], b["weight"])
        for a, b in zip(run(plain, range(STEPS)), run(special, range(STEPS)), strict=True)
    )
    extra = {"sgd_dampening": "updates", "rmsprop_centered": "mean", "adam_amsgrad": "largest_mean_square"}[case]
    assert set(special.state_dict()) - set(plain.state_dict()) == {f"{extra}/{name}" for name in NAMES}
    with pytest.raises(CheckpointError, match=f"missing: {extra}/weight, {extra}/bias"):
        special.load_state_dict(plain.state_dict())


@pytest.mark.parametrize("case", ALL)
def test_updates_are_in_place_and_leave_the_gradient(case):
    optimizer = ALL[case](stored_start("float32"))
    views = [(parameter.data, parameter.data.reshape(-1)[1:]) for _, parameter in optimizer.parameters]
    before = [array.copy() for array, _ in views]
    set_gradients(optimizer.parameters, 2)
    gradients = [parameter.grad.copy() for _, parameter in optimizer.parameters]
    optimizer.step()
    for (_, parameter), (array, view), old, gradient in zip(
        optimizer.parameters, views, before, gradients, strict=True
    ):
        assert parameter.data is array
        assert np.all(array != old)
        assert np.array_equal(view, array.ravel()[1:])
        assert np.array_equal(parameter.grad, gradient)
    optimizer.zero_grad()
    assert all(parameter.grad is None for _, parameter in optimizer.parameters)


@pytest.mark.parametrize("case", ALL)
def test_a_numpy_learning_rate_changes_no_bit(case):
    plain, other = (ALL[case](stored_start("float32")) for _ in range(2))
    for rate in (0.03, 0.017):
        plain.lr, other.lr = rate, np.float64(rate)
        for optimizer in (plain, other):
            list(run(optimizer, range(3)))
    for (_, a), (_, b) in zip(plain.parameters, other.parameters, strict=True):
        assert a.data.tobytes() == b.data.tobytes()


@pytest.mark.parametrize("case", ALL)
@settings(deadline=None)
@given(pause=st.integers(0, STEPS), dtype=st.sampled_from(["float32", "float64"]))
def test_resuming_in_the_middle_gives_the_same_bits(case, pause, dtype):
    whole = ALL[case](stored_start(dtype))
    list(run(whole, range(STEPS)))
    first = ALL[case](stored_start(dtype))
    list(run(first, range(pause)))
    state = first.state_dict()
    copies = [(name, Parameter(parameter.data.copy())) for name, parameter in first.parameters]
    list(run(first, range(pause, STEPS)))  # the state taken above must not follow
    saved = save_safetensors(state)
    loaded = load_safetensors(saved)
    second = ALL[case](copies)
    second.load_state_dict(loaded)
    assert second.steps == pause
    list(run(second, range(pause, STEPS)))
    for (_, a), (_, b) in zip(whole.parameters, second.parameters, strict=True):
        assert a.data.tobytes() == b.data.tobytes()
    assert bits(whole.state_dict()) == bits(second.state_dict())
    assert bits(loaded) == bits(load_safetensors(saved))


def test_state_keys_name_slot_and_parameter():
    assert set(SGD(stored_start("float32"), 0.1).state_dict()) == {"step"}
    state = RMSProp(stored_start("float32"), 0.1).state_dict()
    assert set(state) == {"step", *(f"{slot}/{name}" for slot in ("mean_square", "momentum") for name in NAMES)}
    assert state["step"].shape == ()
    assert state["momentum/weight"].dtype == np.float32


def test_a_state_that_does_not_fit_is_listed_and_changes_nothing():
    optimizer = SGD(stored_start("float32"), 0.1, momentum=0.9)
    list(run(optimizer, range(3)))
    before = optimizer.state_dict()
    alien = {"step": np.array(9), "momentum/bias": np.zeros(6, np.float32), "momentum/head": np.zeros(2, np.float32)}
    with pytest.raises(CheckpointError) as error:
        optimizer.load_state_dict(alien)
    message = str(error.value)
    assert "missing: momentum/weight" in message
    assert "surplus: momentum/head" in message
    assert "momentum/bias (float32 (6,) instead of float32 (5,))" in message
    assert all(np.array_equal(array, before[key]) for key, array in optimizer.state_dict().items())
    with pytest.raises(CheckpointError, match="float64"):
        optimizer.load_state_dict({key: array.astype(np.float64) for key, array in before.items()})
    many = [(f"p{i}", Parameter(np.ones(1))) for i in range(11)]
    with pytest.raises(CheckpointError, match=r"missing: .* and 3 more$"):
        SGD(many, 0.1, momentum=0.9).load_state_dict({"step": np.array(0)})


@pytest.mark.parametrize("case", ALL)
def test_a_gradient_that_does_not_fit_is_refused_before_any_update(case):
    optimizer = ALL[case](stored_start("float32"))
    bad = {ShapeError: np.zeros((1, 5), np.float32), DtypeError: np.zeros(5, np.float64)}
    for error, gradient in bad.items():
        set_gradients(optimizer.parameters, 2)
        dict(optimizer.parameters)["bias"].grad = gradient
        with pytest.raises(error, match=f"{type(optimizer).__name__}: 'bias'"):
            optimizer.step()
        assert np.array_equal(dict(optimizer.parameters)["weight"].data, STORED["start/weight"].astype(np.float32))
        assert optimizer.steps == 0


def frozen(array):
    array.flags.writeable = False
    return array


SHARED = Parameter(np.ones(2))
BAD_PARAMETERS = {
    "got none": [],
    "item 1 is a bare Parameter": [("a", Parameter(np.ones(2))), Parameter(np.ones(2))],
    "item 0 is a bare str": ["ab"],
    "got dict": {"ab": Parameter(np.ones(2))},
    "got Parameter": Parameter(np.ones(2)),
    "item 0 is a group of them": [{"params": [Parameter(np.ones(2))]}, Parameter(np.ones(2))],
    "'0' and '1' are the same parameter": [SHARED, SHARED],
    "two parameters are named 'a'": [("a", Parameter(np.ones(2))), ("a", Parameter(np.ones(2)))],
    "'a' and 'b' are the same parameter": [("a", SHARED), ("b", SHARED)],
    "'a' is a ndarray without .grad": [("a", np.ones(2))],
    "'a' holds no NumPy array but NoneType": [("a", Parameter(None))],
    "'a' is a read-only array": [("a", Parameter(frozen(np.ones(2))))],
}


@pytest.mark.parametrize("message", BAD_PARAMETERS)
def test_what_are_no_named_parameters(message):
    with pytest.raises(ArgumentError, match=f"^SGD: .*{message}"):
        SGD(BAD_PARAMETERS[message], 0.1)


def test_integer_parameters_are_refused():
    with pytest.raises(DtypeError, match="'a' holds int64"):
        Adam([("a", Parameter(np.ones(2, np.int64)))])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: SGD(p, -0.1), "SGD: lr must be a number in"),
        (lambda p: SGD(p, math.nan), "SGD: lr"),
        (lambda p: SGD(p, "0.1"), "SGD: lr .* got '0.1'"),
        (lambda p: SGD(p, 0.1, momentum=1.0), r"SGD: momentum must be a number in \[0, 1\), got 1.0"),
        (lambda p: SGD(p, 0.1, nesterov=True), "nesterov needs a momentum"),
        (lambda p: SGD(p, 0.1, momentum=0.9, dampening=1.5), r"SGD: dampening must be a number in \[0, 1\], got 1.5"),
        (lambda p: SGD(p, 0.1, dampening=0.5), "dampening needs a momentum above 0"),
        (lambda p: SGD(p, 0.1, momentum=0.9, nesterov=True, dampening=0.5), "and no nesterov"),
        (lambda p: RMSProp(p, 0.1, initial_mean_square=-1.0), "RMSProp: initial_mean_square must be .* got -1.0"),
        (lambda p: AdamW(p, betas=(0.9, 1.0)), r"AdamW: betas\[1\]"),
        (lambda p: AdamW(p, weight_decay=-0.1), "AdamW: weight_decay"),
        (lambda p: SGD(p, 0.1, weight_decay=-1.0), "SGD: weight_decay"),
        (lambda p: RMSProp(p, 0.1, eps=0.0), "RMSProp: eps"),
        (lambda p: RMSProp(p, 0.1, decay=1.0), "RMSProp: decay"),
        (lambda p: RMSProp(p, 0.1, rule="tensorflw"), "did you mean 'tensorflow'"),
        (lambda p: Adam(p, betas=(0.9,)), "betas must be two numbers"),
        (lambda p: Adam(p, betas=(0.9, 1.0)), r"betas\[1\]"),
        (lambda p: Adam(p, eps=-1e-8), "Adam: eps"),
        (lambda p: clip_grad_norm(p, 0.0), "max_norm"),
    ],
)
def test_arguments_out_of_range_are_named(make, message):
    with pytest.raises(ArgumentError, match=message):
        make(stored_start("float32"))


@pytest.mark.parametrize("i", range(3))
def test_clipping_is_pytorch_s(i):
    parameters = stored_start("float64")
    set_gradients(parameters, 2)
    for name, parameter in parameters:
        parameter.grad = STORED[f"gradients/{name}"][0].copy()
    assert clip_grad_norm(parameters, STORED["max_norms"][i]) == pytest.approx(STORED[f"clip/{i}/norm"], rel=1e-14)
    for name, parameter in parameters:
        np.testing.assert_allclose(parameter.grad, STORED[f"clip/{i}/{name}"], rtol=1e-14)


sizes = st.floats(-1e6, 1e6, allow_subnormal=False)


@settings(deadline=None)
@given(
    rows=st.lists(st.lists(sizes, min_size=1, max_size=6), min_size=1, max_size=4),
    max_norm=st.floats(1e-3, 1e7),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_clipping_bounds_the_norm_and_keeps_the_direction(rows, max_norm, dtype):
    gradients = [np.array(row, dtype) for row in rows]
    parameters = [(str(i), Parameter(np.zeros_like(g), g.copy())) for i, g in enumerate(gradients)]
    held = [parameter.grad for _, parameter in parameters]
    norm = math.sqrt(math.fsum(float(value) ** 2 for g in gradients for value in g))
    assert clip_grad_norm(parameters, max_norm) == pytest.approx(norm, rel=1e-14)
    after = math.sqrt(math.fsum(float(value) ** 2 for g in held for value in g))
    rounding = 4 * np.finfo(dtype).eps
    assert after <= max_norm * (1 + rounding)
    ratio = min(1.0, max_norm / (norm + 1e-6))
    for g, array in zip(gradients, held, strict=True):
        assert array.dtype == dtype
        np.testing.assert_allclose(array, g * ratio, rtol=rounding, atol=1e-30)


def test_the_norm_is_summed_in_float64():
    gradient = np.random.default_rng(5).normal(size=50_000).astype(np.float32)
    norm = math.sqrt(math.fsum(float(value) ** 2 for value in gradient))
    measured = clip_grad_norm([("p", Parameter(np.zeros_like(gradient), gradient))], math.inf)
    assert measured == pytest.approx(norm, rel=1e-13)


def test_clipping_handles_absent_scalar_and_strided_gradients():
    scalar = Parameter(np.zeros(()), np.float64(3.0))
    strided = Parameter(np.zeros((2, 2)), np.arange(8.0).reshape(2, 4)[:, ::2])
    norm = clip_grad_norm([("none", Parameter(np.zeros(3))), ("scalar", scalar), ("strided", strided)], 1.0)
    assert norm == pytest.approx(math.sqrt(9 + 4 + 16 + 36), rel=1e-15)
    assert scalar.grad == pytest.approx(3 / norm, rel=1e-6)
    np.testing.assert_allclose(strided.grad, np.array([[0, 2], [4, 6]]) / norm, rtol=1e-6)
    assert clip_grad_norm([("none", Parameter(np.zeros(3)))], 1.0) == 0.0


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_gradient_that_is_not_finite_is_named_and_nothing_is_scaled(value):
    good, bad, worse = (Parameter(np.zeros(4, np.float32), np.full(4, 9, np.float32)) for _ in range(3))
    bad.grad[2] = value
    worse.grad[:] = value
    with pytest.raises(NonFiniteError, match="1 of 4 gradient values of 'bad'"):
        clip_grad_norm([("good", good), ("bad", bad), ("worse", worse)], 1.0)
    assert np.all(good.grad == 9)


def test_a_norm_beyond_float64_is_reported():
    parameters = [("a", Parameter(np.zeros(1), np.ones(1))), ("b", Parameter(np.zeros(1), np.array([1e200])))]
    with pytest.raises(NonFiniteError, match="'b' has the largest gradient"):
        clip_grad_norm(parameters, 1.0)
