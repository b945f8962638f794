# %% [markdown]
# # Lesson 7. GoogLeNet whole
#
# **Time:** 30 minutes. **Afterwards you know** how to check every row of the
# paper's Table 1, which of its cells are wrong, what its first layer must have
# been, and how 58 weight layers are 22.
#
# ## The question
#
# Table 1 of *Going Deeper with Convolutions* is GoogLeNet: for every layer its
# size, its parameters and its operations. The first row is a 7x7 convolution
# with stride 2, from the 3 colours to 64 channels on 112x112 pixels: 2.7K
# parameters, 34M operations. Readers have complained that this cannot be. Are
# they right, and is the rest right?

# %% [markdown]
# ## The first row
#
# A plain k x k convolution from m to n channels has k k m n weights. Each
# output pixel uses every weight once, so
#
#     operations = weights x output pixels
#
# where an operation is one multiply-add.
#
# **Predict:** how many weights does a 7x7 from 3 to 64 channels have, and how
# many multiply-adds does it take for 112x112 pixels?

# %%
import numpy as np

from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.course import COLOURS, figure, show
from tinyinception.models.googlenet import WIDTHS

PIXELS = 112 * 112


def report(name, weights):
    macs = weights * PIXELS
    print(f"{name:42} {weights:6,} weights {macs / 1e6:8.2f}M operations")
    return weights, macs


plain = report("plain 7x7, 3 -> 64", 7 * 7 * 3 * 64)
assert plain == (9_408, 118_013_952)

# %% [markdown]
# 9,408 and 118.0M, both 3.5 times the printed cells. The complaint is right
# for a plain convolution. But 34M / 112^2 is 2.7K: the two cells agree with
# each other. So they may well be right, for another layer.
#
# A **depthwise-separable** convolution does the work in two steps. First every
# input channel is convolved on its own, with `multiplier` filters of 7x7. Then
# a 1x1 mixes the results:
#
#     7 7 3 multiplier   +   3 multiplier 64     weights
#
# A popular other explanation is (7 + 7) 3 64, "a 7x1 and a 1x7". A real pair
# of them needs channels in between.
#
# **Predict:** for which multiplier are there 2.7K weights?

# %%
for multiplier in (1, 4, 7, 8, 9):
    separable = report(
        f"separable 7x7, multiplier {multiplier}",
        147 * multiplier + 3 * multiplier * 64,
    )
    if multiplier == 8:
        found = separable
real_pair = report("7x1 3 -> 64, then 1x7 64 -> 64", 7 * 3 * 64 + 7 * 64 * 64)
formula = report(
    "the formula (7 + 7) 3 64, which is no layer", (7 + 7) * 3 * 64
)
assert found == (2_712, 34_019_328)
assert real_pair[0] == 30_016
assert formula[0] == 2_688
built = summary("googlenet_separable").rows[:2]
assert (sum(row.macs for row in built), sum(row.params for row in built)) == (
    found[1],
    found[0] + 64,
)  # 64 biases

# %% [markdown]
# Only 8 gives 2.7K, and then the operations are 34.0M: one whole number
# explains both cells. The formula (7 + 7) 3 64 rounds to 2.7K and 34M too, but
# it belongs to no layer: the pair has 30,016 weights. That the first layer is
# separable with multiplier 8 is our inference for this paper; the batch
# normalisation paper, by the same group a few months later, says it of its own
# first layer.
#
# ## Row by row
#
# Table 1 has K and M without saying what K is.
#
# **Predict:** the last row, a linear layer from 1024 to 1000, is printed as
# 1000K. Is K a thousand or 1024?

# %%
PRINTED = {  # parameters in K, operations in M
    "conv1": (2.7, 34),
    "conv2": (112, 360),
    "3a": (159, 128),
    "3b": (380, 304),
    "4a": (364, 73),
    "4b": (437, 88),
    "4c": (463, 100),
    "4d": (580, 119),
    "4e": (840, 170),
    "5a": (1072, 54),
    "5b": (1388, 71),
    "linear": (1000, 1),
}
GRIDS = {
    "conv1": 112,
    "conv2": 56,
    "3a": 28,
    "3b": 28,
    "5a": 7,
    "5b": 7,
    "linear": 1,
}


def counted(network):
    """Weights without biases, and multiply-adds, of each row, from the built network."""
    with nn.shape_only():
        network = models.build(network)
    rows = dict.fromkeys(PRINTED, (0, 0))
    shapes = {
        name: p.shape
        for name, p in network.named_parameters()
        if not name.startswith("aux")
    }
    macs = {
        row.name: row.macs for row in summary(network, 224).rows if row.macs
    }
    for name, shape in shapes.items():
        if not name.endswith("weight"):
            continue
        key = (
            name.split(".")[0]
            .removeprefix("inception_")
            .replace("head", "linear")
        )
        rows[key] = (
            rows[key][0] + int(np.prod(shape)),
            rows[key][1] + macs[name.removesuffix(".weight")],
        )
    return rows


