# %% [markdown]
# # Lesson 6. Sparse versus dense
#
# **Time:** 35 minutes. **Afterwards you know** which idea the Inception module
# is meant to imitate, how a sparse matrix is stored, and at which density
# leaving out multiplications really saves time on your machine.
#
# **You need:** lessons 3 and 5; what a product of matrices is.
#
# ## The question
#
# *Going Deeper with Convolutions* starts from a theory: where the right
# network is *sparse*, with few of all possible connections, it can be built
# layer by layer, by joining units whose outputs are correlated. But its
# authors build dense modules. They say that "even if the number of arithmetic
# operations is reduced by 100×, the overhead of lookups and cache misses is so
# dominant that switching to sparse matrices would not pay off". Is that so?

# %% [markdown]
# ## Units are correlated
#
# A *unit* is here one output channel. Two units are **correlated** when they
# are large for the same pixels. The correlation coefficient says how much: 1
# if they always agree, 0 if one tells nothing about the other, -1 if one is
# large where the other is small.
#
# We take 48 units that have learnt nothing: random 3×3 filters and a
# [ReLU](glossary.md#relu), on 500 drawn images.
#
# **Predict:** random filters have nothing to do with each other. Are their
# outputs correlated?
#
# - (a) no, hardly any pair
# - (b) yes, a good part of the pairs
# - (c) yes, all pairs, and positively
#
# <!-- answer: b
# a: the filters are independent, but they look at the same pixels.
# b: neighbouring pixels are nearly alike, so filters see the same brightness.
# c: filters whose weights add up to less than zero see the opposite.
# -->

# %%
import numpy as np

from tinyinception import kernels
from tinyinception.course import show, stored
from tinyinception.course.files import folder, load
from tinyinception.data import drawn as data

plots = load(folder() / "plots" / "06_sparse_dense.py")
rng = np.random.default_rng(0)
images = data.draw(500)[0] / np.float32(255) - np.float32(0.5)
filters = rng.standard_normal((3, 3, 3, 48), dtype=np.float32)
outputs = kernels.conv2d(images, filters, None, (1, 1), (1, 1, 1, 1), 1)
outputs = np.maximum(outputs, 0)

# %%
units = np.corrcoef(outputs[:, 8:24:4, 8:24:4].reshape(-1, 48).T)
others = ~np.eye(48, dtype=bool)  # a unit with itself does not count
strong = np.abs(units[others]) > 0.5
print(f"pairs above 0.5 or below -0.5: {strong.mean():.0%}")

positive = filters.sum(axis=(0, 1, 2)) > 0
alike = positive[:, None] == positive
same, opposite = units[others & alike], units[~alike]
print(f"mean where both filters' sums have one sign: {same.mean():+.2f}")
print(f"mean where the signs differ:                 {opposite.mean():+.2f}")

# %% tags=["hide-input"]
assert strong.mean() > 0.15
assert same.mean() > 0.2
assert opposite.mean() < -0.1

# %% [markdown]
# Many are. A filter mostly sees the brightness that its nine pixels have in
# common, times the sum of its weights: where it is bright, filters with a
# positive sum are large, and filters with a negative sum small. So these
# correlations come from the images.
#
# The theory says: join what is correlated. We collect *clusters* step by step:
# take the unit with the most correlation left, and all units that go with it
# by more than 0.5; then go on with the rest.
#
# **Predict:** sorted by cluster, how does the table of correlations look?
#
# - (a) as before: no order helps
# - (b) a few large blocks along the diagonal
# - (c) 24 blocks of two
#
# <!-- answer: b
# a: an order does not change correlations, but brings large ones together.
# b: units that see brightness in the same way form large groups.
# c: clusters have very different sizes, as the printed list shows.
# -->


# %%
def clusters(c, threshold=0.5):
    """Lists of units; each one goes with the first of its list."""
    left, found = list(range(len(c))), []
    while left:
        first = max(left, key=lambda i: c[i, left].sum())
        members = [i for i in left if c[first, i] > threshold]
        found.append(members)
        left = [i for i in left if i not in members]
    return sorted(found, key=len, reverse=True)


def shifted(distance):
    """Mean correlation of a unit with itself, some pixels to the right."""
    here = outputs[:, 8:16, 8:16].reshape(-1, 48)
    there = outputs[:, 8:16, 8 + distance : 16 + distance].reshape(-1, 48)
    each = [np.corrcoef(here[:, i], there[:, i])[0, 1] for i in range(48)]
    return np.mean(each)


