# %% [markdown]
# # Lesson 6. Sparse versus dense
#
# **Time:** 30 minutes. **Afterwards you know** which idea the Inception module
# is meant to imitate, and at which density leaving out multiplications really
# saves time on your machine.
#
# ## The question
#
# *Going Deeper with Convolutions* starts from a theory: where the right
# network is sparse, with few of all possible connections, it can be built
# layer by layer, by joining units whose outputs are correlated. But its
# authors build dense modules. They say that even with a hundredth of the
# multiplications a sparse network might not be faster. Is that so?

# %% [markdown]
# ## Units are correlated
#
# A *unit* is one output channel. Two units are *correlated* when they are
# large for the same pixels; the correlation coefficient is 1 if they always
# agree, 0 if they have nothing to do with each other, -1 if they are
# opposites. We take 48 units that have learned nothing: random 3x3 filters and
# ReLU, on drawn images.
#
# **Predict:** random filters have nothing to do with each other. Are their
# outputs correlated?

# %%
import time
from contextlib import contextmanager

import numba
import numpy as np

from tinyinception import kernels
from tinyinception.course import COLOURS, figure, show
from tinyinception.data import drawn as data
from tinyinception.kernels.jit import kernel

rng = np.random.default_rng(0)
UNITS = 48
images = (data.draw(500)[0] / np.float32(255) - np.float32(0.5)) / np.float32(
    0.26
)
filters = rng.standard_normal((3, 3, 3, UNITS), dtype=np.float32)
outputs = np.maximum(
    kernels.conv2d(images, filters, None, (1, 1), (1, 1, 1, 1), 1), 0
)


def correlation(a, b):
    """Correlation of each unit in a with each in b, over all pixels given: N x H x W x C to C x C."""
    return np.corrcoef(a.reshape(-1, UNITS).T, b.reshape(-1, UNITS).T)[
        :UNITS, UNITS:
    ]


centre = outputs[:, 8:24:4, 8:24:4]
units = correlation(centre, centre)
pairs = units[~np.eye(UNITS, dtype=bool)]
bright = filters.sum(axis=(0, 1, 2)) > 0
same = (bright[:, None] == bright)[~np.eye(UNITS, dtype=bool)]
strong = np.abs(pairs) > 0.5
print(f"pairs of units with |correlation| above 0.5: {strong.mean():.0%}")
print(
    f"mean correlation, both filters' sums of one sign {pairs[same].mean():+.2f}, of two {pairs[~same].mean():+.2f}"
)
assert strong.mean() > 0.15
assert pairs[same].mean() > 0.2
assert pairs[~same].mean() < -0.1

# %% [markdown]
# Many are. Neighbouring pixels are nearly alike, so a filter mostly sees their
# common brightness, times the sum of its weights: positive sums fire where it
# is bright, negative sums where it is dark. The correlations come from the
# images, not from the filters; a trained network finds them as well.
#
# The theory says: join what is correlated. We collect *clusters* greedily: the
# unit with the most correlation left, and all that go with it by more than
# 0.5.
#
# **Predict:** how many of the 48 units do the two largest clusters hold?


# %%
def clusters(c, threshold=0.5):
    left, found = list(range(len(c))), []
    while left:
        seed = max(left, key=lambda i: c[i, left].sum())
        members = [i for i in left if c[seed, i] > threshold]
        found.append(members)
        left = [i for i in left if i not in members]
    return sorted(found, key=len, reverse=True)


found = clusters(units)
order = [i for members in found for i in members]
inside = np.mean(
    [
        units[i, j] > 0.5
        for members in found[:2]
        for i in members
        for j in members
        if i != j
    ]
)
near = [
    np.diag(
        correlation(outputs[:, 8:16, 8:16], outputs[:, 8:16, 8 + d : 16 + d])
    ).mean()
    for d in range(9)
]
print(f"sizes of the clusters: {[len(members) for members in found]}")
print(
    f"pairs above 0.5: {(pairs > 0.5).mean():.0%} of all, {inside:.0%} of those inside the two largest clusters"
)
print(
    "the same unit, d pixels away: "
    + ", ".join(f"{d}: {near[d]:.2f}" for d in (1, 2, 4, 8))
)
assert sum(map(len, found[:2])) >= 24
assert inside > 2 * (pairs > 0.5).mean()
assert near[1] > near[2] > near[4] > near[8]

drawn, axes = figure(1, 3, width=12, height=4)
for ax, index, title in (
    (axes[0], range(UNITS), "48 units as they come"),
    (axes[1], order, "sorted by cluster"),
):
    picture = ax.imshow(
        units[np.ix_(index, index)], cmap="cividis", vmin=-1, vmax=1
    )
    ax.set(title=title, xlabel="unit", ylabel="unit")
    ax.grid(visible=False)
