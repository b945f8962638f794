# %% [markdown]
# # Lesson 20. Seeing what a network sees
#
# **Time:** 30 minutes. **Afterwards you know** how to look at filters and
# activations, how Grad-CAM is computed and why it is so simple for an
# Inception network, how to dream by gradient ascent, and how to test such
# pictures, not just like them.
#
# ## The question
#
# The team that built GoogLeNet made it dream: they changed a picture, not the
# weights, until the network saw in it what they wanted ("Inceptionism", 2015).
# Pictures like these convince at a glance. What do they show that can be
# checked?

# %% [markdown]
# ## A network to look at
#
# A 7x7 convolution as in GoogLeNet, a 3x3, one Inception module, a last 3x3,
# average pooling, a linear classifier; two of them, from different seeds. The
# images are drawn figures with random colours, as often dark on bright as
# bright on dark, so colour says nothing about the class.
#
# A filter of the first layer has three planes, for red, green and blue. Its
# grey part is the mean of the three. In a random filter a third of the energy
# is grey.
#
# **Predict:** what share is grey after training? What shapes will the filters
# have?

# %%
import numpy as np

from tinyinception import nn, optim
from tinyinception.course import figure, show
from tinyinception.data import Loader, drawn
from tinyinception.nn.functional import cross_entropy, softmax
from tinyinception.tensor import Tensor, no_grad

images, labels = drawn.draw(2_000, split="test")


def batches(images, labels, **options):
    return Loader(
        images, labels, 64, mean=drawn.MEAN, std=drawn.STD, **options
    )


def build(seed):
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


