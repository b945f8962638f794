# %% [markdown]
# # Lesson 11. A 5x5 as two 3x3
#
# **Time:** 25 minutes. **Afterwards you know** when two stacked 3x3
# convolutions are cheaper than one 5x5, when they are dearer, and why
# GoogLeNet's own modules are on the wrong side.
#
# ## The question
#
# *Rethinking the Inception Architecture* replaces every 5x5 convolution by two
# 3x3 and says that this saves 28 %. Applied to GoogLeNet, which has nine
# modules with a 5x5 each: how many weights would it save?

# %% [markdown]
# ## Do they see the same pixels?
#
# A 3x3 at stride 1 sees one pixel more on each side. Two of them see two more
# on each side: exactly 5x5, not "something similar". We let the gradient say
# so: of one output pixel, with respect to the input.

# %%
import numpy as np

from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.course import COLOURS, figure, show
from tinyinception.tensor import Tensor

rng = np.random.default_rng(0)


def seen(module):
    """How many pixels in a row the middle output pixel depends on."""
    x = Tensor(rng.standard_normal((1, 15, 15, 2)), requires_grad=True)
    module(x)[0, 7, 7, 0].backward()
    rows = np.abs(x.grad).sum(axis=(0, 2, 3)) > 0
    return int(rows.sum())


one = nn.Conv2d(2, 2, 5, padding=2).to(np.float64)
two = nn.Sequential(
    nn.Conv2d(2, 2, 3, padding=1), nn.Conv2d(2, 2, 3, padding=1)
).to(np.float64)
print(f"a 5x5 sees {seen(one)} pixels in a row, two 3x3 see {seen(two)}")
assert seen(one) == seen(two) == 5

# %% [markdown]
# ## What they cost
#
# Per output pixel, a k x k convolution from m to n channels costs k\*k\*m\*n
# multiply-adds, and as many weights. With c channels between the two 3x3:
#
#     one 5x5:   25 m n
#     two 3x3:    9 m c + 9 c n
#
# If all three are equal, that is 25 against 18: a saving of 7/25 = 28 %. The
# claim is right, for equal channels.
#
# **Predict:** GoogLeNet's module 3a has a 5x5 from 16 to 32 channels. With 32
# channels in the middle, how many percent do two 3x3 save there?


# %%
def weights(k, m, n):
    return k * k * m * n


def saving(m, c, n):
    return 1 - (weights(3, m, c) + weights(3, c, n)) / weights(5, m, n)


print(f"equal channels: {saving(64, 64, 64):.0%} saved")
print(
    f"module 3a, 16 -> 32: {weights(5, 16, 32):,} weights become "
    f"{weights(3, 16, 32) + weights(3, 32, 32):,}: {saving(16, 32, 32):+.0%} saved"
)
assert saving(64, 64, 64) == 0.28
assert (weights(5, 16, 32), weights(3, 16, 32) + weights(3, 32, 32)) == (
    12_800,
    13_824,
)

# %% [markdown]
# They save nothing: they cost 8 % more, because the second 3x3 reads the wide
# side. With c = n, the two costs are equal where
#
#     25 m n = 9 m n + 9 n n     so     n / m = 16 / 9 = 1.78
#
# and beyond that ratio two 3x3 are dearer. With a narrower middle, c = sqrt(m
# n), the saving lasts longer.
#
# **Predict:** in how many of GoogLeNet's nine modules is n / m above 16/9?

# %%
with nn.shape_only():
    layers = dict(models.build("googlenet").named_modules())
fives = {
    name.split(".")[0].removeprefix("inception_"): layer
    for name, layer in layers.items()
    if isinstance(layer, nn.Conv2d) and layer.kernel_size == (5, 5)
}
extra = 0
print("module    m    n   n/m  one 5x5  two 3x3")
for name, layer in fives.items():
    m, n = layer.in_channels, layer.out_channels
    before, after = weights(5, m, n), weights(3, m, n) + weights(3, n, n)
    extra += after - before
    print(f"{name:6} {m:4} {n:4} {n / m:5.2f} {before:8,} {after:8,}")
total = summary("googlenet").params
print(
    f"all nine: {extra:+,} weights, {extra / total:+.1%} of the network's {total:,}"
)
assert (
    len(
        [
            layer
            for layer in fives.values()
            if layer.out_channels / layer.in_channels > 16 / 9
        ]
    )
    == 9
)
assert (extra, round(extra / total, 3)) == (284_928, 0.041)

# %% [markdown]
# All nine. Taken literally, the replacement makes GoogLeNet 4.1 % bigger.
# Where the papers do replace them, in BN-Inception and Inception-v3, the
# widths around change too.
#
# The picture: cost of two 3x3 as a share of the 5x5's, over n / m. Below the
# line at 100 %, two 3x3 are cheaper.

