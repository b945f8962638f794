"""Convolution kernels against seven nested loops, their NumPy twins, stored PyTorch results, and one thread."""

import numba
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.helpers.norms import batch_norm_eval
from tests.helpers.places import FIXTURES
from tinyinception import kernels
from tinyinception.kernels import conv, plan, reference
from tinyinception.kernels import norm as norms
from tinyinception.kernels.vectors import CHANNELS, VECTOR_BYTES

STORED = np.load(FIXTURES / "conv.npz")
CASES = sorted({int(key.split("/")[0]) for key in STORED.files})


def brute_force(x, w, b, stride, pads, groups):
    """Convolution as its definition reads."""
    n, h, wd, _ = x.shape
    kh, kw, cg, f = w.shape
    oh, ow = (h + pads[0] + pads[1] - kh) // stride[0] + 1, (wd + pads[2] + pads[3] - kw) // stride[1] + 1
    y = np.zeros((n, oh, ow, f))
    for at in np.ndindex(n, oh, ow, f):
        for i, j, c in np.ndindex(kh, kw, cg):
            row, column = at[1] * stride[0] + i - pads[0], at[2] * stride[1] + j - pads[2]
            if 0 <= row < h and 0 <= column < wd:
                y[at] += x[at[0], row, column, at[3] // (f // groups) * cg + c] * w[i, j, c, at[3]]
    return y if b is None else y + b


def relative(found, expected):
    return np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30)


WHOLE = max(VECTOR_BYTES // 4, CHANNELS)  # channels that Winograd takes, and multiples of them
WIDTHS = st.integers(1, 20) | st.sampled_from([32, 57, 96])  # of one panel, of several, with and without a remainder


@st.composite
def convolutions(draw):
    """(x, w, b, stride, pads, groups, gradient of the output) in float64, at sizes where a kernel fits."""
    groups, per_in, per_out = draw(st.sampled_from([1, 1, 2, 3])), draw(st.integers(1, 20)), draw(WIDTHS)
    kh, kw = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    pads = tuple(draw(st.integers(0, 3)) for _ in range(4))
    n = draw(st.sampled_from([1, 2, 3, 8]))
    h, w = draw(st.integers(max(1, kh - 1), 9)), draw(st.integers(max(1, kw - 1), 9))
    h, w = max(h, kh - pads[0] - pads[1]), max(w, kw - pads[2] - pads[3])
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x, weight = rng.standard_normal((n, h, w, per_in * groups)), rng.standard_normal((kh, kw, per_in, per_out * groups))
    b = rng.standard_normal(per_out * groups) if draw(st.booleans()) else None
    shape = n, (h + pads[0] + pads[1] - kh) // stride[0] + 1, (w + pads[2] + pads[3] - kw) // stride[1] + 1
    return x, weight, b, stride, pads, groups, rng.standard_normal((*shape, per_out * groups))


def outcomes(module, x, w, b, stride, pads, groups, grad):
    at = stride, pads, groups
    return (
        module.conv2d(x, w, b, *at),
        module.conv2d_input_grad(grad, w, x.shape, *at),
        module.conv2d_weight_grad(grad, x, w.shape, *at),
    )


@settings(max_examples=15, deadline=None, derandomize=True)
@given(convolutions())
def test_twin_is_the_definition(case):
    x, w, b, stride, pads, groups, _ = case
    x = x[:1]
    np.testing.assert_allclose(
        reference.conv2d(x, w, b, stride, pads, groups), brute_force(x, w, b, stride, pads, groups), atol=1e-11
    )


@settings(max_examples=200, deadline=None, derandomize=True)
@given(convolutions(), st.sampled_from([(np.float32, 1e-5), (np.float64, 1e-12)]))
def test_kernels_agree_with_their_twins(case, precision):
    dtype, bound = precision
    *arrays, stride, pads, groups, grad = case
    x, w, b = (None if a is None else a.astype(dtype) for a in arrays)
    case = x, w, b, stride, pads, groups, grad.astype(dtype)
    for found, expected in zip(outcomes(conv, *case), outcomes(reference, *case), strict=True):
        assert found.dtype == dtype
        assert found.shape == expected.shape
        assert relative(found, expected) < bound


@settings(max_examples=60, deadline=None, derandomize=True)
@given(convolutions())
def test_moments_are_those_of_the_result(case):
    x, w, b, stride, pads, groups, _ = case
    if groups > 1:
        x, w, b = x[..., : w.shape[2]], w, b
    found, expected = (module.conv2d_moments(x, w, b, stride, pads) for module in (conv, reference))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-11, atol=1e-11)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(convolutions(), st.sampled_from([np.float32, np.float64]), st.booleans(), st.booleans())
