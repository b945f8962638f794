"""Adam, with weight decay in the gradient or decoupled from it, which is AdamW."""

import math
from collections.abc import Callable

import numpy as np

from tinyinception.checks import number
from tinyinception.errors import ArgumentError
from tinyinception.optim.checks import NamedParameters, Parameter
from tinyinception.optim.optimizer import Optimizer


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015, algorithm 1); `decoupled` weight decay makes it AdamW (Loshchilov and Hutter 2019).

    The bias correction counts each parameter's own updates, so one that gets its first gradient late starts right.
    amsgrad: divide by the root of the largest mean square so far (Reddi, Kale and Kumar 2018).
    """

    _settings: tuple[str, ...] = ("betas", "eps", "decoupled", "amsgrad")

    def __init__(
        self,
        parameters: NamedParameters,
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

    def _decay(self, data: np.ndarray, grad: np.ndarray) -> np.ndarray:
        if not self.decoupled:
            return super()._decay(data, grad)
        data *= 1.0 - self.lr * self.weight_decay
        return grad

    def _update(self, name: str, data: np.ndarray, grad: np.ndarray, work: np.ndarray) -> None:
        beta1, beta2 = self.betas
        mean, mean_square = self._slot("mean", name), self._slot("mean_square", name)
        updates = self._slot("updates", name)
        updates += 1
        correction1, correction2 = (1.0 - beta ** int(updates) for beta in self.betas)

        np.multiply(grad, 1.0 - beta1, out=work)
        mean *= beta1
        mean += work
        np.multiply(grad, grad, out=work)
        work *= 1.0 - beta2
        mean_square *= beta2
        mean_square += work
        if self.amsgrad:
            largest = self._slot("largest_mean_square", name)
            mean_square = np.maximum(largest, mean_square, out=largest)

        # lr mean' / (sqrt(mean_square') + eps), where ' divides by the bias correction
        np.sqrt(mean_square, out=work)
        work /= math.sqrt(correction2)
        work += self.eps
        np.divide(mean, work, out=work)
        work *= self.lr / correction1
        data -= work


class AdamW(Adam):
    """Adam with `decoupled` weight decay, by default PyTorch's 0.01 (Loshchilov and Hutter 2019)."""

    _settings = ("betas", "eps", "amsgrad")

    def __init__(
        self,
        parameters: NamedParameters,
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
