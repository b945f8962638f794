"""Batch normalisation and local response normalisation."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from tinyinception import kernels
from tinyinception.checks import number, whole
from tinyinception.kernels.memory import copied
from tinyinception.ops.operation import (
    FIRST,
    Cost,
    Forward,
    Grads,
    Keeps,
    Kept,
    Operation,
    Room,
    Shape,
    by_x,
    no_room,
    size_of,
)


@dataclass(frozen=True)
class BatchNorm(Operation):
    """Each channel brought to mean 0 and variance 1, then to gamma and beta (Ioffe & Szegedy 2015, algorithm 1).

    Inputs x (any shape, channels last), gamma C or None, beta C or None, and the statistics to normalise by, mean C and
    var C. training: they are those of the batch, biased, in float64, and measured here where they are None; else they
    are running ones. relu: max(0, .) follows, in the same pass over memory.
    Puts aside `kernels.types.Found`, mean and variance among it, so that running statistics can follow.
    """

    tensors = 3
    new_arrays = recomputes = launches = True
    eps: float
    relu: bool = field(default=False, kw_only=True)
    training: bool = field(default=True, kw_only=True)

    @property
    def analytic(self) -> bool:
        """Without the ReLU."""
        return not self.relu

    def shape(
        self,
        x: Shape,
        gamma: Shape | None = None,
        beta: Shape | None = None,
        mean: Shape | None = None,
        var: Shape | None = None,
    ) -> Shape:
        if not (type(self.eps) is float and 0 < self.eps < math.inf):  # the usual case, in a tenth of the time
            number(f"{self.where()}: eps", self.eps, "(0, inf)")
        if len(x) < 2 or 0 in x:
            raise self.fail(f"input must be N x ... x C with no empty axis, not {by_x(x)}")
        for what, size in (("gamma", gamma), ("beta", beta), ("running mean", mean), ("running variance", var)):
            if size is not None and size != x[-1:]:
                raise self.fail(f"{what} is {by_x(size)}, but the input {by_x(x)} has {x[-1]} channels")
        if self.training and size_of(x[:-1]) == 1:
            raise self.fail(
                f"one value per channel has no variance, and the input {by_x(x)} has no more; "
                "train with a larger batch, or call eval()"
            )
        return x

    def forward(
        self,
        x: np.ndarray,
        gamma: np.ndarray | None = None,
        beta: np.ndarray | None = None,
        mean: np.ndarray | None = None,
        var: np.ndarray | None = None,
    ) -> Forward:
        known = None if mean is None or var is None else (mean, var)
        if known is not None and not self.training:  # running ones, which training will change in place
            mean, var = (copied(moment, np.result_type(moment, np.float64)) for moment in known)
            known = mean, var
        return kernels.batch_norm(x, gamma, beta, self.eps, self.relu, known)

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return BatchNorm.backward_in_place(self, kept, grad, no_room(kept))

    def backward_in_place(self, kept: Kept, grad: np.ndarray, room: Room) -> Grads:
        (x, gamma, beta, *_), wanted = self._three(kept.inputs), kept.wanted
        into = (*room.empty, None, None)[1:3]
        grads = kernels.batch_norm_grad(
            grad, x, kept.aside, gamma, beta, self.relu, self.training, wanted[0], room.overwrite, into
        )
        return tuple(g if want else None for g, want in zip((*grads, None, None), wanted, strict=False))

    def recompute(self, kept: Kept, out: np.ndarray) -> None:
        x, gamma, beta, *_ = self._three(kept.inputs)
        kernels.batch_norm_again(x, kept.aside, gamma, beta, self.relu, out)

    @staticmethod
    def _three(inputs: tuple) -> tuple:
        """x, gamma and beta, given or not."""
        return (*inputs, None, None)[: max(3, len(inputs))]

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return Keeps((True, True, True)[: len(wanted)])

    def aside_bytes(self, *shapes: Shape | None) -> int:
        """Statistics, which do not grow with the batch."""
        return 0

    def cost(self, x: Shape, gamma: Shape | None = None, beta: Shape | None = None, *statistics: Shape | None) -> Cost:
        """One multiplication and one addition per element, as in evaluation, and a comparison for the ReLU."""
        elements = size_of(self.shape(x, gamma, beta, *statistics))
        return Cost(
            flops=elements * (3 if self.relu else 2),
            activations=elements,
            parameters=sum(size_of(p) for p in (gamma, beta) if p is not None),
        )


@dataclass(frozen=True)
class LocalResponseNorm(Operation):
    """b = a / (k + alpha * sum of a^2 over `size` neighbouring channels) ^ beta (Krizhevsky et al. 2012, section 3.3).

    Any shape, channels last; the window is cut where channels end. alpha multiplies the sum, as in the paper; for the
    scaling of Caffe and PyTorch pass alpha / size.
    """

    analytic = launches = True
    size: int = 5
    alpha: float = field(default=1e-4, kw_only=True)
    beta: float = field(default=0.75, kw_only=True)
    k: float = field(default=2.0, kw_only=True)

    def shape(self, x: Shape) -> Shape:
        whole("size", self.size, 1, self.fail)
        for name in ("alpha", "beta", "k"):
            number(f"{self.where()}: {name}", getattr(self, name), "[0, inf)")
        if len(x) < 2 or 0 in x:
            raise self.fail(f"input must be N x ... x C with no empty axis, not {by_x(x)}")
        return x

    def forward(self, x: np.ndarray) -> Forward:
        return kernels.local_response_norm(x, int(self.size), self.alpha, self.beta, self.k)

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        (x,) = kept.inputs
        return (kernels.local_response_norm_grad(grad, x, int(self.size), self.alpha, self.beta, self.k),)

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return FIRST

    def cost(self, x: Shape) -> Cost:
        """Per element a square, size - 1 additions, alpha, k, a power and a division; border channels as if inside."""
        elements = size_of(self.shape(x))
        return Cost(flops=elements * (self.size + 4), activations=elements)