def test_the_norm_of_evaluation_is_fused_to_the_same_bits(case, dtype, relu, learned):
    *arrays, stride, pads, groups, _ = case
    x, w, b = (None if a is None else a.astype(dtype) for a in arrays)
    rng = np.random.default_rng(6)
    mean, gamma, beta = rng.standard_normal((3, w.shape[3])).astype(dtype)
    norm = mean, mean**2 + 1, gamma if learned else None, beta if learned else None, 1e-3, relu
    found = conv.conv2d_norm(x, w, b, stride, pads, groups, *norm)
    np.testing.assert_array_equal(found, batch_norm_eval(norms, conv.conv2d(x, w, b, stride, pads, groups), *norm))
    expected = reference.conv2d_norm(x, w, b, stride, pads, groups, *norm)
    assert relative(found, expected) < (1e-5 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("relu", [False, True])
def test_the_fused_norm_lets_nan_through(relu):
    x, w = np.ones((1, 4, 4, 3), np.float32), np.ones((1, 1, 3, 5), np.float32)
    x[0, 1, 2] = np.nan
    ones = np.ones(5, np.float32)
    found = conv.conv2d_norm(x, w, None, (1, 1), (0, 0, 0, 0), 1, ones, ones, None, None, 1e-3, relu)
    assert np.isnan(found[0, 1, 2]).all()
    assert np.isnan(found).sum() == 5


@settings(max_examples=30, deadline=None, derandomize=True)
@example(3, 33, 26, [1, 0, 3, 2], 96, 112, (np.float32, 1e-5))
@example(2, 27, 32, [0, 2, 1, 1], 96, 112, (np.float64, 1e-12))
@given(
    st.integers(2, 3),
    st.integers(26, 33),
    st.integers(26, 33),
    st.lists(st.integers(0, 3), min_size=4, max_size=4),
    st.integers(1, 4).map(lambda vectors: vectors * WHOLE),
    st.integers(1, 5).map(lambda vectors: vectors * WHOLE),
    st.sampled_from([(np.float32, 1e-5), (np.float64, 1e-12)]),
)
def test_winograd_is_convolution(n, h, wd, pads, c, f, precision):
    dtype, bound = precision
    rng = np.random.default_rng(h * wd)
    x, w, b = (rng.standard_normal(s).astype(dtype) for s in ((n, h, wd, c), (3, 3, c, f), (f,)))
    grad = rng.standard_normal((n, h + pads[0] + pads[1] - 2, wd + pads[2] + pads[3] - 2, f)).astype(dtype)
    at, into = ((1, 1), tuple(pads)), rng.standard_normal(x.shape).astype(dtype)
    assert plan.suits_winograd(grad.shape, w.shape, (1, 1), 1, (1, 1), grad.dtype)
    for found, expected in zip(conv.conv2d_moments(x, w, b, *at), reference.conv2d_moments(x, w, b, *at), strict=True):
        assert relative(found, expected) < bound
    norm = b, b * b + 1, None, b, 1e-3, True
    np.testing.assert_array_equal(
        conv.conv2d_norm(x, w, None, *at, 1, *norm), batch_norm_eval(norms, conv.conv2d(x, w, None, *at, 1), *norm)
    )
    expected = reference.conv2d_input_grad(grad, w, x.shape, *at, 1)
    assert relative(conv.conv2d_input_grad(grad, w, x.shape, *at, 1), expected) < bound
    before = into.copy()
    assert relative(conv.conv2d_input_grad(grad, w, x.shape, *at, 1, into), before + expected) < bound
    expected = reference.conv2d_weight_grad(grad, x, w.shape, *at, 1)
    assert relative(conv.conv2d_weight_grad(grad, x, w.shape, *at, 1), expected) < bound


def test_winograd_rounds_little_more_than_the_sum_itself(monkeypatch):
    """Against float64, at the width of a network: its transforms are sums of four numbers, so it is a small factor."""
    rng = np.random.default_rng(0)
    x, w = (rng.standard_normal(shape).astype(np.float32) for shape in ((2, 32, 32, 96), (3, 3, 96, 96)))
    at = (1, 1), (1, 1, 1, 1), 1
    exact = reference.conv2d(x.astype(np.float64), w.astype(np.float64), None, *at)
    winograd = conv.conv2d(x, w, None, *at)
    monkeypatch.setattr(plan, "suits_winograd", lambda *shapes: False)
    monkeypatch.setattr(plan, "forward", plan.forward.__wrapped__)  # the plan is not kept
    direct = conv.conv2d(x, w, None, *at)
    assert (winograd != direct).any()
    assert np.std(winograd - exact) < 4 * np.std(direct - exact)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(convolutions())
def test_a_gradient_is_added_to_what_is_there(case):
    x, w, _, *at, grad = case
    before = np.random.default_rng(5).standard_normal(x.shape)
    into = before.copy()
    assert conv.conv2d_input_grad(grad, w, x.shape, *at, into) is into
    np.testing.assert_allclose(into, before + reference.conv2d_input_grad(grad, w, x.shape, *at), atol=1e-11)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(convolutions(), st.integers(1, 3), st.integers(0, 3))
def test_slices_of_channels_are_taken_as_they_are(case, before, after):
    *arrays, stride, pads, groups, grad = case
    x, w, b = arrays

    def within(array):  # the same numbers as channels of a wider array; what lies around them must not matter
        around = np.full((*array.shape[:-1], before + array.shape[-1] + after), np.nan)
        around[..., before : before + array.shape[-1]] = array
        return around[..., before : before + array.shape[-1]]

    for found, expected in zip(
        outcomes(conv, within(x), w, b, stride, pads, groups, within(grad)),
        outcomes(conv, x, w, b, stride, pads, groups, grad),
        strict=True,
    ):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_pytorch(case):
    stored = {key.split("/")[1]: STORED[key] for key in STORED.files if key.startswith(f"{case}/")}
    *geometry, groups = (int(n) for n in stored["geometry"])
    arrays = stored["x"], stored["w"], stored.get("b"), tuple(geometry[:2]), tuple(geometry[2:]), groups, stored["grad"]
    for module in (conv, reference):
        for found, name in zip(outcomes(module, *arrays), ("y", "dx", "dw"), strict=True):
            np.testing.assert_allclose(found, stored[name], rtol=1e-12, atol=1e-12)


# beyond every blocking constant: rows of a tile, depth in L1 and L2, panels, parts of the weight gradient
LARGE = [
    (9, 16, 16, 33, 70, (3, 3), (1, 1), (1, 1, 1, 1)),
    (1, 13, 13, 300, 20, (3, 3), (1, 1), (1, 1, 1, 1)),
    (2, 8, 8, 1100, 17, (1, 1), (1, 1), (0, 0, 0, 0)),
    (3, 12, 12, 40, 130, (5, 5), (2, 2), (2, 2, 2, 2)),
]


@pytest.mark.parametrize(("n", "h", "w", "cin", "cout", "kernel", "stride", "pads"), LARGE)
def test_large_shapes_cross_every_block(n, h, w, cin, cout, kernel, stride, pads):
    rng = np.random.default_rng(1)
    x, weight = rng.standard_normal((n, h, w, cin)), rng.standard_normal((*kernel, cin, cout))
    grad = rng.standard_normal(reference.conv2d(x, weight, None, stride, pads, 1).shape)
    case = x, weight, None, stride, pads, 1, grad
    for found, expected in zip(outcomes(conv, *case), outcomes(reference, *case), strict=True):
        assert relative(found, expected) < 1e-12


@pytest.mark.parametrize(("n", "h", "w", "cin", "cout", "kernel", "stride", "pads"), LARGE)
def test_one_and_two_threads_give_the_same_bits(n, h, w, cin, cout, kernel, stride, pads):
    rng = np.random.default_rng(2)
    x, weight = (rng.standard_normal(s).astype(np.float32) for s in ((n, h, w, cin), (*kernel, cin, cout)))
    threads = numba.get_num_threads()
    grad = rng.standard_normal(reference.conv2d(x, weight, None, stride, pads, 1).shape).astype(np.float32)
    results = []
    try:
        for count in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
            numba.set_num_threads(count)
            results.append(outcomes(conv, x, weight, None, stride, pads, 1, grad))
    finally:
        numba.set_num_threads(threads)
    for one, two in zip(*results, strict=True):
        assert one.tobytes() == two.tobytes()


def test_arrays_of_any_layout_are_taken():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((4, 6, 7, 2)).transpose(3, 1, 2, 0)
    w = rng.standard_normal((5, 4, 3, 3)).transpose(2, 3, 1, 0)
    y = reference.conv2d(np.ascontiguousarray(x), np.ascontiguousarray(w), None, (1, 1), (0, 0, 0, 0), 1)
    np.testing.assert_allclose(conv.conv2d(x, w, None, (1, 1), (0, 0, 0, 0), 1), y, atol=1e-12)
    grad = np.broadcast_to(np.ones(()), y.shape)
    np.testing.assert_allclose(
        conv.conv2d_weight_grad(grad, x, w.shape, (1, 1), (0, 0, 0, 0), 1),
        reference.conv2d_weight_grad(grad, x, w.shape, (1, 1), (0, 0, 0, 0), 1),
        atol=1e-12,
    )


def test_complex_arrays_go_to_the_twin():
    rng = np.random.default_rng(4)
    x = rng.standard_normal((1, 4, 4, 2)) + 1j * rng.standard_normal((1, 4, 4, 2))
    w = rng.standard_normal((3, 3, 2, 2)) + 0j
    y = kernels.conv2d(x, w, None, (1, 1), (1, 1, 1, 1), 1)
    np.testing.assert_allclose(y.imag, kernels.conv2d(x.imag, w.real, None, (1, 1), (1, 1, 1, 1), 1), atol=1e-12)


def test_a_phase_of_one_tap_whose_grid_has_as_many_pixels_in_another_shape():
    """Of 4x2 inputs a stride of 3 makes phases of 2x1 pixels, over a gradient of 1x2."""
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((1, 4, 2, 1)), rng.standard_normal((2, 2, 1, 1))
    at = (3, 3), (0, 0, 1, 2), 1
    grad = rng.standard_normal(reference.conv2d(x, w, None, *at).shape)
    for found, expected in zip(
        outcomes(conv, x, w, None, *at, grad), outcomes(reference, x, w, None, *at, grad), strict=True
    ):
        assert relative(found, expected) < 1e-12
