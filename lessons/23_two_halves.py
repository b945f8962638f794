# %% [markdown]
# # Lesson 23. Two halves of a batch: several machines, one network
#
# **Time:** 40 minutes. **Afterwards you know** why two processes can train one
# network as one would, which two layers spoil it, how unequal parts are
# weighed, what it costs to add up gradients over a wire, and which networks
# are worth it.
#
# **You need:** lessons 1, 4 and 10; what a mean is. A *process* is a running
# program with memory of its own: what one process computes, another cannot
# see, unless it is sent. A *pipe* is a way to send: bytes that one process
# writes in at one end, another reads at the other.
#
# ## The question
#
# GoogLeNet was trained on many machines at once. How can several machines
# train *one* network? The idea is simple: each has a copy of it, each takes a
# part of every [batch](glossary.md#batch), and before each update they put
# together what they have found. But is that the same training? Or another one,
# that happens to work as well?

# %% [markdown]
# ## Half the images, half the gradient?
#
# The loss of a batch is the mean of its images' losses. We take a network of
# two convolutions and a classifier, a batch of 64 drawn images, and compute
# all gradients three times: for the whole batch, for its first half alone and
# for its second half alone.
#
# **Predict:** what do the gradients of the two halves have to do with that of
# the whole batch?
#
# - (a) their sum is the whole batch's gradient
# - (b) their mean is, but for rounding
# - (c) their mean is close to it, with a few percent between them
#
# <!-- answer: b
# a: that is so for a loss that is a sum. Ours is a mean: each half divides by
# 32, not by 64.
# b: the mean of 64 numbers is the mean of the means of two halves, and the
# gradient of a mean is the mean of gradients.
# c: each half's gradient alone is much farther away than that. Their mean is
# not.
# -->

# %%
from functools import partial
from inspect import getsource
from statistics import median
from timeit import repeat

import numpy as np

from tinyinception.count import summary
from tinyinception.course.files import folder, load
from tinyinception.kernels.jit import set_threads
from tinyinception.train.pipes import Pipes, beside
from tinyinception.train.ranks import Ranks

PLACE = folder() / "plots" / "23_two_halves.py"
halves = plots = load(PLACE)  # batch, build, backward, update, steps
set_threads(1)


def distance(found, right):
    """How far an array is from another, relative to the other's length."""
    return np.linalg.norm(found - right) / np.linalg.norm(right)


# %%
images, labels = halves.batch(0)
network = halves.build()
_, whole = halves.backward(network, images, labels)
_, first = halves.backward(network, images[:32], labels[:32])
_, second = halves.backward(network, images[32:], labels[32:])
print(f"{len(whole):,} gradients; relative distance from the whole batch's:")
print(f"  first half   {distance(first, whole):.2f}")
print(f"  second half  {distance(second, whole):.2f}")
print(f"  their sum    {distance(first + second, whole):.2f}")
print(f"  their mean   {distance((first + second) / 2, whole):.1e}")
assert distance((first + second) / 2, whole) < 1e-5

# %% [markdown]
# The mean of the halves is the gradient of the whole, to seven digits; the
# rest is rounding, since the sums are added up in another order. With g_i for
# the gradient of the loss of image i:
#
#     (g_1 + ... + g_64) / 64
#         = 1/2 × (g_1 + ... + g_32) / 32 + 1/2 × (g_33 + ... + g_64) / 32
#
# Nothing in it speaks of machines. It needs only that the loss of an image
# depends on *this image* and the weights, and on no other image.
#
# ## Unequal parts
#
# A machine may be slower, or the batch may not divide. So let the first part
# have 8 of the 64 images, and the second 56.
#
# **Predict:** how far is the mean of these two gradients from the whole
# batch's?
#
# - (a) only rounding, as before
# - (b) about a thousandth
# - (c) more than a tenth
#
# <!-- answer: c
# a: the formula had two equal parts. Now an image of the first part counts
# seven times as much as one of the second.
# b: the first part's gradient is far from the whole's, and counts half.
# c: the 8 images of the first part count as much as the 56 of the second.
# -->

