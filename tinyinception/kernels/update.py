"""What moves parameters: the optimisers' rules, clipping and the running average, on flat arrays.

Each is one launch over blocks that stay in a cache between its loads and stores. The first `decaying` numbers decay;
where they end, the block is split. Whatever changes from step to step comes in an array, and where `finite`, an array
of one number, holds 0, nothing is changed. Multiply-adds are not fused: the twins then give the same bits.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from tinyinception.kernels import BLOCK
from tinyinception.kernels.jit import kernel


@kernel(parallel=False)
def _bounds(index, decaying, size):
    """Where a block begins, where in it decay ends, and where it ends."""
    begin = np.int64(index) * BLOCK
    end = min(begin + BLOCK, size)
    return begin, min(max(decaying, begin), end), end


# -- stochastic gradient descent -----------------------------------------------------------------------------------


@kernel(parallel=False, relax=())
def _plain(data, grad, decays, rate, weight_decay):
    for i in range(data.size):
        g = weight_decay * data[i] + grad[i] if decays else grad[i]
        data[i] -= rate * g


@kernel(parallel=False, relax=())
def _momentum(data, grad, velocity, decays, rate, damping, momentum, nesterov, weight_decay):
    for i in range(data.size):
        g = weight_decay * data[i] + grad[i] if decays else grad[i]
        v = momentum * velocity[i] + damping * g
        velocity[i] = v
        data[i] -= rate * (momentum * v + g if nesterov else v)


@kernel(relax=())
def sgd_step(data, grad, velocity, decaying, lr, damping, finite, momentum, nesterov, weight_decay):
    """v <- momentum v + damping g; p <- p - lr v, or p - lr (g + momentum v); an empty velocity means no momentum."""
    number = data.dtype.type
    rate, damp = number(lr[0]), number(damping[0])
    if finite[0]:
        for index in prange((data.size + BLOCK - 1) // BLOCK):
            begin, middle, end = _bounds(index, decaying, data.size)
            for first, last, decays in ((begin, middle, True), (middle, end, False)):
                p, g, v = data[first:last], grad[first:last], velocity[first:last]
                if velocity.size:
                    _momentum(p, g, v, decays, rate, damp, number(momentum), nesterov, number(weight_decay))
                else:
                    _plain(p, g, decays, rate, number(weight_decay))


# -- Adam ----------------------------------------------------------------------------------------------------------


@kernel(parallel=False, relax=())
def _moments(data, grad, mean, mean_square, largest, decays, numbers):
    """Update the moments by a block's gradient."""
    beta1, rest1, beta2, rest2, weight_decay = numbers
    for i in range(data.size):
        g = weight_decay * data[i] + grad[i] if decays else grad[i]
        mean[i] = mean[i] * beta1 + g * rest1
        mean_square[i] = mean_square[i] * beta2 + g * g * rest2
    for i in range(largest.size):
        if not (largest[i] >= mean_square[i] or np.isnan(largest[i])):
            largest[i] = mean_square[i]


@kernel(parallel=False, relax=())
def _divided(data, mean, mean_square, shrink, root, eps, rate):
    for i in range(data.size):
        step = mean[i] / (np.sqrt(mean_square[i]) / root + eps) * rate
        data[i] = data[i] * shrink - step


