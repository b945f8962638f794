"""What takes turns in `convolution`: four ways to convolve, two libraries' matrix products, and plain memory traffic.

Each way gives the three products of a layer (output, gradient of the input, gradient of the weights) alone, and all
three `together` as its own autograd runs them. `check` contracts each product with the array that it is linear in:
<grad, conv(x, w)> = <dx, x> = <dw, w>, so six numbers of two sides must be one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.sides import NotSupported
from tinyinception import kernels
from tinyinception.kernels import reference
from tinyinception.nn.functional import conv2d
from tinyinception.ops import Conv2d
from tinyinception.tensor import Tensor

if TYPE_CHECKING:
    import torch

PASSES = ("forward", "input_grad", "weight_grad", "together")
MOST_COLUMNS = 4 * 2**30  # bytes of an im2col matrix that any machine can be asked for
TRIAD = 2**25  # floats in each array, far more than any cache holds

Case = Mapping[str, Any]


def shapes(case: Case) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Input, weights and output of a case; padding is half the kernel on all sides, which every library can express."""
    x = case["batch"], case["size"], case["size"], case["in"]
    w = *case["kernel"], case["in"], case["out"]
    return x, w, Conv2d(case["stride"], padding(case)).shape(x, w)


def padding(case: Case) -> tuple[int, int]:
    """Rows above and below, columns left and right."""
    return case["kernel"][0] // 2, case["kernel"][1] // 2


def macs(case: Case) -> int:
    """Multiply-adds of one of the three products."""
    x, w, _ = shapes(case)
    return Conv2d(case["stride"], padding(case)).cost(x, w).macs


