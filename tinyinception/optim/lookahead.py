"""Lookahead: slow weights that follow an optimiser's at every so many steps, and that it starts from again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyinception.checks import number, whole
from tinyinception.context import sighted
from tinyinception.errors import ArgumentError, TinyInceptionError
from tinyinception.habits import named
from tinyinception.kernels.launch import launch
from tinyinception.optim.average import RunningAverage
from tinyinception.optim.checks import Parameter
from tinyinception.optim.optimizer import Optimizer
from tinyinception.optim.state import copy_state, load_state


class Lookahead:
    """Lookahead (Zhang et al. 2019) around an optimiser, in whose place it is used.

    After every `k` steps: slow <- slow + alpha (fast - slow); fast <- slow. The fast weights are the network's
    parameters, the slow ones begin as these. alpha may be set before each step. buffers: (name, array) pairs, such as
    batch-norm's running statistics, `module.named_buffers()`, that go the same way.

    `lr`, `zero_grad()` and all else are the optimiser's. The slow weights are what is to be judged and kept; between
    two rounds the network holds the fast ones, so that evaluation belongs inside `with optimizer.apply():`.
    """

    @named
    def __init__(
        self,
        optimizer: Optimizer,
        k: int = 5,
        alpha: float = 0.5,
        *,
        buffers: Iterable[tuple[str, np.ndarray]] = (),
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise ArgumentError(
                f"Lookahead: optimizer must be an optimiser of optim, SGD for instance, got {type(optimizer).__name__}"
            )
        self.optimizer, self.k, self._alpha = optimizer, whole("Lookahead: k", k), np.zeros(1)
        self.alpha, self._rate = alpha, np.zeros(1)
        self._slow = RunningAverage([*optimizer.parameters, *buffers])

    @property
    def alpha(self) -> float:
        """How far the slow weights go towards the fast ones, the next time."""
        return float(self._alpha[0])

    @alpha.setter
    def alpha(self, value: float) -> None:
        self._alpha[0] = number("Lookahead: alpha", value, "(0, 1]")

    @property
    def lr(self) -> float:
        """The optimiser's learning rate of the next step."""
        return self.optimizer.lr

    @lr.setter
    def lr(self, value: float) -> None:
        self.optimizer.lr = value

    @property
    def parameters(self) -> list[tuple[str, Parameter]]:
        """The optimiser's parameters, with names."""
        return self.optimizer.parameters

    @property
    def finite(self) -> np.ndarray:
        """The optimiser's flag: where it is 0, a step changes nothing."""
        return self.optimizer.finite

    def zero_grad(self) -> None:
        """Forget all gradients."""
        self.optimizer.zero_grad()

    def gradients(self) -> list[np.ndarray]:
        """The optimiser's gradients, in as few arrays as can be."""
        return self.optimizer.gradients()

    def check_finite(self, loss: Any = None) -> None:
        """Write into `finite` whether no gradient, nor the loss, holds NaN or infinity."""
        self.optimizer.check_finite(loss)

    @named
    @sighted()
    def step(self) -> None:
        """The optimiser's step; after every k-th, slow weights move, and the fast return to them."""
        if self._slow.is_applied:
            raise TinyInceptionError("Lookahead: step() inside apply() would train the slow weights")
        self.optimizer.step()
        self._slow.settle()
        launch(_due, self.optimizer._state["step"], self.k, self._alpha, self.optimizer.finite, self._rate)
        self._slow.move(self._rate)
        self._slow.give_back(self._rate)

    def apply(self) -> AbstractContextManager[None]:
        """Inside `with optimizer.apply():` the network holds the slow weights, afterwards its own, bit for bit."""
        return self._slow.apply()

    def frozen(self) -> Iterator[object]:
        """What a recorded step takes for granted."""
        yield from self.optimizer.frozen()
        yield self.k
        yield from self._slow.frozen()

    @named
    def state_dict(self) -> dict[str, np.ndarray]:
        """Copy of the optimiser's state, and of the slow weights: 'slow/stem.conv.weight'."""
        return {**self.optimizer.state_dict(), **copy_state(self._own())}

    @named
    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Continue from a `state_dict()`; one CheckpointError lists all that does not fit, and then nothing changes."""
        load_state("Lookahead", {**self.optimizer._state, **self._own()}, state)

    def _own(self) -> dict[str, np.ndarray]:
        return {f"slow/{name}": array for name, array in self._slow.averages()}

    def __repr__(self) -> str:
        return f"Lookahead({self.optimizer!r}, k={self.k}, alpha={self.alpha!r})"

    if not TYPE_CHECKING:  # or every name would do

        def __getattr__(self, name: str) -> Any:
            if name == "optimizer":  # of a copy that is being made
                raise AttributeError(name)
            return getattr(self.optimizer, name)


def _due(steps: np.ndarray, k: int, alpha: np.ndarray, finite: np.ndarray, rate: np.ndarray) -> None:
    """How far slow weights go after so many steps: not at all after most."""
    rate[0] = alpha[0] if finite[0] and int(steps) % k == 0 else 0.0
