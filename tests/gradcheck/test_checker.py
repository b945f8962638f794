"""The gradient checker itself: what it accepts, what it refuses, and that it leaves everything as it was."""

import doctest

import numpy as np
import pytest

from tinyinception import nn, ops
from tinyinception.errors import ArgumentError, DtypeError, GradientError, NonFiniteError
from tinyinception.gradcheck import check, checker
from tinyinception.tensor import Tensor, apply, concat, no_grad

pytestmark = pytest.mark.usefixtures("one_thread")
METHODS = ("elementwise", "direction", "complex")


class Lying(ops.Multiply):
    """a * b whose gradient for b is off by a relative `error`."""

    def __init__(self, error=1e-5):
        self.error = error

    def backward(self, grad):
        da, db = super().backward(grad)
        return da, None if db is None else db * (1 + self.error)


@pytest.fixture
def x():
    return np.random.default_rng(0).standard_normal((3, 4))


@pytest.fixture
def net():
    """A module with everything that is hard to leave untouched: running statistics, dropout, a ReLU, a bias."""
    nn.random.manual_seed(3)
    net = nn.Sequential(
        conv=nn.ConvUnit(2, 4, 3),
        pool=nn.MaxPool2d(2),
        drop=nn.Dropout(0.4),
        end=nn.GlobalAvgPool(),
        fc=nn.Linear(4, 3),
    )
    return net


@pytest.fixture
def images():
    return np.random.default_rng(1).standard_normal((2, 4, 4, 2)).astype(np.float32)


def test_documented_examples():
    assert doctest.testmod(checker).attempted >= 4
    assert doctest.testmod(checker).failed == 0


# -- right and wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_right_gradient_passes(x, method):
    report = check(lambda x: (x * 2).tanh() / (x * x + 1), x, method=method)
    assert report.ok
    assert report.worst.worst_error < (1e-13 if method == "complex" else 1e-9)
    assert report.raise_if_wrong() is report


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("error", [1e-5, -1e-5, 1.0])
def test_wrong_gradient_is_named(x, method, error):
    report = check(Lying(error), x, x + 3, method=method)
    assert [e.verdict for e in report.entries] == ["ok", "WRONG"]
    assert report.worst.name == "b"
    with pytest.raises(GradientError, match=r"1 of 2 tensors WRONG(.|\n)*b +3x4"):
        report.raise_if_wrong()


def test_error_is_relative_to_the_gradient_itself(x):
    assert check(Lying(1e-5), x, x + 3).worst.worst_error == pytest.approx(1e-5, rel=1e-3)
    assert check(Lying(1e-5), x, x + 3, rtol=2e-5).ok


def test_small_gradient_beside_a_large_one_is_still_checked():
    a, b = np.array([1e4, 1e-3]), np.array([1.0, 1.0])

    class SecondOff(ops.Multiply):
        def backward(self, grad):
            da, db = super().backward(grad)
            return da, db * np.array([1.0, 1.01])

    report = check(SecondOff(), a, b)
    assert report["b"].worst == (1,)
    assert not report.ok


def test_small_gradient_of_a_large_value_is_judged_by_the_rounding_error():
    """Next to 1e6, a change of 1e-4 per unit has a few digits at best: right passes, twice that does not."""
    x = np.array([0.3, -0.7])
    assert check(lambda x: x * 1e-4 + 1e6, x).ok
    assert not check(lambda x: _lie(x * 1e-4, 1.0) + 1e6, x).ok


def test_outputs_at_rest_bring_no_rounding_error():
    """A large output that does not depend on x must not hide a wrong gradient of x."""
    x, y = np.array([0.3, -0.7]), np.array([3e8])
    assert check(lambda x, y: (x * 2, y * 2), x, y).ok
    assert check(lambda x, y: (_lie(x, 1e-5), y * 2), x, y)["x"].verdict == "WRONG"


def test_step_grows_with_the_input():
    """A step of 1e-4 beside 1e6 would leave too few digits to see an error of 1e-5."""
    x = np.array([1e6, -2e6])
    assert check(lambda x: x * x, x).ok
    assert not check(lambda x: _lie(x, 1e-5), x).ok


def _lie(x, error):
    return apply(Lying(error), Tensor(np.ones(1)), x)


