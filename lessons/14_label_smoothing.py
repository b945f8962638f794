# %% [markdown]
# # Lesson 14. Label smoothing
#
# **Time:** 40 minutes. **Afterwards you know** why a smoothed loss cannot
# reach zero, how far apart the logits end up and why they stop there, when
# smoothing helps a small network and when it hurts, and what a reliability
# diagram shows.
#
# **You need:** lessons 0 and 2; what a logarithm is. The
# [logits](glossary.md#logit) are the numbers that a network gives out, one for
# each class; [softmax](glossary.md#softmax) turns them into probabilities.
#
# ## The question
#
# *Rethinking the Inception Architecture* trains with labels that are a little
# wrong on purpose. A summary of the paper works one example. It finds a loss
# of 1.47 without smoothing and 2.63 with it. It concludes that the higher loss
# makes the network work harder, so that it pushes the right class up further.
# Are the numbers right? Is the conclusion?

# %% [markdown]
# ## A label that adds up to one
#
# A label gives each of K classes a probability: q is 1 at the right class and
# 0 elsewhere. [Smoothing](glossary.md#label-smoothing) mixes in a second
# distribution u with a small weight eps. The paper takes eps = 0.1 and
# u = 1/K in every class:
#
# $$q' = (1 - \text{eps}) \times q + \text{eps} \times u$$
#
# With K = 5 the right class gets 0.9 + 0.02 = 0.92, each other class 0.02. The
# summary takes u = [1, 1, 1, 1, 1] instead. In its example the network says
# p = [.10 .10 .10 .36 .34], and the fourth class is right.
#
# **Predict:** with the summary's u, what do the five numbers of q' add up to?
#
# - (a) 1.0
# - (b) 1.1
# - (c) 1.4
#
# <!-- answer: c
# a: they would if u added up to 1, but five ones add up to 5.
# b: that would be 1 + eps; each of the five classes gets its own eps.
# c: 0.9 × 1 + 0.1 × 5 = 1.4, so q' is no distribution.
# -->

# %%
from textwrap import fill

import numpy as np

from tinyinception import nn
from tinyinception.course import COLOURS, figure, learn, show, stored
from tinyinception.data import drawn
from tinyinception.errors import ArgumentError
from tinyinception.nn.functional import cross_entropy
from tinyinception.tensor import Tensor, no_grad

eps, K, right = 0.1, 5, 3
p = np.array([0.10, 0.10, 0.10, 0.36, 0.34])
q = np.array([0.0, 0.0, 0.0, 1.0, 0.0])
smooth = (1 - eps) * q + eps * np.full(K, 1 / K)
copied = (1 - eps) * q + eps * np.ones(K)
print("u = 1/5: ", smooth.round(2), "adds up to", round(smooth.sum(), 3))
print("u = 1:   ", copied.round(2), "adds up to", round(copied.sum(), 3))
try:
    cross_entropy(Tensor(np.log(p)[None]), copied[None])
except ArgumentError as error:
    print(fill(f"the package refuses it: {error}", 76))

# %% tags=["hide-input"]
assert np.allclose(smooth, [0.02, 0.02, 0.02, 0.92, 0.02])
assert np.isclose(copied.sum(), 1.4)

# %% [markdown]
# ## The example, done right
#
# The loss is the [cross-entropy](glossary.md#cross-entropy) of label and
# prediction:
#
# $$H(q', p) = -\sum_k q'_k \times \log p_k$$
#
# With natural logarithms the loss is in *nats*, with logarithms to base 2 in
# *bits*. Both are fine. One nat is 1 / ln 2 = 1.44 bits. The summary uses bits
# without saying so; papers use nats.
#
# **Predict:** the summary has 2.63 bits with smoothing. What should it be?
#
# - (a) 1.47 bits, as without smoothing
# - (b) 1.59 bits
# - (c) 2.63 bits
#
# <!-- answer: b
# a: the loss does change, since the wrong classes now count a little.
# b: 0.92 and four times 0.02 as weights give 1.59; u = 1 made it 2.63.
# c: that comes from a label that adds up to 1.4.
# -->


# %%
def H(q, p):
    """Cross-entropy in nats."""
    return -(q * np.log(p)).sum()


losses = {
    "without smoothing": H(q, p),
    "with smoothing": H(smooth, p),
    "with u = 1": H(copied, p),
}
print("                     nats   bits")
for name, loss in losses.items():
    print(f"{name:18} {loss:.4f} {loss / np.log(2):.4f}")

