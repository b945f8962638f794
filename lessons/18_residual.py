# %% [markdown]
# # Lesson 18. Inception-v4, residual Inception, and how one dies
#
# **Time:** 40 minutes. **Afterwards you know** what a residual Inception block
# adds, which two printed widths cannot be, what the networks cost, and which
# part of a residual network kills it when its residuals are not scaled down.
#
# **You need:** lessons 5, 13 and 16; what a slope is. Curvature and eigenvalue
# are explained where they are used.
#
# ## The question
#
# *Inception-v4, Inception-ResNet and the Impact of Residual Connections on
# Learning* reports (section 3.3) that with more than 1000 filters the residual
# networks "died": the last layer before the average pooling gave only zeros.
# Multiplying each residual by 0.1 to 0.3 before the addition cured it. Can we
# make a small one die, and say why?

# %% [markdown]
# ## What is in a block
#
# A residual block computes a correction and adds it to its input:
#
#     x  <-  ReLU(x + scale × up(branches(x)))
#
# The paper says in section 1 that "it is natural to replace the filter
# concatenation stage of the Inception architecture with residual connections".
# The networks that it then draws do something else: the branches are
# concatenated as before, then a 1 × 1 convolution without ReLU (`up`) brings
# them to the input's width, and the sum comes on top.
#
# **Predict:** in Inception-ResNet-v2, the concatenated branches are ...
#
# - (a) wider than the block's input
# - (b) as wide
# - (c) narrower
#
# <!-- answer: c
# a: a plain Inception module widens; a residual block only corrects.
# b: then `up` would not be needed for the width.
# c: by a factor of 2.5 to 4.6; `up` widens them again.
# -->

# %%
import numpy as np

from tinyinception import models, nn, optim
from tinyinception.count import summary
from tinyinception.course import stored
from tinyinception.course.files import folder, load
from tinyinception.data import Loader, drawn
from tinyinception.errors import ShapeError
from tinyinception.nn.functional import cross_entropy
from tinyinception.tensor import Tensor, no_grad

plots = load(folder() / "plots" / "18_residual.py")
with nn.shape_only():
    blocks = {
        name: module
        for name, module in models.build("inception_resnet_v2").named_modules()
        if name.endswith("_1") and isinstance(module, nn.ResidualInception)
    }
print("block         input  branches           concatenated")
for name, block in blocks.items():
    wide, joined = block.out_channels, block.branches.out_channels
    paths = [nn.channels_after(branch, wide) for branch in block.branches]
    print(f"{name:12}  {wide:5}  {' + '.join(map(str, paths)):18} {joined:5}")

# %% tags=["hide-input"]
assert [b.branches.out_channels for b in blocks.values()] == [128, 384, 448]
assert [b.out_channels for b in blocks.values()] == [320, 1088, 2080]

# %% [markdown]
# Narrower, by a factor of 2.5 to 4.6: 32 + 32 + 64 = 128 against 320 on the
# finest grid.
#
# ## Two widths that cannot be
#
# An addition needs equal widths on both sides. The paper's figures for
# Inception-ResNet-v2 print `1154 linear` for the block on the 17 × 17 grid
# (Figure 17) and `2048 linear` for that on 8 × 8 (Figure 19). The reductions
# before them concatenate strided convolutions with the pooled input.
#
# **Predict:** 384 channels enter Reduction-A, whose convolutions give 384 and
# 384. Reduction-B's give 384, 288 and 320. How wide is the map after each?
#
# - (a) 768 and 992
# - (b) 1152 and 2144
# - (c) 1154 and 2048, as printed
#
# <!-- answer: b
# a: the pooled input is concatenated, too.
# b: 384 + 384 + 384, and then 384 + 288 + 320 + 1152.
# c: no sum of these widths gives them.
# -->

# %%
after_a = 384 + 384 + 384
after_b = 384 + 288 + 320 + after_a
paper = {row.output[-1] for row in summary("inception_resnet_v2_paper").rows}
print(f"after Reduction-A {after_a}, printed 1154")
print(f"after Reduction-B {after_b}, printed 2048")
for width, printed in ((after_a, 1154), (after_b, 2048)):
    try:
        Tensor.shape_only(1, 8, 8, width) + Tensor.shape_only(1, 8, 8, printed)
    except ShapeError as error:
        print(f"  {error}")
