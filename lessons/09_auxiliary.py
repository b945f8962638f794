# %% [markdown]
# # Lesson 9. Vanishing gradients and auxiliary classifiers
#
# **Time:** 40 minutes. **Afterwards you know** how fast a gradient fades with
# depth and what decides it, how much gradient GoogLeNet's auxiliary
# classifiers really add, whether they helped in our trainings, and what the
# papers say about them.
#
# **You need:** lessons 1, 5 and 7 (gradients, the module, GoogLeNet); what a
# variance is.
#
# ## The question
#
# GoogLeNet has two extra classifiers on the way, after modules 4a and 4d. In
# training their losses, times 0.3, are added to the main one; afterwards they
# are thrown away. Summaries say that they are there against [vanishing
# gradients](glossary.md#vanishing-gradient). A year later *Rethinking the
# Inception Architecture* looked again and called them regularisers. Who is
# right?

# %% [markdown]
# ## What they are
#
# An [auxiliary classifier](glossary.md#auxiliary-classifier) is a small
# network of its own. In GoogLeNet it is: an average over 5 × 5 pixels with
# stride 3, which makes 4 × 4 of the 14 × 14 grid; a 1x1 convolution to 128
# channels; a linear layer from these 4 × 4 × 128 = 2,048 numbers to 1,024; and
# one from there to the 1,000 classes.
#
# **Predict:** GoogLeNet has 7.0 million parameters. How many do its two
# auxiliary classifiers have together?
#
# - (a) 0.6 million
# - (b) 3.2 million
# - (c) 6.4 million
#
# <!-- answer: c
# a: the linear layer from 2,048 to 1,024 alone has 2.1 million weights.
# b: that is one of them: 2,048 × 1,024 + 1,024 × 1,000 and a little more.
# There are two.
# c: nine tenths of the network itself.
# -->

# %%
import numpy as np

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course import stored
from tinyinception.course.files import folder, load
from tinyinception.data import drawn
from tinyinception.nn.functional import cross_entropy
from tinyinception.nn.init import glorot
from tinyinception.tensor import Tensor

plots = load(folder() / "plots" / "09_auxiliary.py")
own, sizes = summary("googlenet"), {}
for row in summary("googlenet", training=True).rows:
    place = row.name.split(".")[0]
    if place.startswith("aux"):
        params, macs = sizes.get(place, (0, 0))
        sizes[place] = params + row.params, macs + row.macs
for place, (params, macs) in sizes.items():
    print(f"{place}: {params:,} parameters, {macs:,} multiply-adds")
params, macs = np.sum(list(sizes.values()), axis=0)
print(f"both: {params:,}, {params / own.params:.0%} of GoogLeNet's parameters")
print(f"      and {macs / own.macs:.2%} of its multiply-adds")

# %% tags=["hide-input"]
assert list(sizes.values()) == [(3_188_840, 4_169_728), (3_190_888, 4_202_496)]
assert params == 6_379_728
assert round(params / own.params, 2) == 0.91

# %% [markdown]
# 6.4 million parameters for half a percent more multiply-adds. After training
# all of it is thrown away. Inception-v3 keeps one such classifier, after its
# last 17x17 module.
#
# ## How a gradient fades
#
# Backward goes through the layers from the last to the first, and each
# multiplies the gradient by something. Take one layer whose weights have
# variance v, with a ReLU after it. An input's gradient is a sum of fan_out
# products (fan_out is the number of outputs that it feeds), and the ReLU lets
# about half of them through. So the mean square of the gradient is multiplied
# by
#
# $$ v \cdot \frac{\text{fan\_out}}{2} $$
#
# - **Glorot** initialisation (2010) has v = 2 / (fan_in + fan_out), where
#   fan_in is the number of inputs that an output collects from. With equal
#   fans that is a factor of 1/2. The gradient itself shrinks by the square
#   root of that, 0.71, in each layer.
# - **He** initialisation (2015) has v = 2 / fan_in: a factor of 1.
#
# How GoogLeNet's weights were drawn, the paper does not say.

# %%
DEPTH, WIDTH, WEIGHT = 24, 16, 0.3
UNITS = {
    "Glorot": lambda *a, **k: nn.ConvUnit(*a, **k, norm=None, init=glorot()),
    "He": lambda *a, **k: nn.ConvUnit(*a, **k, norm=None),
    "batch-norm": nn.ConvUnit,
}
pixels, labels = drawn.draw(64)
images = pixels.astype(np.float32) / 128 - 1


