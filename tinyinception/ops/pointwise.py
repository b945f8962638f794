"""Functions applied to each element."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyinception import kernels
from tinyinception.kernels import reference
from tinyinception.ops.operation import (
    FIRST,
    OUTPUT,
    Cost,
    Forward,
    Grads,
    Keeps,
    Kept,
    Operation,
    Room,
    Shape,
    no_room,
    size_of,
)


@dataclass(frozen=True)
class Pointwise(Operation):
    """One input, one output of the same shape, from which the gradient is computed."""

    def shape(self, a: Shape) -> Shape:
        return a

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return OUTPUT

    def cost(self, a: Shape) -> Cost:
        """One FLOP per element, whatever the function."""
        return Cost(flops=size_of(a), activations=size_of(a))


class Exp(Pointwise):
    """e ** a."""

    analytic = True

    def forward(self, a: np.ndarray) -> Forward:
        return np.exp(a)

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return (grad * kept.output,)


class Log(Pointwise):
    """Natural logarithm; minus infinity at 0 and NaN below, as in NumPy."""

    analytic = True

    def forward(self, a: np.ndarray) -> Forward:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(a)

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        with np.errstate(divide="ignore", invalid="ignore"):
            return (grad / kept.inputs[0],)

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return FIRST


class ReLU(Pointwise):
    """max(a, 0); the gradient at exactly 0 is 0, and NaN stays NaN."""

    new_arrays = True

    def forward(self, a: np.ndarray) -> Forward:
        return kernels.relu(a) if a.size >= kernels.LARGE else np.maximum(a, 0)

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return ReLU.backward_in_place(self, kept, grad, no_room(kept))

    def backward_in_place(self, kept: Kept, grad: np.ndarray, room: Room) -> Grads:
        if grad.size >= kernels.LARGE:
            return (kernels.relu_grad(grad, kept.output, room.overwrite),)
        return (grad * (kept.output > 0),)


class GELU(Pointwise):
    """a times the normal distribution up to a, in its tanh form (Hendrycks and Gimpel 2016, section 2); keeps a."""

    analytic = new_arrays = True

    def forward(self, a: np.ndarray) -> Forward:
        return kernels.gelu(a) if a.size >= kernels.LARGE else reference.gelu(a)

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return GELU.backward_in_place(self, kept, grad, no_room(kept))

    def backward_in_place(self, kept: Kept, grad: np.ndarray, room: Room) -> Grads:
        (a,) = kept.inputs
        if grad.size >= kernels.LARGE:
            return (kernels.gelu_grad(grad, a, room.overwrite),)
        return (reference.gelu_grad(grad, a),)

    def keeps(self, wanted: tuple[bool, ...]) -> Keeps:
        return FIRST


class Sigmoid(Pointwise):
    """1 / (1 + e ** -a), from tanh so that large |a| does not overflow."""

    analytic = True

    def forward(self, a: np.ndarray) -> Forward:
        return np.tanh(a * 0.5) * 0.5 + 0.5

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return (grad * kept.output * (1 - kept.output),)


class Tanh(Pointwise):
    """Hyperbolic tangent."""

    analytic = True

    def forward(self, a: np.ndarray) -> Forward:
        return np.tanh(a)

    def backward(self, kept: Kept, grad: np.ndarray) -> Grads:
        return (grad * (1 - kept.output * kept.output),)
