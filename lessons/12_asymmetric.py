# %% [markdown]
# # Lesson 12. n x 1 and 1 x n
#
# **Time:** 45 minutes. **Afterwards you know** what a column and a row of
# weights save against a square, which kernels they cannot make, how training
# changes that, and which of the usual reasons for not using them in early
# layers hold.
#
# **You need:** lessons 4, 10 and 11; what a matrix is and how two are
# multiplied. The rank and the singular values of a matrix are introduced here.
#
# ## The question
#
# *Rethinking the Inception Architecture* splits an n x n convolution into a 1
# x n and an n x 1. Summaries say: 6 weights instead of 9 for a 3x3, the same
# receptive field, "no representational loss". If nothing is lost, why does the
# paper advise against it in the early layers?

# %% [markdown]
# ## What it saves
#
# With equally many channels everywhere a square costs n × n weights for each
# pair of an input and an output channel. A column and a row cost 2 × n:
#
# $$ \text{saving} = 1 - \frac{2 n}{n^2} = 1 - \frac{2}{n} $$
#
# There is another way to see 3x3 pixels with fewer weights: two 2x2 in a row.

# %%
import numpy as np

from tinyinception import nn
from tinyinception.count import summary
from tinyinception.course import stored
from tinyinception.course.files import folder, load
from tinyinception.tensor import Tensor

plots = load(folder() / "plots" / "12_asymmetric.py")

# %% [markdown]
# **Predict:** for a 3x3, which saves more?
#
# - (a) two 2x2
# - (b) a 3x1 and a 1x3
# - (c) both the same
#
# <!-- answer: b
# a: two 2x2 have 8 weights in place of 9, which is 11 % less.
# b: 6 weights in place of 9, which is 33 % less.
# c: 2 × 4 = 8 and 3 + 3 = 6 are not the same.
# -->


# %%
def counted(*kernels, channels=64):
    """Weights of convolutions in a row, and what they see."""
    with nn.shape_only():
        same = {"bias": False, "padding": "valid"}
        layers = [nn.Conv2d(channels, channels, k, **same) for k in kernels]
    found = summary(nn.Sequential(*layers), 16, channels=channels)
    return found.params, found.receptive_field


savings = {}
pairs = [(n, [(n, 1), (1, n)]) for n in (2, 3, 5, 7)]
for n, parts in [(3, [2, 2]), *pairs]:
    before, after = counted(n), counted(*parts)
    savings[n, len(savings)] = 1 - after[0] / before[0]
    saved = f"saves {1 - after[0] / before[0]:.1%}"
    print(f"{n}x{n} as {parts!s:16} sees {after[1]}, {saved}")

# %% tags=["hide-input"]
found = [round(100 * saving, 1) for saving in savings.values()]
assert found == [11.1, 0.0, 33.3, 60.0, 71.4]

# %% [markdown]
# So 33 % against 11 %, and 71 % for the 7x7 of Inception-v3's middle grid. For
# n = 2 the pair saves nothing. The counting is right. Now the other half of
# the sentence: "no representational loss".
#
# ## What it cannot make
#
# Take one channel and nothing between the two. A column a and then a row b
# make the n x n kernel that has a[i] × b[j] in place (i, j). In this kernel
# every row is a multiple of one row, b. Such a matrix is said to have
# [rank](glossary.md#rank) one. An arbitrary 3x3 matrix has rank 3: it takes
# three column-times-row pieces, added up, to make it.
#
# There is a standard tool that finds these pieces: the **singular value
# decomposition** (SVD), `np.linalg.svd`. It writes any matrix as a sum of
# column-times-row pieces, the largest first, and gives each piece's size, its
# singular value s. The sum of the squares of all numbers in the matrix, its
# energy, is the sum of the squared singular values. So the best single pair
# reaches this share of it:
#
# $$ \text{share} = \frac{s_1^2}{s_1^2 + s_2^2 + s_3^2} $$
#
# **Predict:** which share of the energy of a random 3x3 does the best pair
# reach on average? (For a random 7x7 it is 43 %.)
#
# - (a) a third
# - (b) a half
# - (c) three quarters
#
# <!-- answer: c
# a: a third is one of three pieces, but the pieces are not equally large, and
# the best pair takes the largest.
# b: the largest of three pieces has more than the other two together.
# c: a column and a row have 5 free numbers of 9, and they are fitted to this
# kernel.
# -->

