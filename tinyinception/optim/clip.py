"""Gradient clipping by the global norm."""

import math

import numpy as np

from tinyinception.checks import number
from tinyinception.context import sighted
from tinyinception.errors import NonFiniteError
from tinyinception.habits import named
from tinyinception.kernels import BLOCK
from tinyinception.kernels.launch import launch
from tinyinception.optim.checks import NamedParameters, named_parameters
from tinyinception.optim.flat import flags, joined, kernel_for


@named
@sighted()
def clip_grad_norm(parameters: NamedParameters, max_norm: float) -> float:
    """Scale all gradients, in place, by min(1, max_norm / (norm + 1e-6)); return the norm of all of them before that.

    The formula is PyTorch's; Inception-v3 was trained with 2.0 (Rethinking, section 8). `math.inf` only measures.
    Squares are summed in float64, to the same bits for any number of threads. Raises NonFiniteError, before anything is
    scaled; it names the first parameter whose gradient holds NaN or infinity.
    """
    limit = float(number("clip_grad_norm: max_norm", max_norm, "(0, inf]"))
    ready: dict[str, np.ndarray] = {}
    for name, parameter in named_parameters("clip_grad_norm", parameters):
        if parameter.grad is not None:
            parameter.grad = ready[name] = np.asarray(parameter.grad)  # a number cannot be scaled in place
    grads, finite = joined(ready.values()), flags(ready.values())
    ends = np.cumsum([0, *(-(-grad.size // BLOCK) for grad in grads)])
    sums, norm, scale = np.zeros(ends[-1]), np.zeros(1), np.ones(1)
    for grad, begin, end in zip(grads, ends, ends[1:], strict=False):
        launch(kernel_for("sums_of_squares", grad), grad, sums[begin:end])
    before = [flag.copy() for flag in finite]
    launch(_weigh, sums, norm, scale, limit, *finite)
    if not math.isfinite(norm[0]):
        for flag, old in zip(finite, before, strict=True):
            flag[...] = old
        raise _non_finite(ready)
    for grad in grads:
        launch(kernel_for("scale", grad), grad, scale)
    return float(norm[0])


def _weigh(sums: np.ndarray, norm: np.ndarray, scale: np.ndarray, limit: float, *finite: np.ndarray) -> None:
    """The norm, and what scales the gradients to the limit; one that is not finite scales nothing, and is flagged."""
    with np.errstate(over="ignore"):
        norm[0] = math.sqrt(sums.sum())
    scale[0] = limit / (norm[0] + 1e-6) if math.isfinite(norm[0]) else 1.0
    for flag in finite:
        flag &= math.isfinite(norm[0])


def _non_finite(grads: dict[str, np.ndarray]) -> NonFiniteError:
    for name, grad in grads.items():
        if bad := np.count_nonzero(~np.isfinite(grad)):
            values = f"{bad} of {grad.size} gradient values"
            return NonFiniteError(f"clip_grad_norm: {values} of {name!r} are NaN or infinite")
    largest = max(grads, key=lambda name: np.abs(grads[name]).max(initial=0))
    return NonFiniteError(f"clip_grad_norm: the squared norm exceeds float64; {largest!r} has the largest gradient")
