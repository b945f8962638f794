# %% [markdown]
# # Lesson 3. Convolution as matrix multiplication
#
# **Time:** 30 minutes. **Afterwards you know** how seven loops become one matrix product, what the matrix costs in
# memory, and why fast kernels never build it.
#
# ## The question
#
# A convolution is seven loops around one multiply-add. Every fast implementation is a matrix product instead. What does
# that gain, and what does it cost?

# %% [markdown]
# ## Loops
#
# An output pixel is a weighted sum of the k x k input pixels in its window, over all their channels; each of the f
# output channels has its own weights. The pixels of a window are called its *taps*. Written down as it is said, with
# images N x H x W x C and weights k x k x C x F:

# %%
import time

import numba
import numpy as np
from matplotlib.colors import ListedColormap

from tinyinception import kernels
from tinyinception.kernels import reference
from tinyinception.lessons import COLOURS, figure, show

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
                                pixel = x[i, row + tap_row, column + tap_column, c]
                                out[i, row, column, o] += pixel * w[tap_row, tap_column, c, o]


def best(function, times=5):
    """Seconds that the fastest of a few calls took."""
    seconds = []
    time.sleep(0.05)  # threads of the library that ran before spin for a while before they sleep
    for _ in range(times):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


small_x, small_w = rng.standard_normal((1, 10, 10, 4)), rng.standard_normal((3, 3, 4, 4))
small = np.zeros((1, 8, 8, 4))
loops(small_x, small_w, small)
assert np.allclose(small, kernels.conv2d(small_x, small_w, None, (1, 1), (0, 0, 0, 0), 1))
macs = 8 * 8 * 3 * 3 * 4 * 4
python = best(lambda: loops(small_x, small_w, np.zeros_like(small)))
print(f"Python: {macs:,} multiply-adds, {1e9 * python / macs:.0f} ns each")

# %% [markdown]
# ## The matrix
#
# Cut out every window and write its numbers into a row. That matrix is called *im2col* (image to columns). The weights,
# written the same way, are a matrix of k k C rows and F columns, and the convolution is their product:
#
#     (N OH OW  x  k k C)  times  (k k C  x  F)  =  (N OH OW  x  F)
#
# **Predict:** an image of 5x5 pixels, one channel, windows of 3x3. How often does its middle pixel stand in the matrix,
# and how often a corner?


# %%
def windows(x, k):
    """All windows as a view, N x OH x OW x k x k x C: no number is copied."""
    return np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)


def im2col(x, k):
    w = windows(x, k)
    return w.reshape(w.shape[0] * w.shape[1] * w.shape[2], -1)  # here they are copied


numbered = np.arange(25.0).reshape(1, 5, 5, 1)
matrix = im2col(numbered, 3)
copies = [int((matrix == pixel).sum()) for pixel in range(25)]
print(f"the matrix is {matrix.shape[0]} x {matrix.shape[1]}: middle pixel {copies[12]} times, corner {copies[0]} time")
assert (copies[12], copies[0], matrix.shape) == (9, 1, (9, 9))
assert np.array_equal(matrix.ravel(), reference.im2col(numbered, (3, 3), (1, 1), (0, 0, 0, 0)).ravel())
product = im2col(small_x, 3) @ small_w.reshape(-1, 4)
assert np.allclose(product, small.reshape(-1, 4))

drawn, (left, right) = figure(1, 2, height=5)
for ax, values, shade in ((left, numbered[0, :, :, 0], np.zeros((5, 5))), (right, matrix, np.zeros((9, 9)))):
    shade[values == 12] = 1
    if ax is left:
        shade[1:4, 0:3] += 2
    else:
        shade[3] += 2
    cmap = ListedColormap(["white", COLOURS["orange"], "#d8e6f3", COLOURS["orange"]])
    ax.pcolormesh(shade, cmap=cmap, vmin=0, vmax=3, edgecolors=COLOURS["grey"], linewidth=0.5)
    for (i, j), value in np.ndenumerate(values):
        ax.text(j + 0.5, i + 0.5, f"{value:.0f}", ha="center", va="center", weight="bold" if value == 12 else "normal")
    ax.set(xticks=[], yticks=[])
    ax.grid(visible=False)
    ax.invert_yaxis()
left.set_title("image, 5 x 5 pixels; one window in blue")
right.set(title="im2col matrix: pixel 12 is stored nine times", xlabel="3 x 3 taps", ylabel="3 x 3 output pixels")
show(drawn, "03_im2col")