# %%
rng = np.random.default_rng(0)


def share(kernels):
    """Share of the energy of n x n kernels that the best pair reaches."""
    energy = np.linalg.svd(kernels, compute_uv=False) ** 2
    return energy[..., 0] / energy.sum(axis=-1)


column, row = (
    nn.Conv2d(1, 1, k, bias=False, padding="same").to(np.float64)
    for k in ((3, 1), (1, 3))
)
spike = np.zeros((1, 5, 5, 1))  # one lit pixel becomes the kernel
spike[0, 2, 2, 0] = 1
made = row(column(Tensor(spike))).numpy()[0, 1:4, 1:4, 0]
print("rank of a column and a row:", np.linalg.matrix_rank(made))
random = rng.standard_normal((3, 3))
print("rank of a random 3x3:", np.linalg.matrix_rank(random))
mean_share = {}
for n in (3, 5, 7):
    mean_share[n] = share(rng.standard_normal((4000, n, n))).mean()
    print(f"random {n}x{n}: the best pair reaches {mean_share[n]:.0%}")

# %% tags=["hide-input"]
assert np.linalg.matrix_rank(made) == 1
assert abs(mean_share[3] - 0.75) < 0.02
assert abs(mean_share[7] - 0.43) < 0.02

# %% [markdown]
# Kernels of a trained network are not random. The first layer's are well
# known: edges at all angles. A vertical or horizontal edge is a column times a
# row exactly.
#
# **Predict:** which share of a diagonal edge filter does the best pair reach?
#
# - (a) all of it
# - (b) a half
# - (c) nearly nothing
#
# <!-- answer: b
# a: a diagonal edge changes along rows and along columns at once. Its rows are
# not multiples of one row.
# b: it is the sum of two pairs of equal size, and the best pair is one of
# them.
# c: the best pair is a vertical edge, see the picture. That is half right.
# -->

# %%
grid = np.arange(7) - 3
y, x = np.meshgrid(grid, grid, indexing="ij")


def edge(degrees, period=7.0, width=1.8):
    """A 7x7 edge filter at an angle: a wave that fades to all sides."""
    angle = np.radians(degrees)
    across = np.cos(angle) * x + np.sin(angle) * y
    fading = np.exp(-(x**2 + y**2) / (2 * width**2))
    return fading * np.sin(2 * np.pi * across / period)


def best_pair(kernel):
    """The column times row that is closest to a kernel."""
    u, s, v = np.linalg.svd(kernel)
    return s[0] * np.outer(u[:, 0], v[0])


angles = np.arange(0, 91)
shares = share(np.stack([edge(angle) for angle in angles]))
for angle in (0, 20, 45):
    print(f"{angle:2} degrees: the best pair reaches {shares[angle]:.0%}")

# %% tags=["hide-input"]
plots.edges(angles, shares, edge, best_pair, "12_edges")
assert np.isclose(shares[0], 1)
assert np.isclose(shares[45], 0.5)

# %% [markdown]
# Half, exactly: sin(x + y) = sin x × cos y + cos x × sin y. These are two
# pairs of equal size.
#
# ## With many channels
#
# A layer is not one kernel: there is one for every input and output channel.
# Between the column and the row lie c channels. Each of them adds one
# column-times-row piece, and each piece serves *all* inputs and outputs at
# once.
#
# To see it, lay all n × n kernels from m to k channels out as **one** matrix.
# For m = k = 1 it is the kernel itself, n rows and n columns. For m = k = 2 it
# has 2n rows and 2n columns: four kernels, woven into each other. In general
# there are n × m rows (place in the column, input channel) and n × k columns
# (place in the row, output channel).

# %% tags=["hide-input"]
plots.matrices("12_matrix")

