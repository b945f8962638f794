"""The Inception modules of the published networks as plain data, for the pages that let one change them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.models.network import Network

NETWORKS = {"googlenet": "GoogLeNet", "bn_inception": "BN-Inception", "inception_v3": "Inception-v3"}


def published() -> list[dict[str, Any]]:
    """Every Inception module of NETWORKS: network, name, input grid and channels, and its branches.

    A branch has a name, its pooling (or None) and steps; a step is a list of the convolutions that stand side by side
    in it: kernel, stride, whether it is unpadded ("valid"), and outputs.
    """
    with nn.shape_only():
        return [module for name, title in NETWORKS.items() for module in _modules(models.build(name), title)]


def _modules(network: Network, title: str) -> Iterator[dict[str, Any]]:
    outputs = {row.name.partition(".")[0]: row.output for row in summary(network).rows}
    before: tuple[int, ...] = ()
    for stage, module in network.named_children():
        if isinstance(module, nn.Branches):
            yield {
                "network": title,
                "name": stage.partition("_")[2],
                "grid": before[0],
                "inputs": before[2],
                "branches": [_branch(name, branch) for name, branch in module.named_children()],
            }
        before = outputs.get(stage, before)


def _branch(name: str, branch: nn.Module) -> dict[str, Any]:
    pools = [part for part in branch.modules() if isinstance(part, nn.MaxPool2d | nn.AvgPool2d)]
    kinds = {nn.MaxPool2d: "max", nn.AvgPool2d: "average"}
    return {
        "name": name,
        "pool": None if not pools else {"kind": kinds[type(pools[0])], "stride": pools[0].stride[0]},
        "steps": list(_steps(branch)),
    }


def _steps(module: nn.Module) -> Iterator[list[dict[str, Any]]]:
    """The convolutions below a module in their order, those of Branches together in one step."""
    if isinstance(module, nn.Conv2d):
        unpadded = module.padding in (0, "valid") and module.kernel_size != (1, 1)
        yield [
            {
                "kernel": list(module.kernel_size),
                "stride": module.stride[0],
                "valid": unpadded,
                "outputs": module.out_channels,
            }
        ]
    elif isinstance(module, nn.Branches):
        yield [conv for branch in module for step in _steps(branch) for conv in step]
    else:
        for part in module.children():
            yield from _steps(part)
