# %% [markdown]
# # Lesson 20. Seeing what a network sees
#
# **Time:** 45 minutes. **Afterwards you know** how to look at filters and
# activations, how Grad-CAM is computed and why it is so simple for an
# Inception network, which controls a heat map has to pass, and how a network
# dreams.
#
# **You need:** lessons 1, 3 and 5; what a gradient is.
#
# ## The question
#
# The team that built GoogLeNet made it dream: they changed a picture, not the
# weights, until the network saw in it what they wanted ("Inceptionism", 2015).
# *Feature Visualization* (Olah, Mordvintsev and Schubert, 2017) later showed
# GoogLeNet layer by layer. Such pictures convince at a glance. What do they
# show that can be checked?

# %% [markdown]
# ## A network to look at
#
# A 7 × 7 convolution as in GoogLeNet, a 3 × 3, one Inception module, a last
# 3 × 3, average pooling, a linear classifier. The images are drawn figures
# with random colours, as often dark on bright as bright on dark, so colour
# says nothing about the class.
#
# We train with [weight decay](glossary.md#weight-decay): each step also pulls
# every weight towards zero. A weight that the loss does not need fades. (The
# lines that build and train are in `lessons/plots/20_seeing.py`.)
#
# A filter of the first layer has three planes, for red, green and blue. Its
# grey part is the mean of the three. In a random filter a third of the energy
# (the sum of the squares) is grey.
#
# **Predict:** what share is grey after training?
#
# - (a) more
# - (b) a third, as before
# - (c) less, each colour finds its own use
#
# <!-- answer: a
# a: only light and dark helps to tell the figures apart.
# b: nothing pushes it there; random parts fade.
# c: on photographs colour says something; here it does not.
# -->

# %%
import numpy as np
from matplotlib.cbook import get_sample_data

from tinyinception.course import stored
from tinyinception.course.files import folder, load
from tinyinception.data import drawn
from tinyinception.data.image import read_image
from tinyinception.judge.crops import resize
from tinyinception.nn.functional import softmax
from tinyinception.tensor import Tensor, no_grad

plots = load(folder() / "plots" / "20_seeing.py")
images, labels = drawn.draw(1_000, split="test")
x = ((images / 255 - drawn.MEAN) / drawn.STD).astype(np.float32)
STAGES = ("first", "second", "pool", "mixed", "last")


# %%
def probabilities(network, x):
    with no_grad():
        return softmax(network(Tensor(x))).numpy()


def grey_share(kernels):
    """The part of the energy that is the same in all three colours."""
    return 3 * (kernels.mean(axis=2) ** 2).sum() / (kernels**2).sum()


random = plots.build(0)["first"].conv.weight.numpy()
networks = [plots.trained(seed) for seed in range(2)]
print("random filters:", f"{grey_share(random):.0%} grey")
for network in networks:
    right = np.mean(probabilities(network, x).argmax(axis=1) == labels)
    grey = grey_share(network["first"].conv.weight.numpy())
    print(f"learnt filters: {grey:.0%} grey; {right:.1%} of the images right")
    assert grey > 0.6
    assert right > 0.75

# %% tags=["hide-input"]
network, other = networks
long = stored("seeing")
learnt = network["first"].conv.weight.numpy()
plots.filters(random, learnt, plots.stored_filters(long))
print(f"the third row: {long['steps']} steps, {long['accuracy']:.1%} right,")
print(f"weight decay {long['weight_decay']}, {long['grey']:.0%} grey")
assert long["grey"] > 0.8

# %% [markdown]
# More: the network has found out that colour does not help. The rows are
# sorted by the filters' size. The upper row is random. In the middle, after
# 300 steps, a few edges (dark beside bright) and spots can be made out at the
# left, and faded filters at the right. Below, after a longer training with
# more weight decay, the first ones are plain spots and edges, the next ones
# soft patches of light and dark, and six have vanished: nothing forces a
# network to use all sixteen. On photographs, AlexNet's and GoogLeNet's first
# layers have grey edges and coloured blobs, too.
#
# ## The same channel on different images
#
# An activation map shows where one channel responds. To compare, look at the
# *same* channel on several images, in one colour scale. We take from each
# branch of the module the channel that varies most over all test images.


# %%
def maps(network, x, until="last"):
    """What the stages up to one of them make of the images."""
    with no_grad():
        a = Tensor(x)
        for stage in STAGES[: STAGES.index(until) + 1]:
            a = network[stage](a)
    return a.numpy()