rows = counted("googlenet_separable")
print(
    "row        K printed  counted        M printed  counted     K from the printed M"
)
for name, (k, m) in PRINTED.items():
    pixels = GRIDS.get(name, 14) ** 2
    weights, macs = rows[name]
    low, high = ((m + d) * 1e6 / pixels / 1024 for d in (-0.5, 0.5))
    note = "" if name == "linear" else f"{low:10,.1f} to {high:7,.1f}"
    print(
        f"{name:9} {k:10,} {weights / 1024:8,.1f} {m:16,} {macs / 1e6:8,.1f} {note:>25}"
    )
assert rows["linear"][0] / 1024 == 1000
assert rows["conv2"][0] / 1024 == 112
with_biases = {
    name: round((rows[name][0] + biases) / 1024, 2)
    for name, biases in (("conv1", 64), ("3b", 640))
}
assert with_biases == {"conv1": 2.71, "3b": 379.62}
operations = sum(macs for _, macs in rows.values())
print(
    f"sum of the operations: {sum(m for _, m in PRINTED.values()):,}M printed, {operations / 1e6:,.1f}M counted; "
    f"with a plain 7x7 {summary('googlenet').macs / 1e6:,.1f}M"
)
assert (operations, summary("googlenet").macs) == (
    1_498_677_248,
    1_582_671_872,
)
assert sum(m for _, m in PRINTED.values()) == 1502

# %% [markdown]
# K is 1024: only then do conv2 and the linear layer come out to the digit. The
# operations add up to the "1.5 billion" of the text, with the separable first
# layer; with a plain one they would be 1.58. Biases are not in our column;
# with them conv1 is 2.71K instead of 2.65K and 3b 379.6K instead of 379.0K,
# which fits the printed 2.7 and 380 better.
#
# The last column is a check that needs no network. Operations are weights
# times pixels, so each row's two cells must agree, to what rounding allows. In
# the picture: how far each printed cell is from the count.

# %%
names = list(PRINTED)
off = {
    name: [
        100 * (printed / real - 1)
        for printed, real in zip(
            PRINTED[name],
            (rows[name][0] / 1024, rows[name][1] / 1e6),
            strict=True,
        )
    ]
    for name in names
}
assert [round(off[name][0], 1) for name in ("4c", "4d", "5b")] == [
    -6.9,
    -1.8,
    -1.5,
]
assert [round(cell, 1) for cell in off["5a"]] == [5.3, 5.7]
assert max(abs(off[name][0]) for name in ("4a", "4b", "4e")) < 1
assert (
    max(abs(off[name][1]) for name in names if name not in ("5a", "linear"))
    < 1
)
drawn, axes = figure(width=9, height=4.4)
axes.axhspan(-1, 1, color=COLOURS["grey"], alpha=0.2)
axes.axhline(0, color=COLOURS["black"], linewidth=1)
axes.plot(
    names,
    [off[name][0] for name in names],
    "o",
    color=COLOURS["vermilion"],
    markersize=9,
    label="parameters",
)
axes.plot(
    names[:-1],
    [off[name][1] for name in names[:-1]],
    "s",
    color=COLOURS["blue"],
    markersize=7,
    markerfacecolor="none",
    markeredgewidth=2,
    label="operations",
)
axes.annotate(
    "4c: 463K printed, 497.5K counted",
    ("4c", off["4c"][0]),
    xytext=(-12, -3),
    textcoords="offset points",
    ha="right",
)
axes.annotate(
    "5a: both cells too large,\nby about the same",
    ("5a", 5.5),
    xytext=(-14, -3),
    textcoords="offset points",
    ha="right",
    va="center",
)
axes.annotate("within 1 %", ("4c", 1.2), ha="center", fontsize=9)
axes.annotate(
    "rounded, no biases",
    ("conv1", off["conv1"][0]),
    xytext=(10, -3),
    textcoords="offset points",
    fontsize=9,
)
axes.set(
    xlabel="row of Table 1",
    ylabel="printed against counted, %",
    ylim=(-8.5, 8.5),
    title="Table 1 of GoogLeNet: how far the printed cells are off",
)
axes.legend(loc="upper left")
show(drawn, "07_cells")

# %% [markdown]
# - **4c** prints 463K. Its own operations imply about 498K, and 497.5K is the
#   count: a wrong cell of parameters.
# - **4d** (580 for 590.5) and **5b** (1388 for 1409) are wrong in the same
#   way, by less. 4a, 4b and 4e are less than 1 % off.
# - **5a** is another case: 1072K and 54M agree with each other, and neither
#   agrees with the widths beside them, which make 1018K and 51.1M. The row
#   seems to have been counted for a slightly wider module than the one
#   printed.
#
# Which one? We change one number of 5a at a time and keep what gives both
# 1072K and 54M.

# %%
columns = (
    "input",
    "1x1",
    "3x3 reduce",
    "3x3",
    "5x5 reduce",
    "5x5",
    "pool proj",
)
module_5a = (832, *WIDTHS["5a"])
fits = []
for column, name in enumerate(columns):
    for width in range(1, 1500):
        m, n1, r3, n3, r5, n5, proj = (
            *module_5a[:column],
            width,
            *module_5a[column + 1 :],
        )
        weights = m * (n1 + r3 + r5 + proj) + 9 * r3 * n3 + 25 * r5 * n5
        if (
            abs(weights / 1024 - 1072) <= 0.5
            and abs(weights * 49 / 1e6 - 54) <= 0.5
        ):
            fits.append((name, module_5a[column], width))
