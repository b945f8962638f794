"""Wrong backward passes: what gradcheck has to catch.

`GENERAL` breaks any operation; `SPECIFIC` holds, per operation, the mistakes that its author would most likely make.
A mutation gets a Call and returns the wrong gradients.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinyinception.kernels import reference
from tinyinception.ops import Kept, Operation

Grads = Sequence[np.ndarray | None]


@dataclass(frozen=True)
class Call:
    """One call of backward: the operation, its inputs, what it kept, the gradient that came in, and what is right."""

    op: Operation
    inputs: tuple[np.ndarray | None, ...]
    kept: Kept
    grad: np.ndarray
    right: Grads

    def backward(self, grad: np.ndarray) -> Grads:
        """What the right backward makes of another gradient."""
        return list(self.op.backward(self.kept, grad))

    def but(self, position: int, wrong: np.ndarray) -> list[np.ndarray | None]:
        """The right gradients with another one in one place."""
        grads = list(self.right)
        grads[position] = None if grads[position] is None else np.broadcast_to(wrong, grads[position].shape)
        return grads


class Wreck:
    """An operation whose backward is wrong: `Wreck(op, mutation).op`. `damage` says how wrong it turned out to be."""

    def __init__(self, op: Operation, mutation: Callable[[Call], Grads]):
        wreck = self
        self.damage = 0.0

        class Mutant(type(op)):
            def forward(self, *arrays):
                wreck.inputs = arrays
                return super().forward(*arrays)

            def backward(self, kept, grad):
                right = [None if g is None else np.array(g) for g in op.backward(kept, grad)]
                wrong = list(mutation(Call(op, wreck.inputs, kept, grad, right)))
                wrong += [None] * (len(right) - len(wrong))  # inputs that want no gradient
                wreck.damage = max(wreck.damage, _distance(wrong, right))
                return wrong

        self.op = copy.copy(op)
        object.__setattr__(self.op, "__class__", Mutant)


def _distance(wrong: Grads, right: Grads) -> float:
    """Largest difference, relative to the largest right gradient of that input; 0 where both are next to nothing."""
    pairs = [(np.abs(w - r).max(), np.abs(r).max()) for w, r in zip(wrong, right, strict=True) if r is not None]
    return max(gap / max(size, 1e-12) if gap > 1e-7 else 0.0 for gap, size in pairs)


# -- mistakes that any operation can make ------------------------------------------------------------------------------


def scaled(call: Call) -> Grads:
    """Everything 1 % too large."""
    return [None if g is None else g * 1.01 for g in call.right]


def zeros(call: Call) -> Grads:
    """Nothing at all."""
    return [None if g is None else np.zeros_like(g) for g in call.right]


def last_scaled(call: Call) -> Grads:
    """Only the last input's gradient 1 % too large."""
    last = max(i for i, g in enumerate(call.right) if g is not None)
    return call.but(last, call.right[last] * 1.01)


def first_forgotten(call: Call) -> Grads:
    """The first input's gradient missing."""
    return call.but(0, np.zeros(()))


def largest_dropped(call: Call) -> Grads:
    """One number of the first input's gradient missing."""
    wrong = call.right[0].copy()
    wrong.flat[np.abs(wrong).argmax()] = 0
    return call.but(0, wrong)


def term_dropped(call: Call) -> Grads:
    """Every second output's contribution missing from all sums."""
    grad = call.grad.copy()
    grad.flat[::2] = 0
    return call.backward(grad)


GENERAL = (scaled, zeros, last_scaled, first_forgotten, largest_dropped, term_dropped)


# -- the mistake that suggests itself, operation by operation ----------------------------------------------------------


def mean_for_sum(call: Call) -> Grads:
    """Broadcast inputs get the mean of what they should get the sum of."""
    return [None if g is None else g * (g.size / call.grad.size) for g in call.right]


def adaptive_overwrites(call: Call) -> Grads:
    """Where bins overlap, the last one wins."""
    dx = np.zeros(call.right[0].shape)
    for i, j, rows, columns in call.op.bins(dx.shape):
        area = (rows.stop - rows.start) * (columns.stop - columns.start)
        dx[:, rows, columns] = (call.grad[:, i, j] / area)[:, None, None]
    return [dx]


