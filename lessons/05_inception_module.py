# %% [markdown]
# # Lesson 5. The Inception module
#
# **Time:** 35 minutes. **Afterwards you know** how to write the Inception
# module, why its naive form cannot be stacked, what 1×1 reductions save and
# what they give up, and that GoogLeNet does not follow its own advice.
#
# **You need:** lessons 3 and 4 (what a convolution is, and how to count it).
#
# ## The question
#
# Which [kernel](glossary.md#kernel) size is right for a layer: 1×1, 3×3 or
# 5×5? *Going Deeper with Convolutions* answers: all of them, side by side,
# with a pooling as fourth branch, and the results joined. It draws this
# **naive module**, and says in the next paragraph that "even a modest number
# of 5×5 convolutions can be prohibitively expensive", and of the whole that
# "it would do it very inefficiently, leading to a computational blow up within
# a few stages". We build it, send a picture through, and then do the sums.

# %%
import numpy as np
from matplotlib.cbook import get_sample_data
from PIL import Image

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course import show
from tinyinception.course.files import folder, load
from tinyinception.models.googlenet import WIDTHS
from tinyinception.tensor import Tensor, concat, no_grad

# %% tags=["hide-input"]
plots = load(folder() / "plots" / "05_inception_module.py")
show(plots.modules(), "05_modules")

# %% [markdown]
# Read the drawings from the bottom up. In both modules every branch gets the
# **same** input. On the left each looks at it directly; on the right some
# branches first go through a 1×1 convolution. The numbers are
# [channels](glossary.md#channel); they are those of 3a, GoogLeNet's first
# module.
#
# ## What must match, and what is free
#
# To join branches along the channels, their grids (height × width) must agree.
# Their channel counts need not: they add up. A kernel of odd size k at
# [stride](glossary.md#stride) 1 keeps the grid when (k - 1) / 2 zeros are
# padded on each side.
#
# One often reads that a larger filter "loses more information", since a 5×5
# turns 25 numbers into one.
#
# **Predict:** an input of 28 × 28 pixels and 192 channels goes through 32
# filters of 1×1, or of 7×7, padded as above. Which puts out more numbers?
#
# - (a) the 1×1
# - (b) the 7×7
# - (c) both put out 25,088
#
# <!-- answer: c
# a: a larger window does not make a smaller grid, if zeros are padded.
# b: each filter puts out one number for each pixel, whatever its size.
# c: 28 × 28 × 32. Every pixel gets a window of its own; windows overlap.
# -->

# %%
image = Tensor.shape_only(1, 28, 28, 192)  # a shape without numbers
for k in (1, 3, 5, 7):
    out = nn.Conv2d(192, 32, k, padding=k // 2)(image)
    print(f"{k}×{k}: {out.shape[1:]}, {np.prod(out.shape):,} numbers")
unpadded = nn.Conv2d(192, 32, 5)(image)
print(f"5×5 without padding: {unpadded.shape[1:]}, which cannot be joined")

# %% tags=["hide-input"]
assert out.shape == (1, 28, 28, 32)
assert unpadded.shape == (1, 24, 24, 32)

# %% [markdown]
# What comes out depends on stride, padding and the number of filters. If the
# padding suits the kernel, the kernel's size makes no difference.
#
# ## The naive module in 15 lines
#
# A convolution comes with a [ReLU](glossary.md#relu), which sets negative
# numbers to zero. A pooling has no filters: it puts out as many channels as
# come in. `concat` joins along the channels.


# %%
class Conv(nn.Module):
    """A convolution from m to n channels that keeps the grid, and a ReLU."""

    def __init__(self, m, n, k):
        self.conv = nn.Conv2d(m, n, k, padding=k // 2)

    def forward(self, x):
        return self.conv(x).relu()


class Naive(nn.Module):
    """The module of Figure 2a."""

    def __init__(self, m, n1, n3, n5):
        self.one, self.three = Conv(m, n1, 1), Conv(m, n3, 3)
        self.five = Conv(m, n5, 5)
        self.pool = nn.MaxPool2d(3, stride=1, padding=1)

    def forward(self, x):
        return concat([self.one(x), self.three(x), self.five(x), self.pool(x)])


# %% [markdown]
# Now a picture: a photograph that comes with Matplotlib. We give each branch
# one filter, and set its weights by hand, so that one can see what a window of
# its size can do: the 1×1 takes the mean of red, green and blue; the 3×3 the
# difference of what is above and below; the 5×5 the mean of 25 pixels.
#
# **Predict:** the input has 3 channels. How many has the output?
#
# - (a) 3
# - (b) 4
# - (c) 6
#
# <!-- answer: c
# a: each branch adds its channels; none replaces the input's.
# b: the pooling does not put out one channel, but all that came in.
# c: 1 + 1 + 1 of the filters, and 3 of the pooling.
# -->

# %%
with get_sample_data("grace_hopper.jpg") as file:
    photo = Image.open(file).convert("RGB").crop((0, 0, 512, 512))
photo = np.asarray(photo.resize((112, 112)), np.float32) / 255

naive = Naive(3, n1=1, n3=1, n5=1)
edge = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], np.float32)
naive.one.conv.weight.data[...] = 1 / 3
naive.three.conv.weight.data[...] = edge[:, :, None, None] / 3
naive.five.conv.weight.data[...] = 1 / 75
with no_grad():
    output = naive(Tensor(photo[None])).numpy()[0]
