"""SmallPebble: its own operations, for the plain network; it has neither batch-norm nor concatenation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks import ours
from benchmarks.sides import NotSupported
from benchmarks.translate import ChainOnly, chained, translate


def train_step(case: Mapping[str, Any]) -> dict[str, Callable]:
    """As `ours.train_step`."""
    import smallpebble as sp

    network, how = ours.network(case), ours.recipe(case)
    images, labels = ours.batch(case)
    make = _maker()
    model, _ = translate(network, make, images.shape[1:3])
    if how.momentum or how.smoothing:
        raise NotSupported("Nesterov's momentum and label smoothing")

    def step() -> float:
        total = sp.cross_entropy(sp.softmax(model(sp.Variable(images))), labels)  # a sum over the batch
        sp.sgd_step(make.parameters, sp.get_gradients(total), how.lr / len(labels))
        return float(total.array) / len(labels)

    return {"run": step}


def _maker() -> Any:
    import smallpebble as sp

    class Layers(ChainOnly):
        LACKS = "SmallPebble has neither batch-norm nor concatenation"

        def __init__(self):
            self.parameters: list[sp.Variable] = []

        def _add(self, array):
            self.parameters.append(sp.Variable(np.array(array)))
            return self.parameters[-1]

        def conv(self, layer, pads):
            if layer.groups != 1 or layer.padding not in ("same", "valid"):
                raise NotSupported("grouped convolution, or padding other than same and valid")
            weight = self._add(layer.weight.data)
            bias = None if layer.bias is None else self._add(layer.bias.data)

            def conv(x):
                y = sp.conv2d(x, weight, layer.padding.upper(), layer.stride)
                return y if bias is None else y + bias

            return conv

        def relu(self):
            return lambda x: sp.leaky_relu(x, 0.0)

        def flatten(self):
            return lambda x: sp.reshape(x, (len(x.array), -1))

        def linear(self, layer):
            weight, bias = self._add(layer.weight.data), self._add(layer.bias.data)
            return lambda x: sp.matmul(x, weight) + bias

        def sequential(self, parts):
            return chained(parts)

    return Layers()
