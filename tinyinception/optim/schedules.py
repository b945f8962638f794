"""Learning rates as pure functions of the step: without state, so resuming needs only the step.

Steps count from 0. A schedule over `steps` steps reaches its end at step `steps`, the first that is not trained any
more, and stays there. Rising lines start from zero at step -1, so that no step is lost to a rate of zero.
"""

import math
from dataclasses import dataclass
from numbers import Integral
from typing import TYPE_CHECKING, Protocol

from tinyinception import remedies
from tinyinception.checks import number, whole
from tinyinception.habits import absent, named


class Schedule(Protocol):
    """`lr = schedule(step)`."""

    def __call__(self, step: int) -> float: ...


def _keep(schedule: Schedule, **numbers: float) -> None:
    """Set fields of a frozen schedule, to Python's numbers: NumPy's power differs from theirs in the last bit."""
    for name, value in numbers.items():
        object.__setattr__(schedule, name, value)


class _Function:
    """Has no step() of its own, and says so."""

    if not TYPE_CHECKING:  # or every name would do

        def __getattr__(self, name: str):
            raise absent(type(self).__name__, name, remedies.SCHEDULE, self)


@named
@dataclass(frozen=True)
class Constant(_Function):
    """Always `base`."""

    base: float

    def __post_init__(self) -> None:
        _keep(self, base=number("Constant: base", self.base, "[0, inf)"))

    def __call__(self, step: int) -> float:
        whole("schedule: step", step, 0)
        return float(self.base)


@named
@dataclass(frozen=True)
class ExponentialStaircase(_Function):
    """base * rate^floor(step / every).

    Inception-v3 and v4: base 0.045, rate 0.94, every two epochs (Rethinking, section 8). GoogLeNet: rate 0.96, every 8
    epochs (section 6).
    """

    base: float
    rate: float
    every: int

    def __post_init__(self) -> None:
        _keep(
            self,
            base=number("ExponentialStaircase: base", self.base, "(0, inf)"),
            rate=number("ExponentialStaircase: rate", self.rate, "(0, 1]"),
            every=whole("ExponentialStaircase: every", self.every),
        )

    def __call__(self, step: int) -> float:
        step = whole("schedule: step", step, 0)
        return float(self.base * self.rate ** (step // self.every))


@named
@dataclass(frozen=True)
class Cosine(_Function):
    """A linear rise that reaches `base` at step `warmup`, then half a cosine down to `final` at step `steps`.

    Loshchilov and Hutter 2017 without restarts; PyTorch's CosineAnnealingLR with T_max = steps - warmup.
    """

    base: float
    steps: int
    warmup: int = 0
    final: float = 0.0

    def __post_init__(self) -> None:
        _keep(self, base=number("Cosine: base", self.base, "(0, inf)"), steps=whole("Cosine: steps", self.steps))
        _keep(
            self,
            warmup=number("Cosine: warmup", self.warmup, f"[0, {self.steps})", Integral),
            final=number("Cosine: final", self.final, f"[0, {self.base}]"),
        )

    def __call__(self, step: int) -> float:
        step = whole("schedule: step", step, 0)
        if step < self.warmup:
            return float(self.base * ((step + 1) / (self.warmup + 1)))
        done = min(1.0, (step - self.warmup) / (self.steps - self.warmup))
        return float(self.final + (self.base - self.final) * (1.0 + math.cos(math.pi * done)) / 2.0)


@named
@dataclass(frozen=True)
class Triangular(_Function):
    """A straight line up to `base` at step `peak`, and one down to zero at step `steps`."""

    base: float
    steps: int
    peak: int

    def __post_init__(self) -> None:
        _keep(
            self, base=number("Triangular: base", self.base, "(0, inf)"), steps=whole("Triangular: steps", self.steps)
        )
        _keep(self, peak=number("Triangular: peak", self.peak, f"[0, {self.steps})", Integral))

    def __call__(self, step: int) -> float:
        step = whole("schedule: step", step, 0)
        if step < self.peak:
            return float(self.base * ((step + 1) / (self.peak + 1)))
        return float(self.base * (max(0, self.steps - step) / (self.steps - self.peak)))