print(f"in: {photo.shape}, out: {output.shape}")

# %% tags=["hide-input"]
assert output.shape == (112, 112, 6)
assert np.allclose(output[:, :, 0], photo.mean(axis=2), atol=1e-5)
assert np.allclose(output[50, 60, 2], photo[48:53, 58:63].mean(), atol=1e-5)
assert np.allclose(output[50, 60, 3:], photo[49:52, 59:62].max(axis=(0, 1)))
titles = "1×1: grey", "3×3: edges", "5×5: blurred", "pooling: red"
channels = zip(titles, output.transpose(2, 0, 1), strict=False)
show(plots.branches(photo, dict(channels)), "05_branches")

# %% [markdown]
# Four views of the same picture, of the same size, laid on top of each other:
# that is what a module puts out. In a real network the weights are learnt, and
# each branch has many filters.
#
# ## What it costs
#
# A convolution costs (output pixels) × k × k × (channels in) × (channels out)
# multiply-adds. The module 3a has 64 filters of 1×1, 128 of 3×3 and 32 of 5×5,
# on 28 × 28 pixels and 192 channels.
#
# **Predict:** which branch of the naive module costs most?
#
# - (a) the 64 filters of 1×1
# - (b) the 128 filters of 3×3
# - (c) the 32 filters of 5×5
#
# <!-- answer: b
# a: a 1×1 has 9 times fewer weights than a 3×3, and there are half as many.
# b: 128 × 9 = 1,152 against 32 × 25 = 800: four times as many filters.
# c: filter for filter it costs 25 / 9 = 2.8 times as much, but there are few.
# -->


# %%
class Inception(nn.Module):
    """The module of Figure 2b; widths in the order of Table 1."""

    def __init__(self, m, n1, r3, n3, r5, n5, proj):
        self.one = Conv(m, n1, 1)
        self.three = nn.Sequential(Conv(m, r3, 1), Conv(r3, n3, 3))
        self.five = nn.Sequential(Conv(m, r5, 1), Conv(r5, n5, 5))
        pool = nn.MaxPool2d(3, stride=1, padding=1)
        self.pool = nn.Sequential(pool, Conv(m, proj, 1))

    def forward(self, x):
        return concat([self.one(x), self.three(x), self.five(x), self.pool(x)])


def cost(module, grid, m):
    """Multiply-adds of each branch, for one image of grid × grid × m."""
    found = dict.fromkeys(("one", "three", "five", "pool"), 0)
    for row in summary(module, grid, channels=m).rows:
        if row.macs:
            found[row.name.split(".")[0]] += row.macs
    return found


