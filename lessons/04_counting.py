# %% [markdown]
# # Lesson 4. Counting parameters and multiply-adds
#
# **Time:** 30 minutes. **Afterwards you know** how to count any network by
# hand, that GoogLeNet has 7.0 million parameters and not 5, and why few
# parameters and little work are two different things.
#
# **You need:** lesson 0 (convolution, bias, stride, pooling, linear layer).
#
# ## The question
#
# In 2012 a network called AlexNet won a contest: sort photographs into 1,000
# classes (ImageNet). In 2014 VGG and GoogLeNet did better. A paper of 2015,
# *Rethinking the Inception Architecture*, says that GoogLeNet has 5 million
# parameters, "a 12× reduction" from AlexNet's 60 million, and VGG "about 3x
# more" than AlexNet. These numbers are copied everywhere. Do they come out?

# %% [markdown]
# ## Two formulae
#
# *Parameters* are all numbers that are learnt: weights and biases. A k × k
# convolution from m to n channels has a weight for each place in the window,
# each input channel and each output channel; and a bias for each output
# channel.
#
# *Work* is counted in [multiply-adds](glossary.md#multiply-add): one
# multiplication and one addition. Each output pixel uses every weight once. So
# on an output grid of g × g pixels:
#
# $$\text{parameters} = k \times k \times m \times n + n$$
#
# $$\text{multiply-adds} = g \times g \times k \times k \times m \times n$$
#
# A *fully connected* (linear) layer is a convolution whose window is as large
# as its whole input; its grid is 1 × 1. In a *grouped* convolution the
# channels are cut into groups that do not see each other. Then m is the number
# of channels of one group. AlexNet had two groups in three of its layers, one
# for each of its two graphics cards.

# %%
from tinyinception.count import summary
from tinyinception.course.files import folder, load
from tinyinception.models.googlenet import WIDTHS

plots = load(folder() / "plots" / "04_counting.py")