drawn.colorbar(picture, ax=axes[:2], label="correlation", shrink=0.8)
axes[2].plot(near, "o-")
axes[2].set(
    xlabel="distance, pixels",
    ylabel="correlation",
    ylim=(0, 1.05),
    title="the same unit, some pixels away",
)
show(drawn, "06_correlated")

# %% [markdown]
# More than half. Sorted by cluster, scattered correlations become two dense
# blocks. And correlation is local: it falls with distance. Hence the module:
# most clusters sit in one place, and a 1x1 convolution covers them; fewer are
# spread over a neighbourhood, for which there are 3x3 and 5x5.
#
# This shows that correlated clusters exist, not that the module is the best
# use of them; the paper itself is careful about that (end of its section 3).
#
# ## What sparse multiplication costs
#
# Take a 1x1 convolution from 512 to 512 channels on 28x28 pixels, a product of
# a 512 x 512 matrix with a 512 x 784 one. Now set most weights to zero,
# anywhere, and skip them. The usual format, *CSR*, keeps for each row its
# non-zero values and the columns they stand in.
#
# Skipping is not free. A dense kernel keeps a block of sums in registers, say
# 8 rows and 3 vectors of columns: it reads 8 weights and 3 vectors, and does
# 24 multiply-adds with them. The sparse one has to fetch, for each weight,
# whatever vector that weight wants, and the sum, and store the sum: 3 accesses
# for one multiply-add. That is
#
#     3 / (11 / 24) = 6.5 times as many accesses for each multiply-add
#
# **Predict:** below which density (share of non-zero weights) is the sparse
# product faster here: 1/2, 1/7, 1/100?

# %%
assert round(3 / (11 / 24), 1) == 6.5


@kernel()
def sparse_product(values, columns, starts, x, out):
    """out = W x, for W in CSR: row i has values[starts[i]:starts[i + 1]] in these columns."""
    for i in numba.prange(len(starts) - 1):
        out[i] = 0
        for k in range(starts[i], starts[i + 1]):
            for b in range(x.shape[1]):
                out[i, b] += values[k] * x[columns[k], b]


def compressed(w):
    rows, columns = np.nonzero(w)
    return (
        w[rows, columns],
        columns.astype(np.int32),
        np.searchsorted(rows, np.arange(len(w) + 1)),
    )


