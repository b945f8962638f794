"""What all networks share: named stages in a row, auxiliary classifiers on the way, one clear check of the input."""

from __future__ import annotations

from collections.abc import Mapping

from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.nn import Module, Output
from tinyinception.ops import by_x
from tinyinception.tensor import Tensor


class Network(Module):
    """Images N x H x W x channels to Output(logits, aux).

    stages: modules by name, each on the result of the one before; the last gives the logits. aux: auxiliary classifiers
    by the name of the stage they are attached to; they run in training only and are called "aux_<stage>". aux_weight:
    what their losses count relative to the main one. smallest: the least height and width the network takes.
    Raises ShapeError for anything but a batch of such images.
    """

    def __init__(self, stages: Mapping[str, Module], *, channels: int, smallest: int,
                 aux: Mapping[str, Module] | None = None, aux_weight: float = 0.0):
        aux = aux or {}
        if surplus := set(aux) - set(stages):
            raise ArgumentError(f"Network: auxiliary classifiers at unknown stages: {', '.join(sorted(surplus))}")
        self.channels, self.smallest, self.aux_weight = channels, smallest, aux_weight
        self.stages = tuple(stages)
        for name, stage in stages.items():
            setattr(self, name, stage)
            if name in aux:
                setattr(self, f"aux_{name}", aux[name])

    def forward(self, x: Tensor) -> Output:
        self._check(x)
        aux = []
        for name in self.stages:
            x = getattr(self, name)(x)
            head = getattr(self, f"aux_{name}", None)
            if head is not None and self.training:
                aux.append(head(x))
        return Output(x, tuple(aux))

    def _check(self, x: Tensor) -> None:
        least = self.smallest
        if x.ndim != 4 or x.shape[0] < 1 or x.shape[3] != self.channels or min(x.shape[1:3]) < least:
            raise ShapeError(f"{type(self).__name__}: input must be N x H x W x {self.channels} with H and W of at "
                             f"least {least} and N of at least 1, got {by_x(x.shape)}")
