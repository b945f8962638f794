"""The tape: nodes that record which operation was used on what, and the plain walk backward over them.

This is backpropagation with no trick in it: each node once, after every gradient that reaches it has been added up.
`fast` does the same arithmetic with fewer arrays, and is what trains.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

import numpy as np

from tinyinception import changes
from tinyinception.errors import GraphError
from tinyinception.ops.operation import Kept, Operation, Shape, by_x


class Node:
    """One use of an operation: what the tape records, and what hooks see.

    parents: for each input the node it comes from, the leaf tensor itself, or None where no gradient is wanted. shapes:
    of the inputs; shape: of the output. made: when forward ran, as `changes` counts time.
    """

    kept: Kept  # what backward reads; None before forward has run and after the graph was freed

    __slots__ = (
        "__weakref__", "executor", "freed", "kept", "made", "op", "parents", "recomputed", "retained", "scope", "shape",
        "shapes", "wanted",
    )  # fmt: skip

    def __init__(self, op: Operation, scope: tuple[str, ...], shapes: tuple, wanted: tuple[bool, ...], shape: Shape):
        self.op, self.scope, self.shapes, self.wanted, self.shape = op, scope, shapes, wanted, shape
        self.parents: tuple[Any, ...] = ()
        self.kept = None  # type: ignore[assignment]
        self.executor: Any = None  # the module, this one or `fast`, that has decided what to keep
        self.made = changes.now
        self.retained: Any = None  # the output tensor, where the user asked to keep its gradient
        self.recomputed: np.ndarray | None = None  # the output, where `fast` has computed it again
        self.freed = False

    @property
    def name(self) -> str:
        """The operation's name."""
        return self.op.name

    @property
    def path(self) -> str:
        """Dotted path of the module that called the operation."""
        return ".".join(self.scope)

    def where(self) -> str:
        """`Conv2d in stem.conv1`, or just `Conv2d` outside any module."""
        return f"{self.name} in {self.path}" if self.scope else self.name

    def __reduce__(self) -> NoReturn:
        raise GraphError(
            f"a node of a graph, here {self.where()}, cannot be copied or pickled; copy its operation, .op"
        )

    def release(self) -> None:
        """Drop arrays and links after backward, so that memory falls while the walk goes on."""
        self.kept = None  # type: ignore[assignment]
        self.parents, self.recomputed, self.freed = (), None, True


def keep(node: Node, arrays: Sequence[np.ndarray | None], output: np.ndarray, aside: Any) -> None:
    """Hold what the operation's backward will read."""
    keeps = node.op.keeps(node.wanted)
    inputs = tuple(array if kept else None for array, kept in zip(arrays, pad(keeps.inputs, arrays), strict=True))
    node.kept = Kept(inputs, output if keeps.output else None, aside, node.shapes, node.wanted)


def kept_by(node: Node) -> Kept:
    """What backward reads."""
    return node.kept


def walk(root: Any, gradient: np.ndarray, retain_graph: bool, hooks: Sequence) -> None:
    """Send `gradient` from the tensor `root` to every leaf, freeing the graph on the way unless it is retained."""
    order = topological(root.node) if root.node else []
    for node in order:
        check_as_it_was(node)
    sums: dict[int, np.ndarray] = {}  # by node or leaf: the gradient that has reached it so far

    def send(receiver: Any, grad: np.ndarray) -> None:
        if isinstance(receiver, Node):
            so_far = sums.get(id(receiver))
            sums[id(receiver)] = grad if so_far is None else so_far + grad
        else:
            receiver.grad = grad.copy() if receiver.grad is None else receiver.grad + grad

    send(root.node or root, gradient)
    for node in reversed(order):
        grad = sums.pop(id(node))
        for hook in hooks:
            hook.before_backward(node, grad)
        if node.retained is not None:
            send(node.retained, grad)
        grads = tuple(node.op.backward(node.executor.kept_by(node), grad))
        for hook in hooks:
            hook.after_backward(node, grad, grads)
        for parent, part in zip(node.parents, grads, strict=True):
            if parent is not None:
                send(parent, checked(node, parent, part))
        if not retain_graph:
            node.release()


def topological(root: Node) -> list[Node]:
    """Nodes, each after all it feeds from; iterative, since networks are deeper than Python's stack."""
    order: list[Node] = []
    seen: set[int] = set()
    stack: list[tuple[Node, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((parent, False) for parent in node.parents if isinstance(parent, Node))
    return order


def check_as_it_was(node: Node) -> None:
    """Backward needs what forward has kept, and the numbers in it as forward has read them."""
    if node.freed:
        raise GraphError(
            f"backward: the graph through {node.where()} was already used and freed; run forward again, "
            "or call backward(retain_graph=True) the first time"
        )
    changed = changes.after(node.made, node.kept)
    if changed is not None:
        raise GraphError(
            f"backward: {node.where()} needs numbers of shape {by_x(changed.shape)} that were changed in "
            "place since its forward, by an optimiser's step for instance; run forward again before "
            "backward"
        )


def checked(node: Node, parent: Any, grad: np.ndarray | None) -> np.ndarray:
    """A gradient with the wrong shape would broadcast silently; an operation's author hears of it here."""
    if grad is None or grad.shape != parent.shape:
        returned = "None" if grad is None else by_x(grad.shape)
        raise GraphError(f"{node.where()}: backward returned {returned} for an input of shape {by_x(parent.shape)}")
    return grad


def pad(truths: tuple[bool, ...], inputs: Sequence) -> Iterable[bool]:
    """What an operation says of its first inputs, and False for the rest."""
    return (*truths, *(False,) * (len(inputs) - len(truths)))
