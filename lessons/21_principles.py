# %% [markdown]
# # Lesson 21. Four design principles, and an experiment for each
#
# **Time:** 30 minutes. **Afterwards you know** what the four rules of
# *Rethinking the Inception Architecture* say, what each predicts, and how far
# small experiments bear them out.
#
# ## The question
#
# Section 2 of the paper gives four principles and calls them "speculative". A
# principle that forbids nothing says nothing. What would a network look like
# that breaks each, and is it worse?

# %% [markdown]
# ## 1. No bottleneck, above all not early
#
# The number of activations (height x width x channels) should shrink gently
# from the image to the answer. Where it drops suddenly, what is lost is lost.
#
# **Predict:** Inception-v3 goes from 268,203 numbers (299x299x3) to 2048
# features. What is its steepest single step, as a factor, before the final
# average pooling?

# %%
import numpy as np

from tinyinception import models, nn, optim
from tinyinception.count import summary
from tinyinception.course import COLOURS, figure, show, stored
from tinyinception.data import Loader, drawn
from tinyinception.nn.functional import cross_entropy
from tinyinception.tensor import Tensor, no_grad

with nn.shape_only():
    stages = dict(models.build("inception_v3", aux=False).named_children())
names = [name for name in stages if name != "head"]
shapes = [(299, 299, 3)] + [
    summary(nn.Sequential({n: stages[n] for n in names[: i + 1]}), 299)
    .rows[-1]
    .output
    for i in range(len(names))
]
sizes = np.array([np.prod(shape[-3:]) for shape in shapes])
steps = sizes[:-1] / sizes[1:]
for name, shape, size, step in zip(
    ["image", *names], shapes, sizes, [1, *steps], strict=True
):
    print(
        f"{name:15} {'x'.join(map(str, shape)):>12}  {size:9,}"
        + (f"   / {step:.1f}" if step > 1.05 else "")
    )
assert max(steps) < 4.15
assert sizes[0] == 268_203

# %% [markdown]
# 4.1, at the two plain poolings of the stem; the convolution before each has
# widened the map, which the principle asks for. The two grid reductions after
# it, made for this purpose (lesson 13), shrink by 1.6 and 2.7 only.
#
# Now the experiment: a small network on the drawn images, once with an extra
# squeeze to a sixteenth of the channels and back, early (after the stem) or
# late (before the classifier).
#
# **Predict:** does the early or the late squeeze cost more of the test images?

# %%
rows = stored("principles")
narrowed = {
    row["bottleneck"]: 100 * np.array(row["accuracy"])
    for row in rows
    if "bottleneck" in row
}
for where, right in narrowed.items():
    print(
        f"bottleneck {where:6} {right.mean():5.1f} % right   (seeds: {', '.join(f'{r:.1f}' for r in right)})"
    )
early, none = narrowed["early"], narrowed["none"]
assert round(none.mean() - early.mean()) == 13
assert early.max() < min(none.min(), narrowed["late"].min())
assert narrowed["late"].mean() > none.mean()
assert {
    round(row["macs"] / rows[0]["macs"], 2)
    for row in rows
    if "bottleneck" in row
} == {1, 1.01}

# %% [markdown]
# The early squeeze, from 32 channels to 2 and back, costs 13 points, and its
# best seed is worse than the worst of the others. The late squeeze, from 128
# channels to 8 and back, costs nothing; ten classes need no more. This bears
# the principle out, "especially early in the network". The multiply-adds do
# not explain it: the squeezed networks have 1 % more.
#
# ## 2. More activations per cell are easier to read
#
# "Higher dimensional representations are easier to process locally": the same
# content, spread over more numbers, can be taken apart by something simple.
# This is why v3 fans out to 2048 channels on its last grid (Figure 7).
#
# We take a trained network's maps on an 8x8 grid, expand every cell by a
# random 1x1 convolution to D channels, average over the grid, and fit the best
# linear classifier in closed form (ridge regression). No expansion is learnt.
#
# **Predict:** does the share of right answers grow with D if a ReLU follows
# the random 1x1? And without the ReLU?