def gradients(unit, head, seed):
    """Length of the gradient at each layer's output, nothing trained."""
    nn.random.manual_seed(seed)
    layers = [unit(3, WIDTH, 3, stride=4)]  # to 8x8 pixels
    layers += [unit(WIDTH, WIDTH, 3) for _ in range(DEPTH - 1)]
    main, side = nn.classifier(WIDTH, 10), nn.classifier(WIDTH, 10)
    x, outputs = Tensor(images), []
    for layer in layers:
        x = layer(x).retain_grad()
        outputs.append(x)
    loss = cross_entropy(main(x), labels)
    if head:  # a second classifier, after layer 12
        loss = loss + WEIGHT * cross_entropy(side(outputs[11]), labels)
    loss.backward()
    return [np.linalg.norm(out.grad) for out in outputs]


# %% [markdown]
# **Predict:** after 24 layers with Glorot's weights, what is left of the
# gradient?
#
# - (a) about a tenth
# - (b) about a hundredth
# - (c) less than a thousandth
#
# <!-- answer: c
# a: that is after seven layers: 0.71 to the power of 7 is 0.09.
# b: that is after 13 or 14 layers.
# c: 0.71 to the power of 23 is 0.0004, and the borders of the image take some
# more.
# -->

# %%
norms = {
    name: {
        head: np.array([gradients(unit, head, seed) for seed in range(3)])
        for head in (False, True)
    }
    for name, unit in UNITS.items()
}
print("first layer's gradient / last layer's, three draws of the weights")
for name, both in norms.items():
    left = both[False][:, 0] / both[False][:, -1]
    per_layer = np.exp(np.log(left).mean() / (DEPTH - 1))
    each = "  ".join(f"{one:7.5f}" for one in left)
    print(f"{name:11} {each}   {per_layer:.2f} per layer")

# %% tags=["hide-input"]
reach = {
    name: both[False][:, 0] / both[False][:, -1]
    for name, both in norms.items()
}
assert reach["Glorot"].max() < 1e-3
assert 0.1 < reach["He"].min() < reach["He"].max() < 1
assert reach["batch-norm"].min() > 5

# %% [markdown]
# With Glorot's weights less than a thousandth arrives. With He's it is about
# four tenths; the rest is lost at the border of the 8 × 8 grid, where a 3x3
# has fewer than nine outputs to collect from. The layers are the same, only
# the weights they begin with are larger: by a factor of 1.41 in all layers but
# the first, which has three input channels. **Whether a gradient vanishes
# depends on the scale of the weights, not on depth alone.**
#
# Batch-norm sets that scale itself. In an untrained network it even overdoes
# it: the gradient *grows* on its way back. For very wide layers the factor is
# known to be the square root of pi / (pi - 1), 1.21 per layer (Yang et al., *A
# Mean Field Theory of Batch Normalization*, 2019).
#
# ## What a classifier half-way adds
#
# It sends 0.3 times its own gradient into layer 12, from where it has half as
# far to go.
#
# **Predict:** with Glorot's weights, how much more gradient does layer 1 get
# from it?
#
# - (a) a little more, about 1.3 times
# - (b) about 5 times
# - (c) more than 10 times
#
# <!-- answer: c
# a: that would be so if the gradient did not fade: 1 + 0.3. So it is with He's
# weights.
# b: its own gradient is smaller, 0.3, but it passes twelve layers fewer, and
# each of them halves the mean square.
# c: 0.3 / 0.71 to the power of 12 is 18 times what the main classifier sends.
# -->

# %%
gain = {
    name: both[True][:, 0] / both[False][:, 0] for name, both in norms.items()
}
print("gradient at layer 1, with the second classifier / without, three draws")
for name, factors in gain.items():
    print(f"{name:11}", "  ".join(f"{factor:6.2f}" for factor in factors))

# %% tags=["hide-input"]
plots.gradients(norms, "09_gradients")
assert gain["Glorot"].min() > 5
for name in ("He", "batch-norm"):
    assert 0.8 < gain[name].min() < gain[name].max() < 1.5

