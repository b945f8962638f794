# %% [markdown]
# # Lesson 8. The audit of Table 1
#
# **Time:** 30 minutes. **Afterwards you know** how to check every row of the
# paper's table, which of its cells are wrong and in which way, what its first
# layer probably was, and how 58 layers are 22.
#
# **You need:** lessons 4 and 7.
#
# ## The question
#
# Table 1 of *Going Deeper with Convolutions* is GoogLeNet: for every layer its
# size, its parameters ("params") and its operations ("ops"). The first row is
# a 7 × 7 convolution with [stride](glossary.md#stride) 2, from 3 colours to 64
# channels on 112 × 112 pixels: 2.7K parameters, 34M operations. Readers have
# complained that this cannot be. Are they right, and is the rest right?

# %% [markdown]
# ## The first row
#
# A plain k × k convolution from m to n channels has k × k × m × n weights.
# Each output pixel uses every weight once, so
#
# $$\text{operations} = \text{weights} \times \text{output pixels}$$
#
# where an operation is one [multiply-add](glossary.md#multiply-add).
#
# **Predict:** how many weights does a 7 × 7 from 3 to 64 channels have?
#
# - (a) 147
# - (b) 2,688
# - (c) 9,408
#
# <!-- answer: c
# a: that is one filter, 7 × 7 × 3; there are 64 of them.
# b: that is (7 + 7) × 3 × 64, which no layer has.
# c: 7 × 7 × 3 × 64.
# -->

# %%
from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.course import show
from tinyinception.course.files import folder, load
from tinyinception.models.googlenet import WIDTHS


def report(name, weights):
    operations = weights * 112 * 112
    print(f"{name:36} {weights:6,} weights {operations / 1e6:6.1f}M ops")
    return weights, operations


plain = report("plain 7 × 7, 3 to 64", 7 * 7 * 3 * 64)

# %% tags=["hide-input"]
assert plain == (9_408, 118_013_952)

# %% [markdown]
# 9,408 weights and 118.0M operations, both 3.5 times the printed cells. The
# complaint is right for a plain convolution. But 34M / (112 × 112) is 2.7K:
# the two cells agree with each other. So they may well be right, for another
# layer.
#
# A **depthwise-separable** convolution works in two steps. First every input
# channel is convolved on its own, with a few filters of 7 × 7 each. Their
# number is called the multiplier, here r. Then a 1 × 1 mixes the results:
#
# $$\text{weights} = 7 \times 7 \times 3 \times r + 3 \times r \times 64$$
#
# **Predict:** for which multiplier are there 2.7K weights?
#
# - (a) 1
# - (b) 8
# - (c) for none
#
# <!-- answer: b
# a: with 1 there are 147 + 192 = 339.
# b: 1,176 + 1,536 = 2,712.
# c: the number of weights grows by 339 with each step, and 2.7K is met.
# -->

# %%
for multiplier in (1, 4, 7, 8, 9):
    weights = 7 * 7 * 3 * multiplier + 3 * multiplier * 64
    found = report(f"separable, multiplier {multiplier}", weights)
    if multiplier == 8:
        separable = found
report("7 × 1, 3 to 64, then 1 × 7, 64 to 64", 7 * 3 * 64 + 7 * 64 * 64)
report("(7 + 7) × 3 × 64, which is no layer", (7 + 7) * 3 * 64)

# %% tags=["hide-input"]
built = summary("googlenet_separable").rows[:2]
assert separable == (2_712, 34_019_328)
assert sum(row.macs for row in built) == separable[1]
assert sum(row.params for row in built) == separable[0] + 64  # 64 biases

# %% [markdown]
# With 8, and then the operations are 34.0M: one whole number explains both
# cells. (If K is 1,024, as we shall find, then 2,712 weights are 2.65K. With a
# bias for each of the 64 outputs they are 2.71K.) Often (7 + 7) × 3 × 64 is
# offered, "a 7 × 1 and a 1 × 7". That comes to 2.7K and 34M as well, but
# belongs to no layer: a real pair needs channels in between, and has 30,016
# weights.
#
# That the first layer is separable with multiplier 8 is our inference for this
# paper. The batch normalisation paper, by the same group a few months later,
# says it of its own first layer.
#
# ## Row by row
#
# The table writes K and M without saying what K is.
#
# **Predict:** the last row, a linear layer from 1,024 to 1,000, is printed as
# 1000K. What is K?
#
# - (a) 1,000
# - (b) 1,024
#
# <!-- answer: b
# a: then 1,024,000 weights would be 1024K.
# b: 1,024 × 1,000 weights are 1000 × 1,024.
# -->

