# %% [markdown]
# # Lesson 11. A 5x5 as two 3x3
#
# **Time:** 35 minutes. **Afterwards you know** when two stacked 3x3
# convolutions are cheaper than one 5x5, what that depends on, and which 5x5
# kernels two 3x3 cannot make.
#
# **You need:** lessons 4 and 5 (counting, the module); square roots. For the
# section on kernels: that a sum of squares measures how large a difference is.
#
# ## The question
#
# *Rethinking the Inception Architecture* replaces every 5x5 convolution by two
# 3x3. It says that this saves 28 %. GoogLeNet has nine modules with a 5x5
# each. Would it get cheaper? The answer depends on a number that is easily
# overlooked: how many channels there are between the two 3x3.

# %% [markdown]
# ## Do they see the same pixels?
#
# A 3x3 at [stride](glossary.md#stride) 1 sees one pixel more on each side. Two
# of them in a row see two more on each side. That is a [receptive
# field](glossary.md#receptive-field) of exactly 5 × 5 pixels. We can let the
# gradient show it: we take one output pixel in the middle, go backward, and
# count the rows of the input that have a gradient.
#
# **Predict:** and three 3x3 in a row?
#
# - (a) 6 pixels in a row
# - (b) 7 pixels in a row
# - (c) 9 pixels in a row
#
# <!-- answer: b
# a: each 3x3 adds one pixel on each side, so two in all. An even number cannot
# come out.
# b: 3, then 5, then 7: each adds one pixel on each side.
# c: 3 × 3 = 9 would be true if the windows did not overlap. They do, as each
# moves by one pixel.
# -->

# %%
import numpy as np

from tinyinception import models, nn
from tinyinception.count import summary
from tinyinception.course.files import folder, load
from tinyinception.tensor import Tensor

plots = load(folder() / "plots" / "11_two_3x3.py")
rng = np.random.default_rng(0)


