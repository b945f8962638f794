"""JAX: the network as a function on NHWC arrays, the whole step under `jit` with its buffers donated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks import ours
from benchmarks.sides import NotSupported
from benchmarks.translate import translate

# A layer is a function from (state, x, key) to y. It finds its parameters in state.parameters under a number
# of its own, and leaves new running statistics in state.running.


class State:
    """Parameters and running statistics, by number, while a step is traced."""

    def __init__(self, parameters: dict, running: dict):
        self.parameters, self.running = parameters, running


def train_step(case: Mapping[str, Any]) -> dict[str, Callable]:
    """As `ours.train_step`."""
    import jax
    import jax.numpy as jnp

    network, how = ours.network(case), ours.recipe(case)
    x, y = ours.batch(case)
    make = _maker()
    model, _ = translate(network, make, x.shape[1:3])
    images, labels = jnp.asarray(x), jnp.asarray(y)
    parameters = {name: jnp.asarray(value) for name, value in make.parameters.items()}
    running = {name: jnp.asarray(value) for name, value in make.running.items()}
    velocity = {name: jnp.zeros_like(value) for name, value in parameters.items()}
    key = jax.random.key(0)

    def cross_entropy(logits):
        target = jax.nn.one_hot(labels, logits.shape[-1]) * (1 - how.smoothing) + how.smoothing / logits.shape[-1]
        return -(target * jax.nn.log_softmax(logits)).sum(-1).mean()

    def objective(parameters, running, images, key):
        state = State(parameters, dict(running))
        logits, aux = model(state, images, key)
        total = cross_entropy(logits) + sum(network.aux_weight * cross_entropy(head) for head in aux)
        return total, state.running

    def update(parameters, running, velocity, images, key):
        (total, running), grads = jax.value_and_grad(objective, has_aux=True)(parameters, running, images, key)
        for name, p in parameters.items():
            grad = grads[name] + (how.weight_decay * p if p.ndim >= 2 else 0)
            velocity[name] = how.momentum * velocity[name] + grad
            parameters[name] = p - how.lr * (grad + how.momentum * velocity[name] if how.momentum else grad)
        return total, parameters, running, velocity

    compiled = jax.jit(update, donate_argnums=(0, 1, 2))
    state = [parameters, running, velocity, key]

    def step() -> float:
        state[3], now = jax.random.split(state[3])
        total, *state[:3] = compiled(*state[:3], images, now)
        jax.block_until_ready(state[:3])
        return float(total)

    return {"run": step}


def _maker() -> Any:
    import jax
    import jax.numpy as jnp
    from jax import lax

    class Layers:
        def __init__(self):
            self.parameters: dict[str, np.ndarray] = {}
            self.running: dict[str, np.ndarray] = {}
            self.dropouts = 0

        def _add(self, array):
            name = str(len(self.parameters))
            self.parameters[name] = array
            return name

        def conv(self, layer, pads):
            if layer.groups != 1:
                raise NotSupported("grouped convolution")
            weight = self._add(layer.weight.data)
            bias = None if layer.bias is None else self._add(layer.bias.data)

            def conv(state, x, key):
                y = lax.conv_general_dilated(
                    x,
                    state.parameters[weight],
                    layer.stride,
                    (pads[:2], pads[2:]),
                    dimension_numbers=("NHWC", "HWIO", "NHWC"),
                )
                return y if bias is None else y + state.parameters[bias]

            return conv

        def norm(self, layer):
            gamma, beta = self._add(layer.gamma.data), self._add(layer.beta.data)
            self.running[gamma], self.running[beta] = layer.running_mean, layer.running_var

            def norm(state, x, key):
                mean = x.mean((0, 1, 2))
                var = jnp.maximum((x * x).mean((0, 1, 2)) - mean * mean, 0)  # one pass, as its own libraries do it
                count = x.size // x.shape[-1]
                for name, value in ((gamma, mean), (beta, var * (count / (count - 1)))):
                    old = state.running[name]
                    state.running[name] = old + layer.momentum * (lax.stop_gradient(value) - old)
                scale = state.parameters[gamma] * lax.rsqrt(var + layer.eps)
                return x * scale + (state.parameters[beta] - mean * scale)

            return norm

        def relu(self):
            return lambda state, x, key: jnp.maximum(x, 0)

        def gelu(self):
            return lambda state, x, key: jax.nn.gelu(x, approximate=True)

        def scale(self, layer):
            return lambda state, x, key: layer.factor * x

        def max_pool(self, layer, pads):
            where = _window(layer, pads)
            return lambda state, x, key: lax.reduce_window(x, -jnp.inf, lax.max, *where)

        def avg_pool(self, layer, pads):
            if layer.ceil_mode or layer.count_include_pad:
                raise NotSupported("average pooling with ceil_mode or counting padding")
            where = _window(layer, pads)

            def avg_pool(state, x, key):
                count = lax.reduce_window(jnp.ones((1, *x.shape[1:3], 1)), 0.0, lax.add, *where)
                return lax.reduce_window(x, 0.0, lax.add, *where) / count

            return avg_pool

        def global_avg_pool(self):
            return lambda state, x, key: x.mean((1, 2))

        def dropout(self, layer):
            self.dropouts += 1
            number, keep = self.dropouts, 1 - layer.p

            def dropout(state, x, key):
                mask = jax.random.bernoulli(jax.random.fold_in(key, number), keep, x.shape)
                return jnp.where(mask, x / keep, 0)

            return dropout if layer.p else lambda state, x, key: x

        def flatten(self):
            return lambda state, x, key: x.reshape(len(x), -1)

        def linear(self, layer):
            weight, bias = self._add(layer.weight.data), self._add(layer.bias.data)
            return lambda state, x, key: x @ state.parameters[weight] + state.parameters[bias]

        def sequential(self, parts):
            def sequential(state, x, key):
                for part in parts:
                    x = part(state, x, key)
                return x

            return sequential

        def branches(self, parts):
            return lambda state, x, key: jnp.concatenate([part(state, x, key) for part in parts], -1)

        def network(self, stages, aux):
            def network(state, x, key):
                heads = []
                for i, stage in enumerate(stages):
                    x = stage(state, x, key)
                    if i in aux:
                        heads.append(aux[i](state, x, key))
                return x, heads

            return network

    return Layers()


def _window(layer: Any, pads: tuple[int, ...]) -> tuple:
    """Window, strides and padding of a pooling as JAX wants them."""
    return (1, *layer.kernel_size, 1), (1, *layer.stride, 1), ((0, 0), pads[:2], pads[2:], (0, 0))