# %%
def train(steps=300):
    nn.random.manual_seed(0)
    mixed = nn.inception(32, n1=16, r3=16, n3=32, r5=8, n5=8, pool_proj=8)
    network = nn.Sequential(
        stem=nn.Sequential(
            nn.ConvUnit(3, 16, 5, stride=2), nn.ConvUnit(16, 32, 3, stride=2)
        ),
        mixed=mixed,
        reduce=nn.grid_reduction(
            mixed.out_channels, [(64, 3)], padding="same"
        ),
        head=nn.classifier(64 + mixed.out_channels, 10),
    )
    sgd = optim.SGD(
        network.named_parameters(), 0.1, momentum=0.9, nesterov=True
    )
    rate, loader = (
        optim.Triangular(0.1, steps, steps // 4),
        batches(*drawn.draw(10_000), shuffle=True, drop_last=True),
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


def batches(images, labels, **options):
    return Loader(
        images, labels, 64, mean=drawn.MEAN, std=drawn.STD, **options
    )


def outputs(images, labels, *modules):
    """What the modules, one after the other, make of all images."""
    with no_grad():
        found = []
        for x, _ in batches(images, labels).epoch(0):
            x = Tensor(x)
            for module in modules:
                x = module(x)
            found.append(x.numpy())
    return np.concatenate(found)


network, (some, answers), (images, labels) = (
    train(),
    drawn.draw(4_000),
    drawn.draw(2_000, split="test"),
)
cells, test_cells = (
    outputs(*data, network["stem"], network["mixed"])
    for data in ((some, answers), (images, labels))
)


def read(x, test):
    """Percent of the test images that the best linear classifier gets right from features N x D."""
    x, test = (
        np.column_stack([(a - x.mean(0)) / (x.std(0) + 1e-6), np.ones(len(a))])
        for a in (x, test)
    )
    W = np.linalg.solve(
        x.T @ x + 10 * np.eye(x.shape[1]), x.T @ np.eye(10)[answers]
    )
    return 100 * np.mean((test @ W).argmax(axis=1) == labels)


def expand(a, matrix, relu):
    """A 1x1 convolution, maybe a ReLU, the mean over the grid."""
    wide = (
        part @ matrix for part in np.array_split(a, 20)
    )  # piece by piece, to save memory
    return np.concatenate(
        [
            (np.maximum(one, 0) if relu else one).mean(axis=(1, 2))
            for one in wide
        ]
    )


rng, widths = np.random.default_rng(0), (16, 32, 64, 128, 256, 512)
centre, spread = cells.mean(axis=(0, 1, 2)), cells.std(axis=(0, 1, 2)) + 1e-6
cells_, test_ = ((a - centre) / spread for a in (cells, test_cells))
reading = {relu: [] for relu in (True, False)}
for width in widths:
    matrix = rng.standard_normal((cells.shape[3], width)).astype(np.float32)
    for relu, line in reading.items():
        line.append(
            read(expand(cells_, matrix, relu), expand(test_, matrix, relu))
        )
print("channels     " + "".join(f"{width:6}" for width in widths))
for relu, line in reading.items():
    print(
        f"{'with' if relu else 'without'} ReLU".ljust(13)
        + "".join(f"{right:6.1f}" for right in line)
        + " % right"
    )
with_relu, without = reading[True], reading[False]
assert with_relu[-1] > 1.4 * with_relu[0]
assert with_relu[-1] > with_relu[2] + 5
assert abs(without[-1] - without[2]) < 4

# %% [markdown]
# With the ReLU it goes on growing, although the expansion is random and adds
# no information: the linear reader finds in 512 kinked copies what it could
# not use in 64 straight ones. Without the ReLU it stops at 64, the number of
# channels there were: more linear copies of them say nothing new. (Below 64
# the ReLU only loses.) So the principle holds here in this form: more
# activations help where a non-linearity makes them different.
#
# ## 3. Aggregate over space on few channels
#
# Spatial aggregation is what a convolution over a neighbourhood does: a 3x3 or
# 5x5, or a pooling. It is not the concatenation, as a summary has it: a
# concatenation puts maps side by side and never looks at a neighbour. The
# principle says that the channels may be reduced (by a 1x1) before the
# aggregation "without much or any loss", because the channels of neighbouring
# cells are strongly correlated.
#
# **Predict:** our network's reduction reads 64 channels. We keep only the k
# directions in which they vary most (principal components; nothing is trained
# anew). How many of 64 are needed to keep nearly all of its accuracy?


# %%
def seen(module):
    """How many pixels in a row the middle output pixel depends on."""
    x = Tensor(rng.standard_normal((1, 9, 9, 2)), requires_grad=True)
    module.to(np.float64)(x)[0, 4, 4].sum().backward()
    return int((np.abs(x.grad).sum(axis=(0, 2, 3)) > 0).sum())


concatenated = nn.Branches(nn.Conv2d(2, 3, 1), nn.Conv2d(2, 4, 1))
three = nn.Conv2d(2, 3, 3, padding="same")
print(
    f"a concatenation of 1x1 sees {seen(concatenated)} pixel, a 3x3 sees {seen(three)} in a row"
)
assert (seen(concatenated), seen(three)) == (1, 3)

flat = cells.reshape(-1, 64) - centre
energy, directions = np.linalg.eigh(flat.T @ flat / len(flat))
energy, directions = energy[::-1] / energy.sum(), directions[:, ::-1]
kept, right, random_right = (1, 2, 4, 8, 16, 32, 64), [], []
some_directions = np.linalg.qr(rng.standard_normal((64, 64)))[0]
for k in kept:
    for basis, line in ((directions, right), (some_directions, random_right)):
        projected = (test_cells - centre) @ basis[:, :k] @ basis[
            :, :k
        ].T + centre
        with no_grad():
            logits = network["head"](
                network["reduce"](Tensor(projected.astype(np.float32)))
            ).numpy()
        line.append(100 * np.mean(logits.argmax(axis=1) == labels))
print(
    "k  variance kept  right  random directions  multiply-adds of 1x1 to k, then 3x3 to 64"
)
for k, share, one, two in zip(
    kept,
    np.cumsum(energy)[np.array(kept) - 1],
    right,
    random_right,
    strict=True,
):
    print(
        f"{k:2} {share:13.0%} {one:6.1f} {two:18.1f} {(64 * k + 9 * k * 64) / (9 * 64 * 64):26.0%}"
    )
assert right[4] > 0.85 * right[-1]
assert random_right[4] < 0.65 * right[-1]
assert round((64 * 16 + 9 * 16 * 64) / (9 * 64 * 64), 2) == 0.28

# %% [markdown]
# With 16 of 64, a quarter, nearly everything is still there, at 28 % of the
# multiply-adds; nothing was trained anew. Were the channels uncorrelated and
# of equal variance, no direction would be better than another, and the main
# ones would do as badly as the random ones. "Without much or any loss" is fair
# for a reduction to a quarter or a half; at an eighth and below the loss is
# plain.
#
# ## 4. Balance width and depth
#
# "The optimal improvement for a constant amount of computation can be reached
# if both are increased in parallel." So at one cost, neither the widest nor
# the deepest should win.
#
# **Predict:** 3x3 convolutions on an 8x8 grid for 2 million multiply-adds: 1,
# 2, 4, 8 or 16 layers, as wide as that allows. Which learns best in 400 steps?

# %%
deep = {
    row["depth"]: (row["width"], 100 * np.array(row["accuracy"]))
    for row in rows
    if "depth" in row
}
print("layers  width   right")
for depth, (width, accuracy) in deep.items():
    print(
        f"{depth:6} {width:6} {accuracy.mean():7.1f} %   (seeds: {', '.join(f'{r:.1f}' for r in accuracy)})"
    )
mean = {depth: accuracy.mean() for depth, (_, accuracy) in deep.items()}
assert mean[4] == max(mean.values())
assert max(mean[1], mean[16]) < min(mean[2], mean[4], mean[8]) - 10
assert round(max(np.ptp(accuracy) for _, accuracy in deep.values())) == 28
assert (deep[1][0], deep[16][0]) == (108, 14)

picture, ((first, second), (third, fourth)) = figure(2, 2, height=6.6)
for i, (_, accuracy) in enumerate(narrowed.items()):
    first.plot([i] * len(accuracy), accuracy, "o", color=COLOURS["blue"])
    first.plot(
        [i - 0.25, i + 0.25], [accuracy.mean()] * 2, color=COLOURS["blue"]
    )
first.set_xticks(range(len(narrowed)), list(narrowed))
first.set(
    title="1. Bottleneck", ylabel="test images right (%)", xlim=(-0.6, 2.6)
)
for relu, marker, colour in (
    (True, "o-", "blue"),
    (False, "s--", "vermilion"),
):
    second.plot(
        widths,
        reading[relu],
        marker,
        color=COLOURS[colour],
        label=f"{'with' if relu else 'without'} ReLU",
    )
second.set(
    title="2. Random expansion, read linearly", xscale="log", xlabel="channels"
)
third.plot(kept, right, "o-", color=COLOURS["blue"], label="largest variance")
third.plot(
    kept,
    random_right,
    "s--",
    color=COLOURS["vermilion"],
    label="random directions",
)
third.set(
    title="3. Fewer directions before the 3x3",
    xscale="log",
    xlabel="directions kept of 64",
    ylabel="test images right (%)",
)
fourth.plot(list(deep), list(mean.values()), color=COLOURS["blue"])
for depth, (_, accuracy) in deep.items():
    fourth.plot([depth] * len(accuracy), accuracy, "o", color=COLOURS["blue"])
fourth.set(title="4. Layers at equal cost", xscale="log", xlabel="3x3 layers")
for axes, ticks in ((second, widths), (third, kept), (fourth, list(deep))):
    axes.set_xticks(ticks, ticks, minor=False)
    axes.minorticks_off()
second.legend()
third.legend()
show(picture, "21_principles")

# %% [markdown]
# Neither extreme: one layer of 108 channels and 16 layers of 14 channels are
# far behind 2, 4 or 8 layers. Between these the order is not certain; the
# seeds of one depth differ by up to 28 points. And 400 steps are a short
# training: with residual connections and more patience the deep ones would
# catch up, so the best balance is one for a given effort.
#
# ## Take away
#
# - The four principles can be broken on purpose, and here each breach costs:
#   an early bottleneck 13 points, a late one none.
# - More channels per cell help a simple reader, if a non-linearity makes them
#   different.
# - Spatial aggregation is a convolution or pooling over neighbours, not the
#   concatenation. Reducing 64 channels to their 16 main directions before it
#   kept nearly all accuracy at 28 % of the cost.
# - At equal cost, neither widest nor deepest.
# - Small experiments on drawn images, with two or three seeds, can contradict
#   a principle. They cannot prove it.
#
# **Exercises:** `lessons/exercises/21_principles.py`, checked by
# `tinyinception lesson 21 --check`.
#
# **Paper:** Szegedy et al., *Rethinking the Inception Architecture for
# Computer Vision*, section 2; for the third principle also section 3, for the
# second Figure 7, for the first section 5.
