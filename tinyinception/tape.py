"""Backward over the recorded graph: each node once, after every gradient that reaches it has been added up.

A parent is either an operation, the node of an intermediate result, or a leaf tensor, which this module knows only by
its `shape`, `grad` and `slot`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyinception import changes, kernels
from tinyinception.errors import GraphError
from tinyinception.kernels.launch import launch
from tinyinception.kernels.memory import empty
from tinyinception.ops.base import Operation, by_x


def walk(root, gradient: np.ndarray, retain_graph: bool, hooks: Sequence) -> None:
    """Send `gradient` from the tensor `root` to every leaf, freeing the graph on the way unless it is retained."""
    pending: dict[int, np.ndarray] = {}
    owned: set[int] = set()  # gradients that nobody else holds, and that may be changed in place

    def send(parent, grad: np.ndarray, fresh: bool) -> None:
        if not isinstance(parent, Operation):
            if parent.grad is None and parent.slot is not None and parent.slot.dtype == grad.dtype:
                launch(np.copyto, parent.slot, grad)
                parent.grad = parent.slot
                return
            parent.grad = (grad if fresh else grad.copy()) if parent.grad is None else parent.grad + grad
            return
        sum_so_far = pending.get(id(parent))
        if sum_so_far is grad and fresh:  # the operation has added to it itself
            return
        if sum_so_far is None:
            pending[id(parent)] = grad
        else:
            out = sum_so_far if id(parent) in owned else empty(grad.shape, grad.dtype)
            pending[id(parent)], fresh = _sum(sum_so_far, grad, out), True
        if fresh:
            owned.add(id(parent))

    order = topological(root.node) if root.node else []
    for op in order:
        if op.freed or op.made != changes.now:
            _check_as_it_was(op)
    send(root.node or root, gradient, False)
    for op in reversed(order):
        grad = pending.pop(id(op))
        if not hooks:  # who watches sees what each operation was given and gave, not sums or what has been overwritten
            op.into = tuple(pending.get(id(parent)) if id(parent) in owned else None for parent in op.parents)
            op.overwrite = id(op) in owned and op.retained is None
        for hook in hooks:
            hook.before_backward(op, grad)
        if op.retained is not None:
            op.retained.grad = grad.copy() if op.retained.grad is None else op.retained.grad + grad
        grads = tuple(op.backward(grad))
        op.into, op.overwrite = None, False
        for hook in hooks:
            hook.after_backward(op, grad, grads)
        for parent, part in zip(op.parents, grads, strict=True):
            if parent is not None:
                send(parent, _checked(op, parent, part), op.fresh)
        if not retain_graph:
            op.release()


def topological(root: Operation) -> list[Operation]:
    """Nodes, each after all it feeds from; iterative, since networks are deeper than Python's stack."""
    order: list[Operation] = []
    seen: set[int] = set()
    stack: list[tuple[Operation, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((p, False) for p in node.parents if isinstance(p, Operation))
    return order


def _check_as_it_was(op: Operation) -> None:
    """Backward needs what forward has kept, and the numbers in it as forward has read them."""
    if op.freed:
        raise GraphError(
            f"backward: the graph through {op.where()} was already used and freed; run forward again, "
            "or call backward(retain_graph=True) the first time"
        )
    changed = changes.after(op.made, (op.saved, op.kept))
    if changed is not None:
        raise GraphError(
            f"backward: {op.where()} needs numbers of shape {by_x(changed.shape)} that were changed in "
            "place since its forward, by an optimiser's step for instance; run forward again before "
            "backward"
        )


def _sum(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> np.ndarray:
    """out = a + b, on all cores where that is worth waking them."""
    if a.size < kernels.LARGE or not (a.flags.c_contiguous and b.flags.c_contiguous):
        return np.add(a, b, out=out)
    return kernels.add(a, b, out)


def _checked(op: Operation, parent, grad: np.ndarray | None) -> np.ndarray:
    """A gradient with the wrong shape would broadcast silently; an operation's author hears of it here."""
    expected = parent.output_shape if isinstance(parent, Operation) else parent.shape
    if grad is None or grad.shape != expected:
        returned = "None" if grad is None else by_x(grad.shape)
        raise GraphError(f"{op.where()}: backward returned {returned} for an input of shape {by_x(expected)}")
    return grad