# %% tags=["hide-input"]
nats = np.array([*losses.values()])
logits = Tensor(np.log(p)[None])
package = cross_entropy(logits, [right], label_smoothing=eps).item()
assert np.round([*nats[:2], package], 4).tolist() == [1.0217, 1.0997, 1.0997]
assert np.round(nats / np.log(2), 2).tolist() == [1.47, 1.59, 2.63]

# %% [markdown]
# 1.47 is right, in bits. 2.63 should have been 1.59. In nats: 1.02 and 1.10.
#
# ## One loss, two parts
#
# The label q' is a sum, and each part of it can be multiplied by -log p on its
# own. Hence
#
# $$H(q', p) = (1 - \text{eps}) \times H(q, p) + \text{eps} \times H(u, p)$$
#
# Smoothed labels do the same as unsmoothed labels with a second loss. The
# second loss is small when all classes are equally probable. Its weight,
# compared with the first, is eps / (1 - eps) = 0.111.
#
# ## The gradient
#
# p is the softmax of the logits z, so log p_k = z_k - ln(sum of e^z). The q'
# add up to 1, and therefore
#
# $$H(q', p) = \ln(\sum_j e^{z_j}) - \sum_k q'_k \times z_k$$
#
# The derivative of ln(sum of e^z) by z_k is e^(z_k) / (sum of e^z), which is
# p_k. The derivative of the second sum is q'_k. So
#
# $$\frac{\partial H}{\partial z_k} = p_k - q'_k$$
#
# This holds for every class. Where the network says more than the label, the
# number is positive and gradient descent lowers the logit. Where it says less,
# gradient descent raises it.
#
# **Predict:** a network is 99 % sure of the right class, K = 5, eps = 0.1.
# What does smoothing do to the logit of the right class?
#
# - (a) it pushes it up, harder than without smoothing
# - (b) it pushes it up, less hard than without smoothing
# - (c) it pushes it down
#
# <!-- answer: c
# a: it never pushes harder than without; the label is lower than 1.
# b: that is so as long as p is below 0.92; 0.99 is above it.
# c: p - q' = 0.99 - 0.92 = +0.07, and a positive gradient lowers the logit.
# -->


# %%
def gradient(p, **smoothing):
    """Of the package's loss, with respect to the logits that make p."""
    z = Tensor(np.log(p)[None], requires_grad=True)
    cross_entropy(z, [right], **smoothing).backward()
    return z.grad[0]


sure = np.array([0.0025, 0.0025, 0.0025, 0.99, 0.0025])
print("gradient of each logit; the fourth class is right")
for name, options in ("without", {}), ("with", {"label_smoothing": eps}):
    for who, state in ("unsure (.36)", p), ("sure (.99)", sure):
        shown = " ".join(f"{g:+.4f}" for g in gradient(state, **options))
        print(f"{name:8} {who:13} {shown}")

# %% tags=["hide-input"]


def differences(p, target, h=1e-6):
    """The same from differences of the loss, without the package."""

    def loss(z):
        return H(target, np.exp(z) / np.exp(z).sum())

    return np.array(
        [
            (loss(np.log(p) + h * e) - loss(np.log(p) - h * e)) / (2 * h)
            for e in np.eye(K)
        ]
    )


for target, options in ((q, {}), (smooth, {"label_smoothing": eps})):
    for state in (p, sure):
        pair = gradient(state, **options), differences(state, target)
        assert np.allclose(pair, state - target, atol=1e-8)
assert np.isclose(gradient(sure, label_smoothing=eps)[right], 0.07)
assert (gradient(p)[q == 0] > 0).all()

# %% [markdown]
# At 99 % the right logit is pushed down, by 0.07. At 36 % it is pushed up, but
# less than without smoothing: 0.56 against 0.64. So smoothing pushes the right
# class up less everywhere, and above 0.92 it pushes it down. The summary says
# the opposite.
#
# The wrong classes move without smoothing, too: softmax joins all logits, and
# each wrong one is pushed down by its own p.
#
# ## How far apart the logits end up
#
# The loss is smallest where the gradient is zero, at p = q'. There the right
# logit is above each other one by
#
# $$\text{gap} = \ln(\frac{1 - \text{eps} + \text{eps}/K}{\text{eps}/K})$$
#
# What is left of the loss is H(q', q'), which is not zero. Without smoothing
# eps is 0 and the gap has no limit: larger logits always make the
# loss smaller.
#
# **Predict:** with eps = 0.1 and K = 1000 classes, how large is the gap?
#
# - (a) about 2
# - (b) about 9
# - (c) about 90
#
# <!-- answer: b
# a: ln 9 = 2.2 would be 0.9 against 0.1; here 0.1 is shared by 1000 classes.
# b: ln(0.9001 / 0.0001) = ln 9001 = 9.1.
# c: the two differ 9001 times, and logits are logarithms.
# -->