# %%
PRINTED = {  # parameters in K, operations in M, side of the grid
    "conv1": (2.7, 34, 112),
    "conv2": (112, 360, 56),
    "3a": (159, 128, 28),
    "3b": (380, 304, 28),
    "4a": (364, 73, 14),
    "4b": (437, 88, 14),
    "4c": (463, 100, 14),
    "4d": (580, 119, 14),
    "4e": (840, 170, 14),
    "5a": (1072, 54, 7),
    "5b": (1388, 71, 7),
    "linear": (1000, 1, 1),
}


def module(m, n1, r3, n3, r5, n5, proj):
    """Weights of an Inception module that reads m channels."""
    return m * (n1 + r3 + r5 + proj) + 9 * r3 * n3 + 25 * r5 * n5


# %%
weights = {"conv1": 2_712, "conv2": 64 * 64 + 9 * 64 * 192}
reads, m = {}, 192
for name, (n1, r3, n3, r5, n5, proj) in WIDTHS.items():
    reads[name] = m
    weights[name] = module(m, n1, r3, n3, r5, n5, proj)
    m = n1 + n3 + n5 + proj
weights["linear"] = 1024 * 1000
macs = {name: weights[name] * PRINTED[name][2] ** 2 for name in PRINTED}

print("row     K printed  counted   M printed  counted")
for name, (k, millions, _) in PRINTED.items():
    print(f"{name:7} {k:9,} {weights[name] / 1024:8,.1f}", end=" ")
    print(f"{millions:11,} {macs[name] / 1e6:8,.1f}")
print(f"sum of operations: {sum(macs.values()):,} counted,", end=" ")
print(f"{sum(row[1] for row in PRINTED.values()):,}M printed")

# %% tags=["hide-input"]
assert weights["linear"] == 1000 * 1024
assert weights["conv2"] == 112 * 1024
assert sum(macs.values()) == summary("googlenet_separable").macs
assert sum(macs.values()) == 1_498_677_248
assert summary("googlenet").macs == 1_582_671_872
assert sum(row[1] for row in PRINTED.values()) == 1502

# %% [markdown]
# K is 1,024: only then do conv2 and the linear layer come out to the digit.
# (The 2.6 of conv1 is without biases, as all counts here.) The operations add
# up to the "1.5 billion" of the paper's text, with the separable first layer;
# with a plain one they would be 1.58 billion.
#
# ## Two questions for each row
#
# A wrong cell can be wrong in two ways, and two questions tell them apart:
#
# 1. Do the row's two cells agree **with each other**? Operations are weights
#    times pixels; this needs no network, only the table.
# 2. Do they agree **with the widths** that are printed beside them?
#
# Printed numbers are rounded, so they may be off by half a unit. And we allow
# the parameters to be with or without biases, since the paper does not say.
#
# **Predict:** fill in the table of nine modules: how many answer yes and yes?
#
# - (a) all nine
# - (b) seven
# - (c) two
#
# <!-- answer: c
# a: look at 5a: 1072K printed, 1018.0K counted.
# b: 4a and 5a are wrong in both cells, but others have one wrong cell.
# c: 3a and 3b. Seven of the nine rows have a wrong cell.
# -->


# %%
def overlap(a, b):
    """Whether two intervals (low, high) have a number in common."""
    return a[0] <= b[1] and b[0] <= a[1]


def cells_agree(k, millions, grid, biases):
    """Whether some weights round to both printed cells."""
    ops = (millions - 0.5) * 1e6, (millions + 0.5) * 1e6
    return any(
        overlap([(k + half) * 1024 - b for half in (-0.5, 0.5)],
                [o / grid**2 for o in ops])
        for b in (0, biases)
    )  # fmt: skip


def fit(name, k, millions, biases):
    """Whether each of the two printed cells is the counted one, rounded."""
    counts = weights[name], weights[name] + biases
    half = 0.05 if k < 10 else 0.5  # conv1 is printed with a decimal
    near = [abs(count / 1024 - k) <= half for count in counts]
    return any(near), abs(macs[name] / 1e6 - millions) <= 0.5


# %%
sorts, fits = {}, {}
for name, (k, millions, grid) in PRINTED.items():
    biases = 64 if name == "conv1" else sum(WIDTHS.get(name, [0]))
    fits[name] = fit(name, k, millions, biases)
    if name in WIDTHS:
        agree = cells_agree(k, millions, grid, biases)
        sorts.setdefault((agree, all(fits[name])), []).append(name)
        print(f"{name}: agree with each other {agree!s:5}", end="  ")
        print(f"params fit {fits[name][0]!s:5}  ops fit {fits[name][1]}")

