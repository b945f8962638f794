"""PyTorch, in each of its modes on a CPU; the best of them is the bar.

The networks are made of its own layers (`torch.nn`), with its fused optimiser and ReLU in place. One thing it cannot
express without a copy: an odd pixel of padding at the bottom and right, TensorFlow's rule, which a convolution with
stride 2 on an even grid has; there it pads first. (For max pooling, `ceil_mode` does the same without a copy.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import ours
from benchmarks.sides import NotSupported
from benchmarks.translate import translate

if TYPE_CHECKING:
    import torch
    from torch.autograd.profiler_util import FunctionEvent

MODES = {
    "eager": {},
    "eager, channels-last": {"channels_last": True},
    "compile": {"compiled": True},
    "compile, channels-last": {"channels_last": True, "compiled": True},
}
FROZEN = {"compile, frozen": {"compiled": True, "frozen": True}}  # inference only: batch-norm folded, weights packed
_ALL = {**MODES, **FROZEN}

# Where the profiler's operators belong, by words in their names: of what runs forward, and of the graph's nodes
# backward. A generated kernel ("cpp_fused") has the names of all it fuses, and belongs to the first that fits.
WORDS = {
    "convolution": ("conv", "pad"),
    "batch-norm, ReLU": ("batchnorm", "batch_norm", "relu", "threshold"),
    "pooling": ("pool", "mean"),
    "concat, split": ("aten::cat", "catbackward", "_cat_"),
}
FUSED = {kind: WORDS[kind] for kind in ("batch-norm, ReLU", "pooling", "concat, split")}


def build(network: Any, size: tuple[int, int]) -> torch.nn.Module:
    """Our network in PyTorch, with our weights; ValueError unless it has as many parameters."""
    made, _ = translate(network, _maker(), size)
    theirs = sum(p.numel() for p in made.parameters() if p.requires_grad)
    expected = sum(p.size for p in network.parameters())
    if theirs != expected:
        raise ValueError(f"PyTorch's network has {theirs} parameters, ours {expected}")
    return made


def train_step(case: Mapping[str, Any]) -> dict[str, Callable]:
    """As `ours.train_step`. mode: one of MODES."""
    import torch
    from torch.nn.functional import cross_entropy

    network, recipe = ours.network(case), ours.recipe(case)
    model, images, labels = _loaded(network, case)
    aux_weight = network.aux_weight

    def objective(images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        logits, aux = model(images)
        total = cross_entropy(logits, labels, label_smoothing=recipe.smoothing)
        for head in aux:
            total = total + aux_weight * cross_entropy(head, labels, label_smoothing=recipe.smoothing)
        return total

    kernels = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    optimizer = torch.optim.SGD(
        [{"params": kernels, "weight_decay": recipe.weight_decay}, {"params": others}],
        recipe.lr,
        momentum=recipe.momentum,
        nesterov=recipe.momentum > 0,
        fused=True,
    )
    if _ALL[case["mode"]].get("compiled"):
        objective = _compiled(objective)

    def step() -> float:
        optimizer.zero_grad()
        total = objective(images, labels)
        total.backward()
        optimizer.step()
        return total.item()

    return {"run": step, "split": lambda: split(step)}


def inference(case: Mapping[str, Any]) -> dict[str, Callable]:
    """As `ours.inference`; `logits` returns them, for the check that both sides compute the same."""
    import torch

    network = ours.network(case).eval()
    model, images, _ = _loaded(network, case)
    model.eval()

    def logits(images: torch.Tensor) -> torch.Tensor:
        return model(images)[0]

    if _ALL[case["mode"]].get("compiled"):
        logits = _compiled(logits, _ALL[case["mode"]].get("frozen", False))

    def predict() -> None:
        with torch.inference_mode():
            logits(images)

    def values() -> list:
        with torch.inference_mode():
            return logits(images).tolist()

    return {"run": predict, "logits": values}


def _compiled(function: Callable, frozen: bool = False) -> Callable:
    import torch
    import torch._inductor.config as config

    config.freezing = frozen
    config.cpp.enable_kernel_profile = True  # gives the profiler the names of generated kernels; costs nothing else
    return torch.compile(function, dynamic=False)


def _loaded(network: Any, case: Mapping[str, Any]) -> tuple[torch.nn.Module, torch.Tensor, torch.Tensor]:
    """The model, images and labels in the mode's memory layout."""
    import torch

    x, y = ours.batch(case)
    images, labels = torch.from_numpy(x).movedim(-1, 1).contiguous(), torch.from_numpy(y)
    model = build(network, x.shape[1:3])
    if _ALL[case["mode"]].get("channels_last"):
        model, images = (thing.to(memory_format=torch.channels_last) for thing in (model, images))
    return model, images, labels