answers = probabilities(network, x).argmax(axis=1)
shown = [
    np.flatnonzero((answers == labels) & (labels == label))[0]
    for label in range(10)
]
plots.activations(network["mixed"], maps(network, x, "pool"), images, shown)

# %% [markdown]
# Along a row one channel answers to the same thing in each image, wherever it
# lies. In a column the four channels answer to different things: the one of
# the 5 × 5 hardly sees stripes, checkers and dots.
#
# ## Grad-CAM
#
# Which part of the image speaks for a class? Take the last maps A (8 × 8
# pixels, 64 channels) before the average pooling, and the gradient of the
# class's [logit](glossary.md#logit) with respect to them. Grad-CAM (Selvaraju
# et al. 2016) weighs each channel by its mean gradient and adds the maps up;
# what is negative is cut off:
#
#     weight_k = mean over pixels of  d logit / d A_k
#     map = ReLU(sum over k of  weight_k × A_k)
#
# **Predict:** behind A stand only average pooling and a linear layer with
# weights W. What is weight_k, then?
#
# - (a) W[k, class]
# - (b) it depends on the image
# - (c) W[k, class] / 64
#
# <!-- answer: c
# a: each of the 64 pixels has only a 64th of the mean.
# b: not here; it does where fully connected layers with ReLU follow.
# c: the mean over 8 × 8 pixels passes a 64th of its gradient to each.
# -->


# %%
def grad_cam(network, x, classes):
    """Maps N x 8 x 8 for one class of each image; weights N x 64."""
    a = Tensor(maps(network, x), requires_grad=True)
    # begin backward with 1 at the class's logit, 0 at the others
    network["head"](a).backward(np.eye(10, dtype=np.float32)[classes])
    weights = a.grad.mean(axis=(1, 2))
    added = (a.numpy() * weights[:, None, None]).sum(axis=3)
    return np.maximum(added, 0), weights


heat, weights = grad_cam(network, x, answers)
W = network["head"].fc.weight.numpy()
difference = np.abs(weights - W[:, answers].T / 64).max()
print(f"weight_k and W[k, class] / 64 differ by at most {difference:.0e}")
assert difference < 1e-6
plots.outlines(images[shown], heat[shown], labels[shown])

# %% [markdown]
# So before average pooling and a linear layer the gradient need not even be
# computed. The map made directly from W is called CAM (class activation
# mapping, Zhou et al. 2016); it was made for networks that end as GoogLeNet
# does. Behind fully connected layers, as in VGG, the gradient is needed.
#
# The outlines enclose what lies above half of the map's maximum. They look
# right. Is that a test?
#
# ## Controls
#
# A test that can fail: blank the 16 hottest cells of 64 (4 × 4 pixels each)
# with the image's mean colour, and ask again. The answer should go. Blank the
# 16 coldest: it should stay.
#
# But is it the *network* that the map tells about? Adebayo et al. (*Sanity
# Checks for Saliency Maps*, 2018, on an Inception-v3) ask for controls. We
# take four: the contrast, how far each cell is from the mean colour, without a
# network; Grad-CAM of a wrong class; that of an untrained network; random
# cells.
#
# **Predict:** which of the four pass the blanking test as well as Grad-CAM?
#
# - (a) none
# - (b) contrast and the untrained network
# - (c) contrast
# - (d) all but random
#
# <!-- answer: c
# a: there is one figure on a plain ground; whoever finds it passes.
# b: an untrained network's map has little to do with the figure.
# c: it finds the figure without any network.
# d: the maps of a wrong class and of an untrained network fail.
# -->


# %%
def after_blanking(network, order):
    """The mean probability of the answer without the first 16 cells."""
    blank = np.zeros((len(x), 64), bool)
    np.put_along_axis(blank, order[:, :16], True, axis=1)
    # each of 8 x 8 cells becomes 4 x 4 pixels
    blank = np.kron(blank.reshape(-1, 8, 8), np.ones((1, 4, 4))) > 0
    mean = x.mean(axis=(1, 2), keepdims=True)
    p = probabilities(network, np.where(blank[..., None], mean, x))
    return p[np.arange(len(x)), answers].mean()


