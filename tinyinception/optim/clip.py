"""Gradient clipping by the global norm."""

import math

import numpy as np

from tinyinception.checks import number
from tinyinception.errors import NonFiniteError
from tinyinception.habits import named
from tinyinception.optim.checks import NamedParameters, Parameter, named_parameters


@named
def clip_grad_norm(parameters: NamedParameters, max_norm: float) -> float:
    """Scale all gradients, in place, by min(1, max_norm / (norm + 1e-6)); return the norm of all of them before that.

    The formula is PyTorch's; Inception-v3 was trained with 2.0 (Rethinking, section 8). `math.inf` only measures.
    Squares are summed in float64, by one thread. Raises NonFiniteError, before anything is scaled; it names the first
    parameter whose gradient holds NaN or infinity.
    """
    limit = float(number("clip_grad_norm: max_norm", max_norm, "(0, inf]"))
    ready = [(name, p) for name, p in named_parameters("clip_grad_norm", parameters) if p.grad is not None]
    squares = {name: _sum_of_squares(parameter.grad) for name, parameter in ready}
    norm = math.sqrt(sum(squares.values()))
    if not math.isfinite(norm):
        raise _non_finite(ready, squares)
    scale = limit / (norm + 1e-6)
    if scale < 1.0:
        for _, parameter in ready:
            parameter.grad *= scale
    return norm


def _sum_of_squares(array: np.ndarray) -> float:
    # einsum casts piece by piece, without a float64 copy; BLAS's dot would split the sum among its threads.
    flat = array.reshape(-1)
    return float(np.einsum("i,i->", flat, flat, dtype=np.float64))


def _non_finite(ready: list[tuple[str, Parameter]], squares: dict[str, float]) -> NonFiniteError:
    for name, parameter in ready:
        bad = np.count_nonzero(~np.isfinite(parameter.grad))
        if bad:
            values = f"{bad} of {parameter.grad.size} gradient values"
            return NonFiniteError(f"clip_grad_norm: {values} of {name!r} are NaN or infinite")
    largest = max(squares, key=squares.get)
    return NonFiniteError(f"clip_grad_norm: the squared norm exceeds float64; {largest!r} has the largest gradient")
