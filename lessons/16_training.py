# %% [markdown]
# # Lesson 16. Training as the papers did
#
# **Time:** 45 minutes. **Afterwards you know** what the four lines of
# Inception-v3's recipe do: RMSProp with eps 1, a staircase of learning rates,
# clipped gradients, averaged weights. You also know what they do not do, and
# which of the numbers belong together.
#
# **You need:** lesson 0 (gradient descent, learning rate), lesson 10
# (batch-norm and its running statistics); what a root and a logarithmic axis
# are.
#
# ## The question
#
# *Rethinking the Inception Architecture*, section 8: 50 copies of the network
# train at the same time, each with batches of 32 images, for 100 epochs.
# RMSProp with decay 0.9 and eps = 1.0. Learning rate 0.045, times 0.94 every
# two epochs. Gradients clipped with threshold 2.0. The network is judged with
# a running average of its parameters. Many people copy these numbers. What
# does each one do?

# %%
from functools import partial
from types import SimpleNamespace

import numpy as np

from tinyinception import models, nn
from tinyinception.course import COLOURS, figure, learn, show, stored
from tinyinception.data import drawn
from tinyinception.nn.functional import cross_entropy
from tinyinception.optim import (
    SGD,
    ExponentialStaircase,
    RMSProp,
    RunningAverage,
    clip_grad_norm,
)
from tinyinception.tensor import Tensor, no_grad

# %% [markdown]
# ## RMSProp, and an eps of 1
#
# [RMSProp](glossary.md#rmsprop) divides the gradient g of each weight by its
# own usual size. That is the root of ms, a running mean of the squares of g:
#
# $$\text{ms} \leftarrow 0.9 \times \text{ms} + 0.1 \times g^2$$
#
# $$\text{step} = \text{lr} \times \frac{g}{\sqrt{\text{ms} + \text{eps}}}$$
#
# With momentum 0.9, as the released code has it, 0.9 times the step before is
# added to each step, as in gradient descent.
#
# Usually eps is tiny, for example 1e-8 (that is 0.00000001), and only prevents
# a division by zero. Now let g stay the same for a while. Then ms = g^2. Where
# |g| is far above the root of eps, the step is lr, whatever g is. Where it is
# far below, the step is lr × g / (root of eps).
#
# **Predict:** with eps = 1 the two meet at |g| = 1. What share of the weights
# of an untrained Inception network has a gradient above 0.1?
#
# - (a) less than one in a thousand
# - (b) about a tenth
# - (c) more than half
#
# <!-- answer: a
# a: over 600,000 weights share in one loss; the slope of each is small.
# b: gradients above 0.1 are rare: only very few weights matter that much.
# c: half of them are below about two thousandths.
# -->

# %%
nn.random.manual_seed(0)
network = models.build("inception_cifar")
pixels, labels = drawn.draw(32)
logits, aux = network(Tensor(pixels.astype(np.float32) / 128 - 1))
loss = cross_entropy(logits, labels) + 0.4 * cross_entropy(aux[0], labels)
loss.backward()
found = np.concatenate([np.abs(p.grad).ravel() for p in network.parameters()])
print(f"{found.size:,} weights, half of them below {np.median(found):.0e}")
for limit in (0.01, 0.1, 1):
    print(f"|g| above {limit:4}: {(found > limit).mean():8.3%}")

# %% tags=["hide-input"]
assert (found > 0.1).mean() < 0.001
assert found.max() < 1

# %% [markdown]
# So ms is nothing beside 1. In this network eps = 1 switches off the division
# by the usual size. What is left is gradient descent with momentum.
#
# ## Under the root, or beside it
#
# TensorFlow, which the authors used, divides by the root of (ms + eps).
# PyTorch divides by (root of ms) + eps. It also starts ms at 0, where
# TensorFlow starts it at 1.
#
# **Predict:** the gradient stays at g. Where do the two rules differ most?
#
# - (a) nowhere by much: eps is small, or else it is the same eps
# - (b) eps = 1 and g = 1
# - (c) eps = 1e-8 and g = 0.000001
#
# <!-- answer: c
# a: under the root, 1e-8 counts as its root, which is 1e-4: no tiny number.
# b: there they differ by 2 / 1.41, a factor of 1.4.
# c: under the root 1e-8 makes the step 100 times smaller; beside it, 1e-8 is
#   nothing to 1e-6.
# -->


# %%
def under(g, eps):
    """Step / lr for a gradient that stays the same, TensorFlow's rule."""
    return g / np.sqrt(g**2 + eps)


