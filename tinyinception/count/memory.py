"""How much memory activations take: in inference the most at any moment, in training all that backward waits for.

Counted are the image and what operations write or put aside for backward, per image, a number being a float32. Left out
are parameters, gradients, the scratch space of kernels, and what does not grow with the batch, such as its statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from tinyinception.count.identity import TensorDict
from tinyinception.ops.operation import Operation, size_of
from tinyinception.tape import Node
from tinyinception.tensor import Tensor

FLOAT = 4  # bytes


@dataclass(frozen=True)
class Memory:
    """Bytes of activations for one image.

    inference: the most that is needed at once when every array goes as soon as its last reader is done, operations
    running in the order of the forward pass. peak: path of the layer that runs at that moment. training: all arrays
    that operations declare to keep until backward, each once; not what is computed again for it.
    """

    inference: int
    peak: str
    training: int


class Lifetimes:
    """Which arrays a forward pass on a batch writes, who reads each last, and which of them backward reads again."""

    def __init__(self, image: Tensor):
        self._images = image.shape[0]
        self._array: TensorDict[int] = TensorDict({image: 0})  # tensors that share one, as views
        self._bytes = [self.size(image) * FLOAT]
        self._first, self._last = [0], [0]
        self._unread: TensorDict[bool] = TensorDict({image: True})
        self._waiting = [1]  # how many of an array's tensors nobody has read yet
        self._paths: list[str] = []
        self._kept: set[int] = set()
        self._repeated: TensorDict[bool] = TensorDict()
        self._aside = 0

    def __contains__(self, tensor: Tensor) -> bool:
        """Whether a tensor is an activation: the image, or what an operation has written."""
        return tensor in self._array

    def size(self, tensor: Tensor) -> int:
        """Numbers in an activation, per image."""
        return size_of(tensor.shape) // self._images

    def record(self, node: Node, inputs: Sequence, output: Tensor, wanted: tuple[bool, ...]) -> None:
        """One operation of the forward pass; wanted[i]: whether its input i wants a gradient."""
        now, op = len(self._paths), node.op
        self._paths.append(node.path)
        tensors = [t for t in inputs if isinstance(t, Tensor)]
        for tensor in tensors:
            if tensor in self._array:
                self._last[self._array[tensor]] = now
            if tensor in self._unread:
                del self._unread[tensor]
                self._waiting[self._array[tensor]] -= 1
        if not (op.view and tensors[0] in self._array):
            self._array[output] = len(self._bytes)
            self._bytes.append(self.size(output) * FLOAT)
            self._first.append(now)
            self._last.append(now)
            self._waiting.append(1)
        else:
            self._array[output] = self._array[tensors[0]]
            self._waiting[self._array[output]] += 1
        self._unread[output] = True
        if any(wanted):
            direct = op.recomputes and not op.only_places
            self._kept.update(
                self._array[tensor]
                for tensor in kept(op, inputs, output, wanted)
                if tensor in self._array and (direct or tensor not in self._repeated)
            )
            if op.recomputes:
                self._repeated[output] = True
            self._aside += op.aside_bytes(*node.shapes) // self._images

    def memory(self) -> Memory:
        """What was recorded so far; what nobody has read is a result and stays."""
        change = [0] * (len(self._paths) + 1)
        for size, first, last, waiting in zip(self._bytes, self._first, self._last, self._waiting, strict=True):
            change[first] += size
            if not waiting:
                change[last + 1] -= size
        live = list(accumulate(change))
        most = max(live)
        at = live.index(most)
        return Memory(
            most,
            self._paths[at] if at < len(self._paths) else "",
            sum(self._bytes[number] for number in self._kept) + self._aside,
        )


def kept(op: Operation, inputs: Sequence, output: Tensor, wanted: tuple[bool, ...]) -> list[Tensor]:
    """The tensors among the inputs and the output of an operation whose arrays its backward reads."""
    keeps = op.keeps(wanted)
    read = [t for t, reads in zip(inputs, keeps.inputs, strict=False) if reads and isinstance(t, Tensor)]
    return read + [output] * keeps.output
