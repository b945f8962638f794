"""Adam, with weight decay in the gradient or decoupled from it, which is AdamW."""

import math
from collections.abc import Callable

import numpy as np

from tinyinception.checks import number
from tinyinception.errors import ArgumentError
from tinyinception.kernels.launch import launch
from tinyinception.optim.checks import Grouped, Parameter
from tinyinception.optim.flat import Run, kernel_for
from tinyinception.optim.optimizer import Optimizer, count


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1); `decoupled` weight decay makes it AdamW (Loshchilov and Hutter 2019).

    The bias correction counts each parameter's own updates, so one that gets its first gradient late starts right.
    amsgrad: divide by the root of the largest mean square so far (Reddi, Kale and Kumar 2018).
    """

    _settings: tuple[str, ...] = ("betas", "eps", "decoupled", "amsgrad")

    def __init__(
        self,
        parameters: Grouped,
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        decoupled: bool = False,
        amsgrad: bool = False,
        decay_filter: Callable[[str, Parameter], bool] | None = None,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, decay_filter=decay_filter)
        if len(betas) != 2:
            raise ArgumentError(f"{self._owner}: betas must be two numbers, got {betas!r}")
        self.betas = tuple(float(number(f"{self._owner}: betas[{i}]", beta, "[0, 1)")) for i, beta in enumerate(betas))
        self.eps = float(number(f"{self._owner}: eps", eps, "(0, inf)"))
        self.decoupled, self.amsgrad = decoupled, amsgrad
        self._new_slot("mean")
        self._new_slot("mean_square")
        if amsgrad:
            self._new_slot("largest_mean_square")
        self._new_counter("updates")

    def _update(self, run: Run) -> None:
        decay = self._decay(run)
        beta1, beta2 = (float(beta) for beta in self.betas)
        launch(_correct, run.updates, run.numbers, self.finite, beta1, beta2)
        launch(
            kernel_for("adam_step", run.data),
            run.data,
            run.grad,
            run.state["mean"],
            run.state["mean_square"],
            run.state["largest_mean_square"] if self.amsgrad else run.empty,
            run.decaying if decay else 0,
            run.group.lr,
            run.numbers,
            self.finite,
            (beta1, beta2),
            float(self.eps),
            decay,
            bool(self.decoupled),
        )


def _correct(updates: np.ndarray, numbers: np.ndarray, finite: np.ndarray, beta1: float, beta2: float) -> None:
    """One more update, and what its bias corrections are."""
    count(updates, finite)
    n = int(updates[0])
    numbers[:] = 1.0 - beta1**n, math.sqrt(1.0 - beta2**n)


class AdamW(Adam):
    """Adam with `decoupled` weight decay, by default PyTorch's 0.01 (Loshchilov and Hutter 2019)."""

    _settings = ("betas", "eps", "amsgrad")

    def __init__(
        self,
        parameters: Grouped,
        lr: float = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.01,
        amsgrad: bool = False,
        decay_filter: Callable[[str, Parameter], bool] | None = None,
    ) -> None:
        super().__init__(
            parameters,
            lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            decoupled=True,
            amsgrad=amsgrad,
            decay_filter=decay_filter,
        )
