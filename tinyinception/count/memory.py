"""How much memory activations take: in inference the most at any moment, in training all that backward waits for.

Counted are the image and what operations write or put aside for backward, per image, a number being a float32. Left out
are parameters, gradients, the scratch space of kernels, and what does not grow with the batch, such as its statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from tinyinception import ops
from tinyinception.count.identity import TensorDict
from tinyinception.ops.base import Operation, count
from tinyinception.tensor import Tensor

FLOAT = 4  # bytes
VIEWS = (ops.Reshape, ops.Transpose, ops.Slice)  # their results lie in the memory of their input
READS = (ops.Concat, ops.Conv2d, ops.Linear)  # in backward what an input was, which may then be computed again
KEEPS_INPUTS = (ops.BatchNorm, ops.Divide, ops.LocalResponseNorm, ops.Log, ops.MatMul, ops.Multiply, ops.Power)
KEEPS_OUTPUT = (ops.Exp, ops.LogSoftmax, ops.ReLU, ops.Sigmoid, ops.Tanh)


@dataclass(frozen=True)
class Memory:
    """Bytes of activations for one image.

    inference: the most that is needed at once when every array goes as soon as its last reader is done, operations
    running in the order of the forward pass. peak: path of the layer that runs at that moment. training: all arrays
    that the operations of this package keep until backward, each once; not what is computed again for it.
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
        return count(tensor.shape) // self._images

    def record(self, op: Operation, inputs: Sequence[Tensor | None], output: Tensor, needs: Sequence[bool]) -> None:
        """One operation of the forward pass; needs[i]: whether its input i wants a gradient."""
        now = len(self._paths)
        self._paths.append(op.path)
        for tensor in inputs:
            if tensor in self._array:
                self._last[self._array[tensor]] = now
            if tensor in self._unread:
                del self._unread[tensor]
                self._waiting[self._array[tensor]] -= 1
        if not (isinstance(op, VIEWS) and inputs[0] in self._array):
            self._array[output] = len(self._bytes)
            self._bytes.append(self.size(output) * FLOAT)
            self._first.append(now)
            self._last.append(now)
            self._waiting.append(1)
        else:
            self._array[output] = self._array[inputs[0]]
            self._waiting[self._array[output]] += 1
        self._unread[output] = True
        if any(needs):
            self._kept.update(
                self._array[tensor]
                for tensor in kept(op, inputs, output, needs)
                if tensor in self._array and not (isinstance(op, READS) and tensor in self._repeated)
            )
            if op.repeats:
                self._repeated[output] = True
            self._aside += aside(op, inputs, output) // self._images

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


def kept(op: Operation, inputs: Sequence[Tensor | None], output: Tensor, needs: Sequence[bool]) -> list[Tensor]:
    """The inputs and output of an operation whose arrays its backward reads; see `forward` of each."""
    if isinstance(op, (ops.Conv2d, ops.Linear)):  # each operand is needed for the gradient of the other
        return [tensor for tensor, wanted in zip(inputs[:2], (needs[1], needs[0]), strict=True) if wanted]
    if isinstance(op, KEEPS_INPUTS) or (isinstance(op, ops.Concat) and op.repeats):
        return [tensor for tensor in inputs if tensor is not None]
    return [output] if isinstance(op, KEEPS_OUTPUT) else []


def aside(op: Operation, inputs: Sequence[Tensor | None], output: Tensor) -> int:
    """Bytes, of the whole batch, that an operation keeps besides its inputs and output."""
    if isinstance(op, ops.MaxPool2d):  # which tap of the window won
        return count(output.shape) * (1 if count(op.window().kernel) <= 256 else 4)
    if isinstance(op, ops.Dropout):  # the mask, of booleans
        return count(output.shape)
    if isinstance(op, ops.Max):  # where it was found
        return count(output.shape) * 8
    if isinstance(op, ops.CrossEntropy):  # logarithms of the probabilities, and the target distribution
        return count(inputs[0].shape) * 2 * FLOAT
    return 0
