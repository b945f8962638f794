# %% [markdown]
# # Lesson 5. The Inception module
#
# **Time:** 25 minutes. **Afterwards you know** why the naive module cannot be
# stacked, what its 1x1 reductions save and what they give up, and that
# GoogLeNet does not follow its own advice on 3x3 and 5x5.
#
# ## The question
#
# Which kernel size is right for a layer: 1x1, 3x3 or 5x5? *Going Deeper with
# Convolutions* answers: all of them, side by side, with a pooling as fourth
# branch, and the results joined along the channels. The paper draws this
# **naive module** (Figure 2a), and says in the next paragraph that it cannot
# be used. Why not?

# %% [markdown]
# ## What must match, and what is free
#
# To join branches along the channels, their grids (height x width) must agree.
# Their channel counts need not: they add up. A kernel of odd size k at stride
# 1 keeps the grid when (k - 1) / 2 zeros are padded on each side.
#
# One often reads that a larger filter "loses more information", since a 5x5
# turns 25 cells into one.
#
# **Predict:** a 28x28 input with 192 channels goes through 32 filters of size
# 1x1, 3x3, 5x5, 7x7, padded as above. How many numbers come out of each?

# %%
from functools import partial

import numpy as np

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course import COLOURS, figure, show
from tinyinception.models.googlenet import WIDTHS
from tinyinception.tensor import Tensor

image = Tensor.shape_only(
    1, 28, 28, 192
)  # a shape without numbers: free to push through any network
with nn.shape_only():
    for k in (1, 3, 5, 7):
        _, height, width, channels = nn.Conv2d(192, 32, k, padding=k // 2)(
            image
        ).shape
        print(
            f"{k}x{k}: {height} x {width} x {channels} = {height * width * channels:,} numbers"
        )
        assert height * width * channels == 25_088
    unpadded = nn.Conv2d(192, 32, 5, padding=0)(image).shape
assert unpadded == (1, 24, 24, 32)
print(
    f"5x5 without padding: {unpadded[1]} x {unpadded[2]}, which cannot be joined with 28 x 28"
)

# %% [markdown]
# The same number each time, 25,088: neighbouring windows overlap, and every
# pixel gets an output of its own. What comes out depends on stride, padding
# and the number of filters, not on the kernel.
#
# ## The naive module
#
# GoogLeNet's first module, 3a, has 64 filters of 1x1, 128 of 3x3 and 32 of
# 5x5, on 28x28 pixels and 192 channels. A pooling has no filters: it puts out
# every channel that comes in.
#
# A convolution costs (output pixels) x k x k x (input channels) x (output
# channels) multiply-adds.
#
# **Predict:** how many channels does the naive module put out? Which branch
# costs most, the 128 filters of 3x3 or the 32 of 5x5?

# %%
plain = partial(nn.ConvUnit, norm=None)  # convolution, bias, ReLU, as in 2014


def naive(m, n1, r3, n3, r5, n5, proj):
    """The module of Figure 2a, which has no use for the widths of the reductions."""
    return nn.naive_inception(m, n1=n1, n3=n3, n5=n5, unit=plain)


def reduced(m, n1, r3, n3, r5, n5, proj):
    """The module of Figure 2b, with the columns of Table 1 in their order."""
    return nn.inception(
        m, n1=n1, r3=r3, n3=n3, r5=r5, n5=n5, pool_proj=proj, unit=plain
    )


def cost(module, grid, m):
    """Multiply-adds of each branch, of one image."""
    rows = summary(module, grid, channels=m).rows
    return {
        branch: sum(row.macs for row in rows if row.name.startswith(branch))
        for branch in ("one", "three", "five", "pool")
    }


with nn.shape_only():
    before, after = naive(192, *WIDTHS["3a"]), reduced(192, *WIDTHS["3a"])
costs = {"naive": cost(before, 28, 192), "reduced": cost(after, 28, 192)}
print(
    "module 3a      1x1     3x3     5x5    pool     all  (million multiply-adds)   channels out"
)
for (name, branches), module in zip(
    costs.items(), (before, after), strict=True
):
    cells = " ".join(
        f"{macs / 1e6:7.1f}"
        for macs in (*branches.values(), sum(branches.values()))
    )
    print(f"{name:9} {cells} {module.out_channels:40}")
assert before.out_channels == 416 == 64 + 128 + 32 + 192
assert after.out_channels == 256 == 64 + 128 + 32 + 32
assert [sum(branches.values()) for branches in costs.values()] == [
    303_464_448,
    128_049_152,
]
assert [branches["five"] for branches in costs.values()] == [
    120_422_400,
    12_443_648,
]