def test_per_element_report(x):
    report = check(lambda x: x**2, x, seed=5)
    cotangent = np.random.default_rng(5).standard_normal(x.shape)
    entry = report["x"]
    for found in (entry.analytic, entry.numeric):
        np.testing.assert_allclose(found, 2 * x * cotangent, rtol=1e-7)
    assert entry.error.shape == entry.kink.shape == entry.noise.shape == x.shape
    assert not entry.kink.any()
    assert entry.error[entry.worst] == entry.error.max()


def test_gradient_cut_off_by_detach_is_wrong(x):
    assert not check(lambda x: x.detach() * x, x).ok


def test_input_that_does_not_matter_has_gradient_zero(x):
    report = check(lambda x, y: x * 2 + y.detach() * 0, x, x)
    assert report.ok
    np.testing.assert_array_equal(report["y"].analytic, 0)
    np.testing.assert_array_equal(report["y"].numeric, 0)


def test_gradient_that_is_not_finite_is_wrong():
    class Infinite(ops.Exp):
        def backward(self, grad):
            return (grad * np.array([1.0, np.inf, np.nan]),)

    report = check(Infinite(), np.zeros(3))
    assert list(np.isinf(report["a"].error)) == [False, True, True]
    assert not check(Infinite(), np.zeros(3), method="direction").ok


@pytest.mark.parametrize("method", METHODS)
def test_same_seed_same_report(x, method):
    one, two = (check(ops.Tanh(), x, method=method, seed=4) for _ in range(2))
    other = check(ops.Tanh(), x, method=method, seed=5)
    assert repr(one) == repr(two)
    assert repr(one) != repr(other)


def test_every_output_is_contracted(x):
    """A wrong gradient in the last of nested outputs, such as an auxiliary classifier's, is seen."""
    right = check(lambda x: nn.Output(x * 2, (x.exp(), x * x)), x)
    wrong = check(lambda x: nn.Output(x * 2, (x.exp(), _lie(x, 1e-4))), x)
    assert right.ok
    assert not wrong.ok


def test_float32_lists_and_none_are_taken(x):
    assert check(ops.Linear(), x.astype(np.float32), x.T.astype(np.float32), None).ok
    assert check(lambda x: x**2, [1.0, 2.0, 3.0]).ok
    assert check(lambda x: x**2, Tensor(x)).ok


def test_float32_is_checked_in_float64(x):
    seen = []

    def watched(x):
        seen.append(x.dtype)
        return x * x

    assert check(watched, x.astype(np.float32)).worst.worst_error < 1e-9
    assert set(seen) == {np.dtype(np.float64)}


@pytest.mark.parametrize("method", METHODS)
def test_inside_no_grad(x, method):
    with no_grad():
        assert check(ops.Tanh(), x, method=method).ok
        assert not check(Lying(), x, x, method=method).ok


def test_auto_looks_at_each_number_of_small_tensors_only(x):
    assert check(ops.Exp(), x).method == "elementwise"
    big = np.random.default_rng(0).standard_normal((100, 100))
    assert check(ops.Exp(), big).method == "direction"
    assert check(ops.Exp(), big, directions=3)["a"].error.shape == (3,)


def test_direction_sees_one_wrong_number_among_many():
    x = np.random.default_rng(0).standard_normal(10_000)

    class OneOff(ops.Exp):
        def backward(self, grad):
            wrong = grad * self.saved
            wrong[17] *= 1.5
            return (wrong,)

    assert check(ops.Exp(), x).ok
    assert not check(OneOff(), x).ok


# -- modules -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("method", ["elementwise", "direction"])
def test_module_with_its_parameters(net, images, training, method):
    report = check(net.train(training), images, method=method, directions=1)
    assert report.ok, report
    assert [e.name for e in report.entries] == ["x", *(name for name, _ in net.named_parameters())]


def _state(net):
    tensors = [(p, p.data, p.data.copy(), p.dtype, p.grad, p.requires_grad) for p in net.parameters()]
    buffers = [
        (m, name, a, a.copy()) for m in net.modules() for name, a in vars(m).items() if isinstance(a, np.ndarray)
    ]
    return tensors, buffers, nn.random.get_state(), [m.training for m in net.modules()]


