"""NumPy twins of the two upper ideas, addresses and Winograd: forward and both gradients, no groups, no bias."""

from __future__ import annotations

import numpy as np

from tinyinception.kernels.reference import im2col

# -- addresses ---------------------------------------------------------------------------------------------------------


def addresses(x_shape, kernel, stride, pads, dilation=(1, 1)):
    """The im2col matrix of the pixels' numbers in place of the pixels: N x OH x OW x KH*KW, from 1 on; 0 is padding."""
    n, h, w, _ = x_shape
    return im2col(1 + np.arange(n * h * w).reshape(n, h, w, 1), kernel, stride, pads, dilation)


def _pixels(x):
    """The pixels of x, one a row, by number; number 0 is a pixel of zeros."""
    return np.concatenate([np.zeros((1, x.shape[3]), x.dtype), x.reshape(-1, x.shape[3])])


def conv2d_by_addresses(x, w, stride, pads, dilation=(1, 1)):
    """x N x H x W x C, w KH x KW x C x F -> N x OH x OW x F: tap by tap, the pixels that it sees times its weights."""
    *kernel, c, f = w.shape
    pixels, table = _pixels(x), addresses(x.shape, kernel, stride, pads, dilation)
    return sum(pixels[table[..., t]] @ tap for t, tap in enumerate(w.reshape(-1, c, f)))


def input_grad_by_addresses(grad, w, x_shape, stride, pads, dilation=(1, 1)):
    """What each pixel gets back from the output pixels that saw it; what goes to the padding is dropped."""
    *kernel, c, f = w.shape
    dx, table = (
        np.zeros_like(_pixels(np.empty(x_shape, grad.dtype))),
        addresses(x_shape, kernel, stride, pads, dilation),
    )
    for t, tap in enumerate(w.reshape(-1, c, f)):
        dx[table[..., t]] += grad @ tap.T  # through one tap, no two output pixels see the same pixel
    return dx[1:].reshape(x_shape)


def weight_grad_by_addresses(grad, x, w_shape, stride, pads, dilation=(1, 1)):
    """What each tap gets back from all output pixels, times what it saw."""
    *kernel, c, f = w_shape
    pixels, table = _pixels(x), addresses(x.shape, kernel, stride, pads, dilation)
    seen = pixels[table].reshape(-1, kernel[0] * kernel[1], c)
    return np.einsum("rtc,rf->tcf", seen, grad.reshape(-1, f)).reshape(w_shape)


# -- Winograd's F(4x4, 3x3) --------------------------------------------------------------------------------------------

# A row of 4 outputs is A ((G g) * (B d)), of 6 inputs d and 3 taps g: 6 multiplications in place of 12. Along rows and
# columns it is A ((G g G^T) * (B d B^T)) A^T, which makes 36 in place of 144. Lavin and Gray (2016).
B = np.array(
    [
        [1, -1.5, -2, 1.5, 1, 0],
        [0, -1, 0.5, 2.5, 1, 0],
        [0, 1, -2.5, 0.5, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 0.5, -1, -0.5, 1, 0],
        [0, 1, -1.5, -2, 1.5, 1],
    ]
)
G = np.array([[15, 0, 0], [5, 5, 5], [-5, 5, -5], [-16, -8, -4], [1, -2, 4], [0, 0, 15]]) / 15
A = np.array([[1, 1, 1, 1, 1, 0], [0, 1, -1, 0.5, -2, 0], [0, 1, 1, 0.25, 4, 0], [0, 1, -1, 0.125, -8, 1]])
SIDE = len(A)


def both_ways(matrix, squares):
    """matrix s matrix^T of all squares s, which are the last two axes."""
    return matrix @ squares @ matrix.T


def _squares(x, size, pads):
    """N x TH x TW x C x size x size: squares of x, SIDE pixels apart; beyond the last pixel there are zeros."""
    x = np.pad(x, ((0, 0), pads[:2], pads[2:], (0, 0)))
    more = ((0, -(x.shape[axis] - size) % SIDE) for axis in (1, 2))
    x = np.pad(x, ((0, 0), *more, (0, 0)))
    return np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))[:, ::SIDE, ::SIDE]


def _transformed_weights(w):
    """C x F x 6 x 6."""
    return both_ways(G, w.transpose(2, 3, 0, 1))


def conv2d_by_winograd(x, w, pads):
    """x N x H x W x C, w 3 x 3 x C x F, stride 1 -> N x OH x OW x F: for each 4x4 outputs 36 products for 144."""
    n, oh, ow = len(x), x.shape[1] + pads[0] + pads[1] - 2, x.shape[2] + pads[2] + pads[3] - 2
    inputs, weights = both_ways(B, _squares(x, SIDE + 2, pads)), _transformed_weights(w)
    outputs = both_ways(A, np.einsum("nhwcij,cfij->nhwfij", inputs, weights))
    y = outputs.transpose(0, 1, 4, 2, 5, 3).reshape(n, SIDE * outputs.shape[1], SIDE * outputs.shape[2], -1)
    return y[:, :oh, :ow].astype(x.dtype)


def input_grad_by_winograd(grad, w, x_shape, pads):
    """The three steps backwards, each by the transpose of its matrix; then each square is added where it came from."""
    n, h, wd, c = x_shape
    products = both_ways(A.T, _squares(grad, SIDE, (0, 0, 0, 0)))
    squares = both_ways(B.T, np.einsum("nhwfij,cfij->nhwcij", products, _transformed_weights(w)))
    rows, columns = SIDE * squares.shape[1], SIDE * squares.shape[2]
    dx = np.zeros((n, rows + 2, columns + 2, c), squares.dtype)
    for i, j in np.ndindex(SIDE + 2, SIDE + 2):
        dx[:, i : i + rows : SIDE, j : j + columns : SIDE] += squares[..., i, j]
    return dx[:, pads[0] : pads[0] + h, pads[2] : pads[2] + wd].astype(grad.dtype)


def weight_grad_by_winograd(grad, x, pads):
    """What the 36 products get back, times the transformed inputs, summed over squares: 3 x 3 x C x F."""
    products = both_ways(A.T, _squares(grad, SIDE, (0, 0, 0, 0)))
    weights = np.einsum("nhwcij,nhwfij->cfij", both_ways(B, _squares(x, SIDE + 2, pads)), products)
    return both_ways(G.T, weights).transpose(2, 3, 0, 1).astype(grad.dtype)
