# %% [markdown]
# # Lesson 3. Convolution as matrix multiplication
#
# **Time:** 35 minutes. **Afterwards you know** how seven loops become one
# matrix product, what the matrix costs in memory, why fast kernels never build
# it, and how Winograd's method saves more than half of the multiplications.
#
# ## The question
#
# A convolution is seven loops around one multiply-add. Every fast
# implementation is a matrix product instead. What does that gain, and what
# does it cost?

# %% [markdown]
# ## Loops
#
# An output pixel is a weighted sum of the k x k input pixels in its window,
# over all their channels; each of the f output channels has its own weights.
# The pixels of a window are called its *taps*. Written down as it is said,
# with images N x H x W x C and weights k x k x C x F:

# %%
import time
from textwrap import fill

import numba
import numpy as np
from matplotlib.colors import ListedColormap

from tinyinception import kernels
from tinyinception.course import COLOURS, figure, show
from tinyinception.kernels import reference
from tinyinception.kernels.choice import STAIRS
from tinyinception.kernels.stairs.reference import A, B, G

rng = np.random.default_rng(0)


def loops(x, w, out):
    """Convolution without padding, of stride 1; adds to out."""
    n, h, wd, f = out.shape
    for i in range(n):
        for row in range(h):
            for column in range(wd):
                for tap_row in range(w.shape[0]):
                    for tap_column in range(w.shape[1]):
                        for c in range(x.shape[3]):
                            for o in range(f):
                                pixel = x[
                                    i, row + tap_row, column + tap_column, c
                                ]
                                out[i, row, column, o] += (
                                    pixel * w[tap_row, tap_column, c, o]
                                )


def best(function, times=5):
    """Seconds that the fastest of a few calls took."""
    seconds = []
    time.sleep(
        0.05
    )  # threads of the library that ran before spin for a while before they sleep
    for _ in range(times):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


small_x, small_w = (
    rng.standard_normal((1, 10, 10, 4)),
    rng.standard_normal((3, 3, 4, 4)),
)
small = np.zeros((1, 8, 8, 4))
loops(small_x, small_w, small)
assert np.allclose(
    small, kernels.conv2d(small_x, small_w, None, (1, 1), (0, 0, 0, 0), 1)
)
macs = 8 * 8 * 3 * 3 * 4 * 4
python = best(lambda: loops(small_x, small_w, np.zeros_like(small)))
print(f"Python: {macs:,} multiply-adds, {1e9 * python / macs:.0f} ns each")

# %% [markdown]
# ## The matrix
#
# Cut out every window and write its numbers into a row. That matrix is called
# *im2col* (image to columns). The weights, written the same way, are a matrix
# of k k C rows and F columns, and the convolution is their product:
#
#     (N OH OW  x  k k C)  times  (k k C  x  F)  =  (N OH OW  x  F)
#
# **Predict:** an image of 5x5 pixels, one channel, windows of 3x3. How often
# does its middle pixel stand in the matrix, and how often a corner?


# %%
def windows(x, k):
    """All windows as a view, N x OH x OW x k x k x C: no number is copied."""
    return np.lib.stride_tricks.sliding_window_view(
        x, (k, k), axis=(1, 2)
    ).transpose(0, 1, 2, 4, 5, 3)


def im2col(x, k):
    w = windows(x, k)
    return w.reshape(
        w.shape[0] * w.shape[1] * w.shape[2], -1
    )  # here they are copied


numbered = np.arange(25.0).reshape(1, 5, 5, 1)
matrix = im2col(numbered, 3)
copies = [int((matrix == pixel).sum()) for pixel in range(25)]
print(
    f"the matrix is {matrix.shape[0]} x {matrix.shape[1]}: middle pixel {copies[12]} times, corner {copies[0]} time"
)
assert (copies[12], copies[0], matrix.shape) == (9, 1, (9, 9))
assert np.array_equal(
    matrix.ravel(),
    reference.im2col(numbered, (3, 3), (1, 1), (0, 0, 0, 0)).ravel(),
)
assert np.allclose(
    im2col(small_x, 3) @ small_w.reshape(-1, 4), small.reshape(-1, 4)
)

