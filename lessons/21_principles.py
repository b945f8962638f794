# %% [markdown]
# # Lesson 21. Four design principles, and an experiment for each
#
# **Time:** 40 minutes. **Afterwards you know** what the four rules of
# *Rethinking the Inception Architecture* say, what each predicts, and how far
# small experiments bear them out.
#
# **You need:** lessons 4, 5 and 13; what a matrix product is. Ridge regression
# and principal components are explained where they are used.
#
# ## The question
#
# Section 2 of the paper gives four principles and calls them "speculative". A
# principle that forbids nothing says nothing. What would a network look like
# that breaks each, and is it worse?

# %% [markdown]
# ## 1. No bottleneck, above all not early
#
# The number of activations (height × width × channels) should shrink gently
# from the image to the answer. What does not fit through a narrow place cannot
# be found again behind it.
#
# **Predict:** Inception-v3 goes from 299 × 299 × 3 = 268,203 numbers to 2048
# features. What is its steepest single step, as a factor, before the final
# average pooling?
#
# - (a) about 1.5
# - (b) about 4
# - (c) about 16
#
# <!-- answer: b
# a: a 3 × 3 pooling of stride 2 alone divides by 4.
# b: at the two plain poolings of the stem.
# c: that would be four times as many pixels and channels lost at once.
# -->

# %%
import numpy as np

from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.course import stored
from tinyinception.course.files import folder, load
from tinyinception.data import drawn
from tinyinception.tensor import Tensor, no_grad

plots = load(folder() / "plots" / "21_principles.py")
with nn.shape_only():
    stages = dict(models.build("inception_v3", aux=False).named_children())
sizes = plots.sizes(stages)
steps = sizes[:-1] / sizes[1:]
assert max(steps) < 4.15
assert sizes[0] == 268_203

# %% [markdown]
# 4.1, at the two plain poolings of the stem; the convolution before each has
# widened the map. The two grid reductions after it, made for this purpose
# (lesson 13), shrink by 1.6 and 2.7 only.
#
# The paper warns in the same paragraph that "the information content can not
# be assessed merely by the dimensionality of the representation": many numbers
# may say the same thing. Counting is a rough guide.
#
# Now the experiment: a small network on the drawn images, once with an extra
# squeeze to a sixteenth of the channels and back, early (after the stem, 32 to
# 2) or late (before the classifier, 128 to 8).
#
# **Predict:** which squeeze costs more of the test images?
#
# - (a) the early one
# - (b) the late one
# - (c) both the same, a sixteenth is a sixteenth
#
# <!-- answer: a
# a: it costs 13 points, and the late one nothing.
# b: ten classes fit into 8 channels.
# c: early, the image is still to be read from what passes.
# -->


# %%
def told(what, accuracies):
    right = 100 * np.array(accuracies)
    seeds = ", ".join(f"{one:.1f}" for one in right)
    print(f"{what:28} {right.mean():5.1f} % right   (seeds: {seeds})")
    return right


rows = stored("principles")
narrowed = {
    row["bottleneck"]: told(f"squeeze {row['bottleneck']}", row["accuracy"])
    for row in rows
    if "bottleneck" in row
}

# %% tags=["hide-input"]
early, none = narrowed["early"], narrowed["none"]
assert round(none.mean() - early.mean()) == 13
assert early.max() < min(none.min(), narrowed["late"].min())
assert narrowed["late"].mean() > none.mean()
assert {
    round(row["macs"] / rows[0]["macs"], 2)
    for row in rows
    if "bottleneck" in row
} == {1, 1.01}

# %% [markdown]
# The early squeeze costs 13 points, and its best seed is worse than the worst
# of the others. The late one costs nothing. That looks like the paper's
# "especially early in the network". The multiply-adds do not explain it: the
# squeezed networks have 1 % more.
#
# But place is not all that differs. Early, 2 channels are left, late 8; and
# batch-norm and a ReLU follow, which cuts off about half of what comes. So we
# also squeeze early to 8 channels, early to 2 without these two, and late to
# 2.
#
# **Predict:** which of these costs most?
#
# - (a) early to 8
# - (b) early to 2 without batch-norm and ReLU
# - (c) late to 2
#
# <!-- answer: c
# a: 8 of 32 channels cost 3 points.
# b: without these, two channels keep more than half of what was lost.
# c: at two channels the late squeeze costs even more than the early one.
# -->

