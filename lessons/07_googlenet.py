# %% [markdown]
# # Lesson 7. GoogLeNet, built and run
#
# **Time:** 40 minutes. **Afterwards you know** how to write the network that
# won the ImageNet competition of 2014, what each of its stages is for, where
# its work and its weights are, and how much of a picture each stage sees.
#
# **You need:** lesson 4 (counting) and lesson 5 (the module).
#
# ## The question
#
# *Going Deeper with Convolutions* calls its network GoogLeNet, after LeNet,
# one of the first convolutional networks. It sorts a photograph of 224 × 224
# pixels into 1,000 classes. You have met every part of it: convolutions,
# poolings, and the module that joins four branches. Are these enough to write
# all of it yourself, so that it gives the very same numbers as the package's?

# %%
import time

import numpy as np
from matplotlib.cbook import get_sample_data
from PIL import Image

from tinyinception import models, nn, optim
from tinyinception.count import summary
from tinyinception.course import animate, learn, show, stored
from tinyinception.course.files import folder, load
from tinyinception.data import drawn as pictures
from tinyinception.tensor import Tensor, concat, no_grad

# %% tags=["hide-input"]
plots = load(folder() / "plots" / "07_googlenet.py")
show(plots.network(), "07_network")

# %% [markdown]
# That is the whole network. The image comes in at the left; at the right come
# out 1,000 numbers, one *score* for each class. Between them are five parts:
#
# - The **stem** makes the grid small in a few steps: 224 × 224 pixels would be
#   too many for a module. It has plain convolutions, as older networks had.
# - **Stages 3, 4 and 5** are two, five and two Inception modules. Between
#   them a max [pooling](glossary.md#pooling) halves the height and the width.
# - The **head** turns what was found into scores.
#
# ## Two parts
#
# A [convolution](glossary.md#convolution) with its bias and its
# [ReLU](glossary.md#relu) is one class; the module, as in lesson 5, another.
# Padding of `k // 2` zeros on each side keeps the grid at
# [stride](glossary.md#stride) 1.