def beside(g, eps):
    """The same, PyTorch's rule."""
    return g / (g + eps)


print("step / lr       eps = 1e-8           eps = 1")
print("       |g|    under   beside     under   beside")
for g in (1e-6, 1e-4, 1e-2, 1.0):
    parts = [rule(g, eps) for eps in (1e-8, 1.0) for rule in (under, beside)]
    print(f"{g:10g} {parts[0]:8.3g} {parts[1]:8.3g}", end="  ")
    print(f"{parts[2]:8.3g} {parts[3]:8.3g}")
apart = beside(found, 1e-8) / under(found, 1e-8)
for factor in (1.1, 2):
    share = (apart > factor).mean()
    print(f"eps = 1e-8: over {factor} times apart for {share:.1%} of weights")

# %% tags=["hide-input"]


def weight(data):
    """A parameter as optimisers see it."""
    return SimpleNamespace(data=data.copy(), grad=None, shape=data.shape)


def steady(g, steps=600, **options):
    """The last of many steps of the package, with the same gradient."""
    w = weight(np.zeros(len(g)))
    optimizer = RMSProp([("w", w)], lr=1.0, momentum=0.0, **options)
    for _ in range(steps):
        before, w.grad = w.data.copy(), g
        optimizer.step()
    return before - w.data


sizes = np.logspace(-7, 2, 55)
rules = {"tensorflow": under, "pytorch": beside}
steps = {
    (name, eps): steady(sizes, eps=eps, rule=name)
    for name in rules
    for eps in (1e-8, 1.0)
}
for (name, eps), measured in steps.items():
    assert np.allclose(measured, rules[name](sizes, eps), rtol=1e-5)
assert 0.02 < (apart > 1.1).mean() < 0.2
picture, (top, below) = figure(
    2, 1, width=8, height=5.4, sharex=True, height_ratios=(3, 1)
)
for (name, eps), measured in steps.items():
    colour = COLOURS["vermilion" if eps < 1 else "blue"]
    line = "-" if name == "tensorflow" else "--"
    top.loglog(sizes, measured, line, color=colour)
top.text(1.3e-7, 2, "eps = 1e-8 beside the root", color=COLOURS["vermilion"])
top.text(2e-5, 0.02, "1e-8 under the root", color=COLOURS["vermilion"])
top.text(2e-4, 2e-5, "eps = 1: the step grows\nwith g, up to |g| = 1")
top.set(
    ylabel="step / lr",
    title="RMSProp: solid TensorFlow's rule, dashed PyTorch's",
    ylim=(1e-7, 20),
)
below.hist(found[found > 1e-7], bins=sizes, color=COLOURS["grey"])
below.set(
    xlabel="gradient of one weight, |g|",
    ylabel="weights of an\nInception network",
    xscale="log",
    xlim=(1e-7, 1e2),
)
show(picture, "16_eps")

# %% [markdown]
# Under the root, an eps of 1e-8 acts like 1e-4. That is no tiny number: some
# of this network's gradients are smaller. So a recipe must say where its eps
# stands. TensorFlow's ms that starts at 1 has a second effect. With eps = 1
# the first steps are divided by the root of 1 + 1, which is 1.41. After twenty
# steps an eighth of the starting value is left (0.9^20). That is a short
# warm-up.
#
# ## Which rule goes which way?
#
# We make 30 steps of a small training. We give the very same gradients to four
# optimisers, and compare where the weights went. The images are drawn ones of
# four kinds, made smaller, and the network has five layers with weights.

# %%
KINDS = ["disc", "cross", "stripes", "dots"]
numbers = [drawn.CLASSES.index(name) for name in KINDS]


def take(n, split):
    """Drawn images of four kinds, 16 x 16 pixels, and their labels."""
    raw, kinds = drawn.draw(n, split=split)
    keep = np.isin(kinds, numbers)
    blocks = raw[keep].astype(np.float32).reshape(-1, 16, 2, 16, 2, 3)
    return blocks.mean(axis=(2, 4)) / 64 - 2, np.searchsorted(
        numbers, kinds[keep]
    )


def small_network():
    nn.random.manual_seed(0)
    return nn.Sequential(
        nn.ConvUnit(3, 16, 3, stride=2),
        nn.ConvUnit(16, 16, 3),
        nn.ConvUnit(16, 32, 3, stride=2),
        nn.ConvUnit(32, 32, 3),
        nn.classifier(32, 4),
    )


