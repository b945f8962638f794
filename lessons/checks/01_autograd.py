"""Checks of lesson 1's exercises: right answers come from the package's own backward and from walking real chains."""

from math import prod

import numpy as np

from tinyinception.course.exercises import Exercise
from tinyinception.tensor import Tensor


def divided(a, b, g):
    a, b = (Tensor(np.array(v, float), requires_grad=True) for v in (a, b))
    (a / b).backward(np.array(g))
    return float(a.grad), float(b.grad)


def broadcast(g):
    bias = Tensor(np.zeros(g.shape[1]), requires_grad=True)
    (Tensor(np.zeros(g.shape)) + bias).backward(g)
    return bias.grad


def walked(uses):
    return 1 + sum(walked(uses[:-1]) for _ in range(uses[-1])) if uses else 1


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
            "That is what a product a * b sends back.": lambda a, b, g: (
                g * b,
                g * a,
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
            "That adds over the columns. The bias has one number for each column, "
            "and is repeated along the rows.": lambda g: g.sum(axis=1),
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
        },
    ),
]
