"""What all optimisers share: parameters by name, learning rate, weight decay, state for checkpoints."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np

from tinyinception import changes, remedies
from tinyinception.checks import number
from tinyinception.context import sighted
from tinyinception.errors import ArgumentError
from tinyinception.habits import absent, named
from tinyinception.kernels.launch import launch
from tinyinception.optim.checks import Grouped, Parameter, check_gradient, check_parameter, in_groups
from tinyinception.optim.flat import Group, Part, Place, Run, joined, kernel_for, overlapping
from tinyinception.optim.state import copy_state, load_state


@named
def weights_only(name: str, parameter: Parameter) -> bool:
    """The usual decay filter: kernels and matrices decay; biases and batch-norm's gamma and beta do not."""
    return len(parameter.shape) >= 2


def count(counter: np.ndarray, finite: np.ndarray) -> None:
    """One more, where the gradients are finite."""
    counter += finite[0]


class Optimizer(ABC):
    """Base class. `parameters` are those of `module.parameters()`, or with names of `module.named_parameters()`.

    Or groups of them as in PyTorch, `[{"params": weights}, {"params": biases, "lr": 6.4}]`: a group may have its own
    `lr` and `weight_decay`.

    Set the learning rate before a step, `optimizer.lr = schedule(step)`; those of groups keep their ratios to it. It is
    not part of the state, since schedules are functions of the step. Weight decay is L2, added to the gradient;
    `decay_filter(name, parameter)` says which parameters decay, None means all.

    Parameters move into one array, so that a step is one launch: `parameter.data` is a view of it from then on, and an
    array taken before does not see later steps. Gradients have one too, into which backward writes: an array taken from
    `parameter.grad` holds the gradient of the next step later, so keep a copy.

    finite: array of one number. Where it is 0, as after `check_finite()` has met NaN or infinity, nothing is changed.
    A subclass makes its state with `_new_slot` and `_new_counter`, and states its rule in `_update`; `_settings` are
    the attributes that `repr` shows.
    """

    _settings: tuple[str, ...] = ()
    _group_settings: tuple[str, ...] = ("lr", "weight_decay")

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "__init__" in vars(cls):
            named(cls)

    def __init__(
        self,
        parameters: Grouped,
        lr: float,
        *,
        weight_decay: float = 0.0,
        decay_filter: Callable[[str, Parameter], bool] | None = None,
    ) -> None:
        self._owner = type(self).__name__
        self._lr = np.array([number(f"{self._owner}: lr", lr, "[0, inf)")], np.float64)
        self.weight_decay = float(number(f"{self._owner}: weight_decay", weight_decay, "[0, inf)"))
        self.parameters: list[tuple[str, Parameter]] = []
        self._group_of: dict[str, Group] = {}
        self._own_rates: list[Group] = []
        for pairs, settings in in_groups(self._owner, parameters, self._group_settings):
            self._add_group(pairs, settings)
        self._decaying = {name for name, p in self.parameters if decay_filter is None or decay_filter(name, p)}
        self.finite = np.ones(1, np.int64)
        self._fills: dict[str, float | None] = {}  # of each slot, None of a counter
        self._state = {"step": np.zeros((), np.int64)}
        self._left: list[ref[np.ndarray]] = []  # arrays that parameters had before, whose graphs a step makes stale
        self._lay_out()

    @property
    def lr(self) -> float:
        """Learning rate of the next step."""
        return float(self._lr[0])

    @lr.setter
    def lr(self, value: float) -> None:
        self._lr[0] = number(f"{self._owner}: lr", value, "[0, inf)")
        for group in self._own_rates:
            group.lr[0] = self._lr[0] * group.share

    @property
    def steps(self) -> int:
        """How many steps were made, those before a checkpoint included."""
        return int(self._state["step"])

    @named
    @sighted()
    def zero_grad(self) -> None:
        """Forget all gradients."""
        for _, parameter in self.parameters:
            parameter.grad = None

    @named
    @sighted()
    def step(self) -> None:
        """Update every parameter that has a gradient, in place; one without is left alone, its state too.

        Raises ShapeError or DtypeError, before anything is updated, if a gradient does not fit its parameter.
        """
        ready = self._ready()
        launch(count, self._state["step"], self.finite)
        for part in self._parts:
            if indices := [place.index for place in ready if place.part is part]:
                with part.at_work():
                    for run in part.runs(indices):
                        self._update(run)
        changes.note(*(place.data for place in ready), *(left for old in self._left if (left := old()) is not None))
        self._left.clear()

    @sighted()
    def check_finite(self, loss: Any = None) -> None:
        """Write into `finite`, for the steps from now on, whether no gradient holds NaN or infinity: 1, else 0.

        loss: a tensor that must not hold any either.
        """
        launch(np.copyto, self.finite, 1)
        grads = joined(p.grad for _, p in self.parameters if p.grad is not None)
        for grad in grads if loss is None else [*grads, loss.data.reshape(-1)]:
            launch(kernel_for("find_non_finite", grad), grad, self.finite)

    @sighted()
    def gradients(self) -> list[np.ndarray]:
        """The gradients of all parameters that want one, in as few arrays as can be, for changing them in place.

        A parameter that wants one and got none has zeros from then on.
        """
        for (_, parameter), place in zip(self.parameters, self._places, strict=True):
            if parameter.grad is None and getattr(parameter, "requires_grad", True):
                launch(np.copyto, place.slot, 0)
                parameter.grad = place.slot
        return joined(place.slot for place in self._ready())

    def frozen(self) -> tuple[tuple[str, Any], ...]:
        """What a recorded step has in it as plain numbers; where they are others, it has to be recorded anew."""
        numbers = (bool, int, float, str, tuple)
        return tuple(pair for pair in vars(self).items() if pair[0][0] != "_" and isinstance(pair[1], numbers))

    @named
    def state_dict(self) -> dict[str, np.ndarray]:
        """Copy of the state: 'step' and one array per slot and parameter, such as 'momentum/stem.conv.weight'."""
        return copy_state(self._state)

    @named
    def load_state_dict(self, state: dict[str, np.ndarray]) -> None:
        """Continue from a `state_dict()`; one CheckpointError lists all that does not fit, and then nothing changes."""
        load_state(self._owner, self._state, state)

    # -- groups ------------------------------------------------------------------------------------------------------

    def _add_group(self, pairs: list[tuple[str, Parameter]], settings: dict[str, Any]) -> None:
        """Add parameters with settings of their own: one group for each rule that some of them take."""
        where, rate, share = f"{self._owner}: group of {pairs[0][0]!r}: ", self._lr, 1.0
        if "weight_decay" in settings:
            decay = float(number(f"{where}weight_decay", settings["weight_decay"], "[0, inf)"))
            settings = {**settings, "weight_decay": decay}
        if "lr" in settings:
            rate = np.array([number(f"{where}lr", settings["lr"], "[0, inf)")], np.float64)
            if not self._lr[0]:
                raise ArgumentError(f"{where}lr must be a multiple of the optimiser's lr, which is 0")
            share = float(rate[0] / self._lr[0])
        groups: dict[Any, Group] = {}
        for name, parameter in pairs:
            kind = self._kind(name, parameter, settings)
            self._group_of[name] = groups.setdefault(kind, Group(kind, settings, rate, share))
        if rate is not self._lr:
            self._own_rates += groups.values()
        self.parameters += pairs

    def _kind(self, name: str, parameter: Parameter, settings: dict[str, Any]) -> Any:
        """Which rule a parameter takes, for an optimiser that has several."""
        return None

    def _decay(self, run: Run) -> float:
        """Weight decay of a run."""
        return float(run.group.settings.get("weight_decay", self.weight_decay))

    # -- where parameters and state stand --------------------------------------------------------------------------

    def _new_slot(self, slot: str, fill: float = 0.0) -> None:
        self._add(slot, fill)

    def _new_counter(self, slot: str) -> None:
        self._add(slot, None)

    def _add(self, slot: str, fill: float | None) -> None:
        """Give each parameter one more state, with the values that there are already under its name."""
        self._fills[slot] = fill
        new = dict(pair for part in self._parts for pair in part.new_state(slot, fill))
        for name, _ in self.parameters:
            if (key := f"{slot}/{name}") in self._state:
                np.copyto(new[name], self._state[key], casting="same_kind")
            self._state[key] = new[name]

    def _lay_out(self) -> None:
        """Move parameters, gradients and state into flat arrays, one of each for each group and dtype.

        Parameters that share memory are left there, since what changes one changes the other.
        """
        shared = overlapping([parameter.data for _, parameter in self.parameters])
        parts: dict[Any, list[tuple[str, Parameter]]] = {}
        for i, pair in enumerate(self.parameters):
            key = self._group_of[pair[0]], i if i in shared else pair[1].data.dtype
            parts.setdefault(key, []).append(pair)
        self._parts = []
        for (group, key), pairs in parts.items():
            pairs.sort(key=lambda pair: pair[0] not in self._decaying)
            home = pairs[0][1].data if isinstance(key, int) else None
            self._parts.append(Part(pairs, self._decaying, self.finite, group, home))
        places = dict(pair for part in self._parts for pair in part.places())
        self._places = [places[name] for name, _ in self.parameters]
        self._settle(range(len(self.parameters)))
        for slot, fill in self._fills.items():
            self._add(slot, fill)

    def _settle(self, which: Sequence[int]) -> None:
        """Make parameters views of the places that hold their numbers already; what reads their old ones is stale."""
        for (_, parameter), place in ((self.parameters[i], self._places[i]) for i in which):
            if parameter.data is not place.data:
                self._left.append(ref(parameter.data))
                if hasattr(parameter, "hold"):  # a tensor, whose setter would say that the numbers are others
                    parameter.hold(place.data, place.data.shape, place.data.dtype)
                else:
                    parameter.data = place.data
            if hasattr(parameter, "slot"):
                parameter.slot = place.slot

    def _ready(self) -> list[Place]:
        """Places of the parameters that have a gradient, after it and the numbers have been brought there."""
        ready, moved, strange = [], [], False
        for i, ((name, parameter), place) in enumerate(zip(self.parameters, self._places, strict=True)):
            data, grad = parameter.data, parameter.grad
            if grad is None:
                continue
            ready.append(i)
            if data is not place.data:
                moved.append(i)
            if data is not place.data or grad is not place.slot:
                strange = True
                check_gradient(self._owner, name, data, grad)
        if moved:
            self._adopt(moved)
        if strange:
            self._settle(ready)
            self._fetch(ready)
        return [self._places[i] for i in ready]

    def _adopt(self, moved: list[int]) -> None:
        """Take over parameters that have been given other arrays."""
        for (name, parameter), place in zip(self.parameters, self._places, strict=True):
            check_parameter(self._owner, name, parameter, place.slot.shape)
        arrays = [self.parameters[i][1].data for i in moved]
        homes = [part.data if part.home is None else part.home for part in self._parts]
        if overlapping([*arrays, *homes]) or any(
            self._places[i].part.home is not None or array.dtype != self._places[i].data.dtype
            for i, array in zip(moved, arrays, strict=True)
        ):
            self._lay_out()
            return
        for i, array in zip(moved, arrays, strict=True):
            launch(np.copyto, self._places[i].data, array)

    def _fetch(self, ready: list[int]) -> None:
        """Copy gradients that stand elsewhere into their slots; one may stand in the slot of another."""
        pairs = []
        for slot, grad in ((self._places[i].slot, self.parameters[i][1].grad) for i in ready):
            if grad is not None and grad is not slot:
                inside = any(np.may_share_memory(grad, part.grad) for part in self._parts)
                pairs.append((slot, np.array(grad) if inside else grad))
        for slot, grad in pairs:
            launch(np.copyto, slot, grad)

    def __getstate__(self) -> dict[str, Any]:
        """What `pickle` and `deepcopy` take; a copy lays out its own parameters."""
        return {name: value for name, value in vars(self).items() if name not in ("_parts", "_places", "_left")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, _state=dict(state["_state"]), _left=[])
        self._lay_out()

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
    def _update(self, run: Run) -> None:
        """Launch the rule on a run: it changes `run.data` and the arrays of `run.state`, unless `finite` is 0."""