# %%
_, first = halves.backward(network, images[:8], labels[:8])
_, second = halves.backward(network, images[8:], labels[8:])
weighed = 8 / 64 * first + 56 / 64 * second
print(f"plain mean         {distance((first + second) / 2, whole):.2f}")
print(f"weighed by images  {distance(weighed, whole):.1e}")
assert distance((first + second) / 2, whole) > 0.1
assert distance(weighed, whole) < 1e-5

# %% [markdown]
# Weighed by the number of images, it is right again. A plain mean would be a
# quiet mistake: the loss still goes down, only for another mixture of images.
# The paper by Goyal and others, below, has a section on mistakes of this kind.
#
# ## Two processes
#
# Now with a second process. Both run the function below. Both begin with the
# same weights, by the same seed, and both make the same batch; `ranks.part`
# says which of its images are mine. `ranks.add` is the only moment in which
# the two meet. And this is what `add` does over pipes: process 0 reads the
# arrays of the others, adds them to its own, and sends everybody the sum.
# Adding up so that all have the sum is called
# [all-reduce](glossary.md#all-reduce).

# %%
print(getsource(halves.steps))
print(getsource(Pipes.add))

# %% [markdown]
# **Predict:** we train eight steps, once in one process with batches of 64,
# once in two processes with 32 images each. How far apart are the losses?
#
# - (a) they are equal to the last bit
# - (b) the first six digits or so agree, in all eight steps
# - (c) the first step agrees, then they drift apart
#
# <!-- answer: b
# a: sums that are added up in another order round otherwise.
# b: every update is the same but for rounding, so the weights stay together.
# c: rounding errors grow so slowly here that eight steps do not show it.
# -->

# %%
CHILD = f"""
from pathlib import Path
from tinyinception.course.files import load
load(Path({str(PLACE)!r})).steps(ranks, 8)
"""
with beside(CHILD) as ranks:  # another Python, with two pipes to this one
    together = halves.steps(ranks, 8)
alone = halves.steps(Ranks(), 8)  # a process alone: its part is everything
print("step   one process   two processes")
for step, (one, two) in enumerate(zip(alone, together, strict=True), 1):
    print(f"{step:4} {one:13.7f} {two:15.7f}")
assert np.allclose(alone, together, rtol=1e-5)
assert alone[-1] < alone[0]

# %% [markdown]
# It is the same training. The second process never sent a weight: since both
# begin with the same ones and make the same updates, their copies stay equal
# by themselves. That is how PyTorch's *DistributedDataParallel* works, and
# `mpirun -n 2 tinyinception train` here, which sends its arrays through MPI
# instead of pipes, also between machines.
#
# GoogLeNet's machines in 2014 did not wait for each other. Each sent its
# gradients when it had them, and by then others had changed the weights. That
# is called asynchronous, and it is *not* the same training as in one process.
#
# ## What breaks it
#
# The formula needs that an image's loss depends on no other image. We try four
# networks that differ in one layer, and cut the batch into 2 to 32 parts:
#
# - plain: only convolutions and ReLU;
# - response norm: [local response
#   normalisation](glossary.md#local-response-normalisation), AlexNet's and
#   GoogLeNet's;
# - [dropout](glossary.md#dropout), which draws its masks anew for each part,
#   as processes do that draw for themselves;
# - [batch-norm](glossary.md#batch-normalisation).
#
# **Predict:** for which of them is the mean of the parts' gradients no longer
# the whole batch's?
#
# - (a) for batch-norm alone
# - (b) for dropout and batch-norm
# - (c) for response norm, dropout and batch-norm
#
# <!-- answer: b
# a: dropout mixes no images, but its draws are others.
# b: batch-norm mixes images; dropout draws.
# c: response norm divides by neighbouring channels of the same image.
# -->

# %%
PARTS, SEEDS = (2, 4, 8, 16, 32), range(5)


