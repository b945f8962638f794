# %% [markdown]
# # Lesson 17. Low-resolution inputs
#
# **Time:** 35 minutes. **Afterwards you know** how one network takes images of
# 299, 151 and 79 pixels at nearly the same cost, where "the same" is not
# exact, what a grid cell sees of the image, and what pixels are worth when the
# effort is equal.
#
# **You need:** lessons 4 (counting multiply-adds), 7 (receptive fields), 13
# (grid reduction) and 15 (Inception-v3).
#
# ## The question
#
# A detector looks at small cut-outs. A network that gets fewer pixels is
# usually worse. Is that because of the pixels, or because the network does
# less work on a smaller image? *Rethinking the Inception Architecture*
# (section 9) compares inputs of 299, 151 and 79 pixels at "constant
# computational cost". It finds 76.6 %, 76.4 % and 75.2 % top-1. How constant
# is the cost?

# %% [markdown]
# ## The naive way
#
# A convolution costs [multiply-adds](glossary.md#multiply-add) for each pixel
# of its output. So smaller images cost less in the same network. The paper
# speaks of "a 16 times cheaper model" for 79 pixels; (299 / 79)^2 is 14.3.
#
# **Predict:** how many times less does the real Inception-v3 cost when it gets
# 79 pixels instead of 299?
#
# - (a) 14 times
# - (b) 16 times
# - (c) 27 times
#
# <!-- answer: c
# a: so it would be if each layer kept the same share of the pixels.
# b: that is the paper's figure; nobody says how it was counted.
# c: unpadded layers take off the same border from every grid, and from a
#   small grid that is more of it.
# -->

# %%
import numpy as np
from matplotlib.patches import Rectangle

from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.course import COLOURS, figure, show, stored
from tinyinception.data import drawn
from tinyinception.models.network import Network

full = summary("inception_v3").macs
print("side   multiply-adds   times less   (299 / side)^2")
for side in (299, 151, 79):
    macs = summary("inception_v3", side).macs
    ratio = (299 / side) ** 2
    print(f"{side:4} {macs:15,} {full / macs:12.1f} {ratio:16.1f}")

# %% tags=["hide-input"]
assert round(full / macs, 1) == 26.9
assert round(full / summary("inception_v3", 151).macs, 1) == 5.3

# %% [markdown]
# 26.9 times, not 14 or 16; and at half the side 5.3 times, not 3.9. An
# unpadded 3x3 takes 2 pixels off a row, whether the row has 149 or 39.
#
# ## Three stems
#
# The paper changes only the [stem](glossary.md#stem), the layers before the
# first module. For 151 pixels the first convolution has stride 1 instead of 2.
# For 79 pixels a pooling is left out as well. What follows is the same
# network, and should see the same grid.
#
# The paper says, three times, that this pooling stands "after the first
# layer". In the released network it stands after the third convolution. We
# count the released network first.
#
# **Predict:** is the grid before the modules the same for all three? An
# unpadded 3x3 with stride s makes (n - 3) // s + 1 pixels of n.
#
# - (a) yes, 35 x 35 each time
# - (b) 151 agrees with 299, and 79 does not
# - (c) all three differ
#
# <!-- answer: b
# a: 79 comes near, but not there: 79, 77, 75, 73, 36.
# b: 299 and 151 both have 149 after the first layer; 79 ends at 36.
# c: 151 with stride 1 gives 149, as 299 with stride 2 does.
# -->

# %%
NAMES = {299: "inception_v3", 151: "inception_v3_151", 79: "inception_v3_79"}
with nn.shape_only():
    built = {n: models.build(name, aux=False) for n, name in NAMES.items()}
stages = {n: dict(network.named_children()) for n, network in built.items()}


def until(size, last):
    """The network for this size of image, counted up to one stage."""
    names = list(stages[size])
    kept = names[: names.index(last) + 1]
    part = nn.Sequential({name: stages[size][name] for name in kept})
    return summary(part, size)


# %%
SHOWN = [
    "Conv2d_1a_3x3",
    "Conv2d_2a_3x3",
    "Conv2d_2b_3x3",
    "MaxPool_3a_3x3",
    "Conv2d_4a_3x3",
    "MaxPool_5a_3x3",
    "Mixed_5d",
    "Mixed_6e",
    "Mixed_7c",
]
print("side of the grid, and million multiply-adds so far")
print(f"{'image':14} {'299':>14} {'151':>14} {'79':>14}")
for last in SHOWN:
    line = f"{last:14}"
    for size in NAMES:
        counted = until(size, last) if last in stages[size] else None
        grid = counted.rows[-1].output[0] if counted else "-"
        line += f" {grid:>6} {counted.macs / 1e6 if counted else 0:7.0f}"
    print(line)