@kernel(relax=())
def adam_step(
    data, grad, mean, mean_square, largest, decaying, lr, corrections, finite, betas, eps, weight_decay, decoupled
):
    """p <- p - lr mean' / (sqrt(mean_square') + eps), where ' divides by the bias correction.

    corrections: 1 - beta1^n, and the root of 1 - beta2^n. largest: of the mean squares, amsgrad's, or empty.
    """
    number = data.dtype.type
    beta1, beta2 = betas
    numbers = number(beta1), number(1 - beta1), number(beta2), number(1 - beta2), number(weight_decay)
    rate, root = number(lr[0] / corrections[0]), number(corrections[1])
    if finite[0]:
        for index in prange((data.size + BLOCK - 1) // BLOCK):
            begin, middle, end = _bounds(index, decaying, data.size)
            for first, last, decays in ((begin, middle, True), (middle, end, False)):
                p, m, square, most = data[first:last], mean[first:last], mean_square[first:last], largest[first:last]
                _moments(p, grad[first:last], m, square, most, decays and not decoupled, numbers)
                shrink = number(1 - lr[0] * weight_decay) if decays and decoupled else number(1)
                _divided(p, m, most if largest.size else square, shrink, root, number(eps), rate)


# -- RMSProp -------------------------------------------------------------------------------------------------------


@kernel(parallel=False, relax=())
def _root(data, grad, mean_square, mean, root, decays, numbers, inside):
    """root = sqrt(spread + eps) or sqrt(spread) + eps, after an update of what the spread is made of."""
    decay, rest, eps, weight_decay = numbers
    for i in range(data.size):
        g = weight_decay * data[i] + grad[i] if decays else grad[i]
        mean_square[i] = mean_square[i] * decay + g * g * rest
        root[i] = mean_square[i]
    for i in range(mean.size):
        g = weight_decay * data[i] + grad[i] if decays else grad[i]
        mean[i] = mean[i] * decay + g * rest
        spread = mean_square[i] - mean[i] * mean[i]
        root[i] = root.dtype.type(0) if spread < 0 else spread
    for i in range(data.size):
        root[i] = np.sqrt(root[i] + eps) if inside else np.sqrt(root[i]) + eps


@kernel(parallel=False, relax=())
def _moved(data, grad, velocity, root, decays, rate, momentum, weight_decay, inside):
    """TensorFlow's velocity, `inside`, contains the learning rate; PyTorch's does not."""
    early, late = (rate, data.dtype.type(1)) if inside else (data.dtype.type(1), rate)
    if velocity.size:
        for i in range(data.size):
            g = weight_decay * data[i] + grad[i] if decays else grad[i]
            velocity[i] = momentum * velocity[i] + g / root[i] * early
            data[i] -= velocity[i] * late
    else:
        for i in range(data.size):
            g = weight_decay * data[i] + grad[i] if decays else grad[i]
            data[i] -= g / root[i] * rate


@kernel(relax=())
def rmsprop_step(
    data, grad, mean_square, mean, velocity, decaying, lr, finite, decay, momentum, eps, weight_decay, inside
):
    """p <- p - lr g / root of the mean square, with momentum; eps `inside` of the root is TensorFlow's rule.

    An empty mean means not centred, an empty velocity no momentum.
    """
    number = data.dtype.type
    numbers = number(decay), number(1 - decay), number(eps), number(weight_decay)
    rate = number(lr[0])
    if finite[0]:
        for index in prange((data.size + BLOCK - 1) // BLOCK):
            begin, middle, end = _bounds(index, decaying, data.size)
            root = np.empty(BLOCK, data.dtype)
            for first, last, decays in ((begin, middle, True), (middle, end, False)):
                p, g, v, r = data[first:last], grad[first:last], velocity[first:last], root[: last - first]
                _root(p, g, mean_square[first:last], mean[first:last], r, decays, numbers, inside)
                _moved(p, g, v, r, decays, rate, number(momentum), number(weight_decay), inside)


# -- clipping, the finite check, the running average -----------------------------------------------------------------


@kernel(parallel=False, relax=("reassoc", "contract"))
def _sum_of_squares(x):
    total = 0.0
    for i in range(x.size):
        total += np.float64(x[i]) * np.float64(x[i])
    return total


@kernel()
def sums_of_squares(x, sums):
    """sums[b] = the squares of block b, added up in float64."""
    for index in prange(sums.size):
        begin, _, end = _bounds(index, 0, x.size)
        sums[index] = _sum_of_squares(x[begin:end])


@kernel(relax=())
def scale(x, factor):
    """x *= factor, an array of one number, where that is below 1."""
    by = x.dtype.type(factor[0])
    if factor[0] < 1:
        for index in prange((x.size + BLOCK - 1) // BLOCK):
            begin, _, end = _bounds(index, 0, x.size)
            for i in range(begin, end):
                x[i] *= by


@kernel(relax=())
def find_non_finite(x, finite):
    """finite[0] = 0 where there is NaN or infinity in x, else it stays."""
    for index in prange((x.size + BLOCK - 1) // BLOCK):
        begin, _, end = _bounds(index, 0, x.size)
        bad = 0
        for i in range(begin, end):
            bad |= not (np.abs(x[i]) < np.inf)
        if bad:
            finite[0] = 0


@kernel(relax=())
def follow(average, live, rate, finite):
    """average <- average + rate (live - average)."""
    part = average.dtype.type(rate[0])
    if finite[0]:
        for index in prange((average.size + BLOCK - 1) // BLOCK):
            begin, _, end = _bounds(index, 0, average.size)
            for i in range(begin, end):
                average[i] += (live[i] - average[i]) * part