def parameters(grid, k, m, n, groups=1):
    return k * k * (m // groups) * n + n


def multiply_adds(grid, k, m, n, groups=1):
    return grid * grid * k * k * (m // groups) * n


ALEXNET = {  # output grid, window, from, to, groups
    "conv1": (55, 11, 3, 96),
    "conv2": (27, 5, 96, 256, 2),
    "conv3": (13, 3, 256, 384),
    "conv4": (13, 3, 384, 384, 2),
    "conv5": (13, 3, 384, 256, 2),
    "fc6": (1, 6, 256, 4096),
    "fc7": (1, 1, 4096, 4096),
    "fc8": (1, 1, 4096, 1000),
}

# %% [markdown]
# **Predict:** AlexNet has five convolutions and three fully connected layers.
# Which layer has most of its parameters?
#
# - (a) conv1, which has the largest window, 11 × 11
# - (b) conv3, which has the most weights of the convolutions
# - (c) fc6, the first fully connected one
#
# <!-- answer: c
# a: 11 × 11 × 3 × 96 are only 35 thousand: it has three input channels.
# b: 3 × 3 × 256 × 384 are 0.9 million of 61.
# c: 6 × 6 × 256 × 4096 are 37.7 million of 61.
# -->


# %%
def total(layers, what):
    return sum(what(*layer) for layer in layers.values())


print("AlexNet    parameters  share  multiply-adds  share")
everything = total(ALEXNET, parameters), total(ALEXNET, multiply_adds)
for name, layer in ALEXNET.items():
    p, m = parameters(*layer), multiply_adds(*layer)
    print(
        f"{name:8} {p:12,} {p / everything[0]:6.0%} "
        f"{m:14,} {m / everything[1]:6.0%}"
    )
print(f"all      {everything[0]:12,} {everything[1]:21,}")

# %% tags=["hide-input"]
assert everything[0] == summary("alexnet").params == 60_965_224
assert everything[1] == summary("alexnet").macs == 724_406_816
plots.alexnet(ALEXNET)

# %% [markdown]
# In the picture a box is as high as the grid and as wide as the channels are
# many. Pooling makes the grid smaller between them.
#
# One layer, fc6, has 62 % of the parameters; conv2 has 31 % of the work.
# AlexNet's 60 million are right: 60,965,224. (AlexNet's own paper has a slip:
# images of 224 × 224 pixels. A window of 11 at stride 4 would fit (224 - 11)
# / 4 + 1 = 54.25 times. The grid of 55 needs images of 227 × 227.)
#
# ## VGG and GoogLeNet
#
# VGG is blocks of 3 × 3 convolutions with pooling between them. GoogLeNet is
# nine *modules* of six convolutions each: a 1 × 1; a 1 × 1 and then a 3 × 3; a
# 1 × 1 and then a 5 × 5; a pooling and then a 1 × 1. Their outputs are put
# side by side. Lesson 5 builds one.


# %%
def vgg(repeats):
    """Five blocks of so many 3x3 convolutions, and three linear layers."""
    layers, m = {}, 3
    widths, grids = (64, 128, 256, 512, 512), (224, 112, 56, 28, 14)
    for block in range(5):
        for i in range(repeats[block]):
            n = widths[block]
            layers[f"conv{block + 1}_{i + 1}"] = (grids[block], 3, m, n)
            m = n
    layers["fc6"] = (1, 7, 512, 4096)
    layers["fc7"] = (1, 1, 4096, 4096)
    layers["fc8"] = (1, 1, 4096, 1000)
    return layers


# %%
def module(name, grid, m, widths):
    """The six convolutions of a module on m channels."""
    n1, r3, n3, r5, n5, proj = widths
    return {
        f"{name} 1x1": (grid, 1, m, n1),
        f"{name} before 3x3": (grid, 1, m, r3),
        f"{name} 3x3": (grid, 3, r3, n3),
        f"{name} before 5x5": (grid, 1, m, r5),
        f"{name} 5x5": (grid, 5, r5, n5),
        f"{name} after pooling": (grid, 1, m, proj),
    }


# %%
GOOGLENET = {
    "conv1": (112, 7, 3, 64),
    "before conv2": (56, 1, 64, 64),
    "conv2": (56, 3, 64, 192),
}
width = 192
for name, widths in WIDTHS.items():
    grid = {"3": 28, "4": 14, "5": 7}[name[0]]
    GOOGLENET |= module(name, grid, width, widths)
    n1, _, n3, _, n5, proj = widths
    width = n1 + n3 + n5 + proj
GOOGLENET["fc"] = (1, 1, width, 1000)

NETWORKS = {
    "AlexNet": ALEXNET,
    "VGG-16": vgg((2, 2, 3, 3, 3)),
    "VGG-19": vgg((2, 2, 4, 4, 4)),
    "GoogLeNet": GOOGLENET,
}

# %% [markdown]
# **Predict:** how many times fewer parameters than AlexNet has GoogLeNet?
#
# - (a) 12 times
# - (b) 8.7 times
# - (c) 2.2 times
#
# <!-- answer: b
# a: that is printed in the papers, and does not come out.
# b: 60.97 / 7.00.
# c: that number comes up later, for the work.
# -->

# %%
print("network      parameters  over AlexNet's  AlexNet's over these")
for name, layers in NETWORKS.items():
    p = total(layers, parameters)
    ratio = p / total(ALEXNET, parameters)
    print(f"{name:10} {p:12,} {ratio:15.2f} {1 / ratio:21.2f}")

# %% tags=["hide-input"]
for name, key in (("VGG-16", "vgg16"), ("GoogLeNet", "googlenet")):
    layers, built = NETWORKS[name], summary(key)
    assert total(layers, parameters) == built.params
    assert total(layers, multiply_adds) == built.macs
assert total(GOOGLENET, parameters) == 6_998_552
assert round(60_965_224 / 6_998_552, 2) == 8.71
assert round(total(NETWORKS["VGG-16"], parameters) / 60_965_224, 2) == 2.27

# %% [markdown]
# GoogLeNet has 7.0 million, 8.7 times fewer than AlexNet. VGG-16 has 2.27
# times as many as AlexNet, VGG-19 2.36 times. Where do 5 million and 12 times
# come from? The 12 is the older number: *Going Deeper*, the paper on GoogLeNet
# itself, says "12 times fewer" a year before anybody prints the 5. And 60.97 /
# 12 is 5.08. So the 5 may have been computed from the 12; that is a guess.
# Lesson 8 counts it in several ways; none gives 5 million.
#
# ## Work
#
# **Predict:** GoogLeNet has 8.7 times fewer parameters than AlexNet. And how
# many multiply-adds?
#
# - (a) 8.7 times fewer, too
# - (b) about as many
# - (c) about twice as many
#
# <!-- answer: c
# a: most of AlexNet's parameters are used once for each image.
# b: close, but GoogLeNet needs more.
# c: 2.2 times as many: its weights are used at many pixels.
# -->

# %%
print("network     multiply-adds  over AlexNet's  uses of a parameter")
for name, layers in NETWORKS.items():
    p, m = total(layers, parameters), total(layers, multiply_adds)
    ratio = m / total(ALEXNET, multiply_adds)
    print(f"{name:10} {m:14,} {ratio:15.2f} {m / p:20.0f}")

uses = {name: layer[0] ** 2 for name, layer in GOOGLENET.items()}
print(f"each weight of GoogLeNet's conv1 is used {uses['conv1']:,} times,")
print("of 3a", uses["3a 3x3"], "times, of 4a", uses["4a 3x3"], "times,")
print("of 5a", uses["5a 3x3"], "times, of the linear layer", uses["fc"])

# %% [markdown]
# GoogLeNet needs more work than AlexNet, 2.2 times as much. VGG-16 needs 9.8
# times as much as GoogLeNet. A weight of a convolution is used once for every
# output pixel: in GoogLeNet from 49 times, on a grid of 7 × 7, to 12,544
# times, on 112 × 112. A weight of a fully connected layer is used once.
#
# AlexNet's parameters lie in its fully connected layers, its work in its
# convolutions. GoogLeNet takes the mean of each channel over its 7 × 7 grid
# first, and needs only one small fully connected layer.


# %%
def connected(layers):
    """The layers on a grid of one pixel."""
    return {name: layer for name, layer in layers.items() if layer[0] == 1}


print("share of the parameters in fully connected layers:")
for name, layers in NETWORKS.items():
    share = total(connected(layers), parameters) / total(layers, parameters)
    print(f"{name:10} {share:6.1%}")

# %% tags=["hide-input"]
alexnet, _, _, googlenet = (total(n, multiply_adds) for n in NETWORKS.values())
assert round(googlenet / alexnet, 1) == 2.2
vgg16 = total(NETWORKS["VGG-16"], multiply_adds)
assert round(vgg16 / googlenet, 1) == 9.8
assert (uses["5a 3x3"], uses["conv1"]) == (49, 12_544)
bars = {
    name: [
        (total(connected(layers), what), total(layers, what))
        for what in (parameters, multiply_adds)
    ]
    for name, layers in NETWORKS.items()
}
plots.where(bars)

# %% [markdown]
# A much-read summary says that "Inception-v1 was expensive and had many
# parameters". Against AlexNet the first half is right and the second wrong;
# against VGG both are wrong. What the papers do say is that making it bigger
# by brute force is expensive: with twice the channels everywhere, k × k × m ×
# n becomes four times as much, since both m and n double.
#
# Here are the later networks too. Along a dotted line each parameter is used
# equally often.

# %% tags=["hide-input"]
MODELS = {
    "alexnet": "AlexNet",
    "vgg16": "VGG-16",
    "googlenet": "GoogLeNet",
    "bn_inception": "BN-Inception",
    "inception_v3": "Inception-v3",
    "inception_v4": "Inception-v4",
    "inception_resnet_v2": "Inception-ResNet-v2",
}
counted = {title: summary(name) for name, title in MODELS.items()}
plots.networks(
    {title: (one.params, one.macs) for title, one in counted.items()}
)

# %% [markdown]
# ## Take away
#
# - A convolution has k × k × m × n + n parameters and g × g × k × k × m × n
#   multiply-adds. A fully connected layer is a convolution on one pixel.
# - AlexNet has 61.0 million parameters, VGG-16 138.4, GoogLeNet 7.0: factors
#   of 8.7 and 2.27, where print says 12 and 3.
# - In AlexNet and VGG fully connected layers hold most of the parameters and
#   convolutions do most of the work. Few parameters do not mean little work.
#
# Lesson 5 builds the module that GoogLeNet is made of.
#
# **Exercises:** `lessons/exercises/04_counting.py`, checked by
# `tinyinception lesson 4 --check`. In one you design a network.
#
# **Paper:** Szegedy et al., *Rethinking the Inception Architecture*, section
# 1; *Going Deeper with Convolutions*, section 1; Krizhevsky et al., *ImageNet
# Classification with Deep CNNs*, section 3.5 and Figure 2.
