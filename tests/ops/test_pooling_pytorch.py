"""Pooling on 1,200 random geometries, each as PyTorch 2.13 computes or refuses it (fixtures/make_pooling.py).

Among them are kernels larger than the padded image, which ceil_mode allows by less than a stride, strides larger than
the kernel, last windows that start in the padding, and too much padding. We differ on purpose only in what the fixture
does not hold: images without a pixel are refused, and averages leave padding out unless asked.
"""

import numpy as np
import pytest

from tests.fixtures.pooling_rule import POOLS, digest, gradient, image
from tests.helpers.places import FIXTURES
from tinyinception.count import summary
from tinyinception.errors import ShapeError
from tinyinception.kernels import reference
from tinyinception.nn import AvgPool2d, MaxPool2d, Module
from tinyinception.ops.padding import resolve
from tinyinception.tensor import Tensor

STORED = np.load(FIXTURES / "pooling.npz")
SETTINGS, SHAPES, DIGESTS = (STORED[name] for name in ("settings", "shapes", "digests"))
REFUSED = SHAPES[:, 0] == 0
pytestmark = pytest.mark.usefixtures("one_thread")


def case(number: int) -> tuple[tuple[int, ...], dict, bool]:
    """Image shape, arguments of a pooling layer, and whether PyTorch refuses them."""
    n, h, w, c, kh, kw, sh, sw, ph, pw, ceil_mode = SETTINGS[number].tolist()
    return (
        (n, h, w, c),
        {"kernel_size": (kh, kw), "stride": (sh, sw), "padding": (ph, pw), "ceil_mode": bool(ceil_mode)},
        bool(REFUSED[number]),
    )


def layer(pool: str, arguments: dict) -> Module:
    if pool == "max":
        return MaxPool2d(**arguments)
    return AvgPool2d(**arguments, count_include_pad=pool == "mean with padding")


def test_the_fixture_holds_the_geometries_that_it_is_for():
    size, kernel, stride, padding = (SETTINGS[:, at : at + 2] for at in (1, 4, 6, 8))
    beyond = (size + 2 * padding < kernel).any(axis=1)
    dropped = (size + 2 * padding >= kernel) & (-(-(size + 2 * padding - kernel) // stride) * stride >= size + padding)
    assert (beyond & ~REFUSED).sum() > 100 < (beyond & REFUSED).sum()
    assert (dropped.any(axis=1) & ~REFUSED & (SETTINGS[:, 10] == 1)).sum() > 50
    assert ((stride > kernel).any(axis=1) & ~REFUSED).sum() > 100
    assert (2 * padding > kernel).any(axis=1).sum() > 20


@pytest.mark.parametrize("pool", POOLS)
def test_output_and_gradient_are_pytorchs(pool):
    wrong = []
    for number in np.flatnonzero(~REFUSED):
        shape, arguments, _ = case(number)
        x = Tensor(image(shape, number), requires_grad=True)
        y = layer(pool, arguments)(x)
        assert y.shape == (shape[0], *SHAPES[number], shape[3]), (shape, arguments)
        y.backward(gradient(y.shape, number))
        if not np.allclose(
            [*digest(y.numpy()), *digest(x.grad)], DIGESTS[number, POOLS.index(pool)], rtol=1e-11, atol=1e-11
        ):
            wrong.append((shape, arguments))
    assert not wrong, f"{len(wrong)} cases, the first: {wrong[0]}"


@pytest.mark.parametrize("pool", POOLS)
def test_what_pytorch_refuses_is_refused_with_an_error_that_names_kernel_and_padding(pool):
    for number in np.flatnonzero(REFUSED):
        shape, arguments, _ = case(number)
        with pytest.raises(
            ShapeError,
            match=r"2d: (kernel .* is larger than the padded input|padding .* is more than "
            r"half of the kernel)",
        ):
            layer(pool, arguments)(Tensor(image(shape, number)))


def test_the_readable_twins_agree_on_every_geometry():
    for number in np.flatnonzero(~REFUSED)[::5]:
        shape, arguments, _ = case(number)
        kernel, stride, out = arguments["kernel_size"], arguments["stride"], tuple(SHAPES[number].tolist())
        pads = resolve(arguments["padding"], kernel, stride, shape[1:3], ShapeError)
        x, grad = image(shape, number), gradient((shape[0], *out, shape[3]), number)
        y, winner = reference.max_pool(x, kernel, stride, pads, out)
        pairs = [(y, reference.max_pool_grad(grad, winner, shape, kernel, stride, pads))]
        pairs += [
            (
                reference.avg_pool(x, kernel, stride, pads, out, counted),
                reference.avg_pool_grad(grad, shape, kernel, stride, pads, counted),
            )
            for counted in (False, True)
        ]
        for (y, dx), stored in zip(pairs, DIGESTS[number], strict=True):
            np.testing.assert_allclose([*digest(y), *digest(dx)], stored, rtol=1e-11, atol=1e-11)


def test_counting_knows_every_geometry():
    for number in np.flatnonzero(~REFUSED)[::5]:
        (_, h, w, c), arguments, _ = case(number)
        counted = summary(MaxPool2d(**arguments), (h, w), channels=c)
        (kh, kw), (oh, ow) = arguments["kernel_size"], SHAPES[number].tolist()
        [row] = counted.rows
        assert row.output == (oh, ow, c)
        assert row.flops == oh * ow * c * (kh * kw - 1)
        ends_the_grid = kh >= h and kw >= w and oh == ow == 1
        assert counted.receptive_field == ((1, 1) if ends_the_grid else (kh, kw))


def test_a_window_may_stand_over_the_padded_image_by_less_than_a_stride_in_ceil_mode_only():
    x = Tensor(np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1))
    assert MaxPool2d(3, stride=2, ceil_mode=True)(x).item() == 3
    assert AvgPool2d(3, stride=2, ceil_mode=True)(x).item() == 1.5
    for arguments in ({"stride": 2}, {"stride": 1, "ceil_mode": True}):
        with pytest.raises(ShapeError, match="kernel 3x3 is larger than the padded input 2x2"):
            MaxPool2d(3, **arguments)(x)