# %%
controls = stored("principles_controls")
for row in controls:
    if "where" in row:
        relu = "with ReLU" if row["relu"] else "without"
        told(f"{row['where']} to {row['middle']}, {relu}", row["accuracy"])

# %% [markdown]
# So the first comparison was not fair. With 8 channels left, the early squeeze
# costs 3 points (88.7 against 91.9 %), and the late one nothing. With 2 left,
# the late one costs even more than the early one: 72 against 79 %. And more
# than half of the early one's loss comes from batch-norm and ReLU behind it;
# without them, two channels keep 87 %. What this bears out is that bottlenecks
# cost. That early ones cost more holds here for 8 channels, and not for 2.
#
# ## 2. More activations per cell are easier to read
#
# "Higher dimensional representations are easier to process locally": the same
# content, spread over more numbers, can be taken apart by something simple.
# This is why v3 fans out to 2048 channels on its last grid (Figure 7).
#
# We take a trained network's maps on an 8 × 8 grid, expand every cell by a
# random 1 × 1 convolution to D channels, average over the grid, and fit the
# best linear classifier at once by *ridge regression*: of all weights it finds
# those with the smallest squared error plus a small multiple of their own
# squares, by solving one system of linear equations. No expansion is learnt.
#
# Three networks are trained for 120 steps each. (They are weaker than those
# above, which have a finer grid and 400 steps. What we ask is how much of
# *their* maps can be read. The lines that train are in
# `lessons/plots/21_principles.py`.)
#
# **Predict:** the maps have 64 channels. From D = 64 to D = 512, the share of
# right answers grows by more than five points ...
#
# - (a) only with a ReLU after the random 1 × 1
# - (b) with the ReLU, and without
# - (c) in neither case, for nothing is learnt
#
# <!-- answer: a
# a: the ReLU makes the copies different from each other.
# b: linear copies of 64 channels beyond 64 say nothing new.
# c: the reader is fitted; it can use what the expansion separates.
# -->


# %%
some, answers = drawn.draw(4_000)
images, labels = drawn.draw(2_000, split="test")


def read(x, test):
    """Percent of the test images right, by ridge regression on N x D."""
    mean, spread = x.mean(0), x.std(0) + 1e-6
    x, test = (
        np.column_stack([(a - mean) / spread, np.ones(len(a))])
        for a in (x, test)
    )
    products = x.T @ x + 10 * np.eye(x.shape[1])
    W = np.linalg.solve(products, x.T @ np.eye(10)[answers])
    return 100 * np.mean((test @ W).argmax(axis=1) == labels)


def expand(a, matrix, relu):
    """A 1x1 convolution, maybe a ReLU, the mean over the grid."""
    found = []
    for part in np.array_split(a, 20):  # piece by piece, to save memory
        wide = part @ matrix
        wide = np.maximum(wide, 0) if relu else wide
        found.append(wide.mean(axis=(1, 2)))
    return np.concatenate(found)


# %%
widths, reading = (16, 64, 256, 512), {True: [], False: []}
networks, test_maps = [], []
for seed in range(3):
    networks.append(plots.trained(seed))
    parts = networks[-1]["stem"], networks[-1]["mixed"]
    cells, test_cells = (plots.outputs(a, *parts) for a in (some, images))
    test_maps.append(test_cells)
    mean, spread = cells.mean((0, 1, 2)), cells.std((0, 1, 2)) + 1e-6
    cells, test_cells = ((a - mean) / spread for a in (cells, test_cells))
    rng = np.random.default_rng(seed)
    matrix = rng.standard_normal((64, 512)).astype(np.float32)
    for relu, lines in reading.items():
        pair = expand(cells, matrix, relu), expand(test_cells, matrix, relu)
        lines.append([read(*(a[:, :D] for a in pair)) for D in widths])

# %% tags=["hide-input"]
plots.reading_table(widths, reading)
with_relu, without = np.array(reading[True]), np.array(reading[False])
assert (with_relu[:, 3] > with_relu[:, 1] + 3).all()
assert np.abs(without[:, 3] - without[:, 1]).max() < 5