# %%
def best_gap(classes, eps=0.1):
    return np.log((1 - eps + eps / classes) / (eps / classes))


def loss_at(gap, classes, eps):
    """The right logit is `gap` above all others, which are equal."""
    z = np.zeros((len(gap), classes))
    z[:, 0] = gap
    labels = np.zeros(len(gap), int)
    options = {"label_smoothing": eps, "reduction": "none"}
    return cross_entropy(Tensor(z), labels, **options).numpy()


print("classes    gap  smallest loss  q' of the right class")
for classes in (5, 10, 1000):
    gap = best_gap(classes)
    least = loss_at(np.array([gap]), classes, eps)[0]
    print(f"{classes:7} {gap:6.2f} {least:14.3f} {0.9 + 0.1 / classes:22.4f}")

# %% tags=["hide-input"]
for classes, gap, least in (
    (5, 3.83, 0.39),
    (10, 4.51, 0.50),
    (1000, 9.11, 1.01),
):
    assert round(best_gap(classes), 2) == gap
    near = loss_at(best_gap(classes) + np.r_[-0.01, 0, 0.01], classes, eps)
    assert near.argmin() == 1
    assert round(near[1], 2) == least
gaps = np.linspace(0, 12, 241)
picture, axes = figure()
axes.plot(gaps, loss_at(gaps, 10, 0.0), "--", color=COLOURS["vermilion"])
axes.plot(gaps, loss_at(gaps, 10, eps), color=COLOURS["blue"])
for smoothing, colour in ((0.0, "vermilion"), (eps, "blue")):
    for start in (1.5, 3.0, 7.0, 9.5):
        pair = loss_at(np.array([start, start + 0.01]), 10, smoothing)
        length = -8 * (pair[1] - pair[0]) / 0.01 * 0.4
        end = start + np.clip(length, -1.5, 1.5)
        if abs(length) > 0.05:
            axes.annotate(
                "",
                (end, pair[0] + 0.12),
                (start, pair[0] + 0.12),
                arrowprops={"arrowstyle": "-|>", "color": COLOURS[colour]},
            )
axes.plot(best_gap(10), 0.5, "o", color=COLOURS["blue"], markersize=9)
axes.text(4.8, 0.3, "smallest loss 0.50 at a gap of 4.51")
axes.text(7.6, 1.15, "smoothed, eps = 0.1", color=COLOURS["blue"])
axes.text(6, 0.1, "unsmoothed: falls for ever", color=COLOURS["vermilion"])
axes.set(
    xlim=(0, 12),
    ylim=(0, 2.4),
    xlabel="gap: right logit minus each of the nine others",
    ylabel="loss of one image, nats",
    title="Arrows: where gradient descent moves the gap, and how strongly",
)
show(picture, "14_loss")

# %% [markdown]
# ## Does a network stop there?
#
# A small one: four 3x3 convolutions, and 500 of the drawn images. In 30
# [epochs](glossary.md#epoch) it can learn those by heart. We train it twice
# from the same weights, once with smoothing. After each epoch we look at the
# gap of every training image: the right logit minus the mean of the others.
#
# **Predict:** where is the median gap at the end with smoothing?
#
# - (a) near 4.5, where the loss is smallest
# - (b) far above 4.5, and still rising
# - (c) near 0, because smoothing makes all classes alike
#
# <!-- answer: a
# a: the formula says ln 91 = 4.51, and the network can reach it.
# b: without smoothing it ends higher; with it, larger gaps cost again.
# c: u has only a tenth of the weight; the label still prefers one class.
# -->

# %%
x, y = drawn.draw(500)
x = ((x / 255 - 0.5) / 0.264).astype(np.float32)


def small_network(seed=0):
    nn.random.manual_seed(seed)
    return nn.Sequential(
        nn.ConvUnit(3, 16, 3, stride=2),
        nn.ConvUnit(16, 32, 3, stride=2),
        nn.ConvUnit(32, 32, 3),
        nn.ConvUnit(32, 64, 3, stride=2),
        nn.classifier(64, 10),
    )


def look(network):
    """Logits of the training images, and the gap of each."""
    network.eval()
    with no_grad():
        z = network(Tensor(x)).numpy()
    network.train()
    own = z[np.arange(len(y)), y]
    return z, own - (z.sum(axis=1) - own) / 9