# %%
naive, reduced = Naive(192, 64, 128, 32), Inception(192, *WIDTHS["3a"])
costs = {}
print("multiply-adds, millions:")
for name, module in (("naive", naive), ("reduced", reduced)):
    costs[name] = cost(module, 28, 192)
    for branch, macs in costs[name].items():
        print(f"{branch} {macs / 1e6:6.1f}", end="  ")
    total = sum(costs[name].values()) / 1e6
    print(f"all {total:6.1f} ({name})")

# %% tags=["hide-input"]
assert naive(image).shape[3] == 416 == 64 + 128 + 32 + 192
assert reduced(image).shape[3] == 256 == 64 + 128 + 32 + 32
totals = [sum(branches.values()) for branches in costs.values()]
assert totals == [303_464_448, 128_049_152]
assert [branches["five"] for branches in costs.values()] == [
    120_422_400,
    12_443_648,
]
theirs = nn.inception(
    192, n1=64, r3=96, n3=128, r5=16, n5=32, pool_proj=32,
    unit=lambda *a, **b: nn.ConvUnit(*a, norm=None, **b),
)  # fmt: skip
for mine, its in zip(reduced.parameters(), theirs.parameters(), strict=True):
    mine.data[...] = its.data
noise = np.random.default_rng(0).standard_normal((1, 28, 28, 192))
with no_grad():
    x = Tensor(noise.astype(np.float32))
    assert np.array_equal(reduced(x).numpy(), theirs(x).numpy())

# %% [markdown]
# The 3×3 branch; the 5×5 comes second with 120.4 million. The remedy, in the
# right half of the drawing, is a 1×1 convolution before the 3×3 and the 5×5,
# and one after the pooling. A 1×1 looks at one pixel and mixes its channels.
# Here it makes 16 channels out of 192 before the 5×5:
#
#     5×5 from 192 channels:    28 × 28 × 25 × 192 × 32             = 120.4M
#     1×1 to 16, 5×5 from 16:   28 × 28 × (192 × 16 + 25 × 16 × 32) =  12.4M
#
# The branch becomes ten times cheaper, the whole module 2.4 times: 303.5M to
# 128.0M. (The 1×1 is older than this use of it: *Network in Network*, 2013,
# put 1×1 convolutions after others to make them more powerful, not cheaper.)
#
# ## Why channels explode
#
# In the naive module the pooling branch passes everything on, so the output is
# the input **plus** the filters:
#
# $$\text{channels out} = \text{channels in} + n_1 + n_3 + n_5$$
#
# It can only grow, and the next module pays for every channel that comes in.
# We stack all nine modules of GoogLeNet, each time with the filters of Table
# 1, on its grids of 28, 14 and 7 pixels.
#
# **Predict:** how many channels leave the ninth module, where GoogLeNet has
# 1,024?
#
# - (a) 1,728
# - (b) 4,944
# - (c) over 100,000
#
# <!-- answer: b
# a: that is the last module's own 896 and GoogLeNet's 832, but what comes in
# has grown in all eight before.
# b: 192, and the filters of all nine modules.
# c: channels add up; they would have to be multiplied.
# -->


# %%
def stack(build):
    """(name, channels out, multiply-adds) of nine modules in a row."""
    rows, m = [], 192
    for name, widths in WIDTHS.items():
        grid = {"3": 28, "4": 14, "5": 7}[name[0]]
        with nn.shape_only():
            module = build(m, *widths)
            out = module(Tensor.shape_only(1, grid, grid, m)).shape[3]
            rows.append((name, out, sum(cost(module, grid, m).values())))
        m = out
    return rows


def without_reductions(m, n1, r3, n3, r5, n5, proj):
    return Naive(m, n1, n3, n5)


# %%
stacks = {"naive": stack(without_reductions), "reduced": stack(Inception)}
print("module  channels: naive, reduced   million multiply-adds: naive,"
      " reduced")  # fmt: skip
for (name, wide, dear), (_, narrow, cheap) in zip(
    *stacks.values(), strict=True
):
    print(f"{name:6} {wide:16,} {narrow:8,}", end=" ")
    print(f"{dear / 1e6:29,.0f} {cheap / 1e6:8,.0f}")