# %% [markdown]
# With the ReLU it goes on growing, although the expansion is random and adds
# no information. A linear reader cannot use what is folded together in 64
# channels; in 512 channels, each cut off at another place, it can. Without the
# ReLU it hardly grows beyond 64, the number of channels there were: linear
# copies say nothing new. So the principle holds here in this form: more
# activations help where a non-linearity makes them different.
#
# The principle adds: "The resulting networks will train faster." We train the
# stored experiment's network for 100 steps only, with a last 1 × 1 to 32, 128
# or 512 channels before the average pooling. (A wider one also costs more.)
#
# **Predict:** which is furthest after 100 steps?
#
# - (a) 32
# - (b) no clear difference
# - (c) 512
#
# <!-- answer: c
# a: it is cheapest, and furthest behind.
# b: from 32 to 512 it is twenty points.
# c: the worst seed with 512 is about as good as the best with 128.
# -->

# %%
for row in controls:
    if "wide" in row:
        least = min(one["macs"] for one in controls if "wide" in one)
        cost = f"{row['macs'] / least - 1:.0%} more cost"
        told(f"to {row['wide']}, {cost}", row["accuracy"])

# %% [markdown]
# The widest, by twenty points over the narrowest. It costs 37 % more, so part
# of this may be the cost; but 128 channels cost 7 % more than 32, and lead by
# twelve points. The third sentence holds here.
#
# ## 3. Aggregate over space on few channels
#
# Spatial aggregation is what a convolution over a neighbourhood does: a 3 × 3
# or 5 × 5, or a pooling. Is the concatenation of branches meant?
#
# **Predict:** two 1 × 1 branches are concatenated. How many of its input's
# cells, in a row, does a cell of the result see?
#
# - (a) 1
# - (b) 2, one for each branch
# - (c) 3, as after a 3 × 3
#
# <!-- answer: a
# a: concatenation puts maps side by side, and never looks at a neighbour.
# b: both branches look at the same cell.
# c: it would be so if one of the branches were a 3 × 3.
# -->

# %%
with nn.shape_only():
    pair = nn.Branches(nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1))
    three = nn.Conv2d(8, 8, 3, padding="same")
fields = [
    summary(module, 28, channels=8).receptive_field[0]
    for module in (pair, three)
]
print(
    f"a cell sees {fields[0]} after the concatenation, {fields[1]} after 3x3"
)
assert fields == [1, 3]

# %% [markdown]
# So it is the convolution that gathers over space. (`tinyinception claims 31`
# has who thinks otherwise.) The principle says that the channels may be
# reduced, by a 1 × 1, before the aggregation "without much or any loss". Its
# reason is "the strong correlation between adjacent unit[s]": neighbouring
# cells say nearly the same, so fewer numbers per cell will do.
#
# Is that so? [Correlation](glossary.md#correlation) of two numbers is 1 where
# they always go up and down together, and 0 where they have nothing to do with
# each other. We take it for each channel between a cell and its right
# neighbour, and the cell four to the right.
#
# **Predict:** how large is it for neighbours?
#
# - (a) about 0
# - (b) about 0.5
# - (c) above 0.9
#
# <!-- answer: b
# a: neighbouring cells see overlapping windows of the image.
# b: between 0.4 and 0.7, and less with the distance.
# c: on drawn images with fine textures not that much.
# -->


# %%
def correlation(a, distance):
    """Mean over the channels, between cells so far apart in a row."""
    one, two = a[:, :, :-distance], a[:, :, distance:]
    one, two = (b - b.mean(axis=(0, 1, 2)) for b in (one, two))
    size = np.sqrt((one**2).mean((0, 1, 2)) * (two**2).mean((0, 1, 2)))
    return ((one * two).mean(axis=(0, 1, 2)) / (size + 1e-9)).mean()


for a in test_maps:
    found = [correlation(a, distance) for distance in (1, 2, 4)]
    print("1, 2, 4 cells apart: ", "  ".join(f"{r:5.2f}" for r in found))
    assert found[0] > found[1] > found[2]

# %% [markdown]
# They are correlated, by about a half, and the correlation falls with the
# distance. So the reason that the paper gives is there, if not as "strong" as
# it says: these images have noise and fine textures.
#
# Now to the loss. The network's reduction reads 64 channels. We keep only the
# k *principal components*: the direction in the space of the channels along
# which the cells differ most, the next one at a right angle to it, and so on.
# Nothing is trained anew. For comparison we keep k random directions at right
# angles.
#
# **Predict:** with the 16 main directions of 64, what part of the right
# answers remains?
#
# - (a) about a half
# - (b) all
# - (c) about nine tenths
#
# <!-- answer: c
# a: so it is with random directions.
# b: a little is lost.
# c: a quarter of the directions holds most of what the network uses.
# -->