# %% [markdown]
# A column and a row with c channels between make exactly the matrices that are
# a sum of c pieces: rank c at most. The full rank of this matrix is n × m or n
# × k, whichever is smaller. Let m = k:
#
#     square:                          n × n × m × m weights
#     pair with c channels between:    2 × n × m × c
#     every kernel needs c = n × m, so 2 × n × n × m × m, twice the square
#     the saving of 1 - 2/n needs c = m: one n-th of the full rank
#
# **Predict:** a random 3x3 kernel from 32 to 32 channels has rank 96. How much
# of its energy do 32 channels in the middle reach?
#
# - (a) a third
# - (b) about three quarters
# - (c) all of it
#
# <!-- answer: b
# a: 32 of 96 pieces, but the 32 largest ones.
# b: the SVD takes the 32 largest of 96 pieces, and they hold 74 %.
# c: that takes 96 channels in the middle, and twice the weights of the square.
# -->


# %%
def pair(kernel, c):
    """The best n x 1 and 1 x n with c channels between, and their share."""
    n, _, m, k = kernel.shape
    matrix = kernel.transpose(0, 2, 1, 3).reshape(n * m, n * k)
    u, s, v = np.linalg.svd(matrix, full_matrices=False)
    column = (u[:, :c] * s[:c]).reshape(n, 1, m, c)
    row = v[:c].reshape(c, 1, n, k).transpose(1, 2, 0, 3)
    return column, row, (s[:c] ** 2).sum() / (s**2).sum()


kernel = rng.standard_normal((3, 3, 32, 32))
image, conv = Tensor(rng.standard_normal((1, 6, 6, 32))), nn.functional.conv2d
square = conv(image, Tensor(kernel)).numpy()
reached = {}
for c in (32, 96):
    column, row, reached[c] = pair(kernel, c)
    two = conv(conv(image, Tensor(column)), Tensor(row)).numpy()
    apart = np.abs(two - square).max()
    print(f"c = {c}: {column.size + row.size:,} weights, not {kernel.size:,},")
    print(f"    share {reached[c]:.0%}, outputs {apart:.1g} apart")

# %% tags=["hide-input"]
assert 0.70 < reached[32] < 0.78
assert np.allclose(two, square)

# %% [markdown]
# So for random kernels a quarter of the energy is lost. "No representational
# loss" is not true of a linear pair that saves anything.
#
# ## What training does to it
#
# Trained kernels could be easier to split than random ones. A stored
# experiment trains a small network on the drawn images for twelve
# [epochs](glossary.md#epoch), three times: a 7x7 on the colours, then four
# 3x3. After each epoch it takes the best pair that costs half of a layer, and
# notes the share of the energy that this pair reaches.
#
# **Predict:** random 3x3 kernels reach 62 % here. And after training?
#
# - (a) the same: training makes them neither easier nor harder to split
# - (b) less: training uses the freedom of the square
# - (c) more: about 75 %
#
# <!-- answer: c
# a: after one epoch one could think so. Look at the later epochs.
# b: the freedom is there, but what is learned uses less of it than chance
# does.
# c: 74 to 79 % in all four 3x3 layers, in all three trainings. The 7x7 goes
# from 55 to 90 %.
# -->

# %%
runs = stored("separable")
layers = [name for name in runs if name != "whole"]
print("share that a pair of half the cost reaches, three trainings")
for name in layers:
    random, first, *_, last = np.mean(runs[name]["share"], axis=0)
    each = " ".join(f"{one[-1]:.0%}" for one in runs[name]["share"])
    print(
        f"{name}: random {random:.0%}, 1 epoch {first:.0%}, 12 epochs {each}"
    )

# %% tags=["hide-input"]
for name in layers:
    gained = [one[-1] - one[0] for one in runs[name]["share"]]
    assert min(gained) > (0.3 if name == "conv1" else 0.1)
    assert max(gained) < (0.4 if name == "conv1" else 0.18)

