# %% [markdown]
# # Lesson 2. Checking gradients, and how checks lie
#
# **Time:** 35 minutes. **Afterwards you know** how far to step in a difference
# quotient and why, how to check a million numbers with two forward passes, and
# five ways in which a gradient test passes whatever the gradient.
#
# ## The question
#
# You have written a backward pass, and the test is green. What would the test
# have said if it were wrong?

# %% [markdown]
# ## How far to step
#
# The derivative is what the *central difference* tends to:
#
#     f'(x) = (f(x + h) - f(x - h)) / 2h  +  an error
#
# The error has two parts. The curve bends: that costs h^2 / 6 times the third
# derivative, less for smaller h. And the computer rounds: f is known to about
# eps |f|, with eps = 2e-16 in float64 and 1e-7 in float32; after division by h
# that costs eps |f| / h, more for smaller h. If f and its derivatives are
# about 1, the sum h^2/6 + eps/h is smallest at
#
#     h = (3 eps)^(1/3):   about 9e-6 in float64 and 7e-3 in float32
#
# **Predict:** in float32, with the popular h = 1e-6: how many digits of the
# derivative are right?

# %%
import numpy as np
from matplotlib.colors import ListedColormap

from tinyinception import ops
from tinyinception.course import COLOURS, figure, show
from tinyinception.errors import DtypeError
from tinyinception.gradcheck import check
from tinyinception.tensor import Tensor, apply

rng = np.random.default_rng(0)
points = rng.uniform(0.5, 1.5, 400)


def f(x):
    return np.exp(x) * np.sin(x)


def error(estimate, x):
    """The mean relative error of derivatives at many points."""
    x = x.astype(np.float64)
    true = np.exp(x) * (np.sin(x) + np.cos(x))
    return np.mean(np.abs(estimate - true) / true)


