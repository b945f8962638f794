# %% [markdown]
# # Lesson 0. A first network
#
# **Time:** 20 minutes. **Afterwards you know** what a picture, a weight, a
# layer, a classifier, a loss, gradient descent, a convolution and a pooling
# are, and you have trained two networks.
#
# **You need:** Python lists and NumPy arrays; from school, what the slope of a
# curve and a logarithm are.
#
# ## The question
#
# You see at once whether a picture shows a cross or a disc. A computer sees a
# list of numbers. How does it get from the numbers to the word?

# %%
import numpy as np

from tinyinception import nn
from tinyinception.course import learn
from tinyinception.course.files import folder, load
from tinyinception.data import drawn
from tinyinception.tensor import Tensor

plots = load(folder() / "plots" / "00_first_network.py")

# %% [markdown]
# ## A picture is numbers
#
# A colour picture has three [channels](glossary.md#channel): red, green, blue.
# In each channel each pixel is a number from 0 (none) to 255 (full). Our
# pictures are drawn by a program: figures on a background, with random
# colours, places and sizes. They come in four classes.
#
# **Predict:** a picture of 32 × 32 pixels, how many numbers is that?
#
# - (a) 32
# - (b) 1,024
# - (c) 3,072
#
# <!-- answer: c
# a: that is one side of it.
# b: that is the number of pixels; each has three numbers.
# c: 32 × 32 × 3.
# -->

# %%
CLASSES = ["disc", "cross", "stripes", "dots"]
KINDS = [drawn.CLASSES.index(name) for name in CLASSES]


def pictures(split, n):
    """Pictures of the four classes, and the number of each one's class."""
    images, labels = drawn.draw(n, split=split)
    chosen = np.isin(labels, KINDS)
    return images[chosen], np.array([KINDS.index(k) for k in labels[chosen]])


images, labels = pictures("train", 5000)
test_images, test_labels = pictures("test", 2500)
print("one picture:", images[0].shape, "numbers:", images[0].size)
print("red, in its upper left corner:")
print(images[0][:3, :6, 0])
print(len(images), "pictures to learn from,", len(test_images), "to test")

# %% tags=["hide-input"]
plots.pictures(images, labels, CLASSES)

# %% [markdown]
# ## Scores and shares
#
# A *classifier* gives each class a *score*. The class with the highest score
# is its answer. The simplest way to a score: multiply each of the 3,072
# numbers with a number of its own, and add up. These factors are the
# [weights](glossary.md#weight). A class also gets a [bias](glossary.md#bias),
# a number that is added. Four classes make 4 × 3,072 weights and 4 biases. As
# a matrix product:
#
#     scores = pixels × weights + biases
#
# This is a *layer*, called *linear* or *fully connected*. To read scores as
# shares of certainty they are made positive, by exp(score), which is e to the
# power of the score, and divided by their sum. This is
# [softmax](glossary.md#softmax):
#
# $$\text{share of } i = \frac{e^{\text{score of } i}}{\text{sum of these}}$$
#
# **Predict:** the scores are 1, 2, 3, and we add 5 to each of them. What
# happens to the shares?
#
# - (a) nothing
# - (b) they all grow
# - (c) they become more equal
#
# <!-- answer: a
# a: above and below the line everything is multiplied by exp(5).
# b: shares add up to 1, so they cannot all grow.
# c: only differences between scores count, and those stay.
# -->


# %%
def softmax(scores):
    e = np.exp(scores - scores.max(axis=-1, keepdims=True))  # never huge
    return e / e.sum(axis=-1, keepdims=True)


print("scores 1, 2, 3:", softmax(np.array([1.0, 2.0, 3.0])).round(3))
print("scores 6, 7, 8:", softmax(np.array([6.0, 7.0, 8.0])).round(3))

# %% [markdown]
# ## Loss
#
# Learning means to change the weights so that the answers get better. "Better"
# must be one number. It is the [loss](glossary.md#loss): minus the logarithm
# of the share that the right class got. (Its name is
# [cross entropy](glossary.md#cross-entropy).) A share of 1 costs 0, a small
# share costs much.
#
# **Predict:** a classifier of four classes that knows nothing gives each a
# share of 1/4. What is its loss?
#
# - (a) 0
# - (b) 0.25
# - (c) 1.39
#
# <!-- answer: c
# a: a loss of 0 needs a share of 1 for the right class.
# b: that is the share; the loss is minus its logarithm.
# c: -log(1/4) = log(4) = 1.39.
# -->

# %%
for share in (1, 0.9, 0.5, 0.25, 0.01):
    print(f"share of the right class {share:4}: loss {np.log(1 / share):.2f}")

