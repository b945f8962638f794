# %% [markdown]
# # Lesson 3. Convolution as matrix multiplication
#
# **Time:** 40 minutes. **Afterwards you know** how seven loops become one
# matrix product, what the matrix costs in memory, how a gradient finds its
# way back through it, and what each idea of a fast kernel is worth.
#
# **You need:** lesson 0 (convolution, stride, padding) and lesson 1 (the
# gradients of a matrix product).
#
# ## The question
#
# A convolution is seven loops around one multiply-add. Fast programs compute
# it as a matrix product instead. What does that gain, and what does it cost?

# %% [markdown]
# ## Loops
#
# An output pixel is a weighted sum of the k × k input pixels in its window,
# over all their channels. Each of the F output channels (its *filters*) has
# its own weights. The pixels of a window are called its *taps*. Images are
# arrays N × H × W × C: number of images, rows, columns, channels. Weights are
# k × k × C × F. Written down as it is said:

# %%
import numpy as np

from tinyinception import kernels
from tinyinception.course import stored
from tinyinception.course.files import folder, load
from tinyinception.kernels import reference
from tinyinception.kernels.choice import STAIRS
from tinyinception.kernels.stairs.reference import A, B, G
from tinyinception.nn.functional import conv2d
from tinyinception.tensor import Tensor

plots = load(folder() / "plots" / "03_convolution_as_product.py")
race = load(folder() / "experiments" / "staircase.py")
rng = np.random.default_rng(0)


# %%
def loops(x, w, out):
    """Convolution of stride 1 without padding; adds to out."""
    n, height, width, filters = out.shape
    for image in range(n):
        for row in range(height):
            for column in range(width):
                for i in range(w.shape[0]):
                    for j in range(w.shape[1]):
                        for c in range(x.shape[3]):
                            for f in range(filters):
                                out[image, row, column, f] += (
                                    x[image, row + i, column + j, c]
                                    * w[i, j, c, f]
                                )


# %%
small_x = rng.standard_normal((1, 10, 10, 4))
small_w = rng.standard_normal((3, 3, 4, 4))
small = np.zeros((1, 8, 8, 4))
loops(small_x, small_w, small)
theirs = kernels.conv2d(small_x, small_w, None, (1, 1), (0, 0, 0, 0), 1)
assert np.allclose(small, theirs)
print("seven loops give what the package gives")

# %% [markdown]
# ## The matrix
#
# Cut out every window and write its numbers into a row. That matrix is called
# [im2col](glossary.md#im2col) (image to columns). The weights, written the
# same way, are a matrix too: k × k × C rows, F columns. Row times column is
# the weighted sum of one window, so the convolution is the product:
#
#     image matrix         times  weights        =  output
#     N × OH × OW rows            k × k × C rows    N × OH × OW rows
#     k × k × C columns           F columns         F columns
#
# OH and OW are the rows and columns of the output.
#
# **Predict:** an image of 5 × 5 pixels, one channel, windows of 3 × 3. How
# often does its middle pixel stand in the matrix, and how often a corner?
#
# - (a) both nine times
# - (b) nine times and four times
# - (c) nine times and once
#
# <!-- answer: c
# a: only pixels far enough from the border are in nine windows.
# b: four windows would have to contain a corner; only one does.
# c: all nine windows contain the middle; one window contains a corner.
# -->


# %%
def windows(x, k):
    """All windows, N × OH × OW × k × k × C. No number is copied."""
    view = np.lib.stride_tricks.sliding_window_view(x, (k, k), axis=(1, 2))
    return view.transpose(0, 1, 2, 4, 5, 3)


def im2col(x, k):
    """Each window a row; here the numbers are copied."""
    view = windows(x, k)
    n, height, width = view.shape[:3]
    return view.reshape(n * height * width, -1)


numbered = np.arange(25.0).reshape(1, 5, 5, 1)
matrix = im2col(numbered, 3)
print(f"the matrix has {matrix.shape[0]} rows, {matrix.shape[1]} columns")
print("copies of the middle pixel:", np.sum(matrix == 12))
print("copies of a corner:", np.sum(matrix == 0))

