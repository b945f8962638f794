"""The readable twin of every kernel: NumPy only, one idea per line, the oracle of the tests.

Loops run over the taps of a window, never over pixels. Twins also hold for complex arrays where the formula is
analytic.
"""

from __future__ import annotations

import math

import numpy as np

from tinyinception.kernels.types import Found

# -- convolution -------------------------------------------------------------------------------------------------------


def im2col(x, kernel, stride, pads, dilation=(1, 1)):
    """The im2col matrix of x (N x H x W x C): N x OH x OW x (KH*KW*C), one row for each output pixel.

    A row holds the window that the output pixel looks at, tap after tap, `dilation` pixels apart. Convolution is then
    one matrix product; the price is that every input pixel is stored KH*KW times.
    """
    (kh, kw), (sh, sw), (dh, dw), (top, bottom, left, right) = kernel, stride, dilation, pads
    x = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)))
    oh, ow = (x.shape[1] - (kh - 1) * dh - 1) // sh + 1, (x.shape[2] - (kw - 1) * dw - 1) // sw + 1
    corners = [(i * dh, j * dw) for i in range(kh) for j in range(kw)]
    return np.concatenate([x[:, i : i + sh * oh : sh, j : j + sw * ow : sw] for i, j in corners], axis=-1)


def col2im(columns, x_shape, kernel, stride, pads, dilation=(1, 1)):
    """Transpose of im2col: add every column back to the pixel it was copied from."""
    (kh, kw), (sh, sw), (dh, dw), (top, bottom, left, right) = kernel, stride, dilation, pads
    n, h, w, c = x_shape
    _, oh, ow, _ = columns.shape
    x = np.zeros((n, h + top + bottom, w + left + right, c), columns.dtype)
    for tap in range(kh * kw):
        i, j = tap // kw * dh, tap % kw * dw
        x[:, i : i + sh * oh : sh, j : j + sw * ow : sw] += columns[..., tap * c : (tap + 1) * c]
    return x[:, top : top + h, left : left + w]