# %%
ratio = np.linspace(0.5, 4.5, 200)
drawn, axes = figure()
axes.axhspan(100, 185, color=COLOURS["vermilion"], alpha=0.08)
axes.axhline(100, color=COLOURS["black"], linewidth=1)
axes.plot(
    ratio,
    100 * (9 + 9 * ratio) / 25,
    label="two 3x3, middle as wide as the output",
)
axes.plot(
    ratio,
    100 * 9 * (1 + ratio) / (25 * np.sqrt(ratio)),
    "--",
    color=COLOURS["green"],
    label="two 3x3, middle $\\sqrt{m n}$ wide",
)
axes.plot(
    [1],
    [72],
    "s",
    color=COLOURS["black"],
    markersize=8,
    label="equal channels: 28 % saved",
)
points = sorted(
    {layer.out_channels / layer.in_channels for layer in fives.values()}
)
for point in points:
    names = ", ".join(
        name
        for name, layer in fives.items()
        if layer.out_channels / layer.in_channels == point
    )
    axes.plot(
        [point],
        [100 * (9 + 9 * point) / 25],
        "o",
        color=COLOURS["vermilion"],
        markersize=8,
    )
    axes.annotate(
        names,
        (point, 100 * (9 + 9 * point) / 25),
        xytext=(8, -12),
        textcoords="offset points",
        fontsize=9,
    )
axes.plot(
    [], [], "o", color=COLOURS["vermilion"], label="GoogLeNet's nine modules"
)
axes.annotate(
    "16/9",
    (16 / 9, 100),
    xytext=(-4, 8),
    textcoords="offset points",
    ha="right",
)
axes.text(0.55, 172, "two 3x3 cost more", color=COLOURS["vermilion"])
axes.text(0.55, 40, "two 3x3 cost less")
axes.set(
    xlim=(0.5, 4.5),
    ylim=(30, 185),
    xlabel="output channels / input channels, n / m",
    ylabel="multiply-adds, % of one 5x5",
    title="When two 3x3 are cheaper than one 5x5",
)
axes.legend(loc="lower right")
show(drawn, "11_threshold")

# %% [markdown]
# ## The same function?
#
# Two linear 3x3 in a row are one linear 5x5, with the kernel that is their
# convolution. But not every 5x5 can be had: with one channel, 18 numbers
# cannot reach all of a 25-dimensional space. With a ReLU between, it is
# another function altogether, and the paper found that better: 77.2 % against
# 76.2 % (section 3.1, Figure 2).
#
# **Predict:** we fit two linear 3x3 (18 numbers) to 2,000 random 5x5 kernels,
# starting anew for each. What share of the kernel's energy stays out of reach:
# nothing, about a seventh, about a half?


# %%
def stacked(a, b):
    """The 5x5 kernel that the 3x3 kernels a and b make one after the other: their full convolution."""
    out = np.zeros((len(a), 5, 5))
    for i in range(3):
        for j in range(3):
            out[:, i : i + 3, j : j + 3] += a[:, i, j, None, None] * b
    return out


def design(a):
    """The linear map from b to stacked(a, b), so that the best b is a least-squares problem."""
    basis = np.eye(9).reshape(9, 3, 3)
    return np.stack(
        [
            stacked(a, np.broadcast_to(e, a.shape)).reshape(-1, 25)
            for e in basis
        ],
        axis=2,
    )


kernels = rng.standard_normal((2000, 25))
a = rng.standard_normal((2000, 3, 3))
for _ in range(
    60
):  # alternate: the best b for this a, then the best a for that b
    A = design(a)
    b = np.linalg.solve(
        A.transpose(0, 2, 1) @ A, A.transpose(0, 2, 1) @ kernels[:, :, None]
    ).reshape(-1, 3, 3)
    a = b / np.linalg.norm(
        b, axis=(1, 2), keepdims=True
    )  # convolution commutes: let b take a's place
A = design(a)
b = np.linalg.solve(
    A.transpose(0, 2, 1) @ A, A.transpose(0, 2, 1) @ kernels[:, :, None]
)
unreached = ((kernels - (A @ b)[:, :, 0]) ** 2).sum(axis=1) / (kernels**2).sum(
    axis=1
)
print(
    f"energy of a random 5x5 that two linear 3x3 miss: median {np.median(unreached):.0%}"
)
assert 0.13 < np.median(unreached) < 0.17

# %% [markdown]
# ## Take away
#
# - Two 3x3 see exactly 5x5 pixels.
# - They save 28 % where input, middle and output are equally wide; nothing at
#   n / m = 16/9; beyond, they cost more.
# - All nine of GoogLeNet's 5x5 lie beyond: replacing them literally would add
#   284,928 weights.
# - They are not the same functions: 18 numbers instead of 25, and a ReLU more.
#
# Counted operations are not time: `python -m benchmarks.factorization`
# measures both.
#
# **Exercises:** `lessons/exercises/11_two_3x3.py`, checked by `tinyinception
# lesson 11 --check`.
#
# **Paper:** Szegedy et al., *Rethinking the Inception Architecture for
# Computer Vision*, section 3.1 and Figures 1 and 5; *Going Deeper with
# Convolutions*, Table 1.