def central(x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


steps = {
    dtype: 10.0 ** np.arange(low, 0.01, 0.25)
    for dtype, low in ((np.float32, -7.5), (np.float64, -15))
}
curves = {
    dtype: [
        error(central(points.astype(dtype), dtype(h)), points.astype(dtype))
        for h in hs
    ]
    for dtype, hs in steps.items()
}
forward = [
    error((f(points + h) - f(points)) / h, points) for h in steps[np.float64]
]
for dtype, hs in steps.items():
    best = int(np.argmin(curves[dtype]))
    rule = (3 * np.finfo(dtype).eps) ** (1 / 3)
    print(
        f"{dtype.__name__}: best step {hs[best]:.0e}, by the rule {rule:.0e}, error there {curves[dtype][best]:.0e}"
    )
    assert rule / 10 < hs[best] < rule * 10
at_1e6 = error(
    central(points.astype(np.float32), np.float32(1e-6)),
    points.astype(np.float32),
)
print(f"float32 with h = 1e-6: error {at_1e6:.0%}")
assert 0.005 < at_1e6 < 0.3
assert 1e-6 < min(curves[np.float32]) < 1e-4
assert min(curves[np.float64]) < 1e-10
assert np.allclose(
    [(3 * np.finfo(d).eps) ** (1 / 3) for d in (np.float64, np.float32)],
    [9e-6, 7e-3],
    rtol=0.05,
)

# %% [markdown]
# One or two. Even at the best step float32 gives five digits; float64 gives
# ten. So gradients are checked in float64.
#
# Where the function also holds for complex numbers there is something better:
# f(x + ih) = f(x) + ih f'(x) + ..., so the imaginary part over h is the
# derivative. Nothing is subtracted, so nothing is lost, and h may be 1e-30.

# %%
imaginary = error(f(points + 1e-30j).imag / 1e-30, points)
print(f"complex step: error {imaginary:.0e}")
assert imaginary < 1e-15
drawn, axes = figure()
axes.loglog(
    steps[np.float32], curves[np.float32], "--", color=COLOURS["vermilion"]
)
axes.loglog(steps[np.float64], forward, ":", color=COLOURS["green"])
axes.loglog(steps[np.float64], curves[np.float64], color=COLOURS["blue"])
axes.axhline(imaginary, color=COLOURS["black"], linewidth=1, linestyle="-.")
axes.text(2e-6, 1, "central, float32", color=COLOURS["vermilion"], ha="center")
axes.text(2e-5, 1e-8, "forward, float64", color=COLOURS["green"], ha="center")
axes.text(
    1.5e-7,
    3e-11,
    "central, float64",
    color=COLOURS["blue"],
    ha="right",
    va="top",
)
axes.text(1.5e-15, 3 * imaginary, "complex step")
axes.text(
    2e-11, 1.5e-5, "rounding: eps / h", rotation=-19, color=COLOURS["grey"]
)
axes.text(3e-3, 1e-8, "bending: $h^2$ / 6", color=COLOURS["grey"])
axes.set(
    xlabel="step h",
    ylabel="relative error of the derivative",
    ylim=(3e-17, 30),
    xlim=(1e-15, 1),
    title="Too small a step is as bad as too large a one: derivative of exp(x) sin(x)",
)
show(drawn, "02_steps")

# %% [markdown]
# ## A million numbers at once
#
# A layer with n weights has n derivatives: 2n forward passes. Cheaper: step
# all of them at once, along a random direction v. The derivative along v is
# the gradient's scalar product with v, and takes two passes whatever n is.
#
# **Predict:** 10,000 numbers, of which one gradient is missing. Can a single
# random direction see it?

# %%
x, r, v = rng.standard_normal((3, 10_000))
gradient = r * (1 - np.tanh(x) ** 2)  # of r . tanh(x)


def along(gradient, h=1e-5):
    """Analytic against numeric derivative along v, relative to the gradient's length."""
    numeric = r @ (np.tanh(x + h * v) - np.tanh(x - h * v)) / (2 * h)
    return abs(gradient @ v - numeric) / np.linalg.norm(gradient)


missing = gradient.copy()
missing[np.abs(gradient * v).argsort()[5_000]] = (
    0  # neither a large one nor a small one
)
print(
    f"error along v: right gradient {along(gradient):.0e}, one of 10,000 missing {along(missing):.0e}"
)
assert along(gradient) < 1e-8
assert along(missing) > 1e-3

# %% [markdown]
# It can: the hole is more than a thousandth of the gradient, and differences
# see less than a millionth. It does not say where the hole is.
#
# ## Five lies
#
# The subject is batch-norm: it shifts and scales each channel of a batch to
# mean 0 and variance 1. We break its backward in five ways. Then we test as
# many public projects do:
#
# - **sum:** differentiate `y.sum()`, since a derivative needs a scalar.
# - **float32:** h = 1e-6, and the tolerance raised until the right gradient
#   passes comfortably.
# - **input:** compare the array in the wrong variable, here the input with
#   itself.
# - **stale:** compare `error`, which still holds what the test before found.
#
# **Predict:** which of the five breakages does `sum` catch?

# %%
BREAKAGES = {
    "nothing\n(right)": lambda dx, g, xhat, scale: dx,
    "1 % too\nlarge": lambda dx, g, xhat, scale: 1.01 * dx,
    "zeros": lambda dx, g, xhat, scale: 0 * dx,
    "variance\nforgotten": lambda dx, g, xhat, scale: (
        scale * (g - g.mean(axis=0))
    ),
    "mean\nforgotten": lambda dx, g, xhat, scale: (
        scale * (g - xhat * (g * xhat).mean(axis=0))
    ),
    "one number\nmissing": lambda dx, g, xhat, scale: np.where(
        np.abs(dx) == np.abs(dx).max(), 0, dx
    ),
}


class Broken(ops.BatchNorm):
    """Batch-norm whose gradient is wrong."""

    def __init__(self, breakage):
        super().__init__(eps=1e-5)
        self.breakage = breakage

    def backward(self, kept, grad):
        x, mean, scale = kept.inputs[0], *kept.aside[:2]
        dx = super().backward(kept, grad)[0]
        return (
            self.breakage(dx, grad, (x - mean) * scale, scale).astype(
                grad.dtype
            ),
        )


def worst(breakage, dtype, h, cotangent):
    """Largest gap between analytic and numeric gradient of cotangent . y, over the largest of the cotangent's own."""
    x = Tensor(batch.astype(dtype), requires_grad=True)
    apply(Broken(breakage), x).backward(cotangent.astype(dtype))
    numeric = np.zeros_like(x.data)
    for i in np.ndindex(batch.shape):
        step = np.zeros(batch.shape, dtype)
        step[i] = h
        up, down = (
            apply(Broken(breakage), Tensor(x.data + s * step)).data
            for s in (dtype(1), dtype(-1))
        )
        numeric[i] = (cotangent * (up - down)).sum() / (2 * h)
    return np.abs(x.grad - numeric).max() / max(np.abs(numeric).max(), 1e-3)


batch, random, ones = (
    rng.normal(1, 2, (8, 3)),
    rng.standard_normal((8, 3)),
    np.ones((8, 3)),
)
right = next(iter(BREAKAGES.values()))
tolerance = 2 * worst(right, np.float32, 1e-6, random)
stale = worst(right, np.float64, 1e-5, random)  # found by the test before
CHECKS = {
    "sum": lambda breakage: worst(breakage, np.float64, 1e-5, ones) < 1e-6,
    "float32, h = 1e-6": lambda breakage: (
        worst(breakage, np.float32, 1e-6, random) < tolerance
    ),
    "input": lambda breakage: (
        worst(breakage, np.float64, 1e-5, random) >= 0
        and np.allclose(batch, batch)
    ),
    "stale": lambda breakage: (
        worst(breakage, np.float64, 1e-5, random) >= 0 and stale < 1e-6
    ),
    "random weights, float64": lambda breakage: (
        worst(breakage, np.float64, 1e-5, random) < 1e-6
    ),
    "tinyinception.gradcheck": lambda breakage: (
        check(Broken(breakage), batch).ok
    ),
}
passes = np.array(
    [
        [test(breakage) for breakage in BREAKAGES.values()]
        for test in CHECKS.values()
    ]
)
for name, row in zip(CHECKS, passes, strict=True):
    passed = [
        breakage.replace("\n", " ")
        for breakage, ok in zip(BREAKAGES, row, strict=True)
        if ok
    ]
    print(f"{name:24} lets pass: {', '.join(passed)}")
print(f"the tolerance that float32 needed: {tolerance:.0%}")
assert passes[:, 0].all()
assert passes[0].tolist() == [True, True, True, True, False, True]
assert passes[1, 1]
assert passes[2:4].all()
assert passes[4:, 1:].sum() == 0

# %% [markdown]
# One. Whatever x is, the outputs of batch-norm add up to 0 in each channel, so
# the true gradient of their sum is zero, and zeros pass, and 1.01 times zero,
# and a gradient that forgot the variance. Softmax is the same: its outputs add
# up to 1. The cure is to weight the outputs with random numbers before adding
# them: a random *cotangent*.

# %%
logits = Tensor(rng.standard_normal((4, 5)), requires_grad=True)
apply(ops.LogSoftmax(), logits).exp().sum().backward()
print(
    f"gradient of the sum of a softmax: at most {np.abs(logits.grad).max():.0e}"
)
assert np.abs(logits.grad).max() < 1e-15

drawn, axes = figure(height=3.6)
lies = passes & (np.arange(len(BREAKAGES)) > 0)
axes.pcolormesh(
    lies,
    cmap=ListedColormap(["#d8e6f3", COLOURS["vermilion"]]),
    edgecolors="white",
    linewidth=4,
)
for i, j in np.ndindex(passes.shape):
    axes.text(
        j + 0.5,
        i + 0.5,
        "passes" if passes[i, j] else "caught",
        ha="center",
        va="center",
        weight="bold" if lies[i, j] else "normal",
        color="white" if lies[i, j] else "black",
    )
axes.set_xticks(np.arange(len(BREAKAGES)) + 0.5, BREAKAGES)
axes.set_yticks(np.arange(len(CHECKS)) + 0.5, CHECKS)
axes.tick_params(length=0)
axes.invert_yaxis()
axes.grid(visible=False)
axes.spines[:].set_visible(False)
axes.set_title(
    "What is wrong with the gradient (columns), and which test notices (rows)"
)
show(drawn, "02_lies")

# %% [markdown]
# ## Half a conversion, and kinks
#
# The fifth lie is a quiet relative of float32: x is converted to float64, the
# weights are not. Then w + h is rounded.
#
# And some places have no derivative. ReLU, max(0, x), has a *kink* at 0: slope
# 0 on one side, 1 on the other.
#
# **Predict:** what does a central difference find for ReLU at 0? And for w =
# 40 in float32, what is w + 1e-6?

# %%
w = np.float32(40)
print(
    f"float32: 40 + 1e-6 - 40 = {w + np.float32(1e-6) - w:g}; the next number is {np.spacing(w):.1e} away"
)
assert w + np.float32(1e-6) == w
try:
    Tensor(np.ones((2, 3))) @ Tensor(np.ones((3, 2), np.float32))
except DtypeError as refusal:
    print(f"tinyinception: {refusal}")
else:
    raise AssertionError("mixed dtypes should be refused")

h = 1e-5
print(
    f"ReLU at 0: central difference {(max(h, 0) - max(-h, 0)) / (2 * h):g}; backward says 0"
)
report = check(lambda x: x.relu(), np.array([0.0, 0.5, -2.0, 1.0]))
print(report)
assert (max(h, 0) - max(-h, 0)) / (2 * h) == 0.5
assert report.ok
assert report.kinks == [("x", (0,))]

# %% [markdown]
# One half, which is neither side's slope. A test that fails there fails a
# right gradient; one that steps around it by luck has shown nothing.
# `gradcheck` finds kinks by looking from both sides at several steps, and
# reports them: neither passed nor failed. Ties in a max-pool, as on the plain
# ground of a drawing, are kinks as well.
#
# ## Take away
#
# - Step by about the cube root of eps, in float64. float32 shows five digits
#   at best.
# - Weight the outputs at random. The sum of a batch-norm or a softmax has
#   gradient zero.
# - A random direction checks any number of derivatives with two forward
#   passes.
# - Break the gradient on purpose. A test that has never failed has said
#   nothing yet.
#
# **Exercises:** `lessons/exercises/02_gradient_checks.py`, checked by
# `tinyinception lesson 2 --check`.
#
# **Paper:** Squire and Trapp, *Using complex variables to estimate derivatives
# of real functions* (1998), for the complex step; Ioffe and Szegedy, *Batch
# Normalization*, section 3, for the gradient we broke.
