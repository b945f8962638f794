# %% [markdown]
# # Lesson 16. Training as the papers did
#
# **Time:** 35 minutes. **Afterwards you know** what the four lines of
# Inception-v3's recipe do: RMSProp with eps 1, a staircase of learning rates,
# clipped gradients, averaged weights; and what they do not.
#
# ## The question
#
# *Rethinking the Inception Architecture*, section 8: RMSProp with decay 0.9
# and eps = 1.0; learning rate 0.045, times 0.94 every two epochs; gradients
# clipped at 2.0; evaluated with a running average of the parameters. Most
# readers copy the numbers. What does each one do?

# %% [markdown]
# ## RMSProp, and an eps of 1
#
# RMSProp divides each weight's gradient g by its own usual size, the root of a
# running mean of squares:
#
#     ms    <-  0.9 ms + 0.1 g g
#     step   =  lr g / sqrt(ms + eps)
#
# Usually eps is tiny, 1e-8 say, and only guards against division by zero. Let
# g stay the same for a while: then ms = g g, and
#
#     step = lr g / sqrt(g g + eps)
#
# Where |g| is far above sqrt(eps), the step is lr, whatever g is. Where it is
# far below, the step is lr g / sqrt(eps).
#
# **Predict:** with eps = 1 the two meet at |g| = 1. What share of the weights
# of an untrained Inception network has a gradient larger than 0.1?

# %%
from functools import partial
from types import SimpleNamespace

import numpy as np

from tinyinception import models, nn
from tinyinception.course import COLOURS, figure, show
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


def weight(data):
    """A parameter as optimisers see it."""
    return SimpleNamespace(data=data.copy(), grad=None, shape=data.shape)


def steady(build, g, steps=600):
    """The last of many steps with a gradient that stays the same."""
    w = weight(np.zeros(len(g)))
    optimizer = build([("w", w)])
    for _ in range(steps):
        before, w.grad = w.data.copy(), g
        optimizer.step()
    return before - w.data


nn.random.manual_seed(0)
network = models.build("inception_cifar")
pixels, labels = drawn.draw(64)
logits, aux = network(Tensor(pixels.astype(np.float32) / 128 - 1))
(
    cross_entropy(logits, labels) + 0.4 * cross_entropy(aux[0], labels)
).backward()
found = np.concatenate([np.abs(p.grad).ravel() for p in network.parameters()])
print(
    f"{found.size:,} weights; median |g| {np.median(found):.1e}; above 0.1: {(found > 0.1).mean():.2%}; "
    f"above 1: {(found > 1).mean():.3%}"
)
assert (found > 0.1).mean() < 0.001
assert found.max() < 1

sizes = np.logspace(-6, 2, 60)
steps = {
    eps: steady(partial(RMSProp, lr=1.0, momentum=0.0, eps=eps), sizes)
    for eps in (1e-8, 1.0)
}
for eps, measured in steps.items():
    assert np.allclose(measured, sizes / np.sqrt(sizes**2 + eps), rtol=1e-6)
drawn_figure, (top, below) = figure(
    2, 1, width=8, height=5.4, sharex=True, height_ratios=(3, 1)
)
top.loglog(sizes, steps[1e-8], "--", color=COLOURS["vermilion"])
top.loglog(sizes, steps[1.0], color=COLOURS["blue"])
top.loglog(sizes[:52], sizes[:52], ":", color=COLOURS["black"])
top.text(2e-6, 1.6, "eps = 1e-8: always about lr", color=COLOURS["vermilion"])
top.text(
    2e-4,
    2e-5,
    "eps = 1: lr g, as gradient descent\n(dotted), up to |g| = 1",
    color=COLOURS["blue"],
)
top.set(
    ylabel="step / lr",
    title="RMSProp with eps = 1 is gradient descent for all but the largest gradients",
    ylim=(1e-6, 60),
)
below.hist(found[found > 1e-6], bins=sizes, color=COLOURS["grey"])
below.set(
    xlabel="gradient of one weight, |g|",
    ylabel="weights of an\nInception network",
    xscale="log",
    xlim=(1e-6, 1e2),
)
show(drawn_figure, "16_eps")

