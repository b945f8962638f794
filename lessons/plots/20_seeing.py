"""Network and pictures of lesson 20."""

import numpy as np

from tinyinception import nn, optim
from tinyinception.course import figure, learn, show
from tinyinception.data import drawn
from tinyinception.tensor import Tensor, no_grad

ROWS = ("1 × 1", "3 × 3", "5 × 5", "pooling")


def build(seed):
    """A stem, one Inception module, a last convolution, a classifier."""
    nn.random.manual_seed(seed)
    mixed = nn.inception(32, n1=16, r3=16, n3=32, r5=8, n5=16, pool_proj=16)
    return nn.Sequential(
        first=nn.ConvUnit(3, 16, 7, stride=2),
        second=nn.ConvUnit(16, 32, 3),
        pool=nn.MaxPool2d(2),
        mixed=mixed,
        last=nn.ConvUnit(mixed.out_channels, 64, 3),
        head=nn.classifier(64, 10),
    )


def trained(seed, steps=300):
    """Learnt in 300 steps with weight decay."""
    network, options = build(seed), {"momentum": 0.9, "nesterov": True}
    sgd = optim.SGD(
        network.named_parameters(), 0.1, weight_decay=0.006, **options
    )
    rate = optim.Triangular(0.1, steps, steps // 4)
    data, how = drawn.draw(10_000), {"optimizer": sgd, "schedule": rate}
    learn(network, *data, steps=steps, seed=seed, **how)
    return network.eval()


def bare(axes):
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def filters(*rows):
    """Three rows of filters, each sorted by size; grey is zero."""
    names = ("random", "300 steps", "longer")
    picture, tiles = figure(3, 16, width=12, height=3)
    for row, kernels, name in zip(tiles, rows, names, strict=True):
        order = np.argsort(-np.square(kernels).sum(axis=(0, 1, 2)))
        largest = np.abs(kernels).max()
        for axes, k in zip(row, order, strict=True):
            axes.imshow(0.5 + 0.5 * kernels[..., k] / largest)
            bare(axes)
        row[0].set_ylabel(name)
    picture.suptitle("The sixteen 7 × 7 filters of the first layer")
    show(picture, "20_filters")


def activations(module, before, images, shown):
    """Images above; below, the channel of each branch that varies most."""
    maps = []
    for branch in ("one", "three", "five", "pool"):
        with no_grad():
            a = module[branch](Tensor(before)).numpy()
        maps.append(a[shown][..., a.std(axis=(0, 1, 2)).argmax()])
    images = images[shown]
    picture, tiles = figure(5, 10, width=10, height=5.4)
    for axes, image in zip(tiles[0], images, strict=True):
        axes.imshow(image)
        bare(axes)
    for row, name, some in zip(tiles[1:], ROWS, maps, strict=True):
        for axes, one in zip(row, some, strict=True):
            axes.imshow(one, vmin=0, vmax=some.max(), cmap="viridis")
            bare(axes)
        row[0].set_ylabel(name)
    picture.suptitle("One channel of each branch; one colour scale per row")
    show(picture, "20_activations")


def outline(axes, image, heat):
    """An image, and a line around what lies above half of the maximum."""
    axes.imshow(image)
    centres = np.arange(8) * 4 + 1.5
    for colour, width in (("black", 3), ("white", 1.2)):
        if heat.max() > 0:
            axes.contour(
                centres,
                centres,
                heat,
                [heat.max() / 2],
                colors=colour,
                linewidths=width,
            )
    bare(axes)


def outlines(images, heat, labels):
    picture, tiles = figure(2, 5, width=9, height=4.2)
    for axes, image, one, label in zip(
        tiles.flat, images, heat, labels, strict=True
    ):
        outline(axes, image, one)
        axes.set_title(drawn.CLASSES[label], fontsize=9)
    picture.suptitle("Grad-CAM: above half of the map's maximum")
    show(picture, "20_grad_cam")


def controls(images, maps, number):
    picture, tiles = figure(1, len(maps), width=11, height=2.6)
    for axes, (name, one) in zip(tiles, maps.items(), strict=True):
        outline(axes, images[number], one[number])
        axes.set_title(name.replace(", ", ",\n"), fontsize=9)
    show(picture, "20_controls")


def pixels(x):
    return np.clip(x * drawn.STD + drawn.MEAN, 0, 1)


def dreams(rows, classes):
    """Each dream, its contrast shrunk until nearly no pixel is clipped."""
    picture, tiles = figure(2, 10, width=11, height=2.8)
    for row, (name, dreamt) in zip(tiles, rows.items(), strict=True):
        for axes, one, label in zip(row, dreamt, classes, strict=False):
            far = np.quantile(np.abs(one - one.mean()), 0.98)
            axes.imshow(np.clip(0.5 + 0.5 * (one - one.mean()) / far, 0, 1))
            bare(axes)
            axes.set_title(label if name == "plain" else "", fontsize=9)
        row[0].set_ylabel(name)
    picture.suptitle("What the network calls a disc, a ring, ...")
    show(picture, "20_dreams")


def stored_filters(long):
    """7 × 7 × 3 × 16 numbers from two hexadecimal digits each."""
    text = long["filters"]
    pairs = zip(text[::2], text[1::2], strict=True)
    numbers = np.array([int(a + b, 16) - 128.0 for a, b in pairs])
    kernels = numbers.reshape(7, 7, 3, 16)
    size = np.sqrt(np.square(kernels).sum(axis=(0, 1, 2)))
    return kernels / size * long["norms"]


def control_table(runs):
    """What the stored experiment found, a column for each network."""
    print("three networks     hottest blanked  coldest blanked  like Grad-CAM")
    for name in runs[0]["maps"]:
        rows = [run["maps"][name] for run in runs]
        cells = [
            " ".join(f"{100 * row[key]:3.0f}%" for row in rows)
            for key in ("hottest", "coldest")
        ]
        like = " ".join(f"{row['like Grad-CAM']:5.2f}" for row in rows)
        print(f"{name:21} {cells[0]}   {cells[1]}   {like}")


def photo_dreams(photo, dreamt):
    picture, tiles = figure(1, 1 + len(dreamt), width=11, height=3.2)
    tiles[0].imshow(photo / 255)
    tiles[0].set_title("photograph")
    for axes, (name, one) in zip(tiles[1:], dreamt.items(), strict=True):
        axes.imshow(pixels(one[0]))
        axes.set_title(f"{name} layer amplified")
    for axes in tiles:
        bare(axes)
    show(picture, "20_photo_dreams")
