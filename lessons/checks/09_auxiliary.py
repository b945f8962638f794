"""Checks of lesson 9's exercises: right answers come from drawn layers, from stepping back, and from a network."""

import math

import numpy as np

from tinyinception import nn
from tinyinception.count import summary
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


def built_head(channels, classes):
    """Build it and count."""
    with nn.shape_only():
        head = nn.Sequential(
            nn.AvgPool2d(5, stride=3),
            nn.Conv2d(channels, 128, 1),
            nn.Flatten(),
            nn.Linear(4 * 4 * 128, 1024),
            nn.Linear(1024, classes),
        )
    return summary(head, 14, channels=channels).params


def quotient(per_layer, depth, at, weight):
    return stepped(per_layer, depth, at, weight) / stepped(
        per_layer, depth, at, 0.0
    )


def tried(per_layer, least):
    """Networks of one layer, two and so on, until too little arrives."""
    depth = 1
    while stepped(per_layer, depth + 1, 1, 0.0) >= least - 1e-12:
        depth += 1
    return depth


def head(channels, classes, *, side=4, bias=1):
    return (
        channels * 128
        + side * side * 128 * 1024
        + 1024 * classes
        + bias * (128 + 1024 + classes)
    )


EXERCISES = [
    Exercise(
        "head_parameters",
        built_head,
        [(512, 1000), (528, 1000), (100, 10)],
        {
            "The biases are missing: 128, 1024 and one for each class.": lambda channels, classes: (
                head(channels, classes, bias=0)
            ),
            "An average over 5x5 with stride 3 makes 4x4 of 14x14, not 5x5.": lambda channels, classes: (
                head(channels, classes, side=5)
            ),
            "The grid was not averaged first: the linear layer reads 4x4 places, not 14x14.": lambda channels, classes: (
                head(channels, classes, side=14)
            ),
            "The linear layer reads all 4x4 places, not their mean.": lambda channels, classes: (
                head(channels, classes, side=1)
            ),
            "The layer from 2048 to 1024 is missing.": lambda channels, classes: (
                channels * 128 + 128 + 2048 * classes + classes
            ),
        },
    ),
    Exercise(
        "gain",
        quotient,
        [
            (1.0, 24, 12, 0.3),
            (0.7, 24, 12, 0.3),
            (0.5, 5, 5, 1.0),
            (1.2, 10, 1, 0.4),
        ],
        {
            "That is the gradient itself; asked is by what it is multiplied.": lambda r, depth, at, weight: (
                stepped(r, depth, at, weight)
            ),
            "The main classifier's own gradient is missing: add 1.": lambda r, depth, at, weight: (
                weight * r ** (at - depth)
            ),
            "That is the other way up: without over with.": lambda r, depth, at, weight: (
                1 / (1 + weight * r ** (at - depth))
            ),
            "The head saves the layers above it; divide by what they would have taken.": lambda r, depth, at, weight: (
                1 + weight * r ** (depth - at)
            ),
        },
    ),
    Exercise(
        "deepest",
        tried,
        [
            (0.5, 0.25),
            (0.7, 0.001),
            (0.71, 0.5),
            (0.9, 1.0),
            (0.5, 0.3),
            (0.9, 0.95),
        ],
        {
            "From the output of layer n to that of layer 1 there are n - 1 layers: one more is possible.": lambda r, least: (
                tried(r, least) - 1
            ),
            "The first network with too little is one too deep.": lambda r, least: (
                tried(r, least) + 1
            ),
            "Depths are whole numbers.": lambda r, least: (
                1 + math.log(least) / math.log(r)
            ),
        },
    ),
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
            "The ReLU is missing: where it gives zero, no gradient comes through, "
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
