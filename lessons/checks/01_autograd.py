"""Checks of lesson 1's exercises: right answers come from the package's own backward and from walking real chains."""

from math import prod
from types import SimpleNamespace

import numpy as np

from tinyinception.course.exercises import Exercise
from tinyinception.tensor import Tensor


class Node:
    """A value of a graph to walk; copies of it are itself, since its pull refers to others."""

    def __init__(self, name, data, parents=(), pull=None):
        self.name, self.data, self.parents, self.pull = (
            name,
            data,
            parents,
            pull,
        )

    def __deepcopy__(self, _):
        return self


def add(name, a, b):
    return Node(name, a.data + b.data, (a, b), lambda g: (g, g))


def times(name, a, b):
    return Node(
        name, a.data * b.data, (a, b), lambda g: (g * b.data, g * a.data)
    )


def diamond():
    a = Node("a", 3.0)
    b = add("b", a, a)
    return times("c", b, b)


def late():
    """A value that is used again long after its first use."""
    x, y = Node("x", 2.0), Node("y", -3.0)
    p = times("p", x, y)
    q = add("q", p, x)
    r = times("r", q, p)
    return add("s", r, times("t", x, q))


def divided(a, b, g):
    a, b = (Tensor(np.array(v, float), requires_grad=True) for v in (a, b))
    (a / b).backward(np.array(g))
    return float(a.grad), float(b.grad)


def broadcast(g):
    bias = Tensor(np.zeros(g.shape[1]), requires_grad=True)
    (Tensor(np.zeros(g.shape)) + bias).backward(g)
    return bias.grad


def probe(data, parents=(), pull=None):
    """In place of the class: what was built, as something that can be compared."""
    if pull is None:
        return data, len(parents)
    g = np.linspace(0.5, -2, np.size(data)).reshape(np.shape(data))
    return data, len(parents), pull(g), pull(3 * g)


def operation(name):
    """The package's own operation, in the form that `probe` gives."""

    def right(v, value):
        x = Tensor(np.array(v.data, float), requires_grad=True)
        result = getattr(x, name)()

        def pull(grad):
            x.grad = None
            getattr(x, name)().backward(np.array(grad, float))
            return (x.grad,)

        return value(result.numpy(), (v,), pull)

    return right


def by_paths(root):
    """Gradients as sums over all paths."""
    grads = {}

    def visit(node, grad):
        grads[node.name] = grads.get(node.name, 0) + grad
        for parent, part in zip(
            node.parents, node.pull(grad) if node.pull else (), strict=True
        ):
            visit(parent, part)

    visit(root, 1)
    return grads


def walking(add):
    """The lesson's two wrong walks."""

    def wrong(root):
        grads = {root.name: 1}

        def visit(node):
            for parent, part in zip(
                node.parents,
                node.pull(grads[node.name]) if node.pull else (),
                strict=True,
            ):
                grads[parent.name] = (
                    grads.get(parent.name, 0) if add else 0
                ) + part
                visit(parent)

        visit(root)
        return grads

    return wrong


def walked(uses):
    return 1 + sum(walked(uses[:-1]) for _ in range(uses[-1])) if uses else 1


NUMBERS = [
    (SimpleNamespace(data=np.array(values)), probe)
    for values in (0.0, 1.5, [-1.0, 2.0, 0.0], [[0.5, -0.25], [3, 0]])
]

