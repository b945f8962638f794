# %% [markdown]
# # Lesson 13. Shrinking the grid
#
# **Time:** 40 minutes. **Afterwards you know** what halving a grid costs in
# three ways, how 288 channels become 768, what a representational bottleneck
# is, when the number of values matters, and what a maximum destroys.
#
# **You need:** lessons 4 and 5 (counting, pooling, modules); the root mean
# square, which is the square root of the mean of the squares.
#
# ## The question
#
# An Inception network starts with large grids of few channels and ends with
# small grids of many. Somewhere the grid is halved and the channels are
# doubled. Pooling halves, a convolution widens. Which comes first? And does it
# matter for more than the cost?

# %% [markdown]
# ## Two orders and a third way
#
# Take a d x d grid of k channels that shall become d/2 x d/2 of 2k.
# *Rethinking the Inception Architecture* (section 5) counts multiply-adds for
# a 1x1 convolution. With an m x m convolution both have another factor m × m.
#
#     pool, then convolve:  2 × (d/2)² × k²
#     convolve, then pool:  2 × d² × k²
#
# The text then says that pooling first reduces the cost "by a quarter". By
# these formulas it is reduced *to* a quarter.
#
# The third way (Figure 10) puts two things side by side: a convolution of
# stride 2 that makes k new channels, and a pooling that passes on the k old
# ones. Both are concatenated: 2k channels again.
#
# The formulas need an even d. We take d = 36 to check them; the network itself
# has 35 there, which unpadded reductions turn into 17.

# %%
from functools import partial

import numpy as np

from tinyinception import data, models, nn
from tinyinception.count import summary
from tinyinception.course import learn, stored
from tinyinception.course.files import folder, load
from tinyinception.optim import Adam
from tinyinception.tensor import Tensor, no_grad

plots = load(folder() / "plots" / "13_grid_reduction.py")
plain = partial(nn.ConvUnit, norm=None, relu=False, bias=False)


def ways(k, m, padding="valid"):
    """k channels to 2 k on half the grid, with m x m convolutions."""
    set_up = {"padding": padding, "unit": plain}
    first = nn.pool_then_conv(k, 2 * k, kernel_size=m, **set_up)
    last = nn.conv_then_pool(k, 2 * k, kernel_size=m, **set_up)
    beside = nn.grid_reduction(k, [(k, m)], **set_up)
    names = ("pool, then convolve", "convolve, then pool", "side by side")
    return dict(zip(names, (first, last, beside), strict=True))


# %% [markdown]
# **Predict:** what does the third way cost, compared with pooling first?
#
# - (a) twice as much
# - (b) the same
# - (c) half as much
#
# <!-- answer: c
# a: it has two branches, but one of them is a pooling, which multiplies
# nothing.
# b: the convolution of pooling first makes 2k channels, this one only k.
# c: only k of the 2k channels are computed. The others are passed on.
# -->

# %%
d, k, costs = 36, 320, {}
print("multiply-adds, 36x36x320 to 18x18x640         1x1          3x3")
with nn.shape_only():
    small, large = ways(k, 1, "same"), ways(k, 3, "same")
for name in small:
    costs[name] = summary(small[name], d, channels=k).macs
    with_3x3 = summary(large[name], d, channels=k).macs
    print(f"{name:32} {costs[name]:16,} {with_3x3:13,}")

