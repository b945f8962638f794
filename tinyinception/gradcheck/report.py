"""What a gradient check found: every number, and a table to read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyinception.errors import GradientError
from tinyinception.ops.operation import Shape, by_x

MOST_KINKS = 0.5  # a tensor of which more than this fraction could not be checked is not "ok"


@dataclass(frozen=True)
class Entry:
    """The check of one tensor.

    Elementwise and by complex step, the arrays have the tensor's shape: one derivative for each of its elements. By
    direction they have one number for each random direction: the derivative along it.

    analytic: from backward. numeric: from differences. noise: absolute bound of the rounding in both.
    error: |analytic - numeric| relative to the larger of the two (by direction: to the gradient's norm), but never to
    less than noise / rtol, so that what cannot be told from rounding is compared with the rounding.
    kink: True where the function has no derivative, or none that differences can see; error means nothing there.
    """

    name: str
    shape: Shape
    analytic: np.ndarray
    numeric: np.ndarray
    noise: np.ndarray
    error: np.ndarray
    kink: np.ndarray
    rtol: float

    @property
    def worst(self) -> tuple[int, ...] | None:
        """Index of the largest error outside kinks; None where everything is a kink."""
        if self.kink.all():
            return None
        flat = np.where(self.kink, -1.0, self.error).argmax()
        return tuple(int(i) for i in np.unravel_index(flat, self.error.shape))

    @property
    def worst_error(self) -> float:
        """The largest error outside kinks; 0 where everything is a kink."""
        return 0.0 if self.worst is None else float(self.error[self.worst])

    @property
    def verdict(self) -> str:
        """ok, WRONG, or UNCHECKED where more than half is kinks and the rest agrees."""
        if self.worst_error > self.rtol:
            return "WRONG"
        return "UNCHECKED" if self.kink.mean() > MOST_KINKS else "ok"


@dataclass(frozen=True, repr=False)
class Report:
    """The check of a function: one Entry for each input and parameter, shown as a table."""

    method: str
    rtol: float
    entries: tuple[Entry, ...]

    def __getitem__(self, name: str) -> Entry:
        """The entry of the input or parameter of this name."""
        return next(e for e in self.entries if e.name == name)

    @property
    def ok(self) -> bool:
        """Whether every tensor was checked and every error is at most rtol."""
        return all(e.verdict == "ok" for e in self.entries)

    @property
    def worst(self) -> Entry:
        """The tensor with the largest error."""
        return max(self.entries, key=lambda e: e.worst_error)

    @property
    def kinks(self) -> list[tuple[str, tuple[int, ...]]]:
        """Tensor and index of each kink: places that were neither passed nor failed."""
        return [(e.name, tuple(int(i) for i in index)) for e in self.entries for index in np.argwhere(e.kink)]

    def raise_if_wrong(self) -> Report:
        """This report, or GradientError with its table unless it is ok."""
        if not self.ok:
            raise GradientError(str(self))
        return self

    def __repr__(self) -> str:
        head = ("tensor", "shape", "checked", "kinks", "worst error", "at", "analytic", "numeric", "noise", "")
        rows = [head, *(_row(e) for e in self.entries)]
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
        wrong = sum(e.verdict == "WRONG" for e in self.entries)
        unchecked = sum(e.verdict == "UNCHECKED" for e in self.entries)
        found = [
            f"{n} of {len(self.entries)} tensors {word}"
            for n, word in ((wrong, "WRONG"), (unchecked, "UNCHECKED"))
            if n
        ]
        return "\n".join(
            [f"gradient check, {self.method}, relative error at most {self.rtol:g}: {', '.join(found) or 'ok'}", *lines]
        )


def _row(entry: Entry) -> tuple[str, ...]:
    at = entry.worst
    numbers = (
        ("-",) * 5
        if at is None
        else (
            f"{entry.worst_error:.1e}",
            str(at[0] if len(at) == 1 else at),
            f"{entry.analytic[at]:.9g}",
            f"{entry.numeric[at]:.9g}",
            f"{entry.noise[at]:.0e}",
        )
    )
    return (
        entry.name,
        by_x(entry.shape),
        str(entry.kink.size - int(entry.kink.sum())),
        str(int(entry.kink.sum())),
        *numbers,
        entry.verdict,
    )