found = clusters(units)
near = [shifted(distance) for distance in range(9)]
print("sizes of the clusters:", [len(members) for members in found])
for distance in (1, 2, 4, 8):
    print(f"the same unit, {distance} pixels away: {near[distance]:.2f}")

# %% tags=["hide-input"]
assert sum(map(len, found[:2])) >= 24
assert near[1] > near[2] > near[4] > near[8]
order = [i for members in found for i in members]
show(plots.correlated(units, order, near), "06_correlated")

# %% [markdown]
# Two clusters hold more than half of the units: the two red blocks. And
# correlation is local: it falls with distance. From that the paper argues for
# its module. Most clusters sit in one place, and a 1×1 covers them; fewer are
# spread over a neighbourhood, for which there are 3×3 and 5×5; these should
# become more as features spread out in higher layers.
#
# That clusters exist with random filters does not show that a trained network
# has them, nor that the module is the best use of them. The paper is careful
# as well: "one must be cautious though", at the end of its section 3.
#
# ## How a sparse matrix is stored
#
# Take a matrix in which most weights are zero. *CSR* ("compressed sparse row")
# keeps only the others: their values, row by row; the column of each; and for
# each row the place where it starts in these lists.

# %%
matrix = np.array(
    [
        [0, 2, 0, 0, -1, 0],
        [0, 0, 0, 0, 0, 0],
        [3, 0, 0, 5, 0, 4],
        [0, 0, 1, 0, 0, 0],
    ]
)


def compressed(w):
    """values, columns, starts: row i has values[starts[i]:starts[i + 1]]."""
    rows, columns = np.nonzero(w)
    starts = np.searchsorted(rows, np.arange(len(w) + 1))
    return w[rows, columns], columns, starts


for name, numbers in zip(
    ("values", "columns", "starts"), compressed(matrix), strict=True
):
    print(f"{name:8}", numbers.tolist())

# %% tags=["hide-input"]
assert compressed(matrix)[2].tolist() == [0, 2, 2, 5, 6]
show(plots.csr(matrix), "06_csr")

# %% [markdown]
# To multiply with a vector, go through each row's stretch, and fetch the
# numbers of the vector that its columns name.
#
# ## What leaving out costs
#
# A 1×1 convolution from 512 to 512 channels on 28 × 28 pixels is a product of
# a 512 × 512 matrix with a 512 × 784 one. We set most weights to zero,
# anywhere, and skip them. *Density* is the share of weights that are left.
#
# Skipping is not free. A dense kernel keeps a block of sums in *registers*,
# the processor's own few places for numbers: say 8 rows and 3 short vectors of
# columns. For 24 multiply-adds of vectors it reads 8 weights and 3 vectors.
# Our sparse kernel fetches, for each weight, the vector that this weight
# wants, and the sum, and stores the sum: 3 accesses for one multiply-add. That
# is
#
# $$\frac{3}{11 / 24} = 6.5$$
#
# times as many accesses for each multiply-add. (Time need not grow as much: a
# processor reads and calculates at once.)
#
# **Predict:** from which density down is the sparse product faster?
#
# - (a) as soon as any weight is left out
# - (b) somewhere between a half and a twentieth
# - (c) not even at a hundredth, as the paper says
#
# <!-- answer: b
# a: that would be so if a skipped weight saved all of its time.
# b: a scattered weight costs several times what a dense one costs.
# c: at a hundredth it takes a small part of the dense time, today and here.
# -->

# %%
race = load(folder() / "experiments" / "sparse_race.py")
yours, quiet = race.run(rounds=3), stored("sparse_race")
print("weights left    stored       yours   (time over the dense product's)")
middles = [np.median(r["scattered"], axis=0) for r in (quiet, yours)]
for density, its, your in zip(quiet["density"], *middles, strict=True):
    print(f"{density:12.1%} {its:9.2f} {your:11.2f}")


def crossing(density, ratio):
    """The density at which both take equally long, on a log scale."""
    rising = np.log(np.maximum.accumulate(ratio))
    return np.exp(np.interp(0, rising, np.log(density)))


for name, ratio in zip(("stored", "yours"), middles, strict=True):
    print(
        f"equally long, {name}: {crossing(quiet['density'], ratio):.0%}",
        end="",
    )
    print(f"; with a hundredth {1 / ratio[1]:.0f} times as fast")