drawn, (left, right) = figure(1, 2, height=5)
for ax, values, blue in (
    (left, numbered[0, :, :, 0], np.s_[1:4, 0:3]),
    (right, matrix, np.s_[3]),
):
    shade = np.where(values == 12, 1, 0)
    shade[blue] += 2
    cmap = ListedColormap(
        ["white", COLOURS["orange"], "#d8e6f3", COLOURS["orange"]]
    )
    ax.pcolormesh(
        shade,
        cmap=cmap,
        vmin=0,
        vmax=3,
        edgecolors=COLOURS["grey"],
        linewidth=0.5,
    )
    for (i, j), value in np.ndenumerate(values):
        ax.text(
            j + 0.5,
            i + 0.5,
            f"{value:.0f}",
            ha="center",
            va="center",
            weight="bold" if value == 12 else "normal",
        )
    ax.set(xticks=[], yticks=[])
    ax.grid(visible=False)
    ax.invert_yaxis()
left.set_title("image, 5 x 5 pixels; one window in blue")
right.set(
    title="im2col matrix: pixel 12 is stored nine times",
    xlabel="3 x 3 taps",
    ylabel="3 x 3 output pixels",
)
show(drawn, "03_im2col")

# %% [markdown]
# Nine times and once. At stride 1 nearly every pixel is stored k k times; at
# stride s it is k k / (s s) times.
#
# **Predict:** a batch of 32 grids of 32x32 pixels with 64 channels is 8.4 MB
# in float32. How large is the matrix for a padded 3x3? And for GoogLeNet's
# first layer, 7x7 with stride 2, how many times its image?


# %%
def matrix_bytes(n, grid, k, channels):
    return 4 * n * grid * grid * k * k * channels


activation = 4 * 32 * 32 * 32 * 64
print("layer                       input MB  matrix MB  times")
for name, input_bytes, matrix_size in (
    ("3x3, 64 channels, batch 32", activation, matrix_bytes(32, 32, 3, 64)),
    ("1x1, 64 channels, batch 32", activation, matrix_bytes(32, 32, 1, 64)),
    (
        "GoogLeNet's 7x7/2, 1 image",
        4 * 224 * 224 * 3,
        matrix_bytes(1, 112, 7, 3),
    ),
):
    print(
        f"{name:26} {input_bytes / 1e6:9.1f} {matrix_size / 1e6:10.1f} {matrix_size / input_bytes:6.2f}"
    )
assert round(activation / 1e6, 1) == 8.4
assert round(matrix_bytes(32, 32, 3, 64) / 1e6, 1) == 75.5
assert matrix_bytes(1, 112, 7, 3) / (4 * 224 * 224 * 3) == 12.25

# %% [markdown]
# 75.5 MB, and 12.25 times. A 1x1 convolution needs no matrix at all: the
# activation is already it. This is one reason why Inception's 1x1 reductions
# are cheap in time and not only in multiply-adds.
#
# ## Tiles
#
# The product is fast because its numbers are used again while they are in the
# cache, the small memory next to the arithmetic. A matrix of 75 MB fits hardly
# any cache: it is written to main memory and read back. So take a *tile*, some
# rows of the output: write only its windows into a buffer, multiply, and use
# the buffer again for the next one.
#
# We measure on one core, since threads that wait for each other would blur the
# picture. As the matrix product we use the package's own 1x1 convolution,
# which can be held to one core.
#
# **Predict:** which is fastest: tiles of 74 KB (one row of one image), of 1 MB
# or so, or the whole matrix at once?


# %%
def times(a, b):
    """The matrix product a b, as a 1x1 convolution."""
    return kernels.conv2d(
        a.reshape(1, len(a), 1, -1),
        b.reshape(1, 1, *b.shape),
        None,
        (1, 1),
        (0,) * 4,
        1,
    )


def tiled(x, w, images, rows):
    """Convolution in tiles of so many images and, within an image, so many rows of output pixels."""
    view, k, f = windows(x, w.shape[0]), w.shape[0], w.shape[3]
    n, h, wd = view.shape[:3]
    out = np.empty((n, h, wd, f), x.dtype)
    buffer = np.empty((images * rows * wd, k * k * x.shape[3]), x.dtype)
    for i in range(0, n, images):
        for row in range(0, h, rows):
            block = view[i : i + images, row : row + rows]
            buffer.reshape(block.shape)[...] = block
            out[i : i + images, row : row + rows] = times(
                buffer, w.reshape(-1, f)
            ).reshape(*block.shape[:3], f)
    return out


