"""log-softmax and cross-entropy, in natural logarithms."""

from __future__ import annotations

import numpy as np

from tinyinception.checks import number
from tinyinception.errors import ArgumentError, DtypeError
from tinyinception.ops.base import Cost, Operation, Shape, by_x, count
from tinyinception.ops.reduction import add_up, average

TOLERANCE = 1e-5  # how far a distribution in float32 may be from adding up to 1


class LogSoftmax(Operation):
    """Logarithm of the softmax over the last axis."""

    analytic = True

    def shape(self, x: Shape) -> Shape:
        if not x or 0 in x:
            raise self.fail(f"input must have a last axis and no empty one, not {by_x(x)}")
        return x

    def forward(self, x):
        self.saved = log_softmax(x)
        return self.saved

    def backward(self, grad):
        return (grad - np.exp(self.saved) * _row_sums(grad),)

    def cost(self, x: Shape) -> Cost:
        """Per row of K: K - 1 comparisons, K subtractions, K times exp, K - 1 additions, a log, K subtractions."""
        return Cost(flops=5 * count(x) - count(x[:-1]), activations=count(x))


class CrossEntropy(Operation):
    """H(q', p) = -sum q' log p, p being the softmax of the logits N x K (Szegedy et al. 2016, section 7).

    target: N integer labels, or N x K probabilities q. q' = (1 - eps) q + eps * prior, where eps is `label_smoothing`
    and the prior K probabilities, uniform by default. reduction: "mean" or "sum" over the batch, a scalar, or "none",
    one loss per sample.
    Raises ShapeError or ArgumentError for targets that do not fit, DtypeError for labels that are no integers.
    """

    analytic = True

    def __init__(
        self,
        target: np.ndarray,
        *,
        label_smoothing: float = 0.0,
        prior: np.ndarray | None = None,
        reduction: str = "mean",
    ):
        self.target, self.label_smoothing, self.reduction = np.asarray(target), label_smoothing, reduction
        self.prior = None if prior is None else np.asarray(prior, np.float64)

    def shape(self, x: Shape) -> Shape:
        if len(x) != 2 or 0 in x:
            raise self.fail(f"logits must be N x K and not empty, not {by_x(x)}")
        if self.reduction not in ("mean", "sum", "none"):
            raise self._bad(f"reduction must be 'mean', 'sum' or 'none', got {self.reduction!r}")
        number(f"{self.where()}: label_smoothing", self.label_smoothing, "[0, 1]")
        self._check_target(*x)
        if self.prior is not None:
            if self.prior.shape != x[1:]:
                raise self.fail(f"prior is {by_x(self.prior.shape)}, the logits {by_x(x)} have {x[1]} classes")
            self._check_distributions(self.prior[None], "prior")
        return x[:1] if self.reduction == "none" else ()

    def _check_target(self, n: int, classes: int) -> None:
        t = self.target
        if t.shape not in ((n,), (n, classes)):
            raise self.fail(
                f"target is {by_x(t.shape)}, but logits {n}x{classes} need {n} labels or {n}x{classes} probabilities"
            )
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

    def smoothed(self, n: int, classes: int) -> np.ndarray:
        """q', N x K in float64."""
        if self.target.ndim == 2:
            q = self.target.astype(np.float64)
        else:
            q = np.zeros((n, classes))
            q[np.arange(n), self.target] = 1
        if self.label_smoothing:
            prior = 1 / classes if self.prior is None else self.prior
            q = (1 - self.label_smoothing) * q + self.label_smoothing * prior
        return q

    def forward(self, x):
        logp, q = log_softmax(x), self.smoothed(*x.shape).astype(x.real.dtype)
        self.saved = logp, q
        # a class of probability 0 costs nothing, even where a logit of minus infinity has ruled it out
        loss = -_row_sums(np.multiply(q, logp, where=q != 0, out=np.zeros_like(logp)))[:, 0]
        return {"mean": average, "sum": add_up}[self.reduction](loss, (0,)) if self.reduction != "none" else loss

    def backward(self, grad):
        logp, q = self.saved
        scale = grad / len(q) if self.reduction == "mean" else grad[..., None]  # of one sample, or of all
        total = _row_sums(q)  # 1 but for rounding, as the check of soft targets allows
        return ((np.exp(logp) * total - q) * scale,)

    def cost(self, x: Shape) -> Cost:
        """Per row the log-softmax, K products, K - 1 additions and a minus; sum and mean add up rows, mean divides."""
        over_rows = {"mean": x[0], "sum": x[0] - 1, "none": 0}[self.reduction]
        return Cost(flops=7 * count(x) - x[0] + over_rows, activations=count(self.shape(x)))


def log_softmax(x: np.ndarray) -> np.ndarray:
    """Over the last axis, shifted by the maximum so that no exponential overflows."""
    shifted = x - x.real.max(axis=-1, keepdims=True)
    return shifted - np.log(_row_sums(np.exp(shifted)))


def _row_sums(a: np.ndarray) -> np.ndarray:
    """Sums over the last axis, which stays, with size 1."""
    return add_up(a, (a.ndim - 1,))[..., None]