@contextmanager
def one_thread():
    """Threads wait for each other, which on a busy machine is most of the time; one core against one is fair."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    yield
    numba.set_num_threads(before)


def seconds(calls, rounds=4):
    """The fastest of some calls of each function, taken in turns, so that a busy moment hits all alike."""
    best = np.full(len(calls), np.inf)
    for i in list(range(len(calls))) * rounds:
        for _ in range(3):
            start = time.perf_counter()
            calls[i]()
            best[i] = min(best[i], time.perf_counter() - start)
    return best


DENSITY = np.array([0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1])


def convolution(blocks, x):
    """Blocks along a diagonal times x, as the package computes it: a 1x1 convolution with as many groups."""
    g, n, _ = blocks.shape
    pixels = np.ascontiguousarray(x.T).reshape(1, 28, 28, -1)
    weights = np.ascontiguousarray(blocks.transpose(2, 0, 1)).reshape(
        1, 1, n, g * n
    )
    return lambda: kernels.conv2d(pixels, weights, None, (1, 1), (0,) * 4, g)


def race(w, x):
    """Seconds of the dense product, and of the sparse one at each density."""
    chance, out = (
        rng.random(w.shape),
        np.empty((len(w), x.shape[1]), np.float32),
    )
    thinned = [
        np.where(chance < density, w, np.float32(0)) for density in DENSITY
    ]
    sparse = [compressed(thin) for thin in thinned]
    for parts, thin in zip(sparse, thinned, strict=True):
        sparse_product(*parts, x, out)
        assert np.allclose(out, thin @ x, atol=1e-2)
    calls = [
        lambda parts=parts: sparse_product(*parts, x, out) for parts in sparse
    ]
    dense, *others = seconds([convolution(w[None], x), *calls])
    return dense, np.array(others)


def crossing(dense, sparse):
    """The density at which the two take equally long, between the measured ones."""
    return float(
        np.exp(
            np.interp(
                np.log(dense),
                np.log(np.maximum.accumulate(sparse)),
                np.log(DENSITY),
            )
        )
    )


w, x = (
    rng.standard_normal(shape, dtype=np.float32)
    for shape in ((512, 512), (512, 784))
)
with one_thread():
    dense, sparse = race(w, x)
blas = seconds([lambda: w @ x])[0]
print("density  multiply-adds skipped  sparse, ms  dense, ms")
for density, s in zip(DENSITY, sparse, strict=True):
    print(
        f"{density:7.1%} {1 - density:22.1%} {1e3 * s:11.2f} {1e3 * dense:10.2f}"
    )
print(
    f"with no zeros at all the sparse product takes {sparse[-1] / dense:.1f} times as long as the dense one,"
)
print(
    f"with a hundredth of the weights {sparse[1] / dense:.2f} times; equally long at a density of "
    f"{crossing(dense, sparse):.1%}"
)
print(f"NumPy's own product (BLAS), with all its threads: {1e3 * blas:.2f} ms")

# %% [markdown]
# That is the answer for your machine, on one core. The dense product is the
# package's 1x1 convolution, about as fast as NumPy's on as many cores (lesson
# 3). If the last line is far above it, another program had the other cores,
# and NumPy's threads waited for each other.
#
# A scattered weight costs as much as several dense ones (the accesses said
# 6.5; the cache serves some of them cheaply), so most have to go before any
# time is saved. In our own runs a hundredth of the weights did pay, though by
# far less than a hundred times: the paper's doubt is greater than what this
# layer shows today.
#
# ## Clusters instead
#
# If the weights that remain are not scattered but form clusters, the matrix
# sorted by cluster has dense blocks along its diagonal, and each block is a
# small dense product. Such a layer is a grouped convolution, as in AlexNet.
#
# **Predict:** at which density do blocks win?

# %%
groups = np.array([1, 2, 4, 8, 16, 32])
blocks = [
    rng.standard_normal((g, 512 // g, 512 // g), dtype=np.float32)
    for g in groups
]
with one_thread():
    blocked = seconds([convolution(b, x) for b in blocks])
full = np.zeros((512, 512), np.float32)
for i, block in enumerate(blocks[2]):
    full[128 * i : 128 * i + 128, 128 * i : 128 * i + 128] = block
assert np.allclose(
    full @ x, convolution(blocks[2], x)().reshape(784, 512).T, atol=1e-2
)
assert (full != 0).mean() == 1 / 4
print(
    f"blocks of a quarter of the weights take {blocked[2] / dense:.0%} of the dense time"
)

drawn, axes = figure(height=4.6)
axes.axhline(100, color=COLOURS["black"], linewidth=1.5)
axes.loglog(
    100 * DENSITY,
    100 * sparse / dense,
    "o-",
    color=COLOURS["vermilion"],
    label="scattered zeros (CSR)",
)
axes.loglog(
    100 / groups,
    100 * blocked / dense,
    "s--",
    color=COLOURS["blue"],
    label="dense blocks",
)
axes.loglog(
    100 * DENSITY,
    100 * DENSITY,
    color=COLOURS["grey"],
    linewidth=1,
    linestyle="-.",
    label="if time were multiply-adds",
)
cross = crossing(dense, sparse)
axes.plot(
    [100 * cross],
    [100],
    "*",
    color=COLOURS["vermilion"],
    markersize=16,
    zorder=5,
)
axes.annotate(
    f"{100 * cross:.1f} %",
    (100 * cross, 100),
    xytext=(-6, 10),
    textcoords="offset points",
    ha="right",
    weight="bold",
)
axes.text(0.52, 112, "dense product", va="bottom")
axes.set(
    xlabel="density: non-zero weights, %",
    ylabel="time, % of the dense product's",
    xlim=(0.45, 115),
    title="A scattered weight costs as much as several dense ones; a weight in a block costs one",
)
axes.legend(loc="lower right")
show(drawn, "06_crossing")

# %% [markdown]
# Blocks win as soon as anything is left out, and save nearly what they leave
# out: the dashed line is close to the thin one. Only very small blocks fall
# behind, for lack of work for a whole kernel.
#
# ## Take away
#
# - Units of a convolution are correlated, and correlation is local: even with
#   random filters, because pixels are.
# - Sorted by cluster, scattered correlations become dense blocks. The
#   Inception module guesses such blocks in advance: 1x1, 3x3, 5x5.
# - A scattered weight costs several times what a dense one costs, since every
#   access serves one multiply-add. So a sparse product pays only when most
#   weights are gone.
# - Dense blocks save about what they leave out. Hardware likes dense; that is
#   the whole argument.
# - That a hundredth of the weights might not pay was said of the machines and
#   libraries of 2014. Measure yours.
#
# **Exercises:** `lessons/exercises/06_sparse_dense.py`, checked by
# `tinyinception lesson 6 --check`.
#
# **Paper:** Szegedy et al., *Going Deeper with Convolutions*, sections 3 and
# 4; Arora, Bhaskara, Ge and Ma, *Provable bounds for learning some deep
# representations* (2014), the theory.
