# %% [markdown]
# # Lesson 2. Checking gradients, and how checks lie
#
# **Time:** 35 minutes. **Afterwards you know** how far to step in a difference
# quotient and why, how to check a million numbers with two forward passes, and
# four gradient tests that pass wrong gradients.
#
# **You need:** lesson 1 (`pull`, the gradient); derivatives; logarithmic axes.
#
# ## The question
#
# You have written a backward pass, and its test passes. What would the test
# have said if the backward pass were wrong?

# %%
import numpy as np

from tinyinception.course.files import folder, load
from tinyinception.gradcheck import check

plots = load(folder() / "plots" / "02_gradient_checks.py")

# %% [markdown]
# ## How far to step
#
# Lesson 1 nudged a number and looked at the result. To nudge to both sides is
# better. This is the *central difference*:
#
# $$f'(x) \approx \frac{f(x + h) - f(x - h)}{2 \times h}$$
#
# Its error has two parts. The curve bends: that costs about h^2 / 6, if the
# third derivative of f is about 1, so smaller steps are better. And computers
# round: each value of f is wrong by about eps, where eps = 2e-16 in float64
# and 1e-7 in float32. After division by h that is eps / h, so larger steps are
# better. The sum h^2 / 6 + eps / h is smallest where its derivative is 0:
#
# $$\frac{h}{3} = \frac{\text{eps}}{h^2}, \; h = (3 \times \text{eps})^{1/3}$$
#
# That is about 9e-6 in float64 and 7e-3 in float32.
#
# **Predict:** suppose that a test uses float32 and h = 1e-6. How many digits
# of the derivative are right then?
#
# - (a) one or two
# - (b) about five
# - (c) about seven
#
# <!-- answer: a
# a: rounding costs eps / h = 1e-7 / 1e-6, which is a tenth.
# b: that is what the best step gives in float32.
# c: seven digits is what float32 keeps of f, before anything is subtracted.
# -->

# %%
points = np.random.default_rng(0).uniform(0.5, 1.5, 400)


def f(x):
    return np.exp(x) * np.sin(x)