# %% [markdown]
# Nine times and once. At stride 1 nearly every pixel is stored k k times; at stride s it is k k / (s s) times.
#
# **Predict:** a batch of 32 grids of 32x32 pixels with 64 channels is 8.4 MB in float32. How large is the matrix for a
# padded 3x3? And for GoogLeNet's first layer, 7x7 with stride 2, how many times its image?


# %%
def matrix_bytes(n, grid, k, channels):
    return 4 * n * grid * grid * k * k * channels


activation = 4 * 32 * 32 * 32 * 64
print("layer                       input MB  matrix MB  times")
for name, input_bytes, matrix_size in (
    ("3x3, 64 channels, batch 32", activation, matrix_bytes(32, 32, 3, 64)),
    ("1x1, 64 channels, batch 32", activation, matrix_bytes(32, 32, 1, 64)),
    ("GoogLeNet's 7x7/2, 1 image", 4 * 224 * 224 * 3, matrix_bytes(1, 112, 7, 3)),
):
    print(f"{name:26} {input_bytes / 1e6:9.1f} {matrix_size / 1e6:10.1f} {matrix_size / input_bytes:6.2f}")
assert round(activation / 1e6, 1) == 8.4
assert round(matrix_bytes(32, 32, 3, 64) / 1e6, 1) == 75.5
assert matrix_bytes(1, 112, 7, 3) / (4 * 224 * 224 * 3) == 12.25

# %% [markdown]
# 75.5 MB, and 12.25 times. A 1x1 convolution needs no matrix at all: the activation is already it. This is one reason
# why Inception's 1x1 reductions are cheap in time and not only in multiply-adds.
#
# ## Tiles
#
# The product is fast because its numbers are used again while they are in the cache, the small memory next to the
# arithmetic. A matrix of 75 MB fits hardly any cache: it is written to main memory and read back. So take a *tile*,
# some rows of the output: write only its windows into a buffer, multiply, and use the buffer again for the next one.
#
# We measure on one core. Threads that wait for each other, many times for small tiles, would blur the picture; so the
# product is the package's, which can be held to one thread, as a 1x1 convolution of an image one pixel wide.
#
# **Predict:** which is fastest: tiles of 74 KB (one row of one image), of 1 MB or so, or the whole matrix at once?


# %%
def times(a, b):
    """The matrix product a b, as a 1x1 convolution."""
    return kernels.conv2d(a.reshape(1, len(a), 1, -1), b.reshape(1, 1, *b.shape), None, (1, 1), (0,) * 4, 1)


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
            out[i : i + images, row : row + rows] = times(buffer, w.reshape(-1, f)).reshape(*block.shape[:3], f)
    return out


x, w = (rng.standard_normal(shape, dtype=np.float32) for shape in ((32, 32, 32, 64), (3, 3, 64, 64)))
padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
expected = kernels.conv2d(x, w, None, (1, 1), (1, 1, 1, 1), 1)
sizes = [(1, rows) for rows in (1, 2, 4, 8, 16)] + [(images, 32) for images in (1, 2, 4, 8, 16, 32)]
for size in sizes[::5]:
    assert np.allclose(tiled(padded, w, *size), expected, atol=1e-3)
kilobytes = [images * rows * 32 * 9 * 64 * 4 / 1000 for images, rows in sizes]
cores = numba.get_num_threads()
numba.set_num_threads(1)
rounds = [[best(lambda size=size: tiled(padded, w, *size), 2) for size in sizes] for _ in range(4)]
tile_seconds = np.min(rounds, axis=0)  # in turns, so that a busy moment of the machine hits all of them
assert round(kilobytes[0]) == 74

# %% [markdown]
# Your machine's answer is in the figure below. Usually it is a valley: small tiles pay for starting each product, the
# whole matrix pays for main memory, and the bottom is about as large as a cache. What is certain is the memory.
#
# Now all of them on the same layer: the loops of above, compiled by Numba; the matrix, whole and in tiles; and the
# package's kernel. The kernel goes one step on: since the channels of a pixel lie side by side in memory already, it
# writes down only the *address* of each tap, 8 bytes instead of 64 numbers, and copies nothing. With all cores, its
# tiles are shared out among them. The last row is NumPy's product of two large matrices, with all cores too.
#
# **Predict:** by which factors do the compiled loops beat Python's, and the kernel the compiled loops?