# %% tags=["hide-input"]
assert fits["conv1"] == fits["conv2"] == fits["linear"] == (True, True)
assert sorts[True, True] == ["3a", "3b"]
assert sorts[True, False] == ["4a", "4b", "5a"]
assert fits["4b"][1]
assert weights["4b"] == 438 * 1024
assert sorts[False, False] == ["4c", "4d", "4e", "5b"]
assert all(fits[name][1] for name in sorts[False, False])
off = {
    name: (
        100 * (k * 1024 / weights[name] - 1),
        100 * (millions * 1e6 / macs[name] - 1),
    )
    for name, (k, millions, _) in PRINTED.items()
    if name != "linear"  # its 1M is rounded to one digit
}
assert [round(off[name][0], 1) for name in ("4c", "4d", "4e", "5b")] == [
    -6.9,
    -1.8,
    -0.8,
    -1.5,
]
assert [round(cell, 1) for cell in off["5a"]] == [5.3, 5.7]
assert [round(cell, 1) for cell in off["4a"]] == [-0.7, -0.8]
plots = load(folder() / "plots" / "08_table_1.py")
show(plots.cells(off, fits), "08_cells")

# %% [markdown]
# Two rows of nine are right: 3a and 3b. 4b is one off in its last digit, 437K
# for 438.0K, which is hardly worth a word. The other six are of two kinds:
#
# - **4c, 4d, 4e, 5b:** the cells contradict each other. The operations fit the
#   widths; the parameters do not. So a number of parameters is wrong, most of
#   all in 4c: 463K for 497.5K.
# - **4a and 5a:** the cells agree with each other, and neither fits the
#   widths. The row looks as if it had been counted for another module than the
#   one that is printed.
#
# Which module? We change one number of the row at a time, and keep what gives
# both printed cells. All widths of the table are multiples of 8, so we look
# for those first.
#
# **Predict:** how many such repairs are there?
#
# - (a) none for either row
# - (b) exactly one for each row
# - (c) one for 5a, two for 4a
#
# <!-- answer: c
# a: both rows can be repaired by one number.
# b: 4a has two, so the table alone cannot decide.
# c: 5a: an input of 928. 4a: an input of 472, or 40 filters of 5 × 5.
# -->

# %%
COLUMNS = "input", "1×1", "3×3 reduce", "3×3", "5×5 reduce", "5×5", "pool"


def repairs(name):
    """(column, printed, other) that make both cells of the row right."""
    k, millions, grid = PRINTED[name]
    row, found = [reads[name], *WIDTHS[name]], []
    for i, column in enumerate(COLUMNS):
        for other in range(1, 1500):
            w = module(*row[:i], other, *row[i + 1 :])
            params_fit = abs(w / 1024 - k) <= 0.5
            if params_fit and abs(w * grid**2 / 1e6 - millions) <= 0.5:
                found.append((column, row[i], other))
    return found


for name in ("4a", "5a"):
    for column, printed, other in repairs(name):
        mark = "  a multiple of 8" if other % 8 == 0 else ""
        print(f"{name}: {column:10} {printed:4} -> {other:4}{mark}")

# %% tags=["hide-input"]
eights = {n: [r for r in repairs(n) if r[2] % 8 == 0] for n in ("4a", "5a")}
assert eights["5a"] == [("input", 832, 928)]
assert sorted(eights["4a"]) == [("5×5", 48, 40), ("input", 480, 472)]
assert all(w % 8 == 0 for widths in WIDTHS.values() for w in widths)

# %% [markdown]
# All printed widths are multiples of 8. Of the repairs of 5a only one is: an
# input of 928 channels in place of 832, as if 4e had once been 96 channels
# wider. For 4a there are two. These are guesses; nobody can tell from the
# table.
#
# ## 5 million or 7 million?
#
# *Rethinking the Inception Architecture* says that "GoogleNet employed only 5
# million parameters, which represented a 12× reduction with respect to its
# predecessor AlexNet, which used 60 million". *Going Deeper* had said the 12
# times a year before, without the 5. Table 1's own column adds up to 6,798K,
# which is 6.96 million.
#
# **Predict:** GoogLeNet is trained with two more classifiers on the way, after
# 4a and 4d. The network itself has 7.0 million parameters. How many do these
# two add?
#
# - (a) 2,000, a bias for each class
# - (b) about half a million
# - (c) 6.4 million, nearly as many again
#
# <!-- answer: c
# a: a classifier has a weight for each input and class, not only biases.
# b: the linear layers from 2,048 to 1,024 alone have 4 million.
# c: each has a 1 × 1, a layer from 2,048 to 1,024, one from 1,024 to 1,000.
# -->