# %% tags=["hide-input"]
first, last, beside = costs.values()
assert (first, last) == (2 * (d // 2) ** 2 * k**2, 2 * d**2 * k**2)
assert last == 4 * first == 8 * beside
assert with_3x3 == 9 * beside

# %% [markdown]
# Half as much: only half of its channels are computed, the other half is
# passed on. Pooling never changes the number of channels. A summary that lets
# a 3x3 pooling turn 35x35x288 into 17x17x768 has forgotten this.
#
# ## Where 768 and 1280 come from
#
# Inception-v3 goes from 35x35x288 to 17x17x768, and from there to 8x8x1280.
# Its reductions have two paths of convolutions beside the pooling.
#
# **Predict:** the two paths of the first reduction end in 384 and 96 channels.
# What does the concatenation make of that?
#
# - (a) 480 channels
# - (b) 768 channels
# - (c) 1,056 channels
#
# <!-- answer: b
# a: that is 384 + 96. The pooling beside them passes on its 288 channels.
# b: 384 + 96 + 288.
# c: that counts the 288 twice: once for the pooling and once for the input.
# -->

# %%
with nn.shape_only():
    v3 = models.build("inception_v3")
    wide = nn.conv_then_pool(288, 768, kernel_size=3, unit=plain)
sums = {}
for name, channels, size in (("Mixed_6a", 288, 35), ("Mixed_7a", 768, 17)):
    module = getattr(v3, name)
    parts = [nn.channels_after(branch, channels) for branch in module]
    counts = summary(module, size, channels=channels)
    sums[name] = sum(parts), counts.macs
    text = " + ".join(map(str, parts))
    print(f"{name}: {size}x{size}x{channels} to {counts.rows[-1].output}")
    print(f"    {text} = {sum(parts)}, {counts.macs:,} multiply-adds")
dear = summary(wide, 35, channels=288).macs
times = dear / sums["Mixed_6a"][1]
print(f"3x3 to 768 first, then pooling: {dear:,}, {times:.2f} times Mixed_6a")

# %% tags=["hide-input"]
assert (sums["Mixed_6a"][0], sums["Mixed_7a"][0]) == (768, 1280)
assert (dear, sums["Mixed_6a"][1]) == (2_438_553_600, 401_937_408)
assert round(times, 2) == 6.07

# %% [markdown]
# 384 + 96 + 288 = 768, and 320 + 192 + 768 = 1280. Widening at 35x35 and then
# pooling would cost 6.07 times as much.
#
# ## The bottleneck
#
# Pooling first costs a quarter of convolving first. So why does the paper not
# simply pool first? It says that this makes a representational
# [bottleneck](glossary.md#bottleneck). Count the numbers that there are at
# each point on the way. Where they are fewest, everything has to pass, and
# what is lost there no later layer can bring back.
#
# **Predict:** 35x35x320 is 392,000 numbers, and 17x17x640 is 184,960. How many
# are there at the narrowest point if we pool first?
#
# - (a) 184,960
# - (b) 92,480
# - (c) 46,240
#
# <!-- answer: b
# a: that is what comes out. After the pooling and before the convolution there
# are fewer.
# b: 17 × 17 × 320, after the pooling.
# c: the pooling keeps all 320 channels.
# -->


# %%
def narrowest(module, size, channels):
    """Fewest numbers on the way; branches are joined, their sum counts."""
    rows = summary(module, size, channels=channels).rows
    if isinstance(module, nn.Branches):
        return rows[-1].activations
    return min(row.activations for row in rows)


with nn.shape_only():
    three = ways(320, 3)
places = {}
for name, way in three.items():
    cost = summary(way, 35, channels=320).macs
    places[name] = cost, narrowest(way, 35, 320)
    print(f"{name:20} {cost / 1e9:.2f} G multiply-adds, ", end="")
    print(f"narrowest {places[name][1]:7,} numbers")

# %% tags=["hide-input"]
numbers = [number for _, number in places.values()]
assert numbers == [92_480, 184_960, 184_960]
plots.three_ways(places, "13_three_ways")

# %% [markdown]
# Pooling first leaves less than a quarter of the numbers that came in. But
# does a smaller number of values mean that less is known of the image? The
# paper itself is careful (section 2, principle 1): the information content
# "can not be assessed merely by the dimensionality"; this number "merely
# provides a rough estimate".
#
# ## Seen
#
# So we try. Each way turns 32x32x3 into 16x16x6, half of the numbers. A
# decoder, the same for all, tries to rebuild the image from them. Everything
# is trained together, so each way can learn to keep what matters. There are
# five ways, all with linear 3x3 convolutions:
#
# - **maximum first**: pool with a 3x3 maximum, then convolve. Narrowest: 768
#   numbers.
# - **average first**: the mean of each 2x2 pixels, then convolve. Also 768.
# - **maximum last**: convolve, then pool with a maximum. 1,536.
# - **side by side**: a strided convolution beside a maximum. 1,536.
# - **stride only**: one convolution of stride 2, no pooling. 1,536.
#
# A stored experiment trains each three times on drawn images.
#
# **Predict:** if the number of values decides, which ways rebuild worst?
#
# - (a) maximum first and average first
# - (b) maximum first and maximum last
# - (c) only maximum first
#
# <!-- answer: a
# a: these two have 768 numbers at their narrowest point, the others twice as
# many. Now look at what really happens.
# b: these two use a maximum, but maximum last has as many numbers as side by
# side.
# c: average first has no more numbers than maximum first.
# -->

# %%
runs = stored("rebuilt")
print("error in grey levels (0 to 255), root mean square, three trainings")
for name, run in runs["drawn"].items():
    each = "  ".join(f"{error:.1f}" for error in run["errors"])
    print(f"{name:14} narrowest {run['narrowest']:5,}: {each}")

# %% tags=["hide-input"]
mean = {name: np.mean(run["errors"]) for name, run in runs["drawn"].items()}
good = [mean[way] for way in ("average first", "side by side", "stride only")]
assert max(good) - min(good) < 2
assert mean["maximum first"] > max(good) + 6
assert max(good) + 1 < mean["maximum last"] < mean["maximum first"] - 3

# %% [markdown]
# That is not what the number of values says. **Average first has the
# bottleneck and is as good as the best.** Maximum first is clearly the worst.
# With the same number of values, an average keeps the image and a maximum does
# not. What destroys is taking the maximum of raw pixels: it keeps the
# brightest value of each neighbourhood, and nobody knows afterwards what the
# others were.
#
# We train three of the ways here and look at what they rebuild.

# %%
drawing = data.load("drawn", limit=2000)
x = (drawing.train_images / 255).astype(np.float32)
x_test = (drawing.test_images[:500] / 255).astype(np.float32)


class Rebuilt(nn.Module):
    """Shrinks images and rebuilds them by two convolutions."""

    def __init__(self, shrink):
        self.shrink = shrink
        self.first = nn.ConvUnit(6, 32, 3, norm=None)
        self.last = nn.Conv2d(32, 12, 3, padding="same")

    def forward(self, x):
        z = self.last(self.first(self.shrink(x)))
        n, h, w, _ = z.shape
        # 12 numbers at each place are 2 x 2 pixels of 3 colours: name the
        # axes (n, h, w, two rows, two columns, colour) and sort them
        blocks = z.reshape(n, h, w, 2, 2, 3).transpose(0, 1, 3, 2, 4, 5)
        return blocks.reshape(n, 2 * h, 2 * w, 3)


# %%
same = {"kernel_size": 3, "padding": "same", "unit": plain}
shrinkers = {
    "maximum first": lambda: nn.pool_then_conv(3, 6, **same),
    "average first": lambda: nn.Sequential(nn.AvgPool2d(2), plain(3, 6, 3)),
    "stride only": lambda: plain(3, 6, 3, stride=2),
}
results = {"original": x_test}
steps = 400


def falling(step):
    return 3e-3 * (1 - step / steps)


for name, make in shrinkers.items():
    nn.random.manual_seed(0)
    network = Rebuilt(make())
    adam = Adam(network.named_parameters(), 3e-3)
    learn(
        network, x, x, steps=steps, batch=20, optimizer=adam, schedule=falling
    )
    with no_grad():
        results[name] = network(Tensor(x_test)).numpy()
    error = 255 * np.sqrt(((results[name] - x_test) ** 2).mean())
    print(f"{name:14} error {error:.1f} grey levels (one training)")

# %% tags=["hide-input"]
kinds = ("checkers", "dots", "stripes", "star", "target", "ring")
chosen = [
    int(np.flatnonzero(drawing.test_labels == drawing.classes.index(kind))[1])
    for kind in kinds
]
plots.rebuilt(results, x_test, chosen, "13_rebuilt")

# %% [markdown]
# Maximum first loses the stripes, most of the dots and nearly the whole small
# ring. Average first, with as few numbers, keeps them.
#
# ## When the number of values does matter
#
# Why do 768 numbers suffice for an image of 3,072? Because neighbouring pixels
# are alike: who knows one nearly knows the next. Let us take that away. Noise
# has independent pixels: none says anything about another.
#
# For noise there is a simple limit. If only K of N independent numbers get
# through, a linear decoder can rebuild at best the share K / N of the energy.
# The rest is the error:
#
# $$ \text{error} = \text{spread} \cdot \sqrt{1 - \frac{K}{N}} $$
#
# (Our decoder has a ReLU, and three of the ways have a maximum. These are not
# linear, so for them the formula is a yardstick, not a proof.)
#
# The same experiment was run on noise as bright and as strong as the images;
# its spread is 67.6 grey levels. For K = 768 of 3,072 the limit is 58.6, for K
# = 1,536 it is 47.8.
#
# **Predict:** on noise, which is better: average first (768) or stride only
# (1,536)?
#
# - (a) average first
# - (b) they are equal, as on images
# - (c) stride only, clearly
#
# <!-- answer: c
# a: the average throws away three quarters of what is independent.
# b: on images they are equal because neighbours are alike. In noise they are
# not.
# c: 53 against 60 grey levels. Now the number of values binds.
# -->

# %%
spread = runs["spread"]
for name, run in runs["noise"].items():
    each = "  ".join(f"{error:.1f}" for error in run["errors"])
    limit = spread * np.sqrt(1 - run["narrowest"] / 3072)
    print(f"{name:14} {each}   limit for its number {limit:.1f}")

# %% tags=["hide-input"]
noise = {name: np.mean(run["errors"]) for name, run in runs["noise"].items()}
assert noise["average first"] > noise["stride only"] + 4
for run in runs["noise"].values():
    limit = spread * np.sqrt(1 - run["narrowest"] / 3072)
    assert min(run["errors"]) > limit
plots.errors(runs, "13_errors")

# %% [markdown]
# With 768 numbers nothing gets below 58.6, and average first comes close to
# that. With 1,536 the strided convolution passes this limit. So a bottleneck
# is a limit on what *independent* things can pass. How much an image has of
# those, counting its pixels does not tell. That is the paper's "rough
# estimate".
#
# One thing the formulas of the beginning hide. They are for 1x1 convolutions.
# A linear 1x1 followed by an average is the same function as the average
# followed by the 1x1, at four times the cost. Widening first helps only where
# the convolution looks at neighbours, or where something non-linear stands
# between.
#
# **Predict:** are the two orders equal to the last digit?
#
# - (a) yes, up to rounding
# - (b) no, only roughly
#
# <!-- answer: a
# a: both are sums of the same products, in another order.
# b: a mean of weighted sums is the weighted sum of the means, always.
# -->

# %%
few = Tensor(x_test[:4])
widen, average = nn.Conv2d(3, 6, 1), nn.AvgPool2d(2)
two_orders = average(widen(few)).numpy() - widen(average(few)).numpy()
print(f"largest difference of the two orders: {np.abs(two_orders).max():.0e}")

# %% tags=["hide-input"]
assert np.abs(two_orders).max() < 1e-5

# %% [markdown]
# ## Take away
#
# - Pooling first costs a quarter of convolving first. With m x m kernels both
#   cost m × m times as much.
# - Side by side costs half of pooling first, because half of its channels are
#   passed on by the pooling.
# - Pooling never changes the number of channels: 384 + 96 + 288 = 768 and
#   320 + 192 + 768 = 1280.
# - A bottleneck is a place with few numbers. It limits what independent values
#   can pass. Images are not independent pixels: 768 averages rebuild them as
#   well as 1,536 numbers.
# - A maximum of raw pixels destroys much, whether the numbers are few or many.
#
# **Exercises:** `lessons/exercises/13_grid_reduction.py`, checked by
# `tinyinception lesson 13 --check`.
#
# **Paper:** Szegedy et al., *Rethinking the Inception Architecture for
# Computer Vision*, section 2 (principle 1) and section 5, Figures 9 and 10.