# %%
trained, found = {}, {}
print("smoothing   learnt   gap: 10 %   median    90 %")
for smoothing in (0.0, eps):
    network, each_epoch = small_network(), []

    def watch(step, loss, network=network, each_epoch=each_epoch):
        if step % 10 == 9:  # ten batches of 50 are an epoch
            each_epoch.append(look(network)[1])

    learn(
        network,
        *(x, y),
        steps=300,
        batch=50,
        schedule=lambda step: 0.05 * (1 - step / 300),
        label_smoothing=smoothing,
        each=watch,
    )
    trained[smoothing], found[smoothing] = network, np.array(each_epoch)
    right_ones = (look(network)[0].argmax(axis=1) == y).mean()
    low, middle, high = np.percentile(each_epoch[-1], [10, 50, 90])
    print(
        f"{smoothing:9} {right_ones:8.1%} {low:11.2f}"
        f" {middle:8.2f} {high:7.2f}"
    )

# %% tags=["hide-input"]
middle = {kind: np.median(gaps[-1]) for kind, gaps in found.items()}
assert abs(middle[eps] - best_gap(10)) < 1.2
assert middle[0.0] > 1.3 * middle[eps]
picture, (left, side) = figure(1, 2, sharey=True, width_ratios=(3, 2))
for smoothing, colour, line in ((0.0, "vermilion", "--"), (eps, "blue", "-")):
    low, middles, high = np.percentile(found[smoothing], [10, 50, 90], axis=1)
    epochs = range(1, 31)
    options = {"color": COLOURS[colour]}
    left.fill_between(epochs, low, high, alpha=0.15, linewidth=0, **options)
    left.plot(epochs, middles, line, **options)
    side.hist(
        found[smoothing][-1],
        bins=np.arange(-2, 32, 0.5),
        orientation="horizontal",
        histtype="step",
        linestyle=line,
        linewidth=1.8,
        **options,
    )
for axes in (left, side):
    axes.axhline(best_gap(10), color="black", linewidth=1, linestyle=":")
left.text(29, middle[0.0] + 0.8, "no smoothing", ha="right", color="#D55E00")
left.text(29, 2.6, "smoothing", ha="right", color=COLOURS["blue"])
left.set(
    xlabel="epoch",
    ylabel="gap on the training images",
    ylim=(-2, np.ceil(np.percentile(found[0.0][-1], 99)) + 1),
    xlim=(1, 30),
    title="Median, and the middle 80 % of images",
)
side.set(xlabel="training images", title="After 30 epochs; dotted: ln 91")
show(picture, "14_gaps")

# %% [markdown]
# With smoothing the gaps gather around 4.5, where the formula puts them.
# Without it they are larger and lie further apart. (Both curves flatten at the
# end because the learning rate falls to zero there. Without smoothing the gap
# has no place to stop at.)
#
# ## Which of the two is better on new images?
#
# That is another question, and one training cannot answer it. The stored
# experiment trains this network with 2,000 images, which it sees 15 times, and
# with 10,000 images, which it sees 3 times: 600 steps each, three
# [seeds](glossary.md#seed), with and without smoothing.
#
# **Predict:** where does smoothing cost test accuracy here?
#
# - (a) nowhere: the paper found a gain
# - (b) only with 2,000 images
# - (c) in both cases, on average
#
# <!-- answer: c
# a: the paper trained a large network for 100 epochs; this one is small.
# b: with 2,000 images it costs in all three seeds; with 10,000 on average.
# c: and the accuracy on the training images is lower, too.
# -->

# %%
small = stored("smoothing_small")["runs"]
table = {}
print("images  smoothing   test accuracy of each seed   mean   training")
for images in (2000, 10_000):
    for kind in (0.0, eps):
        mine = [
            r for r in small if (r["images"], r["smoothing"]) == (images, kind)
        ]
        tests = [r["test"][-1] for r in mine]
        table[images, kind] = np.mean(tests)
        shown = "  ".join(f"{t:.1%}" for t in tests)
        learnt = np.mean([r["train"] for r in mine])
        print(
            f"{images:6} {kind:10} {shown:>28}"
            f" {np.mean(tests):8.1%} {learnt:8.1%}"
        )

# %% tags=["hide-input"]
assert table[2000, 0.0] > table[2000, eps] + 0.05
assert table[10_000, 0.0] > table[10_000, eps]

