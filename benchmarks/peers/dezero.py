"""DeZero: its own functions on its own variables, for the plain network; it has no concatenation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks import ours
from benchmarks.peers import legacy
from benchmarks.sides import NotSupported
from benchmarks.translate import ChainOnly, chained, translate


def train_step(case: Mapping[str, Any]) -> dict[str, Callable]:
    """As `ours.train_step`."""
    legacy.restore()
    import dezero.functions as F

    network, how = ours.network(case), ours.recipe(case)
    x, labels = ours.batch(case)
    make = _maker()
    model, _ = translate(network, make, x.shape[1:3])
    images = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    if how.momentum or how.smoothing:
        raise NotSupported("Nesterov's momentum and label smoothing")

    def step() -> float:
        total = F.softmax_cross_entropy(model(images), labels)
        total.backward()
        for p in make.parameters:  # what its SGD does
            p.data -= how.lr * p.grad.data
            p.cleargrad()
        return float(total.data)

    return {"run": step}


def _maker() -> Any:
    import dezero.functions as F
    from dezero import Parameter

    class Layers(ChainOnly):
        LACKS = "DeZero has no concatenation"

        def __init__(self):
            self.parameters: list[Parameter] = []

        def _add(self, array):
            self.parameters.append(Parameter(np.array(array, order="C")))
            return self.parameters[-1]

        def conv(self, layer, pads):
            if layer.groups != 1 or pads[0] != pads[1] or pads[2] != pads[3]:
                raise NotSupported("grouped convolution, or uneven padding")
            weight = self._add(layer.weight.data.transpose(3, 2, 0, 1))
            bias = None if layer.bias is None else self._add(layer.bias.data)
            return lambda x: F.conv2d(x, weight, bias, layer.stride, (pads[0], pads[2]))

        def relu(self):
            return F.relu

        def flatten(self):
            return lambda x: F.flatten(F.transpose(x, (0, 2, 3, 1)))

        def linear(self, layer):
            weight, bias = self._add(layer.weight.data), self._add(layer.bias.data)
            return lambda x: F.linear(x, weight, bias)

        def sequential(self, parts):
            return chained(parts)

    return Layers()