# %% tags=["hide-input"]
assert (np.sum(matrix == 12), np.sum(matrix == 0)) == (9, 1)
theirs = reference.im2col(numbered, (3, 3), (1, 1), (0, 0, 0, 0))
assert np.array_equal(matrix.ravel(), theirs.ravel())
product = im2col(small_x, 3) @ small_w.reshape(-1, 4)
assert np.allclose(product, small.reshape(-1, 4))
print("matrix times weights is what the loops gave")

taps = np.array([[1, 0], [0, 0], [-1, 0], [2, 0], [0, 1]] + [[0, 0]] * 4)
plots.product(numbered[0, :, :, 0], matrix, taps, "03_im2col")

# %% [markdown]
# Nine times and once. At stride 1 nearly every pixel is stored k × k times.
# With stride s only every s-th window is taken, in rows and in columns, so it
# is about k × k / (s × s) times.
#
# **Predict:** a batch of 32 grids of 32 × 32 pixels with 64 channels is
# 8.4 MB in float32 (4 bytes a number). How large is the matrix of a padded
# 3 × 3 convolution?
#
# - (a) 8.4 MB
# - (b) 25.2 MB
# - (c) 75.5 MB
#
# <!-- answer: c
# a: that is the matrix of a 1 × 1 convolution: the input as it is.
# b: that is three times the input; a window has 3 × 3 taps.
# c: nine times the input, since each pixel is in nine windows.
# -->


# %%
def megabytes(n, grid, k, channels):
    """The im2col matrix for an output of grid × grid pixels."""
    return 4 * n * grid * grid * k * k * channels / 1e6


print("layer                        input MB  matrix MB  times")
for name, size, rows in (
    ("3x3, 64 channels, batch 32", 32 * 32 * 32 * 64, (32, 32, 3, 64)),
    ("1x1, 64 channels, batch 32", 32 * 32 * 32 * 64, (32, 32, 1, 64)),
    ("7x7 of stride 2, one image", 224 * 224 * 3, (1, 112, 7, 3)),
):
    before, after = 4 * size / 1e6, megabytes(*rows)
    print(f"{name:26} {before:9.1f} {after:10.1f} {after / before:7.2f}")
assert round(megabytes(32, 32, 3, 64), 1) == 75.5

# %% [markdown]
# The 7 × 7 is GoogLeNet's first layer: 7 × 7 / (2 × 2) = 12.25 times its
# image. A 1 × 1 convolution needs no new matrix: the input is already it.
# This is one reason why Inception's 1 × 1 layers are cheap.
#
# ## Backward
#
# Let A be the im2col matrix, W the weights, Y = A W the output, and G the
# gradient of Y. Lesson 1 has both gradients already:
#
# $$\text{gradient of } W = A^T G$$
#
# $$\text{gradient of } A = G W^T$$
#
# But we want the gradient of the image, not of A. A pixel has several copies
# in A. It is used in several places, so what comes back from them is added.
# This way back is called *col2im*.
#
# **Predict:** suppose that every number of A sends back a gradient of 1. What
# does the middle pixel of the 5 × 5 image get?
#
# - (a) 1
# - (b) 9
# - (c) 1/9
#
# <!-- answer: b
# a: that is from one copy; the pixel has nine of them.
# b: nine copies, and each sends 1.
# c: an average would divide by nine; gradients are added.
# -->


# %%
def col2im(rows, height, width, channels, k):
    """Add each number to the pixel that it is a copy of; one image."""
    image = np.zeros((height, width, channels))
    number = 0
    for row in range(height - k + 1):
        for column in range(width - k + 1):
            window = rows[number].reshape(k, k, channels)
            image[row : row + k, column : column + k] += window
            number += 1
    return image


print(col2im(np.ones((9, 9)), 5, 5, 1, 3)[:, :, 0].astype(int))

# %%
gradient = rng.standard_normal(small.shape)
flat, flat_w = gradient.reshape(-1, 4), small_w.reshape(-1, 4)
to_weights = (im2col(small_x, 3).T @ flat).reshape(small_w.shape)
to_image = col2im(flat @ flat_w.T, 10, 10, 4, 3)

