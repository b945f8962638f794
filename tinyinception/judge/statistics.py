"""What can be said of right and wrong answers: calibration, and how sure a difference between two networks is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyinception.checks import number, whole
from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.habits import named


@dataclass(frozen=True, eq=False)
class Calibration:
    """Images in B bins by the probability of their most probable class; `low` and `high` bound each bin (B values).

    images: how many lie in each. confidence and accuracy: the mean probability of these, and the part of them that is
    right; NaN in an empty bin.
    """

    low: np.ndarray
    high: np.ndarray
    images: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def error(self) -> float:
        """Expected calibration error: mean over the images of their bin's |accuracy - confidence|."""
        filled = self.images > 0
        gaps = np.abs(self.accuracy - self.confidence)[filled]
        return float(gaps @ self.images[filled] / self.images.sum())

    def rows(self) -> list[dict]:
        """One dictionary per bin, as JSON can hold it; confidence and accuracy are None in an empty bin."""
        return [
            {
                "low": float(low),
                "high": float(high),
                "images": int(n),
                "confidence": float(p) if n else None,
                "accuracy": float(right) if n else None,
            }
            for low, high, n, p, right in zip(
                self.low, self.high, self.images, self.confidence, self.accuracy, strict=True
            )
        ]


@named
def calibration(confidence: np.ndarray, correct: np.ndarray, bins: int = 15) -> Calibration:
    """Sort images into bins of equal width by confidence (N, in [0, 1]) and count in each which are correct (N, bool).

    A probability on the border of two bins belongs to the lower one, 0 to the first (Guo et al. 2017, section 2).
    Raises ShapeError for no images or unequal lengths, ArgumentError for bins below 1 or confidence outside [0, 1].
    """
    confidence, correct = np.asarray(confidence, np.float64), np.asarray(correct, bool)
    if confidence.ndim != 1 or confidence.shape != correct.shape or not len(confidence):
        raise ShapeError(
            f"calibration: confidence has shape {confidence.shape}, correct {correct.shape}; expected one "
            "number each for at least one image"
        )
    bins = whole("bins", bins)
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise ArgumentError(f"confidence must lie in [0, 1], got {confidence.min()} to {confidence.max()}")
    edges = np.arange(bins + 1) / bins
    which = np.maximum(np.searchsorted(edges, confidence, side="left") - 1, 0)
    images = np.bincount(which, minlength=bins)
    sums = (np.bincount(which, weights, bins) for weights in (confidence, correct))
    divisor = np.where(images, images, np.nan)
    return Calibration(edges[:-1], edges[1:], images, *(total / divisor for total in sums))


@dataclass(frozen=True)
class Difference:
    """How much more often the second of two networks is right: accuracies as parts of 1, with a bootstrap interval.

    only_first, only_second: images that only one of the two gets right; on all others they agree.
    """

    images: int
    first: float
    second: float
    difference: float
    low: float
    high: float
    only_first: int
    only_second: int
    confidence: float
    resamples: int
    seed: int

    def sentence(self, first: str, second: str) -> str:
        """The comparison in words, for a reader without statistics; first, second: what the two are called."""
        better, worse = (second, first) if self.difference >= 0 else (first, second)
        verdict = (
            f"{better} is better by {abs(self.difference) * 100:.2f} percentage points"
            if self.difference
            else "both are right equally often"
        )
        inside = self.low <= 0 <= self.high
        meaning = (
            "It contains zero: with other test images of the same kind the order could well be reversed."
            if inside
            else "It does not contain zero: chance in the choice of test images does not explain the "
            f"lead over {worse}."
        )
        interval = f"{self.low * 100:+.2f} to {self.high * 100:+.2f} points"
        return (
            f"Of the same {self.images:,} test images {first} gets {self.first:.2%} right and {second} "
            f"{self.second:.2%}: {verdict} ({self.only_first:,} images only {first} gets right, "
            f"{self.only_second:,} only {second}). The {self.confidence:.0%} interval of the difference "
            f"({second} minus {first}) is {interval} (paired bootstrap, {self.resamples:,} resamples). "
            f"{meaning} What another training seed would change, it does not say."
        )


@named
def bootstrap_difference(
    correct_a: np.ndarray, correct_b: np.ndarray, *, resamples: int = 10_000, confidence: float = 0.95, seed: int = 0
) -> Difference:
    """The difference in accuracy of b and a on the same N images (N, bool each), with a paired bootstrap interval.

    The images are drawn again, with replacement, N at a time, keeping the two answers to an image together; the
    interval holds the middle `confidence` of the differences found (Efron & Tibshirani 1993, percentile interval).

    Raises ShapeError for no images or unequal lengths, ArgumentError for resamples < 1 or confidence outside (0, 1).
    """
    a, b = np.asarray(correct_a, bool), np.asarray(correct_b, bool)
    if a.ndim != 1 or a.shape != b.shape or not len(a):
        raise ShapeError(
            f"bootstrap_difference: answers of shape {a.shape} and {b.shape}; expected one each for at least one image"
        )
    resamples, seed = whole("resamples", resamples), whole("seed", seed, 0)
    confidence = number("confidence", confidence, "(0, 1)")
    n, only_a, only_b = len(a), int((a & ~b).sum()), int((b & ~a).sum())
    # Only three kinds of image matter, and how many of each kind a resample holds is multinomial: the same
    # distribution as drawing N indices each time, at a ten-thousandth of the work.
    kinds = np.array([only_a, only_b, n - only_a - only_b]) / n
    drawn = np.random.default_rng(seed).multinomial(n, kinds, resamples)
    tail = (1 - confidence) / 2
    low, high = np.quantile((drawn[:, 1] - drawn[:, 0]) / n, [tail, 1 - tail])
    return Difference(
        n,
        float(a.mean()),
        float(b.mean()),
        (only_b - only_a) / n,
        float(low),
        float(high),
        only_a,
        only_b,
        confidence,
        resamples,
        seed,
    )