# %% [markdown]
# ## Gradient descent
#
# Suppose that there were only one weight w, and the loss were (w - 3)^2. Its
# slope at w is 2 × (w - 3). If the slope is positive, a smaller w is better;
# if it is negative, a larger one. So step against the slope, again and again:
#
# $$w \text{ becomes } w - \text{learning rate} \times \text{slope}$$
#
# That is [gradient descent](glossary.md#gradient-descent). With many weights
# each has its own slope, and all slopes together are the
# [gradient](glossary.md#gradient). The *learning rate* says how far to step.
#
# **Predict:** we start at w = 0. Which learning rate is best: 0.02, 0.4 or
# 1.1?
#
# - (a) 0.02
# - (b) 0.4
# - (c) 1.1
#
# <!-- answer: b
# a: the direction is right, but after ten steps w has only come to 1.
# b: each step takes away four fifths of what is missing.
# c: each step jumps over 3 and lands farther away than it was.
# -->


# %%
def descend(rate, steps=10):
    """The places that w visits."""
    w, places = 0.0, [0.0]
    for _ in range(steps):
        slope = 2 * (w - 3)
        w = w - rate * slope
        places.append(w)
    return places


for rate in (0.02, 0.4, 1.1):
    print(f"rate {rate:4}: w after ten steps {descend(rate)[-1]:8.3f}")

# %% tags=["hide-input"]
assert abs(descend(0.4)[-1] - 3) < 0.01 < abs(descend(0.02)[-1] - 3)
assert abs(descend(1.1)[-1]) > 10
plots.descent({rate: descend(rate) for rate in (0.02, 0.4, 1.1)})

# %% [markdown]
# ## A first network: one layer
#
# Now with 12,292 weights and biases. The slope of the loss for each score is
# simple: the share of that class, minus 1 if it is the right one. (Lesson 1
# shows how slopes are found.) A weight's slope is that times its pixel. Each
# step looks at a [batch](glossary.md#batch) of 64 pictures and takes the mean
# of their slopes. Pixels are scaled to run from -2 to 2.
#
# The pictures of the test are kept apart. Only they show whether something has
# been learnt that holds for new pictures.


# %%
def scaled(images):
    return (images.astype(np.float32) / 255 - 0.5) * 4


def train_linear(seed, rate=0.003, steps=400):
    """Weights and biases after so many steps of gradient descent."""
    rng = np.random.default_rng(seed)
    x = scaled(images).reshape(len(images), -1)
    w, b = np.zeros((3072, 4)), np.zeros(4)
    for _ in range(steps):
        batch = rng.integers(len(x), size=64)
        slopes = softmax(x[batch] @ w + b)  # the shares
        slopes[np.arange(64), labels[batch]] -= 1
        w -= rate * x[batch].T @ slopes / 64
        b -= rate * slopes.mean(axis=0)
    return w, b


def right(w, b, images, labels):
    """The share of pictures whose highest score is the right one."""
    scores = scaled(images).reshape(len(images), -1) @ w + b
    return np.mean(scores.argmax(axis=1) == labels)


# %% [markdown]
# Guessing is right for one picture in four. We train three times. The batches
# are drawn at random, and a [seed](glossary.md#seed) says where the random
# numbers begin, so three seeds show how much depends on chance.
#
# **Predict:** how many of the new pictures does the trained layer get right?
#
# - (a) about 90 %
# - (b) about 60 %
# - (c) hardly more than 25 %
#
# <!-- answer: c
# a: then one would hardly need deeper networks.
# b: that would be true if, say, crosses were always in the same place.
# c: a figure may be anywhere, and lighter or darker than its background.
# -->

# %%
linear = [train_linear(seed) for seed in range(3)]
for seed, (w, b) in enumerate(linear):
    print(
        f"seed {seed}: right on pictures it learnt from "
        f"{right(w, b, images, labels):.0%}, "
        f"on new ones {right(w, b, test_images, test_labels):.0%}"
    )

# %% [markdown]
# It learnt something about the pictures it saw, and little that holds for
# others. This is [overfitting](glossary.md#overfitting). The reason: each
# weight belongs to one pixel. But no single pixel says "cross". What says it
# is how neighbouring pixels differ, wherever the cross is.
#
# ## Convolution
#
# So let a weight belong to a place *in a small window*, and move the window
# over the picture. At each stop, multiply and add up; that gives one pixel of
# the output. The same weights are used everywhere. This is a
# [convolution](glossary.md#convolution). Its window is called a *kernel* or
# *filter*. Here is one that finds where the left is brighter than the right:


# %%
EDGE = np.array([[1, 0, -1], [1, 0, -1], [1, 0, -1]])