x, w = (
    rng.standard_normal(shape, dtype=np.float32)
    for shape in ((32, 32, 32, 64), (3, 3, 64, 64))
)
padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
expected = kernels.conv2d(x, w, None, (1, 1), (1, 1, 1, 1), 1)
sizes = [(1, rows) for rows in (1, 2, 4, 8, 16)] + [
    (images, 32) for images in (1, 2, 4, 8, 16, 32)
]
for size in sizes[::5]:
    assert np.allclose(tiled(padded, w, *size), expected, atol=1e-3)
kilobytes = [images * rows * 32 * 9 * 64 * 4 / 1000 for images, rows in sizes]
cores = numba.get_num_threads()
numba.set_num_threads(1)
rounds = [
    [best(lambda size=size: tiled(padded, w, *size), 2) for size in sizes]
    for _ in range(4)
]
tile_seconds = np.min(
    rounds, axis=0
)  # in turns, so that a busy moment of the machine hits all of them
assert round(kilobytes[0]) == 74

# %% [markdown]
# Your machine's answer is in the figure below, on the right. Usually it is a
# valley: small tiles pay for starting each product, the whole matrix pays for
# main memory, and the bottom is about as large as a cache. What is certain is
# the memory.
#
# ## The staircase
#
# The package has this convolution six times, each time with one more idea, and
# `kernels.using("tiles")` chooses one:
#
# 1. **loops** is the definition: the seven loops of above, compiled by Numba.
# 2. **im2col** makes every window a row of the matrix, and convolution one
#    matrix product.
# 3. **tiles** holds only as many rows of the matrix at a time as stay in the
#    cache.
# 4. **addresses** copies nothing. The channels of a pixel lie side by side in
#    memory already, so a tap only needs to know where they begin: 8 bytes in
#    place of 64 numbers.
# 5. **registers** keeps a block of results in the processor's vector registers
#    while all taps and channels pass, and writes them to memory once.
# 6. **fast** is Winograd's method. It needs fewer multiplications, and is
#    explained below.
#
# Stairs 2, 3 and 4 share one plain matrix product of three loops, so each
# differs from the next by its idea alone. You can read them in
# `tinyinception/kernels/stairs`; they are short.
#
# ## Fewer multiplications
#
# Two outputs side by side, of a kernel g with three taps in a row, need 6
# multiplications. They read four inputs d, and Winograd found a way with 4
# products:
#
#     outputs  =  A ((G g) * (B d))        * is number by number
#
# B and A only add and subtract; G g is made once for all windows. The same
# along rows and columns makes 2x2 outputs of a 3x3 kernel from 4 x 4 = 16
# products. The definition needs 4 x 9 = 36. The products are added up over the
# channels before A is applied, so each of the 16 is a matrix product like
# those above. Nothing is approximated, but the sums round in another order. It
# suits kernels of 3x3 with stride 1 only.
#
# **Predict:** 36 / 16 is 2.25. Will the sixth stair be 2.25 times as fast as
# the fifth?

# %%
d, g = rng.standard_normal(4), rng.standard_normal(3)
assert np.allclose(A @ ((G @ g) * (B @ d)), [d[:3] @ g, d[1:] @ g])
window, taps = rng.standard_normal((4, 4)), rng.standard_normal((3, 3))
products = (G @ taps @ G.T) * (B @ window @ B.T)
direct = [
    [(window[i : i + 3, j : j + 3] * taps).sum() for j in (0, 1)]
    for i in (0, 1)
]
assert np.allclose(A @ products @ A.T, direct)
print(
    f"2x2 outputs: {products.size} multiplications in place of {4 * taps.size}"
)

# %% [markdown]
# Not quite: the transforms by A and B take time too. Here are all the stairs
# on the same layer, on one core, after the loops in Python. A rate counts the
# multiply-adds of the definition, also where Winograd's method leaves some of
# them out.
#
# **Predict:** by which factor do the compiled loops beat Python's, and which
# of the other stairs buys most?


# %%
def convolve():
    return kernels.conv2d(x, w, None, (1, 1), (1, 1, 1, 1), 1)


def seconds(stair):
    with kernels.using(stair):
        assert np.allclose(convolve(), expected, atol=1e-3)
        return best(convolve, 1)


