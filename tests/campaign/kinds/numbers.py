"""Sums against `math.fsum`, pooling against loops written here, and NaN that must not disappear."""

import math

import numpy as np

from tests.campaign.outcome import Case
from tests.campaign.registry import kind
from tinyinception import nn
from tinyinception.tensor import Tensor

SUMS = "numbers: sums"
POOLS = "numbers: pooling"
NANS = "numbers: NaN"


def exact(array, axis):
    """Sums without rounding errors, and the sums of sizes, to which an error is relative."""
    lines = np.moveaxis(array.astype(np.float64), axis, -1).reshape(-1, array.shape[axis])
    return np.array([math.fsum(line) for line in lines]), np.abs(lines).sum(axis=1)


def values(rng, shape):
    what = ("equal", "after ReLU", "normal", "large and small", "alternating", "losses")[rng.integers(6)]
    if what == "equal":
        array = np.full(shape, rng.uniform(0.05, 3), np.float32)
    elif what == "alternating":
        array = np.full(shape, 1e4, np.float32)
        array[::2] *= -1
    else:
        array = rng.standard_normal(shape).astype(np.float32)
        array = {
            "after ReLU": np.maximum(array, 0),
            "losses": np.abs(array) + 2,
            "large and small": array * np.float32(10) ** rng.integers(-5, 6, shape).astype(np.float32),
        }.get(what, array)
    return what, array.astype(np.float32)


@kind(SUMS, 3)
def over_an_axis(rng, place):
    """Sum and Mean, the gradients of what was broadcast, Linear's bias, global pooling; at many sizes."""
    rows = int(rng.choice([1, 7, 100, 4096, 100_000, 400_000, 1_000_000], p=[0.1, 0.1, 0.2, 0.2, 0.2, 0.1, 0.1]))
    columns = int(rng.integers(1, 5))
    what, array = values(rng, (rows, columns))
    x = Tensor(array)

    def mean_gradient():
        p = nn.Parameter(np.zeros(columns, np.float32))
        (p + x).backward(array)
        return p.grad

    def linear_bias():
        layer = nn.Linear(2, columns)
        layer(Tensor(np.zeros((rows, 2), np.float32))).backward(array)
        return layer.bias.grad

    def conv_bias():
        layer = nn.Conv2d(1, columns, 1)
        layer(Tensor(np.zeros((1, rows, 1, 1), np.float32))).backward(array.reshape(1, rows, 1, columns))
        return layer.bias.grad

    def scale():
        p = nn.Parameter(np.ones(columns, np.float32))
        (p * x).backward(np.ones_like(array))
        return p.grad

    ways = {
        "sum(axis=0)": lambda: x.sum(axis=0).numpy(),
        "mean(axis=0)": lambda: x.mean(axis=0).numpy() * float(rows),
        "sum(axis=1) of the transposed": lambda: x.transpose(1, 0).sum(axis=1).numpy(),
        "gradient of a broadcast sum": mean_gradient,
        "gradient of a broadcast product": scale,
        "Linear's bias": linear_bias,
        "Conv2d's bias": conv_bias,
        "GlobalAvgPool": lambda: nn.GlobalAvgPool()(x.reshape(1, rows, 1, columns)).numpy()[0] * float(rows),
        "AdaptiveAvgPool2d": lambda: (
            nn.AdaptiveAvgPool2d(1)(x.reshape(1, rows, 1, columns)).numpy().reshape(-1) * float(rows)
        ),
        "mean of middle axes": lambda: x.reshape(1, rows, columns).mean(axis=(0, 1)).numpy() * float(rows),
    }
    way = list(ways)[rng.integers(len(ways))]

    def go():
        right, sizes = exact(array, 0)
        error = np.abs(ways[way]() - right) / np.maximum(sizes, 1e-30)
        assert error.max() < 2e-6, f"off by {error.max():.1e} of the sum of sizes"

    return Case(f"{way}, {rows:,} x {columns} {what}", go, valid=True)


