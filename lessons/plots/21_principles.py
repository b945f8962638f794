"""Networks and picture of lesson 21."""

import numpy as np

from tinyinception import nn, optim
from tinyinception.count import summary
from tinyinception.course import COLOURS, figure, learn, show
from tinyinception.data import drawn
from tinyinception.tensor import Tensor, no_grad


def trained(seed):
    """One module and a reduction, learnt in 120 steps."""
    nn.random.manual_seed(seed)
    mixed = nn.inception(32, n1=16, r3=16, n3=32, r5=8, n5=8, pool_proj=8)
    network = nn.Sequential(
        stem=nn.Sequential(
            nn.ConvUnit(3, 16, 5, stride=2), nn.ConvUnit(16, 32, 3, stride=2)
        ),
        mixed=mixed,
        reduce=nn.grid_reduction(64, [(64, 3)], padding="same"),
        head=nn.classifier(128, 10),
    )
    sgd = optim.SGD(
        network.named_parameters(), 0.1, momentum=0.9, nesterov=True
    )
    how = {"optimizer": sgd, "schedule": optim.Triangular(0.1, 120, 30)}
    learn(network, *drawn.draw(10_000), steps=120, seed=seed, **how)
    return network.eval()


def outputs(images, *modules):
    """What the modules, one after the other, make of all images."""
    x, found = (images / 255 - drawn.MEAN) / drawn.STD, []
    with no_grad():
        for part in np.array_split(x.astype(np.float32), 40):
            a = Tensor(part)
            for module in modules:
                a = module(a)
            found.append(a.numpy())
    return np.concatenate(found)


def sizes(stages):
    """Print what stands after each stage; the numbers from the image on."""
    shapes, so_far = [(299, 299, 3)], {}
    for name, stage in stages.items():
        if name == "head":  # begins with the average pooling
            break
        so_far[name] = stage
        shapes.append(summary(nn.Sequential(so_far), 299).rows[-1].output[-3:])
    found = np.array([np.prod(shape) for shape in shapes])
    for i, name in enumerate(so_far, 1):
        step = found[i - 1] / found[i]
        shape = "x".join(map(str, shapes[i]))
        falls = f"   / {step:.1f}" if step > 1.05 else ""
        print(f"{name:15} {shape:>12}  {found[i]:9,}{falls}")
    return found


def reading_table(widths, reading):
    print("channels      " + "".join(f"{D:6}" for D in widths))
    for relu, lines in reading.items():
        name = f"{'with' if relu else 'without'} ReLU"
        for line in lines:
            row = "".join(f"{right:6.1f}" for right in line)
            print(f"{name:14}{row} % right")


def kept_table(kept, right, at_random):
    """A line for each k, a number for each network, and what it costs."""
    print("  k   main directions    random ones    multiply-adds")
    for i, k in enumerate(kept):
        columns = (
            " ".join(f"{line[i]:4.0f}" for line in lines)
            for lines in (right, at_random)
        )
        cost = (64 * k + 9 * k * 64) / (9 * 64 * 64)
        print(f"{k:3}   {'     '.join(columns)}   {cost:10.0%}")


def lines(axes, x, curves, mark, colour, label):
    """The mean of some curves as a line, each one's points beside it."""
    colour = COLOURS[colour]
    axes.plot(x, np.mean(curves, axis=0), color=colour, label=label)
    for curve in curves:
        axes.plot(x, curve, mark, color=colour, markerfacecolor="none")


def principles(narrowed, widths, reading, kept, right, at_random, deep):
    picture, ((first, second), (third, fourth)) = figure(2, 2, height=6.6)
    for i, accuracy in enumerate(narrowed.values()):
        first.plot([i] * len(accuracy), accuracy, "o", color=COLOURS["blue"])
        first.plot(
            [i - 0.25, i + 0.25], [accuracy.mean()] * 2, color=COLOURS["blue"]
        )
    first.set_xticks(range(len(narrowed)), list(narrowed))
    first.set(title="1. Bottleneck", xlim=(-0.6, 2.6))
    lines(second, widths, reading[True], "o", "blue", "with ReLU")
    lines(second, widths, reading[False], "s", "vermilion", "without ReLU")
    second.set(title="2. Random expansion, read linearly", xlabel="channels")
    lines(third, kept, right, "o", "blue", "main directions")
    lines(third, kept, at_random, "s", "vermilion", "random directions")
    third.set(
        title="3. Fewer directions before the 3 × 3",
        xlabel="directions kept of 64",
    )
    accuracy = np.array([accuracy for _, accuracy in deep.values()]).T
    lines(fourth, list(deep), accuracy, "o", "blue", "")
    fourth.set(title="4. Layers at equal cost", xlabel="3 × 3 layers")
    for axes in (first, third):
        axes.set_ylabel("test images right (%)")
    for axes, ticks in ((second, widths), (third, kept), (fourth, list(deep))):
        axes.set_xscale("log")
        axes.set_xticks(ticks, ticks, minor=False)
        axes.minorticks_off()
    second.legend()
    third.legend()
    show(picture, "21_principles")