assert (after_a, after_b) == (1152, 2144)
assert {after_a, after_b} <= paper - {1154, 2048} == paper

# %% [markdown]
# 1152 and 2144. (The released code has 1088 and 2080; its stem differs.)
#
# ## What they cost
#
# The text says that Inception-ResNet-v1 costs about as much as Inception-v3,
# and v2 about as much as Inception-v4. Figure 15 shows v2 with 5, 10 and 5
# blocks; the released code has 10, 20 and 10.
#
# **Predict:** with which of the two is the text right?
#
# - (a) with the code's 10, 20, 10
# - (b) with the figure's 5, 10, 5
#
# <!-- answer: a
# a: it costs 7 % more than Inception-v4.
# b: that network costs a quarter less than Inception-v4.
# -->

# %%
pairs = {
    "inception_resnet_v1": "inception_v3",
    "inception_resnet_v2": "inception_v4",
    "inception_resnet_v2_paper": "inception_v4",
}
cost = {name: summary(name) for name in {*pairs, *pairs.values()}}
print("network                    multiply-adds  parameters depth")
ratios = []
for name, other in pairs.items():
    s, ratio = cost[name], cost[name].macs / cost[other].macs
    print(
        f"{name:25}  {s.macs / 1e9:11.2f} G  {s.params / 1e6:8.1f} M"
        f" {s.depth:5}, {ratio:.3f} times {other}"
    )
    ratios.append(round(ratio, 3))
assert ratios == [1.086, 1.074, 0.756]

# %% [markdown]
# With the code's: 9 % and 7 % more. The network of Figure 15 costs a quarter
# less than v4. So the text describes the released network, not the drawn one.
#
# ## Making one die
#
# Now a small residual Inception network on the drawn images: three strided
# convolutions down to a 4 × 4 grid of W channels, six residual blocks, average
# pooling, a linear classifier. We train it as the paper did, by RMSProp with
# learning rate 0.045, and watch which share of the last layer is zero.
#
# **Predict:** W = 256, scale 1: which share is zero after 60 steps?
#
# - (a) less than a third
# - (b) about a half
# - (c) more than three quarters
#
# <!-- answer: c
# a: so it is with scale 0.1.
# b: it does not stop there.
# c: the network is dying; with scale 0.1 less than a third is zero.
# -->


# %%
def build(width, scale):
    """Three strided convolutions, six residual blocks, a classifier."""
    nn.random.manual_seed(0)
    unit, paths = nn.ConvUnit, {"one": [(32, 1)], "single": [(32, 1), (32, 3)]}
    stem = nn.Sequential(
        unit(3, 16, 3, stride=2),
        unit(16, 32, 3, stride=2),
        unit(32, width, 3, stride=2),
    )
    body = nn.Sequential(
        *(nn.ResidualInception(width, paths, scale=scale) for _ in range(6))
    )
    return nn.Sequential(stem=stem, body=body, head=nn.classifier(width, 10))


normal = {"mean": drawn.MEAN, "std": drawn.STD}
loader = Loader(*drawn.draw(4000), 64, shuffle=True, drop_last=True, **normal)


# %%
def train(net, steps=60):
    """Each step's loss, share of zeros in the last layer, and its mean."""
    rmsprop = optim.RMSProp(
        net.named_parameters(), 0.045, decay=0.9, momentum=0.9, eps=1.0
    )
    log = []
    for _, (images, labels) in zip(
        range(steps), loader.epoch(0), strict=False
    ):
        last = net["body"](net["stem"](Tensor(images)))
        loss = cross_entropy(net["head"](last), labels)
        rmsprop.zero_grad()
        loss.backward()
        rmsprop.step()
        out = last.numpy()
        log.append((loss.item(), 100 * np.mean(out == 0), out.mean()))
    return np.array(log).T


