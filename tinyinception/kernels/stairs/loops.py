"""First stair: the definition. Seven loops around one multiply-add, and the same seven for both gradients.

Output channels are the innermost loop, since they lie side by side in `w` and `out`. The outermost is dealt to threads:
it is chosen such that no two threads add to the same number.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from tinyinception.kernels.jit import kernel
from tinyinception.kernels.stairs.window import seen


@kernel()
def forward(x, w, out, window):
    """out N x OH x OW x F = the convolution of x N x H x W x C with w KH x KW x C x F."""
    for n in prange(x.shape[0]):
        out[n] = 0
        for u in range(out.shape[1]):
            for v in range(out.shape[2]):
                for i in range(w.shape[0]):
                    for j in range(w.shape[1]):
                        row, column = seen(window, u, v, i, j)
                        if 0 <= row < x.shape[1] and 0 <= column < x.shape[2]:
                            for c in range(x.shape[3]):
                                for f in range(out.shape[3]):
                                    out[n, u, v, f] += x[n, row, column, c] * w[i, j, c, f]


def input_grad(grad, w, dx, window):
    """dx += what each pixel of x gets back from the output pixels that saw it."""
    _input_grad(grad, np.ascontiguousarray(w.swapaxes(2, 3)), dx, window)  # input channels are the innermost loop now


@kernel()
def _input_grad(grad, w, dx, window):
    for n in prange(dx.shape[0]):
        for u in range(grad.shape[1]):
            for v in range(grad.shape[2]):
                for i in range(w.shape[0]):
                    for j in range(w.shape[1]):
                        row, column = seen(window, u, v, i, j)
                        if 0 <= row < dx.shape[1] and 0 <= column < dx.shape[2]:
                            for f in range(grad.shape[3]):
                                for c in range(dx.shape[3]):
                                    dx[n, row, column, c] += grad[n, u, v, f] * w[i, j, f, c]


@kernel()
def weight_grad(grad, x, dw, window):
    """dw KH x KW x C x F = what each weight gets back from every output pixel."""
    for c in prange(dw.shape[2]):
        dw[:, :, c] = 0
        for n in range(x.shape[0]):
            for u in range(grad.shape[1]):
                for v in range(grad.shape[2]):
                    for i in range(dw.shape[0]):
                        for j in range(dw.shape[1]):
                            row, column = seen(window, u, v, i, j)
                            if 0 <= row < x.shape[1] and 0 <= column < x.shape[2]:
                                for f in range(grad.shape[3]):
                                    dw[i, j, c, f] += x[n, row, column, c] * grad[n, u, v, f]