# %% [markdown]
# For directions we need the *cosine* of two long vectors: it is 1 where they
# point the same way and 0 where they are at right angles. All four optimisers
# have momentum 0.9.
#
# **Predict:** which of these move the weights as gradient descent with
# momentum does?
#
# - (a) RMSProp with eps = 1
# - (b) RMSProp with eps = 1e-8
# - (c) both
# - (d) neither
#
# <!-- answer: a
# a: ms is nothing beside 1, so all gradients are divided by the same number.
# b: it divides each gradient by its own size, which turns the direction.
# c: with 1e-8 each weight moves about lr, whatever its gradient is.
# d: eps = 1 leaves gradient descent as it is.
# -->

# %%
LR = 0.045
train, test = take(5000, "train"), take(1250, "test")
RULES = {
    "gradient descent": partial(SGD, lr=LR, momentum=0.9),
    "RMSProp, eps 1, PyTorch": partial(RMSProp, lr=LR, rule="pytorch"),
    "RMSProp, eps 1, TensorFlow": partial(RMSProp, lr=LR),
    "RMSProp, eps 1e-8": partial(RMSProp, lr=LR, eps=1e-8, rule="pytorch"),
}

# %%
leader = small_network()
start = [p.data.copy() for p in leader.parameters()]
copies = {name: [weight(w) for w in start] for name in RULES}
followers = {
    name: build([(str(i), w) for i, w in enumerate(copies[name])])
    for name, build in RULES.items()
}


def follow(step, loss):
    """The leader's gradients move all the copies as well."""
    for name, optimizer in followers.items():
        for w, p in zip(copies[name], leader.parameters(), strict=True):
            w.grad = p.grad.copy()
        optimizer.step()


learn(leader, *train, steps=30, lr=LR, each=follow)

# %%
moved = {
    name: np.concatenate(
        [(w.data - w0).ravel() for w, w0 in zip(ws, start, strict=True)]
    )
    for name, ws in copies.items()
}
base = moved["gradient descent"]
length = np.linalg.norm
print("after 30 steps               distance   cosine with gradient descent")
for name, way in moved.items():
    cosine = way @ base / length(way) / length(base)
    print(f"{name:28} {length(way):8.2f} {cosine:30.4f}")

# %% tags=["hide-input"]
for name, way in moved.items():
    cosine = way @ base / length(way) / length(base)
    assert (cosine > 0.95) == ("1e-8" not in name)
assert length(moved["RMSProp, eps 1e-8"]) > 50 * length(base)

# %% [markdown]
# With eps = 1 it is gradient descent; TensorFlow's form is a little behind
# because of its warm-up. With eps = 1e-8 the weights go another way, and very
# much further. A learning rate means nothing without its eps.
#
# Other numbers belong together, too. The rate 0.045 was used by 50 copies with
# 32 images each: while one of them makes a step, all together look at about
# 1,600 images. The paper names no momentum beside RMSProp; the 0.9 is from the
# code that the authors released. If you train on one machine with batches of
# 32, these are not your numbers.
#
# ## The staircase
#
# The rate is multiplied by a factor after every so many epochs. Inception-v3:
# 0.94 every 2 epochs. GoogLeNet: "decreasing the learning rate by 4% every 8
# epochs".
#
# **Predict:** Inception-v3 was trained for 100 epochs. What share of its first
# rate was left?
#
# - (a) 4.5 %
# - (b) 61 %
# - (c) 0.2 %
#
# <!-- answer: a
# a: 0.94 is multiplied 50 times, and 0.94^50 = 0.045.
# b: that is 0.96 twelve times, GoogLeNet's rule after 100 epochs.
# c: that would be 0.94 a hundred times, once in every epoch.
# -->

# %%
v3 = ExponentialStaircase(1.0, 0.94, 2)
googlenet = ExponentialStaircase(1.0, 0.96, 8)
print("epochs   Inception-v3   GoogLeNet")
for epochs in (100, 250, 775):
    print(f"{epochs:6} {v3(epochs):14.3%} {googlenet(epochs):11.1%}")
print(f"31.0 M steps of 32 images: {31.0e6 * 32 / 1.28e6:.0f} epochs")

# %% tags=["hide-input"]
assert round(v3(100), 3) == 0.045
assert [round(googlenet(e), 2) for e in (100, 775)] == [0.61, 0.02]
picture, axes = figure(width=8, height=3.8)
epochs = range(801)
for rule, line, colour in ((googlenet, "--", "vermilion"), (v3, "-", "blue")):
    axes.step(
        epochs,
        [100 * rule(e) for e in epochs],
        line,
        where="post",
        color=COLOURS[colour],
    )