# %%
logs = {scale: train(build(256, scale)) for scale in (1, 0.1)}
for scale, (loss, zeros, mean) in logs.items():
    print(
        f"scale {scale}: loss {loss[0]:.2f}, at most {loss.max():.1f}, "
        f"last ten {loss[-10:].mean():.2f}"
    )
    for name, step in (("first", 0), ("last", -1)):
        print(f"  {name} step: {zeros[step]:.0f} % zeros, ", end="")
        print(f"mean of the layer {mean[step]:.3f}")

# %% tags=["hide-input"]
plots.death({scale: log[:2] for scale, log in logs.items()})
assert logs[1][1, -1] > 75 > 40 > logs[0.1][1, -1]

# %% [markdown]
# The one with scale 1 is dead: its loss shot up and then stays at ln 10 =
# 2.30, that of guessing. A ReLU that gives zero passes no gradient back. The
# few per cent that are left are small as well, as the mean shows, so the
# classifier sees almost the same for every image. (These are single runs; more
# seeds follow.)
#
# ## Which part does it?
#
# The network has a classifier, residual blocks, and a stem. Let us slow or
# freeze one part at a time and leave the others at the full rate, at scale 1,
# with two widths and three seeds each.
#
# **Predict:** W = 256. Which part must be slowed so that the network lives?
#
# - (a) the classifier
# - (b) the residual blocks
# - (c) none helps alone
#
# <!-- answer: a
# a: with the classifier frozen or ten times slower it lives.
# b: the loss then shoots up even higher, and the network guesses.
# c: one part is enough.
# -->

# %%
runs = stored("residual_parts")
plots.part_table(runs)

# %% tags=["hide-input"]
plots.parts(runs)


for run in runs:
    slowed = run["slowed"].split()[0]
    if (run["width"], slowed) in ((256, "classifier"), (32, "blocks")):
        assert run["zeros"] < 0.4

# %% [markdown]
# W = 256: with the classifier slowed or frozen, all three seeds live: 30 to 36
# % zeros, and they learn. With the blocks slowed or frozen the loss shoots up
# even higher, and they guess. In the wide network it is the classifier.
#
# W = 32 is another case. With the classifier slowed or frozen, two of three
# seeds still have over 70 % zeros. With the blocks slowed or frozen no layer
# dies (23 to 37 % zeros), though in 100 steps they learn next to nothing. In
# the narrow network the zeros come from the blocks.
#
# ## Why the wide ones?
#
# On a parabola of curvature c (its slope changes by c per unit), gradient
# descent with momentum m overshoots ever farther once
#
#     learning rate × c  >  2 × (1 + m)        = 3.8 for m = 0.9
#
# (Exercise 4 finds it. TensorFlow's RMSProp divides its first steps by up to
# 1.41, lesson 16; so in the first steps the limit may be as high as 5.4.)
#
# What is our loss's curvature in the classifier's weights? Let h be the
# pooled features of an image and M the mean of their products h × hᵀ over the
# images, a W × W matrix. An [eigenvalue](glossary.md#eigenvalue) of M says how
# large the features are along one direction (the mean of their squares there).
# The largest one, divided by the number of classes, is the largest curvature
# if all classes are equally probable.
#
# All eigenvalues together are the sum over the W features of their mean
# squares. Pooled features after a ReLU are never negative and much alike for
# all images, so most of that sum lies in the first eigenvalue (the last
# columns below). Twice the channels, about twice the curvature. And six
# unscaled residuals, each about as large as its input, make the features
# larger.
#
# **Predict:** scale 1. From which W on is the rate 0.045 beyond the limit?
#
# - (a) about 32
# - (b) about 256
# - (c) about 2000
#
# <!-- answer: b
# a: there it is at a tenth of it.
# b: the value grows with W and crosses 3.8 near 256.
# c: at 512 it is twice the limit already.
# -->


# %%
def curvature(net):
    """Of the loss in the classifier's weights, before training; and the
    first eigenvalue's part of all."""
    images, _ = next(loader.epoch(0))
    with no_grad():
        h = net["body"](net["stem"](Tensor(images))).numpy().mean(axis=(1, 2))
    values = np.linalg.eigvalsh(h.T @ h / len(h))
    return values[-1] / 10, values[-1] / values.sum()