# %%
network, training = summary("googlenet"), summary("googlenet", training=True)
column = sum(row[0] for row in PRINTED.values())
alexnet = summary("alexnet").params
print(f"Table 1's column:    {column * 1024:12,.0f}")
print(f"the network in use:  {network.params:12,}")
print(f"  without its linear layer: {network.params - 1_025_000:,}")
print(f"while it is trained: {training.params:12,}")
print(f"the two classifiers: {training.params - network.params:12,}")
print(f"AlexNet / GoogLeNet: {alexnet / network.params:12.1f}")
print(f"AlexNet / 12:        {alexnet / 12:12,.0f}")

# %% tags=["hide-input"]
assert (network.params, training.params) == (6_998_552, 13_378_280)
assert round(column) == 6798
assert round(alexnet / network.params, 1) == 8.7
assert round(alexnet / 12 / 1e6, 2) == 5.08
rows = {name: (weights[name], macs[name]) for name in PRINTED}
share = {
    name: [
        100 * n / sum(r[i] for r in rows.values()) for i, n in enumerate(row)
    ]
    for name, row in rows.items()
}
assert [round(s) for s in share["conv2"]] == [2, 24]
last = zip(share["5b"], share["linear"], strict=True)
assert [round(a + b) for a, b in last] == [35, 5]
show(plots.shares(rows), "08_shares")

# %% [markdown]
# 6,379,728: they nearly double the network while it is trained, and are thrown
# away afterwards. Nothing that we can count is 5 million. A 12th of AlexNet is
# 5.08 million, so the 5 may have come from the 12; that is a guess. AlexNet
# has 8.7 times as many parameters as GoogLeNet.
#
# ## How deep it is
#
# The paper calls the network "22 layers deep when counting only layers with
# parameters (or 27 layers if we also count pooling)". Depth is the number of
# layers on the **longest path** from image to scores; branches that stand side
# by side count once.
#
# **Predict:** how many convolutions and linear layers has GoogLeNet in all?
#
# - (a) 22
# - (b) 31
# - (c) 58
#
# <!-- answer: c
# a: 22 is the longest path: each module counts two of its six convolutions.
# b: the module has six convolutions: four branches, of which the 3×3, the 5×5
# and the pooling bring a 1×1 with them (the pooling nothing else).
# c: 3 in the stem, 9 × 6 in the modules, 1 in the head.
# -->

# %%
layers = {"weights": (nn.Conv2d, nn.Linear), "poolings": nn.MaxPool2d}
everything = list(models.build("googlenet", aux=False).modules())
for name, kinds in layers.items():
    print(name, sum(isinstance(module, kinds) for module in everything))
by_hand = 3 + 9 * 2 + 1  # stem, two in each module, the linear layer
print(
    f"longest path: {by_hand}; with four poolings and the mean {by_hand + 5}"
)

# %% tags=["hide-input"]
weighted = [m for m in everything if isinstance(m, layers["weights"])]
poolings = [m for m in everything if isinstance(m, nn.MaxPool2d)]
assert (len(weighted), len(poolings), by_hand) == (58, 13, network.depth)

# %% [markdown]
# 58, of which 22 lie one behind the other. (Of the 13 poolings four halve the
# grid, and nine are inside the modules.) The paper also says that about 100
# building blocks were used, and that "this number depends on the machine
# learning infrastructure system used": whether a ReLU, a joining of branches
# or a dropout is a layer of its own differs from program to program.
#
# ## Take away
#
# - Operations are weights times pixels: two cells of a table can check each
#   other without any network.
# - The first row, 2.7K and 34M, fits a depthwise-separable 7 × 7 of multiplier
#   8: 2,712 weights, 34.0M. A plain one has 9,408 and 118.0M.
# - K is 1,024. The operations are right to rounding in every row but 4a and
#   5a. The parameters are right in two of nine modules, and up to 6.9 % off
#   (4c).
# - Two kinds of error: cells that contradict each other (4c, 4d, 4e, 5b), and
#   cells that agree and fit no printed widths (4a, 5a).
# - 6,998,552 parameters (with a plain 7 × 7), 13,378,280 in training; not 5
#   million. AlexNet has 8.7 times as many.
# - 22 layers deep, 27 with pooling, 58 layers with weights in all.
#
# The two classifiers on the way were meant to help training. Did they? That is
# lesson 9.
#
# **Exercises:** `lessons/exercises/08_table_1.py`, checked by
# `tinyinception lesson 8 --check`.
#
# **Paper:** Szegedy et al., *Going Deeper with Convolutions*, section 5, Table
# 1, Figure 3; *Rethinking the Inception Architecture*, section 1; Ioffe and
# Szegedy, *Batch Normalization*, appendix and Figure 5, for the separable
# first layer.