def _arrays(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draws = np.random.default_rng(0)
    return tuple(draws.standard_normal(shape, dtype=np.float32) for shape in shapes(case))


def _agreement(
    x: np.ndarray, w: np.ndarray, grad: np.ndarray, y: np.ndarray, dx: np.ndarray, dw: np.ndarray
) -> list[float]:
    """The three contractions in units of what chance would give, so that they are of order one."""
    scale = np.linalg.norm(y) * np.linalg.norm(grad) / sqrt(y.size)
    return [
        float(np.vdot(a.astype(np.float64), b.astype(np.float64)) / scale) for a, b in ((grad, y), (dx, x), (dw, w))
    ]


def ours(case: Case) -> dict[str, Callable]:
    """The kernels, and the tensors on top of them."""
    x, w, grad = _arrays(case)
    stride, pads = (case["stride"],) * 2, tuple(np.repeat(padding(case), 2).tolist())
    image, weight = Tensor(x, requires_grad=True), Tensor(w, requires_grad=True)

    def forward() -> np.ndarray:
        return kernels.conv2d(x, w, None, stride, pads, 1)

    def input_grad() -> np.ndarray:
        return kernels.conv2d_input_grad(grad, w, x.shape, stride, pads, 1)

    def weight_grad() -> np.ndarray:
        return kernels.conv2d_weight_grad(grad, x, w.shape, stride, pads, 1)

    def together() -> None:
        image.grad = weight.grad = None
        conv2d(image, weight, stride=stride, padding=pads).backward(grad)

    def check() -> list[float]:
        together()
        return _agreement(x, w, grad, forward(), image.grad, weight.grad)

    return {
        "forward": forward,
        "input_grad": input_grad,
        "weight_grad": weight_grad,
        "together": together,
        "check": check,
    }


def im2col(case: Case) -> dict[str, Callable]:
    """The textbook's: the whole im2col matrix in memory and one product of NumPy's with it; col2im backward."""
    x, w, grad = _arrays(case)
    stride, pads = (case["stride"],) * 2, tuple(np.repeat(padding(case), 2).tolist())
    columns_size = 4 * grad[..., 0].size * w[..., 0].size
    if columns_size > MOST_COLUMNS:
        raise NotSupported(f"an im2col matrix of {columns_size / 2**30:.1f} GiB")
    kernel, matrix, flat = w.shape[:2], w.reshape(-1, w.shape[3]), grad.reshape(-1, w.shape[3])

    def columns() -> np.ndarray:
        return reference.im2col(x, kernel, stride, pads).reshape(-1, len(matrix))

    def forward() -> np.ndarray:
        return columns() @ matrix

    def input_grad() -> np.ndarray:
        return reference.col2im((flat @ matrix.T).reshape(*grad.shape[:3], -1), x.shape, kernel, stride, pads)

    def weight_grad() -> np.ndarray:
        return columns().T @ flat

    def products() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        kept = columns()  # forward leaves it for backward
        return kept @ matrix, input_grad(), kept.T @ flat

    def check() -> list[float]:
        y, dx, dw = products()
        return _agreement(x, w, grad, y.reshape(grad.shape), dx, dw.reshape(w.shape))

    return {
        "forward": forward,
        "input_grad": input_grad,
        "weight_grad": weight_grad,
        "together": products,
        "check": check,
    }


def pytorch(case: Case) -> dict[str, Callable]:
    """PyTorch in its own layout, N x C x H x W."""
    return _pytorch(case, False)


def pytorch_channels_last(case: Case) -> dict[str, Callable]:
    """PyTorch with its arrays in memory as N x H x W x C."""
    return _pytorch(case, True)


def _pytorch(case: Case, channels_last: bool) -> dict[str, Callable]:
    import torch
    from torch.nn.functional import conv2d

    layout = torch.channels_last if channels_last else torch.contiguous_format
    arrays = x, w, grad = _arrays(case)
    image, weight, above = (
        torch.from_numpy(np.ascontiguousarray(a)).contiguous(memory_format=layout)
        for a in (x.transpose(0, 3, 1, 2), w.transpose(3, 2, 0, 1), grad.transpose(0, 3, 1, 2))
    )
    stride, pads = (case["stride"],) * 2, padding(case)
    learnt_image, learnt_weight = image.clone().requires_grad_(), weight.clone().requires_grad_()

    def forward() -> torch.Tensor:
        with torch.no_grad():
            return conv2d(image, weight, None, stride, pads)

    def backward(*wanted: bool) -> None:
        torch.ops.aten.convolution_backward(above, image, weight, None, stride, pads, (1, 1), False, (0, 0), 1, wanted)

    def together() -> None:
        learnt_image.grad = learnt_weight.grad = None
        conv2d(learnt_image, learnt_weight, None, stride, pads).backward(above)

    def check() -> list[float]:
        together()
        back = [
            tensor.permute(*axes).numpy()
            for tensor, axes in (
                (forward(), (0, 2, 3, 1)),
                (learnt_image.grad, (0, 2, 3, 1)),
                (learnt_weight.grad, (2, 3, 1, 0)),
            )
        ]
        return _agreement(*arrays, *back)

    return {
        "forward": forward,
        "input_grad": lambda: backward(True, False, False),
        "weight_grad": lambda: backward(False, True, False),
        "together": together,
        "check": check,
    }


# -- what the machine can do -------------------------------------------------------------------------------------


def sgemm_numpy(case: Case) -> dict[str, Callable]:
    """NumPy's product of two float32 matrices; case["numpy"]: (rows, inner, columns)."""
    a, b, c = _matrices(*case["numpy"])
    return {"sgemm": lambda: np.matmul(a, b, out=c)}


def sgemm_pytorch(case: Case) -> dict[str, Callable]:
    """PyTorch's; case["pytorch"]: (rows, inner, columns)."""
    import torch

    a, b, c = map(torch.from_numpy, _matrices(*case["pytorch"]))
    return {"sgemm": lambda: torch.mm(a, b, out=c)}


def _matrices(rows: int, inner: int, columns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draws = np.random.default_rng(0)
    return (
        draws.standard_normal((rows, inner), dtype=np.float32),
        draws.standard_normal((inner, columns), dtype=np.float32),
        np.empty((rows, columns), np.float32),
    )


def triad(case: Case) -> dict[str, Callable]:
    """a = b + s * c on all threads (McCalpin's STREAM): two arrays read, one written."""
    import numba

    @numba.njit(parallel=True)
    def add_scaled(a, b, c, s):
        for i in numba.prange(a.size):
            a[i] = b[i] + s * c[i]

    a, b, c = np.zeros(TRIAD, np.float32), np.ones(TRIAD, np.float32), np.ones(TRIAD, np.float32)
    return {"triad": lambda: add_scaled(a, b, c, np.float32(3))}
