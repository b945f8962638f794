"""GELU against PyTorch's stored answers, by the kernel and by its twin; what it costs and what it keeps."""

import numpy as np
import pytest

import tinyinception as ti
from tests.helpers.places import FIXTURES
from tinyinception import kernels, nn, ops
from tinyinception.errors import ArgumentError
from tinyinception.kernels import pointwise, reference
from tinyinception.tensor import Tensor

STORED = dict(np.load(FIXTURES / "gelu.npz"))
NEAR = np.abs(STORED["x"]) < 20


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-14), (np.float32, 1.5e-6)])
def test_it_is_pytorch_s_tanh_form(dtype, tolerance, large):
    times = 1 + large * (kernels.LARGE // len(STORED["x"]) + 1)
    x = Tensor(np.tile(STORED["x"], times).astype(dtype), requires_grad=True)
    y = nn.functional.gelu(x)
    y.backward(np.tile(STORED["grad"], times).astype(dtype))
    for found, name in ((y.numpy(), "y"), (x.grad, "dx")):
        assert found.dtype == dtype
        expected = np.tile(STORED[name], times)
        scale = np.maximum(1, np.abs(np.tile(STORED["x"], times))) if name == "y" else 2
        # in float64 PyTorch multiplies infinity by 0 for the gradient at 1e25, which is 0 or 1 times the gradient
        known = np.isfinite(expected)
        assert (np.abs(found - expected)[known] <= (tolerance * scale * np.ones_like(x.numpy()))[known]).all()
        assert np.isfinite(found).all()


def test_it_is_within_5e_4_of_the_form_with_erf():
    gap = np.abs(reference.gelu(STORED["x"]) - STORED["erf"])[NEAR]
    assert 4e-4 < gap.max() < 5e-4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("overwrite", [False, True])
def test_the_kernel_is_its_twin(dtype, overwrite):
    rng = np.random.default_rng(2)
    x, grad = (rng.standard_normal((7, 5, 9)).astype(dtype)[..., 1:] * 3 for _ in range(2))
    x[0, 0, :3] = np.nan, np.inf, 12
    close = {"rtol": 1e-14, "atol": 1e-15} if dtype == np.float64 else {"rtol": 1e-6, "atol": 3e-6}
    np.testing.assert_allclose(pointwise.gelu(x), reference.gelu(x), **close)
    expected, grad = reference.gelu_grad(grad, x), np.ascontiguousarray(grad)
    kept = grad.copy()
    found = pointwise.gelu_grad(grad, x, overwrite)
    np.testing.assert_allclose(found, expected, rtol=close["rtol"], atol=10 * close["atol"])
    assert (found is grad) == overwrite
    assert overwrite or np.array_equal(grad, kept)


def test_the_gradient_is_right():
    ti.check(nn.functional.gelu, np.linspace(-4, 4, 30))
    assert ti.check(nn.GELU(), np.linspace(-4, 4, 30)).ok


def test_it_counts_a_flop_each_and_keeps_its_input():
    cost = ops.GELU().cost((2, 3, 4))
    assert (cost.macs, cost.flops, cost.parameters, cost.activations) == (0, 24, 0, 24)
    assert ops.GELU().keeps((True,)) == ops.operation.FIRST
    net = nn.Sequential(conv=nn.Conv2d(1, 8, 1), gelu=nn.GELU(), pool=nn.GlobalAvgPool(), fc=nn.Linear(8, 3))
    # the image, for the convolution's weights; its result, which GELU keeps; the input of the linear layer
    assert ti.summary(net, 4, channels=1).memory.training == 64 + 512 + 32


def test_other_forms_are_refused():
    for make in (lambda: nn.GELU(approximate="none"), lambda: nn.functional.gelu(Tensor([1.0]), approximate="erf")):
        with pytest.raises(ArgumentError, match="approximate must be 'tanh', within 5e-4 of the form with erf"):
            make()
