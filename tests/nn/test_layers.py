"""Layers and initialisers: against NumPy, formulas and moments; the operations themselves are tested elsewhere."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyinception import nn
from tinyinception.errors import ArgumentError, DtypeError, ShapeError
from tinyinception.nn import functional, init
from tinyinception.tensor import Tensor


def images(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def test_conv_is_the_sum_over_taps_of_its_own_weights():
    layer = nn.Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0, 0, 1), groups=2).to(np.float64)
    layer.bias.data[...] = np.arange(6)
    x = images(2, 5, 4, 4, dtype=np.float64)
    padded = np.pad(x, ((0, 0), (1, 0), (0, 1), (0, 0)))
    weight = layer.weight.data
    assert weight.shape == (3, 2, 2, 6)
    expected = np.zeros((2, 2, 4, 6))
    for n, i, j, o in np.ndindex(expected.shape):
        group = slice(0, 2) if o < 3 else slice(2, 4)
        expected[n, i, j, o] = (padded[n, 2 * i : 2 * i + 3, j : j + 2, group] * weight[..., o]).sum() + o
    np.testing.assert_allclose(layer(Tensor(x)).numpy(), expected, rtol=1e-12)


def test_conv_without_bias_has_one_parameter_and_keeps_the_grid_by_default():
    layer = nn.Conv2d(3, 8, 5, bias=False, padding="same")
    assert [name for name, _ in layer.named_parameters()] == ["weight"]
    assert layer(Tensor.shape_only(1, 7, 9, 3)).shape == (1, 7, 9, 8)


def test_linear_and_flatten():
    layer = nn.Sequential(nn.Flatten(), nn.Linear(24, 5))
    layer[1].bias.data[...] = np.arange(5)
    x = images(3, 2, 4, 3)
    expected = x.reshape(3, 24) @ layer[1].weight.data + np.arange(5)
    np.testing.assert_allclose(layer(Tensor(x)).numpy(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("momentum", [0.1, 0.3])
def test_batch_norm_keeps_running_statistics_with_the_unbiased_variance(momentum):
    layer = nn.BatchNorm2d(3, eps=1e-3, momentum=momentum)
    mean, var = np.zeros(3), np.ones(3)
    arrays = layer.running_mean, layer.running_var
    for step in range(3):
        x = images(2, 3, 2, 3, seed=step) * 3 + 5
        layer(Tensor(x))
        mean = (1 - momentum) * mean + momentum * x.mean((0, 1, 2))
        var = (1 - momentum) * var + momentum * x.var((0, 1, 2), ddof=1)
    np.testing.assert_allclose(layer.running_mean, mean, rtol=1e-5)
    np.testing.assert_allclose(layer.running_var, var, rtol=1e-5)
    assert arrays[0] is layer.running_mean  # updated in place, so that whoever holds them sees it
    assert arrays[1] is layer.running_var
    layer.gamma.data[...], layer.beta.data[...] = [1, 2, 3], [4, 5, 6]
    x = images(1, 1, 1, 3)
    expected = (x - mean) / np.sqrt(var + 1e-3) * [1, 2, 3] + [4, 5, 6]
    np.testing.assert_allclose(layer.eval()(Tensor(x)).numpy(), expected, rtol=1e-4)
    np.testing.assert_allclose(layer.running_mean, mean, rtol=1e-5)


@pytest.mark.parametrize(("gamma", "beta"), [(True, True), (False, True), (True, False), (False, False)])
@pytest.mark.parametrize("relu", [True, False])
def test_batch_norm_normalises_by_the_batch_in_training(gamma, beta, relu):
    layer = nn.BatchNorm2d(4, gamma=gamma, beta=beta, relu=relu)
    assert [name for name, _ in layer.named_parameters()] == ["gamma"] * gamma + ["beta"] * beta
    x = images(3, 4, 4, 4) * 2 + 1
    expected = (x - x.mean((0, 1, 2))) / np.sqrt(x.var((0, 1, 2)) + 1e-3)
    expected = np.maximum(expected, 0) if relu else expected
    np.testing.assert_allclose(layer(Tensor(x)).numpy(), expected, rtol=1e-4, atol=1e-5)


def test_batch_norm_refuses_other_channel_counts_even_without_parameters():
    with pytest.raises(ShapeError, match=r"BatchNorm2d in norm.*1x2x2x5.*4 channels"):
        nn.Sequential(norm=nn.BatchNorm2d(4, gamma=False, beta=False))(Tensor(images(1, 2, 2, 5)))


def test_dropout_acts_in_training_only_and_keeps_the_mean():
    layer = nn.Dropout(0.25)
    x = Tensor(np.ones((100, 100), np.float32))
    nn.random.manual_seed(0)
    y = layer(x).numpy()
    assert set(np.unique(y)) == {0.0, np.float32(1 / 0.75)}
    assert abs((y == 0).mean() - 0.25) < 0.02
    assert layer.eval()(x) is x
    assert nn.Dropout(0.0)(x) is x


def test_local_response_norm_has_both_scalings():
    x = images(1, 2, 2, 7) * 30
    squares = np.pad(x, ((0, 0),) * 3 + ((2, 2),)) ** 2
    total = sum(squares[..., i : i + 7] for i in range(5))
    np.testing.assert_allclose(nn.LocalResponseNorm()(Tensor(x)).numpy(), x / (2 + 1e-4 * total) ** 0.75, rtol=1e-5)
    np.testing.assert_allclose(
        nn.LocalResponseNorm(5, k=1.0, mean=True)(Tensor(x)).numpy(), x / (1 + 1e-4 * total / 5) ** 0.75, rtol=1e-5
    )


def test_pooling_layers_pass_their_options_on():
    x = np.arange(25, dtype=np.float32).reshape(1, 5, 5, 1)
    assert nn.MaxPool2d(2)(Tensor(x)).numpy().ravel().tolist() == [6, 8, 16, 18]
    assert nn.MaxPool2d(2, ceil_mode=True)(Tensor(x)).numpy().ravel().tolist() == [6, 8, 9, 16, 18, 19, 21, 23, 24]
    padded = nn.MaxPool2d(3, stride=2, padding=1)(Tensor(-x)).numpy().ravel()
    assert padded.tolist() == [0, -1, -3, -5, -6, -8, -15, -16, -18]
    assert nn.AvgPool2d(2, stride=3)(Tensor(x)).numpy().ravel().tolist() == [3, 6, 18, 21]
    assert nn.AvgPool2d(3, stride=4, padding=1)(Tensor(x)).numpy().ravel().tolist() == [3, 6, 18, 21]
    counted = nn.AvgPool2d(3, stride=4, padding=1, count_include_pad=True)(Tensor(x)).numpy().ravel()
    np.testing.assert_allclose(counted, np.array([3, 6, 18, 21]) * 4 / 9, rtol=1e-6)
    assert nn.AdaptiveAvgPool2d((1, 2))(Tensor(x)).numpy().ravel().tolist() == [11, 13]
    assert nn.GlobalAvgPool()(Tensor(x)).numpy().tolist() == [[12]]
    assert nn.ReLU()(Tensor(x - 12)).numpy().min() == 0


def test_functional_losses():
    logits = images(4, 3)
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(functional.softmax(Tensor(logits)).numpy(), probabilities, rtol=1e-5)
    target = np.array([0, 2, 1, 1])
    loss = functional.cross_entropy(Tensor(logits), target, reduction="none")
    np.testing.assert_allclose(loss.numpy(), -np.log(probabilities[range(4), target]), rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: nn.Conv2d(0, 3, 3), "in_channels must be a whole number of at least 1, got 0"),
        (lambda: nn.Conv2d(3, 2.5, 3), "out_channels .* got 2.5"),
        (lambda: nn.Conv2d(3, True, 3), "out_channels .* got True"),
        (lambda: nn.Conv2d(3, 3, 0), "Conv2d: kernel_size .* 0"),
        (lambda: nn.Conv2d(3, 3, 2.5), "Conv2d: kernel_size .* 2.5"),
        (lambda: nn.Conv2d(3, 3, True), "Conv2d: kernel_size .* True"),
        (lambda: nn.Conv2d(3, 3, "3"), "Conv2d: kernel_size .* '3'"),
        (lambda: nn.Conv2d(3, 3, None), "Conv2d: kernel_size .* None"),
        (lambda: nn.Conv2d(3, 3, 3, padding=0.5), "Conv2d: padding .* 0.5"),
        (lambda: nn.Conv2d(3, 3, 3, padding=None), "Conv2d: padding .* None"),
        (lambda: nn.Conv2d(3, 3, 3, stride=0), "Conv2d: stride .* 0"),
        (lambda: nn.Conv2d(3, 3, 3, padding=-1), "Conv2d: padding .* -1"),
        (lambda: nn.Conv2d(3, 3, 3, padding="full"), "Conv2d: padding .* 'full'"),
        (lambda: nn.Conv2d(4, 6, 3, groups=4), "groups=4 must divide in_channels=4 and out_channels=6"),
        (lambda: nn.Linear(3, -1), "Linear: out_features .* got -1"),
        (lambda: nn.BatchNorm2d(0), "BatchNorm2d: channels .* got 0"),
        (lambda: nn.BatchNorm2d(3, eps=0), r"eps must be a number in \(0, inf\), got 0"),
        (lambda: nn.BatchNorm2d(3, momentum=1.5), r"momentum must be a number in \(0, 1\], got 1.5"),
        (lambda: nn.LocalResponseNorm(0), "LocalResponseNorm: size"),
        (lambda: nn.MaxPool2d(2, stride=0), "MaxPool2d: stride .* 0"),
        (lambda: nn.AvgPool2d((2, 2, 2)), "AvgPool2d: kernel"),
        (lambda: nn.AdaptiveAvgPool2d(0), "AdaptiveAvgPool2d: output_size"),
        (lambda: nn.Dropout(1.0), r"p must be a number in \[0, 1\), got 1.0"),
        (lambda: nn.Sequential(nn.ReLU(), len), "Sequential: '1' is a builtin_function_or_method, not a Module"),
        (lambda: nn.Branches(train=nn.ReLU()), "Branches: 'train' cannot be a child's name"),
        (lambda: nn.Branches({"a.b": nn.ReLU()}), "'a.b' cannot be a child's name"),
        (lambda: init.normal(-1), "normal: std must be .* -1"),
        (lambda: init.truncated_normal(math.nan), "truncated_normal: std"),
        (lambda: init.truncated_normal(1.0, cut=0), "truncated_normal: cut"),
        (lambda: init.variance_scaling(mode="fan"), "mode must be one of fan_in, fan_out, fan_avg, got 'fan'"),
        (lambda: init.variance_scaling(distribution="cauchy"), "distribution must be one of .* got 'cauchy'"),
    ],
)
def test_wrong_arguments_are_refused_at_construction(make, told):
    with pytest.raises(ArgumentError, match=told):
        make()


def test_sizes_may_be_numpy_integers_and_lists():
    three, two = np.int64(3), np.int32(2)
    conv = nn.Conv2d(three, three, three, stride=[two, 1], padding=np.array([1, 1])[0])
    assert conv(Tensor.shape_only(1, 8, 8, 3)).shape == (1, 4, 8, 3)
    assert repr(conv).startswith("Conv2d(3 -> 3, 3x3, stride 2x1, padding 1)")


def test_wrong_inputs_name_the_layer():
    net = nn.Sequential(stem=nn.Sequential(conv=nn.Conv2d(3, 4, 3, padding="same")))
    with pytest.raises(ShapeError, match=r"Conv2d in stem\.conv: .*1x8x8x1.*1 channels"):
        net(Tensor(images(1, 8, 8, 1)))
    with pytest.raises(DtypeError, match=r"Conv2d in stem\.conv: .*float64"):
        net(Tensor(images(1, 8, 8, 3, dtype=np.float64)))


def test_a_container_is_a_sequence_of_named_children():
    first, second = nn.ReLU(), nn.Flatten()
    for net in (nn.Sequential(first, second), nn.Sequential({"0": first, "1": second})):
        assert len(net) == 2
        assert list(net) == [first, second]
        assert net[1] is net["1"] is second


def test_branches_join_in_order_of_definition():
    first, second = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 5, 3, padding=1)
    x = Tensor(images(2, 4, 4, 3))
    y = nn.Branches(z=first, pool=nn.MaxPool2d(3, stride=1, padding=1), a=second)(x).numpy()
    assert y.shape == (2, 4, 4, 10)
    np.testing.assert_array_equal(y[..., :2], first(x).numpy())
    np.testing.assert_array_equal(y[..., 5:], second(x).numpy())
    assert nn.channels_after(nn.Sequential(nn.Branches(first, nn.ReLU(), second), nn.ReLU()), 3) == 10


SHAPE = (3, 3, 40, 60)  # fan-in 360, fan-out 540, 21,600 values: a standard deviation is known to about 0.5 %
RNG = 5


def test_first_values_are_drawn_in_pieces_as_if_at_once(monkeypatch):
    monkeypatch.setattr(init, "PIECE", 7)
    for made, whole in (
        (init.normal(0.3), lambda rng: rng.standard_normal((3, 5, 4)) * 0.3),
        (init.uniform(0.3), lambda rng: rng.uniform(-0.3, 0.3, (3, 5, 4))),
    ):
        ours = made(np.random.default_rng(1), (3, 5, 4), np.dtype(np.float32))
        assert ours.dtype == np.float32
        np.testing.assert_array_equal(ours, whole(np.random.default_rng(1)).astype(np.float32))


@pytest.mark.parametrize(
    ("make", "std", "bound"),
    [
        (init.normal(0.3), 0.3, np.inf),
        (init.uniform(0.3), 0.3 / math.sqrt(3), 0.3),
        (init.truncated_normal(0.3), 0.3 * 0.8796, 0.6),
        (init.truncated_normal(0.3, cut=1.0), 0.3 * 0.5396, 0.3),
        (init.he(), math.sqrt(2 / 360), np.inf),
        (init.he("fan_out"), math.sqrt(2 / 540), np.inf),
        (init.glorot(), math.sqrt(2 / 900), math.sqrt(6 / 900)),
        (init.variance_scaling(), math.sqrt(1.3 * 2 / 360) * 0.8796, 2 * math.sqrt(1.3 * 2 / 360)),
        (init.variance_scaling(1.0, "fan_avg", "uniform"), math.sqrt(1 / 450), math.sqrt(3 / 450)),
    ],
)
def test_initialisers_have_the_stated_moments_and_bounds(make, std, bound):
    values = make(np.random.default_rng(RNG), SHAPE, np.dtype(np.float32))
    assert values.dtype == np.float32
    assert values.shape == SHAPE
    assert abs(values.mean()) < 4 * std / math.sqrt(values.size)
    assert values.std() == pytest.approx(std, rel=0.02)
    assert np.abs(values).max() <= bound * (1 + 1e-6)
    if bound < np.inf:
        assert np.abs(values).max() > 0.98 * bound


def test_constants_fill():
    rng, shape = np.random.default_rng(0), (2, 3)
    for make, value in ((init.zeros, 0), (init.ones, 1), (init.constant(0.2), np.float32(0.2))):
        np.testing.assert_array_equal(make(rng, shape, np.dtype(np.float32)), np.full(shape, value, np.float32))


@given(kh=st.integers(1, 7), kw=st.integers(1, 7), cin=st.integers(1, 9), cout=st.integers(1, 9))
def test_fans_count_products_per_output_and_outputs_per_input(kh, kw, cin, cout):
    assert init.fans((kh, kw, cin, cout)) == (kh * kw * cin, kh * kw * cout)
    assert init.fans((cin, cout)) == (cin, cout)


def test_a_bias_has_no_fan():
    with pytest.raises(ShapeError, match="shape 7 has no fan-in"):
        init.he()(np.random.default_rng(0), (7,), np.dtype(np.float32))


def test_grouped_weights_are_drawn_for_their_own_fan_in():
    nn.random.manual_seed(0)
    layer = nn.Conv2d(64, 640, 3, groups=4, padding="same")  # each output sums 3 * 3 * 16 products
    assert layer.weight.data.std() == pytest.approx(math.sqrt(2 / 144), rel=0.02)