@kind(SUMS, 1)
def over_everything(rng, place):
    shape = tuple(int(n) for n in rng.integers(1, 40, int(rng.integers(1, 5))))
    what, array = values(rng, shape)
    axes = [axis for axis in range(len(shape)) if rng.random() < 0.6] or [0]
    mean, keep = rng.random() < 0.5, rng.random() < 0.5
    axis = tuple(a - len(shape) * int(rng.random() < 0.3) for a in axes)

    def go():
        x = Tensor(array, requires_grad=True)
        y = (x.mean if mean else x.sum)(axis=axis, keepdims=keep)
        count = math.prod(shape[a] for a in axes)
        right = array.astype(np.float64).sum(axis=tuple(axes), keepdims=keep) / (count if mean else 1)
        sizes = np.abs(array.astype(np.float64)).sum(axis=tuple(axes), keepdims=keep) / (count if mean else 1)
        assert y.shape == right.shape
        assert (np.abs(y.numpy() - right) <= 2e-6 * sizes + 1e-30).all(), f"{np.abs(y.numpy() - right).max()} off"
        y.sum().backward()
        np.testing.assert_allclose(x.grad, np.full(shape, 1 / count if mean else 1.0), rtol=1e-6)

    return Case(f"{'mean' if mean else 'sum'} of {shape} {what} over {axis}", go, valid=True)


# -- pooling -------------------------------------------------------------------------------------------------------


def starts(size, kernel, stride, before, after, ceil_mode):
    """Where windows begin, in unpadded pixels: the rule of Caffe and PyTorch, told one window at a time."""
    end = size + after + (stride - 1 if ceil_mode else 0)
    return [start for start in range(-before, size, stride) if start + kernel <= end]


def pooled(x, kernel, stride, pads, ceil_mode, largest, include):
    """Loops over windows, in float64; None where there is no window. (output, gradient of its sum)."""
    n, height, width, channels = x.shape
    rows = starts(height, kernel[0], stride[0], pads[0], pads[1], ceil_mode)
    columns = starts(width, kernel[1], stride[1], pads[2], pads[3], ceil_mode)
    if not rows or not columns:
        return None
    out, grad = np.zeros((n, len(rows), len(columns), channels)), np.zeros(x.shape)
    for i, top in enumerate(rows):
        for j, left in enumerate(columns):
            a, b = max(top, 0), min(top + kernel[0], height)
            c, d = max(left, 0), min(left + kernel[1], width)
            window = x[:, a:b, c:d].astype(np.float64)
            if largest:
                out[:, i, j] = window.max(axis=(1, 2))
                for image in range(n):
                    for channel in range(channels):
                        at = np.unravel_index(window[image, :, :, channel].argmax(), window.shape[1:3])
                        grad[image, a + at[0], c + at[1], channel] += 1
            else:
                padded = (min(top + kernel[0], height + pads[1]) - top) * (
                    min(left + kernel[1], width + pads[3]) - left
                )
                count = padded if include else (b - a) * (d - c)
                out[:, i, j] = window.sum(axis=(1, 2)) / count
                grad[:, a:b, c:d] += 1 / count
    return out, grad