# %% tags=["hide-input"]
assert round(3 / (11 / 24), 1) == 6.5
assert middles[0][-1] > 1.3  # with all weights left CSR is slower
assert middles[0][1] < 0.2  # with a hundredth it is faster
prices = middles[0] / np.array(quiet["density"])
assert (round(prices[-1], 1), round(prices[0])) == (2.2, 5)
assert middles[1][0] < middles[1][-1]
assert 0.05 < crossing(quiet["density"], middles[0]) < 0.5

# %% [markdown]
# How it was measured, on one core: each sparse product is timed right after a
# dense one, and the ratio of these two is taken; this is repeated in turns,
# and the middle of the ratios (the *median*) is shown. A busy moment then hits
# both. The program is `lessons/experiments/sparse_race.py`.
#
# Divide a line's time by its density, and you have the price of a weight: in
# the stored column a scattered weight costs from 2.2 times what a dense one
# costs, with all weights there, to 5 times, with few. So more than half of
# them have to go before any time is saved. But with a hundredth of the weights
# the sparse product does win, by far, as the printed lines say. The paper's
# "would not pay off" does not hold for this layer today. It was said of the
# machines and libraries of 2014, and not measured there.
#
# Not all of the price is the format's; our kernel is a plain one. A sparse
# kernel that keeps a row's sums in registers needs about one access for a
# multiply-add in place of three; Elsen and others, *Fast Sparse ConvNets*
# (2020), built such kernels. We have not measured one.
#
# ## Blocks instead
#
# If the weights that remain are not scattered but stand in clusters, the
# sorted matrix has dense blocks along its diagonal. Each block is a small
# dense product. Such a layer is a *grouped* convolution, as in AlexNet.
#
# **Predict:** at which share of the weights do blocks win?
#
# - (a) as soon as anything is left out
# - (b) below a tenth, like scattered weights
# - (c) never
#
# <!-- answer: a
# a: two blocks of half the side already take clearly less than all.
# b: a weight in a block costs about what a weight of the dense product costs.
# c: a block is computed by the same fast kernel as the whole.
# -->

# %%
print("weights left    stored       yours   (time over the dense product's)")
blocks = [np.median(r["blocks"], axis=0) for r in (quiet, yours)]
for share, its, your in zip(quiet["share"], *blocks, strict=True):
    print(f"{share:12.1%} {its:9.2f} {your:11.2f}")
if not 0.8 < blocks[1][0] < 1.25:
    print("One block is the dense product: its ratio should be near 1.")
    print("This run was disturbed; run the cell with the race again.")

# %% tags=["hide-input"]
assert 0.9 < blocks[0][0] < 1.1  # one block is the dense product
assert blocks[0][1] < 0.9
assert blocks[0][2] < 0.6
assert blocks[1][4] < blocks[1][0]
show(plots.crossing(yours, quiet), "06_crossing")

# %% [markdown]
# The first line is a test of the measurement: one block *is* the dense
# product. Then blocks save about what they leave out, down to a quarter of the
# weights. In the stored column smaller blocks save little more: they give a
# kernel too little to do.
#
# ## What this says about the module, and what not
#
# We measured groups, in which different outputs read different inputs. The
# Inception module is something else: its branches all read the **same** input
# and differ in how far they look. What both have in common is that the work is
# done in a few dense products. The paper hopes that dense parts of several
# sizes come near to what a good sparse layer would be; it argues from
# correlation, and from things being of several sizes in pictures. Our
# measurement supports one step only: that dense parts are what hardware likes.
#
# ## Take away
#
# - Units of a convolution are correlated, even with random filters, because
#   pixels are. Correlation falls with distance.
# - Sorted by cluster, scattered correlations become dense blocks.
# - CSR keeps the values, their columns, and the starts of the rows.
# - A scattered weight cost 2 to 5 times what a dense one costs. So a sparse
#   product pays only when most weights are gone; at a hundredth it does.
# - Dense blocks save about what they leave out, down to a quarter here.
# - Divide only times that were taken in the same moment.
#
# The next lesson puts nine modules together: GoogLeNet.
#
# **Exercises:** `lessons/exercises/06_sparse_dense.py`, checked by
# `tinyinception lesson 6 --check`.
#
# **Paper:** Szegedy et al., *Going Deeper with Convolutions*, sections 3 and
# 4; Arora, Bhaskara, Ge and Ma, *Provable bounds for learning some deep
# representations* (2014), the theory; Elsen, Dukhan, Gale and Simonyan, *Fast
# Sparse ConvNets* (2020).