def _assert_unchanged(net, before):
    tensors, buffers, random, training = before
    for parameter, data, copy, dtype, grad, requires in tensors:
        assert parameter.data is data
        np.testing.assert_array_equal(data, copy)
        assert (parameter.dtype, parameter.requires_grad) == (dtype, requires)
        assert parameter.grad is grad
    for module, name, array, copy in buffers:
        assert getattr(module, name) is array
        np.testing.assert_array_equal(array, copy)
    assert nn.random.get_state() == random
    assert [m.training for m in net.modules()] == training


@pytest.mark.parametrize("fails", [False, True])
def test_module_is_left_as_it_was(net, images, fails):
    net(Tensor(images)).sum().backward()
    net.fc.bias.requires_grad = False
    before = _state(net)
    if fails:
        with pytest.raises(ZeroDivisionError):
            check(lambda x: (net(x), 1 / 0), images, parameters=net)
    else:
        kept = images.copy()
        assert "fc.bias" not in [e.name for e in check(net, images).entries]
        np.testing.assert_array_equal(images, kept)
    _assert_unchanged(net, before)


def test_parameters_of_a_closure(net, images):
    """A loss around a network, with the module given so that its buffers are converted too."""
    labels = np.array([0, 2])
    report = check(lambda x: nn.functional.cross_entropy(net(x), labels), images, parameters=net, method="direction")
    assert report.ok
    assert len(report.entries) == 1 + len(list(net.parameters()))


def test_parameters_as_dict_list_or_none_at_all(x, net, images):
    w = Tensor(x.T.astype(np.float32))
    for parameters, name in (({"w": w}, "w"), ([w], "parameter 0")):
        assert check(lambda x: x @ w, x, parameters=parameters)[name].shape == (4, 3)
        assert not check(lambda x: x @ w.detach(), x, parameters=parameters).ok
    assert (w.dtype, w.requires_grad, w.grad) == (np.float32, False, None)
    assert [e.name for e in check(net, images, parameters=()).entries] == ["x"]


def test_wrong_parameter_of_a_module_is_named(images):
    class Layer(nn.Module):
        def __init__(self):
            self.scale = nn.Parameter(np.array([1.5, 0.5], np.float32))

        def forward(self, x):
            return apply(Lying(1e-4), x, self.scale)

    report = check(nn.Sequential(layer=Layer()), images)
    assert [e.name for e in report.entries if e.verdict == "WRONG"] == ["layer.scale"]


@pytest.mark.parametrize("training", [True, False])
def test_module_by_complex_step(training, images):
    net = nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1), nn.BatchNorm2d(3), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(12, 2)
    )
    assert check(net.train(training), images, method="complex").ok


# -- refusals ----------------------------------------------------------------------------------------------------------


def test_complex_step_refuses_what_is_not_analytic(net, images):
    with pytest.raises(ArgumentError, match=r"complex step needs analytic.*MaxPool2d in pool"):
        check(net, images, method="complex")


def test_function_must_repeat_itself(x):
    rng = np.random.default_rng(0)
    with pytest.raises(ArgumentError, match="different values for the same inputs"):
        check(lambda x: x * float(rng.random()), x)


def test_function_must_not_write_to_its_input(x):
    def careless(x):
        x.numpy()[...] *= 2
        return x * x

    with pytest.raises(ArgumentError, match="changed in place"):
        check(careless, x)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: check(ops.Exp(), x, method="central"), ArgumentError, "method must be one of auto"),
        (lambda x: check(ops.Exp(), x, directions=0), ArgumentError, "directions must be a whole number of at least 1"),
        (lambda x: check(lambda: Tensor(1.0)), ArgumentError, "nothing to check"),
        (lambda x: check(ops.Exp(), x[:0]), ArgumentError, "a is empty"),
        (lambda x: check(ops.Exp(), x * np.nan), NonFiniteError, "a has NaN or infinity"),
        (lambda x: check(ops.Log(), x * 0), NonFiniteError, "value is NaN or infinite"),
        (lambda x: check(lambda x: x.numpy(), x), ArgumentError, "must return tensors, not ndarray"),
        (lambda x: check(lambda x: None, x), ArgumentError, "returns no tensor"),
        (
            lambda x: check(lambda x: concat([x, Tensor(np.ones((3, 1), np.float32))]), x),
            DtypeError,
            "different dtypes",
        ),
    ],
)
def test_bad_calls_are_refused(x, call, error, message):
    with pytest.raises(error, match=message):
        call(x)