# %% [markdown]
# Fewer than one in a thousand, and none above 1. In this network eps = 1
# switches off the idea of dividing by a gradient's usual size: ms is nothing
# beside 1. What remains is gradient descent with momentum.
#
# Two details. TensorFlow starts ms at 1, so the first steps are divided by
# sqrt(1 + 1) = 1.41, until that has faded after some twenty steps: a short
# warm-up. And PyTorch starts ms at zero, and writes sqrt(ms) + eps instead of
# sqrt(ms + eps). With eps = 1e-8 nobody notices. With eps = 1 and |g| = 1 they
# differ by a factor of 2 / 1.41.
#
# We make 30 steps, give the very same gradients to four optimisers, and
# compare how far the weights went.
#
# **Predict:** which of these moves the weights as plain gradient descent with
# momentum does: RMSProp with eps = 1, with eps = 1e-8, both, neither?

# %%
KINDS = [
    drawn.CLASSES.index(name) for name in ("disc", "cross", "stripes", "dots")
]


def take(n, split):
    """Those of n drawn images that are of the four kinds, averaged over 2x2 pixels; and their labels."""
    raw, kinds = drawn.draw(n, split=split)
    keep = np.isin(kinds, KINDS)
    small = (
        raw[keep]
        .astype(np.float32)
        .reshape(-1, 16, 2, 16, 2, 3)
        .mean(axis=(2, 4))
    )
    return small / 64 - 2, np.searchsorted(KINDS, kinds[keep])


def small_network():
    nn.random.manual_seed(0)
    return nn.Sequential(
        nn.ConvUnit(3, 16, 3, stride=2),
        nn.ConvUnit(16, 16, 3),
        nn.ConvUnit(16, 32, 3, stride=2),
        nn.ConvUnit(32, 32, 3),
        nn.classifier(32, 4),
    )


def training(network, optimizer, steps, order):
    for _ in range(steps):
        pick = order.choice(len(train_x), 64, replace=False)
        optimizer.zero_grad()
        cross_entropy(network(Tensor(train_x[pick])), train_y[pick]).backward()
        yield optimizer.step()


(train_x, train_y), (test_x, test_y) = take(9000, "train"), take(1250, "test")
LR = 0.045
RULES = {
    "gradient descent": partial(SGD, lr=LR, momentum=0.9),
    "RMSProp, eps 1, PyTorch's": partial(RMSProp, lr=LR, rule="pytorch"),
    "RMSProp, eps 1, TensorFlow's": partial(RMSProp, lr=LR),
    "RMSProp, eps 1e-8, PyTorch's": partial(
        RMSProp, lr=LR, eps=1e-8, rule="pytorch"
    ),
}
leader = small_network()
start = [p.data.copy() for p in leader.parameters()]
shadows = {name: [weight(w) for w in start] for name in RULES}
followers = {
    name: build([(str(i), w) for i, w in enumerate(shadows[name])])
    for name, build in RULES.items()
}
for _ in training(
    leader,
    SGD(leader.named_parameters(), LR, momentum=0.9),
    30,
    np.random.default_rng(0),
):
    for name, follower in followers.items():
        for w, p in zip(shadows[name], leader.parameters(), strict=True):
            w.grad = p.grad.copy()
        follower.step()
moved = {
    name: np.concatenate(
        [(w.data - w0).ravel() for w, w0 in zip(weights, start, strict=True)]
    )
    for name, weights in shadows.items()
}
base = moved["gradient descent"]
cosines = {
    name: float(way @ base / np.linalg.norm(way) / np.linalg.norm(base))
    for name, way in moved.items()
}
print(
    "after 30 steps                  distance moved   cosine with gradient descent"
)
for name, way in moved.items():
    print(f"{name:30} {np.linalg.norm(way):15.2f} {cosines[name]:30.4f}")
