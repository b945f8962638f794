"""Stochastic gradient descent."""

from collections.abc import Callable

import numpy as np

from tinyinception.checks import number
from tinyinception.errors import ArgumentError
from tinyinception.optim.checks import NamedParameters, Parameter
from tinyinception.optim.optimizer import Optimizer


class SGD(Optimizer):
    """SGD with momentum, PyTorch's rule: v <- momentum v + g; p <- p - lr v, or p - lr (g + momentum v) with Nesterov.

    Momentum 0.9 trained AlexNet and GoogLeNet. Sutskever et al. 2013 for Nesterov's form. dampening: v takes (1 -
    dampening) g instead of g, except from a parameter's first gradient, which it takes whole.
    """

    _settings = ("momentum", "dampening", "nesterov")

    def __init__(
        self,
        parameters: NamedParameters,
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

    def _update(self, name: str, data: np.ndarray, grad: np.ndarray, work: np.ndarray) -> None:
        direction = grad
        if self.momentum:
            direction = velocity = self._slot("momentum", name)
            velocity *= self.momentum
            velocity += self._damped(name, grad, work) if self.dampening else grad
        if self.nesterov:
            direction = np.multiply(velocity, self.momentum, out=work)
            direction += grad
        np.multiply(direction, self.lr, out=work)
        data -= work

    def _damped(self, name: str, grad: np.ndarray, work: np.ndarray) -> np.ndarray:
        """What the velocity takes of a gradient."""
        updates = self._slot("updates", name)
        updates += 1
        return grad if updates == 1 else np.multiply(grad, 1.0 - self.dampening, out=work)
