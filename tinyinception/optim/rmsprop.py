"""RMSProp, in the form the Inception papers used and in PyTorch's."""

from collections.abc import Callable

import numpy as np

from tinyinception.checks import number
from tinyinception.errors import suggest
from tinyinception.optim.checks import NamedParameters, Parameter
from tinyinception.optim.optimizer import Optimizer

RULES = ("tensorflow", "pytorch")


class RMSProp(Optimizer):
    """RMSProp with momentum; ms is the running mean of g^2, with `decay`. At eps = 1 the two rules differ a lot:

    - "tensorflow": ms starts at 1; v <- momentum v + lr g / sqrt(ms + eps); p <- p - v
    - "pytorch":    ms starts at 0; v <- momentum v + g / (sqrt(ms) + eps); p <- p - lr v

    The default is the recipe of Inception-v3 and v4: decay 0.9, eps 1.0 (Rethinking, section 8).
    initial_mean_square: where ms starts, if not where the rule says.
    centered: divide by the root of the running variance, ms minus the square of the running mean of g (Graves 2013).
    """

    _settings = ("decay", "momentum", "eps", "rule", "centered")

    def __init__(
        self,
        parameters: NamedParameters,
        lr: float,
        *,
        decay: float = 0.9,
        momentum: float = 0.9,
        eps: float = 1.0,
        rule: str = "tensorflow",
        initial_mean_square: float | None = None,
        centered: bool = False,
        weight_decay: float = 0.0,
        decay_filter: Callable[[str, Parameter], bool] | None = None,
    ) -> None:
        super().__init__(parameters, lr, weight_decay=weight_decay, decay_filter=decay_filter)
        if rule not in RULES:
            raise suggest(str(rule), RULES, "RMSProp rule")
        self.decay = float(number("RMSProp: decay", decay, "[0, 1)"))
        self.momentum = float(number("RMSProp: momentum", momentum, "[0, 1)"))
        self.eps = float(number("RMSProp: eps", eps, "(0, inf)"))
        self.rule, self.centered = rule, centered
        first = (1.0 if rule == "tensorflow" else 0.0) if initial_mean_square is None else initial_mean_square
        self._new_slot("mean_square", fill=float(number("RMSProp: initial_mean_square", first, "[0, inf)")))
        if centered:
            self._new_slot("mean")
        if self.momentum:
            self._new_slot("momentum")

    def _update(self, name: str, data: np.ndarray, grad: np.ndarray, work: np.ndarray) -> None:
        mean_square = self._slot("mean_square", name)
        np.multiply(grad, grad, out=work)
        work *= 1.0 - self.decay
        mean_square *= self.decay
        mean_square += work

        spread = self._variance(name, grad, mean_square, work) if self.centered else mean_square
        if self.rule == "tensorflow":
            np.add(spread, self.eps, out=work)
            np.sqrt(work, out=work)
        else:
            np.sqrt(spread, out=work)
            work += self.eps
        np.divide(grad, work, out=work)

        # TensorFlow's velocity contains the learning rate, so a lower rate acts only on what is added from then on.
        if self.rule == "tensorflow":
            work *= self.lr
        if self.momentum:
            velocity = self._slot("momentum", name)
            velocity *= self.momentum
            velocity += work
            np.copyto(work, velocity)
        if self.rule == "pytorch":
            work *= self.lr
        data -= work

    def _variance(self, name: str, grad: np.ndarray, mean_square: np.ndarray, work: np.ndarray) -> np.ndarray:
        """Running variance of the gradient, in `work`; what rounding leaves below 0 is 0."""
        mean = self._slot("mean", name)
        np.multiply(grad, 1.0 - self.decay, out=work)
        mean *= self.decay
        mean += work
        np.multiply(mean, mean, out=work)
        np.subtract(mean_square, work, out=work)
        return np.maximum(work, 0.0, out=work)