for end, rule, colour in ((100, v3, "blue"), (775, googlenet, "vermilion")):
    axes.plot(end, 100 * rule(end), "o", color=COLOURS[colour], markersize=9)
axes.text(230, 40, "GoogLeNet: 4 % less every 8", color=COLOURS["vermilion"])
axes.text(112, 8, "Inception-v3: 6 % less every 2", color=COLOURS["blue"])
axes.set(
    xlabel="epoch",
    ylabel="learning rate, % of the first",
    ylim=(0, 105),
    xlim=(0, 800),
    title="Two staircases; dots: where training ended (GoogLeNet: inferred)",
)
show(picture, "16_staircase")

# %% [markdown]
# 4.5 % for Inception-v3. At 100 epochs GoogLeNet's rate would still be at 61
# %, but nobody says that it was trained for 100 epochs. The batch-norm paper
# says that its Inception took 31.0 million steps of 32 images to reach its
# best accuracy. That is 775 epochs. If GoogLeNet took as long, 2 % of its rate
# was left at the end, which is much like Inception-v3. That is an inference.
# What is certain: a factor per epoch says nothing until you know how many
# epochs there are.
#
# ## Clipping: what it bounds
#
# All gradients together are one long vector. Where it is longer than 2.0 it is
# shortened to that length; its direction stays. (The paper says only
# "threshold 2.0". That the length is meant follows from the work it cites.) A
# summary says that this "keeps the weights in a range".
#
# We give 100 weights a gradient of length 1000, always in the same direction,
# for 1,000 steps at lr 0.045.
#
# **Predict:** clipped at 2.0, how long is the vector of weights afterwards,
# under plain gradient descent?
#
# - (a) at most 2
# - (b) about 90
# - (c) 45,000, as without clipping
#
# <!-- answer: b
# a: the gradient is at most 2 long; the weights add up all the steps.
# b: 1,000 steps of 0.045 × 2 each.
# c: that is 1,000 × 0.045 × 1000; each step is 500 times shorter now.
# -->

# %%
CLIPPED = {
    "gradient descent": partial(SGD, lr=LR),
    "with momentum 0.9": partial(SGD, lr=LR, momentum=0.9),
    "RMSProp, eps 1": partial(RMSProp, lr=LR, momentum=0.0),
    "RMSProp, eps 1e-8": partial(RMSProp, lr=LR, momentum=0.0, eps=1e-8),
}


def travelled(build, limit):
    w = weight(np.zeros(100))
    optimizer = build([("w", w)])
    for _ in range(1000):
        w.grad = np.full(100, 100.0)  # of length 1000
        clip_grad_norm([("w", w)], limit)
        optimizer.step()
    return float(np.linalg.norm(w.data))


lengths = {}
print("length of the weights   not clipped   clipped at 2.0")
for name, build in CLIPPED.items():
    lengths[name] = travelled(build, np.inf), travelled(build, 2.0)
    print(f"{name:21} {lengths[name][0]:13,.0f} {lengths[name][1]:16,.0f}")

# %% tags=["hide-input"]
assert [round(cell) for cell in lengths["gradient descent"]] == [45_000, 90]
assert 880 < lengths["with momentum 0.9"][1] < 900
assert np.isclose(*lengths["RMSProp, eps 1e-8"], rtol=0.05)
assert lengths["RMSProp, eps 1"][1] < 0.25 * lengths["RMSProp, eps 1"][0]

# %% [markdown]
# 90, and it goes on like that for ever: **the gradient is bounded, the weights
# are not.** What is bounded is one step: at lr × 2, and with momentum 0.9 at
# ten times that. For RMSProp with a small eps not even that holds. It divides
# by the usual size of the gradient, so it makes a shortened gradient long
# again. With eps = 1 clipping works.
#
# ## Averaged weights
#
# The networks were judged with a running average of their parameters. After
# every step
#
# $$a \leftarrow d \times a + (1 - d) \times w$$
#
# where w are the weights and a is their average.
#
# That is a mean over about 1 / (1 - d) steps. At a high learning rate the
# weights jump about a good place, and their average lies nearer to it. We
# train at a rate that is too high, and do not lower it.
#
# **Predict:** every 20 steps we test the network as it is, and its average.
# What do you expect?
#
# - (a) the same accuracy
# - (b) the average is steadier and better
# - (c) the average is worse: nobody ever trained those weights
#
# <!-- answer: b
# a: the jumps of the weights cost accuracy, and the mean has none.
# b: jumps in opposite directions cancel in a mean.
# c: it was not trained, but it lies between weights that were, close together.
# -->

