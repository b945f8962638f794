"""tinygrad: its own tensors and optimiser, the whole step under TinyJit. On a CPU it compiles with clang."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks import ours
from benchmarks.sides import NotSupported
from benchmarks.translate import translate


def train_step(case: Mapping[str, Any]) -> dict[str, Callable]:
    """As `ours.train_step`."""
    from tinygrad import Tensor, TinyJit
    from tinygrad.helpers import Context
    from tinygrad.nn.optim import SGD, OptimizerGroup

    if shutil.which(os.environ.get("CC", "clang")) is None:
        raise ImportError("tinygrad is installed, but the clang that it compiles with is not")

    network, how = ours.network(case), ours.recipe(case)
    x, y = ours.batch(case)
    make = _maker()
    model, _ = translate(network, make, x.shape[1:3])
    images = Tensor(np.ascontiguousarray(x.transpose(0, 3, 1, 2))).realize()
    labels = Tensor(y.astype(np.int32)).realize()
    options = {"lr": how.lr, "momentum": how.momentum, "nesterov": how.momentum > 0}
    groups = [
        SGD([p for p in make.parameters if p.ndim >= 2], weight_decay=how.weight_decay, **options),
        SGD([p for p in make.parameters if p.ndim < 2], **options),
    ]
    optimizer = OptimizerGroup(*groups)

    @TinyJit
    def update() -> Tensor:
        optimizer.zero_grad()
        logits, aux = model(images)
        total = logits.sparse_categorical_crossentropy(labels, label_smoothing=how.smoothing)
        for head in aux:
            total = total + network.aux_weight * head.sparse_categorical_crossentropy(
                labels, label_smoothing=how.smoothing
            )
        total.backward()
        return total.realize(*optimizer.schedule_step(), *make.running)

    def step() -> float:
        with Context(TRAINING=1):
            return float(update().item())

    return {"run": step}


def _maker() -> Any:
    from tinygrad import Tensor, nn

    def parameter(array: np.ndarray, made: list) -> Tensor:
        made.append(Tensor(np.ascontiguousarray(array)).realize())
        return made[-1]

    class Layers:
        def __init__(self):
            self.parameters: list[Tensor] = []
            self.running: list[Tensor] = []

        def conv(self, layer, pads):
            weight = parameter(layer.weight.data.transpose(3, 2, 0, 1), self.parameters)
            bias = None if layer.bias is None else parameter(layer.bias.data, self.parameters)
            padding = (*pads[2:], *pads[:2])
            return lambda x: x.conv2d(weight, bias, layer.groups, layer.stride, padding=padding)

        def norm(self, layer):
            made = nn.BatchNorm(layer.channels, layer.eps, momentum=layer.momentum)
            made.weight, made.bias = (parameter(p.data, self.parameters) for p in (layer.gamma, layer.beta))
            self.running += [made.running_mean, made.running_var]
            return made

        def relu(self):
            return Tensor.relu

        def gelu(self):
            return Tensor.gelu

        def scale(self, layer):
            return lambda x: layer.factor * x

        def max_pool(self, layer, pads):
            return lambda x: x.max_pool2d(layer.kernel_size, layer.stride, padding=(*pads[2:], *pads[:2]))

        def avg_pool(self, layer, pads):
            if pads[0] != pads[1] or pads[2] != pads[3]:
                raise NotSupported(f"average pooling with padding {pads}")
            return lambda x: x.avg_pool2d(
                layer.kernel_size, layer.stride, padding=(pads[0], pads[2]), count_include_pad=layer.count_include_pad
            )

        def global_avg_pool(self):
            return lambda x: x.mean((2, 3))

        def dropout(self, layer):
            return lambda x: x.dropout(layer.p) if layer.p else x

        def flatten(self):
            return lambda x: x.permute(0, 2, 3, 1).flatten(1)

        def linear(self, layer):
            weight, bias = (parameter(p.data, self.parameters) for p in (layer.weight, layer.bias))
            return lambda x: x.linear(weight, bias)

        def sequential(self, parts):
            return lambda x: x.sequential(parts)

        def branches(self, parts):
            def branches(x):
                first, *others = [part(x) for part in parts]
                return first.cat(*others, dim=1)

            return branches

        def network(self, stages, aux):
            def network(x):
                heads = []
                for i, stage in enumerate(stages):
                    x = stage(x)
                    if i in aux:
                        heads.append(aux[i](x))
                return x, heads

            return network

    return Layers()