macs = 32 * 32 * 32 * 3 * 3 * 64 * 64
rounds = [[seconds(stair) for stair in STAIRS] for _ in range(3)]
rates = {"Python": 8 * 8 * 9 * 4 * 4 / python} | dict(
    zip(STAIRS, macs / np.min(rounds, axis=0), strict=True)
)
numba.set_num_threads(cores)
print("             billion multiply-adds per second   times the one before")
for name, rate, before in zip(
    rates, rates.values(), [None, *rates.values()], strict=False
):
    print(
        f"{name:12} {rate / 1e9:20.2g}"
        + (f"{rate / before:27,.1f}" if before else "")
    )
print(f"fast, with {cores} threads: {macs / best(convolve) / 1e9:.2g}")

drawn, (left, right) = figure(
    1, 2, width=11, height=5.2, width_ratios=[1.5, 1]
)
adds = {"Python": "the definition, in Python"} | STAIRS
labels = [f"{name}\n{fill(adds[name], 42)}" for name in rates]
colours = (
    ["lightgrey"] * 2
    + [COLOURS["sky"]] * 3
    + [COLOURS["vermilion"], COLOURS["purple"]]
)
bars = left.barh(
    labels, [rate / 1e9 for rate in rates.values()], color=colours
)
left.bar_label(
    bars, [f"{rate / 1e9:.2g}" for rate in rates.values()], padding=3
)
left.set(
    xlabel="billion multiply-adds per second, one core",
    title="3x3, 64 to 64 channels, 32 grids of 32x32",
)
left.invert_yaxis()
left.grid(axis="y", visible=False)
level = 1e3 * macs / rates["registers"]
right.semilogx(kilobytes, [1e3 * s for s in tile_seconds], "o-")
right.axhline(level, color=COLOURS["vermilion"], linestyle="--")
right.text(
    kilobytes[0],
    0.94 * level,
    "registers: no copies",
    va="top",
    color=COLOURS["vermilion"],
)
right.set(
    xlabel="size of a tile's buffer, KB",
    ylabel="time for the layer on one core, ms",
    ylim=(0, None),
)
right.set_title("im2col in tiles, product in registers")
show(drawn, "03_speed")

# %% [markdown]
# What does each gain? Compiling gains most, thousands of times: Python spends
# its time on finding out what `+` means, and its bar is too short to be seen.
# The compiled loops are no bad start, because the innermost runs along memory.
# The matrix by itself gains little, since its copies cost time too, but it is
# the form that all the rest is built on. Tiles and addresses take the copies
# away again. Registers bring what a matrix product is famous for, and
# Winograd's method goes beyond what any product can do.
#
# ## Backward
#
# With Y = A W, A being the im2col matrix, lesson 1 has both gradients already:
#
#     gradient of W = A^T G        gradient of A = G W^T
#
# and each pixel's gradient is the sum over its copies in A. Two more products,
# so training costs about three times the forward pass.

# %%
g = rng.standard_normal(expected.shape, dtype=np.float32)
by_hand = (im2col(padded, 3).T @ g.reshape(-1, 64)).reshape(w.shape)
with kernels.using("im2col"):
    ours = kernels.conv2d_weight_grad(g, x, w.shape, (1, 1), (1, 1, 1, 1), 1)
print(
    f"gradient of the weights: largest difference {np.abs(by_hand - ours).max() / np.abs(ours).max():.0e}, relative"
)
assert np.allclose(by_hand, ours, atol=1e-3 * np.abs(ours).max())

# %% [markdown]
# ## Take away
#
# - Convolution is the im2col matrix times the weights; both gradients are
#   products with it too.
# - The matrix is k k / (s s) times the input: 9 times for a 3x3, 12.25 times
#   for GoogLeNet's first layer.
# - Nobody needs it whole. Tiles need a small part of the memory; addresses in
#   place of copies need no copy at all.
# - A product is fast where its results stay in registers. That buys more than
#   saving copies.
# - Winograd's method makes 2x2 outputs of a 3x3 kernel with 16 multiplications
#   in place of 36.
# - A 1x1 convolution is a matrix product as it stands.
#
# **Exercises:** `lessons/exercises/03_convolution_as_product.py`, checked by
# `tinyinception lesson 3 --check`.
#
# **Paper:** Chellapilla, Puri and Simard, *High performance convolutional
# neural networks for document processing* (2006), for im2col; Chetlur et al.,
# *cuDNN* (2014), section 3, for tiles; Dukhan, *The indirect convolution
# algorithm* (2019), for addresses; Goto and van de Geijn, *Anatomy of
# high-performance matrix multiplication* (2008), for registers; Lavin and
# Gray, *Fast algorithms for convolutional neural networks* (2016), for
# Winograd's method.
