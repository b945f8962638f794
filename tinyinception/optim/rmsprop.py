"""RMSProp, in the form the Inception papers used and in PyTorch's."""

from collections.abc import Callable

from tinyinception.checks import number
from tinyinception.errors import unknown_name
from tinyinception.kernels.launch import launch
from tinyinception.optim.checks import Grouped, Parameter
from tinyinception.optim.flat import Run, kernel_for
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
        parameters: Grouped,
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
            raise unknown_name(str(rule), RULES, "RMSProp rule")
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

    def _update(self, run: Run) -> None:
        decay = self._decay(run)
        launch(
            kernel_for("rmsprop_step", run.data),
            run.data,
            run.grad,
            run.state["mean_square"],
            run.state["mean"] if self.centered else run.empty,
            run.state["momentum"] if self.momentum else run.empty,
            run.decaying if decay else 0,
            run.group.lr,
            self.finite,
            float(self.decay),
            float(self.momentum),
            float(self.eps),
            decay,
            self.rule == "tensorflow",
        )
