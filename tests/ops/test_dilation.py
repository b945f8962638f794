"""Dilated convolution: against its definition, stored PyTorch results, and the plain convolution of a sparse kernel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.norms import batch_norm_eval
from tests.helpers.places import FIXTURES
from tinyinception import gradcheck, kernels, nn, ops
from tinyinception.count import summary
from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.kernels import conv, plan, reference
from tinyinception.kernels import norm as norms
from tinyinception.nn.functional import conv2d
from tinyinception.ops import Window
from tinyinception.plots.network_tree import label
from tinyinception.tensor import Tensor, no_grad

STORED = np.load(FIXTURES / "dilation.npz")
CASES = sorted({int(key.split("/")[0]) for key in STORED.files})


def brute_force(x, w, b, stride, pads, groups, dilation):
    """Seven nested loops, as the definition reads."""
    (n, h, wd, _), (kh, kw, cg, f) = x.shape, w.shape
    oh = (h + pads[0] + pads[1] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    ow = (wd + pads[2] + pads[3] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    y = np.zeros((n, oh, ow, f))
    for at in np.ndindex(n, oh, ow, f):
        for i, j, c in np.ndindex(kh, kw, cg):
            row = at[1] * stride[0] + i * dilation[0] - pads[0]
            column = at[2] * stride[1] + j * dilation[1] - pads[2]
            if 0 <= row < h and 0 <= column < wd:
                y[at] += x[at[0], row, column, at[3] // (f // groups) * cg + c] * w[i, j, c, at[3]]
    return y if b is None else y + b


@st.composite
def dilated(draw):
    """(x, w, b, stride, pads, groups, dilation), the sizes such that the kernel fits."""
    groups, per_in, per_out = draw(st.sampled_from([1, 1, 2, 3])), draw(st.integers(1, 20)), draw(st.integers(1, 20))
    kernel, dilation, stride = (tuple(draw(st.integers(1, 4)) for _ in range(2)) for _ in range(3))
    pads = tuple(draw(st.integers(0, 4)) for _ in range(4))
    n = draw(st.sampled_from([1, 2, 8]))
    size = [
        max(draw(st.integers(1, 9)), (k - 1) * d + 1 - sum(p))
        for k, d, p in zip(kernel, dilation, (pads[:2], pads[2:]), strict=True)
    ]
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    x, w = rng.standard_normal((n, *size, per_in * groups)), rng.standard_normal((*kernel, per_in, per_out * groups))
    return x, w, rng.standard_normal(per_out * groups) if draw(st.booleans()) else None, stride, pads, groups, dilation


def outcomes(module, x, w, b, stride, pads, groups, dilation, grad):
    at = {"stride": stride, "pads": pads, "groups": groups, "dilation": dilation}
    return (
        module.conv2d(x, w, b, **at),
        module.conv2d_input_grad(grad, w, x.shape, **at),
        module.conv2d_weight_grad(grad, x, w.shape, **at),
    )


def relative(found, expected):
    return np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-30)


@settings(max_examples=15, deadline=None, derandomize=True)
@given(dilated())
def test_the_twin_is_the_definition(case):
    x, *others = case
    np.testing.assert_allclose(reference.conv2d(x[:1], *others), brute_force(x[:1], *others), atol=1e-11)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(dilated(), st.sampled_from([(np.float32, 1e-5), (np.float64, 1e-12)]))
def test_kernels_agree_with_their_twins(case, precision):
    dtype, bound = precision
    x, w, b = (None if a is None else a.astype(dtype) for a in case[:3])
    expected = reference.conv2d(x, w, b, *case[3:])
    grad = np.random.default_rng(1).standard_normal(expected.shape).astype(dtype)
    for found, right in zip(
        outcomes(conv, x, w, b, *case[3:], grad), outcomes(reference, x, w, b, *case[3:], grad), strict=True
    ):
        assert found.dtype == dtype
        assert found.shape == right.shape
        assert relative(found, right) < bound


@pytest.mark.parametrize("case", CASES)
def test_agrees_with_pytorch_to_the_last_bit(case):
    stored = {key.split("/")[1]: STORED[key] for key in STORED.files if key.startswith(f"{case}/")}
    *at, groups, same = (int(n) for n in stored["geometry"])
    stride, padding, dilation = tuple(at[:2]), tuple(at[2:4]), tuple(at[4:])
    x, w = (Tensor(stored[name], requires_grad=True) for name in ("x", "w"))
    b = Tensor(stored["b"], requires_grad=True) if "b" in stored else None
    y = conv2d(x, w, b, stride=stride, padding="same" if same else padding, dilation=dilation, groups=groups)
    y.backward(stored["grad"])
    for found, name in ((y.numpy(), "y"), (x.grad, "dx"), (w.grad, "dw"), (None if b is None else b.grad, "db")):
        if found is not None:
            np.testing.assert_array_equal(found, stored[name])


def test_the_stored_cases_are_many_and_of_many_kinds():
    geometry = np.array([STORED[f"{case}/geometry"] for case in CASES])
    assert len(CASES) >= 60
    assert sum((geometry[:, 4:6] > 1).any(axis=1)) >= 60
    assert {1, 2, 3} <= set(geometry[:, 6])
    assert set(geometry[:, 7]) == {0, 1}


@settings(max_examples=30, deadline=None, derandomize=True)
@given(dilated())
def test_it_is_the_plain_convolution_of_a_kernel_with_holes(case):
    x, w, b, *at, dilation = case
    (kh, kw), (down, right) = w.shape[:2], dilation
    holes = np.zeros(((kh - 1) * down + 1, (kw - 1) * right + 1, *w.shape[2:]))
    holes[::down, ::right] = w
    np.testing.assert_allclose(conv.conv2d(x, w, b, *at, dilation), conv.conv2d(x, holes, b, *at), atol=1e-11)


def test_what_is_done_on_the_way_is_done_for_dilated_kernels_too():
    rng = np.random.default_rng(2)
    x, w, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((2, 9, 8, 6), (3, 2, 6, 7), (7,)))
    at, dilation = ((1, 2), (2, 1, 0, 1)), (2, 3)
    y = conv.conv2d(x, w, b, *at, 1, dilation)
    found, *moments = conv.conv2d_moments(x, w, b, *at, dilation)
    np.testing.assert_array_equal(found, y)
    np.testing.assert_allclose(
        moments, [y.mean(axis=(0, 1, 2), dtype=np.float64), y.var(axis=(0, 1, 2), dtype=np.float64)], rtol=1e-5
    )
    norm = b, b * b + 1, None, b, 1e-3, True
    np.testing.assert_array_equal(
        conv.conv2d_norm(x, w, None, *at, 1, *norm, dilation),
        batch_norm_eval(norms, conv.conv2d(x, w, None, *at, 1, dilation), *norm),
    )
    into = np.ones_like(x)
    right = 1 + reference.conv2d_input_grad(y, w, x.shape, *at, 1, dilation=dilation)
    assert conv.conv2d_input_grad(y, w, x.shape, *at, 1, into, dilation) is into
    np.testing.assert_allclose(into, right, rtol=1e-4, atol=1e-4)


def test_winograd_is_left_alone():
    """At a shape where a plain 3x3 takes it."""
    rng = np.random.default_rng(3)
    x, w, grad = (rng.standard_normal(shape) for shape in ((2, 30, 30, 32), (3, 3, 32, 32), (2, 30, 30, 32)))
    assert plan.suits_winograd(grad.shape, w.shape, (1, 1), 1, (1, 1), grad.dtype)
    assert not plan.suits_winograd(grad.shape, w.shape, (1, 1), 1, (2, 2), grad.dtype)
    case = x, w, None, (1, 1), (2, 2, 2, 2), 1, (2, 2), grad
    for found, expected in zip(outcomes(conv, *case), outcomes(reference, *case), strict=True):
        assert relative(found, expected) < 1e-12


def shape_of(size, kernel, **options):
    op = ops.Conv2d(**options)
    return op.shape((1, size, size, 2), (kernel, kernel, 2, 3)), op


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2, 3])
@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
def test_sizes_are_pytorch_s_for_numbers_and_tensorflow_s_for_same(kernel, dilation, stride):
    for size in range(13, 18):
        for padding in (0, 1, 3):
            (_, height, *_), _ = shape_of(size, kernel, stride=stride, padding=padding, dilation=dilation)
            assert height == (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1
        (_, height, *_), op = shape_of(size, kernel, stride=stride, padding="same", dilation=dilation)
        total = max((height - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
        assert height == -(-size // stride)
        assert op.window((1, size, size, 2), (kernel, kernel, 2, 3)) == Window(
            (kernel, kernel), (stride, stride), (total // 2, -(-total // 2)) * 2, (dilation, dilation)
        )


def test_it_costs_what_the_taps_cost_and_widens_the_field():
    plain, wide = (summary(nn.Conv2d(4, 6, 3, padding="same", dilation=d), 16, channels=4) for d in (1, 3))
    assert (plain.params, plain.macs) == (wide.params, wide.macs) == (3 * 3 * 4 * 6 + 6, 16 * 16 * 3 * 3 * 4 * 6)
    assert (plain.receptive_field, wide.receptive_field) == ((3, 3), (7, 7))
    context = nn.Sequential(*[nn.Conv2d(4, 4, 3, padding=d, dilation=d) for d in (1, 2, 4, 8)])
    assert summary(context, 32, channels=4).receptive_field == (31, 31)  # 1 + 2 * (1 + 2 + 4 + 8)
    strided = nn.Sequential(
        nn.Conv2d(4, 4, 3, stride=2, padding=1), nn.Conv2d(4, 4, (3, 1), padding=0, dilation=(4, 9))
    )
    assert summary(strided, 32, channels=4).receptive_field == (3 + 2 * 8, 3)


def test_the_receptive_field_is_what_a_pixel_depends_on():
    layers = nn.Sequential(
        nn.Conv2d(1, 1, (3, 2), padding=0, dilation=(2, 4), stride=(2, 1)), nn.Conv2d(1, 1, 2, padding=0, dilation=3)
    ).to(np.float64)
    x = Tensor(np.random.default_rng(0).standard_normal((1, 30, 30, 1)), requires_grad=True)
    layers(x)[0, 4, 4, 0].backward()
    rows, columns = (np.flatnonzero(np.abs(x.grad[0, :, :, 0]).sum(axis=axis)) for axis in (1, 0))
    seen = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    assert summary(layers, 30, channels=1).receptive_field == seen


def test_gradients_of_a_unit_with_dilation_and_groups():
    unit = nn.ConvUnit(4, 6, (3, 2), dilation=(2, 3), stride=(1, 2), padding=2, groups=2).to(np.float64)
    report = gradcheck.check(unit, np.random.default_rng(5).standard_normal((3, 6, 7, 4)))
    assert report.ok, report


def test_a_unit_in_evaluation_fuses_it_to_the_same_bits():
    unit = nn.ConvUnit(5, 6, 3, dilation=(1, 2)).eval()
    x = Tensor(np.random.default_rng(6).standard_normal((2, 9, 9, 5)).astype(np.float32))
    with no_grad():
        np.testing.assert_array_equal(unit(x).numpy(), unit.norm(unit.conv(x)).numpy())


def test_complex_arrays_go_to_the_twin():
    rng = np.random.default_rng(7)
    x, w = rng.standard_normal((1, 6, 6, 2)), rng.standard_normal((2, 2, 2, 2))
    y = kernels.conv2d(1j * x, w + 0j, None, (1, 1), (0, 0, 0, 0), 1, (3, 2))
    np.testing.assert_allclose(y.imag, kernels.conv2d(x, w, None, (1, 1), (0, 0, 0, 0), 1, (3, 2)), atol=1e-12)


def test_layers_say_their_dilation():
    assert "padding 2, dilation 2" in repr(nn.Conv2d(3, 8, 3, padding=2, dilation=2))
    assert "padding same, dilation 2x1, groups 3" in repr(nn.Conv2d(3, 6, 3, padding="same", dilation=(2, 1), groups=3))
    assert "dilation" not in repr(nn.Conv2d(3, 8, 3, padding="same"))
    assert label(nn.Conv2d(3, 8, 3, dilation=2, padding="same")) == "3×3 8 (dilation 2×2)"


@pytest.mark.parametrize("dilation", [0, -1, 1.5, "2", True, (1, 2, 3), (1, 0), None])
def test_what_is_no_dilation_is_refused_by_name(dilation):
    with pytest.raises(ArgumentError, match=r"^Conv2d: dilation must be one or two whole numbers of at least 1, "):
        nn.Conv2d(3, 8, 3, dilation=dilation, padding="same")
    x, w = Tensor(np.zeros((1, 5, 5, 3))), Tensor(np.zeros((3, 3, 3, 8)))
    with pytest.raises(ShapeError, match=r"^Conv2d: dilation must be one or two whole numbers of at least 1, "):
        conv2d(x, w, dilation=dilation)


def test_numpy_s_whole_numbers_are_taken():
    assert nn.Conv2d(3, 8, 3, dilation=np.int64(2), padding="same").dilation == (2, 2)


def test_a_kernel_spread_beyond_the_image_is_refused_with_its_span():
    told = "kernel 7x5 is larger than the padded input 6x6 .*; 3x3 with dilation 3x2 spans that much"
    with pytest.raises(ShapeError, match=told):
        conv2d(Tensor(np.zeros((1, 6, 6, 1))), Tensor(np.zeros((3, 3, 1, 1))), dilation=(3, 2))
