"""What all optimisers share: parameters by name, learning rate, weight decay, state for checkpoints."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyinception import changes, remedies
from tinyinception.checks import number
from tinyinception.habits import absent, named
from tinyinception.optim.checks import NamedParameters, Parameter, check_gradient, named_parameters
from tinyinception.optim.state import Scratch, copy_state, load_state


@named
def weights_only(name: str, parameter: Parameter) -> bool:
    """The usual decay filter: kernels and matrices decay; biases and batch-norm's gamma and beta do not."""
    return len(parameter.shape) >= 2


class Optimizer(ABC):
    """Base class. `parameters` are those of `module.parameters()`, or with names of `module.named_parameters()`.

    Set the learning rate before a step, `optimizer.lr = schedule(step)`; it is not part of the state, since schedules
    are functions of the step. Weight decay is L2, added to the gradient; `decay_filter(name, parameter)` says which
    parameters decay, None means all. A subclass makes its state with `_new_slot` and `_new_counter`, and
    states its rule in `_update`; `_settings` are the attributes that `repr` shows.
    """

    _settings: tuple[str, ...] = ()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            named(cls)

    def __init__(
        self,
        parameters: NamedParameters,
        lr: float,
        *,
        weight_decay: float = 0.0,
        decay_filter: Callable[[str, Parameter], bool] | None = None,
    ) -> None:
        self._owner = type(self).__name__
        self.parameters = named_parameters(self._owner, parameters)
        self.lr = lr
        self.weight_decay = float(number(f"{self._owner}: weight_decay", weight_decay, "[0, inf)"))
        self._decaying = {name for name, p in self.parameters if decay_filter is None or decay_filter(name, p)}
        self._state = {"step": np.zeros((), np.int64)}
        self._scratch, self._decay_scratch = Scratch(), Scratch()

    @property
    def lr(self) -> float:
        """Learning rate of the next step."""
        return self._lr

    @lr.setter
    def lr(self, value: float) -> None:
        # A NumPy float64 scalar would lift float32 arithmetic to float64: keep a Python float.
        self._lr = float(number(f"{self._owner}: lr", value, "[0, inf)"))

    @property
    def steps(self) -> int:
        """How many steps were made, those before a checkpoint included."""
        return int(self._state["step"])

    @named
    def zero_grad(self) -> None:
        """Forget all gradients."""
        for _, parameter in self.parameters:
            parameter.grad = None

    @named
    def step(self) -> None:
        """Update every parameter that has a gradient, in place; one without is left alone, its state too.

        Raises ShapeError or DtypeError, before anything is updated, if a gradient does not fit its parameter.
        """
        ready = [(name, parameter) for name, parameter in self.parameters if parameter.grad is not None]
        for name, parameter in ready:
            check_gradient(self._owner, name, parameter)
        self._state["step"] += 1
        for name, parameter in ready:
            data, grad = parameter.data, parameter.grad
            if self.weight_decay and name in self._decaying:
                grad = self._decay(data, grad)
            self._update(name, data, grad, self._scratch.like(data))
            changes.note(data)

    @named
    def state_dict(self) -> dict[str, np.ndarray]:
        """Copy of the state: 'step' and one array per slot and parameter, such as 'momentum/stem.conv.weight'."""
        return copy_state(self._state)

    @named
    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Continue from a `state_dict()`; one CheckpointError lists all that does not fit, and then nothing changes."""
        load_state(self._owner, self._state, state)

    def _new_slot(self, slot: str, fill: float = 0.0) -> None:
        for name, parameter in self.parameters:
            self._state[f"{slot}/{name}"] = np.full(parameter.shape, fill, parameter.data.dtype)

    def _new_counter(self, slot: str) -> None:
        for name, _ in self.parameters:
            self._state[f"{slot}/{name}"] = np.zeros((), np.int64)

    def _slot(self, slot: str, name: str) -> np.ndarray:
        return self._state[f"{slot}/{name}"]

    def _decay(self, data: np.ndarray, grad: np.ndarray) -> np.ndarray:
        """The gradient with weight decay in it; `grad` itself belongs to the parameter and is not touched."""
        decayed = self._decay_scratch.like(data)
        np.multiply(data, self.weight_decay, out=decayed)
        decayed += grad
        return decayed

    def __repr__(self) -> str:
        told = [f"{name}={getattr(self, name)!r}" for name in (*self._settings, "weight_decay") if getattr(self, name)]
        numbers = sum(parameter.data.size for _, parameter in self.parameters)
        return (
            f"{self._owner}({', '.join([f'lr={self.lr!r}', *told])}; parameters: {len(self.parameters)}, "
            f"numbers: {numbers:,}, steps: {self.steps:,})"
        )

    def __setattr__(self, name: str, value: object) -> None:
        if name in remedies.OPTIMIZER:  # to set it would change nothing
            raise absent(type(self).__name__, name, remedies.OPTIMIZER, self)
        super().__setattr__(name, value)

    if not TYPE_CHECKING:  # or every name would do

        def __getattr__(self, name: str):
            raise absent(type(self).__name__, name, remedies.OPTIMIZER, self)

    @abstractmethod
    def _update(self, name: str, data: np.ndarray, grad: np.ndarray, work: np.ndarray) -> None:
        """Change `data` and the slots of `name` in place; `work` is scratch of the same shape, `grad` is read-only."""
