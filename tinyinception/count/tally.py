"""The hook that counts: one row per operation, with its cost and what its output sees of the input image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np

from tinyinception.count.field import Field, is_global, union
from tinyinception.count.identity import TensorDict
from tinyinception.count.memory import FLOAT, Lifetimes, Memory
from tinyinception.ops.conv import Conv2d
from tinyinception.ops.norm import BatchNorm
from tinyinception.ops.operation import Operation, Shape, size_of
from tinyinception.tape import Node
from tinyinception.tensor import Hook, Tensor


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What one forward pass of an operation, or of several together, costs for one image.

    params: learnable numbers it reads, each once, however often it is read: what PyTorch counts; params_trainable:
    those that require a gradient. norm_channels: channels of batch-norms, likewise. macs: multiply-adds of convolutions
    and matrix products; weight_grad_macs and input_grad_macs: those of backward, for the gradients of parameters and of
    activations, the image needing none. flops: every arithmetic operation, a multiply-add being two. activations:
    numbers written. bytes_moved: inputs, parameters and output once each, as float32; a view moves nothing.
    """

    params: int
    params_trainable: int
    norm_channels: int
    macs: int
    weight_grad_macs: int
    input_grad_macs: int
    flops: int
    activations: int
    bytes_moved: int

    @property
    def backward_macs(self) -> int:
        """Multiply-adds of backward."""
        return self.weight_grad_macs + self.input_grad_macs

    @property
    def training_macs(self) -> int:
        """Multiply-adds of forward and backward."""
        return self.macs + self.backward_macs

    @property
    def intensity(self) -> float:
        """FLOPs of the forward pass per byte moved; 0 where nothing moves."""
        return self.flops / self.bytes_moved if self.bytes_moved else 0.0


def total(parts: Iterable[Counts]) -> Counts:
    """The counts of several together."""
    parts = list(parts)
    return Counts(**{count.name: sum(getattr(part, count.name) for part in parts) for count in fields(Counts)})


@dataclass(frozen=True, kw_only=True)
class Row(Counts):
    """One operation of one forward pass: `name` is the path of the layer that called it, `output` leaves the batch out.

    Parameters and channels that an earlier row has read do not count again.
    """

    name: str
    op: str
    output: Shape
    field: Field


class Tally(Hook):
    """Counts every operation, per image, while `observe(tally)` is active; works on shape-only tensors.

    image: the network's input, N x H x W x C, from which receptive fields are measured. parameters: the learnable ones.
    """

    def __init__(self, image: Tensor, parameters: Iterable[Tensor]):
        self.rows: list[Row] = []
        self.unread: dict[int, Tensor] = {id(p): p for p in parameters}
        self._known = frozenset(self.unread)
        self._images = image.shape[0]
        self._fields: TensorDict[Field] = TensorDict({image: Field()})
        self._lifetimes = Lifetimes(image)
        self._learns: TensorDict[bool] = TensorDict()  # results that a gradient flows back through
        self._depthwise: TensorDict[bool] = TensorDict()
        self._norms: set[object] = set()

    def field(self, tensor: Tensor) -> Field:
        """The field of a tensor that the tally has seen; that of a lone pixel for any other."""
        return self._fields.get(tensor, Field())

    def memory(self) -> Memory:
        """Memory of the activations seen so far."""
        return self._lifetimes.memory()

    def after(self, node: Node, inputs: Sequence[Tensor | np.ndarray | None], output: Tensor) -> None:
        op, given = node.op, [t for t in inputs if isinstance(t, Tensor)]
        needs = tuple(isinstance(t, Tensor) and (t.requires_grad or t in self._learns) for t in inputs)
        cost = op.cost(*node.shapes)
        weighted = cost.macs > 0 and any(id(t) in self._known for t in given)
        field = self._field_after(node, given, output, weighted)
        self._lifetimes.record(node, inputs, output, needs)
        moved = 0 if op.view else self._numbers([*given, output])
        if any(needs):
            self._learns[output] = True
        macs = cost.macs // self._images
        # A product has two operands, and the gradient of each is a product of the output's gradient with the other: as
        # many multiply-adds as forward. A bias's gradient is a sum.
        wanted = [id(t) in self._known for t, need in zip(inputs[:2], needs, strict=False) if need]
        fresh = [self.unread.pop(id(t)) for t in given if id(t) in self.unread]
        self.rows.append(
            Row(
                name=node.path,
                op=op.name,
                output=output.shape[1:],
                params=sum(size_of(p.shape) for p in fresh),
                params_trainable=sum(size_of(p.shape) for p in fresh if p.requires_grad),
                norm_channels=self._norm_channels(node, inputs),
                macs=macs,
                weight_grad_macs=macs * sum(wanted),
                input_grad_macs=macs * (len(wanted) - sum(wanted)),
                flops=cost.flops // self._images,
                activations=cost.activations // self._images,
                bytes_moved=moved * FLOAT,
                field=field,
            )
        )

    def _field_after(self, node: Node, given: Sequence[Tensor], output: Tensor, weighted: bool) -> Field:
        seen = [self._fields[t] for t in given if t in self._fields]
        if not seen:  # the operation depends on no pixel, only on parameters or constants
            return Field()
        field = union(seen)
        window = node.op.window(*node.shapes)
        if window is not None and (weighted or not is_global(window, given[0].shape, output.shape)):
            field = field.through(window)
        if weighted and not self._completes_separable(node.op, given, output):
            field = field.deeper()
        self._fields[output] = field
        return field

    def _completes_separable(self, op: Operation, given: Sequence[Tensor], output: Tensor) -> bool:
        """Whether this is the 1x1 right after a depthwise convolution.

        The two are one linear map, a convolution whose kernel is factorised: they count as one weight layer, as papers
        count GoogLeNet's first. With batch-norm or ReLU between them, as in MobileNet, they are two. On images of a
        single channel nothing tells the first half from an ordinary convolution.
        """
        if not isinstance(op, Conv2d):
            return False
        x, weight = given[:2]
        if op.groups == x.shape[3] > 1:
            self._depthwise[output] = True
        return x in self._depthwise and op.groups == 1 and weight.shape[:2] == (1, 1)

    def _numbers(self, tensors: Sequence[Tensor]) -> int:
        """Numbers in activations, per image, and in parameters and constants; each tensor once."""
        activations = {t for t in tensors if t in self._lifetimes}
        return sum(map(self._lifetimes.size, activations)) + sum(size_of(t.shape) for t in set(tensors) - activations)

    def _norm_channels(self, node: Node, inputs: Sequence[Tensor | np.ndarray | None]) -> int:
        """Channels of a batch-norm met for the first time: known by its parameters, else statistics, else its path."""
        if not isinstance(node.op, BatchNorm):
            return 0
        learned, statistics = ([t for t in some if t is not None] for some in (inputs[1:3], inputs[3:]))
        layer = tuple(map(id, learned or statistics)) or node.path
        if layer in self._norms:
            return 0
        self._norms.add(layer)
        return node.shapes[0][-1]
