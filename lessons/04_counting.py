# %% [markdown]
# # Lesson 4. Counting parameters and multiply-adds
#
# **Time:** 25 minutes. **Afterwards you know** how to count any network by
# hand, that GoogLeNet has 7.0 million parameters and not 5, and why few
# parameters and little work are two different things.
#
# ## The question
#
# *Rethinking the Inception Architecture* recalls that GoogLeNet has 5 million
# parameters, 12 times fewer than AlexNet's 60 million, and that VGG has about
# 3 times more than AlexNet. These numbers are copied everywhere. Do they come
# out?

# %% [markdown]
# ## Two formulae
#
# A k x k convolution from m to n channels has a weight for each tap, input
# channel and output channel, and a *bias*, one number added, for each output
# channel. Each output pixel uses every weight once, for one multiplication and
# one addition: a *multiply-add*. On an output grid of g x g pixels:
#
#     parameters      k k m n + n
#     multiply-adds   g g k k m n
#
# In a *grouped* convolution the channels are cut into groups that do not see
# each other; then m is the channels of one group. A *fully connected* layer,
# where each output reads all inputs, is a convolution whose kernel is as large
# as its input. So one list of (grid, kernel, from, to, groups) describes
# AlexNet, whose two halves were on two graphics cards.
#
# **Predict:** which of its eight layers has most of the 60 million parameters,
# and which most of the work?

# %%
import numpy as np

from tinyinception.count import summary
from tinyinception.course import COLOURS, figure, show
from tinyinception.models.googlenet import WIDTHS


