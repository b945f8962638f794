"""The `cost` of every operation against literal loops over numbers that count what is done to them."""

from collections import Counter
from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.strategies import CASES, operations
from tinyinception import ops
from tinyinception.count import Tally
from tinyinception.ops.padding import output_size, resolve
from tinyinception.tensor import Tensor, apply, observe

done = Counter()


class Number:
    """A number that counts what is done to it."""

    def __mul__(self, other):
        done["multiply"] += 1
        return Number()

    def __add__(self, other):
        done["add"] += 1
        return Number()

    def add_product(self, a, b):
        """self + a * b, as the inner loop of a convolution does it: two operations, one multiply-add."""
        done["macs"] += 1
        return self + a * b

    def other(self, *_):
        """Any other arithmetic: a comparison, a division, a function."""
        done["other"] += 1
        return Number()


def numbers(*shape):
    out = np.empty(shape, object)
    for index in np.ndindex(*shape):
        out[index] = Number()
    return out


def total(values):
    """A sum: one addition fewer than there are numbers."""
    values = list(values)
    result = values[0]
    for value in values[1:]:
        result = result + value
    return result


def largest(values):
    result = values[0]
    for value in values[1:]:
        result = result.other(value)
    return result


# -- each operation once more, as loops; the result is the number of its outputs ---------------------------------------


def elementwise(op, *arrays):
    """One operation for each element of the result."""
    shape = np.broadcast_shapes(*(a.shape for a in arrays))
    for _ in np.ndindex(*shape):
        Number().other()
    return prod(shape)


def nothing(op, *arrays):
    return op.forward(*(np.zeros(a.shape) for a in arrays)).size


def matmul(op, a, b):
    leading = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    for _ in product(np.ndindex(*leading), range(a.shape[-2]), range(b.shape[-1])):
        result = Number()
        for _ in range(a.shape[-1]):
            result = result.add_product(Number(), Number())
    return prod(leading) * a.shape[-2] * b.shape[-1]


def linear(op, x, w, b=None):
    for _ in product(range(x.shape[0]), range(w.shape[1])):
        result = Number()
        for k in range(w.shape[0]):
            result = result.add_product(x[0, k], w[k, 0])
        result = result if b is None else result + b[0]
    return x.shape[0] * w.shape[1]


def windows(x, kernel, stride, padding, ceil_mode=False, dilation=(1, 1)):
    """For each image and place, the taps that the window covers, in the padding and beyond too."""

    def fail(message):
        return ValueError(message)

    stride = (stride, stride) if isinstance(stride, int) else stride
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    pads = resolve(padding, reach, stride, x[1:3], fail)
    height, width = output_size(x[1:3], reach, stride, pads, fail, ceil_mode=ceil_mode)
    for _ in product(range(x[0]), range(height), range(width)):
        yield list(product(range(kernel[0]), range(kernel[1])))


