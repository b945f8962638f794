"""log-softmax and cross-entropy, in natural logarithms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyinception.checks import number
from tinyinception.errors import ArgumentError, DtypeError
from tinyinception.ops.operation import (
    NOTHING,
    OUTPUT,
    Cost,
    Forward,
    Grads,
    Keeps,
    Kept,
    Operation,
    Shape,
    by_x,
    size_of,
)
from tinyinception.ops.reduction import add_up, average

TOLERANCE = 1e-5  # how far a distribution in float32 may be from adding up to 1


@dataclass(frozen=True)
class LogSoftmax(Operation):
    """Logarithm of the softmax over the last axis."""

    analytic = True

    def shape(self, x: Shape) -> Shape:
        if not x or 0 in x:
            raise self.fail(f"input must have a last axis and no empty one, not {by_x(x)}")
        return x

    def forward(self, x: np.ndarray) -> Forward:
        return log_softmax(x)

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return (grad - np.exp(kept.output) * _row_sums(grad),)

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return OUTPUT

    def cost(self, x: Shape) -> Cost:
        """Per row of K: K - 1 comparisons, K subtractions, K times exp, K - 1 additions, a log, K subtractions."""
        return Cost(flops=5 * size_of(x) - size_of(x[:-1]), activations=size_of(x))


@dataclass(frozen=True)
class CrossEntropy(Operation):
    """H(q', p) = -sum q' log p, p being the softmax of the logits N x K (Szegedy et al. 2016, section 7).

    Inputs logits, target: N integer labels, or N x K probabilities q, and prior: K probabilities, uniform where it is
    None. q' = (1 - eps) q + eps * prior, where eps is `label_smoothing`. reduction: "mean" or "sum" over the batch, a
    scalar, or "none", one loss per sample.
    Raises ShapeError or ArgumentError for targets that do not fit, DtypeError for labels that are no integers.
    """

    analytic, tensors = True, 1
    label_smoothing: float = 0.0
    reduction: str = "mean"

    def shape(self, x: Shape, target: Shape, prior: Shape | None = None) -> Shape:
        if len(x) != 2 or 0 in x:
            raise self.fail(f"logits must be N x K and not empty, not {by_x(x)}")
        if self.reduction not in ("mean", "sum", "none"):
            raise self._bad(f"reduction must be 'mean', 'sum' or 'none', got {self.reduction!r}")
        number(f"{self.where()}: label_smoothing", self.label_smoothing, "[0, 1]")
        if target not in (x[:1], x):
            raise self.fail(
                f"target is {by_x(target)}, but logits {by_x(x)} need {x[0]} labels or {by_x(x)} probabilities"
            )
        if prior is not None and prior != x[1:]:
            raise self.fail(f"prior is {by_x(prior)}, the logits {by_x(x)} have {x[1]} classes")
        return x[:1] if self.reduction == "none" else ()

    def _check(self, t: np.ndarray, prior: np.ndarray | None, classes: int) -> None:
        """Raise for numbers that are no labels or no probabilities."""
        if prior is not None:
            self._check_distributions(prior[None], "prior")
        if t.ndim == 2:
            self._check_distributions(t, "target")
        elif not np.issubdtype(t.dtype, np.integer):
            raise DtypeError(f"{self.where()}: labels are {t.dtype}, but must be integers from 0 to {classes - 1}")
        elif t.min() < 0 or t.max() >= classes:
            i = int(np.flatnonzero((t < 0) | (t >= classes))[0])
            raise self._bad(
                f"label {t[i]} at index {i} is out of range: the {classes} classes are numbered 0 to {classes - 1}"
            )

    def _check_distributions(self, rows: np.ndarray, name: str) -> None:
        total = rows.sum(axis=-1, dtype=np.float64)
        good = (rows >= 0).all(axis=-1) & (np.abs(total - 1) <= TOLERANCE)
        if not good.all():
            i = int(np.flatnonzero(~good)[0])
            raise self._bad(
                f"{name} must hold probabilities: no negative number, and a sum of 1; row {i} adds up to "
                f"{total[i]:.6g}, its smallest is {rows[i].min():.6g}"
            )

    def _bad(self, message: str) -> ArgumentError:
        return ArgumentError(f"{self.where()}: {message}")

    def smoothed(self, target: np.ndarray, prior: np.ndarray | None, classes: int) -> np.ndarray:
        """q', N x K in float64."""
        if target.ndim == 2:
            q = target.astype(np.float64)
        else:
            q = np.zeros((len(target), classes))
            q[np.arange(len(target)), target] = 1
        if self.label_smoothing:
            even = 1 / classes if prior is None else prior.astype(np.float64)
            q = (1 - self.label_smoothing) * q + self.label_smoothing * even
        return q

    def forward(self, x: np.ndarray, target: np.ndarray, prior: np.ndarray | None = None) -> Forward:
        self._check(target, prior, x.shape[1])
        logp, q = log_softmax(x), self.smoothed(target, prior, x.shape[1]).astype(x.real.dtype)
        # a class of probability 0 costs nothing, even where a logit of minus infinity has ruled it out
        loss = -_row_sums(np.multiply(q, logp, where=q != 0, out=np.zeros_like(logp)))[:, 0]
        if self.reduction != "none":
            loss = {"mean": average, "sum": add_up}[self.reduction](loss, (0,))
        return loss, (logp, q)

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        logp, q = kept.aside
        scale = grad / len(q) if self.reduction == "mean" else grad[..., None]  # of one sample, or of all
        total = _row_sums(q)  # 1 but for rounding, as the check of soft targets allows
        return ((np.exp(logp) * total - q) * scale, *(None,) * (len(kept.shapes) - 1))

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return NOTHING

    def aside_bytes(self, x: Shape, target: Shape, prior: Shape | None = None) -> int:
        """Logarithms of the probabilities, and the target distribution."""
        return size_of(x) * 2 * 4

    def cost(self, x: Shape, target: Shape, prior: Shape | None = None) -> Cost:
        """Per row the log-softmax, K products, K - 1 additions and a minus; sum and mean add up rows, mean divides."""
        over_rows = {"mean": x[0], "sum": x[0] - 1, "none": 0}[self.reduction]
        return Cost(flops=7 * size_of(x) - x[0] + over_rows, activations=size_of(self.shape(x, target, prior)))


def log_softmax(x: np.ndarray) -> np.ndarray:
    """Over the last axis, shifted by the maximum so that no exponential overflows."""
    shifted = x - x.real.max(axis=-1, keepdims=True)
    return shifted - np.log(_row_sums(np.exp(shifted)))


def _row_sums(a: np.ndarray) -> np.ndarray:
    """Sums over the last axis, which stays, with size 1."""
    return add_up(a, (a.ndim - 1,))[..., None]
