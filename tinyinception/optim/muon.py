"""Muon: momentum that is made orthogonal, for kernels; stochastic gradient descent for all other parameters."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinyinception import kernels
from tinyinception.checks import number, whole
from tinyinception.errors import ArgumentError
from tinyinception.kernels.launch import launch
from tinyinception.kernels.memory import empty
from tinyinception.optim.checks import Grouped, Parameter
from tinyinception.optim.flat import COMPILED, Run, kernel_for
from tinyinception.optim.optimizer import Optimizer
from tinyinception.optim.sgd import UNDAMPED

EPS = 1e-7  # least norm that a direction is divided by
ONE_PIXEL = (1, 1), (0, 0, 0, 0), 1  # stride, padding and groups of a convolution that is a matrix product

Coefficients = tuple[float, float, float]


class Muon(Optimizer):
    """Momentum orthogonalised by Newton-Schulz steps (Jordan et al. 2024): all directions of a kernel move as far.

    v <- momentum v + g, and g + momentum v with Nesterov, is a matrix of one row for each output channel, U S V^T say.
    The step is p <- p - lr O with O near U V^T: `ns_steps` times X <- a X + b (X X^T) X + c (X X^T)^2 X, from a norm of
    1, with a, b, c = `ns_coefficients`, which are chosen for speed and leave singular values between 0.7 and 1.2.

    normalize: scale each kernel to the norm sqrt(output channels) before its step, as Jordan's CIFAR-10 training does
    (airbench94_muon: momentum 0.6, three steps, lr 0.24). weight_decay: of kernels it is decoupled, they are multiplied
    by 1 - lr weight_decay. Unlike PyTorch's, the rate is the same for a matrix of any shape.

    Kernels of convolutions take this rule. Biases, batch-norm's parameters and linear layers take SGD with Nesterov and
    `sgd_momentum`; `use_muon` in a group says otherwise of matrices and kernels.
    """

    _settings = ("momentum", "nesterov", "ns_coefficients", "ns_steps", "normalize", "sgd_momentum")
    _group_settings = (*Optimizer._group_settings, "use_muon")

    def __init__(
        self,
        parameters: Grouped,
        lr: float,
        *,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: Coefficients = (3.4445, -4.775, 2.0315),
        ns_steps: int = 5,
        normalize: bool = False,
        sgd_momentum: float = 0.9,
        weight_decay: float = 0.0,
        decay_filter: Callable[[str, Parameter], bool] | None = None,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, decay_filter=decay_filter)
        self.momentum = float(number("Muon: momentum", momentum, "[0, 1)"))
        self.sgd_momentum = float(number("Muon: sgd_momentum", sgd_momentum, "[0, 1)"))
        if nesterov and not momentum:
            raise ArgumentError("Muon: nesterov needs a momentum above 0")
        if not isinstance(ns_coefficients, tuple | list) or len(ns_coefficients) != 3:
            raise ArgumentError(f"Muon: ns_coefficients must be three numbers, got {ns_coefficients!r}")
        self.ns_coefficients = tuple(
            float(number(f"Muon: ns_coefficients[{i}]", one, "(-inf, inf)")) for i, one in enumerate(ns_coefficients)
        )
        self.ns_steps = whole("Muon: ns_steps", ns_steps)
        self.nesterov, self.normalize = nesterov, normalize
        if self.momentum or self.sgd_momentum:
            self._new_slot("momentum")

    def _kind(self, name: str, parameter: Parameter, settings: dict[str, Any]) -> bool:
        """Whether its momentum is made orthogonal."""
        axes = len(parameter.shape)
        wanted = settings.get("use_muon", axes == 4)
        if not isinstance(wanted, bool):
            raise ArgumentError(f"Muon: use_muon must be True or False, got {wanted!r}")
        if wanted and axes < 2:
            raise ArgumentError(f"Muon: {name!r} has shape {parameter.shape}, and use_muon is for matrices and kernels")
        return wanted

    def _update(self, run: Run) -> None:
        if not run.group.kind:
            momentum = self.sgd_momentum
            self._descend(run, run.data, run.group.lr, momentum, bool(momentum), run.decaying, self._decay(run))
            return
        direction = empty(run.data.shape, run.data.dtype)
        launch(np.ndarray.fill, direction, 0)
        self._descend(run, direction, _BACKWARDS, self.momentum, bool(self.nesterov), 0, 0.0)
        begin, (a, b, c) = 0, self.ns_coefficients
        for shape in run.shapes:
            end = begin + math.prod(shape)
            step = orthogonal(direction[begin:end].reshape(-1, shape[-1]), (a, b, c), self.ns_steps)
            decay = self._decay(run) if begin < run.decaying else 0.0
            where = run.data[begin:end].reshape(-1, shape[-1])
            launch(_move, where, step, run.group.lr, self.finite, bool(self.normalize), decay)
            begin = end

    def _descend(
        self,
        run: Run,
        data: np.ndarray,
        lr: np.ndarray,
        momentum: float,
        nesterov: bool,
        decaying: int,
        decay: float,
    ) -> None:
        """SGD's step on `data`, which is the run's, or zeros."""
        velocity = run.state["momentum"] if momentum else run.empty
        decaying = decaying if decay else 0
        rule = kernel_for("sgd_step", run.data)
        launch(rule, data, run.grad, velocity, decaying, lr, UNDAMPED, self.finite, momentum, nesterov, decay)


_BACKWARDS = np.full(1, -1.0)  # the rate by which a step from zeros is the direction itself


def orthogonal(matrix: np.ndarray, coefficients: Coefficients, steps: int) -> np.ndarray:
    """Near U V^T for a matrix U S V^T, by so many Newton-Schulz steps; written by launches, in the matrix's dtype."""
    rows, columns = matrix.shape
    tall = matrix if rows >= columns else matrix.T  # so that X^T X is the smaller of the two products with itself
    x = empty(tall.shape, matrix.dtype)
    launch(_normalise, tall, x)
    for _ in range(steps):
        gram = _times_itself(x)
        square = _product(gram, gram)
        launch(_polynomial, gram, square, coefficients)
        x = _product(x, gram)
    return x if rows >= columns else x.T


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a @ b, by the kernel of a 1x1 convolution, which gives the same bits for any number of threads."""
    if a.dtype in COMPILED:
        return kernels.conv2d(a[:, None, None], b[None, None], None, *ONE_PIXEL).reshape(len(a), b.shape[1])
    out = empty((len(a), b.shape[1]), a.dtype)
    launch(np.matmul, a, b, out)
    return out


def _times_itself(x: np.ndarray) -> np.ndarray:
    """x^T x: what the weights' gradient would be, were x both images and gradients."""
    if x.dtype not in COMPILED:
        return _product(x.T, x)
    images, k = x[:, None, None], x.shape[1]
    return kernels.conv2d_weight_grad(images, images, (1, 1, k, k), *ONE_PIXEL)[0, 0]


def _normalise(matrix: np.ndarray, out: np.ndarray) -> None:
    """The matrix divided by its norm."""
    np.multiply(matrix, 1.0 / max(_norm(matrix), EPS), out=out)


def _norm(matrix: np.ndarray) -> float:
    return math.sqrt(np.einsum("ij,ij->", matrix, matrix, dtype=np.float64))


def _polynomial(gram: np.ndarray, square: np.ndarray, coefficients: Coefficients) -> None:
    """gram <- a I + b gram + c gram^2: what a step multiplies by."""
    a, b, c = coefficients
    gram *= b
    square *= c
    gram += square
    np.einsum("ii->i", gram)[:] += a


def _move(
    data: np.ndarray, step: np.ndarray, lr: np.ndarray, finite: np.ndarray, normalize: bool, decay: float
) -> None:
    """p <- p - lr step, after p is brought to the norm of an orthogonal matrix of its width, or has decayed."""
    if not finite[0]:
        return
    if normalize and (norm := _norm(data)):
        data *= math.sqrt(data.shape[1]) / norm
    if decay:
        data *= 1.0 - lr.item() * decay
    data -= step * lr.item()