def distances(kind, seed):
    """Distance of the parts' mean gradient, for each number of parts."""
    found, network = [], halves.build(kind, seed)
    images, labels = halves.batch(seed)
    _, whole = halves.backward(network, images, labels)
    for parts in PARTS:
        cut = [np.split(array, parts) for array in (images, labels)]
        pairs = zip(*cut, strict=True)
        each = [halves.backward(network, *pair)[1] for pair in pairs]
        found.append(distance(np.mean(each, axis=0), whole))
    return found


found = {k: [distances(k, seed) for seed in SEEDS] for k in halves.KINDS}
print("median of five seeds    parts:", *(f"{n:8}" for n in PARTS))
for kind, rows in found.items():
    print(f"{kind:30}", *(f"{m:8.1e}" for m in np.median(rows, axis=0)))

# %% tags=["hide-input"]
plots.apart(found, PARTS, "23_apart")
assert np.max([found["plain"], found["response norm"]]) < 1e-5
assert np.min([found["dropout"], found["batch-norm"]]) > 1e-3
assert np.all(np.diff(np.median(found["batch-norm"], axis=0)) > 0)

# %% [markdown]
# Response norm looks at channels of one image, so it makes no difference. The
# other two do, for two different reasons.
#
# **Dropout** draws. The parts' masks are other masks than the whole batch's,
# as with another seed. Its distance does not depend on the number of parts:
# it is the same function, with other dice.
#
# **Batch-norm** mixes images: each is normalised by the mean and variance of
# its part. So the parts compute another function, and the fewer images a part
# has, the farther it is from the whole batch's: some 6 % with two parts, and a
# third with 32 parts of two images.
#
# One could send more: the sums of x and of x², so that all parts use the whole
# batch's mean and variance. (An exercise puts those of parts together.) But
# then backward needs sums over the whole batch too: two more meetings in each
# of the layers, at each step. This is called synchronised batch-norm. Usually
# it is not done, and here it is not either. Each process normalises its own
# part, and the running statistics are the means of theirs. Goyal and others
# make a rule of it: with 32 images for each process, batch-norm's function
# stays the same however many processes there are.
#
# So "trained by 4 processes" is a part of what a network with batch-norm is.
# The package writes it into `config.json`, and continues such a run with 4
# only.
#
# ## What it costs
#
# At each meeting, every process sends one number for each weight. First, how
# long that takes over our pipes in this minute, while the second process does
# nothing else.

# %%
ROUNDS = 6
CHILD = f"""
import numpy as np
for size in ranks.gather(None)[0]:
    for _ in range({ROUNDS}):
        ranks.add(np.ones(size, np.float32))
"""
SIZES = [1_000, 100_000, 1_000_000, 7_000_000]
with beside(CHILD) as ranks:
    ranks.gather(SIZES)
    print("   numbers     MB   ms for a meeting")
    for size in SIZES:
        add = partial(ranks.add, np.ones(size, np.float32))
        ms = 1e3 * median(repeat(add, number=1, repeat=ROUNDS))
        print(f"{size:10,} {4e-6 * size:6.1f} {ms:10.2f}")

# %% [markdown]
# Between machines it is a wire. A usual one in an office carries 1 gigabit a
# second, some 110 MB. The work of a step is fixed too: lesson 4 counts
# multiply-adds, training takes three times those of a forward pass, and a good
# processor makes 150 billion a second.
#
# Two machines have half the images each. Each then sends its gradients and
# gets the mean back; we count both ways. The batch is 64 images in all.
#
# **Predict:** with which networks are two such machines faster than one?
#
# - (a) with all: half the images is half the work
# - (b) with GoogLeNet and Inception-v3, not with AlexNet
# - (c) with AlexNet, not with GoogLeNet, which has more layers
#
# <!-- answer: b
# a: the message is as long as before, however few images a part has.
# b: AlexNet has 61 million weights and needs little work; GoogLeNet has 7
# million and needs twice the work.
# c: layers are not sent, weights are.
# -->