x, w = (Tensor(array, requires_grad=True) for array in (small_x, small_w))
conv2d(x, w).backward(gradient)  # the package's
for name, ours, theirs in (
    ("weights", to_weights, w.grad),
    ("image", to_image, x.grad[0]),
):
    gap = np.abs(ours - theirs).max()
    print(f"gradient of the {name}: {gap:.0e} from the package's")
    assert gap < 1e-12

# %% [markdown]
# Two more products of the same size, one for each gradient. So a step of
# training costs about three times the forward pass.
#
# ## Tiles
#
# A processor has small memories next to its arithmetic, called *caches*. A
# product is fast because its numbers are used again while they are there. A
# matrix of 75 MB fits hardly any cache. It is written to main memory and read
# back, which is slow. So take a *tile*, some rows of the output. Write only
# its windows into a buffer, multiply, and use the buffer again for the next.


# %%
def tiled(x, w, rows):
    """Convolution without padding, so many rows of an image at a time."""
    k, filters = w.shape[0], w.shape[3]
    view = windows(x, k)
    out = np.empty((*view.shape[:3], filters))
    for image in range(len(out)):
        for row in range(0, out.shape[1], rows):
            tile = view[image, row : row + rows]
            buffer = tile.reshape(-1, w[..., 0].size)  # copied here
            result = buffer @ w.reshape(-1, filters)
            out[image, row : row + rows] = result.reshape(-1, *out.shape[2:])
    return out


for rows in (1, 3, 8):
    assert np.allclose(tiled(small_x, small_w, rows), small)
print("tiles give what the loops gave")

# %% [markdown]
# ## The staircase
#
# The package has this convolution six times, each with one more idea:
#
# 1. **loops** is the definition: the seven loops from above, compiled to
#    machine code by Numba.
# 2. **im2col** makes every window a row of the matrix, and convolution one
#    matrix product.
# 3. **tiles** holds only some rows of the matrix at a time.
# 4. **addresses** copies nothing. The channels of a pixel lie side by side in
#    memory. So it is enough to note *where* the pixel of each tap begins: a
#    few bytes in place of a copy of 64 numbers.
# 5. **registers** keeps a block of results in the processor's *registers*,
#    the few places that arithmetic works on, until all taps and channels have
#    been added. Then they are written to memory once.
# 6. **fast** uses [Winograd's method](glossary.md#winograd), which needs fewer
#    multiplications. It comes next.
#
# Stairs 2, 3 and 4 share one plain matrix product of three loops, so each
# differs from the one before by its idea alone. They are short: read them in
# `tinyinception/kernels/stairs`. We measure on one core, since threads that
# wait for each other would blur the picture.
#
# ## Fewer multiplications
#
# Take two outputs side by side, of a kernel g with three taps in a row. They
# read four inputs d and need 2 × 3 = 6 multiplications. Winograd found a way
# with 4:
#
#     outputs = A ((G g) * (B d))          * is number by number
#
# B and A only add and subtract, and G g is made once for all windows. Doing
# the same along rows and along columns makes 2 × 2 outputs of a 3 × 3 kernel
# from 4 × 4 = 16 products. The definition needs 4 × 9 = 36. The result is the
# same but for rounding.
#
# The package goes one size further, for 3 × 3 with stride 1 and windows
# enough: 4 × 4 outputs from 6 × 6 = 36 products, where the definition needs
# 144. Its B and A also halve, double and more, and the result rounds about
# three times as much as the plain sum, which is little still.

# %%
B2 = np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]])
G2 = np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]])
A2 = np.array([[1, 1, 1, 0], [0, 1, -1, -1]])
d, g = rng.standard_normal(4), rng.standard_normal(3)
print("A ((G g) * (B d)):", (A2 @ ((G2 @ g) * (B2 @ d))).round(6))
print("the definition:   ", np.array([d[:3] @ g, d[1:] @ g]).round(6))