def convolve(image, kernel, stride=1):
    k = len(kernel)
    rows = range(0, image.shape[0] - k + 1, stride)
    columns = range(0, image.shape[1] - k + 1, stride)
    return np.array(
        [
            [np.sum(image[i : i + k, j : j + k] * kernel) for j in columns]
            for i in rows
        ]
    )


small = np.array([[9, 9, 0, 0, 0]] * 5)
print("a bright and a dark half:", *small, sep="\n")
print("its edge:", *convolve(small, EDGE), sep="\n")

# %% tags=["hide-input"]
cross = images[np.flatnonzero(labels == 1)[3]].mean(axis=2)
plots.edges(cross, convolve(cross, EDGE), convolve(cross, EDGE.T))

# %% [markdown]
# Three words that you will meet in every lesson:
#
# - [stride](glossary.md#stride): how far the window moves. With stride 2 the
#   output has half the rows and half the columns.
# - [padding](glossary.md#padding): a border of zeros around the input, so that
#   the window can also stop at the edge. A 3 × 3 window with padding 1 and
#   stride 1 keeps the size.
# - [pooling](glossary.md#pooling): a window without weights. *Max-pooling*
#   keeps the largest number, average pooling the mean.
#
# **Predict:** 32 × 32 pixels, padding 1, a 3 × 3 window, stride 2. How large
# is the output?
#
# - (a) 32 × 32
# - (b) 30 × 30
# - (c) 16 × 16
#
# <!-- answer: c
# a: that would be stride 1 with padding.
# b: that would be stride 1 without padding.
# c: the window begins at every second pixel, 16 times in a row.
# -->

# %%
print("convolution:", convolve(np.pad(cross, 1), EDGE, stride=2).shape)

numbers = np.array([[1, 5, 2, 0], [3, 4, 1, 1], [0, 0, 7, 6], [2, 1, 8, 9]])
pooled = numbers.reshape(2, 2, 2, 2).max(axis=(1, 3))
print("max-pooling 2 × 2 of", *numbers, "is", *pooled, sep="\n")

# %% [markdown]
# ## A network of several layers
#
# Now stack them. Each convolution has many kernels, and each kernel makes one
# output channel. The first layer can find edges, the second corners made of
# edges, and so on. Between layers every negative number is set to 0: this is
# [ReLU](glossary.md#relu). Without it two convolutions in a row would be no
# more than one. At the end the mean of each channel is taken over the whole
# picture, and a linear layer turns those means into scores.
#
# Here each seed also means other random weights to begin with. `learn` is the
# loop of above for any network, with one addition:
# [momentum](glossary.md#momentum). Each step keeps most of the direction of
# the step before.


# %%
def network():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding="same"),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding="same"),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding="same"),
        nn.ReLU(),
        nn.GlobalAvgPool(),
        nn.Linear(32, 4),
    )


# %%
networks, losses = [], []
x = scaled(images)
for seed in range(3):
    nn.random.manual_seed(seed)
    one = network()
    loss = learn(one, x, labels, steps=600, batch=32, lr=0.02, seed=seed)
    networks.append(one)
    losses.append(loss)


# %%
def answers(network, images):
    return network(Tensor(scaled(images))).numpy().argmax(axis=1)


for seed, one in enumerate(networks):
    one.eval()  # we only ask it now
    learnt = np.mean(answers(one, images) == labels)
    new = np.mean(answers(one, test_images) == test_labels)
    print(
        f"seed {seed}: right on pictures it learnt from {learnt:.0%}, "
        f"on new ones {new:.0%}"
    )

# %% tags=["hide-input"]
one_layer = [right(*pair, test_images, test_labels) for pair in linear]
several = [np.mean(answers(n, test_images) == test_labels) for n in networks]
assert min(several) > max(one_layer) + 0.2
said = answers(networks[0], test_images[:16])
plots.result(losses, test_images, test_labels, said, CLASSES)

# %% [markdown]
# Same pictures, same idea of learning. What changed is what a weight belongs
# to.
#
# ## Take away
#
# - A picture is an array: rows × columns × channels.
# - A layer multiplies with weights and adds. A classifier gives each class a
#   score, and softmax makes shares of them.
# - The loss says in one number how bad the answers are. Gradient descent steps
#   against its slope, by the learning rate.
# - A convolution uses the same small window of weights everywhere. Stride,
#   padding and pooling decide how large its output is.
# - Only pictures that were kept apart show what has been learnt.
#
# Lesson 1 shows how the slopes of all weights are found at once.
#
# **Exercises:** `lessons/exercises/00_first_network.py`, checked by
# `tinyinception lesson 0 --check`.
#
# **Paper:** LeCun et al., *Gradient-based learning applied to document
# recognition* (1998): the network that made this design known.