total = {size: summary(name).macs for size, name in NAMES.items()}
for size, macs in total.items():
    change = macs / total[299] - 1
    print(f"whole network, {size:3} pixels: {macs:,} ({change:+.2%})")

# %% tags=["hide-input"]
assert total[151] == total[299] == 5_713_216_096
assert round(100 * (total[79] / total[299] - 1), 2) == -6.15
saved = until(299, "Conv2d_2b_3x3").macs - until(79, "Conv2d_2b_3x3").macs
assert round(saved / 1e6) == 456

# %% [markdown]
# 151 pixels cost the same, to the last multiply-add. 79 pixels do not. Without
# the pooling the first three layers work on about a quarter as many pixels,
# which saves 617 - 161 = 456 million. Then 75 becomes 73, where the others
# have 71, and the grid after it is 36 x 36, where they have 35 x 35; these
# larger grids cost some of it again. From 17 x 17 on all three are alike,
# because 36 and 35 both reduce to 17. In total the third network is 6.15 %
# cheaper.
#
# The paper: "Although the third network is slightly cheaper, the cost of the
# pooling layer is marginal and (within 1% of the total cost of the) network".
# "Slightly cheaper" holds. The 1 % would be the pooling's own cost. It leaves
# out that everything before the pooling gets smaller when the pooling goes.
#
# ## What if the pooling stood after the first layer?
#
# **Predict:** build the stems as the paper's words have them, with the pooling
# directly after the first convolution. What does the 79-pixel network, without
# that pooling, then cost compared with the 299-pixel one?
#
# - (a) 6 % less, as before
# - (b) the same
# - (c) 14 % more
#
# <!-- answer: c
# a: the pooling now makes two more convolutions of the large networks cheap.
# b: the stem for 79 pixels is the same as before, but the others changed.
# c: with an early pooling the large images get the cheaper stem, and end at
#   34 x 34, where 79 pixels end at 36 x 36.
# -->

# %%
convs = [(32, 32, "valid"), (32, 64, "same")]
modules = [m for name, m in stages[299].items() if name.startswith("Mixed")]


def cost(size, stride, pool_after):
    """Multiply-adds of stem and modules; the pooling comes after layer 1,
    after layer 3 or never (0). Also the grid that the modules get."""
    unit, pool = nn.ConvUnit, nn.MaxPool2d(3, stride=2)
    layers = [unit(3, 32, 3, stride=stride, padding="valid")]
    layers += [pool] if pool_after == 1 else []
    layers += [unit(m, n, 3, padding=padding) for m, n, padding in convs]
    layers += [pool] if pool_after == 3 else []
    layers += [unit(64, 80, 1), unit(80, 192, 3, padding="valid"), pool]
    stem = summary(nn.Sequential(*layers), size)
    grid = stem.rows[-1].output[0]
    rest = summary(nn.Sequential(*modules), grid, channels=192)
    return stem.macs + rest.macs, grid


# %%
with nn.shape_only():
    print("pooling after   299 pixels            79 pixels, without it")
    small, small_grid = cost(79, 1, 0)
    for place in (3, 1):
        large, grid = cost(299, 2, place)
        print(
            f"layer {place}         {large / 1e9:.2f} G at {grid} x {grid}"
            f"     {small / 1e9:.2f} G at {small_grid} x {small_grid}"
            f"   {small / large - 1:+.0%}"
        )

# %% tags=["hide-input"]
assert (round(100 * (small / large - 1)), grid, small_grid) == (14, 34, 36)

