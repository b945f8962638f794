"""Hypothesis strategies that the tests share: shapes, windows, and for each operation the ways to call it.

Hypothesis draws sizes and options; numbers come from a NumPy generator with a drawn seed, which is quicker than drawing
each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from tinyinception import ops
from tinyinception.ops import Operation
from tinyinception.ops.padding import resolve
from tinyinception.tensor import apply

sizes = st.integers(1, 4)
shapes = st.lists(sizes, min_size=1, max_size=4).map(tuple)
dtypes = st.sampled_from([np.float32, np.float64])
flags = st.booleans()


@dataclass(frozen=True)
class Case:
    """An operation and arrays to call it with."""

    op: Operation
    inputs: tuple[np.ndarray | None, ...]
    constants: tuple[np.ndarray | None, ...] = ()  # inputs that want no gradient, behind the others

    def use(self, *inputs):
        """The operation on these inputs and the constants, which take their dtype where they have to."""
        return apply(self.op, *inputs, *self.constants)

    @property
    def function(self):
        """What gradcheck is given."""
        return partial(apply_with, self.op, self.constants) if self.constants else self.op

    def __repr__(self) -> str:
        inputs = ", ".join("None" if x is None else f"{x.dtype} {x.shape}" for x in self.inputs)
        return f"{self.op.name}({vars(self.op)}) on {inputs}"


def apply_with(op, constants, *inputs):
    """An operation some of whose inputs are given."""
    return apply(op, *inputs, *constants)


def operations() -> dict[str, type[Operation]]:
    """Every operation that the package exports, by name."""
    found = {name: getattr(ops, name) for name in ops.__all__}
    return {
        name: cls
        for name, cls in found.items()
        if isinstance(cls, type) and issubclass(cls, Operation) and cls is not Operation
    }


@st.composite
def arrays(draw, shape, low: float | None = None, high: float = 2.0):
    """Normal numbers of a shape, or uniform ones from low to high."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    values = rng.standard_normal(shape) if low is None else rng.uniform(low, high, shape)
    return values.astype(draw(dtypes))


@st.composite
def away_from_zero(draw, shape):
    """Numbers of either sign whose magnitude is from 0.5 to 2."""
    values = draw(arrays(shape, 0.5))
    signs = np.random.default_rng(values.size).choice([-1, 1], shape)
    return values * signs.astype(values.dtype)


@st.composite
def broadcastable(draw):
    """Two shapes that broadcast: axes of size 1 and missing leading axes on either side."""
    full = draw(shapes)
    pair = []
    for _ in range(2):
        some = tuple(1 if draw(st.integers(0, 3)) == 0 else n for n in full)
        pair.append(some[draw(st.integers(0, len(some))) :] if draw(flags) else some)
    return pair


@st.composite
def images(draw, channels: int | None = None, least: int = 1):
    """Shape of a small batch of images, N x H x W x C."""
    size = st.integers(least, 6)
    return draw(st.integers(1, 2)), draw(size), draw(size), channels or draw(st.integers(1, 4))


def paddings(height: int, width: int):
    """Every way to say padding, up to `height` and `width` pixels a side."""
    tall, wide = st.integers(0, height), st.integers(0, width)
    return st.one_of(
        st.sampled_from(["valid", "same"]),
        st.integers(0, min(height, width)),
        st.tuples(tall, wide),
        st.tuples(tall, tall, wide, wide),
    )


