"""Batch normalisation and local response normalisation."""

from __future__ import annotations

import math

import numpy as np

from tinyinception import kernels
from tinyinception.checks import number, whole
from tinyinception.ops.base import Cost, Operation, Shape, by_x, count


class BatchNorm(Operation):
    """Each channel brought to mean 0 and variance 1, then to gamma and beta (Ioffe & Szegedy 2015, algorithm 1).

    Inputs x (any shape, channels last), gamma C or None, beta C or None. running: None to normalise by the statistics
    of the batch, or the (mean, variance) to normalise by. relu: max(0, .) follows, in the same pass over memory.
    known: mean and biased variance of x, in float64: the `moments` of the operation that made x, where it has them.
    In the first form `mean`, `var` (biased) and `count` are there after forward, for the running statistics.
    """

    repeats = fresh = True
    mean: np.ndarray | None = None
    var: np.ndarray | None = None
    count: int = 0

    def __init__(
        self,
        eps: float,
        *,
        relu: bool = False,
        running: tuple[np.ndarray, np.ndarray] | None = None,
        known: tuple[np.ndarray, np.ndarray] | None = None,
    ):
        self.eps, self.relu, self.running, self.known = eps, relu, running, known
        self.analytic = not relu

    def shape(self, x: Shape, gamma: Shape | None = None, beta: Shape | None = None) -> Shape:
        if not (type(self.eps) is float and 0 < self.eps < math.inf):  # the usual case, in a tenth of the time
            number(f"{self.where()}: eps", self.eps, "(0, inf)")
        if len(x) < 2 or 0 in x:
            raise self.fail(f"input must be N x ... x C with no empty axis, not {by_x(x)}")
        mean, var = (None, None) if self.running is None else (a.shape for a in self.running)
        for what, size in (("gamma", gamma), ("beta", beta), ("running mean", mean), ("running variance", var)):
            if size is not None and size != x[-1:]:
                raise self.fail(f"{what} is {by_x(size)}, but the input {by_x(x)} has {x[-1]} channels")
        if self.running is None and count(x[:-1]) == 1:
            raise self.fail(
                f"one value per channel has no variance, and the input {by_x(x)} has no more; "
                "train with a larger batch, or call eval()"
            )
        return x

    def forward(self, x, gamma=None, beta=None):
        if self.running is None:
            y, mean, invstd, var = kernels.batch_norm(x, gamma, beta, self.eps, self.relu, self.known)
            self.mean, self.var, self.count = mean.astype(x.dtype), var.astype(x.dtype), count(x.shape[:-1])
        else:
            mean, var = self.running
            invstd = 1 / np.sqrt(np.asarray(var, np.result_type(var, np.float64)) + self.eps)
            y = kernels.batch_norm_eval(x, mean, var, gamma, beta, self.eps, self.relu)
            if any(self.needs):
                mean = mean.copy()  # training goes on to change the running one in place
        self.saved = x, mean, invstd, gamma, beta
        return y

    def again(self, out=None):
        return kernels.batch_norm_again(*self.saved, self.relu, out)

    def backward(self, grad):
        training = self.running is None
        grads = kernels.batch_norm_grad(grad, *self.saved, self.relu, training, self.needs[0], self.overwrite)
        return tuple(g if need else None for g, need in zip(grads, self.needs, strict=False))

    def cost(self, x: Shape, gamma: Shape | None = None, beta: Shape | None = None) -> Cost:
        """One multiplication and one addition per element, as in evaluation, and a comparison for the ReLU."""
        elements = count(self.shape(x, gamma, beta))
        return Cost(
            flops=elements * (3 if self.relu else 2),
            activations=elements,
            parameters=sum(count(p) for p in (gamma, beta) if p is not None),
        )


class LocalResponseNorm(Operation):
    """b = a / (k + alpha * sum of a^2 over `size` neighbouring channels) ^ beta (Krizhevsky et al. 2012, section 3.3).

    Any shape, channels last; the window is cut where channels end. alpha multiplies the sum, as in the paper; for the
    scaling of Caffe and PyTorch pass alpha / size.
    """

    analytic = True

    def __init__(self, size: int = 5, *, alpha: float = 1e-4, beta: float = 0.75, k: float = 2.0):
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def shape(self, x: Shape) -> Shape:
        self.size = whole("size", self.size, 1, self.fail)
        for name in ("alpha", "beta", "k"):
            number(f"{self.where()}: {name}", getattr(self, name), "[0, inf)")
        if len(x) < 2 or 0 in x:
            raise self.fail(f"input must be N x ... x C with no empty axis, not {by_x(x)}")
        return x

    def forward(self, x):
        self.saved = x
        return kernels.local_response_norm(x, self.size, self.alpha, self.beta, self.k)

    def backward(self, grad):
        return (kernels.local_response_norm_grad(grad, self.saved, self.size, self.alpha, self.beta, self.k),)

    def cost(self, x: Shape) -> Cost:
        """Per element a square, size - 1 additions, alpha, k, a power and a division; border channels as if inside."""
        elements = count(self.shape(x))
        return Cost(flops=elements * (self.size + 4), activations=elements)