# %%
def after_keeping(network, a, basis):
    """Percent right if the maps keep only what lies along the basis."""
    mean = a.mean(axis=(0, 1, 2))
    kept = ((a - mean) @ basis @ basis.T + mean).astype(np.float32)
    with no_grad():
        logits = network["head"](network["reduce"](Tensor(kept))).numpy()
    return 100 * np.mean(logits.argmax(axis=1) == labels)


kept, right, at_random = (1, 2, 4, 8, 16, 32, 64), [], []
for network, a in zip(networks, test_maps, strict=True):
    flat = (a - a.mean(axis=(0, 1, 2))).reshape(-1, 64)
    # directions at right angles, sorted by how far the cells spread along them
    main = np.linalg.eigh(flat.T @ flat)[1][:, ::-1]
    some = np.linalg.qr(rng.standard_normal((64, 64)))[0]
    right.append([after_keeping(network, a, main[:, :k]) for k in kept])
    at_random.append([after_keeping(network, a, some[:, :k]) for k in kept])
plots.kept_table(kept, right, at_random)

# %% tags=["hide-input"]
right, at_random = np.array(right), np.array(at_random)
assert right[:, 4].mean() > at_random[:, 4].mean() + 5
assert right[:, 5].mean() > 0.85 * right[:, 6].mean()

# %% [markdown]
# With 16 of 64, a quarter, about nine tenths of the right answers are still
# there, at 28 % of the multiply-adds; nothing was trained anew. With 16 random
# directions it is about half. "Without much or any loss" is fair for a quarter
# or a half of the channels. Trained anew, a reduction may lose less; this was
# not tried.
#
# ## 4. Balance width and depth
#
# "The optimal improvement for a constant amount of computation can be reached
# if both are increased in parallel." So at one cost, neither the widest nor
# the deepest should win.
#
# **Predict:** 3 × 3 convolutions on an 8 × 8 grid for 2 million multiply-adds,
# as wide as that allows. How many layers learn best in 400 steps?
#
# - (a) 1, with 108 channels
# - (b) 4
# - (c) 16, with 14 channels each
#
# <!-- answer: b
# a: one layer sees 3 × 3 cells only, however wide.
# b: on average over three seeds; 2 and 8 are about ten points behind.
# c: so narrow and deep it hardly starts to learn in 400 steps.
# -->

# %%
deep = {}
for row in rows:
    if "depth" in row:
        name = f"{row['depth']} × 3x3, {row['width']} channels"
        deep[row["depth"]] = row["width"], told(name, row["accuracy"])

# %% tags=["hide-input"]
mean = {depth: accuracy.mean() for depth, (_, accuracy) in deep.items()}
assert mean[4] == max(mean.values())
assert max(mean[1], mean[16]) < min(mean[2], mean[4], mean[8]) - 10
assert round(max(np.ptp(accuracy) for _, accuracy in deep.values())) == 28
assert (deep[1][0], deep[16][0]) == (108, 14)

plots.principles(narrowed, widths, reading, kept, right, at_random, deep)

# %% [markdown]
# Neither extreme: one layer of 108 channels and 16 layers of 14 channels are
# far behind 2, 4 or 8 layers. Between these the order is not certain; the
# seeds of one depth differ by up to 28 points. And 400 steps are a short
# training: with residual connections and more patience the deep ones may catch
# up (not tried here). The best balance is one for a given effort.
#
# ## Take away
#
# - A squeeze costs the more, the fewer channels are left, and more with
#   batch-norm and ReLU behind it. To 8 channels the early one costs 3 points,
#   the late one none; to 2 channels the late one costs more.
# - More channels per cell help a simple reader, if a non-linearity makes them
#   different.
# - Spatial aggregation is a convolution or pooling over neighbours, not the
#   concatenation. Neighbouring cells are correlated, and a half or a quarter
#   of the channels' main directions keeps most of the accuracy.
# - At equal cost, neither widest nor deepest.
# - Small experiments can contradict a principle. They cannot prove it.
#
# **Exercises:** `lessons/exercises/21_principles.py`, checked by
# `tinyinception lesson 21 --check`.
#
# **Paper:** Szegedy et al., *Rethinking the Inception Architecture for
# Computer Vision*, section 2; for the third principle also section 3, for the
# second Figure 7, for the first section 5.
