"""Sums of many numbers of one sign are right to 1e-6 in float32, whatever adds them up; the oracle is math.fsum."""

import math

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinyinception import kernels, nn, ops
from tinyinception.kernels import reference, sums
from tinyinception.nn import functional
from tinyinception.ops.arithmetic import unbroadcast
from tinyinception.ops.fused import MomentsConv2d
from tinyinception.ops.reduction import add_up, average
from tinyinception.tensor import Tensor, apply, use

CLOSE = {"rtol": 1e-6, "atol": 0}
TENTH = np.float32(0.1)
SHAPES = hnp.array_shapes(min_dims=1, max_dims=5, max_side=9)
quick = settings(max_examples=60, deadline=None)


def tensor(array: np.ndarray) -> Tensor:
    return Tensor(array, requires_grad=True)


@st.composite
def arrays_and_axes(draw):
    """Numbers of one sign, dense, a slice of channels, or transposed; and axes in any order."""
    shape = draw(SHAPES)
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    wide = draw(st.integers(0, 3))
    a = (rng.random((*shape[:-1], shape[-1] + wide)) + 0.5).astype(draw(st.sampled_from((np.float32, np.float64))))
    a = a[..., wide // 2 : wide // 2 + shape[-1]]
    a = a.transpose(draw(st.permutations(range(a.ndim)))) if draw(st.booleans()) else a
    axes = draw(st.lists(st.integers(0, a.ndim - 1), min_size=1, max_size=a.ndim, unique=True))
    return a, tuple(axes)


@quick
@given(arrays_and_axes())
def test_the_kernel_is_its_twin_and_the_exact_sum(case):
    a, axes = case
    found, exact = sums.axis_sums(a, axes), reference.axis_sums(a, axes)
    np.testing.assert_allclose(found, exact, rtol=1e-14, strict=True)
    rest = [axis for axis in range(a.ndim) if axis not in axes]
    rows = a.transpose(*rest, *axes).reshape(found.size, -1)
    np.testing.assert_allclose(found.ravel(), [math.fsum(row.tolist()) for row in rows], rtol=1e-14)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((300_001,), (0,)),
        ((150_001, 3), (0,)),
        ((3, 150_001), (1,)),
        ((2000, 2, 100), (0, 2)),
        ((64, 33, 33, 5), (0, 1, 2)),
        ((64, 33, 33, 5), (1, 2)),
        ((9, 33, 33, 50), (1, 3)),
        ((64, 33, 33, 5), (0, 1, 2, 3)),
        ((1, 70_000, 1, 4), (1,)),
        ((70_000, 17), (1,)),
        ((17, 70_000), (0,)),
        ((5_000_000, 1), (0,)),
        ((66_000, 70), (0,)),
    ],
)
def test_sums_and_means_over_any_axes_are_right_to_a_millionth(shape, axes):
    a = np.random.default_rng(len(shape)).random(shape, np.float32) + TENTH
    exact = a.sum(axis=axes, dtype=np.longdouble, keepdims=True)
    x = Tensor(a)
    total, mean = x.sum(axes, keepdims=True), x.mean(axes, keepdims=True)
    assert total.dtype == mean.dtype == np.float32
    assert total.shape == mean.shape == exact.shape
    np.testing.assert_allclose(total.numpy(), exact.astype(float), **CLOSE)
    np.testing.assert_allclose(mean.numpy(), exact.astype(float) * exact.size / a.size, **CLOSE)
    np.testing.assert_array_equal(x.sum(axes).numpy().ravel(), total.numpy().ravel())


def test_millions_of_equal_numbers_lose_nothing():
    assert Tensor(np.ones(17_000_001, np.float32)).sum().item() == pytest.approx(17_000_001, rel=1e-6)
    tenths = np.full((20_000_000, 2), 0.1, np.float32)
    exact = 20_000_000 * float(TENTH)
    np.testing.assert_allclose(Tensor(tenths).sum(axis=0).numpy(), exact, **CLOSE)
    np.testing.assert_allclose(Tensor(tenths).mean().item(), float(TENTH), **CLOSE)
    np.testing.assert_allclose(Tensor(tenths.T).mean(axis=1).numpy(), float(TENTH), **CLOSE)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("shape", [(40, 3), (70_000, 3)])
