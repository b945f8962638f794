"""numpy-ml: its own layers and optimiser, for the plain network; it has no graph, so its layers are called in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks import ours
from benchmarks.peers import legacy
from benchmarks.sides import NotSupported
from benchmarks.translate import ChainOnly, translate


def train_step(case: Mapping[str, Any]) -> dict[str, Callable]:
    """As `ours.train_step`."""
    legacy.restore()
    from numpy_ml.neural_nets.losses import CrossEntropy

    network, how = ours.network(case), ours.recipe(case)
    images, labels = ours.batch(case)
    if how.momentum or how.smoothing:
        raise NotSupported("Nesterov's momentum and label smoothing")
    layers, _ = translate(network, _maker(how.lr), images.shape[1:3])
    target = np.eye(network.fc.out_features)[labels]

    def step() -> float:
        x = images
        for layer in layers:
            x = layer.forward(x)
        e = np.exp(x - x.max(axis=1, keepdims=True), dtype=np.float64)  # it checks that they add up to 1, to 1e-8
        p = e / e.sum(axis=1, keepdims=True)
        grad = (CrossEntropy.grad(target, p) / len(labels)).astype(np.float32)
        for layer in reversed(layers):
            grad = layer.backward(grad)
        for layer in layers:
            layer.update()
        return float(CrossEntropy.loss(target, p)) / len(labels)

    return {"run": step}


def _maker(lr: float) -> Any:
    from numpy_ml.neural_nets.layers import Conv2D, Flatten, FullyConnected
    from numpy_ml.neural_nets.optimizers import SGD

    def filled(made: Any, weight: np.ndarray, bias: np.ndarray) -> Any:
        made._init_params()
        made.parameters = {"W": np.array(weight), "b": np.array(bias)}
        made.gradients = {name: np.zeros_like(value) for name, value in made.parameters.items()}
        return made

    class Layers(ChainOnly):
        LACKS = "numpy-ml has no concatenation"

        def conv(self, layer, pads):
            if layer.groups != 1 or layer.stride[0] != layer.stride[1]:
                raise NotSupported("grouped convolution, or uneven stride")
            made = Conv2D(layer.out_channels, layer.kernel_size, pads, layer.stride[0], optimizer=SGD(lr))
            made.in_ch = layer.in_channels
            return filled(made, layer.weight.data, layer.bias.data.reshape(1, 1, 1, -1))

        def relu(self):
            return "ReLU"  # its layers have their activation inside

        def flatten(self):
            return Flatten()

        def linear(self, layer):
            made = FullyConnected(layer.out_features, optimizer=SGD(lr))
            made.n_in = layer.in_features
            return filled(made, layer.weight.data, layer.bias.data.reshape(1, -1))

        def sequential(self, parts):
            from numpy_ml.neural_nets.activations import ReLU

            layers = []
            for part in parts:
                if part == "ReLU":
                    layers[-1].act_fn = ReLU()
                else:
                    layers += part if isinstance(part, list) else [part]
            return layers

    return Layers()
