"""What all networks share: named stages in a row, auxiliary classifiers on the way, one clear check of the input."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinyinception.checks import number, whole
from tinyinception.errors import ArgumentError, DtypeError, ShapeError
from tinyinception.habits import channels_first
from tinyinception.nn import Module, Output
from tinyinception.ops import by_x
from tinyinception.tensor import Tensor, rehearsal


class Network(Module):
    """Images N x H x W x channels to Output(logits, aux).

    stages: modules by name, each on the result of the one before; the last gives the logits. aux: auxiliary classifiers
    by the name of the stage they are attached to; they run in training only and are called "aux_<stage>". aux_weight:
    what their losses count relative to the main one. input_size: height and width it was made for.
    title: what errors and tables call it; a network from `models.build` has the name it was asked for by.
    Raises DtypeError for what is no Tensor and ShapeError for anything but a batch of such images, before anything is
    computed.
    """

    def __init__(
        self,
        stages: Mapping[str, Module],
        *,
        channels: int,
        input_size: int,
        aux: Mapping[str, Module] | None = None,
        aux_weight: float = 0.0,
    ):
        aux = aux or {}
        if surplus := set(aux) - set(stages):
            raise ArgumentError(f"Network: auxiliary classifiers at unknown stages: {', '.join(sorted(surplus))}")
        self.channels = whole("Network: channels", channels)
        self.input_size = whole("Network: input_size", input_size)
        self.title = type(self).__name__
        self.aux_weight = number("Network: aux_weight", aux_weight, "[0, inf)") if aux else 0.0
        self.stages = tuple(stages)
        self._known: set[tuple[int, int, bool]] = set()  # (height, width, training) of images that fit
        for name, stage in stages.items():
            setattr(self, name, stage)
            if name in aux:
                setattr(self, f"aux_{name}", aux[name])

    @property
    def smallest(self) -> int:
        """The least height and width of a square image that the network takes, in the mode it is in.

        Found by rehearsing. Larger ones may still not fit where grids have to meet or a linear layer follows a grid.
        """
        sizes = range(1, self.input_size)
        least = next((n for n in sizes if self._refusal(n, n, aux=False) is None), self.input_size)
        if not self.training or self._refusal(least, least, aux=True) is None:
            return least
        below, fits = least, self.input_size  # auxiliary classifiers set one more bound, far above the first
        while fits - below > 1:
            size = (below + fits) // 2
            if self._refusal(size, size, aux=True) is None:
                fits = size
            else:
                below = size
        return fits

    def forward(self, x: Tensor) -> Output:
        if not isinstance(x, Tensor):
            raise DtypeError(
                f"{self.title}: input must be a Tensor, got {type(x).__name__}; wrap an array in Tensor(images)"
            )
        if x.ndim != 4 or x.shape[0] < 1 or x.shape[3] != self.channels:
            raise ShapeError(
                f"{self.title}: input must be N x H x W x {self.channels} with N of at least 1, "
                f"got {by_x(x.shape)}{channels_first(x.shape, self.channels)}"
            )
        if x._data is None:  # its own rehearsal
            try:
                return self._stages(x, self.training)
            except ShapeError as error:
                raise self._explained(x, error) from None
        height, width = x.shape[1:3]
        if (height, width, self.training) not in self._known:
            if refusal := self._refusal(height, width, aux=self.training):
                raise self._explained(x, refusal)
            self._known.add((height, width, self.training))
        return self._stages(x, self.training)

    def _stages(self, x: Tensor, with_aux: bool) -> Output:
        aux = []
        for name in self.stages:
            x = getattr(self, name)(x)
            head = getattr(self, f"aux_{name}", None)
            if head is not None and with_aux:
                aux.append(head(x))
        return Output(x, tuple(aux))

    def _explained(self, x: Tensor, refusal: ShapeError) -> ShapeError:
        size, least = x.shape[1:3], self.smallest
        told = (
            f"images must be at least {least}x{least}, these are {by_x(size)}"
            if min(size) < least
            else f"images of {by_x(size)} do not fit"
        )
        return ShapeError(f"{self.title}: {told}: {refusal}")

    def _refusal(self, height: int, width: int, aux: bool) -> ShapeError | None:
        """What a rehearsal with shapes alone, which costs milliseconds, says against images of this size."""
        dtype = next((p.dtype for p in self.parameters()), np.dtype(np.float32))
        try:
            with rehearsal():
                self._stages(Tensor.shape_only(2, height, width, self.channels, dtype=dtype), aux)
        except ShapeError as error:
            return error
        return None
