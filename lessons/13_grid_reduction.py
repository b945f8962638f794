# %% [markdown]
# # Lesson 13. Shrinking the grid
#
# **Time:** 30 minutes. **Afterwards you know** what halving a grid costs in
# three ways, what a representational bottleneck is and what it destroys, and
# how 288 channels become 768.
#
# ## The question
#
# An Inception network starts with large grids of few channels and ends with
# small grids of many. Somewhere the grid is halved and the channels are
# doubled. Pooling halves, a convolution widens. Which comes first? And does it
# matter for more than cost?

# %% [markdown]
# ## Two orders and a third way
#
# Take a d x d grid of k channels that shall become d/2 x d/2 of 2k.
# *Rethinking the Inception Architecture* (section 5) counts multiply-adds for
# a 1x1 convolution; for an m x m each has another factor m m:
#
#     pool, then convolve:  2 (d/2)^2 k^2
#     convolve, then pool:  2 d^2 k^2
#
# The text then says that pooling first reduces the cost "by a quarter". It can
# only mean to a quarter.
#
# The third way (Figure 10) puts a convolution of stride 2 with k channels and
# a pooling of the k old channels side by side and concatenates: 2k channels
# again.
#
# **Predict:** is the third way dearer or cheaper than pooling first, and by
# which factor?

# %%
from functools import partial

import numpy as np

from tinyinception import data, models, nn
from tinyinception.count import summary
from tinyinception.course import COLOURS, figure, show
from tinyinception.optim import Adam
from tinyinception.tensor import Tensor, no_grad

plain = partial(nn.ConvUnit, norm=None, relu=False, bias=False)


def ways(k, m, padding="valid"):
    """k channels to 2 k on half the grid, with m x m convolutions."""
    return {
        "pool, then convolve": nn.pool_then_conv(
            k, 2 * k, kernel_size=m, padding=padding, unit=plain
        ),
        "convolve, then pool": nn.conv_then_pool(
            k, 2 * k, kernel_size=m, padding=padding, unit=plain
        ),
        "side by side": nn.grid_reduction(
            k, [(k, m)], padding=padding, unit=plain
        ),
    }


d, k = 36, 320
costs = {}
print("36x36x320 to 18x18x640     1x1          3x3     multiply-adds")
with nn.shape_only():
    one, three = ways(k, 1, "same"), ways(k, 3, "same")
for name in one:
    costs[name] = summary(one[name], d, channels=k).macs
    print(
        f"{name:20} {costs[name]:12,} {summary(three[name], d, channels=k).macs:13,}"
    )
    assert summary(three[name], d, channels=k).macs == 9 * costs[name]