# %% [markdown]
# **Training itself drives kernels towards pairs.** It takes about eight
# epochs, then it levels off. Whoever looks after one epoch sees hardly
# anything in the 3x3 layers. (The pair of conv1 has 8 of at most 21 pieces,
# those of the others a quarter to a third of theirs. So do not compare the
# layers with each other, but each with its own random beginning.)
#
# Now we put the pair in the layer's place, one layer at a time, and test
# without further training. As they are, the three networks are 93 to 96 %
# right.
#
# There is a trap. Each layer is followed by batch-norm, whose running averages
# (lesson 10) were measured with the old kernels. After a split they are stale.
# The experiment tests twice: with the stale averages, and after measuring them
# again on 1,500 training images. No weight changes in between.
#
# **Predict:** with averages measured again, what does it cost to halve one
# layer?
#
# - (a) less than 2.5 points of accuracy
# - (b) 5 to 10 points
# - (c) more than 10 points
#
# <!-- answer: a
# a: 1.6 points on average in conv3, less in the others, 2.4 at most. What
# seemed to be lost was mostly the stale averages.
# b: so it looks for conv2 and conv3, if the averages are left stale.
# c: with stale averages conv3 loses 11 points in one training. Measured again,
# it loses less than 1 there.
# -->

# %%
print("test accuracy       stale averages      measured again")
for name, run in runs.items():
    lines = []
    for kind in ("stale", "renewed"):
        lines.append("  ".join(f"{one:.1%}" for one in run[kind]))
    print(f"{name:8} {lines[0]:>25} {lines[1]:>25}")
whole = np.array(runs["whole"]["renewed"])
lost = {name: whole - runs[name]["renewed"] for name in layers}
for name, three in lost.items():
    print(f"{name} split costs {100 * three.mean():+.1f} points")

# %% tags=["hide-input"]
plots.training(runs, "12_layers")
assert max(three.max() for three in lost.values()) < 0.03
assert lost["conv1"].max() < 0.005
by_epoch = np.mean([runs[name]["share"] for name in layers], axis=(0, 1))
assert by_epoch[-1] - by_epoch[8] < 0.005 < by_epoch[8] - by_epoch[6]
stale = whole - runs["conv2"]["stale"]
assert stale.min() > 0.07

# %% [markdown]
# Halving any one layer costs less than 2.5 points, and conv1, conv4 and conv5
# next to nothing on average. What looks like a loss of 8 to 11 points in conv2
# is nearly all stale averages.
#
# ## Why not in early layers?
#
# The paper says that the split "does not work well on early layers", and works
# very well on grids of 12 to 20 pixels (section 3.2). It gives no reason. The
# obvious guess would be the slanted edges above. Our measurement does not
# support it: the first layer is the easiest to split of all.
#
# One reason can be counted. With three input channels there is little to save.
#
# **Predict:** Inception-v3's first layer is a 3x3 from 3 to 32 channels. With
# a 3x1 from 3 to 32 and a 1x3 from 32 to 32, what does the pair cost?
#
# - (a) a third less than the square
# - (b) about as much
# - (c) nearly four times as much
#
# <!-- answer: c
# a: that is for equal channels, as in the middle of the network.
# b: the 3x1 alone costs a third of the square, but then the 1x3 has 32 input
# channels.
# c: 3 × 3 × 32 + 3 × 32 × 32 = 3,360 weights in place of 864.
# -->

# %%
for n, m, k, what in (
    (7, 128, 128, "middle of Inception-v3"),
    (7, 3, 16, "our first layer"),
    (3, 3, 32, "first layer of Inception-v3"),
):
    square = n * n * m * k
    split = n * m * k + n * k * k  # the middle as wide as the output
    print(
        f"{what:28} {n}x{n}, {m:3} -> {k:<3}: {square:7,} weights, "
        f"pair {split:7,} ({split / square - 1:+.0%})"
    )

# %% tags=["hide-input"]
assert (square, split, round(split / square, 1)) == (864, 3360, 3.9)
assert round(1 - (7 * 3 * 16 + 7 * 16 * 16) / (49 * 3 * 16), 2) == 0.10