def conv2d(op, x, w, b=None):
    outputs = 0
    for taps in windows(x.shape, w.shape[:2], op.stride, op.padding, dilation=op.dilation):
        for cout in range(w.shape[3]):
            result, outputs = Number(), outputs + 1
            for (i, j), c in product(taps, range(x.shape[3] // op.groups)):
                result = result.add_product(x[0, 0, 0, 0], w[i, j, c, cout])
            result = result if b is None else result + b[cout]
    return outputs


def pool(op, x):
    outputs = 0
    for taps in windows(x.shape, op.kernel, op.stride, op.padding, op.ceil_mode):
        for _ in range(x.shape[3]):
            seen, outputs = list(numbers(len(taps))), outputs + 1
            if isinstance(op, ops.MaxPool2d):
                largest(seen)
            else:
                total(seen).other()
    return outputs


def adaptive(op, x):
    n, height, width, channels = x.shape
    rows, columns = (1, 1) if isinstance(op, ops.GlobalAvgPool) else op.output_size
    for _, i, j, _ in product(range(n), range(rows), range(columns), range(channels)):
        inside = [
            (y, z)
            for y in range(height)
            for z in range(width)
            if i * height // rows <= y < -(-(i + 1) * height // rows)
            and j * width // columns <= z < -(-(j + 1) * width // columns)
        ]
        total(numbers(len(inside))).other()
    return n * rows * columns * channels


def reduction(op, a):
    axes = op.axes(a.shape)
    rest = prod(n for i, n in enumerate(a.shape) if i not in axes)
    for _ in range(rest):
        group = numbers(a.size // rest)
        if isinstance(op, ops.Max):
            largest(group)
            continue
        result = total(group)
        if isinstance(op, ops.Mean):
            result.other()
    return rest


def batch_norm(op, x, gamma=None, beta=None):
    for value in x.flat:  # scale and shift have been worked out once per channel, from statistics, gamma and beta
        y = value * Number() + Number()
        y = y.other() if op.relu else y
    return x.size


def local_response_norm(op, x):
    for value in x.flat:
        squares = [value * value, *numbers(op.size - 1)]  # those of the neighbours are their own; at the border, zeros
        divisor = (total(squares) * Number() + Number()).other()
        value.other(divisor)
    return x.size


def log_softmax(op, x):
    for row in x.reshape(-1, x.shape[-1]):
        top = largest(row)
        denominator = total(value.other(top).other() for value in row)
        logarithm = denominator.other()
        for value in row:
            value.other(top, logarithm)
    return x.size


def cross_entropy(op, x):
    log_softmax(op, x)
    losses = [total(Number() * Number() for _ in row).other() for row in x]
    if op.reduction == "none":
        return len(losses)
    everything = total(losses)
    if op.reduction == "mean":
        everything.other(len(losses))
    return 1


LOOPS = {
    **dict.fromkeys(
        (
            "Add",
            "Divide",
            "Dropout",
            "Exp",
            "GELU",
            "Log",
            "Multiply",
            "Negate",
            "Power",
            "ReLU",
            "Sigmoid",
            "Subtract",
            "Tanh",
        ),
        elementwise,
    ),
    **dict.fromkeys(("Concat", "Pad", "Reshape", "Slice", "Transpose"), nothing),
    **dict.fromkeys(("AvgPool2d", "MaxPool2d"), pool),
    **dict.fromkeys(("AdaptiveAvgPool2d", "GlobalAvgPool"), adaptive),
    **dict.fromkeys(("Max", "Mean", "Sum"), reduction),
    "BatchNorm": batch_norm,
    "Conv2d": conv2d,
    "CrossEntropy": cross_entropy,
    "Linear": linear,
    "LocalResponseNorm": local_response_norm,
    "LogSoftmax": log_softmax,
    "MatMul": matmul,
}


def test_every_operation_is_counted_here():
    assert set(LOOPS) == set(CASES) == set(operations())


@pytest.mark.parametrize("name", sorted(LOOPS))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_cost_is_what_loops_count(name, data):
    case = data.draw(CASES[name])
    arrays = [None if a is None else numbers(*a.shape) for a in case.inputs]
    shapes = [None if a is None else a.shape for a in case.inputs]
    done.clear()
    outputs = LOOPS[name](case.op, *arrays)
    cost = case.op.cost(*shapes, *(None if c is None else c.shape for c in case.constants))
    flops = done["multiply"] + done["add"] + done["other"]
    # a loop starts from zero, so that its first addition is counted: a multiply-add is two operations by convention
    assert (cost.macs, cost.flops, cost.activations) == (done["macs"], flops, outputs)
    learnable = {"Conv2d": arrays[1:], "Linear": arrays[1:], "BatchNorm": arrays[1:]}.get(name, [])
    assert cost.parameters == sum(a.size for a in learnable if a is not None)


# -- multiply-adds of backward -----------------------------------------------------------------------------------------


def counted(op, *inputs):
    tally = Tally(inputs[0], [t for t in inputs[1:] if t is not None])
    with observe(tally):
        apply(op, *inputs)
    (row,) = tally.rows
    return row.macs, row.weight_grad_macs, row.input_grad_macs


@settings(max_examples=40, deadline=None)
@given(data=st.data(), learn_input=st.booleans(), learn_weight=st.booleans())
def test_each_gradient_of_a_convolution_costs_what_a_loop_over_its_terms_counts(data, learn_input, learn_weight):
    case = data.draw(CASES["Conv2d"])
    x, w, _ = case.inputs
    images, (kh, kw, per_group, cout) = x.shape[0], w.shape
    to_input = to_weight = 0
    for taps in windows(x.shape, (kh, kw), case.op.stride, case.op.padding, dilation=case.op.dilation):
        for _ in product(taps, range(per_group), range(cout)):
            to_input += 1  # dx[tap, c] += dy[co] * w[tap, c, co]
            to_weight += 1  # dw[tap, c, co] += dy[co] * x[tap, c]
    inputs = [
        Tensor.shape_only(*x.shape, requires_grad=learn_input),
        Tensor.shape_only(*w.shape, requires_grad=learn_weight),
        Tensor.shape_only(cout, requires_grad=True),
    ]
    macs, weight, inner = counted(case.op, *inputs)
    assert weight == to_weight // images * learn_weight
    assert inner == to_input // images * learn_input
    assert macs == to_weight // images


@pytest.mark.parametrize("learn", [(False, True), (True, False), (True, True), (False, False)])
def test_each_gradient_of_a_product_costs_as_much_as_the_product(learn):
    # x 2 x 3, w 3 x 5: dx = dy w^T has 2 * 3 numbers of 5 terms, dw = x^T dy has 3 * 5 of 2; two images
    for op in (ops.Linear(), ops.MatMul()):
        x, w = Tensor.shape_only(2, 3, requires_grad=learn[0]), Tensor.shape_only(3, 5, requires_grad=learn[1])
        assert counted(op, x, w) == (15, 15 * learn[1], 15 * learn[0])