# %%
distance = ((x - x.mean(axis=(1, 2), keepdims=True)) ** 2).sum(axis=3)
wrong = (answers + 1 + np.arange(len(x)) % 9) % 10
untrained = plots.build(100).eval()
candidates = {
    "Grad-CAM": heat,
    "contrast, no network": distance.reshape(-1, 8, 4, 8, 4).mean((2, 4)),
    "Grad-CAM, wrong class": grad_cam(network, x, wrong)[0],
    "Grad-CAM, untrained": grad_cam(untrained, x, answers)[0],
    "random": np.random.default_rng(0).random(heat.shape),
}
sure = probabilities(network, x).max(axis=1).mean()
print(f"nothing blanked: {sure:.0%} sure.      blanked: hottest  coldest")
kept = {}
for name, one in candidates.items():
    order = one.reshape(len(x), 64).argsort(axis=1)
    both = [after_blanking(network, o) for o in (order[:, ::-1], order)]
    kept[name] = both[0]
    print(f"  {name:38} {both[0]:9.0%} {both[1]:8.0%}")

# %% [markdown]
# This was one network. The stored experiment has three, and the *rank
# correlation* of each map with Grad-CAM: replace the numbers of a map by their
# ranks from 1 to 64 and correlate these; 1 means the same order of the cells,
# 0 nothing in common.

# %% tags=["hide-input"]
plots.control_table(long["controls"])
plots.controls(images, candidates, shown[6])
assert kept["contrast, no network"] < kept["random"] - 0.05
assert kept["Grad-CAM, untrained"] > kept["Grad-CAM"] + 0.05
for run in long["controls"]:
    rows = run["maps"]
    assert rows["Grad-CAM"]["hottest"] < rows["random"]["hottest"] - 0.2
    assert abs(rows["Grad-CAM, untrained"]["like Grad-CAM"]) < 0.2

# %% [markdown]
# Contrast passes as well as Grad-CAM, without any network: there is one figure
# on a plain ground, and whoever finds it passes. So passing says that the map
# finds the figure. It does not say that it shows how the network decides.
#
# The other controls say more. The maps of a wrong class and of an untrained
# network fail the test, and have little in common with the first. So the map
# does depend on what the network has learnt, and on the class. That is as much
# as these controls can show. Why a star is a star they do not tell.
#
# ## Dreaming
#
# Now the weights stand still and the image moves. Start from faint noise,
# compute the gradient of a class's logit with respect to the pixels, and
# climb (Simonyan, Vedaldi and Zisserman 2013). The plain climb moves every
# pixel as it likes. The gentle one shifts the image by up to two pixels before
# each step and blurs the gradient, so that only what survives a small shift
# can grow.
#
# **Predict:** the network is sure of its dreams. And the other network, from
# another seed, which is about as good on real images?
#
# - (a) it agrees with a part of them
# - (b) it agrees with nearly all of them
# - (c) it agrees with none
#
# <!-- answer: a
# a: one part of a dream is about the class, another about this network.
# b: then dreams would be about the classes alone.
# c: then dreams would have nothing to do with the classes.
# -->


# %%
def blur(g):
    """Means over neighbours, 1 2 1 in both directions, twice."""
    for axis in (1, 2, 1, 2):
        g = (np.roll(g, 1, axis) + 2 * g + np.roll(g, -1, axis)) / 4
    return g


def climb(x, gradient, steps, rng, gentle=True):
    """Steps of one size towards where a goal grows."""
    for _ in range(steps):
        shift = rng.integers(-2, 3, 2) if gentle else np.zeros(2, int)
        slope = gradient(np.roll(x, shift, (1, 2)))
        slope = np.roll(slope, -shift, (1, 2))
        slope = blur(slope) if gentle else slope
        size = np.sqrt((slope**2).mean(axis=(1, 2, 3), keepdims=True))
        x = x + 0.05 * slope / (size + 1e-12)
    return x


def of_logits(x):
    seen = Tensor(x, requires_grad=True)
    network(seen).backward(np.eye(10, dtype=np.float32)[classes])
    return seen.grad


# %%
for parameter in network.parameters():
    parameter.requires_grad = False  # the weights stand still
rng, classes = np.random.default_rng(1), np.tile(np.arange(10), 4)
noise = 0.1 * rng.standard_normal((40, 32, 32, 3)).astype(np.float32)
dreams = {
    "plain": climb(noise, of_logits, 60, rng, gentle=False),
    "gentle": climb(noise, of_logits, 60, rng),
}
print("40 dreams  sure of it  the other network agrees")
for name, dreamt in dreams.items():
    own = probabilities(network, dreamt)[np.arange(40), classes]
    agrees = probabilities(other, dreamt).argmax(axis=1) == classes
    print(f"{name:9} {own.mean():11.0%} {agrees.mean():25.0%}")
    by_class = own.reshape(4, 10).mean(axis=0)
    assert 0.1 < agrees.mean() < 0.95
