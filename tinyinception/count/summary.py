"""What a network costs: one shape-only forward pass under a tally, instant at any input size."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tinyinception import models, nn
from tinyinception.checks import whole
from tinyinception.count.columns import layer_json, network_json
from tinyinception.count.field import Field, union
from tinyinception.count.html import comparison_html, summary_html
from tinyinception.count.memory import Memory
from tinyinception.count.table import comparison_table, summary_table
from tinyinception.count.tally import Counts, Row, Tally, total
from tinyinception.errors import ArgumentError
from tinyinception.habits import named
from tinyinception.models.network import Network
from tinyinception.ops.operation import Shape, by_x, size_of
from tinyinception.ops.padding import pair
from tinyinception.tensor import Tensor, no_grad, observe


class Conventions(NamedTuple):
    """The parameters of one network as three frameworks count them, whatever batch-norm it has itself.

    affine: PyTorch's, weights, biases, gamma and beta. tf_train: what TF-slim trains, without gamma (`scale=False`).
    keras: `count_params()` of Keras's Inception networks, that plus moving mean and variance.
    """

    affine: int
    tf_train: int
    keras: int


@dataclass(frozen=True, kw_only=True)
class Summary(Counts):
    """The counts of one network for one image; `print` it for the table, show it in a notebook for one that folds.

    Beside what all `Counts` have, those of its rows together:
    input: H x W x C. training: whether auxiliary heads and dropout ran. rows: one per operation, in the order of the
    forward pass. field: receptive field and depth at the logits, pooling of all pixels to one left out. memory: of
    activations. unread: learnable numbers that this forward pass did not use, such as those of auxiliary heads.
    buffers: numbers stored but not learnt, such as running means. levels: how deep modules are shown, None for all.
    """

    model: str
    input: Shape
    training: bool
    rows: tuple[Row, ...]
    field: Field
    memory: Memory
    unread: int
    buffers: int
    levels: int | None = None

    @property
    def conventions(self) -> Conventions:
        """The parameters if batch-norm had scale and shift, shift alone, and shift and stored statistics."""
        others = sum(row.params for row in self.rows if row.op != "BatchNorm")
        channels = self.norm_channels
        return Conventions(others + 2 * channels, others + channels, others + 3 * channels)

    @property
    def depth(self) -> int:
        """Weight layers on the longest path from the image to the logits."""
        return self.field.depth

    @property
    def receptive_field(self) -> tuple[int, int]:
        """(height, width) in input pixels of what a pixel of the last grid sees; it may be larger than the image."""
        return self.field.size

    def totals(self) -> dict[str, object]:
        """The counts of the whole network, as plain Python values; the receptive field by its longer side."""
        return network_json(self)

    def to_json(self) -> dict[str, object]:
        """`totals` and the rows: what `tinyinception summary --json` prints."""
        return {**self.totals(), "layers": [layer_json(row) for row in self.rows]}

    def __str__(self) -> str:
        return summary_table(self)

    def __repr__(self) -> str:
        return (
            f"Summary({self.model}, input {by_x(self.input)}: {self.params:,} parameters, {self.macs:,} "
            f"multiply-adds, depth {self.depth}; print it for the table)"
        )

    def _repr_html_(self) -> str:
        return summary_html(self)


@dataclass(frozen=True)
class Comparison:
    """Several networks side by side; `print` it for the table, or show it in a notebook."""

    summaries: tuple[Summary, ...]

    def to_json(self) -> dict[str, object]:
        """What `tinyinception compare --json` prints."""
        return {"models": [s.totals() for s in self.summaries]}

    def __str__(self) -> str:
        return comparison_table(self.summaries)

    def __repr__(self) -> str:
        return f"Comparison({', '.join(s.model for s in self.summaries)}; print it for the table)"

    def _repr_html_(self) -> str:
        return comparison_html(self.summaries)


@named
def summary(
    model: nn.Module | str,
    input_size: int | tuple[int, int] | None = None,
    *,
    channels: int | None = None,
    num_classes: int | None = None,
    training: bool = False,
    depth: int | None = None,
) -> Summary:
    """Count a network, by name or as a module, on one image.

    input_size: pixels, one number for a square or (height, width); a network has a default, another module needs one.
    channels: of the image, a network's own unless given, else 3.
    num_classes: of a named network, default its own. training: count it as it is trained, auxiliary heads included.
    depth: how deep the table goes into modules, each with the totals of its parts; by default down to the layers.
    A module may return several tensors; depth and receptive field are then of all of them together.
    Raises ArgumentError for unknown names, bad numbers and modules that do not take one image or give no tensor,
    ShapeError where the input is too small for the network.
    """
    if isinstance(model, str):
        name, info = model, models.info(model)
        with nn.shape_only():
            model = models.build(name, channels=3 if channels is None else channels, num_classes=num_classes)
        input_size = info.input_size if input_size is None else input_size
    else:
        if not isinstance(model, nn.Module):
            raise ArgumentError(f"summary: model must be a name or a module, got {model!r}")
        name = type(model).__name__
        if num_classes is not None:
            raise ArgumentError("summary: num_classes goes with the name of a network; this is a module, already built")
    if isinstance(model, Network):
        input_size = model.input_size if input_size is None else input_size
        channels = model.channels if channels is None else channels
    if input_size is None:
        raise ArgumentError("summary: a module needs input_size, in pixels")
    if isinstance(input_size, tuple | list) and len(input_size) > 2:
        raise ArgumentError(
            "summary: input_size must be one or two whole numbers, pixels or (height, width), got "
            f"{tuple(input_size)}; counts are for one image, and channels= says of how many channels"
        )
    levels = None if depth is None else whole("summary: depth", depth)
    shape = (
        *pair(input_size, "summary: input_size", 1, ArgumentError),
        whole("summary: channels", 3 if channels is None else channels),
    )
    parameters = list(model.parameters())
    batch = 2 if training else 1  # batch-norm refuses to train on a single value per channel
    image = Tensor.shape_only(batch, *shape, dtype=parameters[0].dtype if parameters else np.float32)
    tally = Tally(image, parameters)
    with _mode(model, training), no_grad(), observe(tally):
        results = _results(name, model, image)
    return Summary(
        model=name,
        input=shape,
        training=training,
        rows=tuple(tally.rows),
        **vars(total(tally.rows)),
        field=union([tally.field(result) for result in results]),
        memory=tally.memory(),
        unread=sum(size_of(p.shape) for p in tally.unread.values()),
        buffers=sum(size_of(b.shape) for _, b in model.named_buffers()),
        levels=levels,
    )


@named
def compare(
    networks: Sequence[nn.Module | str] | Mapping[str, nn.Module | str],
    input_size: int | tuple[int, int] | None = None,
    *,
    channels: int | None = None,
    num_classes: int | None = None,
    training: bool = False,
) -> Comparison:
    """Summaries side by side, of networks or of blocks; arguments as in `summary`.

    networks: a mapping gives each a name of its own, as blocks need, which are all called after their class otherwise.
    """
    if not isinstance(networks, list | tuple | Mapping):
        raise ArgumentError(f"compare: networks must be a list of networks or names, got {networks!r}")
    if not networks:
        raise ArgumentError("compare: no networks given")

    def count(network: nn.Module | str) -> Summary:
        return summary(network, input_size, channels=channels, num_classes=num_classes, training=training)

    if isinstance(networks, Mapping):
        return Comparison(tuple(replace(count(network), model=name) for name, network in networks.items()))
    return Comparison(tuple(count(network) for network in networks))


@contextmanager
def _mode(model: nn.Module, training: bool) -> Iterator[None]:
    """Training or evaluation for a while; afterwards each part is as it was."""
    before = [(module, module.training) for _, module in model.named_modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, mode in before:
            module.training = mode


def _results(name: str, model: nn.Module, image: Tensor) -> list[Tensor]:
    """The logits of a network, or the tensors of whatever else a module returns."""
    try:
        inspect.signature(model.forward).bind(image)
    except TypeError as error:
        raise ArgumentError(f"summary: {name}.forward must take one image, got the error: {error}") from None
    result = model(image)
    tensors = list(_tensors(getattr(result, "logits", result)))
    if not tensors:
        raise ArgumentError(f"summary: {name}.forward must return a tensor or several, got {type(result).__name__}")
    return tensors


def _tensors(result: object) -> Iterator[Tensor]:
    if isinstance(result, Tensor):
        yield result
    elif isinstance(result, (list, tuple, Mapping)):
        for part in result.values() if isinstance(result, Mapping) else result:
            yield from _tensors(part)
