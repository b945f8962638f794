"""The few numbers of each channel that batch-norm needs between its passes over memory.

They are little work, but a training step has thousands of such formulas; a kernel computes one of them in the time that
NumPy takes to begin. All in float64, without fused multiply-add, and one channel after the other: the same bits as the
formulas of `kernels.reference`, but where those leave the order of a sum to NumPy.
"""

from __future__ import annotations

import numpy as np

from tinyinception.kernels.jit import kernel


@kernel(parallel=False, relax=())
def norm_numbers(mean, var, eps, gamma, beta, invstd, affine):
    """invstd = 1 / sqrt(var + eps), and rows anchor, scale, offset of `affine` with

        (x - anchor) * scale + offset = gamma * (x - mean) * invstd + beta

    The anchor is the mean rounded to the dtype of x, so x - anchor is exact near the mean; the rounding error of the
    mean goes into the offset. gamma, beta: empty where there is none. affine: columns of all channels, again and again.
    """
    channels = mean.size
    for c in range(channels):
        invstd[c] = 1 / np.sqrt(var[c] + eps)
        anchor = affine.dtype.type(mean[c])
        scale = invstd[c] * gamma[c] if gamma.size > 0 else invstd[c]
        offset = (np.float64(anchor) - mean[c]) * scale
        if beta.size > 0:
            offset += beta[c]
        for k in range(0, affine.shape[1], channels):
            affine[0, k + c], affine[1, k + c], affine[2, k + c] = anchor, scale, offset


@kernel(parallel=False, relax=())
def add_rows(sums, totals):
    """Per channel the sum of all rows, from first to last."""
    for c in range(totals.size):
        totals[c] = sums[0, c]
    for r in range(1, sums.shape[0]):
        for c in range(totals.size):
            totals[c] += sums[r, c]


@kernel(parallel=False, relax=())
def moments_of_sums(x, first, second, count, mean, var):
    """Mean and biased variance from partial sums of x - anchor and of its square; the anchor is the first row."""
    add_rows(first, mean)
    add_rows(second, var)
    for c in range(mean.size):
        shift = mean[c] / count
        mean[c] = np.float64(x[0, c]) + shift
        square = var[c] / count - shift * shift
        var[c] = 0 if square < 0 else square


@kernel(parallel=False, relax=())
def join_moments(sizes, found, mean, var):
    """Mean and biased variance of all pixels from mean and summed squares of deviations of the pixels of each tile.

    found: tiles x 2 x channels or more (Chan, Golub and LeVeque 1979).
    """
    tiles, channels, count = found.shape[0], mean.size, 0
    between = np.zeros(channels, np.float64)
    for c in range(channels):
        mean[c], var[c] = 0, 0
    for t in range(tiles):
        count += sizes[t]
        size = np.float64(sizes[t])
        for c in range(channels):
            mean[c] += size * np.float64(found[t, 0, c])
    for c in range(channels):
        mean[c] /= count
    for t in range(tiles):
        size = np.float64(sizes[t])
        for c in range(channels):
            d = np.float64(found[t, 0, c]) - mean[c]
            var[c] += np.float64(found[t, 1, c])
            between[c] += size * (d * d)
    for c in range(channels):
        var[c] = (var[c] + between[c]) / count


@kernel(parallel=False, relax=())
def gradient_numbers(first, second, mean, invstd, gamma, count, training, affine, slopes, dgamma, dbeta):
    """dgamma and dbeta from partial sums, and rows slope and constant of `slopes`; affine: see `norm_numbers`.

    The gradient of x is scale * g + slope * (x - anchor) + constant; slope and constant are 0 unless `training`.
    """
    channels, columns = mean.size, slopes.shape[1]
    ones, twos = np.empty(channels, np.float64), np.empty(channels, np.float64)
    add_rows(first, ones)
    add_rows(second, twos)
    for c in range(channels):
        shift = mean[c] - np.float64(affine[0, c])
        grown = (twos[c] - shift * ones[c]) * invstd[c]
        dgamma[c], dbeta[c] = grown, ones[c]
        slope = constant = 0.0
        if training:
            scale = invstd[c] * gamma[c] if gamma.size > 0 else invstd[c]
            slope = -scale * invstd[c] * grown / count
            constant = -scale * ones[c] / count - slope * shift
        for k in range(c, columns, channels):
            slopes[0, k], slopes[1, k] = slope, constant


@kernel(parallel=False, relax=())
def move_running(running_mean, running_var, mean, var, correction, momentum):
    """running += momentum * (found - running), in the dtype of the running statistics; correction: of the variance."""
    real = running_mean.dtype.type
    weight, unbiased = real(momentum), real(correction)
    for c in range(mean.size):
        running_mean[c] += weight * (real(mean[c]) - running_mean[c])
        running_var[c] += weight * (real(var[c]) * unbiased - running_var[c])