# %% [markdown]
# With 2,000 images smoothing costs 6 to 7 points in every seed; with 10,000
# from 0 to 7. Why? We do not know for certain. One thing can be seen: the
# training accuracy is lower, too. So here smoothing does not prevent learning
# by heart; it makes the network learn less in the same number of steps. A
# small network in a short training has no use for that.
#
# ## A network that generalises
#
# The package's small GoogLeNet learns much more from 5,000 drawn images. The
# stored experiment has three seeds each way. It also has how sure the network
# is, on the test images that it gets right.
#
# **Predict:** both get about 94 to 95 % right. How sure of the right class is
# the smoothed network, on average?
#
# - (a) about 83 %: less than it is right
# - (b) about 95 %: as much as it is right
# - (c) about 99 %: more than it is right
#
# <!-- answer: a
# a: its best probability is 0.91, and it does not reach that on all images.
# b: that would be perfect calibration; smoothing does not aim at it.
# c: above 0.91 the loss goes up again.
# -->

# %%
runs = stored("smoothing")
print("smoothing  accuracy of each seed    p right   above .99   loss   gap")
mean = {}
for kind in ("without", "with"):
    found = runs[kind]
    mean[kind] = {key: np.mean([r[key] for r in found]) for key in found[0]}
    each = "  ".join(f"{r['accuracy']:.1%}" for r in found)
    m = mean[kind]
    print(
        f"{kind:9}  {each} {m['p_right']:10.2f} {m['p_right_above_99']:10.1%}"
        f" {m['loss']:8.2f} {m['gap']:5.1f}"
    )

# %% tags=["hide-input"]
assert [round(m["gap"], 1) for m in mean.values()] == [12.3, 4.8]
assert [round(m["p_right"], 2) for m in mean.values()] == [0.92, 0.83]
spread = np.ptp([r["accuracy"] for r in runs["without"]])
assert spread > mean["with"]["accuracy"] - mean["without"]["accuracy"] > 0
picture, axes = figure(width=6.4, height=4.6)
for kind, line, colour in ((0.0, "o--", "vermilion"), (eps, "s-", "blue")):
    mine = [r for r in small if (r["images"], r["smoothing"]) == (2000, kind)]
    n, sure_sum, hits = np.sum([r["bins"] for r in mine], axis=0).T
    good = n >= 30
    axes.plot(
        100 * sure_sum[good] / n[good],
        100 * hits[good] / n[good],
        line,
        color=COLOURS[colour],
        label="smoothing" if kind else "no smoothing",
    )
axes.plot([0, 100], [0, 100], ":", color="black", linewidth=1)
axes.text(62, 52, "too sure", ha="left")
axes.text(30, 62, "not sure enough", ha="left")
axes.set(
    xlabel="how sure the network is, %",
    ylabel="how often it is right, %",
    title="Reliability: small network, 2,000 images, three seeds",
)
axes.legend()
show(picture, "14_reliability")

# %% [markdown]
# The accuracy is 95.0 against 94.3 %, in the direction of the paper's gain;
# but the seeds differ by more than that. What is certain is the gap: 4.8
# against 12.3. Both networks are right in about 95 of 100 cases. The smoothed
# one gives the right class 83 % where it is right, so it is
# *under*-confident.
#
# Whether a network is as often right as it says is called
# [calibration](glossary.md#calibration). The figure is a reliability diagram.
# It puts test images that the network is about equally sure of into one group
# and compares how sure it is with how often it is right. On the dotted line
# both agree. It shows the small network: where that is most sure, it is too
# sure, with smoothing and without.
#
# The paper reports a gain on ImageNet: top-1 error from 23.1 to 22.8 % and
# top-5 from 6.3 to 6.1 % (Table 3; the text says 0.2 % for both). The top-5
# error counts an image as wrong only if its class is not among the five most
# probable ones. Müller, Kornblith and Hinton (*When Does Label Smoothing
# Help?*, 2019) looked at what smoothing does to the last layer: images of one
# class lie closer together. On photographs, the study `smoothing` compares
# four values of eps: `lessons/studies.md`, and claim A51.
#
# ## Take away
#
# - q' = (1 - eps) × q + eps × u must add up to 1. Say whether a loss is in
#   nats or bits.
# - The gradient is p - q'. Smoothing pushes the right class up less, and down
#   once it is above 1 - eps + eps/K.
# - The logits stop at a gap of 4.51 for 10 classes and 9.11 for 1000. The loss
#   stops above zero, so losses with and without smoothing cannot be compared.
# - A smoothed network is less sure, and can be less sure than it should be.
# - Smoothing is no gain everywhere: our small networks lost by it.
#
# **Exercises:** `lessons/exercises/14_label_smoothing.py`, checked by
# `tinyinception lesson 14 --check`.
#
# **Paper:** Szegedy et al., *Rethinking the Inception Architecture for
# Computer Vision*, section 7 and Table 3.