def test_the_dtype_stays(dtype, shape):
    a = np.ones(shape, dtype)
    for found in (add_up(a, (0,)), average(a, (0, 1)), unbroadcast(a, (3,)), Tensor(a).sum().numpy()):
        assert found.dtype == dtype


@pytest.mark.parametrize(("shape", "axes"), [((4096, 1100), (0,)), ((70, 300, 300), (1,)), ((4_300_000,), (0,))])
def test_one_and_two_threads_give_the_same_bits(shape, axes):
    a = np.random.default_rng(3).standard_normal(shape).astype(np.float32)
    assert a.size > sums.SERIAL
    before, found = numba.get_num_threads(), []
    for threads in (1, 2):
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
        found.append(sums.axis_sums(a, axes))
    numba.set_num_threads(before)
    np.testing.assert_array_equal(*found)


def test_nan_and_infinity_come_through():
    a = np.ones((70_000, 4), np.float32)
    a[5, 0], a[6, 1], a[7, 2], a[8, 2] = np.nan, np.inf, np.inf, -np.inf
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(Tensor(a).sum(axis=0).numpy(), [np.nan, np.inf, np.nan, 70_000])


def test_a_mean_of_large_numbers_does_not_overflow():
    assert Tensor(np.full((70_000, 2), 3e38, np.float32)).mean(axis=0).numpy() == pytest.approx(3e38, rel=1e-6)


def test_gradients_of_what_was_broadcast_are_right():
    rows, exact = np.full((10**6, 2), TENTH), 10**6 * float(TENTH)
    bias, scale, number = tensor(np.zeros(2, np.float32)), tensor(np.ones((1, 2), np.float32)), tensor(np.float32([2]))
    ((Tensor(rows) * scale + bias) * number / number - bias * 0).backward(rows)
    np.testing.assert_allclose(bias.grad, exact, **CLOSE)
    np.testing.assert_allclose(scale.grad, exact * float(TENTH), **CLOSE)
    for operation in (ops.Add(), ops.Multiply()):
        number.grad = None
        apply(operation, Tensor(rows), number).backward(np.ones_like(rows))
        np.testing.assert_allclose(number.grad, 2e6 if isinstance(operation, ops.Add) else 2 * exact, **CLOSE)


def test_gradients_of_biases_are_right():
    tenths = np.full((10**6, 2), TENTH)
    linear = nn.Linear(2, 2)
    linear(Tensor(np.zeros((10**6, 2), np.float32))).backward(tenths)
    np.testing.assert_allclose(linear.bias.grad, 10**6 * float(TENTH), **CLOSE)
    conv = nn.Conv2d(1, 3, 1)
    conv(Tensor(np.zeros((10, 300, 300, 1), np.float32))).backward(np.full((10, 300, 300, 3), TENTH))
    np.testing.assert_allclose(conv.bias.grad, 9 * 10**5 * float(TENTH), **CLOSE)


@pytest.mark.parametrize(
    ("function", "shape"),
    [
        (functional.global_avg_pool, (1, 1500, 1500, 2)),
        (lambda x: functional.adaptive_avg_pool2d(x, 2), (1, 1501, 1500, 2)),
        (lambda x: functional.avg_pool2d(x, 900, stride=300), (1, 1500, 900, 2)),
        (lambda x: functional.avg_pool2d(x, (7, 5)), (2, 70, 50, 3)),
    ],
)
def test_large_averages_are_right_forward_and_backward(function, shape):
    x = tensor(np.full(shape, TENTH))
    y = function(x)
    np.testing.assert_allclose(y.numpy(), float(TENTH), **CLOSE)
    y.backward(np.ones(y.shape, np.float32))
    assert x.grad.dtype == np.float32
    assert x.grad.sum(dtype=np.float64) == pytest.approx(math.prod(y.shape), rel=1e-6)


