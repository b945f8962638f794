"""Functions applied to each element."""

from __future__ import annotations

import numpy as np

from tinyinception import kernels
from tinyinception.ops.base import Cost, Operation, Shape, count


class Pointwise(Operation):
    """One input, one output of the same shape."""

    def shape(self, a: Shape) -> Shape:
        return a

    def cost(self, a: Shape) -> Cost:
        """One FLOP per element, whatever the function."""
        return Cost(flops=count(a), activations=count(a))


class Exp(Pointwise):
    """e ** a."""

    analytic = True

    def forward(self, a):
        self.saved = np.exp(a)
        return self.saved

    def backward(self, grad):
        return (grad * self.saved,)


class Log(Pointwise):
    """Natural logarithm; minus infinity at 0 and NaN below, as in NumPy."""

    analytic = True

    def forward(self, a):
        self.saved = a
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(a)

    def backward(self, grad):
        with np.errstate(divide="ignore", invalid="ignore"):
            return (grad / self.saved,)


class ReLU(Pointwise):
    """max(a, 0); the gradient at exactly 0 is 0, and NaN stays NaN."""

    fresh = True

    def forward(self, a):
        self.saved = kernels.relu(a) if a.size >= kernels.LARGE else np.maximum(a, 0)
        return self.saved

    def backward(self, grad):
        if grad.size >= kernels.LARGE:
            return (kernels.relu_grad(grad, self.saved, self.overwrite),)
        return (grad * (self.saved > 0),)


class Sigmoid(Pointwise):
    """1 / (1 + e ** -a), from tanh so that large |a| does not overflow."""

    analytic = True

    def forward(self, a):
        self.saved = np.tanh(a * 0.5) * 0.5 + 0.5
        return self.saved

    def backward(self, grad):
        return (grad * self.saved * (1 - self.saved),)


class Tanh(Pointwise):
    """Hyperbolic tangent."""

    analytic = True

    def forward(self, a):
        self.saved = np.tanh(a)
        return self.saved

    def backward(self, grad):
        return (grad * (1 - self.saved * self.saved),)
