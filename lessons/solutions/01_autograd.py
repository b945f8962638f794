"""Solutions of lesson 1."""

import numpy as np


def quotient_pull(a, b, g):
    """d(a/b)/da = 1/b, d(a/b)/db = -a/b^2, each times what arrives."""
    return g / b, -g * a / (b * b)


def bias_pull(g):
    """Used once in each row: the rows' gradients add up."""
    return g.sum(axis=0)


def exp(v, Value):
    """The derivative of e^v is e^v itself, which is there already."""
    result = np.exp(v.data)

    def pull(grad):
        return (grad * result,)

    return Value(result, (v,), pull)


def relu(v, Value):
    """The gradient passes where v is positive."""

    def pull(grad):
        return (grad * (v.data > 0),)

    return Value(np.maximum(v.data, 0), (v,), pull)


def gradients(root):
    """In topological order: parents first when looking for it, last when sending."""
    found = []

    def visit(node):
        if node not in found:
            for parent in node.parents:
                visit(parent)
            found.append(node)

    visit(root)
    grads = {node.name: 0 for node in found} | {root.name: 1}
    for node in reversed(found):
        parts = node.pull(grads[node.name]) if node.pull else ()
        for parent, part in zip(node.parents, parts, strict=True):
            grads[parent.name] += part
    return grads


def path_visits(uses):
    """From the result downwards, each step has as many visits as paths that lead there."""
    visits = paths = 1
    for n in reversed(uses):
        paths *= n
        visits += paths
    return visits


def forward_or_backward():
    """Forwards, one pass gives the derivatives with respect to one input: a network of a million weights needs a million.

    Backwards, one pass gives the derivatives of one result with respect to all inputs: the network needs one. With one
    input and a million results it is the other way round. In general count the passes: forwards as many as inputs,
    backwards as many as results. The price of going backwards is memory: `pull` of a product needs the values of the
    forward pass, so all of them are kept until backward has come by. Forwards nothing is kept: each value and its
    derivative may be thrown away when the last operation that reads them is done.
    """