# %% [markdown]
# With the pooling after the first layer, the network for 79 pixels would be
# more expensive than that for 299, not "slightly cheaper". So the released
# stem fits the paper's sentence better than the paper's own words do. This is
# an inference: the authors' code for this experiment was not published.
#
# ## What a grid cell sees
#
# Table 2 calls the three sizes "receptive field", but they are input sizes.
# The [receptive field](glossary.md#receptive-field) of a cell is the part of
# the image that its value depends on.
#
# **Predict:** a cell after Mixed_5d sees 127 of 299 pixels in a row, 42 % of
# the side. What part does it see of 151 pixels, and of 79?
#
# - (a) about 42 % each time
# - (b) 84 % and more: it still sees 127 pixels
# - (c) 21 % and 11 %
#
# <!-- answer: a
# a: without the stride a cell sees half as many pixels of half the side.
# b: the strides are gone, so that the later layers reach only half as far.
# c: the field shrinks with the image, so that its share stays.
# -->

# %%
print("after           pixels seen in a row    share of the side")
share = {}
for last in ("MaxPool_5a_3x3", "Mixed_5d", "Mixed_6a"):
    sees = {size: until(size, last).field.size[0] for size in NAMES}
    share[last] = [100 * pixels / size for size, pixels in sees.items()]
    pixels = "".join(f"{n:7}" for n in sees.values())
    parts = "".join(f"{part:6.0f} %" for part in share[last])
    print(f"{last:14}{pixels}    {parts}")

# %% tags=["hide-input"]
assert [round(part) for part in share["Mixed_5d"]] == [42, 43, 44]

# %% [markdown]
# 65 and 35 pixels: a little over two fifths of the side in all three. The
# three networks look at the same part of the same picture, with nearly the
# same effort. What differs is how much detail there is to see. So the
# experiment asks a good question: what are pixels worth, if effort is
# constant?
#
# ## A small one of our own
#
# The drawn images have 32 pixels. Means of 2x2 and 4x4 blocks make 16 and 8 of
# them. Our small network has the same three stems, then one Inception module,
# a reduction and a classifier on the same 8 x 8 grid.
#
# Here the third stem would be 41 % cheaper, not 6 %, because the stem is most
# of a small network. That is no experiment on equal effort. So we add a fourth
# case: 8 pixels with 64 instead of 16 channels after the first convolution.
# That makes the cost equal again. The fifth case is the naive one: 16 pixels
# in the network made for 32. (Where a cell sees "27 of 16", the field is
# larger than the image: it sees all of it and the margin.)

# %%
CASES = {  # shrink, stride, pooling, channels of the first convolution
    "32 pixels": (1, 2, True, 16),
    "16, adapted stem": (2, 1, True, 16),
    "8, adapted stem": (4, 1, False, 16),
    "8, adapted and wider": (4, 1, False, 64),
    "16, stem for 32": (2, 2, True, 16),
}


def build(stride, pooled, first):
    """The stem of Table 2 in small, and what follows it."""
    stem = [nn.ConvUnit(3, first, 3, stride=stride)]
    stem += [nn.ConvUnit(first, 32, 3)]
    stem += [nn.MaxPool2d(3, stride=2, padding="same")] if pooled else []
    mixed = nn.inception(32, n1=16, r3=16, n3=32, r5=8, n5=8, pool_proj=8)
    reduce = nn.grid_reduction(64, [(64, 3)], padding="same")
    stages = {"stem": nn.Sequential(*stem), "mixed": mixed, "reduce": reduce}
    stages["head"] = nn.classifier(128, 10)
    return Network(stages, channels=3, input_size=32)


# %%
print("case                   side   multiply-adds   a cell sees")
own = {}
for name, (factor, *shape) in CASES.items():
    network, side = build(*shape), 32 // factor
    first = nn.Sequential(*list(dict(network.named_children()).values())[:2])
    own[name] = summary(first, side).field.size[0], side
    macs = summary(network, side).macs
    print(f"{name:22} {side:4} {macs:15,} {own[name][0]:8} of {side}")