print("learning rate x curvature / 3.8")
print("    W   scale 1  scale 0.1   the first eigenvalue's part of the sum")
share = {}
for width in (32, 64, 128, 256, 512):
    found = [curvature(build(width, scale)) for scale in (1, 0.1)]
    share[width] = [0.045 * one / 3.8 for one, _ in found]
    parts = "  ".join(f"{part:6.1%}" for _, part in found)
    print("{:5}  {:8.2f}  {:9.2f}   ".format(width, *share[width]), parts)
    assert min(part for _, part in found) > 0.5

# %% tags=["hide-input"]
assert share[128][0] < 0.7 < 1.5 < share[512][0]
assert all(unscaled > 8 * scaled for unscaled, scaled in share.values())

# %% [markdown]
# Near W = 256 the unscaled network crosses the limit; scaled by 0.1, the
# curvature is less than an eighth. The limit is a rough one: it looks at one
# layer, before the first step. Does it predict who dies? We call a network
# dead if, in steps 91 to 100, it guesses (under 15 % right) and more than 80 %
# of the last layer are zero. 41 networks of other widths, scales, learning
# rates and seeds were trained.
#
# **Predict:** did any above the limit live? Did any below it die?
#
# - (a) neither
# - (b) some above it lived, but none below it died
# - (c) none above it lived, but some below it died
#
# <!-- answer: c
# a: then the classifier alone would decide.
# b: it is the other way round.
# c: being above is enough to die here; it is not necessary.
# -->

# %%
runs = stored("residual_death")
for run in runs:
    run["limit"] = run["rate"] * run["curvature"] / 3.8
    run["dead"] = run["accuracy"] < 0.15 and run["zeros"] > 0.8
plots.who_dies(runs)


# %%
def dead(what, wanted):
    found = [run["dead"] for run in runs if wanted(run)]
    print(f"{what:32} {sum(found):2} of {len(found):2} dead")
    return sum(found), len(found)


def at_paper(run):
    return run["rate"] == 0.045 and run["start"] == 1


counts = (
    dead("scale 1", lambda r: at_paper(r) and r["scale"] == 1),
    dead("scale 0.1 or 0.3", lambda r: at_paper(r) and r["scale"] < 1),
    dead("above the limit", lambda r: r["limit"] > 1),
    dead("below the limit", lambda r: r["limit"] <= 1),
    dead("scale 1, rates 0.01 and 0.02", lambda r: r["rate"] < 0.045),
    dead("scale 1, up begins × 0.1", lambda r: r["start"] < 1),
)
assert counts == ((7, 10), (0, 20), (6, 6), (6, 35), (0, 2), (0, 2))

# %% [markdown]
# None above the limit lived. Scaled, at the paper's rate, none of 20 died at
# any width; unscaled, 7 of 10 did. But six of the twelve deaths lie below the
# limit. So it is enough to be above it, and not necessary:
#
# - Narrow unscaled networks die by their blocks; the limit knows only the
#   classifier.
# - The paper says that a lower learning rate did not help. Here it does. Ours
#   die within 60 steps, the paper's after tens of thousands.
# - Starting every `up` ten times smaller also saves the two widths tried (one
#   seed each). Goyal et al. (2017) let each residual begin at zero, by a
#   batch-norm whose scale begins there.
#
# Whether they are better in the end is another question. The study
# `newer_is_better` asks it at equal cost: `lessons/studies.md`, and claim A54.
#
# ## Take away
#
# - The branches are still concatenated; a linear 1 × 1 then widens them 2.5 to
#   4.6 times, to what is added.
# - Figures 17 and 19 print widths that cannot be added; 1152 and 2144 can.
# - v1 costs 1.09 times Inception-v3, v2 as released 1.07 times Inception-v4.
# - Wide unscaled networks die by their classifier: features, and with them the
#   curvature of the loss, are too large for the learning rate. Narrow ones die
#   by their residual blocks. Scaling by 0.1 to 0.3 prevents both here.
#
# **Exercises:** `lessons/exercises/18_residual.py`, checked by
# `tinyinception lesson 18 --check`.
#
# **Paper:** the one named above, sections 1, 3.2 and 3.3, Figures 10 to 19.
