"""The fast executor: the plain walk's arithmetic, to the same bits, with fewer arrays and fewer passes over memory.

Three savings, all from what operations declare. What is cheap to compute again is not kept (Chen et al. 2016, "Training
Deep Nets with Sublinear Memory Cost"). Gradients that meet are added in place where nobody else holds the sum. And a
gradient that nobody needs any more may be overwritten by the next one. With hooks nothing is changed in place, so that
they see every gradient as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyinception import changes, kernels, recording
from tinyinception.kernels.launch import launch
from tinyinception.kernels.memory import empty
from tinyinception.ops.operation import Kept, Room
from tinyinception.tape import Node, check_as_it_was, checked, pad, topological


def keep(node: Node, arrays: Sequence[np.ndarray | None], output: np.ndarray, aside: Any) -> None:
    """Hold what backward will read: an input as its node, where that can compute it again."""
    keeps = node.op.keeps(node.wanted)
    direct = node.op.recomputes and not node.op.only_places  # or one would wait for another, and that for a third
    inputs = tuple(
        (array if direct or not _computes_again(parent, array) else parent) if kept else None
        for array, parent, kept in zip(arrays, node.parents, pad(keeps.inputs, arrays), strict=True)
    )
    node.kept = Kept(inputs, output if keeps.output else None, aside, node.shapes, node.wanted)


def _computes_again(parent: Any, array: np.ndarray | None) -> bool:
    return isinstance(parent, Node) and parent.op.recomputes and changes.after(parent.made, array) is None


def kept_by(node: Node) -> Kept:
    """What backward reads, as arrays. A recomputed output is kept until its own backward: others may read it."""
    kept = node.kept
    if not any(isinstance(entry, Node) for entry in kept.inputs):
        return kept
    return kept._replace(inputs=tuple(_output(e) if isinstance(e, Node) else e for e in kept.inputs))


def _output(node: Node) -> np.ndarray:
    if node.recomputed is None:
        node.recomputed = empty(node.shape, _dtype(node))
        recompute(node, node.recomputed)
    return node.recomputed


def recompute(node: Node, out: np.ndarray) -> None:
    """Write a node's output once more; the pieces of a concat straight to where they belong."""
    if not node.op.only_places:
        node.op.recompute(node.kept, out)
        return
    for entry, place in zip(node.kept.inputs, node.op.places(out, node.shapes), strict=True):
        if isinstance(entry, Node):
            recompute(entry, place)
        else:
            launch(np.copyto, place, entry)


def _dtype(node: Node) -> np.dtype:
    entry = next(entry for entry in node.kept.inputs if entry is not None)
    return _dtype(entry) if isinstance(entry, Node) else entry.dtype


def walk(root: Any, gradient: np.ndarray, retain_graph: bool, hooks: Sequence) -> None:
    """Send `gradient` from the tensor `root` to every leaf, freeing the graph on the way unless it is retained."""
    order = topological(root.node) if root.node else []
    for node in order:
        if node.freed or node.made != changes.now:
            check_as_it_was(node)
    if root.node is None:
        _collect(root, gradient, owned=False)
        return
    sums = Sums()
    sums.add(root.node, gradient, owned=False)
    for node in reversed(order):
        grad, owned = sums.take(node)
        for hook in hooks:
            hook.before_backward(node, grad)
        if node.retained is not None:
            _collect(node.retained, grad, owned=False)
        if hooks or not node.op.new_arrays:
            grads = tuple(recording.backward(node.op, node.executor.kept_by(node), grad))
        else:
            growing = [sums.growing(parent) for parent in node.parents]
            room = Room(growing, _places(node), overwrite=owned and node.retained is None)
            grads = tuple(recording.backward(node.op, node.executor.kept_by(node), grad, room))
        for hook in hooks:
            hook.after_backward(node, grad, grads)
        for parent, part in zip(node.parents, grads, strict=True):
            if parent is not None:
                part = checked(node, parent, part)
                (sums.add if isinstance(parent, Node) else _collect)(parent, part, owned=node.op.new_arrays)
        if not retain_graph:
            node.release()
        node.recomputed = None


class Sums:
    """The gradient that has reached each node so far. `owned` arrays are held by nobody else and grow in place."""

    def __init__(self) -> None:
        self._sums: dict[int, tuple[np.ndarray, bool]] = {}

    def add(self, node: Node, grad: np.ndarray, owned: bool) -> None:
        """Add what one use of the node's output sends back."""
        if id(node) in self._sums:
            so_far, mine = self._sums[id(node)]
            if not (owned and grad is so_far):  # else the operation was given the sum and has added to it itself
                grad = add(so_far, grad, so_far if mine else empty(grad.shape, grad.dtype))
            owned = True
        self._sums[id(node)] = grad, owned

    def growing(self, parent: Any) -> np.ndarray | None:
        """The sum of a node, where it may be added to in place."""
        so_far, mine = self._sums.get(id(parent), (None, False))
        return so_far if mine else None

    def take(self, node: Node) -> tuple[np.ndarray, bool]:
        """The finished sum, and whether it may be changed."""
        return self._sums.pop(id(node))


def _places(node: Node) -> list[np.ndarray | None]:
    """Where gradients may be written: those of leaves without one to the places that an optimiser has for them."""

    def free(parent: Any) -> bool:
        if parent is None or isinstance(parent, Node) or parent.slot is None or parent.grad is not None:
            return False
        once = sum(other is parent for other in node.parents) == 1  # else one gradient would be written over another
        return once and parent.slot.dtype == parent.dtype

    return [parent.slot if free(parent) else None for parent in node.parents]


def _collect(leaf: Any, grad: np.ndarray, owned: bool) -> None:
    """Add to the `.grad` that the user will read; a leaf of an optimiser has a place for it."""
    if grad is leaf.slot and leaf.grad is None:
        leaf.grad = grad
    elif leaf.grad is not None:
        leaf.grad = add(leaf.grad, grad, empty(grad.shape, grad.dtype))
    elif leaf.slot is not None and leaf.slot.dtype == grad.dtype:
        launch(np.copyto, leaf.slot, grad)
        leaf.grad = leaf.slot
    elif owned:
        leaf.grad = grad
    else:
        leaf.grad = empty(grad.shape, grad.dtype)
        launch(np.copyto, leaf.grad, grad)


def add(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> np.ndarray:
    """out = a + b, on all cores where that is worth waking them."""
    if a.size < kernels.LARGE or not (a.flags.c_contiguous and b.flags.c_contiguous):
        launch(np.add, a, b, out)
        return out
    return kernels.add(a, b, out)