EXERCISES = [
    Exercise(
        "quotient_pull",
        divided,
        [(3.0, 2.0, 1.0), (5.0, -4.0, 0.5), (-1.5, 0.3, 2.0)],
        {
            "The gradient of b has the wrong sign: "
            "a larger b makes a / b smaller where a / b is positive.": lambda a, b, g: (
                g / b,
                g * a / (b * b),
            ),
            "These are the derivatives of a / b alone; what arrives, g, "
            "has to be handed on with them.": lambda a, b, g: (
                1 / b,
                -a / (b * b),
            ),
            "d(a/b)/db is -a/b^2: the b in the denominator is squared.": lambda a, b, g: (
                g / b,
                -g * a / b,
            ),
            "The gradient of b has the wrong sign, and the b in its denominator is squared.": lambda a, b, g: (
                g / b,
                g * a / b,
            ),
            "That is what a product a * b sends back.": lambda a, b, g: (
                g * b,
                g * a,
            ),
            "Right, in the other order: first the gradient of a.": lambda a, b, g: (
                divided(a, b, g)[::-1]
            ),
        },
    ),
    Exercise(
        "bias_pull",
        broadcast,
        [
            (np.array([[1.0, 2.0], [3.0, 5.0], [-1.0, 4.0]]),),
            (np.arange(12.0).reshape(3, 4) ** 2,),
        ],
        {
            "The bias is one vector, and its gradient must have its shape; "
            "this is one row for each row of x.": lambda g: g,
            "A mean makes the gradient too small by the number of rows: "
            "what comes back from several uses is added.": lambda g: g.mean(
                axis=0
            ),
            "That keeps the last row's gradient and forgets the others, as assigning does.": lambda g: (
                g[-1]
            ),
            "That keeps the first row's gradient alone; the bias is used in every row.": lambda g: (
                g[0]
            ),
            "That adds over the columns. The bias has one number for each column, "
            "and is repeated along the rows.": lambda g: g.sum(axis=1),
            "Right numbers in the shape (1, columns); the bias has shape (columns,), so leave keepdims "
            "out.": lambda g: g.sum(axis=0, keepdims=True),
            "That adds up everything; each column has a gradient of its own.": lambda g: (
                g.sum()
            ),
        },
    ),
    Exercise(
        "exp",
        operation("exp"),
        NUMBERS,
        {
            "What arrives, grad, has to be handed on: multiply it with the derivative.": lambda v, value: (
                value(np.exp(v.data), (v,), lambda grad: (np.exp(v.data),))
            ),
            "pull returns one gradient for each parent, as a tuple: (x,) with a comma.": lambda v, value: (
                value(np.exp(v.data), (v,), lambda grad: grad * np.exp(v.data))
            ),
            "The derivative of e^v is e^v, not v.": lambda v, value: value(
                np.exp(v.data), (v,), lambda grad: (grad * v.data,)
            ),
            "The derivative of e^v is e^v; the gradient that arrives is multiplied with it.": lambda v, value: (
                value(np.exp(v.data), (v,), lambda grad: (grad,))
            ),
            "The derivative of e^v is e^v, not v e^(v - 1): v is not the base.": lambda v, value: (
                value(
                    np.exp(v.data),
                    (v,),
                    lambda grad: (grad * v.data * np.exp(v.data - 1),),
                )
            ),
            "The result has no parents and no pull, so nothing comes back to v.": lambda v, value: (
                value(np.exp(v.data))
            ),
            "The parents are missing: (v,), a tuple of one.": lambda v, value: (
                value(
                    np.exp(v.data), (), lambda grad: (grad * np.exp(v.data),)
                )
            ),
        },
    ),
    Exercise(
        "relu",
        operation("relu"),
        NUMBERS,
        {
            "Where v is 0 the gradient is 0 here: v > 0, not v >= 0.": lambda v, value: (
                value(
                    np.maximum(v.data, 0),
                    (v,),
                    lambda grad: (grad * (v.data >= 0),),
                )
            ),
            "The gradient passes where v is positive and stops where it is not; yours always "
            "passes.": lambda v, value: value(
                np.maximum(v.data, 0), (v,), lambda grad: (grad,)
            ),
            "It is the sign of v that counts, not that of the gradient.": lambda v, value: (
                value(
                    np.maximum(v.data, 0),
                    (v,),
                    lambda grad: (np.maximum(grad, 0),),
                )
            ),
            "The slope is 1 where v is positive, not v.": lambda v, value: (
                value(
                    np.maximum(v.data, 0),
                    (v,),
                    lambda grad: (grad * np.maximum(v.data, 0),),
                )
            ),
            "What arrives, grad, has to be handed on: multiply it with the slope.": lambda v, value: (
                value(
                    np.maximum(v.data, 0),
                    (v,),
                    lambda grad: ((v.data > 0) * np.ones_like(grad),),
                )
            ),
            "pull returns one gradient for each parent, as a tuple: (x,) with a comma.": lambda v, value: (
                value(
                    np.maximum(v.data, 0),
                    (v,),
                    lambda grad: grad * (v.data > 0),
                )
            ),
        },
    ),
    Exercise(
        "gradients",
        by_paths,
        [(diamond(),), (late(),), (Node("only", 4.0),)],
        {
            "Messages to one value are added; yours keeps the last.": walking(
                add=False
            ),
            "A value handed on before all its messages were there, so early ones were counted again. "
            "Go in topological order.": walking(add=True),
            "The root's own gradient is missing: it is 1.": lambda root: {
                name: grad
                for name, grad in by_paths(root).items()
                if name != root.name
            },
        },
    ),
    Exercise(
        "path_visits",
        walked,
        [([2, 2],), ([4, 4, 4],), ([1, 3, 2],), ([3],)],
        {
            "That is the number of paths, which is how often the first value is visited; "
            "the others are visited too.": prod,
            "That is the topological walk, which visits each value once.": lambda uses: (
                len(uses) + 1
            ),
            "That counts uses, the edges of the graph. After a value with several visits, "
            "each of them goes on by itself.": lambda uses: 1 + sum(uses),
            "That starts at the input; the walk starts at the result, whose uses of the value before it "
            "are last in the list.": lambda uses: (
                1 + sum(prod(uses[: i + 1]) for i in range(len(uses)))
            ),
            "That is right where each value is used twice; here a value may be used any number of "
            "times.": lambda uses: 2 ** (len(uses) + 1) - 1,
            "The result itself is visited too: one more.": lambda uses: (
                walked(uses) - 1
            ),
        },
    ),
]