# %% [markdown]
# So an auxiliary classifier *can* be a source of gradient: where the weights
# let it vanish. Where they do not, the main classifier's own gradient is
# larger than what is added. With batch-norm the two curves lie on each other.
#
# ## And in GoogLeNet itself?
#
# That was a toy: a plain stack of narrow layers. GoogLeNet has 22 layers with
# weights, but through each module there are short ways, a single 1x1. A stored
# experiment measures GoogLeNet, untrained, with Glorot's weights, on drawn
# images scaled up to 224 × 224: at each stage the length of the kernels'
# gradient divided by the length of the kernels.
#
# **Predict:** by what factor do GoogLeNet's two auxiliary classifiers raise
# the gradient of its first layer?
#
# - (a) about 1.5
# - (b) about 5
# - (c) more than 20, as in the toy
#
# <!-- answer: a
# a: 1.3, 1.4 and 1.9 in three draws. The gradient has hardly vanished, so
# there is little to add to.
# b: that would need a gradient that fades to a tenth. It does not fade so
# much.
# c: in the toy the gradient fades to less than a thousandth. In GoogLeNet more
# than half of it reaches the first layer.
# -->

# %%
found = stored("gradient_reach")
print("stage          of the last module's     with / without, three draws")
for stage, without in found["without"].items():
    share = np.mean(without) / np.mean(found["without"]["inception_5b"])
    times = np.array(found["with"][stage]) / without
    each = "  ".join(f"{one:.2f}" for one in times)
    print(f"{stage:14} {share:18.2f} {each:>30}")

# %% tags=["hide-input"]
first = np.array(found["without"]["conv1"])
last = np.array(found["without"]["inception_5b"])
added = np.array(found["with"]["conv1"]) / first
assert 0.5 < first.mean() / last.mean() < 0.6
assert 1.3 < added.mean() < 1.6

# %% [markdown]
# In GoogLeNet the gradient does not vanish, even with Glorot's weights: the
# least, at module 3a, is 0.15 of the last module's, and the first layer gets
# more than half (means of three draws). The auxiliary classifiers multiply the
# first layer's by **1.5** on average. As a cure for vanishing gradients they
# have little to cure here.
#
# ## Does it help to learn?
#
# More gradient is not yet better learning. Two stored experiments train with
# and without.
#
# The first trains the toy, 12 layers deep, on 1,000 drawn images of four
# kinds, 500 steps, three times each: with batch-norm at a learning rate of
# 0.05, and without it but with He's first weights at 0.05 and 0.02. Other
# rates were not tried, so it does not show what each could do at its best
# rate. It tests on images that were trained on and on new ones. The difference
# of the two is what a regulariser should make smaller.
#
# **Predict:** with batch-norm, what does the second classifier change?
#
# - (a) the network learns the training images better
# - (b) the gap between training images and new images gets smaller
# - (c) nothing that three trainings can show
#
# <!-- answer: c
# a: 83, 89 and 93 % without, 91, 79 and 88 % with.
# b: the gap is 7, 12 and 9 points without, 11, 5 and 8 with.
# c: the trainings of one kind differ by up to 13 points, the means of the two
# kinds by one or two.
# -->

# %%
toy = stored("deep_heads")
print("right answers: training images / new images, three trainings")
kinds = [name for name in UNITS if name in toy]
for name in kinds:
    for kind, rates in toy[name].items():
        for rate, run in rates.items():
            each = "  ".join(
                f"{seen:.0%}/{new:.0%}"
                for seen, new in zip(run["train"], run["test"], strict=True)
            )
            print(f"{name:10} rate {rate:4} {kind:7}  {each}")

# %% tags=["hide-input"]
plots.learning(toy, "09_learning")
gaps = {
    kind: np.subtract(rates["0.05"]["train"], rates["0.05"]["test"])
    for kind, rates in toy["batch-norm"].items()
}
assert abs(gaps["head"].mean() - gaps["no head"].mean()) < 0.03
he = {kind: np.array(r["0.05"]["test"]) for kind, r in toy["He"].items()}
assert (sum(he["no head"] > 0.4), sum(he["head"] > 0.4)) == (0, 2)