# %%
class Conv(nn.Module):
    """A convolution from m to n channels, and its ReLU."""

    def __init__(self, m, n, k, stride=1):
        self.conv = nn.Conv2d(m, n, k, stride=stride, padding=k // 2)

    def forward(self, x):
        return self.conv(x).relu()


# %%
class Inception(nn.Module):
    """Four branches on the same input, joined along the channels."""

    def __init__(self, m, n1, r3, n3, r5, n5, proj):
        self.one = Conv(m, n1, 1)
        self.three = nn.Sequential(Conv(m, r3, 1), Conv(r3, n3, 3))
        self.five = nn.Sequential(Conv(m, r5, 1), Conv(r5, n5, 5))
        pool = nn.MaxPool2d(3, stride=1, padding=1)
        self.pool = nn.Sequential(pool, Conv(m, proj, 1))
        self.out_channels = n1 + n3 + n5 + proj

    def forward(self, x):
        branches = self.one, self.three, self.five, self.pool
        return concat([branch(x) for branch in branches])


# %% [markdown]
# ## The stem
#
# A 7 × 7 convolution with stride 2 looks at every second pixel of every
# second row. A pooling with stride 2 takes the largest number of each 3 × 3
# window; its last window may hang over the edge (`ceil_mode`).
#
# New is *local response normalisation*: at each pixel, every number is divided
# by a measure of how large the five channels around it are. AlexNet had it;
# today's networks use batch normalisation (lesson 10), for another reason.
#
# **Predict:** the image has 224 × 224 pixels. How many are left after a
# stride of 2 three times?
#
# - (a) 112 × 112
# - (b) 75 × 75
# - (c) 28 × 28
#
# <!-- answer: c
# a: that is after the first of the three.
# b: that would be a third of each side; three halvings make an eighth.
# c: each one halves both sides: 112, 56, 28.
# -->


# %%
def halve():
    return nn.MaxPool2d(3, stride=2, ceil_mode=True)


def normalise():
    return nn.LocalResponseNorm(5, k=1.0, mean=True)


nn.random.manual_seed(0)  # the same first weights each time
stem = nn.Sequential(
    Conv(3, 64, 7, stride=2),
    halve(),
    normalise(),
    Conv(64, 64, 1),
    Conv(64, 192, 3),
    normalise(),
    halve(),
)
image = Tensor.shape_only(1, 224, 224, 3)  # a shape without numbers
for part in stem:
    image = part(image)
    print(f"{type(part).__name__:18} {image.shape[1:]}")

# %% tags=["hide-input"]
assert image.shape == (1, 28, 28, 192)

# %% [markdown]
# 28 × 28 × 192. The picture has a 64th of its pixels left, and 192 numbers in
# place of 3 colours at each.
#
# ## The stages
#
# Table 1 of the paper gives six widths for each module: `n1` filters of 1×1,
# `r3` and `n3` of the branch with the 3×3, `r5` and `n5` of the one with the
# 5×5, and `proj` after the pooling.

# %%
TABLE = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def stage(number, m):
    """The modules of one stage in a row; the first reads m channels."""
    modules = []
    for name, widths in TABLE.items():
        if name[0] == number:
            modules.append(Inception(m, *widths))
            m = modules[-1].out_channels
    return modules


# %% [markdown]
# ## The head
#
# After stage 5 each of 1,024 channels is a grid of 7 × 7 numbers. The head
# takes the **mean** of each channel: 1,024 numbers that say how strongly
# something was found, and no longer where. A linear layer makes 1,000 scores
# of them. AlexNet had no such mean: it gave each place weights of its own.
#
# *Dropout* sets four of ten of those means to zero, other ones each time, but
# only in training: the network must not rely on any single one.
#
# **Predict:** AlexNet's first linear layer reads a grid of 6 × 6 × 256 and
# puts out 4,096 numbers. How many weights does it have for each weight of
# GoogLeNet's only linear layer?
#
# - (a) about as many
# - (b) 9
# - (c) 37
#
# <!-- answer: c
# a: 6 × 6 × 256 × 4,096 is 37.7 million; 1,024 × 1,000 is 1.0 million.
# b: 9,216 inputs are nine times 1,024, but there are four times the outputs.
# c: 37.7 million against 1.02 million. The mean over places saves them.
# -->

# %%
head = nn.Sequential(
    nn.GlobalAvgPool(), nn.Dropout(0.4), nn.Linear(1024, 1000)
)
network = nn.Sequential(
    stem=stem,
    stage3=nn.Sequential(*stage("3", 192), halve()),
    stage4=nn.Sequential(*stage("4", 480), halve()),
    stage5=nn.Sequential(*stage("5", 832)),
    head=head,
)
x = Tensor.shape_only(1, 224, 224, 3)
for name, part in network.named_children():
    x = part(x)
    print(f"{name:7} {x.shape[1:]}")
print(f"AlexNet / GoogLeNet: {6 * 6 * 256 * 4096 / (1024 * 1000):.1f}")

# %% tags=["hide-input"]
shapes = [(28, 28, 192), (14, 14, 480), (7, 7, 832), (7, 7, 1024), (1000,)]
x = Tensor.shape_only(1, 224, 224, 3)
for part, shape in zip(network, shapes, strict=True):
    x = part(x)
    assert x.shape[1:] == shape

# %% [markdown]
# GoogLeNet is written: the last cell builds it. Is it the same network as the
# package's? We copy the package's weights into ours, in their order, and send
# one photograph through both. The photograph is one that comes with
# Matplotlib: Rear Admiral Grace Hopper, who wrote one of the first compilers.
#
# **Predict:** how far apart are the 1,000 scores of the two?
#
# - (a) not at all: every bit is the same
# - (b) by rounding, about 0.0000001
# - (c) quite far, since training begins with random weights
#
# <!-- answer: a
# a: same operations, same order, same weights: the same bits.
# b: that happens where sums are taken in another order; here they are not.
# c: the weights are copied, so nothing random is left.
# -->

# %%
with get_sample_data("grace_hopper.jpg") as file:
    photo = Image.open(file).convert("RGB")
photo = np.asarray(photo.crop((0, 0, 512, 512)).resize((224, 224)))
pixels = (photo / np.float32(255) - np.float32(0.45)) / np.float32(0.25)

theirs = models.build("googlenet", aux=False).eval()
network.eval()
pairs = zip(network.parameters(), theirs.parameters(), strict=True)
for mine, its in pairs:
    assert mine.shape == its.shape
    mine.data[...] = its.data
with no_grad():
    scores = network(Tensor(pixels[None])).numpy()
    expected = theirs(Tensor(pixels[None])).logits.numpy()
print("largest difference:", np.abs(scores - expected).max())
counted = summary(network, 224)
print(f"parameters: {counted.params:,}")

# %% tags=["hide-input"]
assert np.array_equal(scores, expected)
packaged = summary("googlenet")
assert (counted.params, counted.macs) == (6_998_552, 1_582_671_872)
assert (packaged.params, packaged.macs) == (counted.params, counted.macs)
assert (counted.depth, packaged.depth) == (22, 22)

# %% [markdown]
# None at all. Your 7 million parameters are the package's GoogLeNet, bit for
# bit. (While it is trained, the paper's network has two more classifiers on
# the way; lesson 9 is about them.)
#
# ## Where the work is
#
# For each stage we count the weights and the multiply-adds, and take the
# time. The stages are timed in turns, round after round, so that a busy moment
# of your computer hits them all; shown is the middle value (the *median*).
#
# **Predict:** which part does most of the multiply-adds?
#
# - (a) the stem: it has the most pixels
# - (b) stage 4: it has five of the nine modules
# - (c) stage 5: it has the most channels
# - (d) the head: it is fully connected
#
# <!-- answer: b
# a: the stem comes second, with three convolutions only.
# b: five modules on 14 × 14 pixels do more than a third of the work.
# c: it has the most channels, but only 49 pixels.
# d: 1 of 1,583 million; it uses each weight once.
# -->

# %%
with no_grad():
    inputs = [Tensor(pixels[None])]
    for part in network:
        inputs.append(part(inputs[-1]))
    rounds = []
    for _ in range(7):
        row = []
        for part, given in zip(network, inputs[:-1], strict=True):
            start = time.perf_counter()
            part(given)
            row.append(time.perf_counter() - start)
        rounds.append(row)
seconds = np.median(rounds, axis=0)

# %%
parts = {}
for name, part in network.named_children():
    macs = sum(r.macs for r in counted.rows if r.name.startswith(name))
    parts[name] = sum(p.size for p in part.parameters()), macs
for (name, (weights, macs)), s in zip(parts.items(), seconds, strict=True):
    print(f"{name:7} {weights:9,} weights", end=" ")
    print(f"{macs / 1e6:6.0f}M multiply-adds {1e3 * s:6.1f} ms")

# %% tags=["hide-input"]
assert sum(weights for weights, _ in parts.values()) == counted.params
assert sum(macs for _, macs in parts.values()) == counted.macs
assert max(parts, key=lambda name: parts[name][1]) == "stage4"
assert max(parts, key=lambda name: parts[name][0]) == "stage4"
quiet = stored("googlenet_stages")
show(plots.shares(parts, quiet["seconds"], "time, stored"), "07_shares")
for name, s in zip(parts, quiet["seconds"], strict=True):
    print(f"stored: {name:7} {1e3 * s:6.1f} ms")

# %% [markdown]
# Stage 4. In the figure the time is a stored one, taken on a quiet machine;
# yours is printed above it. Weights and work are in different places: a weight
# of the stem is used at thousands of pixels, one of stage 5 at 49, one of the
# head once.
#
# ## A photograph on its way
#
# We look at what comes out after each part, as grey pictures: bright is
# large. The weights are random, nothing has been learnt, so no channel *means*
# anything yet. What you see is what the structure alone does to a picture.
#
# **Predict:** where can one still recognise the person?
#
# - (a) only in the photograph itself
# - (b) after the stem, and hardly after stage 3
# - (c) up to stage 5
#
# <!-- answer: b
# a: random filters blur and mark edges, and both keep the shapes.
# b: 28 × 28 pixels still show a head and shoulders; 14 × 14 hardly do.
# c: 7 × 7 numbers are too few for a portrait, whatever they say.
# -->

# %% tags=["hide-input"]
names = ["stem", "stage 3", "stage 4", "stage 5"]
after = dict(zip(names, [t.numpy()[0] for t in inputs[1:5]], strict=True))
show(plots.maps(photo, after), "07_maps")

# %% [markdown]
# The pictures become small, and there are more and more of them: 192, 480,
# 832, 1,024. (The rims of the last ones are special since beyond them lie the
# padded zeros.) What is lost in places is meant to be won in kinds: after
# training, each channel of stage 5 answers a question about a large part of
# the picture. Lesson 20 looks into a trained network.
#
# ## How far a number sees
#
# A number after the stem depends on some pixels of the photograph, not on all.
# The square of these pixels is its
# [receptive field](glossary.md#receptive-field). Two rules give its side. A
# step is the distance, in pixels of the photograph, between neighbouring
# numbers of the grid; at the beginning field and step are 1.
#
# $$\text{field} \text{ becomes } \text{field} + (k - 1) \times \text{step}$$
#
# $$\text{step} \text{ becomes } \text{step} \times \text{stride}$$
#
# In a module the 5×5 branch sees furthest, so k is 5.
#
# **Predict:** the paper says "the size of the receptive field in our network
# is 224×224". How many pixels wide is the field of a number after stage 5?
#
# - (a) 224, as the paper says
# - (b) 171
# - (c) 715
#
# <!-- answer: c
# a: the paper's words mean the size of the input image.
# b: that is the field after 4a, the first module of stage 4.
# c: three times as wide as the picture; most of such a field lies outside.
# -->

# %%
WINDOWS = [("7×7", 7, 2), ("pool", 3, 2), ("1×1", 1, 1), ("3×3", 3, 1)]
WINDOWS += [("pool", 3, 2)]
for name in TABLE:
    if name in ("4a", "5a"):
        WINDOWS.append(("pool", 3, 2))
    WINDOWS.append((name, 5, 1))

field, step, fields = 1, 1, []  # of one pixel of the photograph itself
for name, k, stride in WINDOWS:
    field = field + (k - 1) * step
    step = step * stride
    fields.append((name, field, step))
    print(f"{name:5} sees {field:3} pixels, next number {step:2} further")

# %% tags=["hide-input"]
assert [f for n, f, _ in fields if n in ("3b", "4e", "5b")] == [91, 427, 715]
assert (fields[4][1], fields[8][1]) == (27, 171)
first, step, whole = 0, 1, {}  # the pixel where number 0's field begins
for (name, k, stride), (_, side, _) in zip(WINDOWS, fields, strict=True):
    first -= 0 if name == "pool" else k // 2 * step
    step *= stride
    sees_all = [first + i * step <= 0 for i in range(14)]
    ends = [first + i * step + side >= 224 for i in range(14)]
    whole[name] = sum(a and b for a, b in zip(sees_all, ends, strict=True))
assert (whole["4a"], whole["4b"], whole["4c"]) == (0, 1, 5)
seen = {row.name.split(".")[0]: row.field.size[0] for row in counted.rows}
assert [seen[name] for name in ("stem", "stage3", "stage4", "stage5")] == [
    27,
    107,
    459,
    715,
]

# %% [markdown]
# 715 pixels, of which the picture has 224. In module 4b one number in the
# middle of the grid can depend on the whole photograph; in 4c there are 5 × 5
# of them. (They *can*: pixels in the middle of a field have many ways to reach
# the number, pixels at the rim only one; so the middle counts far more.)
#
# We test the rule on the photograph. After module 3a a field is 59 pixels
# wide. If we paint everything outside it grey, the numbers in its middle must
# stay what they are; paint the field itself, and they must change.

# %%
trunk = nn.Sequential(*stem, network["stage3"][0])
low = 14 * 8 - 23  # first pixel of a row that number 14 sees
inside = np.zeros((224, 224, 1), bool)
inside[low : low + 59, low : low + 59] = True
with no_grad():
    whole, only, without = (
        trunk(Tensor(version[None])).numpy()[0, 14, 14]
        for version in (pixels, pixels * inside, pixels * ~inside)
    )
print(f"all but the field painted grey: {np.abs(whole - only).max():.6f}")
print(f"the field painted grey:         {np.abs(whole - without).max():.6f}")

# %% tags=["hide-input"]
assert np.allclose(whole, only, atol=1e-4)
assert np.abs(whole - without).max() > 0.01

drawn, axes = plots.canvas(photo)
lines = []


def grow(i):
    """The field of the number in the middle, after part i."""
    name, side, _ = fields[i]
    for line in lines:
        line.set(alpha=0.5, linewidth=1)
    label = {27: "stem", 107: "stage 3", 459: "stage 4", 715: "stage 5"}
    at = (112, 112)
    lines.append(plots.square(axes, at, side, "vermilion", label.get(side)))
    axes.set_title(f"after {name}: sees {side} × {side} pixels")
    return [lines[-1]]


animate(grow, len(fields), "07_field")

# %% [markdown]
# ## Does it learn?
#
# The authors estimate a week on a few graphics processors for GoogLeNet. We
# take a small one, of *your* `Conv` and `Inception`, and the ten kinds of the
# package's drawn pictures (32 × 32 pixels). Guessing would be right in 10 %,
# and have a loss of log(10) = 2.30. Here are its first 60 steps.

# %%
small = nn.Sequential(
    Conv(3, 24, 3),
    halve(),
    Inception(24, 16, 16, 24, 4, 8, 8),
    halve(),
    Inception(56, 32, 24, 48, 8, 16, 16),
    nn.GlobalAvgPool(),
    nn.Linear(112, 10),
)
images, kinds = pictures.draw(2000)
images = (images / np.float32(255) - np.float32(0.5)) / np.float32(0.26)
adam = optim.Adam(small.named_parameters(), 0.01)
losses = learn(small, images, kinds, steps=60, optimizer=adam)
print(f"loss of the first ten steps: {losses[:10].mean():.2f}")
print(f"loss of the last ten steps:  {losses[-10:].mean():.2f}")

# %% tags=["hide-input"]
assert losses[-10:].mean() < losses[:10].mean()

# %% [markdown]
# The [loss](glossary.md#loss) falls, but it has hardly come below that of
# guessing. We have trained three such networks for 300 steps, and stored what
# came out.
#
# **Predict:** after 300 steps of 64 pictures, how many of 1,000 new pictures
# does it name rightly?
#
# - (a) about 10 %
# - (b) between 40 % and 80 %
# - (c) nearly all
#
# <!-- answer: b
# a: that is guessing; it has learnt something, whatever the seed.
# b: each of the three seeds is in that range.
# c: not after some 19,000 pictures.
# -->

# %%
result = stored("small_googlenet")
for seed, right in enumerate(result["accuracy"]):
    print(f"seed {seed}: {right:.1%} of 1,000 new pictures")

# %% tags=["hide-input"]
assert all(0.4 < right < 0.8 for right in result["accuracy"])

# %% [markdown]
# Well above guessing with each of the three seeds.
#
# ## Take away
#
# - GoogLeNet is a stem, three stages of modules with poolings between them,
#   and a head. Two small classes and a table of widths are all of it.
# - The grid goes 224, 28, 14, 7 (then a mean over places), while channels go
#   3, 192, 480, 832, 1,024.
# - Your network has 6,998,552 parameters and 1.58 billion multiply-adds, and
#   gives the package's scores bit for bit.
# - Stage 4 does more of the work and has more of the weights than any other
#   part. For each weight, early layers work far more than late ones.
# - A number after stage 5 may depend on 715 × 715 pixels: on all of a picture.
#
# Does the paper's own table agree with the network you built? Lesson 8 checks
# it cell by cell.
#
# **Exercises:** `lessons/exercises/07_googlenet.py`, checked by
# `tinyinception lesson 7 --check`.
#
# **Paper:** Szegedy et al., *Going Deeper with Convolutions*, section 5, Table
# 1, Figure 3.