assert min(cosines[name] for name in RULES if "eps 1," in name) > 0.95
assert cosines["RMSProp, eps 1e-8, PyTorch's"] < 0.9
assert np.linalg.norm(
    moved["RMSProp, eps 1e-8, PyTorch's"]
) > 100 * np.linalg.norm(base)

# %% [markdown]
# With eps = 1 it is gradient descent; in TensorFlow's form a little behind,
# for the warm-up. With the usual eps it goes another way, and hundreds of
# times as far: a learning rate means nothing without its eps.
#
# ## The staircase
#
# lr = base rate^(epochs / every), rounded down: a step every so many epochs.
# Inception-v3: 0.045, 0.94, every 2. GoogLeNet: "decrease by 4 % every 8
# epochs".
#
# **Predict:** after 100 epochs, what share of the first learning rate is left
# in each of the two?

# %%
v3, googlenet = (
    ExponentialStaircase(0.045, 0.94, 2),
    ExponentialStaircase(1.0, 0.96, 8),
)
tenth = next(epoch for epoch in range(1000) if googlenet(epoch) < 0.1)
print(
    f"Inception-v3: {v3(100):.5f}, {v3(100) / 0.045:.1%}; GoogLeNet: {googlenet(100):.1%}, "
    f"and under a tenth only after {tenth} epochs"
)
assert (round(v3(100), 5), round(v3(100) / 0.045, 3)) == (0.00204, 0.045)
assert (round(googlenet(100), 3), tenth) == (0.613, 456)
drawn_figure, axes = figure(width=8, height=3.8)
axes.step(
    range(101),
    [100 * googlenet(e) for e in range(101)],
    "--",
    where="post",
    color=COLOURS["vermilion"],
)
axes.step(
    range(101),
    [100 * v3(e) / 0.045 for e in range(101)],
    where="post",
    color=COLOURS["blue"],
)
axes.text(
    50, 82, "GoogLeNet: 4 % less every 8 epochs", color=COLOURS["vermilion"]
)
axes.text(
    34, 40, "Inception-v3: 6 % less every 2 epochs", color=COLOURS["blue"]
)
axes.set(
    xlabel="epoch",
    ylabel="learning rate, % of the first",
    ylim=(0, 105),
    xlim=(0, 100),
    title="100 epochs",
)
show(drawn_figure, "16_staircase")

# %% [markdown]
# 4.5 % and 61 %: GoogLeNet's rate hardly falls at all.
#
# ## Clipping: what it bounds
#
# All gradients together, as one long vector, are shortened to length 2.0 where
# they are longer; the direction stays. A widely read summary says that this
# "keeps the weights in a range".
#
# We give 100 weights a gradient of length 1000, always in the same direction,
# for 1,000 steps at lr 0.045.
#
# **Predict:** with clipping at 2.0, how long is the vector of weights
# afterwards under gradient descent: at most 2, about 90, or as long as without
# clipping? And does clipping shorten the steps of RMSProp with eps = 1e-8?

# %%
CLIPPED = {
    "gradient descent": partial(SGD, lr=LR),
    "with momentum 0.9": partial(SGD, lr=LR, momentum=0.9),
    "RMSProp, eps 1": partial(RMSProp, lr=LR, momentum=0.0),
    "RMSProp, eps 1e-8": partial(RMSProp, lr=LR, momentum=0.0, eps=1e-8),
}


def length(build, limit):
    w = weight(np.zeros(100))
    optimizer = build([("w", w)])
    for _ in range(1000):
        w.grad = np.full(100, 100.0)  # of length 1000
        clip_grad_norm([("w", w)], limit)
        assert np.linalg.norm(w.grad) <= min(limit, 1000.0) * (1 + 1e-9)
        optimizer.step()
    return float(np.linalg.norm(w.data))


lengths = {
    name: (length(build, np.inf), length(build, 2.0))
    for name, build in CLIPPED.items()
}
print("length of the weights after 1,000 steps   not clipped   clipped at 2.0")
for name, (free, clipped) in lengths.items():
    print(f"{name:39} {free:13,.0f} {clipped:16,.0f}")