for name, before, width in fits:
    print(f"{name:10} {before} -> {width}")
assert [fit for fit in fits if fit[2] % 8 == 0] == [("input", 832, 928)]
assert all(width % 8 == 0 for widths in WIDTHS.values() for width in widths)

# %% [markdown]
# Every width in the table is a multiple of 8, and the only one of these that
# is too is an input of 928 channels instead of 832, as if 4e had once been 96
# channels wider. That is a guess; nobody can tell from the table.
#
# ## Where the parameters are
#
# Summaries say "5 million parameters, 12 times fewer than AlexNet". Table 1's
# own column adds up to 6.8 million.
#
# **Predict:** GoogLeNet is trained with two extra classifiers on the way,
# after 4a and 4d. The network itself has 7.0 million parameters; how many do
# these two add?

# %%
network, training = summary("googlenet"), summary("googlenet", training=True)
heads = training.params - network.params
print(
    f"in use: {network.params:,} parameters; in training {training.params:,}: the two heads have {heads:,}"
)
print(
    f"AlexNet has {summary('alexnet').params / network.params:.1f} times as many"
)
assert (network.params, training.params) == (6_998_552, 13_378_280)
assert round(sum(k for k, _ in PRINTED.values()) * 1024 / 1e6, 2) == 6.96
assert round(sum(k for k, _ in PRINTED.values())) == 6798
assert round(summary("alexnet").params / network.params, 1) == 8.7
drawn, axes = figure(width=9, height=4)
x = np.arange(len(names))
share = np.array([rows[name] for name in names]) / np.array(
    [list(rows.values())]
).sum(axis=1)
axes.bar(
    x - 0.2,
    100 * share[:, 1],
    0.4,
    color=COLOURS["blue"],
    hatch="//",
    edgecolor="white",
    label="multiply-adds",
)
axes.bar(
    x + 0.2,
    100 * share[:, 0],
    0.4,
    color=COLOURS["vermilion"],
    label="weights",
)
axes.text(
    1.35, 25, "conv2: a quarter of the work,\n2 % of the weights", va="top"
)
axes.text(
    10.5,
    25,
    "5b and linear: 5 % of the work,\n35 % of the weights",
    ha="right",
    va="top",
)
axes.set_xticks(x, names)
axes.set(
    xlabel="row of Table 1",
    ylabel="share of the network, %",
    ylim=(0, 28),
    title="GoogLeNet: early layers do the work, late ones hold the weights",
)
axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.72))
show(drawn, "07_shares")
assert np.round(100 * share[1]).tolist() == [2, 24]
assert np.round(100 * share[-2:].sum(axis=0)).tolist() == [35, 5]

# %% [markdown]
# 6,379,728, nearly as many as the network has: they double it while it trains,
# and are thrown away afterwards.
#
# ## 22 layers
#
# The network is called 22 layers deep, "27 with pooling", and made of "about
# 100" blocks. Depth is the number of weight layers on the **longest path**
# from image to logits: branches side by side count once.
#
# **Predict:** how many convolutions and linear layers are there altogether?

# %%
layers = [row for row in network.rows if row.macs]
longest = {"conv1": 1, "conv2": 2, **{name: 2 for name in WIDTHS}, "linear": 1}
pools = [
    name
    for name, module in models.build("googlenet").named_children()
    if isinstance(module, nn.MaxPool2d)
] + ["average pooling"]
print(
    f"{len(layers)} weight layers in all, {network.depth} on the longest path, {sum(longest.values())} by hand"
)
print(f"with {', '.join(pools)}: {network.depth + len(pools)}")
assert (len(layers), network.depth, sum(longest.values()), len(pools)) == (
    58,
    22,
    22,
    5,
)

# %% [markdown]
# 58, of which 22 lie one behind the other: conv1, the two of conv2, two in
# each of nine modules, the linear layer. With four max poolings and the
# average pooling, 27. Both numbers of the paper are right.
#
# ## Take away
#
# - Operations are weights times pixels: two cells of a table can check each
#   other without any network.
# - The first row, 2.7K and 34M, fits a depthwise-separable 7x7 of multiplier
#   8: 2,712 weights, 34.0M. A plain one has 9,408 and 118.0M.
# - K is 1024. The operations are right in every row but 5a; 4c's parameters
#   are 6.9 % off, 5a's 5.3 %.
# - 6,998,552 parameters (with a plain 7x7), 13,378,280 in training; not 5
#   million, and 8.7 times less than AlexNet.
# - 22 layers deep, 27 with pooling, 58 weight layers in all.
#
# **Exercises:** `lessons/exercises/07_googlenet.py`, checked by `tinyinception
# lesson 7 --check`.
#
# **Paper:** Szegedy et al., *Going Deeper with Convolutions*, section 5, Table
# 1, Figure 3; Ioffe and Szegedy, *Batch Normalization*, appendix and Figure 5,
# for the separable first layer.