@kind(POOLS, 3)
def any_geometry(rng, place):
    height, width = (int(n) for n in rng.integers(1, 12, 2))
    kernel, stride = (tuple(int(n) for n in rng.integers(1, 6, 2)) for _ in range(2))
    if rng.random() < 0.3:  # windows of nearly the whole image, where rounding up decides
        kernel = height + int(rng.integers(-1, 3)) or 1, width + int(rng.integers(-1, 3)) or 1
    pads = tuple(int(rng.integers(0, kernel[i // 2] // 2 + 1)) for i in range(4))
    padding = pads if rng.random() < 0.6 else (0, 0, 0, 0)
    ceil_mode, largest, include = (bool(rng.random() < 0.5) for _ in range(3))
    x = rng.permutation(2 * height * width * 3).reshape(2, height, width, 3).astype(np.float32)  # no ties

    def go():
        right = pooled(x, kernel, stride, padding, ceil_mode, largest, include)
        options = {"stride": stride, "padding": padding, "ceil_mode": ceil_mode}
        pool = (
            nn.MaxPool2d(kernel, **options) if largest else nn.AvgPool2d(kernel, **options, count_include_pad=include)
        )
        t = Tensor(x, requires_grad=True)
        try:
            y = pool(t)
        except ValueError:  # ShapeError and ArgumentError are
            assert right is None, f"refused, though {right[0].shape[1:3]} windows fit"
            raise
        assert right is not None, f"{y.shape}, though no window fits"
        assert y.shape == right[0].shape, f"{y.shape} in place of {right[0].shape}"
        np.testing.assert_allclose(y.numpy(), right[0], rtol=1e-5)
        y.sum().backward()
        np.testing.assert_allclose(t.grad, right[1], rtol=1e-5, atol=1e-6)

    name = "MaxPool2d" if largest else f"AvgPool2d{' counting padding' if include else ''}"
    return Case(f"{name} {kernel}, stride {stride}, padding {padding}, ceil_mode {ceil_mode}, {height}x{width}", go)


@kind(POOLS, 1)
def odd_geometry(rng, place):
    odd = [0, -1, 1.5, "2", None, True, (2,), (1, 2, 3), (0, 2), np.nan, [], 10**12, (2, "2"), np.bool_(True)][
        rng.integers(14)
    ]
    where = ("kernel", "stride", "padding", "output_size", "conv", "groups")[rng.integers(6)]
    x = Tensor(np.ones((1, 6, 6, 4), np.float32))

    def go():
        layer = {
            "kernel": lambda: nn.MaxPool2d(odd),
            "stride": lambda: nn.AvgPool2d(2, stride=odd),
            "padding": lambda: nn.MaxPool2d(3, padding=odd),
            "output_size": lambda: nn.AdaptiveAvgPool2d(odd),
            "conv": lambda: nn.Conv2d(4, 4, odd, padding="same"),
            "groups": lambda: nn.Conv2d(4, 4, 1, groups=odd),
        }[where]()
        shape = layer(x).shape
        fine = {"stride": odd is None or odd == 10**12, "padding": type(odd) is int and odd == 0}.get(where, False)
        assert fine, f"{odd!r} was accepted and gives {shape}"

    return Case(f"{where} {odd!r}", go)


# -- NaN -----------------------------------------------------------------------------------------------------------


@kind(NANS, 1)
def nan_and_infinity(rng, place):
    """What goes into a layer as NaN comes out of it as NaN wherever it is read."""
    bad = [np.nan, np.inf, -np.inf][rng.integers(3)]
    x = rng.uniform(-1, 1, (2, 8, 8, 4)).astype(np.float32)
    at = tuple(int(rng.integers(n)) for n in x.shape)
    x[at] = bad
    layers = {
        "MaxPool2d": lambda t: nn.MaxPool2d(2)(t),
        "AvgPool2d": lambda t: nn.AvgPool2d(2)(t),
        "ReLU": lambda t: t.relu(),
        "GlobalAvgPool": lambda t: nn.GlobalAvgPool()(t),
        "Conv2d 1x1": lambda t: nn.Conv2d(4, 4, 1)(t),
        "Conv2d 3x3": lambda t: nn.Conv2d(4, 16, 3, padding="same")(t),
        "Conv2d 5x5": lambda t: nn.Conv2d(4, 4, 5, padding="same")(t),
        "BatchNorm2d": lambda t: nn.BatchNorm2d(4)(t),
        "sum": lambda t: t.sum(axis=(1, 2)),
        "max": lambda t: t.max(axis=(1, 2)),
        "LocalResponseNorm": lambda t: nn.LocalResponseNorm(5)(t),
        "AdaptiveAvgPool2d": lambda t: nn.AdaptiveAvgPool2d(3)(t),
        "BatchNorm2d with ReLU": lambda t: nn.BatchNorm2d(4, relu=True)(t),
        "sigmoid": lambda t: t.sigmoid(),
        "exp": lambda t: t.exp(),
    }
    name = list(layers)[rng.integers(len(layers))]

    def go():
        with np.errstate(all="ignore"):
            y = layers[name](Tensor(x)).numpy()
        if np.isnan(bad):
            assert np.isnan(y).any(), "the NaN is gone"
        elif name in ("MaxPool2d", "max", "ReLU"):
            right = np.isinf(y).any()
            assert right or bad < 0, "the infinity is gone"
            assert not np.isnan(y).any(), "an infinity became NaN"
        elif name in (
            "AvgPool2d",
            "GlobalAvgPool",
            "sum",
            "Conv2d 1x1",
            "Conv2d 3x3",
            "AdaptiveAvgPool2d",
            "BatchNorm2d",
        ):
            assert not np.isfinite(y).all(), "the infinity is gone"
        assert name.startswith("BatchNorm") or np.isfinite(y[1 - at[0]]).all(), "the other image is touched"

    return Case(f"{name} of an image with {bad}", go)