total = {name: sum(row[2] for row in rows) for name, rows in stacks.items()}
print(f"all nine: {total['naive'] / 1e9:.1f} billion against", end=" ")
print(f"{total['reduced'] / 1e9:.2f} billion,", end=" ")
print(f"{total['naive'] / total['reduced']:.1f} times as much")

# %% tags=["hide-input"]
assert (stacks["naive"][-1][1], stacks["reduced"][-1][1]) == (4944, 1024)
assert (total["naive"], total["reduced"]) == (12_085_441_536, 1_103_972_352)
assert round(total["naive"] / total["reduced"], 1) == 10.9
assert stacks["naive"][5][2] > stacks["naive"][1][2]  # 4d against 3b
show(plots.explosion(stacks), "05_explosion")

# %% [markdown]
# 4,944 channels and 12.1 billion multiply-adds, eleven times as much. At 4a
# and at 5a each side of the grid halves, so a quarter of the pixels is left,
# and the cost falls. Yet by 4d the naive stack costs more than it did at 3b.
#
# ## What a reduction gives up
#
# Leave the ReLU in the middle aside for a moment. Then 1×1 and 5×5 together
# are one linear 5×5 from 192 to 32 channels: its weights can be written as one
# matrix, of 192 rows (channels in) and 25 × 32 = 800 columns. The **rank** of
# a matrix is the number of different mixtures of its inputs that its outputs
# can depend on. If the rank is 16, one can change the input in all other
# directions, and nothing that comes out moves.
#
# **Predict:** what is the rank of a free 5×5, and of one behind a 1×1 to 16
# channels?
#
# - (a) 192 and 192
# - (b) 192 and 16
# - (c) 800 and 16
#
# <!-- answer: b
# a: behind the 1×1 only 16 numbers of each pixel are left to look at.
# b: the free one can see every channel apart, the other 16 mixtures.
# c: a matrix with 192 rows cannot depend on 800 mixtures of them.
# -->

# %%
rng = np.random.default_rng(0)
free = rng.standard_normal((192, 800))
narrow = rng.standard_normal((192, 16)) @ rng.standard_normal((16, 800))
ranks = [int(np.linalg.matrix_rank(matrix)) for matrix in (free, narrow)]
print(f"rank of 192: free {ranks[0]}, behind the 1×1 {ranks[1]}")

# %% tags=["hide-input"]
assert ranks == [192, 16]

# %% [markdown]
# 16 of 192: the 5×5 is blind to the rest. The paper bets that this is enough:
# "even low dimensional embeddings might contain a lot of information about a
# relatively large image patch".
#
# We can test the bet on the photograph. A patch of 8 × 8 pixels and 3 colours
# is 192 numbers. How much of the differences between patches do the best 16
# mixtures of the 192 keep? (The best mixtures are found by the *singular value
# decomposition*: it lists mixtures in order of how much they keep, and tells
# for each how much.)
#
# **Predict:** for the photograph's patches, and for 192 random numbers?
#
# - (a) 8 % for both: 16 of 192
# - (b) over 90 % for the photograph, about 10 % for the random numbers
# - (c) half for both
#
# <!-- answer: b
# a: that would be so if no number told anything about another.
# b: neighbouring pixels are alike, so most of the 192 numbers repeat others.
# c: random numbers have nothing in common that a mixture could keep.
# -->


# %%
def kept(rows):
    """Share of the variance that the best 1, 2, ... mixtures keep."""
    sizes = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False) ** 2
    return np.cumsum(sizes) / sizes.sum()


patches = np.array(
    [
        photo[y : y + 8, x : x + 8].ravel()
        for y in range(0, 105, 2)
        for x in range(0, 105, 2)
    ]
)
noise = rng.standard_normal(patches.shape)
keep = {"patches of the photograph": kept(patches), "noise": kept(noise)}
for name, shares in keep.items():
    print(f"{name}: the best 16 of 192 mixtures keep {shares[15]:.0%}")