def pool_overwrites(call: Call) -> Grads:
    """Where windows overlap, those in odd rows are lost."""
    grad = call.grad.copy()
    grad[:, 1::2] = 0
    return call.backward(grad)


def divisor_ignores_padding(call: Call) -> Grads:
    """Average pooling with the wrong rule for the padding."""
    return replace(call.op, count_include_pad=not call.op.count_include_pad).backward(call.kept, call.grad)


def every_tap_wins(call: Call) -> Grads:
    """Max-pool's gradient spread over the window instead of given to the maximum."""
    x, (window, _) = call.inputs[0], call.op.geometry(call.inputs[0].shape)
    return [reference.avg_pool_grad(call.grad, x.shape, window.kernel, window.stride, window.padding, False)]


def _batch_norm_without(call: Call, mean: bool, variance: bool) -> Grads:
    """Gradient of batch-norm for x, where the batch's mean or variance is taken for a constant."""
    if not call.op.training or call.op.relu:
        return call.right
    (x, gamma, *_), axes = call.inputs, tuple(range(call.grad.ndim - 1))
    invstd = 1 / np.sqrt(x.var(axis=axes) + call.op.eps)
    normed, g = (x - x.mean(axis=axes)) * invstd, call.grad * (1 if gamma is None else gamma)
    dx = g - (g.mean(axis=axes) if mean else 0) - (normed * (g * normed).mean(axis=axes) if variance else 0)
    return call.but(0, dx * invstd)


def batch_mean_constant(call: Call) -> Grads:
    """Batch-norm without the term through the mean."""
    return _batch_norm_without(call, mean=False, variance=True)


def batch_variance_constant(call: Call) -> Grads:
    """Batch-norm without the term through the variance."""
    return _batch_norm_without(call, mean=True, variance=False)


def relu_of_batch_norm_forgotten(call: Call) -> Grads:
    """Fused ReLU, but its mask is not applied."""
    return replace(call.op, relu=False).backward(call.kept, call.grad)


def concat_swapped(call: Call) -> Grads:
    """Two branches get each other's gradient."""
    if len(call.right) < 2 or call.right[0].shape != call.right[1].shape:
        return call.right
    return [call.right[1], call.right[0], *call.right[2:]]


def kernel_flipped(call: Call) -> Grads:
    """Convolution where correlation is meant."""
    x, w = call.inputs[:2]
    return call.but(0, reference.conv2d_input_grad(call.grad, w[::-1, ::-1], x.shape, **_geometry(call)))


def first_tap_lost(call: Call) -> Grads:
    """A loop over the kernel that starts at 1."""
    x, w = call.inputs[0], call.inputs[1].copy()
    w[0, 0] = 0
    return call.but(0, reference.conv2d_input_grad(call.grad, w, x.shape, **_geometry(call)))


def dilation_forgotten(call: Call) -> Grads:
    """Weights get the gradient of the pixels that lie side by side."""
    x, w = call.inputs[:2]
    window = call.op.window(*call.kept.shapes)
    seen = [(n - 1) * s + k for n, s, k in zip(call.grad.shape[1:3], window.stride, window.kernel, strict=True)]
    padded = np.pad(x, ((0, 0), window.padding[:2], window.padding[2:], (0, 0)))[:, : seen[0], : seen[1]]
    return call.but(
        1, reference.conv2d_weight_grad(call.grad, padded, w.shape, window.stride, (0, 0, 0, 0), call.op.groups)
    )


def _geometry(call: Call) -> dict[str, object]:
    window = call.op.window(*call.kept.shapes)
    return {"stride": window.stride, "pads": window.padding, "groups": call.op.groups, "dilation": window.dilation}


def bias_averaged(call: Call) -> Grads:
    """The bias gets the mean over the batch."""
    if len(call.right) < 3 or call.right[2] is None:
        return call.right
    return call.but(2, call.right[2] / len(call.inputs[0]))