def seen(*kernels):
    """Rows of the input that one output pixel of these layers depends on."""
    layers = [nn.Conv2d(2, 2, k, padding=k // 2) for k in kernels]
    stack = nn.Sequential(*layers).to(np.float64)
    image = rng.standard_normal((1, 15, 15, 2))
    x = Tensor(image, requires_grad=True)
    stack(x)[0, 7, 7, 0].backward()
    return int((np.abs(x.grad).sum(axis=(0, 2, 3)) > 0).sum())


print(f"one 5x5 sees {seen(5)} pixels in a row")
print(f"two 3x3 see {seen(3, 3)}, three see {seen(3, 3, 3)}")

# %% [markdown]
# ## What they cost
#
# A k x k convolution from m to n channels has k × k × m × n weights, and needs
# as many multiply-adds for each output pixel. Let c be the number of channels
# between the two 3x3:
#
#     one 5x5:   25 × m × n
#     two 3x3:    9 × m × c  +  9 × c × n
#
# If m, c and n are equal, these are 25 and 18 times m × m. The saving is 7/25
# = 28 %. For equal channels the claim is right.
#
# But a 5x5 in a module mostly has more output channels than input channels.
# The paper knows this (section 3.1). It writes n = alpha × m, and says that
# alpha is typically "slightly larger than one (around 1.5 in the case of
# GoogLeNet)". Then it lets the channels grow in two equal steps, by the square
# root of alpha in each:
#
# $$ c = \sqrt{\text{alpha}} \cdot m = \sqrt{m n} $$
#
# For its estimate it then sets alpha = 1, "to simplify". That is where the 28
# % come from. Let us not simplify.
#
# **Predict:** GoogLeNet's module 3a has a 5x5 from 16 to 32 channels. The
# paper's middle is the square root of 16 × 32, rounded: 23 channels. How much
# do two 3x3 save there?
#
# - (a) 28 %
# - (b) 22 %
# - (c) nothing, they cost 8 % more
#
# <!-- answer: b
# a: that is for equal channels, 16, 16 and 16.
# b: 9 × 16 × 23 + 9 × 23 × 32 = 9,936 weights in place of 12,800.
# c: that is what happens with 32 channels in the middle, as wide as the
# output.
# -->


# %%
def one_five(m, n):
    return 25 * m * n


def two_threes(m, c, n):
    return 9 * m * c + 9 * c * n


def report(text, m, c, n):
    before, after = one_five(m, n), two_threes(m, c, n)
    print(f"{text:33} {before:7,} -> {after:7,}  {after / before - 1:+.0%}")


report("equal channels, 64, 64, 64", 64, 64, 64)
report("3a, the paper's middle: 16, 23, 32", 16, 23, 32)
report("3a, the wide middle:  16, 32, 32", 16, 32, 32)

# %% tags=["hide-input"]
assert seen(5) == seen(3, 3) == 5
assert seen(3, 3, 3) == 7
assert two_threes(64, 64, 64) / one_five(64, 64) == 0.72
assert one_five(16, 32) == 12_800
assert (two_threes(16, 23, 32), two_threes(16, 32, 32)) == (9_936, 13_824)

# %% [markdown]
# So the width of the middle decides. With the paper's middle 22 % are saved.
# With a middle as wide as the output two 3x3 cost 8 % *more*, because the
# second 3x3 then reads the wide side.
#
# When do two 3x3 with the wide middle, c = n, cost as much as the 5x5?
#
#     25 × m × n  =  9 × m × n + 9 × n × n      so   n / m = 16/9 = 1.78
#
# Beyond that ratio they are more expensive. With the paper's middle both cost
# the same where 25 × sqrt(alpha) = 9 + 9 × alpha. That limit is much further
# away, at alpha = n / m = 5.5.
#
# **Predict:** in how many of GoogLeNet's nine modules are two 3x3 cheaper?
#
# - (a) in all nine, with either middle
# - (b) in all nine with the paper's middle, in none with the wide one
# - (c) in none, with either middle
#
# <!-- answer: b
# a: with the wide middle they are cheaper only below n / m = 16/9. Look at the
# last column.
# b: n / m is 2 to 4 in GoogLeNet: above 16/9, below 5.5.
# c: with the paper's middle they are cheaper up to n / m = 5.5.
# -->

# %%
with nn.shape_only():
    parts = dict(models.build("googlenet").named_modules())
fives = {
    name.split(".")[0].removeprefix("inception_"): part
    for name, part in parts.items()
    if isinstance(part, nn.Conv2d) and part.kernel_size == (5, 5)
}
widths = {name: (f.in_channels, f.out_channels) for name, f in fives.items()}
sums = np.zeros(3, dtype=int)
print("module    m    n   n/m   one 5x5   paper's middle   wide middle")
for name, (m, n) in widths.items():
    c = round(np.sqrt(m * n))
    row = one_five(m, n), two_threes(m, c, n), two_threes(m, n, n)
    sums += row
    text = f"{name:6} {m:4} {n:4} {n / m:5.2f} {row[0]:9,}"
    for value in row[1:]:
        text += f" {value:9,} {value / row[0] - 1:+4.0%}"
    print(text)
whole = summary("googlenet").params
mean = np.mean([n / m for m, n in widths.values()])
print(f"all nine       {mean:5.2f}", *(f"{value:,}" for value in sums))
for kind, value in zip(("paper's", "wide"), sums[1:], strict=True):
    more = value - sums[0]
    print(f"{kind} middle: {more:+,} weights, {more / sums[0]:+.0%} of these,")
    print(f"    {more / whole:+.1%} of GoogLeNet")

# %% tags=["hide-input"]
ratios = {name: n / m for name, (m, n) in widths.items()}
assert len(widths) == 9
assert (min(ratios.values()), max(ratios.values())) == (2, 4)
assert sums.tolist() == [595_200, 497_952, 880_128]
for m, n in widths.values():
    narrow, five = round(np.sqrt(m * n)), one_five(m, n)
    assert two_threes(m, narrow, n) < five < two_threes(m, n, n)

# %% [markdown]
# With the paper's own recipe **all nine get cheaper**, by 10 to 24 %. Together
# that is 97,248 weights less, 16 % of what the nine have and 1.4 % of the
# network. With a middle as wide as the output **all nine get more expensive**:
# 284,928 weights more, 4.1 % of the network.
#
# There is one more thing in the table. The paper says that alpha is around 1.5
# in GoogLeNet. In GoogLeNet's Table 1 it is 2 to 4, and 2.9 on average. So 1.5
# does not describe GoogLeNet.
#
# Does it describe the networks in which the 5x5 were really replaced?
# BN-Inception has ten modules with two 3x3 in a row. Inception-v3 has four,
# three on its first grid and one in the reduction after it.
#
# **Predict:** which middle did these networks get?
#
# - (a) the paper's: between input and output
# - (b) as wide as the input
# - (c) as wide as the output
#
# <!-- answer: c
# a: that is the recipe of section 3.1, which came later than BN-Inception, and
# which Inception-v3 does not follow either.
# b: then the first 3x3 would not widen at all. It does.
# c: the first 3x3 widens, the second keeps the width. At these ratios that is
# still cheaper than a 5x5.
# -->


# %%
def two_in_a_row(name):
    """(input, middle, output) of each two 3x3 that follow each other."""
    with nn.shape_only():
        parts = dict(models.build(name).named_modules())
    found = {}
    for path, second in parts.items():
        if path.endswith("conv3_3x3.conv"):
            first = parts[path.replace("conv3", "conv2")]
            module = path.split(".")[0].split("_")[1]
            middle = first.out_channels
            found[module] = first.in_channels, middle, second.out_channels
    return found


real = {name: two_in_a_row(name) for name in ("bn_inception", "inception_v3")}
for name, rows in real.items():
    print(name)
    for module, (m, c, n) in rows.items():
        share = two_threes(m, c, n) / one_five(m, n)
        print(
            f"  {module}: {m:3} -> {c:3} -> {n:3}   n/m {n / m:.2f}, "
            f"{share:.0%} of a 5x5"
        )

# %% tags=["hide-input"]
assert [len(rows) for rows in real.values()] == [10, 4]
assert all(c == n for rows in real.values() for _, c, n in rows.values())
alphas = [n / m for rows in real.values() for m, _, n in rows.values()]
assert round(min(alphas), 2) == 1.17
assert max(alphas) == 1.5
shares = [(9 + 9 * alpha) / 25 for alpha in alphas]
assert (round(min(shares), 2), max(shares)) == (0.78, 0.9)
assert round(mean, 1) == 2.9
five = np.sqrt((25 + np.sqrt(25**2 - 4 * 9 * 9)) / 18)  # 9 a - 25 sqrt(a) + 9
assert round(five**4, 1) == 5.5

# %% [markdown]
# There the middle is as wide as the output, and alpha is 1.17 to 1.5. So
# "around 1.5" fits BN-Inception and Inception-v3. With those ratios the wide
# middle is cheaper too: it saves 10 to 22 %.
#
# The picture has both curves: what two 3x3 cost as a share of one 5x5, over n
# / m.

# %% tags=["hide-input"]
plots.threshold(widths, real, "11_threshold")

# %% [markdown]
# ## The same function?
#
# Two 3x3 with nothing between them are one 5x5. Its kernel is what a single
# lit pixel becomes: the first 3x3 makes a 3x3 patch of it, and the second
# makes 3x3 patches of each of those nine pixels, which add up to 5x5.
#
# But not every 5x5 can be made. Take one channel. A 5x5 has 25 numbers that
# can be chosen freely. Two 3x3 have 18, and one of them is wasted: doubling
# the first kernel and halving the second changes nothing. So 17 numbers are
# free.
#
# How much is out of reach? We draw random 5x5 kernels and look for the two 3x3
# that come closest. For this we hold one of the two still and improve the
# other, then the other way round, many times. Where this ends depends on where
# it began, so we begin six times and keep the best. With one of them held
# still, the 5x5 is a weighted sum of nine fixed patterns, and finding the best
# nine weights is a **least-squares** problem: it asks for the weights for
# which the sum of the squared differences is smallest, and `np.linalg.lstsq`
# solves it.


# %%
def stacked(a, b):
    """The 5x5 kernel of a 3x3 kernel a and a 3x3 kernel b after it."""
    made = np.zeros((5, 5))
    for i in range(3):
        for j in range(3):
            made[i : i + 3, j : j + 3] += a[i, j] * b
    return made


def best_partner(a, kernel):
    """The b for which stacked(a, b) is closest to the kernel."""
    patterns = np.zeros((9, 5, 5))  # a weight of b adds a, shifted
    for i in range(3):
        for j in range(3):
            patterns[3 * i + j, i : i + 3, j : j + 3] = a
    matrix = patterns.reshape(9, 25).T
    return np.linalg.lstsq(matrix, kernel.ravel(), rcond=None)[0].reshape(3, 3)


# %% [markdown]
# **Predict:** what share of a random 5x5's energy (the sum of its squared
# numbers) stays out of reach, typically?
#
# - (a) nothing
# - (b) about a tenth
# - (c) about a half
#
# <!-- answer: b
# a: 17 free numbers cannot reach everything that 25 numbers can.
# b: half of our 30 kernels miss more than 9 %.
# c: 17 free numbers of 25 reach much more than half of a random kernel.
# -->


# %%
def closest(kernel, rounds=40):
    """Two 3x3 kernels close to a 5x5, and the share of it they miss."""
    found = []
    for _ in range(6):  # from six beginnings, as some end badly
        a = rng.standard_normal((3, 3))
        for _ in range(rounds):
            b = best_partner(a, kernel)
            a = best_partner(b, kernel)  # stacked(a, b) = stacked(b, a)
        rest = kernel - stacked(a, b)
        found.append(((rest**2).sum() / (kernel**2).sum(), a, b))
    return min(found, key=lambda one: one[0])


many = [closest(rng.standard_normal((5, 5)))[0] for _ in range(30)]
low, middle, high = np.quantile(many, [0.1, 0.5, 0.9])
print(f"out of reach: half of the kernels miss more than {middle:.0%},")
print(f"one in ten less than {low:.0%}, one in ten more than {high:.0%}")

# %% tags=["hide-input"]
assert 0.06 < middle < 0.13
example = np.random.default_rng(3).standard_normal((5, 5))
share, a, b = closest(example)
size = np.sqrt(np.linalg.norm(b) / np.linalg.norm(a))
a, b = a * size, b / size  # equally large, for the picture
rest = example - stacked(a, b)
pictures = {
    "a random 5x5": example,
    "first 3x3": a,
    "second 3x3": b,
    "the two in a row": stacked(a, b),
    f"out of reach: {share:.0%}": rest,
}
plots.reach(pictures, "11_reach")

# %% [markdown]
# ## What stands between
#
# In networks the two 3x3 are not left alone: batch normalisation and a ReLU
# stand between. Then they are no longer one linear map, and can do things that
# no 5x5 can.
#
# What is known: the paper trained two networks that differ only in this
# (section 3.1, Figure 2), and has 77.2 % with a ReLU between and 76.2 % with a
# linear first layer. The paper adds that it found the linear kind worse in all
# its experiments, but it shows only this one.
#
# What is not known: how much two trainings of the same kind differ (the paper
# does not say), and so how sure this one point is; and how either compares
# with the 5x5 itself, which is not in the figure. This lesson has trained none
# of the three. Nothing computed here says whether the ReLU between is needed.
# The study `factorization` trains all of them on photographs, with several
# seeds; `lessons/studies.md` says what came out, and so does claim A48.
#
# ## Take away
#
# - Two 3x3 see exactly 5 × 5 pixels.
# - What they cost depends on the width between them. With the paper's middle,
#   the square root of m × n, all nine of GoogLeNet's modules get cheaper,
#   together by 16 %. With a middle as wide as the output all nine get more
#   expensive, together by 48 %.
# - The 28 % are for equal channels. "Around 1.5" is not GoogLeNet's alpha,
#   which is 2 to 4; it fits BN-Inception and Inception-v3. Their middle is as
#   wide as the output, and they save 10 to 22 %.
# - Two linear 3x3 cannot make every 5x5: 17 free numbers instead of 25. A ReLU
#   between makes them another function.
#
# Counted operations are not time: `python -m benchmarks.factorization`
# measures both.
#
# **Exercises:** `lessons/exercises/11_two_3x3.py`, checked by
# `tinyinception lesson 11 --check`.
#
# **Paper:** Szegedy et al., *Rethinking the Inception Architecture for
# Computer Vision*, section 3.1 and Figures 1, 2 and 5; *Going Deeper with
# Convolutions*, Table 1.