# %% tags=["hide-input"]
costs = {
    name: summary(build(*shape), 32 // factor).macs
    for name, (factor, *shape) in CASES.items()
}
assert costs["8, adapted and wider"] == costs["32 pixels"] == 2_376_960
assert costs["16, adapted stem"] == costs["32 pixels"]
assert round(1 - costs["8, adapted stem"] / costs["32 pixels"], 2) == 0.41
assert costs["16, stem for 32"] < costs["32 pixels"] / 3.9

# %% [markdown]
# ## What are pixels worth?
#
# In the paper half the side cost 0.2 points and a quarter 1.4. Our stripes
# repeat every 3.5 to 7 pixels. The stored experiment trains all five cases for
# 200 steps, with three seeds.
#
# **Predict:** how much does our network lose at a quarter of the side, at
# equal cost?
#
# - (a) 1 to 2 points, as in the paper
# - (b) about 10 points
# - (c) about 40 points
#
# <!-- answer: c
# a: a photograph of 79 pixels still shows the object; these 8 do not.
# b: more: most of the ten kinds can no longer be told apart.
# c: from 72 to 33 %, and the wider stem does not help.
# -->

# %%
found = stored("low_resolution")
print("case                   right, each seed        mean   range")
means = {}
for name, right in found["right"].items():
    means[name] = np.mean(right)
    each = "  ".join(f"{part:.1%}" for part in right)
    print(f"{name:22} {each} {means[name]:9.1%} {np.ptp(right):7.1%}")

# %% tags=["hide-input"]
assert found["macs"] == costs
right = found["right"]
assert abs(means["32 pixels"] - means["16, adapted stem"]) < 0.05
assert min(right["16, adapted stem"]) > max(right["16, stem for 32"]) + 0.1
assert min(right["16, stem for 32"]) > max(right["8, adapted and wider"]) + 0.1
picture, axes = figure(1, 4, width=11, height=3.2, width_ratios=(1, 1, 1, 2.2))
pixels, kinds = drawn.draw(200, split="test")
star = pixels[np.flatnonzero(kinds == drawn.CLASSES.index("star"))[4]]
shown = ("32 pixels", "16, adapted stem", "8, adapted and wider")
for one, name in zip(axes, shown, strict=False):
    sees, side = own[name]
    blocks = star.reshape(side, 32 // side, side, 32 // side, 3)
    small = blocks.mean(axis=(1, 3)) / 255
    one.imshow(small, extent=(0, side, side, 0))
    part = min(sees, side - 0.2)
    corner = ((side - part) / 2,) * 2
    options = {"fill": False, "linewidth": 3, "edgecolor": "#D55E00"}
    one.add_patch(Rectangle(corner, part, part, **options))
    one.set(title=f"{side} x {side} pixels", xticks=[], yticks=[])
    one.set_xlabel(f"a cell of ours sees\n{sees} of {side} pixels")
    one.grid(visible=False)
for i, (name, each) in enumerate(right.items()):
    colour = COLOURS["grey" if name.endswith("for 32") else "blue"]
    axes[3].barh([i], [100 * means[name]], height=0.6, color=colour)
    axes[3].plot(100 * np.array(each), [i] * 3, "o", color="black", ms=4)
    text = f"{costs[name] / 1e6:.1f} M"
    axes[3].text(100 * max(each) + 2, i, text, va="center")
axes[3].invert_yaxis()
axes[3].set(
    yticks=range(5),
    yticklabels=list(right),
    xlim=(0, 100),
    xlabel="test images right (%); dots: seeds",
    title="Right answers, and multiply-adds",
)
show(picture, "17_resolution")

# %% [markdown]
# Half the side, with the stem adapted, costs nothing that three seeds could
# show. The same pixels in the unadapted network, which makes a quarter of the
# multiply-adds, cost about 20 points. So much of what is blamed on low
# resolution is lost effort: the paper's point, and it holds here.
#
# A quarter of the side costs about 40 points, at exactly equal cost. The wider
# stem does not help at all. Equal effort keeps what the pixels hold; it cannot
# bring back what they do not hold. In 8 x 8 pixels a star of radius 4 is 2
# pixels wide, and fine stripes are gone. The networks were trained for only
# 200 steps; longer training would make all of them better.
#
# ## Take away
#
# - Multiply-adds fall faster than the square of the side: Inception-v3 costs
#   26.9 times less at 79 pixels, where (299 / 79)^2 is 14.3.
# - Without the stride, 151 pixels cost exactly what 299 cost. Without stride
#   and pooling, 79 cost 6.15 % less, on a grid of 36 x 36.
# - "Pooling after the first layer", taken by the letter, would make 79 pixels
#   14 % more expensive; the released stem pools after the third.
# - A cell after Mixed_5d sees 42 to 44 % of the side in all three.
# - Compare resolutions at equal effort, with several seeds; and check that the
#   effort is equal.
#
# **Exercises:** `lessons/exercises/17_low_resolution.py`, checked by
# `tinyinception lesson 17 --check`.
#
# **Paper:** Szegedy et al., *Rethinking the Inception Architecture for
# Computer Vision*, section 9 and Table 2.
