"""Stochastic gradient descent."""

from collections.abc import Callable

import numpy as np

from tinyinception.checks import number
from tinyinception.errors import ArgumentError
from tinyinception.kernels.launch import launch
from tinyinception.optim.checks import Grouped, Parameter
from tinyinception.optim.flat import Run, kernel_for
from tinyinception.optim.optimizer import Optimizer, count

UNDAMPED = np.ones(1)


class SGD(Optimizer):
    """SGD with momentum, PyTorch's rule: v <- momentum v + g; p <- p - lr v, or p - lr (g + momentum v) with Nesterov.

    Momentum 0.9 trained AlexNet and GoogLeNet. Sutskever et al. 2013 for Nesterov's form. dampening: v takes (1 -
    dampening) g instead of g, except from a parameter's first gradient, which it takes whole.
    """

    _settings = ("momentum", "dampening", "nesterov")

    def __init__(
        self,
        parameters: Grouped,
        lr: float,
        *,
        momentum: float = 0.0,
        dampening: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        decay_filter: Callable[[str, Parameter], bool] | None = None,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, decay_filter=decay_filter)
        self.momentum = float(number("SGD: momentum", momentum, "[0, 1)"))
        self.dampening = float(number("SGD: dampening", dampening, "[0, 1]"))
        self.nesterov = nesterov
        if nesterov and not momentum:
            raise ArgumentError("SGD: nesterov needs a momentum above 0")
        if self.dampening and (nesterov or not momentum):
            raise ArgumentError("SGD: dampening needs a momentum above 0, and no nesterov")
        if self.momentum:
            self._new_slot("momentum")
        if self.dampening:
            self._new_counter("updates")

    def _update(self, run: Run) -> None:
        decay = self._decay(run)
        if self.dampening:
            launch(_damp, run.updates, run.numbers, self.finite, self.dampening)
        launch(
            kernel_for("sgd_step", run.data),
            run.data,
            run.grad,
            run.state["momentum"] if self.momentum else run.empty,
            run.decaying if decay else 0,
            run.group.lr,
            run.numbers[:1] if self.dampening else UNDAMPED,
            self.finite,
            float(self.momentum),
            bool(self.nesterov),
            decay,
        )


def _damp(updates: np.ndarray, numbers: np.ndarray, finite: np.ndarray, dampening: float) -> None:
    """How much of a gradient the velocity takes."""
    count(updates, finite)
    numbers[0] = 1.0 if updates[0] == 1 else 1.0 - dampening