# %% [markdown]
# 71 % less in the middle, 10 % less in our first layer, and nearly four times
# as much in Inception-v3's. The pair also writes a second full-size grid to
# memory, where grids are largest.
#
# Another reason could be that such layers are harder to train. That must be
# measured. Two stored experiments train small networks on the drawn images,
# three times each, with pairs in the place of the squares on one of their
# three grids. A pair comes with a second batch-norm and ReLU, which might be
# what makes a difference. So there are also pairs with nothing between
# ("linear pair"), two squares in a row, and 7x7 on the middle grid of 16
# pixels, the size that the paper recommends.
#
# **Predict:** can three trainings each show on which grid the pairs work best?
#
# - (a) yes, the differences are large
# - (b) no, trainings of one kind differ as much as the kinds
#
# <!-- answer: b
# a: compare the smallest and the largest number within a row with the
# differences between the rows.
# b: within one kind they are up to 16 points apart; the means of all kinds lie
# within 7.4.
# -->

# %%
kinds = {}
for where, run in stored("asymmetric").items():
    kind = "all squares" if where == "none" else f"pair 3x3 on {where}"
    kinds[kind] = run
kinds |= stored("pairs")
for kind, run in kinds.items():
    got = 100 * np.array(run["accuracy"])
    each = " ".join(f"{one:.1f}" for one in got)
    print(
        f"{kind:21} {run['macs'] / 1e6:4.1f} M multiply-adds, "
        f"accuracy {each}, mean {got.mean():.1f}"
    )

# %% tags=["hide-input"]
spread = max(np.ptp(run["accuracy"]) for run in kinds.values())
means = {kind: np.mean(run["accuracy"]) for kind, run in kinds.items()}
assert spread > 2 * np.ptp(list(means.values()))
assert means["linear pair 3x3 on 8"] < means["all squares"]
assert means["linear pair 3x3 on 32"] > means["pair 3x3 on 32"]

# %% [markdown]
# So these trainings do not decide it. For 3x3, pairs on the first, second and
# third grid give 90.2, 91.4 and 93.2 % on average, squares 91.3 %: that the
# first is the lowest fits the paper's advice, but it is one point, and
# trainings of one kind are up to 16 points apart. On the 16x16 grid a 7x7, its
# pair and its linear pair give 88.6, 86.6 and 86.3 %. The ReLU may matter more
# than the shape: on the 8x8 grid pairs with a ReLU between have 93.2 %, two
# squares 93.7 %, and pairs with nothing between 88.0 %, below all squares. But
# on the 32x32 grid it is the other way round: 90.2 % with a ReLU between, 91.6
# % with nothing. Even that would need more trainings.
#
# So "no representational loss" is not what is known. The paper asks it as a
# question. A linear pair loses rank, unless its middle is so wide that it
# saves nothing. With batch-norm and ReLU between it is another function; the
# paper's evidence for that is its trained networks.
#
# ## Take away
#
# - n x 1 and 1 x n save 1 - 2/n at equal widths: 33 % for 3, 71 % for 7,
#   nothing for 2. Two 2x2 save 11 % on a 3x3.
# - One column times one row has rank one: vertical and horizontal edges yes,
#   half of a diagonal one, 75 % of a random 3x3.
# - With m channels in the middle a pair has one n-th of the full rank. With n
#   × m it can make every kernel and costs twice the square.
# - Training makes kernels easier to split: 3x3 from 62 to about 76 %, the
#   first layer's 7x7 from 55 to 90 %. In our trained network, halving any one
#   layer costs less than 2.5 points, if batch-norm's averages are measured
#   again.
# - Early layers: few input channels leave little to save. That they are harder
#   to split we did not find, and our trainings are too few to say on which
#   grid pairs work best.
#
# **Exercises:** `lessons/exercises/12_asymmetric.py`, checked by
# `tinyinception lesson 12 --check`.
#
# **Paper:** Szegedy et al., *Rethinking the Inception Architecture for
# Computer Vision*, section 3.2, Figures 3, 6 and 7.