# %%
macs = 32 * 32 * 32 * 3 * 3 * 64 * 64
assert macs == 1_207_959_552
compiled, out = numba.njit(loops), np.zeros((32, 32, 32, 64), np.float32)
compiled(padded[:1], w, out[:1].copy())  # the first call compiles
compiled(padded, w, out)
assert np.allclose(out, expected, atol=1e-3)
square = rng.standard_normal((1024, 1024), dtype=np.float32)
rates = {
    "loops, Python": 8 * 8 * 9 * 4 * 4 / python,
    "loops, compiled": macs / best(lambda: compiled(padded, w, out), 2),
    "im2col, whole": macs / tile_seconds[-1],
    "im2col, best tiles": macs / min(tile_seconds[:-1]),
    "tinyinception's kernel": macs / best(lambda: kernels.conv2d(x, w, None, (1, 1), (1, 1, 1, 1), 1)),
}
numba.set_num_threads(cores)
rates["its kernel, all cores"] = macs / best(lambda: kernels.conv2d(x, w, None, (1, 1), (1, 1, 1, 1), 1))
rates["NumPy's product, all cores"] = 1024**3 / best(lambda: square @ square)
for name, rate in rates.items():
    print(f"{name:27} {rate / 1e9:8.3f} billion multiply-adds per second")

drawn, (left, right) = figure(1, 2, width=11, height=4.2)
bars = left.barh(
    list(rates),
    [rate / 1e9 for rate in rates.values()],
    color=["lightgrey"] * 2 + [COLOURS["sky"]] * 2 + [COLOURS["vermilion"]] * 2 + ["white"],
    edgecolor="black",
)
left.bar_label(bars, [f"{rate / 1e9:.3g}" for rate in rates.values()], padding=3)
left.set(
    xscale="log",
    xlim=(1e-3, 2e3),
    xlabel="billion multiply-adds per second",
    title="3x3, 64 to 64 channels, 32 grids of 32x32",
)
left.invert_yaxis()
left.grid(axis="y", visible=False)
right.semilogx(kilobytes, [1e3 * s for s in tile_seconds], "o-")
right.axhline(1e3 * macs / rates["tinyinception's kernel"], color=COLOURS["vermilion"], linestyle="--")
right.text(
    kilobytes[0],
    0.94e3 * macs / rates["tinyinception's kernel"],
    "tinyinception's kernel: no copies",
    va="top",
    color=COLOURS["vermilion"],
)
right.set(
    xlabel="size of a tile's buffer, KB",
    ylabel="time for the layer on one core, ms",
    title="im2col in tiles",
    ylim=(0, None),
)
show(drawn, "03_speed")

# %% [markdown]
# ## Backward
#
# With Y = A W, A being the im2col matrix, lesson 1 has both gradients already:
#
#     gradient of W = A^T G        gradient of A = G W^T
#
# and each pixel's gradient is the sum over its copies in A. Two more products, so training costs about three times the
# forward pass.

# %%
g = rng.standard_normal(expected.shape, dtype=np.float32)
by_hand = (im2col(padded, 3).T @ g.reshape(-1, 64)).reshape(w.shape)
ours = kernels.conv2d_weight_grad(g, x, w.shape, (1, 1), (1, 1, 1, 1), 1)
print(f"gradient of the weights: largest difference {np.abs(by_hand - ours).max() / np.abs(ours).max():.0e}, relative")
assert np.allclose(by_hand, ours, atol=1e-3 * np.abs(ours).max())

# %% [markdown]
# ## Take away
#
# - Convolution is the im2col matrix times the weights; both gradients are products with it too.
# - The matrix is k k / (s s) times the input: 9 times for a 3x3, 12.25 times for GoogLeNet's first layer.
# - Nobody needs it whole. Tiles need a small part of the memory; addresses in place of copies need no copy at all.
# - A 1x1 convolution is a matrix product as it stands.
#
# **Exercises:** `lessons/exercises/03_convolution_as_product.py`, checked by `tinyinception lesson 3 --check`.
#
# **Paper:** Chellapilla, Puri and Simard, *High performance convolutional neural networks for document processing*
# (2006), for im2col; Chetlur et al., *cuDNN* (2014), section 3, for tiles; Dukhan, *The indirect convolution
# algorithm* (2019), for addresses.