# %% [markdown]
# 416 channels: the three convolutions' 224, and all 192 that came in. The 3x3
# cost most, but there are four times as many of them: filter for filter a 5x5
# costs 25/9 = 2.8 times as much, and 32 of them take 120.4M.
#
# The remedy is a 1x1 convolution before the 3x3 and the 5x5, and one after the
# pooling. A 1x1 looks at one pixel and mixes its channels: it is a small
# matrix product at every pixel. Here it makes 16 channels out of 192 before
# the 5x5:
#
#     5x5 from 192 channels:      28 28 25 192 32                    = 120.4M
#     1x1 to 16, 5x5 from 16:     28 28 (192 16  +  25 16 32)        =  12.4M
#
# The branch becomes ten times cheaper, the whole module 2.4 times: 303.5M to
# 128.0M.
#
# ## Why channels explode
#
# In the naive module the pooling branch passes everything on, so the output is
# the input **plus** the filters:
#
#     out = in + n1 + n3 + n5
#
# It can only grow, and the next module pays for every channel that comes in.
# We stack all nine modules of GoogLeNet, each time with the filters of Table
# 1, on its grids of 28, 14 and 7 pixels.
#
# **Predict:** how many channels leave the ninth module, where GoogLeNet has
# 1024? How many times as much do the nine cost?


# %%
def stack(build):
    """(name, channels out, multiply-adds) of the nine modules, each on what the one before puts out."""
    rows, m = [], 192
    for name, widths in WIDTHS.items():
        grid = {"3": 28, "4": 14, "5": 7}[name[0]]
        with nn.shape_only():
            module = build(m, *widths)
        rows.append(
            (name, module.out_channels, sum(cost(module, grid, m).values()))
        )
        m = module.out_channels
    return rows


stacks = {"naive": stack(naive), "reduced": stack(reduced)}
print(
    "module   channels out: naive, reduced     million multiply-adds: naive, reduced"
)
for (name, wide, dear), (_, narrow, cheap) in zip(
    *stacks.values(), strict=True
):
    print(
        f"{name:6} {wide:22,} {narrow:8,} {dear / 1e6:30,.0f} {cheap / 1e6:8,.0f}"
    )
total = {name: sum(row[2] for row in rows) for name, rows in stacks.items()}
print(
    f"all nine: {total['naive'] / 1e9:.1f}G against {total['reduced'] / 1e9:.2f}G, "
    f"{total['naive'] / total['reduced']:.1f} times as much"
)
assert (stacks["naive"][-1][1], stacks["reduced"][-1][1]) == (4944, 1024)
assert (total["naive"], total["reduced"]) == (12_085_441_536, 1_103_972_352)
assert round(total["naive"] / total["reduced"], 1) == 10.9
assert stacks["naive"][5][2] > stacks["naive"][1][2]  # 4d against 3b

# %%
names = list(WIDTHS)
drawn, (left, right) = figure(1, 2, width=11)
styles = {
    "naive": ("o--", COLOURS["vermilion"]),
    "reduced": ("s-", COLOURS["blue"]),
}
for name, rows in stacks.items():
    style, colour = styles[name]
    left.plot(names, [row[1] for row in rows], style, color=colour)
    right.semilogy(names, [row[2] / 1e6 for row in rows], style, color=colour)
left.text(
    5.1, 3150, "naive: input + filters", color=COLOURS["vermilion"], ha="right"
)
left.text(3.6, 1130, "with 1x1: as wide as we say", color=COLOURS["blue"])
left.axhline(0, color=COLOURS["black"], linewidth=0.8)
right.text(0.3, 3000, "naive: 12.1G in all", color=COLOURS["vermilion"])
right.text(0.3, 36, "with 1x1: 1.10G in all", color=COLOURS["blue"])
left.set(
    ylabel="channels out of the module",
    xlabel="GoogLeNet's modules, in order",
    title="Channels",
)
right.set(
    ylabel="multiply-adds, millions (log scale)",
    xlabel="GoogLeNet's modules, in order",
    title="Cost",
    ylim=(28, 6000),
)
show(drawn, "05_explosion")

# %% [markdown]
# 4,944 channels and 12.1G multiply-adds, eleven times as much. The grid
# shrinks by four pixels to one at 4a and at 5a, which cuts the cost, yet by 4d
# the naive stack costs more than it did at 3b.
#
# ## What a reduction gives up
#
# Leave the ReLU between aside for a moment. Then a 1x1 from 192 to 16 channels
# followed by a 5x5 to 32 is one linear 5x5 from 192 to 32 channels: its
# weights at each position are the product of a 192 x 16 and a 16 x 32 matrix.
# Write all its weights as one matrix, of 192 input channels by 25 x 32 = 800
# columns. Its **rank** is the number of directions of the 192-dimensional
# space of channels that the branch can see at all.
#
# **Predict:** what is that rank for a free 5x5, and what is it behind the
# reduction?