def parameters(grid, k, m, n, groups=1):
    return k * k * (m // groups) * n + n


def multiply_adds(grid, k, m, n, groups=1):
    return grid * grid * k * k * (m // groups) * n


ALEXNET = {
    "conv1": (55, 11, 3, 96),
    "conv2": (27, 5, 96, 256, 2),
    "conv3": (13, 3, 256, 384),
    "conv4": (13, 3, 384, 384, 2),
    "conv5": (13, 3, 384, 256, 2),
    "fc6": (1, 6, 256, 4096),
    "fc7": (1, 1, 4096, 4096),
    "fc8": (1, 1, 4096, 1000),
}


def total(layers, what):
    return sum(what(*layer) for layer in layers.values())


print("AlexNet    parameters         multiply-adds")
for name, layer in ALEXNET.items():
    p, m = parameters(*layer), multiply_adds(*layer)
    print(
        f"{name:8} {p:12,} {p / total(ALEXNET, parameters):6.1%}  {m:12,} {m / total(ALEXNET, multiply_adds):6.1%}"
    )
print(
    f"{'all':8} {total(ALEXNET, parameters):12,} {'':8}{total(ALEXNET, multiply_adds):12,}"
)
assert total(ALEXNET, parameters) == summary("alexnet").params == 60_965_224
assert total(ALEXNET, multiply_adds) == summary("alexnet").macs == 724_406_816
assert round(parameters(*ALEXNET["fc6"]) / 60_965_224, 2) == 0.62
assert round(multiply_adds(*ALEXNET["conv2"]) / 724_406_816, 2) == 0.31

# %% [markdown]
# One layer, fc6, has 62 % of the parameters; conv2 has 31 % of the work.
# AlexNet's 60 million are right: 60,965,224. (One slip is older: the paper
# says images of 224x224, from which an 11x11 at stride 4 gives (224 - 11)/4 +
# 1 = 54.25 pixels. Its grid of 55 needs 227.)
#
# VGG is blocks of 3x3 convolutions with pooling between. GoogLeNet is nine
# modules of six convolutions, whose widths its Table 1 lists: 1x1; 1x1 then
# 3x3; 1x1 then 5x5; pooling then 1x1. They are put side by side.
#
# **Predict:** by which factor has GoogLeNet fewer parameters than AlexNet? And
# VGG-16 more?


# %%
def vgg(repeats):
    layers, m = {}, 3
    for block, (n, grid) in enumerate(
        zip((64, 128, 256, 512, 512), (224, 112, 56, 28, 14), strict=True)
    ):
        for i in range(repeats[block]):
            layers[f"conv{block}_{i}"], m = (grid, 3, m, n), n
    return {
        **layers,
        "fc6": (1, 7, 512, 4096),
        "fc7": (1, 1, 4096, 4096),
        "fc8": (1, 1, 4096, 1000),
    }


GOOGLENET, width = (
    {
        "conv1": (112, 7, 3, 64),
        "reduce": (56, 1, 64, 64),
        "conv2": (56, 3, 64, 192),
    },
    192,
)
for name, (n1, r3, n3, r5, n5, proj) in WIDTHS.items():
    grid = {"3": 28, "4": 14, "5": 7}[name[0]]
    for part, layer in {
        "1x1": (1, width, n1),
        "r3": (1, width, r3),
        "3x3": (3, r3, n3),
        "r5": (1, width, r5),
        "5x5": (5, r5, n5),
        "proj": (1, width, proj),
    }.items():
        GOOGLENET[f"{name} {part}"] = (grid, *layer)
    width = n1 + n3 + n5 + proj
GOOGLENET["fc"] = (1, 1, width, 1000)

NETWORKS = {
    "AlexNet": ALEXNET,
    "VGG-16": vgg((2, 2, 3, 3, 3)),
    "VGG-19": vgg((2, 2, 4, 4, 4)),
    "GoogLeNet": GOOGLENET,
}
counts = {
    name: (total(layers, parameters), total(layers, multiply_adds))
    for name, layers in NETWORKS.items()
}
print("network     parameters  of AlexNet's    multiply-adds  of AlexNet's")
for name, (p, m) in counts.items():
    print(
        f"{name:10} {p:11,} {p / counts['AlexNet'][0]:13.3f} {m:16,} {m / counts['AlexNet'][1]:13.2f}"
    )
for name, built in (
    ("VGG-16", summary("vgg16")),
    ("GoogLeNet", summary("googlenet")),
):
    assert counts[name] == (built.params, built.macs)
alexnet, vgg16, vgg19, googlenet = (p for p, _ in counts.values())
assert (vgg16, googlenet) == (138_357_544, 6_998_552)
assert [
    round(alexnet / googlenet, 2),
    round(vgg16 / alexnet, 2),
    round(vgg19 / alexnet, 2),
] == [8.71, 2.27, 2.36]

# %% [markdown]
# GoogLeNet has 7.0 million, 8.7 times fewer than AlexNet; VGG-16 has 2.27
# times as many, VGG-19 2.36 times. The 12 is 60 / 5, so it stands or falls
# with the 5. Where may 5 come from? We try what could be left out or put in.

# %%
classifier = parameters(*GOOGLENET["fc"])
aux = summary("googlenet", training=True).params - googlenet
printed = [
    2.7,
    112,
    159,
    380,
    364,
    437,
    463,
    580,
    840,
    1072,
    1388,
    1000,
]  # Table 1, column "params", thousands
readings = {
    "all of it": googlenet,
    "without the classifier": googlenet - classifier,
    "weights without biases": sum(
        parameters(*layer) - layer[3] for layer in GOOGLENET.values()
    ),
    "Table 1's column added up, K = 1,000": round(1000 * sum(printed)),
    "Table 1's column added up, K = 1,024": round(1024 * sum(printed)),
    "with both auxiliary classifiers, as trained": googlenet + aux,
}
for name, count in readings.items():
    print(
        f"{name:45} {count:11,}   AlexNet has {alexnet / count:4.1f} times as many"
    )
assert (googlenet, googlenet - classifier, googlenet + aux) == (
    6_998_552,
    5_973_552,
    13_378_280,
)
assert round(sum(printed), 1) == 6797.7
assert min(readings.values()) > 5_900_000

# %% [markdown]
# No reading gives 5 million; the nearest, convolutions alone, gives 5.97.
# Table 1's own column adds up to 6.8 million. The claim is not reproducible
# from the paper that describes the network.
#
# ## Work
#
# The same paper keeps the network to 1.5 billion multiply-adds for an image.
# With the plain 7x7 that most drawings show as its first layer, that layer
# alone costs 118 million, and Table 1 says 34. A cheaper kind of layer fits
# that row exactly (*depthwise separable*: each colour by itself, then a 1x1;
# see lesson 7).
#
# **Predict:** GoogLeNet has 8.7 times fewer parameters than AlexNet. How many
# times fewer multiply-adds?

# %%
plain, separable = summary("googlenet"), summary("googlenet_separable")
operations = [
    34,
    360,
    128,
    304,
    73,
    88,
    100,
    119,
    170,
    54,
    71,
    1,
]  # Table 1, column "ops", millions
print(f"GoogLeNet with a plain 7x7      {plain.macs:13,}")
print(f"GoogLeNet with a separable 7x7  {separable.macs:13,}")
print(f"Table 1's column added up       {1_000_000 * sum(operations):13,}")
print(
    f"AlexNet                         {counts['AlexNet'][1]:13,}: GoogLeNet needs "
    f"{plain.macs / counts['AlexNet'][1]:.1f} times as many"
)
assert (plain.macs, separable.macs, sum(operations)) == (
    1_582_671_872,
    1_498_677_248,
    1502,
)
assert multiply_adds(*GOOGLENET["conv1"]) == 118_013_952
assert round(plain.macs / counts["AlexNet"][1], 1) == 2.2
assert round(counts["VGG-16"][1] / plain.macs, 1) == 9.8

# %% [markdown]
# None fewer: 2.2 times more. (VGG-16 needs 9.8 times GoogLeNet's.) A weight of
# a convolution is used once for every output pixel, thousands of times; a
# weight of a fully connected layer is used once. AlexNet's parameters lie in
# its fully connected layers and its work in its convolutions. GoogLeNet
# averages each channel over its 7x7 grid before the only such layer, which has
# 15 % of its parameters in place of 96 %.


# %%
def connected(layers):
    """The layers on a grid of one pixel."""
    return {name: layer for name, layer in layers.items() if layer[0] == 1}


drawn, axes = figure(1, 2, width=10, height=3.8)
for ax, what, unit, label in (
    (axes[0], parameters, 1e6, "parameters, millions"),
    (axes[1], multiply_adds, 1e9, "multiply-adds for one image, billions"),
):
    for row, layers in enumerate(NETWORKS.values()):
        fc, everything = (
            total(connected(layers), what) / unit,
            total(layers, what) / unit,
        )
        ax.barh(
            row,
            everything - fc,
            color=COLOURS["blue"],
            label="convolutions" if row == 0 else None,
        )
        ax.barh(
            row,
            fc,
            left=everything - fc,
            color=COLOURS["orange"],
            hatch="///",
            edgecolor="white",
            label="fully connected" if row == 0 else None,
        )
        ax.text(
            everything,
            row,
            f" {everything:.{1 if unit == 1e6 else 2}f}",
            va="center",
        )
    ax.set(yticks=range(len(NETWORKS)), yticklabels=NETWORKS, xlabel=label)
    ax.margins(x=0.12)
    ax.grid(axis="y", visible=False)
    ax.invert_yaxis()
axes[0].legend(loc="lower right")
drawn.suptitle("Where the parameters are, and where the work is", fontsize=11)
show(drawn, "04_where")
shares = {
    name: total(connected(layers), parameters) / total(layers, parameters)
    for name, layers in NETWORKS.items()
}
print(
    "fully connected share of parameters: "
    + ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
)
assert [
    round(shares[name], 3) for name in ("AlexNet", "VGG-16", "GoogLeNet")
] == [0.962, 0.894, 0.146]

# %% [markdown]
# So "Inception-v1 was expensive and had many parameters", as a much-read
# summary says, is the wrong way round. What the papers do say is that making
# it bigger by brute force is expensive: twice the filters everywhere is four
# times everything, since k k m n has both m and n. Here are the successors,
# and lines along which each parameter is used equally often.

# %%
MODELS = {
    "alexnet": "AlexNet",
    "vgg16": "VGG-16",
    "googlenet": "GoogLeNet",
    "bn_inception": "BN-Inception",
    "inception_v3": "Inception-v3",
    "inception_v4": "Inception-v4",
    "inception_resnet_v2": "Inception-ResNet-v2",
}
drawn, axes = figure(height=4.6)
x = np.array([3e6, 3e8])
for reuse in (10, 100, 1000):
    axes.loglog(x, reuse * x, ":", color=COLOURS["grey"], linewidth=1)
for at, text in (
    ((2.1e8, 1.0e9), "each parameter\nused 10 times"),
    ((2.3e8, 1.5e10), "100 times"),
    ((1.2e7, 1.9e10), "1,000 times"),
):
    axes.text(*at, text, color=COLOURS["grey"], ha="center", fontsize=9)
for name, title in MODELS.items():
    counted = summary(name)
    old = name in ("alexnet", "vgg16")
    axes.plot(
        counted.params,
        counted.macs,
        "s" if old else "o",
        markersize=9,
        color=COLOURS["vermilion" if old else "blue"],
    )
    side = -1 if name != "inception_resnet_v2" else 1
    axes.annotate(
        title,
        (counted.params, counted.macs),
        xytext=(8 * side, 6 * -side),
        textcoords="offset points",
        ha="right" if side < 0 else "left",
        va="center",
    )
axes.set(
    xlabel="parameters",
    ylabel="multiply-adds for one image",
    xlim=(4e6, 3e8),
    ylim=(3e8, 3e10),
    title="Parameters and work are two different things",
)
show(drawn, "04_networks")
assert round(summary("inception_v3").macs / 1e9, 1) == 5.7

# %% [markdown]
# ## Take away
#
# - k k m n + n parameters, g g k k m n multiply-adds. A fully connected layer
#   is a convolution on one pixel.
# - AlexNet 61.0 million, VGG-16 138.4, GoogLeNet 7.0: factors of 8.7 and 2.27,
#   where print says 12 and 3.
# - No way of counting that we tried gives the 5 million.
# - 1.5 billion multiply-adds holds with the separable first layer; with a
#   plain 7x7 it is 1.58.
# - Fully connected layers hold parameters, convolutions do the work.
#
# **Exercises:** `lessons/exercises/04_counting.py`, checked by `tinyinception
# lesson 4 --check`.
#
# **Paper:** Szegedy et al., *Rethinking the Inception Architecture*, section
# 1; *Going Deeper with Convolutions*, sections 1 and 5 and Table 1; Krizhevsky
# et al., *ImageNet Classification with Deep CNNs*, section 3.5 and Figure 2.