def test_a_pixel_that_many_windows_see_gets_the_gradient_of_all():
    """A kernel of 67x67 with stride 1: 4,489 windows send 0.1 each to the middle pixel.

    Added up in float32 that is off by 4e-5, and by 1.5e-6 if each row of windows is added up first.
    """
    image, many = np.zeros((1, 133, 133, 1), np.float32), 67 * 67
    image[0, 66, 66] = 1
    for pool, share in ((functional.max_pool2d, 1.0), (functional.avg_pool2d, 1 / many)):
        x = tensor(image)
        y = pool(x, 67, stride=1)
        y.backward(np.full(y.shape, TENTH))
        np.testing.assert_allclose(x.grad[0, 66, 66], many * float(TENTH) * share, **CLOSE)


def test_a_pixel_that_many_bins_repeat_gets_the_gradient_of_all():
    x = tensor(np.ones((1, 2, 1, 1), np.float32))
    y = functional.adaptive_avg_pool2d(x, 400)
    y.backward(np.full(y.shape, TENTH))
    np.testing.assert_allclose(x.grad, 80_000 * float(TENTH), **CLOSE)
    assert x.grad.dtype == np.float32


def test_losses_over_many_classes_and_many_images_are_right():
    images, classes = 200_000, 3
    logits = tensor(np.zeros((images, classes), np.float32))
    loss = functional.cross_entropy(logits, np.zeros(images, int))
    assert loss.item() == pytest.approx(math.log(classes), rel=1e-6)
    for order in "CF":
        flat = tensor(np.asarray(np.zeros((2, 300_000), np.float32), order=order))
        np.testing.assert_allclose(functional.log_softmax(flat).numpy(), -math.log(300_000), **CLOSE)
        loss = functional.cross_entropy(flat, np.full((2, 300_000), 1 / 300_000), label_smoothing=0.1)
        assert loss.item() == pytest.approx(math.log(300_000), rel=1e-6)


def test_the_window_of_response_normalisation_may_be_large():
    x = np.full((2, 60_001), TENTH)
    y = functional.local_response_norm(tensor(x), 30_001, alpha=1.0, beta=1.0, k=0.0).numpy()
    np.testing.assert_allclose(y[:, 30_000], 1 / (30_001 * float(TENTH)), rtol=1e-6)


def test_batch_norms_statistics_are_right():
    operation, x = ops.BatchNorm(1e-3), np.full((10**6, 2), TENTH)
    x[::2] *= 3
    found = use(operation, Tensor(x))[1].kept.aside
    np.testing.assert_allclose(found.mean, x.mean(axis=0, dtype=np.float64), **CLOSE)
    np.testing.assert_allclose(found.var, x.var(axis=0, dtype=np.float64), **CLOSE)


def test_a_convolutions_statistics_are_right():
    """Of a 1x1 convolution with weights 1 in channels of two kinds: 0.1 everywhere, and 0.1 beside 0.3."""
    x = np.full((10, 300, 300, 2), TENTH)
    x[:, ::2, :, 1] *= 3
    _, node = use(MomentsConv2d(), Tensor(x), tensor(np.eye(2, dtype=np.float32)[None, None]))
    mean, variance = node.kept.aside
    np.testing.assert_allclose(mean, x.mean(axis=(0, 1, 2), dtype=np.float64), **CLOSE)
    np.testing.assert_allclose(variance, x.var(axis=(0, 1, 2), dtype=np.float64), rtol=1e-6, atol=1e-14)


def test_small_sums_need_no_kernel(monkeypatch):
    monkeypatch.setattr(kernels, "axis_sums", None)
    assert Tensor(np.ones((255, 256), np.float32)).sum().item() == 255 * 256