taps = rng.standard_normal((3, 3))
for one, two, three in ((B2, G2, A2), (B, G, A)):  # small, and the package's
    window, side = rng.standard_normal((len(one), len(one))), len(three)
    products = (two @ taps @ two.T) * (one @ window @ one.T)
    direct = np.zeros((side, side))
    for i in range(side):
        for j in range(side):
            direct[i, j] = np.sum(window[i : i + 3, j : j + 3] * taps)
    assert np.allclose(three @ products @ three.T, direct)
    counted = side * side * taps.size
    print(f"{side} × {side} outputs: {products.size} products, not {counted}")

# %% [markdown]
# Now measure. All are timed in turns, several rounds, so that a busy moment of
# your machine hits all alike. A rate counts the multiply-adds of the
# definition, also where Winograd's method leaves some of them out. We show our
# own measurement first, from a machine that did nothing else, then yours.
#
# **Predict:** after compiling, which idea gained least on our machine?
#
# - (a) im2col: one large matrix product
# - (b) addresses: no copies
# - (c) registers: results stay where arithmetic happens
# - (d) fast: 36 products in place of 144
#
# <!-- answer: a
# a: with a plain product of three loops the matrix gained next to nothing.
# b: about 1.2 times. The copies were not the main cost.
# c: 2.3 times. Before, each result went to memory and back many times.
# d: 2.4 times; 4 would be the most that 144 / 36 allows.
# -->


# %%
ours = stored("staircase")
plots.table(ours["stairs"], race.MACS)

# %% [markdown]
# So what does it gain? Compiling gains most, thousands of times: Python finds
# out anew for each number what `+` means. The compiled loops are no bad start,
# because the innermost one runs along memory. Writing the matrix gained next
# to nothing by itself, nor did tiles, and addresses only a little. But the
# matrix product is the form in which registers can be used well, and those
# gained more than twice. So did Winograd's method on top, 2.4 times and not 4:
# the sums by A and B take time too.
#
# Tiles are worth more where the product is fast. We took im2col by tiles
# again, with the product that uses registers, and buffers of many sizes.
#
# **Predict:** which buffer was best on our machine?
#
# - (a) the smallest, 74 KB: one row of one image
# - (b) one to five megabytes
# - (c) 75 MB: the whole matrix at once
#
# <!-- answer: b
# a: more than twice as slow; it starts 1,024 small products.
# b: it stays in a cache, and there are few products to start.
# c: more than twice as slow; it goes to main memory and back.
# -->

# %%
tiles = np.median(ours["tiles"], axis=0)
for size, middle in zip(ours["kilobytes"], tiles, strict=True):
    print(f"ours: {size:8,.0f} KB {1e3 * middle:8.1f} ms")

# %%
yours = race.measure(5, [(1, 1), (1, 8), (1, 32), (8, 32), (32, 32)])
print("yours, on one core:")
plots.table(yours["stairs"], race.MACS)

# %% tags=["hide-input"]
mine = {name: np.array(times) for name, times in yours["stairs"].items()}
assert np.median(mine["Python"] / mine["loops"]) > 20
x = rng.standard_normal((2, 12, 13, 8))
w = rng.standard_normal((3, 3, 8, 5))
expected = conv2d(Tensor(x), Tensor(w)).numpy()
for stair in STAIRS:
    with kernels.using(stair):
        assert np.allclose(conv2d(Tensor(x), Tensor(w)).numpy(), expected)
plots.speed(yours, {"Python": "the definition", **STAIRS}, race.MACS)

# %% [markdown]
# A wide spread means that your machine was busy.
#
# ## Take away
#
# - Convolution is the im2col matrix times the weights. Both gradients are
#   products too, and col2im adds up what the copies send back.
# - The matrix is k × k / (s × s) times the input: 9 times for a 3 × 3, 12.25
#   times for GoogLeNet's first layer. Nobody needs it whole.
# - A product is fast where its results stay in registers. In our measurement
#   that gained more than saving copies.
# - Winograd's method makes 2 × 2 outputs of a 3 × 3 kernel with 16 products in
#   place of 36, and 4 × 4 with 36 in place of 144.
# - A 1 × 1 convolution is a matrix product as it stands.
#
# Lesson 4 counts: how many weights and how many multiply-adds a network has.
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
# Winograd's method (of 1980).
