"""Stochastic gradient descent."""

from collections.abc import Callable

import numpy as np

from tinyinception.checks import number
from tinyinception.errors import ArgumentError
from tinyinception.optim.checks import NamedParameters, Parameter
from tinyinception.optim.optimizer import Optimizer


class SGD(Optimizer):
    """SGD with momentum, PyTorch's rule: v <- momentum v + g; p <- p - lr v, or p - lr (g + momentum v) with Nesterov.

    Momentum 0.9 trained AlexNet and GoogLeNet. Sutskever et al. 2013 for Nesterov's form.
    """

    def __init__(
        self,
        parameters: NamedParameters,
        lr: float,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        decay_filter: Callable[[str, Parameter], bool] | None = None,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, decay_filter=decay_filter)
        self.momentum = float(number("SGD: momentum", momentum, "[0, 1)"))
        self.nesterov = nesterov
        if nesterov and not momentum:
            raise ArgumentError("SGD: nesterov needs a momentum above 0")
        if self.momentum:
            self._new_slot("momentum")

    def _update(self, name: str, data: np.ndarray, grad: np.ndarray, work: np.ndarray) -> None:
        direction = grad
        if self.momentum:
            direction = velocity = self._slot("momentum", name)
            velocity *= self.momentum
            velocity += grad
        if self.nesterov:
            direction = np.multiply(velocity, self.momentum, out=work)
            direction += grad
        np.multiply(direction, self.lr, out=work)
        data -= work
