"""Checks of lesson 9's exercises: right answers come from drawn layers, from stepping back, and from a network."""

import math

import numpy as np

from tinyinception import nn
from tinyinception.course.exercises import Exercise
from tinyinception.models.network import Network
from tinyinception.tensor import Tensor


def drawn(variance, fan_in, fan_out):
    """Many layers drawn at random, and gradients sent back through them."""
    rng = np.random.default_rng(0)
    squares = []
    for _ in range(400):
        weights = rng.normal(0, math.sqrt(variance), (fan_in, fan_out))
        g = rng.standard_normal((50, fan_out)) * (
            rng.random((50, fan_out)) < 0.5
        )
        squares.append(((g @ weights.T) ** 2).mean())
    return math.sqrt(np.mean(squares))


def stepped(per_layer, depth, at, weight):
    """Layer by layer from the last to the first."""
    size = 0.0
    for layer in range(depth, 0, -1):
        size += (layer == depth) + weight * (layer == at)
        size *= per_layer if layer > 1 else 1
    return size


class Says(nn.Module):
    """A classifier whose loss is already known."""

    def __init__(self, loss):
        self.loss = loss

    def forward(self, x):
        return x.sum() * 0.0 + self.loss


def built(main, aux, weight, training):
    """Ask a network of this package for its classifiers, in training and in evaluation."""
    stages = {f"stage{i}": nn.ReLU() for i in range(len(aux))}
    network = Network(
        {**stages, "head": Says(main)},
        channels=1,
        input_size=1,
        aux_weight=weight,
        aux={f"stage{i}": Says(loss) for i, loss in enumerate(aux)},
    ).train(training)
    logits, heads = network(Tensor(np.ones((1, 1, 1, 1))))
    total = logits
    for head in heads:
        total = total + network.aux_weight * head
    return total.item()


EXERCISES = [
    Exercise(
        "factor",
        drawn,
        [(0.01, 200, 100), (0.02, 50, 150), (0.01, 100, 100)],
        {
            "That is the factor of the mean square; the size is its root.": lambda variance, fan_in, fan_out: (
                variance * fan_out / 2
            ),
            "fan_in decides how large the output is, on the way forward; backward, an input collects from fan_out "
            "outputs.": lambda variance, fan_in, fan_out: math.sqrt(
                variance * fan_in / 2
            ),
            "The ReLU is missing: where it put out zero, no gradient comes through, "
            "and that is half of the values.": lambda variance, fan_in, fan_out: (
                math.sqrt(variance * fan_out)
            ),
        },
        tolerance=0.03,
    ),
    Exercise(
        "reaching",
        stepped,
        [
            (0.7, 24, 12, 0.3),
            (1.0, 24, 12, 0.3),
            (0.5, 5, 5, 1.0),
            (1.2, 10, 1, 0.4),
        ],
        {
            "From the output of layer n to the output of layer 1 there are n - 1 layers, "
            "not n.": lambda r, depth, at, weight: r**depth + weight * r**at,
            "The auxiliary classifier's loss counts only `weight`, "
            "and so does its gradient.": lambda r, depth, at, weight: (
                r ** (depth - 1) + r ** (at - 1)
            ),
            "Its gradient has only the layers below it to go through, not those above.": lambda r, depth, at, weight: (
                r ** (depth - 1) + weight * r ** (depth - at)
            ),
            "Gradients from two losses add up, they are not multiplied.": lambda r, depth, at, weight: (
                r ** (depth - 1) * weight * r ** (at - 1)
            ),
        },
    ),
    Exercise(
        "objective",
        built,
        [
            (2.0, [2.5, 3.0], 0.3, True),
            (2.0, [2.5, 3.0], 0.3, False),
            (1.0, [4.0], 0.4, True),
        ],
        {
            "In evaluation the auxiliary classifiers are thrown away; "
            "only the main loss is left.": lambda main, aux, weight, training: (
                main + weight * sum(aux)
            ),
            "Each of them counts `weight`; their losses are added, not averaged.": lambda main, aux, weight, training: (
                main + weight * sum(aux) / len(aux) if training else main
            ),
            "The main loss keeps its full weight; the auxiliary ones come on "
            "top.": lambda main, aux, weight, training: (
                (1 - weight) * main + weight * sum(aux) if training else main
            ),
        },
    ),
]