# %%
WIRE, SPEED, IMAGES = 110e6, 150e9, 64
NAMES = ["alexnet", "vgg16", "googlenet", "inception_v3"]
counted = {name: summary(name) for name in NAMES}
work = {n: 3 * c.macs * IMAGES / SPEED for n, c in counted.items()}
send = {n: 4 * c.params / WIRE for n, c in counted.items()}
print("network        weights  uses of each  work  message   1 and 2 machines")
for name, c in counted.items():
    two = work[name] / 2 + 2 * send[name]
    print(
        f"{name:12} {c.params / 1e6:7.1f} M {c.macs / c.params:11.0f}"
        f" {work[name]:6.2f} s {send[name]:6.2f} s {work[name]:7.2f} s"
        f" {two:6.2f} s"
    )
uses = {name: c.macs / c.params for name, c in counted.items()}
assert uses["alexnet"] < 15 < 200 < uses["googlenet"] < uses["inception_v3"]

# %% [markdown]
# What decides is the third column: how often a weight is used for one image,
# multiply-adds over weights. A weight of a convolution is used at every
# position of the grid, 784 times on 28 × 28. A weight of a fully connected
# layer is used *once*. AlexNet's 61 million sit nearly all in such layers:
# many numbers to send, little work to share. GoogLeNet put an average over
# the grid in their place (lesson 7), and each of its 7 million weights is used
# more than two hundred times.
#
# Krizhevsky (2014) drew the conclusion for AlexNet: share the *images* in
# convolutions, but in fully connected layers share the *weights* among the
# machines, and send activations.
#
# ## More machines
#
# With our `add`, machine 0 reads a message from each of the others, and sends
# one to each: with n machines 2 × (n - 1) messages pass its wire one after
# the other. A ring does better. Each machine cuts its gradients into n
# pieces, and in each of 2 × (n - 1) rounds sends one piece to its right
# neighbour, first to be added, then to be copied, while it gets another one
# from the left. All wires are in use all the time, and it takes as long as
#
#     2 × (n - 1) / n messages
#
# one after the other: less than two, however many machines there are. (An
# exercise builds the first half of such a ring.)

# %% tags=["hide-input"]
machines = np.array([1, 2, 4, 8, 16])
busiest = {
    "all to machine 0": 2 * (machines - 1),
    "ring": 2 * (machines - 1) / machines,
}
seconds = {
    name: work[name] / machines + send[name] * busiest["ring"]
    for name in NAMES
}
plots.cost(busiest, seconds, machines, "23_cost")
for name, times in seconds.items():
    print(f"{name:12}", *(f"{t:6.2f} s" for t in times))
assert seconds["alexnet"].argmin() == 0
assert seconds["googlenet"].argmin() > 0

# %% [markdown]
# The figure divides the same 64 images among more and more machines, over a
# ring. The work per machine shrinks, the message does not: sooner or later the
# wire takes all the time. Who has more machines therefore gives each of them a
# full batch, so that the batch grows with them. But that is another training,
# with fewer updates for the same images, and learning rates have to be chosen
# anew.
#
# And on *one* machine? There is nothing to gain. Threads share the same
# memory, so that they need no message at all, and they give the same bits as
# one thread, batch-norm included.
#
# ## Take away
#
# - A batch's gradient is the mean of its parts' gradients, weighed by images.
#   So processes with equal weights that add up their gradients make the same
#   steps as one, but for rounding.
# - It needs that an image's loss depends on no other image. Batch-norm breaks
#   that, and more so the smaller the parts are. Dropout only draws otherwise.
# - Each step sends a number for each weight. It pays where weights are used
#   often: in convolutions, not in large fully connected layers.
# - In a ring it takes no longer than two messages, with any number of
#   machines.
#
# **Exercises:** `lessons/exercises/23_two_halves.py`, checked by
# `tinyinception lesson 23 --check`.
#
# **Paper:** Dean et al., *Large Scale Distributed Deep Networks* (2012), with
# which GoogLeNet was trained; Goyal et al., *Accurate, Large Minibatch SGD*
# (2017), sections 2.3 and 3; Krizhevsky, *One weird trick for parallelizing
# convolutional neural networks* (2014).