# %% [markdown]
# With batch-norm both kinds learn, and neither is ahead: on new images 76 to
# 84 % without and 73 to 81 % with. The gap between training images and new
# ones is 7, 12 and 9 points without, and 11, 5 and 8 with. If there is a
# regularising effect, three trainings on drawn images do not show it.
#
# With He's weights it is different. At a rate of 0.02 all six trainings learn,
# and end alike: 43 to 59 % on new images without, 52 to 61 % with. At the rate
# of 0.05 none of the three trainings learns anything without the second
# classifier, and two of three do with it. So a second classifier can let a
# network survive a learning rate that is too high for it. That is help with
# learning, not regularisation: these networks are nearly as good on new images
# as on the ones they were trained on.
#
# The second experiment trains `googlenet_cifar`, this package's small
# GoogLeNet with its two auxiliary classifiers, on 5,000 drawn images, three
# times each.
#
# **Predict:** in which case do the auxiliary classifiers make a difference
# that is larger than that between trainings of one kind?
#
# - (a) with batch-norm
# - (b) without batch-norm
# - (c) in neither
#
# <!-- answer: c
# a: 94.3 and 94.4 % on average.
# b: 27 and 37 % on average. That looks large, but the trainings without them
# go from 14 to 51 %.
# c: with batch-norm they end alike. Without, three trainings of one kind
# differ by more than the two kinds.
# -->

# %%
small = stored("auxiliary")
for norm in ("batch-norm", "no batch-norm"):
    for kind in ("without", "with"):
        ends = [100 * run[-1] for run in small[norm][kind]]
        each = "  ".join(f"{end:.1f}" for end in ends)
        print(f"{norm:13} {kind:8} {each}   mean {np.mean(ends):.1f} %")

# %% tags=["hide-input"]
ends = {
    (norm, kind): np.array([run[-1] for run in small[norm][kind]])
    for norm in ("batch-norm", "no batch-norm")
    for kind in ("without", "with")
}
apart = {
    norm: ends[norm, "with"].mean() - ends[norm, "without"].mean()
    for norm in ("batch-norm", "no batch-norm")
}
assert abs(apart["batch-norm"]) < 0.005
assert 0.05 < apart["no batch-norm"] < 0.15
assert np.ptp(ends["no batch-norm", "without"]) > 0.3

# %% [markdown]
# ## What the papers say
#
# - *Going Deeper with Convolutions* introduces them, after 4a and 4d. (Not
#   "Inception-v2", as one summary has it.) It hopes for three things: more
#   gradient in early layers, features there that already tell classes apart,
#   and regularisation. That is the text of 2014. The version published in 2015
#   (CVPR) adds that later control experiments found a minor effect, around
#   0.5 %, and that one of the two was enough for it.
# - *Rethinking*, section 4, finds that training with and without looks the
#   same until both are accurate. Only near the end does the one with them come
#   out slightly higher. Removing the lower of the two does no harm. Hence the
#   name regulariser: something that keeps a network from fitting the training
#   images too closely. As support it offers that the main classifier is better
#   if the side one has batch-norm or dropout; in Table 3 the top-1 error (the
#   share of images whose most probable class is wrong) goes from 21.6 to 21.2
#   % with batch-norm.
#
# **Our verdict.** Against vanishing gradients: in GoogLeNet's shape they have
# little to do, a factor of 1.5, and in the toy with batch-norm nothing. At a
# learning rate that is too high: in the toy without batch-norm, they help. As
# regularisers: our small trainings show no effect that is larger than chance,
# for or against. The papers' own numbers are small too: about 0.5 % in the
# published *Going Deeper*, 0.4 % in *Rethinking* for batch-norm in the side
# classifier. The study `auxiliary` asks it of `inception_cifar` on
# photographs; `lessons/studies.md` says what came out, and so does claim A49.
#
# ## Take away
#
# - Each layer multiplies the gradient's mean square by v × fan_out / 2. With
#   Glorot's weights a gradient shrinks to 0.7 of its size in each layer, with
#   He's hardly.
# - A classifier half-way adds gradient where it vanishes: 20 to 34 times in a
#   plain stack of 24 layers with Glorot's weights. In GoogLeNet it is 1.5
#   times.
# - With batch-norm, our trainings end alike with and without. Without
#   batch-norm, a second classifier let two of three trainings survive a
#   learning rate at which none learned otherwise. At a lower rate all learned
#   with and without.
# - From a single training one could have concluded anything.
# - GoogLeNet's two nearly double its parameters in training, for half a
#   percent of its multiply-adds.
#
# **Exercises:** `lessons/exercises/09_auxiliary.py`, checked by
# `tinyinception lesson 9 --check`.
#
# **Paper:** Szegedy et al., *Going Deeper with Convolutions*, section 5;
# *Rethinking the Inception Architecture for Computer Vision*, section 4,
# Figure 8, Table 3.