# %%
rng = np.random.default_rng(0)
free = rng.standard_normal((192, 800))
behind = rng.standard_normal((192, 16)) @ rng.standard_normal((16, 800))
ranks = [int(np.linalg.matrix_rank(matrix)) for matrix in (free, behind)]
print(f"directions seen, of 192: free {ranks[0]}, behind the 1x1 {ranks[1]}")
assert ranks == [192, 16]

# %% [markdown]
# 16 of 192: the 5x5 is blind to the rest. That is the paper's bet: that many
# channels say much the same, so that a few mixtures of them carry most of the
# information. The other branches have mixtures of their own: 64 in the 1x1
# branch, 96 before the 3x3, 32 after the pooling. The reduction also adds a
# ReLU, which the paper counts as a gain.
#
# ## More 3x3 and 5x5 with depth?
#
# Section 4 of the paper argues: later layers describe larger parts of the
# image, so "the ratio of 3x3 and 5x5 convolutions should increase as we move
# to higher layers". We take each module's output and ask what share of its
# channels comes from a 3x3 or a 5x5.
#
# **Predict:** the first module has 62.5 %. What has the last?

# %%
shares = {}
print("module    1x1   3x3   5x5  pool   3x3 and 5x5")
for name, (n1, _, n3, _, n5, proj) in WIDTHS.items():
    outputs = np.array([n1, n3, n5, proj])
    shares[name] = outputs / outputs.sum()
    print(
        f"{name:6} {n1:6} {n3:5} {n5:5} {proj:5} {shares[name][1:3].sum():12.1%}"
    )
wide = [float(share[1:3].sum()) for share in shares.values()]
assert np.allclose(
    wide,
    [0.625, 0.6, 0.5, 0.5625, 0.625, 0.6667, 0.5385, 0.5385, 0.5],
    atol=5e-5,
)
assert wide[2] < wide[3] < wide[4] < wide[5] > wide[6]
assert wide[-1] == wide[2] == min(wide)

# %%
parts = [
    ("1x1", "grey", ""),
    ("3x3", "blue", "//"),
    ("5x5", "vermilion", "xx"),
    ("pool", "sky", ".."),
]
order = [
    1,
    2,
    0,
    3,
]  # 3x3 and 5x5 at the bottom, so that their sum can be read off
drawn, axes = figure(height=4.4)
bottom = np.zeros(9)
for i in order:
    label, colour, hatch = parts[i]
    heights = 100 * np.array([share[i] for share in shares.values()])
    axes.bar(
        names,
        heights,
        bottom=bottom,
        color=COLOURS[colour],
        hatch=hatch,
        edgecolor="white",
        label=label,
    )
    bottom += heights
for x, share in enumerate(wide):
    axes.text(
        x,
        100 * share + 1.5,
        f"{share:.1%}",
        ha="center",
        color="white",
        fontweight="bold",
        bbox={"facecolor": "black", "edgecolor": "none", "pad": 1.5},
    )
    axes.plot([x - 0.4, x + 0.4], [100 * share] * 2, color="black")
axes.set(
    ylabel="share of the output channels, %",
    xlabel="GoogLeNet's modules, in order",
    ylim=(0, 100),
    title="3x3 and 5x5 together: no rise with depth",
)
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), reverse=True)
axes.grid(False)
show(drawn, "05_shares")

# %% [markdown]
# 50 %, the lowest of all, together with 4a. The share rises within 4a to 4d
# and falls again; over the whole network it does not rise. The sentence is in
# the paper, and is often repeated; the network of the same paper does not do
# it.
#
# ## Take away
#
# - Branches must agree in their grid, which stride and padding decide. Channel
#   counts are free and add up.
# - A larger kernel does not put out fewer numbers.
# - The naive module puts out its input's channels and more: 416 after 3a,
#   4,944 after nine modules.
# - 1x1 reductions make 3a 2.4 times cheaper, its 5x5 branch ten times, and a
#   stack of nine eleven times.
# - The price: behind the reduction the 5x5 sees 16 mixtures of the 192
#   channels, no more.
# - The share of 3x3 and 5x5 does not rise with depth in Table 1, whatever the
#   text says.
#
# **Exercises:** `lessons/exercises/05_inception_module.py`, checked by
# `tinyinception lesson 5 --check`.
#
# **Paper:** Szegedy et al., *Going Deeper with Convolutions*, sections 4 and
# 5, Figure 2, Table 1.