weakest = drawn.CLASSES[by_class.argmin()]
print(f"gentle, least sure: {weakest}, {by_class.min():.0%}")
plots.dreams(dreams, drawn.CLASSES)

# %% [markdown]
# A part of them. So one part of a dream is about the class, and another only
# about this network. And the climb does not find every class, as the last line
# shows. In the gentle row the disc's dream has dark discs, the ring's arcs,
# stripes and dots are stripes and dots, and checkers look like dots as well.
# Square, triangle, cross and star look like nothing that one could name. The
# patterns come everywhere: behind an average over all places nothing asks for
# one star.
#
# The plain dreams are rough, noise of which a network is sure ("fooling
# images"). The gentle ones look better because we forbade what looks bad.
# Remember that with all published dreams.
#
# ## A dream of a photograph
#
# Inceptionism's best-known pictures (DeepDream) do not start from noise and
# ask for no class. They take a photograph and a layer, and change the picture
# so that whatever the layer sees becomes stronger: the goal is the mean of the
# squares of its activations. And they work in *octaves*: first on a small
# copy, where a filter covers much of the scene; then the change is enlarged,
# added to a larger copy, and worked on again.
#
# The photograph shows Grace Hopper, who wrote one of the first compilers. Our
# network has never seen anything but drawn figures.
#
# **Predict:** we amplify the first, the second, or the last layer. In which
# dream is the change least like the photograph itself?
#
# - (a) the first
# - (b) the second
# - (c) the last
#
# <!-- answer: c
# a: its edges and spots are those of the photograph, made stronger.
# b: nearly the same as the first: small edges.
# c: it answers to parts of figures, which the photograph does not have.
# -->


# %%
def of_layer(until):
    """The gradient of the mean square of a layer's activations."""

    def gradient(x):
        seen = a = Tensor(x, requires_grad=True)
        for stage in STAGES[: STAGES.index(until) + 1]:
            a = network[stage](a)
        (a * a).mean().backward()
        return seen.grad

    return gradient


def deep_dream(photo, until, sizes=(48, 68, 96), steps=12):
    rng, change = np.random.default_rng(0), np.zeros_like(photo)
    for size in sizes:
        small = resize(photo, (size, size))
        start = small + resize(change, (size, size))
        change = climb(start, of_layer(until), steps, rng) - small
    return photo + change


# %%
photo = read_image(get_sample_data("grace_hopper.jpg", asfileobj=False), 96)
x = ((photo / 255 - drawn.MEAN) / drawn.STD).astype(np.float32)[None]
dreamt = {name: deep_dream(x, name) for name in ("first", "second", "last")}
like = {}
print("layer    stronger by   the change is like the photograph (correlation)")
for until, one in dreamt.items():
    pair = [np.square(maps(network, a, until)).mean() for a in (x, one)]
    like[until] = np.corrcoef((one - x).ravel(), x.ravel())[0, 1]
    print(f"{until:8} {pair[1] / pair[0]:11.1f} {like[until]:18.2f}")
plots.photo_dreams(photo, dreamt)
assert min(like, key=like.get) == "last"

# %% [markdown]
# The last. The first two layers make stronger what is there: edges become
# darker and brighter. The last layer adds spots and corners that nobody sees
# in the photograph. DeepDream's dogs came about in the same way: ImageNet has
# many breeds of dogs, so its networks see dogs everywhere. Ours sees what it
# was trained on.
#
# ## Take away
#
# - First-layer filters show what matters in the data: here light and dark, not
#   colour. Weight decay removes what the loss does not need.
# - Compare activations of the same channel, in one colour scale.
# - Grad-CAM weighs the last maps by the mean gradient of a logit. Before
#   average pooling and a linear layer, that is CAM.
# - A map that passes a test shows something only if the controls fail it: a
#   detector without a network, a wrong class, an untrained network.
# - Dreams climb the gradient of the input. What they look like depends on how
#   the climb is tamed; ask another network.
#
# **Exercises:** `lessons/exercises/20_seeing.py`, checked by
# `tinyinception lesson 20 --check`.
#
# **Paper:** named above, and Mordvintsev et al. 2015, *Inceptionism*; Zhou et
# al. 2016, *Learning Deep Features for Discriminative Localization*; *Going
# Deeper with Convolutions*, section 5, on average pooling.