# %%
network = small_network()
watched = [*network.named_parameters(), *network.named_buffers()]
average = RunningAverage(watched, decay=0.98)
curves = {"as it is": [], "averaged": []}


def accuracy():
    with no_grad():
        guess = network.eval()(Tensor(test[0])).numpy().argmax(axis=1)
    network.train()
    return float((guess == test[1]).mean())


def each(step, loss):
    average.update()
    if step % 20 == 19:
        curves["as it is"].append(accuracy())
        with average.apply():
            curves["averaged"].append(accuracy())


# %%
learn(network, *train, steps=400, lr=0.1, seed=1, each=each)
print("second half   mean accuracy   lowest   change from test to test")
for name, curve in curves.items():
    late = np.array(curve[10:])
    jump = np.abs(np.diff(late)).mean()
    print(f"{name:12} {late.mean():14.1%} {late.min():8.1%} {jump:14.1%}")

# %% [markdown]
# ## Which statistics belong to averaged weights?
#
# The average is steadier. But the network has batch-norm, and each batch-norm
# keeps a running mean and variance for evaluation. Those belong to the weights
# as they are, not to the average. There are three ways to go on: leave the
# statistics as they are; average them, too, as above; or compute them anew by
# sending some batches through the averaged network, with nothing trained. The
# stored experiment tries all three, and also a learning rate that falls to
# zero, with five seeds each.
#
# **Predict:** which way gives the averaged network its highest accuracy?
#
# - (a) leaving them as they are
# - (b) averaging them
# - (c) computing them anew
#
# <!-- answer: c
# a: they are those of the weights after the last step.
# b: a mean of statistics is not the statistics of the mean of the weights;
#   it is only near them.
# c: they are measured on the very weights that they are used with; only these
#   are exact.
# -->

# %%
runs = stored("averaging")
print("second half, five seeds  mean of each seed        all    lowest test")
means = {}
for way, curves_of_seeds in runs["runs"].items():
    each_seed = [np.mean(curve) for curve in curves_of_seeds]
    means[way] = np.mean(each_seed)
    shown = " ".join(f"{m:6.1%}" for m in each_seed)
    print(
        f"{way:23} {shown} {means[way]:9.1%} {np.min(curves_of_seeds):10.1%}"
    )
ends = " ".join(f"{m:6.1%}" for m in runs["falling rate"])
end = np.mean(runs["falling rate"])
print(f"{'rate falls to 0, at end':23} {ends} {end:9.1%}")

# %% tags=["hide-input"]
assert means["recomputed"] > means["averaged"] > means["old statistics"]
assert means["old statistics"] > means["as it is"] + 0.03
for one, other in zip(
    runs["runs"]["recomputed"], runs["runs"]["averaged"], strict=True
):
    assert np.mean(one) > np.mean(other)
picture, axes = figure(width=8, height=3.8)
for (name, curve), line, colour in zip(
    curves.items(), ("o--", "s-"), ("vermilion", "blue"), strict=True
):
    axes.plot(
        range(20, 401, 20),
        [100 * a for a in curve],
        line,
        color=COLOURS[colour],
        label=name,
    )
axes.set(
    xlabel="step",
    ylabel="test accuracy, %",
    title="One training, with and without averaging its weights",
)
axes.legend(loc="lower right")
show(picture, "16_average")

# %% [markdown]
# Statistics that are left as they are cost a little. Averaged ones are better,
# but they are not those of the averaged weights. Computed anew they are exact,
# and best in each of the five seeds, though by about one point at most. A
# falling learning rate ends higher still on average: averaging does much of
# its work, without waiting for the end. The average costs memory for a second
# copy of the weights.
#
# ## Take away
#
# - With eps = 1, RMSProp is gradient descent with momentum, for all but the
#   largest gradients.
# - Say whether eps is under the root: 1e-8 there acts like 1e-4.
# - 0.045 belongs to 50 copies with 32 images each, and to eps = 1.
# - A staircase means nothing without the number of epochs: after 100, 0.94
#   every 2 leaves 4.5 % of the rate.
# - Clipping bounds one step of gradient descent, not the weights. RMSProp with
#   a small eps makes a clipped gradient long again.
# - Averaged weights are steadier. With batch-norm, compute the
#   statistics anew.
#
# **Exercises:** `lessons/exercises/16_training.py`, checked by `tinyinception
# lesson 16 --check`.
#
# **Paper:** Szegedy et al., *Rethinking the Inception Architecture for
# Computer Vision*, section 8; *Going Deeper with Convolutions*, section 6;
# Ioffe and Szegedy, *Batch Normalization*, section 4.