# %% tags=["hide-input"]
assert keep["patches of the photograph"][15] > 0.9
assert keep["noise"][15] < 0.2
show(plots.kept(keep), "05_kept")

# %% [markdown]
# A photograph repeats itself, so a few mixtures say most of it. Whether that
# holds for what a trained network has in its channels is another question; the
# other branches keep mixtures of their own: 64 in the 1×1 branch, 96 before
# the 3×3, 32 after the pooling. The reduction also adds a ReLU, which the
# paper counts as a gain.
#
# ## More 3×3 and 5×5 with depth?
#
# Section 4 of the paper says of stacked modules: "as features of higher
# abstraction are captured by higher layers, their spatial concentration is
# expected to decrease suggesting that the ratio of 3×3 and 5×5 convolutions
# should increase as we move to higher layers". We take each module's output
# and ask what share of its channels comes from a 3×3 or a 5×5.
#
# **Predict:** the first module has 62.5 %. What has the last?
#
# - (a) 50 %
# - (b) 62.5 %
# - (c) 80 %
#
# <!-- answer: a
# a: it is the lowest share of all nine.
# b: widths change from module to module, and the shares with them.
# c: that would follow the advice; the network does not.
# -->

# %%
wide, ratio, work, m = [], [], [], 192
for name, (n1, r3, n3, r5, n5, proj) in WIDTHS.items():
    wide.append((n3 + n5) / (n1 + n3 + n5 + proj))
    ratio.append((n3 + n5) / n1)
    larger = 9 * r3 * n3 + 25 * r5 * n5  # weights of the 3×3 and the 5×5
    work.append(larger / (larger + m * (n1 + r3 + r5 + proj)))
    m = n1 + n3 + n5 + proj
    print(f"{name}: {wide[-1]:5.1%} of the channels,", end=" ")
    print(f"{ratio[-1]:.2f} for each 1×1, {work[-1]:5.1%} of the work")

# %% tags=["hide-input"]
expected = [0.625, 0.6, 0.5, 0.5625, 0.625, 0.6667, 0.5385, 0.5385, 0.5]
assert np.allclose(wide, expected, atol=5e-5)
expected = [2.5, 2.25, 1.33, 1.8, 2.5, 3.14, 1.75, 1.75, 1.33]
assert np.allclose(ratio, expected, atol=5e-3)
assert (round(work[0], 3), round(work[-1], 3)) == (0.755, 0.566)
show(plots.shares(WIDTHS), "05_shares")

# %% [markdown]
# 50 %, the lowest of all, together with 4a. The share rises within 4a to 4d
# and falls again; over the whole network it does not rise. "Ratio" may be read
# in other ways: 3×3 and 5×5 to 1×1, or their share of the module's work, the
# other two columns. Those do not rise either. The sentence is often repeated;
# the network of the same paper does not do it.
#
# ## Take away
#
# - A module is four branches on the same input and a `concat`: 15 lines.
# - Branches must agree in their grid, which stride and padding decide. Channel
#   counts are free and add up.
# - A larger kernel does not put out fewer numbers, if it is padded.
# - The naive module puts out its input's channels and more: 416 after 3a,
#   4,944 after nine modules.
# - 1×1 reductions make 3a 2.4 times cheaper, its 5×5 branch ten times, and a
#   stack of nine eleven times.
# - The price: behind the reduction the 5×5 sees 16 mixtures of the 192
#   channels, no more. Of a photograph's patches the best 16 keep over 90 %.
# - The share of 3×3 and 5×5 does not rise with depth in Table 1.
#
# Why side by side, and why these blocks? The paper's reason is about sparse
# matrices: lesson 6. The whole network follows in lesson 7.
#
# **Exercises:** `lessons/exercises/05_inception_module.py`, checked by
# `tinyinception lesson 5 --check`.
#
# **Paper:** Szegedy et al., *Going Deeper with Convolutions*, sections 4 and
# 5, Figure 2, Table 1; Lin, Chen and Yan, *Network in Network*, section 3.