first, last, beside = costs.values()
assert (first, last) == (2 * (d // 2) ** 2 * k**2, 2 * d**2 * k**2)
assert last == 4 * first == 8 * beside

# %% [markdown]
# Cheaper by a factor of 2: only half of its channels are computed, the other
# half is passed on. Pooling never changes the number of channels; a summary
# that lets a 3x3 pooling turn 35x35x288 into 17x17x768 has forgotten this.
#
# ## Where 768 and 1280 come from
#
# Inception-v3 goes from 35x35x288 to 17x17x768 and from there to 8x8x1280. Its
# reductions have two paths of convolutions beside the pooling.
#
# **Predict:** the two paths of the first reduction end in 384 and 96 channels.
# What does the concatenation make of that?

# %%
with nn.shape_only():
    v3 = models.build("inception_v3")
    early_wide = nn.conv_then_pool(288, 768, kernel_size=3, unit=plain)
for name, channels, size in (("Mixed_6a", 288, 35), ("Mixed_7a", 768, 17)):
    module = getattr(v3, name)
    parts = [nn.channels_after(branch, channels) for branch in module]
    found = summary(module, size, channels=channels)
    print(
        f"{name}: {size}x{size}x{channels} to {found.rows[-1].output}, {' + '.join(map(str, parts))} = {sum(parts)}, "
        f"{found.macs:,} multiply-adds"
    )
    assert parts == ([384, 96, 288] if name == "Mixed_6a" else [320, 192, 768])
    assert sum(parts) == (768 if name == "Mixed_6a" else 1280)
dear, cheap = (
    summary(early_wide, 35, channels=288).macs,
    summary(v3.Mixed_6a, 35, channels=288).macs,
)
print(
    f"3x3 from 288 to 768 at 35x35, then pooling: {dear:,}, {dear / cheap:.2f} times Mixed_6a"
)
assert (dear, cheap, round(dear / cheap, 2)) == (
    2_438_553_600,
    401_937_408,
    6.07,
)

# %% [markdown]
# 384 + 96 + 288 = 768, and 320 + 192 + 768 = 1280. Widening at 35x35 and then
# pooling would cost 6.07 times as much.
#
# ## The bottleneck
#
# If pooling first is almost as cheap as the third way, why not pool first?
# Count the numbers that are there at each point. Where they are fewest,
# everything has to pass: what is lost there, no later layer brings back,
# however wide it is. The paper calls such a place a representational
# bottleneck.
#
# **Predict:** 35x35x320 is 392,000 numbers, 17x17x640 are 184,960. How many
# are there at the narrowest point of each way?


# %%
def narrowest(module, size, channels):
    """Fewest numbers on the way from the input to the output; branches are joined, so their sum counts."""
    if isinstance(module, nn.Branches):
        return summary(module, size, channels=channels).rows[-1].activations
    return min(
        row.activations
        for row in summary(module, size, channels=channels).rows
    )


with nn.shape_only():
    three = ways(320, 3)
places = {
    name: (summary(way, 35, channels=320).macs, narrowest(way, 35, 320))
    for name, way in three.items()
}
for name, (cost, numbers) in places.items():
    print(
        f"{name:20} {cost:13,} multiply-adds, narrowest {numbers:7,} numbers"
    )
assert [numbers for _, numbers in places.values()] == [
    92_480,
    184_960,
    184_960,
]

drawn, axes = figure()
axes.axhline(
    184_960 / 1000, color=COLOURS["black"], linewidth=1, linestyle=":"
)
axes.text(1.25, 190, "what comes out: 17x17x640", ha="center")
looks = {
    "pool, then convolve": ("vermilion", "s"),
    "convolve, then pool": ("blue", "D"),
    "side by side": ("green", "o"),
}
for name, (cost, numbers) in places.items():
    colour, mark = looks[name]
    axes.plot(
        [cost / 1e9],
        [numbers / 1000],
        mark,
        color=COLOURS[colour],
        markersize=12,
    )
    axes.annotate(
        f"{name}\n{cost / 1e9:.2f} billion",
        (cost / 1e9, numbers / 1000),
        xytext=(0, -36),
        textcoords="offset points",
        ha="center",
        color=COLOURS[colour],
    )
axes.set(
    xlim=(0, 2.5),
    ylim=(0, 215),
    xlabel="multiply-adds with 3x3 convolutions, billions",
    ylabel="numbers at the narrowest point, thousands",
    title="From 35x35x320 to 17x17x640: side by side is the cheapest, and has no bottleneck",
)
show(drawn, "13_three_ways")

# %% [markdown]
# Pooling first leaves 92,480 numbers, less than a quarter of what came in, and
# a convolution then makes 184,960 out of them: no new information, only more
# numbers.
#
# ## Seen
#
# We let images pass. Each way turns 32x32x3 into 16x16x6, half of the numbers,
# and a decoder, the same for all three, tries to rebuild the image. Everything
# is trained together, so that each way keeps what it can. All convolutions of
# the three ways are linear 3x3, the pooling is a 3x3 maximum as in the papers.
#
# **Predict:** order the three by how well the images can be rebuilt.

# %%
images = data.load("drawn", limit=2000)
x, x_test = (
    (part / 255).astype(np.float32)
    for part in (images.train_images, images.test_images[:500])
)


class Rebuilt(nn.Module):
    """Shrinks images and rebuilds them: two convolutions on the small grid, whose 12 outputs are 2x2 pixels."""

    def __init__(self, shrink):
        self.shrink = shrink
        self.decoder = nn.Sequential(
            nn.ConvUnit(6, 32, 3, norm=None),
            nn.Conv2d(32, 12, 3, padding="same"),
        )

    def forward(self, x):
        z = self.decoder(self.shrink(x))
        n, h, w, _ = z.shape
        return (
            z.reshape(n, h, w, 2, 2, 3)
            .transpose(0, 1, 3, 2, 4, 5)
            .reshape(n, 2 * h, 2 * w, 3)
        )


def trained(shrink, epochs=6, lr=3e-3):
    network, rng = Rebuilt(shrink), np.random.default_rng(0)
    optimizer = Adam(list(network.named_parameters()), lr)
    for epoch in range(epochs):
        optimizer.lr = lr * (1 - epoch / epochs)
        for batch in rng.permutation(len(x)).reshape(-1, 20):
            optimizer.zero_grad()
            (
                (network(Tensor(x[batch])) - Tensor(x[batch])) ** 2
            ).mean().backward()
            optimizer.step()
    with no_grad():
        return network(Tensor(x_test)).numpy()


results, errors = {"original": x_test}, {}
for name in looks:
    nn.random.manual_seed(0)
    results[name] = trained(ways(3, 3, "same")[name])
    errors[name] = 255 * np.sqrt(((results[name] - x_test) ** 2).mean())
    print(
        f"{name:20} error {errors[name]:4.1f} of 255 grey levels (root mean square, 500 test images)"
    )

# %%
chosen = [
    int(np.flatnonzero(images.test_labels == images.classes.index(name))[1])
    for name in ("checkers", "dots", "stripes", "star", "target", "ring")
]
drawn, axes = figure(4, len(chosen), width=8.0, height=5.6)
for row, (name, pictures) in zip(axes, results.items(), strict=True):
    for cell, i in zip(row, chosen, strict=True):
        cell.imshow(pictures[i].clip(0, 1), interpolation="nearest")
        cell.set(xticks=[], yticks=[])
    text = name if name == "original" else f"{name}\nerror {errors[name]:.1f}"
    row[0].set_ylabel(
        text.replace(", ", ",\n"),
        rotation=0,
        ha="right",
        va="center",
        labelpad=8,
    )
drawn.suptitle("Rebuilt from 16x16x6 numbers", fontsize=11)
show(drawn, "13_rebuilt")
worst = errors["pool, then convolve"]
assert worst > 1.07 * errors["convolve, then pool"]
assert worst > 1.15 * errors["side by side"]

# %% [markdown]
# Pooling first loses the stripes, most of the dots and nearly the whole small
# ring: its maximum keeps the brighter value of every neighbourhood, and no
# later layer knows what the others were. The dear way keeps much more. The
# cheapest keeps the most here: half of its numbers come straight from a
# convolution that no maximum has touched, and the other half tell the
# brightest value. (One seed and three channels; the order of these two need
# not be the same elsewhere.)
#
# One thing the formulae hide. They are for 1x1 convolutions, and a linear 1x1
# followed by an average pooling is the same function as the average pooling
# followed by the 1x1, at four times the cost. Widening first helps only where
# the convolution looks at neighbours, or where something non-linear stands
# between.

# %%
x_small = Tensor(x_test[:4])
widen, average = nn.Conv2d(3, 6, 1), nn.AvgPool2d(2)
gap = np.abs(
    average(widen(x_small)).numpy() - widen(average(x_small)).numpy()
).max()
print(f"1x1 and average pooling in both orders: largest difference {gap:.1e}")
assert gap < 1e-5

# %% [markdown]
# ## Take away
#
# - Pooling first costs a quarter of convolving first: to a quarter, not by a
#   quarter. With m x m kernels both cost m m times as much.
# - Side by side costs half of pooling first, because half of its channels are
#   passed on by the pooling.
# - Pooling never changes the number of channels: 384 + 96 + 288 = 768 and 320
#   + 192 + 768 = 1280.
# - A bottleneck is a place with few numbers. What does not fit through is
#   gone, however wide the next layer is.
#
# **Exercises:** `lessons/exercises/13_grid_reduction.py`, checked by
# `tinyinception lesson 13 --check`.
#
# **Paper:** Szegedy et al., *Rethinking the Inception Architecture for
# Computer Vision*, section 2 (principle 1) and section 5, Figures 9 and 10.
