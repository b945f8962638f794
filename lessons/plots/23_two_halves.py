"""What the processes of lesson 23 run, and the lesson's pictures."""

from functools import cache

import numpy as np

import tinyinception as ti
from tinyinception import nn
from tinyinception.course import COLOURS, figure, show
from tinyinception.data import drawn
from tinyinception.nn.functional import cross_entropy

KINDS = ("plain", "response norm", "dropout", "batch-norm")


@cache
def pictures(size=128):
    """Drawn images and their labels."""
    pixels, labels = drawn.draw(size)
    return pixels.astype(np.float32) / 128 - 1, labels


def batch(number, size=64):
    """Other images for each number."""
    images, labels = pictures()
    chosen = np.arange(number * size, (number + 1) * size) % len(labels)
    return images[chosen], labels[chosen]


def build(kind="plain", seed=0):
    """Two convolutions and a classifier, with something between them."""
    ti.manual_seed(seed)
    between = {
        "plain": nn.ReLU(),
        "response norm": nn.LocalResponseNorm(),
        "dropout": nn.Dropout(0.4),
        "batch-norm": nn.BatchNorm2d(16, relu=True),
    }
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, stride=2, padding=1),
        between[kind],
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.classifier(32, len(drawn.CLASSES)),
    )


def backward(network, images, labels):
    """The loss, and all gradients as one array."""
    for parameter in network.parameters():
        parameter.grad = None
    loss = cross_entropy(network(ti.Tensor(images)), labels)
    loss.backward()
    grads = [parameter.grad.ravel() for parameter in network.parameters()]
    return loss.item(), np.concatenate(grads)


def update(network, gradient, rate=0.1):
    """One step of gradient descent."""
    begin = 0
    with ti.no_grad():
        for parameter in network.parameters():
            part = gradient[begin : begin + parameter.size]
            parameter -= rate * part.reshape(parameter.shape)
            begin += parameter.size


def steps(ranks, count):
    network, losses = build(), []
    for number in range(count):
        images, labels = batch(number)
        part = ranks.part(len(images))  # mine
        loss, gradient = backward(network, images[part], labels[part])
        message = np.append(gradient, loss)
        ranks.add(message)  # from now on the sum over all processes
        message /= ranks.size
        update(network, message[:-1])
        losses.append(message[-1])
    return losses


def apart(found, sizes, name):
    """How far the mean of the parts' gradients is from the gradient of the whole batch, by the number of parts."""
    picture, axes = figure(width=8, height=4)
    for kind, colour in zip(
        KINDS, ("grey", "green", "orange", "blue"), strict=True
    ):
        middle = np.median(found[kind], axis=0)
        axes.loglog(sizes, middle, "o-", color=COLOURS[colour], label=kind)
        axes.fill_between(
            sizes,
            np.min(found[kind], axis=0),
            np.max(found[kind], axis=0),
            color=COLOURS[colour],
            alpha=0.25,
            linewidth=0,
        )
    axes.set(
        xticks=sizes,
        xticklabels=sizes,
        xlabel="parts of a batch of 64",
        ylabel="relative distance",
        title="The mean of the parts' gradients and the whole batch's: five seeds",
    )
    axes.minorticks_off()
    axes.legend(loc="center right")
    show(picture, name)


def cost(busiest, seconds, machines, name):
    """How many messages follow one another on the busiest wire, and the speed of steps, by the number of machines."""
    picture, (left, right) = figure(1, 2, width=11, height=4.2)
    for (kind, messages), colour in zip(
        busiest.items(), ("vermilion", "blue"), strict=True
    ):
        left.plot(machines, messages, "o-", color=COLOURS[colour], label=kind)
    left.set(
        title="How long all gradients take to meet",
        ylabel="messages, one after the other",
        xlabel="machines",
        ylim=(0, None),
    )
    left.legend()
    for (kind, times), colour in zip(
        seconds.items(), ("orange", "purple", "green", "blue"), strict=False
    ):
        relative = times[0] / np.array(times)
        right.plot(machines, relative, "o-", color=COLOURS[colour], label=kind)
    right.plot(machines, machines, ":", color=COLOURS["black"])
    right.text(machines[2], machines[2] * 1.25, "ideal", ha="right")
    right.set(
        title="Steps a second, one machine is 1",
        xlabel="machines",
        yscale="log",
        yticks=(0.25, 0.5, 1, 2, 4, 8, 16),
        yticklabels=("0.25", "0.5", "1", "2", "4", "8", "16"),
    )
    right.minorticks_off()
    right.legend()
    for axes in (left, right):
        axes.set(xscale="log", xticks=machines, xticklabels=machines)
        axes.minorticks_off()
    show(picture, name)