def conv2d(x, w, b, stride, pads, groups, dilation=(1, 1)):
    """x N x H x W x C, w KH x KW x C/groups x F, b F or None -> N x OH x OW x F."""
    kh, kw, cg, f = w.shape
    outputs = []
    for xg, wg in zip(np.split(x, groups, axis=3), np.split(w, groups, axis=3), strict=True):
        outputs.append(im2col(xg, (kh, kw), stride, pads, dilation) @ wg.reshape(kh * kw * cg, f // groups))
    y = np.concatenate(outputs, axis=3)
    return y if b is None else y + b


def conv2d_norm(x, w, b, stride, pads, groups, mean, var, gamma, beta, eps, relu, dilation=(1, 1)):
    """conv2d, and batch-norm by given statistics after it."""
    return batch_norm(conv2d(x, w, b, stride, pads, groups, dilation), gamma, beta, eps, relu, (mean, var))[0]


def conv2d_moments(x, w, b, stride, pads, dilation=(1, 1)):
    """conv2d, and of its result the mean and biased variance per channel."""
    y = conv2d(x, w, b, stride, pads, 1, dilation)
    mean = _wide(y).mean(axis=(0, 1, 2))
    return y, mean, ((_wide(y) - mean) ** 2).mean(axis=(0, 1, 2))


def conv2d_input_grad(grad, w, x_shape, stride, pads, groups, into=None, dilation=(1, 1)):
    """Gradient of conv2d for its input, from the gradient of its output; added to `into` where that is given."""
    kh, kw, cg, f = w.shape
    slice_shape = (*x_shape[:3], cg)
    parts = []
    for gg, wg in zip(np.split(grad, groups, axis=3), np.split(w, groups, axis=3), strict=True):
        columns = gg @ wg.reshape(kh * kw * cg, f // groups).T
        parts.append(col2im(columns, slice_shape, (kh, kw), stride, pads, dilation))
    dx = np.concatenate(parts, axis=3)
    return dx if into is None else np.add(into, dx, out=into)


def conv2d_weight_grad(grad, x, w_shape, stride, pads, groups, dilation=(1, 1), into=None):
    """Gradient of conv2d for its weights, from the gradient of its output."""
    kh, kw, cg, f = w_shape
    parts = []
    for gg, xg in zip(np.split(grad, groups, axis=3), np.split(x, groups, axis=3), strict=True):
        columns = im2col(xg, (kh, kw), stride, pads, dilation).reshape(-1, kh * kw * cg)
        parts.append((columns.T @ gg.reshape(-1, f // groups)).reshape(kh, kw, cg, f // groups))
    return _written(np.concatenate(parts, axis=3), into)


# -- pooling -----------------------------------------------------------------------------------------------------------


def _extend(x, kernel, stride, pads, out_hw, fill):
    """x with its padding, and with what the last windows need beyond it under ceil_mode, filled with one value."""
    beyond = [
        max((o - 1) * s + k - n - before, after)
        for o, s, k, n, before, after in zip(out_hw, stride, kernel, x.shape[1:3], pads[::2], pads[1::2], strict=True)
    ]
    return np.pad(x, ((0, 0), (pads[0], beyond[0]), (pads[2], beyond[1]), (0, 0)), constant_values=fill)


def _taps(x, kernel, stride, out_hw):
    """For each tap of the window, the view of (extended) x that holds this tap of every window."""
    (oh, ow), (sh, sw) = out_hw, stride
    return [
        x[:, i : i + sh * (oh - 1) + 1 : sh, j : j + sw * (ow - 1) + 1 : sw]
        for i in range(kernel[0])
        for j in range(kernel[1])
    ]


def _crop(extended, x_shape, pads):
    return np.ascontiguousarray(extended[:, pads[0] : pads[0] + x_shape[1], pads[2] : pads[2] + x_shape[2]])


def max_pool(x, kernel, stride, pads, out_hw):
    """Maximum of each window and the number of its first tap that reaches it."""
    taps = _taps(_extend(x, kernel, stride, pads, out_hw, -np.inf), kernel, stride, out_hw)
    inside = _taps(_extend(np.ones_like(x, bool), kernel, stride, pads, out_hw, False), kernel, stride, out_hw)
    best, winner = np.full(taps[0].shape, -np.inf, x.dtype), np.full(taps[0].shape, -1)
    for number, (new, real) in enumerate(zip(taps, inside, strict=True)):
        better = real & ((winner < 0) | (new > best) | (np.isnan(new) & ~np.isnan(best)))
        best, winner = np.where(better, new, best), np.where(better, number, winner)
    return best, winner.astype(np.uint8 if len(taps) <= 256 else np.int32)


def max_pool_grad(grad, winner, x_shape, kernel, stride, pads):
    """Each window sends its gradient to its winner."""
    out_hw = grad.shape[1:3]
    dx = _extend(_wide(np.zeros(x_shape, grad.dtype)), kernel, stride, pads, out_hw, 0)
    for number, tap in enumerate(_taps(dx, kernel, stride, out_hw)):
        tap += np.where(winner == number, grad, 0)
    return _crop(dx, x_shape, pads).astype(grad.dtype)


def _divisors(x_shape, kernel, stride, pads, out_hw, count_include_pad):
    """How many pixels each window averages: 1 x OH x OW x 1."""
    counted = np.ones((1, *x_shape[1:3], 1))
    if count_include_pad:
        counted = np.pad(counted, ((0, 0), pads[:2], pads[2:], (0, 0)), constant_values=1)
        pads = (0, 0, 0, 0)
    return sum(_taps(_extend(counted, kernel, stride, pads, out_hw, 0), kernel, stride, out_hw))


def avg_pool(x, kernel, stride, pads, out_hw, count_include_pad):
    """Sum of each window over the number of pixels it counts."""
    total = sum(_taps(_extend(_wide(x), kernel, stride, pads, out_hw, 0), kernel, stride, out_hw))
    return (total / _divisors(x.shape, kernel, stride, pads, out_hw, count_include_pad)).astype(x.dtype)


def avg_pool_grad(grad, x_shape, kernel, stride, pads, count_include_pad):
    """Each window spreads its gradient evenly over the pixels it averaged."""
    out_hw = grad.shape[1:3]
    share = _wide(grad) / _divisors(x_shape, kernel, stride, pads, out_hw, count_include_pad)
    dx = _extend(np.zeros(x_shape, share.dtype), kernel, stride, pads, out_hw, 0)
    for tap in _taps(dx, kernel, stride, out_hw):
        tap += share
    return _crop(dx, x_shape, pads).astype(grad.dtype)


# -- batch normalisation -----------------------------------------------------------------------------------------------


def _wide(x):
    """x with 64 bits per real number."""
    return x.astype(np.result_type(x, np.float64))


def _affine(normed, gamma, beta):
    scaled = normed if gamma is None else normed * gamma
    return scaled if beta is None else scaled + beta


def _normalise(x, mean, invstd, gamma, beta, relu):
    y = _affine((_wide(x) - mean) * invstd, gamma, beta)
    return np.where(y < 0, 0, y).astype(x.dtype) if relu else y.astype(x.dtype)


def batch_norm(x, gamma, beta, eps, relu, moments=None):
    """y, and mean, 1 / sqrt(var + eps) and biased variance; channels last, everything else is a row."""
    axes = tuple(range(x.ndim - 1))
    mean, var = map(_wide, moments) if moments else (_wide(x).mean(axis=axes), None)
    var = ((_wide(x) - mean) ** 2).mean(axis=axes) if var is None else var
    invstd = 1 / np.sqrt(var + eps)
    return _normalise(x, mean, invstd, gamma, beta, relu), Found(mean, invstd, var, _rows(x, mean, invstd, gamma, beta))


def _rows(x, mean, invstd, gamma, beta):
    """anchor, scale and offset, for the kernels, should they go on from here."""
    anchor, scale = mean.astype(x.dtype), _affine(invstd, gamma, None)
    return np.stack([anchor, scale, _affine((_wide(anchor) - mean) * scale, None, beta)]).astype(x.dtype)


def batch_norm_again(x, found, gamma, beta, relu, out=None):
    """y once more."""
    y = _normalise(x, found.mean, found.invstd, gamma, beta, relu)
    if out is None:
        return y
    out[...] = y
    return out


def batch_norm_grad(grad, x, found, gamma, beta, relu, training, input_grad=True, overwrite=False, into=(None, None)):
    """Gradients of x, gamma and beta."""
    axes, invstd = tuple(range(x.ndim - 1)), found.invstd
    normed, g = (_wide(x) - found.mean) * invstd, _wide(grad)
    if relu:
        g = np.where(_affine(normed, gamma, beta) <= 0, 0, g)
    dbeta, dgamma = g.sum(axis=axes), (g * normed).sum(axis=axes)
    dx = None
    if input_grad:
        dx = g if gamma is None else g * gamma
        if training:
            dx = dx - dx.mean(axis=axes) - normed * (dx * normed).mean(axis=axes)
        dx = (dx * invstd).astype(x.dtype)
    return dx, *(_written(g.astype(x.dtype), place) for g, place in zip((dgamma, dbeta), into, strict=True))


def _written(array, into):
    if into is None:
        return array
    into[...] = array
    return into


def update_running(running_mean, running_var, mean, var, count, momentum):
    """running += momentum * (found - running), the variance unbiased."""
    for running, found in ((running_mean, mean), (running_var, var.astype(running_var.dtype) * (count / (count - 1)))):
        running += momentum * (found.astype(running.dtype) - running)


# -- local response normalisation --------------------------------------------------------------------------------------


def _window_sum(v, before, after):
    """Sum over the channels from c - before to c + after that exist."""
    channels = v.shape[-1]
    padded = np.pad(v, [(0, 0)] * (v.ndim - 1) + [(before, after)])
    return sum(padded[..., t : t + channels] for t in range(before + after + 1))


def local_response_norm(x, size, alpha, beta, k):
    """b = a / (k + alpha * sum of a^2 over `size` channels) ^ beta."""
    return (x / (k + alpha * _window_sum(_wide(x) ** 2, size // 2, (size - 1) // 2)) ** beta).astype(x.dtype)


def local_response_norm_grad(grad, x, size, alpha, beta, k):
    """Own channel through the numerator, neighbours through the denominators they share."""
    x, grad, dtype = _wide(x), _wide(grad), x.dtype
    scale = k + alpha * _window_sum(x * x, size // 2, (size - 1) // 2)
    shared = _window_sum(grad * x * scale ** (-beta - 1), (size - 1) // 2, size // 2)
    return (grad * scale**-beta - 2 * alpha * beta * x * shared).astype(dtype)


# -- concatenation -----------------------------------------------------------------------------------------------------


def concat_channels(arrays):
    """Join along the last axis."""
    return np.concatenate(arrays, axis=-1)


def slice_channels_grad(grad, shape, start, into=None):
    """Gradient of x[..., start:start + C]: grad in its place among zeros, or added to `into`."""
    out = np.zeros(shape, grad.dtype) if into is None else into
    out[..., start : start + grad.shape[-1]] += grad
    return out


# -- sums --------------------------------------------------------------------------------------------------------------


def add(a, b, out):
    """out = a + b."""
    return np.add(a, b, out=out)


def relu(x):
    """max(x, 0)."""
    return np.maximum(x, 0)


def relu_grad(grad, y, overwrite=False):
    """grad where y > 0, else 0."""
    return np.where(y > 0, grad, grad.dtype.type(0))


GELU_SLOPE, GELU_CUBIC = math.sqrt(2 / math.pi), 0.044715
GELU_FAR = 10.0  # beyond it the tangent is 1, and the gradient 0 or 1, whatever the argument


def gelu(x):
    """x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))): Hendrycks and Gimpel 2016, section 2."""
    with np.errstate(over="ignore"):
        return 0.5 * x * (1 + np.tanh(x * (GELU_SLOPE + GELU_SLOPE * GELU_CUBIC * x * x)))


def gelu_grad(grad, x, overwrite=False):
    """Gradient of the input x."""
    a = np.clip(x, -GELU_FAR, GELU_FAR)
    t = np.tanh(a * (GELU_SLOPE + GELU_SLOPE * GELU_CUBIC * a * a))
    return grad * 0.5 * (1 + t + a * (1 - t * t) * (GELU_SLOPE + 3 * GELU_SLOPE * GELU_CUBIC * a * a))


def axis_sums(x, axes):
    """Sums over the given axes, with 64 bits per real number."""
    return _wide(x).sum(axis=tuple(axes))


# -- optimisers --------------------------------------------------------------------------------------------------------


def _decayed(data, grad, decaying, weight_decay):
    """The gradient, of the first `decaying` numbers with weight decay in it."""
    if not decaying:
        return grad
    return np.concatenate([data[:decaying] * weight_decay + grad[:decaying], grad[decaying:]])


def sgd_step(data, grad, velocity, decaying, lr, damping, finite, momentum, nesterov, weight_decay):
    """v <- momentum v + damping g; p <- p - lr v, or p - lr (g + momentum v)."""
    if finite[0]:
        direction = g = _decayed(data, grad, decaying, weight_decay)
        if velocity.size:
            velocity *= momentum
            velocity += g * damping.item()
            direction = velocity * momentum + g if nesterov else velocity
        data -= direction * lr.item()


def adam_step(
    data, grad, mean, mean_square, largest, decaying, lr, corrections, finite, betas, eps, weight_decay, decoupled
):
    """p <- p - lr mean' / (sqrt(mean_square') + eps), where ' divides by the bias correction."""
    if finite[0]:
        rate, (correction, root), (beta1, beta2) = lr.item(), corrections.tolist(), betas
        if decoupled:
            data[:decaying] *= 1.0 - rate * weight_decay
        g = _decayed(data, grad, 0 if decoupled else decaying, weight_decay)
        mean *= beta1
        mean += g * (1.0 - beta1)
        mean_square *= beta2
        mean_square += g * g * (1.0 - beta2)
        if largest.size:
            np.maximum(largest, mean_square, out=largest)
        data -= mean / (np.sqrt(largest if largest.size else mean_square) / root + eps) * (rate / correction)


def rmsprop_step(
    data, grad, mean_square, mean, velocity, decaying, lr, finite, decay, momentum, eps, weight_decay, inside
):
    """p <- p - lr g / root of the mean square, with momentum; eps `inside` of the root is TensorFlow's rule."""
    if finite[0]:
        rate, g = lr.item(), _decayed(data, grad, decaying, weight_decay)
        mean_square *= decay
        mean_square += g * g * (1.0 - decay)
        spread = mean_square
        if mean.size:
            mean *= decay
            mean += g * (1.0 - decay)
            spread = np.maximum(mean_square - mean * mean, 0.0)
        step = g / (np.sqrt(spread + eps) if inside else np.sqrt(spread) + eps)
        step *= rate if inside else 1.0
        if velocity.size:
            velocity *= momentum
            velocity += step
            step = velocity * 1.0
        data -= step * (1.0 if inside else rate)


def sums_of_squares(x, sums):
    """The sum of all squares, in float64, and zeros for the other blocks."""
    sums[...] = 0
    flat = x.reshape(-1)
    sums[:1] = np.einsum("i,i->", flat, flat, dtype=np.float64)  # casts piece by piece, without a float64 copy


def scale(x, factor):
    """x *= factor where that is below 1."""
    if factor[0] < 1:
        x *= factor.item()


def find_non_finite(x, finite):
    """finite[0] = 0 where there is NaN or infinity in x."""
    if not np.isfinite(x).all():
        finite[0] = 0


def follow(average, live, rate, finite):
    """average <- average + rate (live - average)."""
    if finite[0]:
        average += (live - average) * rate.item()