def room(padding, size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the padded image, for any way to say padding ("same" fits every kernel)."""
    if isinstance(padding, str):
        return size if padding == "valid" else (8, 8)
    sides = (padding,) * 4 if isinstance(padding, int) else padding if len(padding) == 4 else np.repeat(padding, 2)
    return size[0] + int(sides[0] + sides[1]), size[1] + int(sides[2] + sides[3])


strides = st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 3), st.integers(1, 3)))


@st.composite
def axis_choices(draw, ndim: int):
    """None, one axis or several, counted from either end."""
    kind = draw(st.sampled_from(["all", "one", "several"]))
    if kind == "all":
        return None
    if kind == "one":
        return draw(st.integers(-ndim, ndim - 1))
    return tuple(draw(st.lists(st.integers(0, ndim - 1), min_size=1, max_size=ndim, unique=True)))


# -- one strategy for each operation -----------------------------------------------------------------------------------


@st.composite
def elementwise(draw, cls):
    a, b = draw(broadcastable())
    second = away_from_zero(b) if cls is ops.Divide else arrays(b)
    return Case(cls(), (draw(arrays(a)), draw(second)))


@st.composite
def pointwise(draw, cls):
    return Case(cls(), (draw(arrays(draw(shapes), 0.1 if cls is ops.Log else None)),))


@st.composite
def power(draw):
    exponent = draw(st.sampled_from([-2, -1, 0, 1, 2, 3, 0.5, -0.5, 1.7]))
    shape = draw(shapes)
    base = away_from_zero(shape) if exponent == int(exponent) else arrays(shape, 0.2)
    return Case(ops.Power(exponent), (draw(base),))


@st.composite
def matmul(draw):
    leading = draw(st.sampled_from([((), ()), ((2,), (2,)), ((2,), ()), ((), (3,)), ((2, 1), (3,)), ((1,), (2,))]))
    n, k, m = draw(sizes), draw(sizes), draw(sizes)
    return Case(ops.MatMul(), (draw(arrays((*leading[0], n, k))), draw(arrays((*leading[1], k, m)))))


@st.composite
def reduction(draw, cls):
    shape = draw(shapes)
    return Case(cls(draw(axis_choices(len(shape))), draw(flags)), (draw(arrays(shape)),))


@st.composite
def reshape(draw):
    shape = draw(shapes)
    n = int(np.prod(shape))
    divisor = draw(st.sampled_from([d for d in range(1, n + 1) if n % d == 0]))
    return Case(
        ops.Reshape(draw(st.sampled_from([(divisor, -1), (n // divisor, divisor), (-1,), (1, n)]))),
        (draw(arrays(shape)),),
    )


@st.composite
def transpose(draw):
    shape = draw(shapes)
    return Case(ops.Transpose(draw(st.one_of(st.just(()), st.permutations(range(len(shape)))))), (draw(arrays(shape)),))


@st.composite
def slicing(draw):
    shape = draw(shapes)
    index = []
    for n in shape:
        start = draw(st.integers(0, n - 1))
        index.append(
            draw(
                st.sampled_from(
                    [start, start - n, slice(start, None), slice(None, None, -1), slice(start, n, 2), slice(None)]
                )
            )
        )
    if draw(flags):
        index.insert(draw(st.integers(0, len(index))), None)
    if draw(flags):
        index = [*index[: draw(st.integers(0, len(index) - 1))], Ellipsis]
    return Case(ops.Slice(tuple(index)), (draw(arrays(shape)),))


@st.composite
def pad(draw):
    shape = draw(shapes)
    width = st.integers(0, 2)
    return Case(
        ops.Pad([(draw(width), draw(width)) for _ in shape], draw(st.sampled_from([0.0, 1.5]))), (draw(arrays(shape)),)
    )


@st.composite
def conv2d(draw):
    groups = draw(st.integers(1, 3))
    per_group = draw(st.integers(1, 3))
    x = draw(images(channels=groups * per_group))
    padding = draw(paddings(2, 2))
    height, width = room(padding, x[1:3])
    kernel = draw(st.integers(1, min(height, 5))), draw(st.integers(1, min(width, 7)))
    dilation = [
        draw(st.integers(1, min(3, (n - 1) // max(k - 1, 1) or 1)))
        for n, k in zip((height, width), kernel, strict=True)
    ]
    out = groups * draw(st.integers(1, 3))
    weights = draw(arrays((*kernel, per_group, out)))
    bias = draw(arrays((out,))) if draw(flags) else None
    op = ops.Conv2d(draw(strides), padding, groups, dilation=tuple(dilation))
    return Case(op, (draw(arrays(x)), weights, bias))


@st.composite
def linear(draw):
    n, k, f = draw(sizes), draw(st.integers(1, 8)), draw(st.integers(1, 8))
    return Case(ops.Linear(), (draw(arrays((n, k))), draw(arrays((k, f))), draw(arrays((f,))) if draw(flags) else None))


@st.composite
def pool(draw, cls):
    x = draw(images())
    kernel = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    padding = draw(paddings(kernel[0] // 2, kernel[1] // 2))
    height, width = room(padding, x[1:3])
    kernel = min(kernel[0], height), min(kernel[1], width)
    pads = resolve(padding, kernel, (1, 1), x[1:3], AssertionError)
    assume(max(pads[:2]) <= kernel[0] // 2 and max(pads[2:]) <= kernel[1] // 2)  # a kernel just cut may be too small
    options = {"count_include_pad": draw(flags)} if cls is ops.AvgPool2d else {}
    return Case(
        cls(kernel, draw(st.one_of(st.none(), strides)), padding, ceil_mode=draw(flags), **options), (draw(arrays(x)),)
    )


@st.composite
def adaptive(draw):
    x = draw(images())
    bins = draw(st.integers(1, x[1] + 1)), draw(st.integers(1, x[2] + 1))
    return Case(ops.AdaptiveAvgPool2d(bins), (draw(arrays(x)),))


@st.composite
def global_pool(draw):
    return Case(ops.GlobalAvgPool(), (draw(arrays(draw(images()))),))


@st.composite
def batch_norm(draw):
    x = draw(st.one_of(images(least=2), st.tuples(st.integers(3, 8), st.integers(1, 5))))
    # a running mean drawn like x could equal an element of x, from the same seed: that is the ReLU's kink
    running = (draw(arrays(x[-1:], -1.0, 1.0)), draw(arrays(x[-1:], 0.3))) if draw(flags) else None
    gamma, beta = (draw(away_from_zero(x[-1:])) if draw(flags) else None for _ in range(2))
    eps = draw(st.sampled_from([1e-5, 1e-3, 0.1]))
    op = ops.BatchNorm(eps, relu=draw(flags), training=running is None)
    return Case(op, (draw(arrays(x)), gamma, beta), running or ())


@st.composite
def local_response_norm(draw):
    x = (*draw(images())[:3], draw(st.integers(1, 8)))
    op = ops.LocalResponseNorm(
        draw(st.integers(1, 6)),
        alpha=draw(st.sampled_from([1e-4, 0.1, 0.5])),
        beta=draw(st.sampled_from([0.5, 0.75, 1.0])),
        k=draw(st.sampled_from([1.0, 2.0])),
    )
    return Case(op, (draw(arrays(x)),))


@st.composite
def concat(draw):
    shape = list(draw(shapes))
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    parts = []
    for _ in range(draw(st.integers(1, 4))):
        shape[axis] = draw(sizes)
        parts.append(draw(arrays(tuple(shape))))
    return Case(ops.Concat(axis), tuple(parts))


@st.composite
def dropout(draw):
    x = draw(arrays(draw(shapes)))
    draws = np.random.default_rng(draw(st.integers(0, 1000))).random(x.shape, np.float32)
    return Case(ops.Dropout(draw(st.sampled_from([0.0, 0.2, 0.5]))), (x,), (draws,))


@st.composite
def cross_entropy(draw):
    n, classes = draw(sizes), draw(st.integers(2, 6))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    soft = np.round(rng.dirichlet(np.ones(classes), n), 6)  # as from a file: adds up to 1 only nearly
    target = soft if draw(flags) else rng.integers(0, classes, n)
    prior = rng.dirichlet(np.ones(classes)) if draw(flags) else None
    op = ops.CrossEntropy(draw(st.sampled_from([0.0, 0.1, 0.5])), draw(st.sampled_from(["mean", "sum", "none"])))
    return Case(op, (draw(arrays((n, classes))),), (target, prior))


CASES = {
    "AdaptiveAvgPool2d": adaptive(),
    "Add": elementwise(ops.Add),
    "AvgPool2d": pool(ops.AvgPool2d),
    "BatchNorm": batch_norm(),
    "Concat": concat(),
    "Conv2d": conv2d(),
    "CrossEntropy": cross_entropy(),
    "Divide": elementwise(ops.Divide),
    "Dropout": dropout(),
    "Exp": pointwise(ops.Exp),
    "GELU": pointwise(ops.GELU),
    "GlobalAvgPool": global_pool(),
    "Linear": linear(),
    "LocalResponseNorm": local_response_norm(),
    "Log": pointwise(ops.Log),
    "LogSoftmax": pointwise(ops.LogSoftmax),
    "MatMul": matmul(),
    "Max": reduction(ops.Max),
    "MaxPool2d": pool(ops.MaxPool2d),
    "Mean": reduction(ops.Mean),
    "Multiply": elementwise(ops.Multiply),
    "Negate": pointwise(ops.Negate),
    "Pad": pad(),
    "Power": power(),
    "ReLU": pointwise(ops.ReLU),
    "Reshape": reshape(),
    "Sigmoid": pointwise(ops.Sigmoid),
    "Slice": slicing(),
    "Subtract": elementwise(ops.Subtract),
    "Sum": reduction(ops.Sum),
    "Tanh": pointwise(ops.Tanh),
    "Transpose": transpose(),
}