def _maker() -> Any:
    import torch
    from torch import nn

    def tensor(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(np.array(array, order="C"))

    class Branches(nn.ModuleList):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.cat([branch(x) for branch in self], 1)

    class GlobalAvgPool(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean((2, 3))

    class Scale(nn.Module):
        def __init__(self, factor: float):
            super().__init__()
            self.factor = factor

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.factor * x

    class Flatten(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.permute(0, 2, 3, 1).flatten(1)

    class Network(nn.Module):
        def __init__(self, stages: list, aux: dict):
            super().__init__()
            self.stages = nn.ModuleList(stages)
            self.aux = nn.ModuleDict({str(i): head for i, head in aux.items()})

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
            aux = []
            for i, stage in enumerate(self.stages):
                x = stage(x)
                if self.training and str(i) in self.aux:
                    aux.append(self.aux[str(i)](x))
            return x, aux

    class Layers:
        network, flatten, global_avg_pool = Network, Flatten, GlobalAvgPool

        def conv(self, layer, pads):
            even = pads[0] == pads[1] and pads[2] == pads[3]
            made = nn.Conv2d(
                layer.in_channels,
                layer.out_channels,
                layer.kernel_size,
                layer.stride,
                (pads[0], pads[2]) if even else 0,
                groups=layer.groups,
                bias=layer.bias is not None,
            )
            made.weight.data = tensor(layer.weight.data.transpose(3, 2, 0, 1))
            if layer.bias is not None:
                made.bias.data = tensor(layer.bias.data)
            return made if even else nn.Sequential(nn.ZeroPad2d((*pads[2:], *pads[:2])), made)

        def norm(self, layer):
            if layer.beta is None:
                raise NotSupported("batch-norm without beta")
            made = nn.BatchNorm2d(layer.channels, layer.eps, layer.momentum)
            made.weight.requires_grad_(layer.gamma is not None)  # without gamma it stays 1
            made.load_state_dict(
                {
                    "weight": torch.ones(layer.channels) if layer.gamma is None else tensor(layer.gamma.data),
                    "bias": tensor(layer.beta.data),
                    "running_mean": tensor(layer.running_mean),
                    "running_var": tensor(layer.running_var),
                    "num_batches_tracked": torch.tensor(0),
                }
            )
            return made

        def relu(self):
            return nn.ReLU(inplace=True)

        def gelu(self):
            return nn.GELU(approximate="tanh")

        def scale(self, layer):
            return Scale(layer.factor)

        def max_pool(self, layer, pads):
            if pads[0] == pads[1] and pads[2] == pads[3]:
                return nn.MaxPool2d(layer.kernel_size, layer.stride, (pads[0], pads[2]), ceil_mode=layer.ceil_mode)
            if pads[0] or pads[2]:
                raise NotSupported(f"max pooling with padding {pads}")
            return nn.MaxPool2d(layer.kernel_size, layer.stride, ceil_mode=True)

        def avg_pool(self, layer, pads):
            if pads[0] != pads[1] or pads[2] != pads[3]:
                raise NotSupported(f"average pooling with padding {pads}")
            return nn.AvgPool2d(
                layer.kernel_size, layer.stride, (pads[0], pads[2]), layer.ceil_mode, layer.count_include_pad
            )

        def dropout(self, layer):
            return nn.Dropout(layer.p)

        def linear(self, layer):
            made = nn.Linear(layer.in_features, layer.out_features, bias=layer.bias is not None)
            made.weight.data = tensor(layer.weight.data.T)
            if layer.bias is not None:
                made.bias.data = tensor(layer.bias.data)
            return made

        def sequential(self, parts):
            return nn.Sequential(*parts)

        def branches(self, parts):
            return Branches(parts)

    return Layers()


# -- where the time goes -----------------------------------------------------------------------------------------


def split(step: Callable[[], object]) -> dict[str, tuple[float, float]]:
    """Seconds of one step by kind of operation, forward and backward, by PyTorch's profiler."""
    import time

    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU]) as watched:
        start = time.perf_counter()
        step()
        total = time.perf_counter() - start
    seconds: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    for event in watched.events():
        kind, backward = _place(event)
        seconds[kind][backward] += event.self_cpu_time_total / 1e6
    seconds[ours.REST][0] += max(0.0, total - sum(sum(pair) for pair in seconds.values()))
    return {kind: tuple(seconds[kind]) for kind in ours.ALL_KINDS}


def _place(event: FunctionEvent) -> tuple[str, bool]:
    """The kind of operation that an event belongs to, and whether it is part of backward."""
    chain = [event]
    while chain[-1].cpu_parent is not None:
        chain.append(chain[-1].cpu_parent)
    names = [link.name for link in chain]
    backward = any(name.startswith("autograd::engine") or "Backward" in name for name in names)
    if any(name.startswith("Optimizer") for name in names):
        return ours.OPTIMISER, False
    if names[0] in ("aten::add", "aten::add_") and len(names) > 1 and names[1].startswith("autograd::engine"):
        return ours.SUMS, True
    for name in names:
        for kind, words in (FUSED if "cpp_fused" in name else WORDS).items():
            if any(word in name.lower() for word in words):
                return kind, backward
    return ours.REST, backward