def smoothing_forgotten(call: Call) -> Grads:
    """Softmax minus one-hot, though the labels are smoothed."""
    (logp, _), (_, target, prior) = call.kept.aside, call.inputs
    hard = replace(call.op, label_smoothing=0.0).smoothed(target, prior, logp.shape[1])
    return call.op.backward(call.kept._replace(aside=(logp, hard)), call.grad)


def mean_for_sum_of_batch(call: Call) -> Grads:
    """The loss is a mean, its gradient that of the sum, and the other way round."""
    n = len(call.inputs[0])
    return [call.right[0] * {"mean": n, "sum": 1 / n, "none": 1}[call.op.reduction]]


def neighbours_forgotten(call: Call) -> Grads:
    """Local response normalisation whose denominator is taken for a constant."""
    x, op = call.inputs[0], call.op
    return [call.grad * reference.local_response_norm(x, op.size, op.alpha, op.beta, op.k) / x]


def divided_by(sign: float):
    """Quotient rule with another sign."""
    return lambda call: call.but(1, call.right[1] * sign) if call.right[1] is not None else call.right


SPECIFIC: dict[str, tuple[Callable[[Call], Grads], ...]] = {
    "AdaptiveAvgPool2d": (adaptive_overwrites,),
    "Add": (mean_for_sum,),
    "AvgPool2d": (pool_overwrites, divisor_ignores_padding),
    "BatchNorm": (batch_mean_constant, batch_variance_constant, relu_of_batch_norm_forgotten),
    "Concat": (concat_swapped,),
    "Conv2d": (kernel_flipped, first_tap_lost, dilation_forgotten, bias_averaged),
    "CrossEntropy": (smoothing_forgotten, mean_for_sum_of_batch),
    "Divide": (mean_for_sum, divided_by(-1.0)),
    "Dropout": (lambda call: [call.grad], lambda call: [call.right[0] * (1 - call.op.p)]),
    "Exp": (lambda call: [call.grad],),
    "GELU": (lambda call: [call.grad], lambda call: [call.grad * (call.inputs[0] > 0)]),
    "GlobalAvgPool": (lambda call: [call.right[0] * np.prod(call.inputs[0].shape[1:3])],),
    "Linear": (bias_averaged,),
    "LocalResponseNorm": (neighbours_forgotten,),
    "Log": (lambda call: [call.grad * call.inputs[0]],),
    "LogSoftmax": (lambda call: [call.grad], lambda call: [call.grad - np.exp(call.kept.output)]),
    "MatMul": (mean_for_sum,),
    "Max": (lambda call: [np.broadcast_to(call.op.spread(call.grad, call.inputs[0].shape), call.inputs[0].shape)],),
    "MaxPool2d": (pool_overwrites, every_tap_wins),
    "Mean": (lambda call: [call.right[0] * (call.inputs[0].size / call.grad.size)],),
    "Multiply": (mean_for_sum, lambda call: call.right[:1] + [call.right[1] * np.sign(call.inputs[1])]),
    "Negate": (lambda call: [call.grad],),
    "Pad": (lambda call: [np.roll(call.right[0], 1)],),
    "Power": (lambda call: [call.grad * call.inputs[0] ** (call.op.exponent - 1)],),
    "ReLU": (lambda call: [call.grad], lambda call: [call.grad * (call.inputs[0] < 0)]),
    "Reshape": (lambda call: [call.grad.reshape(call.inputs[0].shape, order="F")],),
    "Sigmoid": (lambda call: [call.grad * call.kept.output], lambda call: [call.grad * (1 - call.kept.output)]),
    "Slice": (lambda call: [np.roll(call.right[0], 1)],),
    "Subtract": (mean_for_sum, divided_by(-1.0)),
    "Sum": (lambda call: [call.right[0] / call.inputs[0].shape[0]],),
    "Tanh": (lambda call: [call.grad * (1 - call.kept.output)],),
    "Transpose": (lambda call: [call.grad.reshape(call.inputs[0].shape)],),
}