def central(x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def error(estimate, x):
    """The mean relative error of derivatives at many points."""
    x = x.astype(np.float64)
    true = np.exp(x) * (np.sin(x) + np.cos(x))
    return np.mean(np.abs(estimate - true) / true)


for kind, h in (("float32", 1e-6), ("float32", 7e-3), ("float64", 9e-6)):
    x = points.astype(kind)
    h = np.dtype(kind).type(h)
    print(f"{kind}, h = {h:.0e}: relative error {error(central(x, h), x):.0e}")

# %% [markdown]
# One or two digits. With the best step float32 gives five and float64 about
# eleven. So gradients are checked in float64.
#
# Where the function also holds for complex numbers (numbers a + b i with
# i × i = -1) there is something better. A small step in the direction of i
# gives f(x + i h) = f(x) + i h f'(x) + ..., so the part that belongs to i,
# divided by h, is the derivative. Nothing is subtracted, so nothing is lost,
# and h may be 1e-30.

# %%
imaginary = error(f(points + 1e-30j).imag / 1e-30, points)
print(f"complex step: relative error {imaginary:.0e}")

# %% tags=["hide-input"]
curves = {}
for kind, low in (("float32", -7.5), ("float64", -15)):
    hs = 10.0 ** np.arange(low, 0.01, 0.25)
    x = points.astype(kind)
    steps = hs.astype(kind)
    curves[f"central, {kind}"] = hs, [error(central(x, h), x) for h in steps]
quotients = [(f(points + h) - f(points)) / h for h in hs]
curves["forward, float64"] = hs, [error(q, points) for q in quotients]
assert imaginary < 1e-15
for kind in ("float32", "float64"):
    hs, errors = curves[f"central, {kind}"]
    rule = (3 * np.finfo(kind).eps) ** (1 / 3)
    assert rule / 10 < hs[np.argmin(errors)] < rule * 10
x = points.astype(np.float32)
assert 0.005 < error(central(x, np.float32(1e-6)), x) < 0.3
plots.steps(curves, imaginary)

# %% [markdown]
# ## A million numbers at once
#
# A layer with n weights has n derivatives: 2 × n forward passes. There is a
# cheaper test. Step all numbers at once, in a random *direction* v: from x to
# x + h v. The derivative in this direction is the sum of gradient times v,
# number by number. That takes two passes, whatever n is.
#
# Now let one of 10,000 gradients be missing (0 where it should not be). We try
# all 10,000 cases. A difference quotient resolves a millionth here, relative
# to the length of the gradient (the root of the sum of its squares).
#
# **Predict:** in how many of the 10,000 cases does one random direction not
# see the hole?
#
# - (a) in none
# - (b) in ten or twenty
# - (c) in about half of them
#
# <!-- answer: b
# a: where v or the gradient happens to be nearly 0, so is the change.
# b: 8 to 19 in five tries; a second direction finds most of those.
# c: it sees even small changes, so it misses only the smallest.
# -->

# %%
shares = []
for seed in range(5):
    rng = np.random.default_rng(seed)
    x, weights, v, second = rng.standard_normal((4, 10_000))
    gradient = weights * (1 - np.tanh(x) ** 2)  # of weights . tanh(x)
    length = np.linalg.norm(gradient)
    h = 1e-5
    numeric = weights @ (np.tanh(x + h * v) - np.tanh(x - h * v)) / (2 * h)
    gap = abs(gradient @ v - numeric) / length
    assert gap < 1e-8
    holes = np.abs(gradient * v) / length  # what a hole at i changes
    both = np.maximum(holes, np.abs(gradient * second) / length)
    shares.append([np.sum(holes < 1e-6), np.sum(both < 1e-6)])
    print(
        f"seed {seed}: right gradient {gap:.0e}; unseen holes, one direction: "
        f"{shares[-1][0]}, two: {shares[-1][1]}"
    )

# %% tags=["hide-input"]
assert 3 < np.mean(shares, axis=0)[0] < 60
assert np.max(shares, axis=0)[1] < 15
plots.holes(holes)

# %% [markdown]
# A random direction is a good alarm. It does not say where the hole is: for
# that, step one number after the other.
#
# ## Five bugs
#
# Now a gradient to break: [softmax](glossary.md#softmax), which turns scores
# x into shares p that add up to 1. Raising x_i raises p_i, and lowers all
# others, since the sum in the denominator grows. That makes two terms. With
# the gradient g that arrives for p (and the sum over all k):
#
# $$p_i = \frac{\exp(x_i)}{\sum_k \exp(x_k)}$$
#
# $$\text{gradient of } x_i = p_i \times (g_i - \sum_k g_k \times p_k)$$


# %%
def softmax(x):
    e = np.exp(x)
    return e / e.sum()


def right(x, g):
    p = softmax(x)
    return p * (g - np.sum(g * p))


def sum_forgotten(x, g):
    return softmax(x) * g


def factor_forgotten(x, g):
    return g - np.sum(g * softmax(x))


# %%
GRADIENTS = {
    "right": right,
    "1 % too large": lambda x, g: 1.01 * right(x, g),
    "zeros": lambda x, g: 0 * x,
    "sum forgotten": sum_forgotten,
    "factor forgotten": factor_forgotten,
    "not a number": lambda x, g: right(x, g) * np.nan,
}

# %% [markdown]
# ## Four bad tests
#
# A test needs one number as the result, so it adds up the outputs, each times
# a weight. The weights are the g that arrives, and are called the *cotangent*.
# Here are four tests. Each has a mistake that is easily made. Find it before
# you read on. (`good`, the fifth, has none.)


# %%
def numeric_gradient(x, g, h=1e-5):
    """The gradient of the sum of g × softmax(x), number by number."""
    gradient = np.zeros_like(x)
    for i in range(x.size):
        step = np.zeros_like(x)
        step[i] = h
        change = softmax(x + step) - softmax(x - step)
        gradient[i] = np.sum(g * change) / (2 * h)
    return gradient


def plain_sum(gradient, x, g):
    ones = np.ones_like(x)
    gap = np.abs(gradient(x, ones) - numeric_gradient(x, ones))
    return bool(gap.max() < 1e-6)


def in_float32(gradient, x, g):
    x, g = x.astype(np.float32), g.astype(np.float32)
    gap = np.abs(gradient(x, g) - numeric_gradient(x, g, np.float32(1e-6)))
    return bool(gap.max() < 0.1)  # with less, right gradients fail


# %%
def overwritten(gradient, x, g):
    ours = gradient(x, g)
    numeric = ours
    for i in range(x.size):
        step = np.zeros_like(x)
        step[i] = 1e-5
        change = softmax(x + step) - softmax(x - step)
        numeric[i] = np.sum(g * change) / 2e-5
    return bool(np.abs(ours - numeric).max() < 1e-6)


def complaining(gradient, x, g):
    gap = np.abs(gradient(x, g) - numeric_gradient(x, g)).max()
    wrong = gap > 1e-6
    return bool(not wrong)


def good(gradient, x, g):
    gap = np.abs(gradient(x, g) - numeric_gradient(x, g)).max()
    return bool(gap < 1e-6)


# %% [markdown]
# **Predict:** how many of the five bugs does `plain_sum` catch?
#
# - (a) all five
# - (b) two: the forgotten sum and not-a-number
# - (c) none
#
# <!-- answer: b
# a: the shares add up to 1 whatever x is. What is the gradient of their sum?
# b: the true gradient of the sum is 0, and three of the wrong ones are 0 too.
# c: without the sum the gradient is p, and p is not 0.
# -->

# %%
TESTS = [plain_sum, in_float32, overwritten, complaining, good]
rng = np.random.default_rng(0)
x, g = rng.standard_normal((2, 6))
passes = [
    [test(gradient, x, g) for gradient in GRADIENTS.values()] for test in TESTS
]
for test, row in zip(TESTS, passes, strict=True):
    names = [n for n, ok in zip(GRADIENTS, row, strict=True) if ok]
    print(f"{test.__name__} passes:")
    print("   ", ", ".join(names))

# %% tags=["hide-input"]
assert [row[0] for row in passes] == [True] * 5
assert passes[0] == [True, True, True, False, True, False]
assert all(passes[2])
assert passes[3] == [True] + [False] * 4 + [True]
assert passes[4] == [True] + [False] * 5
plots.table(passes, GRADIENTS, TESTS)

# %% [markdown]
# Two. What was wrong in each:
#
# - `plain_sum`: the outputs of a softmax add up to 1 whatever x is, so the
#   true gradient of their sum is 0. So is the gradient of many wrong ones. The
#   cure is a random cotangent.
# - `in_float32`: the tolerance had to be raised until right gradients passed,
#   and now wrong ones pass too.
# - `overwritten`: `numeric = ours` makes no copy. Both names mean one array,
#   and it is compared with itself.
# - `complaining`: every comparison with not-a-number is false, also
#   `gap > 1e-6`. Ask whether the gap is small, not whether it is large.
#
# How small is small? The notes of the course cs231n say of the relative error
# in float64: above 1e-2 the gradient is probably wrong; 1e-4 may do where
# there are kinks (see below); with 1e-7 and less you should be happy.
#
# ## Kinks
#
# Some places have no derivative. [ReLU](glossary.md#relu), max(x, 0), has a
# *kink* at 0: slope 0 on one side, 1 on the other. Backward says 0 there.
#
# **Predict:** what does a central difference find for ReLU at 0?
#
# - (a) 0
# - (b) 1/2
# - (c) 1
#
# <!-- answer: b
# a: that is the slope to the left of 0.
# b: (h - 0) / (2 h): half of the slope on the right.
# c: that is the slope to the right of 0.
# -->

# %%
h = 1e-5
print("central difference at 0:", (max(h, 0) - max(-h, 0)) / (2 * h))
report = check(lambda x: x.relu(), np.array([0.0, 0.5, -2.0, 1.0]))
print("gradcheck: ok is", report.ok, "and kinks are", report.kinks)
assert report.ok
assert report.kinks == [("x", (0,))]

# %% [markdown]
# One half, which is neither side's slope. A test that steps over a kink fails
# a right gradient. The package's `gradcheck` finds kinks by looking from both
# sides at several steps. It reports them, neither passed nor failed. Where two
# numbers in a max-pool are equal, as on the flat background of a drawn image,
# there is a kink as well.
#
# ## Take away
#
# - Step by about the cube root of eps, in float64. float32 shows five digits
#   at best.
# - Weight the outputs at random. The sum of a softmax has gradient zero.
# - A random direction checks any number of derivatives with two forward
#   passes, and misses very few holes.
# - Break the gradient on purpose. A test that has never failed has said
#   nothing yet.
#
# Lesson 3 turns to the operation whose gradient is needed most: convolution.
#
# **Exercises:** `lessons/exercises/02_gradient_checks.py`, checked by
# `tinyinception lesson 2 --check`. In three of them you mend a test.
#
# **Paper:** Squire and Trapp, *Using complex variables to estimate derivatives
# of real functions* (1998), for the complex step.