assert [round(cell) for cell in lengths["gradient descent"]] == [45_000, 90]
assert 880 < lengths["with momentum 0.9"][1] < 900
assert np.isclose(*lengths["RMSProp, eps 1e-8"], rtol=0.05)
assert lengths["RMSProp, eps 1"][1] < 0.25 * lengths["RMSProp, eps 1"][0]

# %% [markdown]
# 90 = 1,000 steps of 0.045 times 2, and it goes on like that for ever: **the
# gradient is bounded, the weights are not.** What is bounded is the single
# step, at lr times 2; with momentum 0.9 at ten times that. With RMSProp and a
# small eps clipping does not even do that: dividing by the usual size undoes
# the shortening. With eps = 1 it works.
#
# ## Averaged weights
#
# The networks were judged with a running average of their parameters: average
# <- d average + (1 - d) weights, after every step, over about 1 / (1 - d)
# steps. At a high learning rate the weights jump about a good place; their
# average lies nearer to it. We train at a rate that is too high, and do not
# lower it.
#
# **Predict:** every 40 steps we test the network as it is, and its average.
# Which of the two curves is steadier?

# %%
network = small_network()
average = RunningAverage(
    [*network.named_parameters(), *network.named_buffers()], decay=0.98
)


def accuracy():
    with no_grad():
        guess = network.eval()(Tensor(test_x)).numpy().argmax(axis=1)
    network.train()
    return float((guess == test_y).mean())


curves = {"as it is": [], "averaged": []}
optimizer = SGD(network.named_parameters(), 0.1, momentum=0.9)
for step, _ in enumerate(
    training(network, optimizer, 800, np.random.default_rng(1)), 1
):
    average.update()
    if step % 40 == 0:
        curves["as it is"].append(accuracy())
        with average.apply():
            curves["averaged"].append(accuracy())
late = {name: np.array(curve[10:]) for name, curve in curves.items()}
jumps = {name: np.abs(np.diff(curve)).mean() for name, curve in late.items()}
print(
    "second half of the training   mean accuracy   lowest   change from test to test"
)
for name, curve in late.items():
    print(
        f"{name:29} {curve.mean():13.1%} {curve.min():8.1%} {jumps[name]:16.1%}"
    )
assert jumps["averaged"] < 0.7 * jumps["as it is"]
assert late["averaged"].mean() > late["as it is"].mean()
drawn_figure, axes = figure(width=8, height=3.8)
for (name, curve), style, colour in zip(
    curves.items(), ("o--", "s-"), ("vermilion", "blue"), strict=True
):
    axes.plot(
        range(40, 801, 40),
        [100 * a for a in curve],
        style,
        color=COLOURS[colour],
        label=name,
    )
axes.set(
    xlabel="step",
    ylabel="test accuracy, %",
    xlim=(0, 820),
    title="The same training, with and without averaging its weights",
)
axes.legend(loc="lower right")
show(drawn_figure, "16_average")

# %% [markdown]
# The average is steadier and, here, better: it does much of what a falling
# learning rate does, without waiting for it. It costs a copy of the weights,
# and nothing in training, for it is never trained on. Batch-norm's running
# statistics must be averaged too, or they belong to other weights.
#
# ## Take away
#
# - With eps = 1, RMSProp is gradient descent with momentum, for all but the
#   largest gradients.
# - 0.94 every 2 epochs leaves 4.5 % after 100 epochs; 0.96 every 8 leaves 61
#   %.
# - Clipping bounds the gradient and so the step of gradient descent. It does
#   not bound the weights.
# - Before a small eps, clipping is undone.
# - Averaged weights are steadier than those they are averaged from.
#
# **Exercises:** `lessons/exercises/16_training.py`, checked by `tinyinception
# lesson 16 --check`.
#
# **Paper:** Szegedy et al., *Rethinking the Inception Architecture for
# Computer Vision*, section 8; *Going Deeper with Convolutions*, section 6;
# *Inception-v4*, section 4, for the same recipe on other networks.