def train(network, seed, steps=300):
    sgd = optim.SGD(
        network.named_parameters(), 0.1, momentum=0.9, nesterov=True
    )
    rate, loader = (
        optim.Triangular(0.1, steps, steps // 4),
        batches(*drawn.draw(10_000), shuffle=True, seed=seed),
    )
    for step, (x, y) in zip(
        range(steps),
        (b for epoch in range(steps) for b in loader.epoch(epoch)),
        strict=False,
    ):
        sgd.lr = rate(step)
        loss = cross_entropy(network(Tensor(x)), y)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    return network.eval()


def probabilities(network, x):
    with no_grad():
        return softmax(network(Tensor(x))).numpy()


def grey_share(kernels):
    """The part of the kernels' energy (7 x 7 x 3 x 16) that is the same in all three colours."""
    return 3 * (kernels.mean(axis=2) ** 2).sum() / (kernels**2).sum()


random = build(0)["first"].conv.weight.numpy().copy()
network, other = (train(build(seed), seed) for seed in (0, 1))
learnt = network["first"].conv.weight.numpy()
x = np.concatenate([batch for batch, _ in batches(images, labels).epoch(0)])
for name, one in (("network", network), ("other", other)):
    print(
        f"{name:8} {np.mean(probabilities(one, x).argmax(axis=1) == labels):.1%} of 2,000 test images right"
    )
    assert np.mean(probabilities(one, x).argmax(axis=1) == labels) > 0.75
print(
    f"grey: {grey_share(random):.0%} of the random filters' energy, {grey_share(learnt):.0%} of the learnt ones'"
)
assert grey_share(random) < 0.42
assert grey_share(learnt) > 0.55
picture, tiles = figure(2, 16, width=12, height=2.1)
for row, kernels, name in zip(
    tiles, (random, learnt), ("random", "learnt"), strict=True
):
    for axes, kernel in zip(row, np.moveaxis(kernels, 3, 0), strict=True):
        axes.imshow(0.5 + 0.5 * kernel / np.abs(kernel).max())
        axes.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
picture.suptitle("The sixteen 7x7 filters of the first layer, grey is zero")
show(picture, "20_filters")

# %% [markdown]
# More than half instead of a third: the network has found out that colour does
# not help here. Some filters are dark beside bright, edges of one direction;
# some are a spot on a ground. Others are still near their random start:
# nothing forces a network of this size to use all sixteen. On photographs,
# colour does say something, and AlexNet's and GoogLeNet's first layers have
# both grey edges and coloured blobs.
#
# ## Grad-CAM
#
# Which part of the image speaks for a class? Take the last maps A (here 8x8
# pixels, 64 channels) before the average pooling, and the gradient of the
# class's logit with respect to them. Grad-CAM weighs each channel by its mean
# gradient and adds the maps up; what is negative is cut off:
#
#     weight_k = mean over pixels of  d logit / d A_k          map = ReLU(sum over k of  weight_k A_k)
#
# **Predict:** behind A stand only average pooling and a linear layer with
# weights W. What is weight_k, then?


# %%
def maps(network, x):
    """The last maps before the pooling, without a graph behind them."""
    with no_grad():
        a = Tensor(x)
        for stage in ("first", "second", "pool", "mixed", "last"):
            a = network[stage](a)
    return a.numpy()


def grad_cam(network, x, classes):
    """Heat maps N x 8 x 8 for one class of each image, and the weights N x 64 of the channels."""
    a = Tensor(maps(network, x), requires_grad=True)
    chosen = np.eye(10, dtype=np.float32)[classes]
    network["head"](a).backward(
        chosen
    )  # of each image, the gradient of its class's logit
    weights = a.grad.mean(axis=(1, 2))
    return np.maximum(
        (a.numpy() * weights[:, None, None]).sum(axis=3), 0
    ), weights


answers = probabilities(network, x).argmax(axis=1)
heat, weights = grad_cam(network, x, answers)
W = network["head"].fc.weight.numpy()
print(
    f"largest difference between weight_k and W[k, class] / 64: {np.abs(weights - W[:, answers].T / 64).max():.0e}"
)
assert np.allclose(weights, W[:, answers].T / 64, atol=1e-6)

# %% [markdown]
# W[k, class] / 64: with GoogLeNet's kind of ending the gradient need not even
# be computed, and the map's sum, before the cut, is the logit without its
# bias. Behind fully connected layers, as in VGG, it must be.
#
# A heat map looks right wherever it is warm on the figure. A test that can
# fail: blank a quarter of the image, the 16 hottest cells of 64 (4x4 pixels
# each), the 16 coldest, or 16 at random, and ask the network again. Blank
# means the image's own mean colour.
#
# **Predict:** by how much does the probability of its answer fall in each
# case?


# %%
def blanked(x, cells):
    """x with the given cells of each image (N x 16 numbers from 0 to 63) in its mean colour."""
    mask = np.zeros((len(x), 64), bool)
    np.put_along_axis(mask, cells, True, axis=1)
    mask = (
        mask.reshape(-1, 8, 1, 8, 1)
        .repeat(4, axis=2)
        .repeat(4, axis=4)
        .reshape(-1, 32, 32, 1)
    )
    return np.where(mask, x.mean(axis=(1, 2), keepdims=True), x)


order = heat.reshape(len(x), 64).argsort(axis=1)
cells = {
    "hottest": order[:, -16:],
    "coldest": order[:, :16],
    "random": np.random.default_rng(0)
    .random((len(x), 64))
    .argsort(axis=1)[:, :16],
}
sure = {
    "nothing": np.take_along_axis(
        probabilities(network, x), answers[:, None], 1
    ).mean()
}
for name, some in cells.items():
    sure[name] = np.take_along_axis(
        probabilities(network, blanked(x, some)), answers[:, None], 1
    ).mean()
for name, value in sure.items():
    print(
        f"blanked: {name:8} mean probability of the first answer {value:.0%}"
    )
assert sure["hottest"] < 0.5 * sure["nothing"]
assert sure["hottest"] + 0.1 < sure["random"] < sure["coldest"] - 0.1
assert sure["coldest"] > 0.85 * sure["nothing"]

BRANCHES = ("one", "three", "five", "pool")
shown = [
    np.flatnonzero((answers == labels) & (labels == label))[0]
    for label in (0, 4, 5, 7, 9)
]
outputs = {}
for name in BRANCHES:
    network["mixed"][name].register_forward_hook(
        lambda module, _, output: outputs.update({module: output.numpy()})
    )
maps(network, x[shown])
picture, tiles = figure(len(shown), 6, width=8, height=6.6)
for row, index, line in zip(tiles, shown, range(len(shown)), strict=True):
    strongest = [outputs[network["mixed"][name]][line] for name in BRANCHES]
    strongest = [a[..., a.std(axis=(0, 1)).argmax()] for a in strongest]
    for axes, what in zip(
        row, (images[index], *strongest, images[index]), strict=True
    ):
        axes.imshow(what, cmap="viridis")
        axes.set(xticks=[], yticks=[])
    row[5].imshow(
        heat[index],
        cmap="magma",
        alpha=0.6,
        extent=(-0.5, 31.5, 31.5, -0.5),
        interpolation="bilinear",
    )
    row[0].set_ylabel(drawn.CLASSES[labels[index]])
for axes, title in zip(
    tiles[0],
    ("image", "1x1", "3x3", "5x5", "pooling", "Grad-CAM"),
    strict=True,
):
    axes.set_title(title)
picture.suptitle(
    "The channel that varies most in each branch, and where the answer comes from"
)
show(picture, "20_grad_cam")

# %% [markdown]
# The hottest quarter holds the answer, the coldest nothing, and a random
# quarter lies between. So for this network the map tells the truth about
# where, to within its 8x8 cells. It does not tell why: a warm star may be read
# as a star or as many corners. And the channels of the branches, which show
# what one channel of 16 or 32 responds to, are harder to read than the map
# that adds them all up.
#
# ## Dreaming
#
# Now the weights stand still and the image moves. Start from faint noise,
# compute the gradient of a class's logit with respect to the pixels, and
# climb. The plain climb moves every pixel as it likes. The gentle one shifts
# the image by up to two pixels before each step and blurs the gradient, so
# that only what survives a small shift can grow.
#
# **Predict:** how sure will the network be of its plain dreams? And the other
# network, trained from another seed?


# %%
def blur(g):
    """Means over neighbours, 1 2 1 in both directions, twice."""
    for axis in (1, 2, 1, 2):
        g = (np.roll(g, 1, axis) + 2 * g + np.roll(g, -1, axis)) / 4
    return g


def dream(network, classes, gentle, steps=60):
    """Climb the logits of the given classes, each from its own noise: normalised images N x 32 x 32 x 3."""
    rng = np.random.default_rng(1)
    x = 0.1 * rng.standard_normal((len(classes), 32, 32, 3)).astype(np.float32)
    for _ in range(steps):
        shift = rng.integers(-2, 3, 2) if gentle else (0, 0)
        seen = Tensor(np.roll(x, shift, (1, 2)), requires_grad=True)
        network(seen).backward(np.eye(10, dtype=np.float32)[classes])
        slope = np.roll(seen.grad, -shift[0], 1)
        slope = np.roll(slope, -shift[1], 2)
        slope = blur(slope) if gentle else slope
        x += (
            0.05
            * slope
            / np.sqrt((slope**2).mean(axis=(1, 2, 3), keepdims=True))
        )
    return x


def roughness(x):
    """How much neighbouring pixels differ, as a part of how much all do: 1 for noise, near 0 for smooth pictures."""
    return (np.diff(x, axis=2) ** 2).mean() / (2 * x.var(axis=(1, 2)).mean())


for parameter in network.parameters():
    parameter.requires_grad = False  # the weights stand still
classes = np.tile(np.arange(10), 4)
dreams = {
    "plain": dream(network, classes, False),
    "gentle": dream(network, classes, True),
}
print("dreams   sure of it   the other network agrees   roughness")
certain, agrees = {}, {}
for name, dreamt in dreams.items():
    certain[name] = np.take_along_axis(
        probabilities(network, dreamt), classes[:, None], 1
    ).mean()
    agrees[name] = np.mean(
        probabilities(other, dreamt).argmax(axis=1) == classes
    )
    print(
        f"{name:8} {certain[name]:10.1%}   {agrees[name]:24.0%}   {roughness(dreamt):9.2f}"
    )
print(f"the test images' roughness: {roughness(x):.2f}")
assert all(0.15 < agrees[name] < certain[name] for name in dreams)
assert roughness(dreams["gentle"]) < 0.6 * roughness(dreams["plain"])
picture, tiles = figure(2, 10, width=10, height=2.6)
for row, (name, dreamt) in zip(tiles, dreams.items(), strict=True):
    for axes, one, label in zip(row, dreamt, drawn.CLASSES, strict=False):
        axes.imshow(np.clip(one * drawn.STD + drawn.MEAN, 0, 1))
        axes.set(xticks=[], yticks=[])
        axes.set_title(label if name == "plain" else "", fontsize=9)
    row[0].set_ylabel(name)
picture.suptitle("What the network calls a disc, a ring, ...")
show(picture, "20_dreams")

# %% [markdown]
# Stripes and dots can be recognised, rings and targets in pieces, the disc not
# at all: textures are what a network of small windows and an average over all
# places can ask for. It wants more of it everywhere; nothing tells it that
# there is one star.
#
# The network is sure of most of them, and the other network, which is as good
# on real images, of fewer. So a part of every dream speaks about this one
# network and not about stars. In the plain ones that part meets the eye: they
# are rough, noise of which a network is sure ("fooling images"). The gentle
# ones look better because we forbade what looks bad. That is worth remembering
# of all published dreams.
#
# ## Take away
#
# - First-layer filters show what matters in the data: here edges and spots in
#   grey, as colour says nothing.
# - Grad-CAM weighs the last maps by the mean gradient of a logit. Before
#   average pooling and a linear layer, those weights are the layer's own,
#   divided by the number of pixels.
# - Test a heat map: blank the hot part, and the answer must go; blank the cold
#   part, and it must stay.
# - Dreams climb the gradient of the input. What they look like depends on how
#   the climb is tamed; ask another network.
#
# **Exercises:** `lessons/exercises/20_seeing.py`, checked by `tinyinception
# lesson 20 --check`.
#
# **Paper:** Zeiler and Fergus 2013, *Visualizing and Understanding
# Convolutional Networks* (occlusion, section 4.2); Mordvintsev, Olah and Tyka
# 2015, *Inceptionism*; Selvaraju et al. 2016, *Grad-CAM*, section 3. On
# average pooling instead of fully connected layers: *Going Deeper with
# Convolutions*, section 5.
