"""Kernels of pooling, normalisation, LRN and concatenation: against their NumPy twins, PyTorch and formulas."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.norms import batch_norm_eval
from tests.helpers.places import FIXTURES
from tinyinception import kernels
from tinyinception.kernels import concat, lrn, norm, pointwise, pool, reference
from tinyinception.ops.padding import output_size

STORED = np.load(FIXTURES / "layers.npz")
TOLERANCE = {np.float32: {"rtol": 2e-5, "atol": 2e-5}, np.float64: {"rtol": 1e-11, "atol": 1e-11}}
FLOATS = st.sampled_from([np.float32, np.float64])
IMPLEMENTATIONS = pytest.mark.parametrize("of", [kernels, reference], ids=["kernel", "twin"])
quick = settings(max_examples=60, deadline=None)


def close(actual, expected, dtype):
    assert actual.dtype == dtype
    np.testing.assert_allclose(actual, expected, **TOLERANCE[dtype])


def numbers(seed, shape, dtype):
    """Multiples of 1/2 between -2 and 2: ties in almost every window, and no rounding in a maximum."""
    return (np.random.default_rng(seed).integers(-4, 5, shape) / 2).astype(dtype)


def cotangent(seed, shape, dtype):
    return np.random.default_rng(seed + 1).standard_normal(shape).astype(dtype)


@st.composite
def pools(draw):
    """x, kernel, stride, pads, output size; every side padded by up to half of the kernel."""
    k = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    stride = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    pads = tuple(draw(st.integers(0, k[side // 2] // 2)) for side in range(4))
    shape = (draw(st.integers(1, 3)), draw(st.integers(k[0], 9)), draw(st.integers(k[1], 9)), draw(st.integers(1, 9)))
    x = numbers(draw(st.integers(0, 999)), shape, draw(FLOATS))
    return x, k, stride, pads, output_size(shape[1:3], k, stride, pads, ValueError, ceil_mode=draw(st.booleans()))


# -- kernel against twin -----------------------------------------------------------------------------------------------


@quick
@given(pools())
def test_max_pool_is_its_twin(case):
    x, *window, out = case
    y, winner = pool.max_pool(x, *window, out)
    expected, expected_winner = reference.max_pool(x, *window, out)
    assert y.dtype == x.dtype
    assert winner.dtype == expected_winner.dtype
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(winner, expected_winner)
    grad = cotangent(0, y.shape, x.dtype)
    close(
        pool.max_pool_grad(grad, winner, x.shape, *window),
        reference.max_pool_grad(grad, winner, x.shape, *window),
        x.dtype.type,
    )


@quick
@given(pools(), st.booleans())
def test_avg_pool_is_its_twin(case, count_include_pad):
    x, *window, out = case
    y = pool.avg_pool(x, *window, out, count_include_pad)
    close(y, reference.avg_pool(x, *window, out, count_include_pad), x.dtype.type)
    grad = cotangent(0, y.shape, x.dtype)
    close(
        pool.avg_pool_grad(grad, x.shape, *window, count_include_pad),
        reference.avg_pool_grad(grad, x.shape, *window, count_include_pad),
        x.dtype.type,
    )


SHAPES = st.one_of(
    st.tuples(st.integers(2, 40), st.integers(1, 70)),
    st.tuples(st.integers(1, 3), st.integers(2, 9), st.integers(1, 9), st.integers(1, 70)),
)


@st.composite
def channel_slices(draw):
    """An array, dense or a slice of the channels of a dense one."""
    shape, dtype = draw(SHAPES), draw(FLOATS)
    return numbers(draw(st.integers(0, 999)), shape, dtype)[..., draw(st.integers(0, shape[-1] - 1)) :]


@quick
@given(channel_slices(), st.integers(0, 999), st.booleans())
def test_relu_is_its_twin(x, seed, overwrite):
    x[np.random.default_rng(seed).random(x.shape) < 0.1] = np.nan
    y = pointwise.relu(x)
    np.testing.assert_array_equal(y, reference.relu(x), strict=True)
    grad = numbers(seed, x.shape, x.dtype)
    kept, expected = grad.copy(), reference.relu_grad(grad, y)
    found = pointwise.relu_grad(grad, y, overwrite)
    np.testing.assert_array_equal(found, expected, strict=True)
    assert (found is grad) == overwrite
    assert overwrite or np.array_equal(grad, kept)


@pytest.mark.parametrize("where", ["new", "first", "second", "both"])
def test_a_sum_may_take_the_place_of_what_it_adds(where):
    a, b = numbers(0, (2, 333), np.float32)
    b = a if where == "both" else b
    expected, out = a + b, {"new": np.empty_like(a), "second": b}.get(where, a)
    assert pointwise.add(a, b, out) is out
    np.testing.assert_array_equal(out, expected)


@quick
@given(SHAPES, FLOATS, st.booleans(), st.booleans(), st.booleans(), st.integers(0, 999))
def test_batch_norm_is_its_twin(shape, dtype, has_gamma, has_beta, relu, seed):
    x, grad = cotangent(seed, shape, dtype) * 3 + 1, cotangent(seed + 1, shape, dtype)
    gamma = cotangent(seed + 2, shape[-1:], dtype) if has_gamma else None
    beta = cotangent(seed + 3, shape[-1:], dtype) if has_beta else None
    y, found = norm.batch_norm(x, gamma, beta, 1e-3, relu)
    expected, stats = reference.batch_norm(x, gamma, beta, 1e-3, relu)
    close(y, expected, dtype)
    rows = found.affine.reshape(3, -1, shape[-1])  # each channel as often as rows are folded
    np.testing.assert_array_equal(rows, np.broadcast_to(rows[:, :1], rows.shape))
    for actual, stat in zip((*found[:3], rows[:, 0]), stats, strict=True):
        np.testing.assert_allclose(actual, stat, rtol=1e-5 if dtype == np.float32 else 1e-11, atol=1e-6)
    close(
        batch_norm_eval(norm, x, found.mean, found.var, gamma, beta, 0.1, relu),
        batch_norm_eval(reference, x, found.mean, found.var, gamma, beta, 0.1, relu),
        dtype,
    )
    # one mask for both, also where float32 cannot tell on which side of the kink a value lies
    x = np.where(
        np.abs(batch_norm_eval(reference, x, found.mean, found.var, gamma, beta, 1e-3, False)) < 1e-4, x + 0.1, x
    )
    for training in (True, False):
        args = grad, x, found, gamma, beta, relu, training
        for actual, wanted in zip(norm.batch_norm_grad(*args), reference.batch_norm_grad(*args), strict=True):
            assert actual.dtype == dtype
            np.testing.assert_allclose(
                actual,
                wanted,
                rtol=1e-3 if dtype == np.float32 else 1e-9,
                atol=(1e-4 if dtype == np.float32 else 1e-10) * max(1, np.abs(wanted).max()),
            )


@quick
@given(SHAPES, FLOATS, st.integers(1, 8), st.sampled_from([0.5, 0.75]), st.integers(0, 999))
def test_local_response_norm_is_its_twin(shape, dtype, size, beta, seed):
    x, grad = cotangent(seed, shape, dtype), cotangent(seed + 1, shape, dtype)
    args = x, size, 0.3, beta, 1.5
    close(lrn.local_response_norm(*args), reference.local_response_norm(*args), dtype)
    close(lrn.local_response_norm_grad(grad, *args), reference.local_response_norm_grad(grad, *args), dtype)


@quick
@given(SHAPES, FLOATS, st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_concat_is_its_twin_and_a_slice_its_inverse(shape, dtype, widths):
    parts = [cotangent(i, (*shape[:-1], width), dtype) for i, width in enumerate(widths)]
    joined = concat.concat_channels(parts)
    assert joined.dtype == dtype
    np.testing.assert_array_equal(joined, reference.concat_channels(parts))
    slices = np.split(joined, np.cumsum(widths)[:-1], axis=-1)  # views, which kernels take as they are
    np.testing.assert_array_equal(concat.concat_channels(slices), joined)
    for of in (concat, reference):
        rebuilt, start = None, 0
        for piece in slices:
            alone = of.slice_channels_grad(piece, joined.shape, start)
            np.testing.assert_array_equal(alone[..., start : start + piece.shape[-1]], piece)
            assert np.count_nonzero(alone) == np.count_nonzero(piece)
            rebuilt = of.slice_channels_grad(piece, joined.shape, start, rebuilt)
            start += piece.shape[-1]
        np.testing.assert_array_equal(rebuilt, joined)


# -- against PyTorch ---------------------------------------------------------------------------------------------------


def stored(case, dtype, *names):
    return [STORED[f"{case}/{name}"].astype(dtype) for name in names]


@IMPLEMENTATIONS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("number", range(7))
def test_pools_are_pytorch(of, dtype, number):
    kh, kw, sh, sw, ph, pw, ceil_mode = (int(v) for v in STORED[f"pool{number}/setting"])
    x = STORED["images"].astype(dtype)
    window = (kh, kw), (sh, sw), (ph, ph, pw, pw)
    out = output_size(x.shape[1:3], *window, ValueError, ceil_mode=bool(ceil_mode))

    grad, y, dx = stored(f"pool{number}/max", dtype, "grad", "y", "dx")
    actual, winner = of.max_pool(x, *window, out)
    np.testing.assert_array_equal(actual, y)
    close(of.max_pool_grad(grad, winner, x.shape, *window), dx, dtype)

    for counted in (False, True):
        grad, y, dx = stored(f"pool{number}/avg{int(counted)}", dtype, "grad", "y", "dx")
        close(of.avg_pool(x, *window, out, counted), y, dtype)
        close(of.avg_pool_grad(grad, x.shape, *window, counted), dx, dtype)


@IMPLEMENTATIONS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("affine", ["affine", "plain"])
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_batch_norm_is_pytorch(of, dtype, affine, relu, training):
    case = f"norm{int(training)}{int(relu)}/{affine}"
    x, (mean, var), (grad, y, dx) = (
        STORED["images"].astype(dtype),
        stored("norm", dtype, "mean", "var"),
        stored(case, dtype, "grad", "y", "dx"),
    )
    gamma, beta = stored("norm", dtype, "gamma", "beta") if affine == "affine" else (None, None)
    if training:
        actual, found = of.batch_norm(x, gamma, beta, 1e-3, relu)
        count = x.size // 3
        running_mean, running_var = stored("norm", np.float64, "running_mean", "running_var")
        np.testing.assert_allclose(0.9 * STORED["norm/mean"] + 0.1 * found.mean, running_mean, rtol=1e-6)
        unbiased = found.var * count / (count - 1)
        np.testing.assert_allclose(0.9 * STORED["norm/var"] + 0.1 * unbiased, running_var, rtol=1e-6)
    else:
        actual, found = of.batch_norm(x, gamma, beta, 1e-3, relu, (mean, var))
    close(actual, y, dtype)
    grads = of.batch_norm_grad(grad, x, found, gamma, beta, relu, training)
    close(grads[0], dx, dtype)
    if affine == "affine":
        for actual, wanted in zip(grads[1:], stored(case, dtype, "dgamma", "dbeta"), strict=True):
            close(actual, wanted, dtype)


@IMPLEMENTATIONS
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("number", range(4))
def test_local_response_norm_is_pytorch(of, dtype, number):
    size, alpha, beta, k = STORED[f"lrn{number}/setting"]
    grad, y, dx = stored(f"lrn{number}", dtype, "grad", "y", "dx")
    args = STORED["lrn/images"].astype(dtype), int(size), alpha / size, beta, k  # PyTorch's alpha multiplies the mean
    close(of.local_response_norm(*args), y, dtype)
    close(of.local_response_norm_grad(grad, *args), dx, dtype)


# -- single facts ------------------------------------------------------------------------------------------------------


def test_local_response_norm_is_the_formula_of_the_alexnet_paper():
    a = [3.0, -40.0, 50.0, 7.0, 0.5, -60.0, 20.0]
    expected = [
        value / (2 + 1e-4 * sum(v * v for v in a[max(0, i - 2) : min(6, i + 2) + 1])) ** 0.75
        for i, value in enumerate(a)
    ]
    for of in (kernels, reference):
        np.testing.assert_allclose(of.local_response_norm(np.array([a]), 5, 1e-4, 0.75, 2.0), [expected], rtol=1e-14)


@IMPLEMENTATIONS
def test_of_equal_maxima_only_the_first_gets_the_gradient(of):
    x = np.array([[1, 5, 5], [5, 5, 5], [5, 5, 0]], np.float32).reshape(1, 3, 3, 1)
    _, winner = of.max_pool(x, (3, 3), (1, 1), (0, 0, 0, 0), (1, 1))
    dx = of.max_pool_grad(np.full((1, 1, 1, 1), 2, np.float32), winner, x.shape, (3, 3), (1, 1), (0, 0, 0, 0))
    np.testing.assert_array_equal(dx[0, :, :, 0], [[0, 2, 0], [0, 0, 0], [0, 0, 0]])


@IMPLEMENTATIONS
def test_max_pool_pads_with_minus_infinity_and_keeps_nan(of):
    x = np.full((1, 2, 2, 3), -7, np.float32)
    x[..., 1] = -np.inf
    x[0, 1, 0, 2] = x[0, 1, 1, 2] = np.nan
    y, winner = of.max_pool(x, (3, 3), (1, 1), (1, 1, 1, 1), (2, 2))
    np.testing.assert_array_equal(y[..., 0], -7)
    np.testing.assert_array_equal(y[..., 1], -np.inf)
    assert np.isnan(y[..., 2]).all()
    np.testing.assert_array_equal(winner[0, 0, 0], [4, 4, 7])  # the first pixel, the first pixel, the first NaN


def test_windows_of_more_than_256_taps_know_their_winner():
    x = np.zeros((1, 20, 20, 2))
    x[0, 19, 19, 1] = 1
    y, winner = pool.max_pool(x, (20, 20), (1, 1), (0, 0, 0, 0), (1, 1))
    assert (y.ravel().tolist(), winner.ravel().tolist()) == ([0, 1], [0, 399])
    dx = pool.max_pool_grad(y + 2, winner, x.shape, (20, 20), (1, 1), (0, 0, 0, 0))
    assert (dx[0, 0, 0, 0], dx[0, 19, 19, 1], dx.sum()) == (2, 3, 5)


@pytest.mark.parametrize("overwrite", [False, True])
def test_batch_norm_gradient_of_slices_and_in_place(overwrite):
    x, grad = (cotangent(i, (3, 5, 4, 24), np.float64) for i in range(2))
    _, found = norm.batch_norm(x, None, None, 1e-3, True)
    expected = reference.batch_norm_grad(grad, x, found, None, None, True, True)
    around = np.full((3, 5, 4, 40), np.nan)
    around[..., 8:32] = grad
    actual = norm.batch_norm_grad(around[..., 8:32], x, found, None, None, True, True, True, overwrite)
    assert np.shares_memory(actual[0], around) == overwrite
    assert np.isnan(around[..., :8]).all()
    assert np.isnan(around[..., 32:]).all()
    for one, other in zip(actual, expected, strict=True):
        close(one, other, np.float64)


def test_batch_norm_survives_a_mean_far_larger_than_the_deviation():
    rng = np.random.default_rng(0)
    x = (1e4 + rng.standard_normal((8, 9, 9, 24))).astype(np.float32)
    grad = rng.standard_normal(x.shape).astype(np.float32)
    y, found = norm.batch_norm(x, None, None, 1e-3, False)
    expected, wide = reference.batch_norm(x.astype(np.float64), None, None, 1e-3, False)
    np.testing.assert_allclose(y, expected, atol=2e-6)
    np.testing.assert_allclose(found.mean, wide.mean, rtol=1e-12)
    np.testing.assert_allclose(found.var, wide.var, rtol=1e-9)
    dx, dgamma, _ = norm.batch_norm_grad(grad, x, found, None, None, False, True)
    wanted = reference.batch_norm_grad(grad.astype(np.float64), x.astype(np.float64), wide, None, None, False, True)
    np.testing.assert_allclose(dx, wanted[0], atol=2e-6)
    np.testing.assert_allclose(dgamma, wanted[1], atol=1e-4)


@IMPLEMENTATIONS
def test_batch_norm_keeps_nan_in_its_channel_also_through_the_relu(of):
    x = cotangent(0, (4, 5, 5, 3), np.float32)
    x[2, 1, 3, 1] = np.nan
    y = of.batch_norm(x, None, None, 1e-3, True)[0]
    np.testing.assert_array_equal(np.isnan(y).all(axis=(0, 1, 2)), [False, True, False])
    assert np.isfinite(y[..., [0, 2]]).all()


def test_a_constant_channel_has_no_variance_and_stays_finite():
    x = np.full((6, 5), 0.1, np.float32)
    y, found = norm.batch_norm(x, None, None, 1e-3, False)
    assert (found.var == 0).all()
    assert (y == 0).all()
    np.testing.assert_array_equal(found.mean.astype(np.float32), x[0])


@IMPLEMENTATIONS
def test_batch_norm_skips_the_gradient_of_x_on_request(of):
    x = cotangent(0, (6, 5), np.float64)
    _, found = of.batch_norm(x, None, None, 1e-3, True)
    full = of.batch_norm_grad(x, x, found, None, None, True, True)
    less = of.batch_norm_grad(x, x, found, None, None, True, True, False)
    assert less[0] is None
    np.testing.assert_array_equal(less[1:], full[1:])


def everything(x, grad):
    """The result of every kernel of these families on x and a gradient of its shape."""
    window = (3, 3), (1, 1), (1, 1, 1, 1)
    y, winner = pool.max_pool(x, *window, x.shape[1:3])
    gamma, beta = x[0, 0, 0], grad[0, 0, 0]
    normed, found = norm.batch_norm(x, gamma, beta, 1e-3, True)
    return [
        y,
        winner,
        pool.max_pool_grad(grad, winner, x.shape, *window),
        pool.avg_pool(x, *window, x.shape[1:3], False),
        pool.avg_pool_grad(grad, x.shape, *window, False),
        normed,
        *found,
        batch_norm_eval(norm, x, found.mean, found.var, gamma, beta, 1e-3, True),
        *norm.batch_norm_grad(grad, x, found, gamma, beta, True, True),
        lrn.local_response_norm(x, 5, 0.1, 0.75, 2.0),
        lrn.local_response_norm_grad(grad, x, 5, 0.1, 0.75, 2.0),
        concat.concat_channels([x, grad]),
        concat.slice_channels_grad(grad[..., 1:], x.shape, 1),
    ]


def test_the_number_of_threads_does_not_change_a_bit():
    x, grad = cotangent(0, (5, 13, 17, 7), np.float32), cotangent(1, (5, 13, 17, 7), np.float32)
    before = numba.get_num_threads()
    try:
        results = []
        for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(threads)
            results.append([r.tobytes() for r in everything(x, grad)])
    finally:
        numba.set_num_threads(before)
    assert results[0] == results[1]


def test_layout_of_the_input_changes_neither_result_nor_number_of_compilations():
    x, grad = cotangent(0, (3, 6, 5, 4), np.float32), cotangent(1, (3, 6, 5, 4), np.float32)
    expected = everything(x, grad)
    compiled = [
        function
        for family in (pool, norm, lrn, concat)
        for function in vars(family).values()
        if hasattr(function, "signatures")
    ]
    assert len(compiled) > 10
    before = [len(function.signatures) for function in compiled]
    frozen = grad.copy()
    frozen.flags.writeable = False
    strided = np.ascontiguousarray(x.transpose(3, 0, 1, 2)).transpose(1, 2, 3, 0)
    for actual, wanted in zip(everything(strided, frozen), expected, strict=True):
        np.testing.assert_array_equal(actual, wanted)
        assert actual.flags.c_contiguous
    assert [len(function.signatures) for function in compiled] == before
