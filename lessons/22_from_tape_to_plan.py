# %% [markdown]
# # Lesson 22. From tape to plan: what a compiler does with a training step
#
# **Time:** 35 minutes. **Afterwards you know** what is left of a training step
# when Python is taken out of it, why that can be replayed on other numbers,
# where its arrays lie, and which steps must not be replayed.
#
# ## The question
#
# A training step is a Python program. Modules call modules, shapes are
# checked, a tape is written and walked back (lesson 1), memory is found for
# each array. With the next batch all of this happens again, and every decision
# comes out as it did before: the shapes are the same. How much of it has to be
# done a second time?

# %% [markdown]
# ## The plan
#
# Here is a small network: a convolution unit, an Inception module of six, and
# a classifier. Each of the seven units is a convolution, a batch-norm and a
# ReLU.
#
# In this package whatever writes a number goes through one door,
# `launch(function, *arrays)`. So a step can be recorded: `ti.capture` runs it
# once as always, the second time writes down every launch, and from the third
# time on replays that list.
#
# **Predict:** how many launches does a step of this network make, forward,
# backward and update together: about 20, about 150, about 2,000? Which kernel
# is launched most often?

# %%
import sys
from collections import Counter
from functools import partial
from timeit import timeit

import numpy as np

import tinyinception as ti
from tinyinception import nn
from tinyinception.course import COLOURS, figure, show
from tinyinception.data import drawn
from tinyinception.errors import CaptureError
from tinyinception.kernels import memory
from tinyinception.nn.functional import cross_entropy
from tinyinception.replay import Captured

pixels, labels = drawn.draw(256)
images = pixels.astype(np.float32) / 128 - 1


def batch(number, size=16):
    """Other images for each number."""
    return images[number * size :][:size], labels[number * size :][:size]


def training(after_forward=lambda: None):
    """A network, its optimiser, and the step that trains it; from the same start each time."""
    ti.manual_seed(0)
    network = nn.Sequential(
        unit=nn.ConvUnit(3, 16, 3),
        pool=nn.MaxPool2d(3, stride=2, padding=1),
        module=nn.inception(16, n1=8, r3=8, n3=16, r5=4, n5=8, pool_proj=8),
        classifier=nn.classifier(40, len(drawn.CLASSES)),
    )
    optimizer = ti.optim.SGD(network.named_parameters(), lr=0.05, momentum=0.9)

    def step(x, y):
        optimizer.zero_grad()
        loss = cross_entropy(network(x), y)
        after_forward()
        loss.backward()
        optimizer.step()
        return loss

    return network, optimizer, step


network, optimizer, step = training()
captured = ti.capture(step, network, optimizer)
for number in (0, 1):
    captured(*batch(number))
[recording] = captured.recordings
lines = str(recording).splitlines()
print("\n".join([*lines[:9], "  ...", *lines[-6:]]))
kernels = Counter(line.split()[1].strip("_") for line in lines)
print(
    f"{len(lines)} launches of {len(kernels)} kernels: {', '.join(f'{n} {k}' for k, n in kernels.most_common(8))}, ..."
)
assert 50 < len(lines) < 1000
assert kernels["sgd_step"] == 1

# %% [markdown]
# Each line is a function and the shapes of the arrays that it reads and
# writes. The first ones are the first unit: the images get a margin, the
# convolution runs over them (`window_product`) and sums up mean and variance
# on its way, a few small launches make a scale and an offset of these, and
# `apply` does batch-norm and ReLU in one pass.
#
# Most launches are such small ones. Seven units have seven batch-norms, whose
# scales are needed forward, once more where a dropped activation is computed
# again, and backward. The update is a single launch: all parameters lie in one
# array. And look at what is **not** in the list: modules, shape checks, nodes,
# the walk. They decided what to launch, and are done.
#
# ## Replay
#
# An entry of the list is a function with its arrays; the arrays stand for
# *places*, at fixed addresses. So a replay is three lines: copy the new batch
# to where the recorded one stood, call everything, read the loss where it was
# written.
#
# **Predict:** we train two networks from the same start on eight batches, one
# from Python, one with these three lines. How far apart are their weights:
# some digits, a last digit here and there, or nothing?


# %%
def replay(recording, arrays):
    for place, array in zip(recording.inputs, arrays, strict=True):
        np.copyto(place, array)
    for call in recording.calls:
        call()
    return float(recording.result)


other, _, from_python = training()
for x, y in (batch(0), batch(1)):  # the other one has made these steps already
    from_python(ti.Tensor(x), y)
print("batch   from Python   replayed")
for number in range(2, 10):
    x, y = batch(number)
    losses = from_python(ti.Tensor(x), y).item(), replay(recording, (x, y))
    print(f"{number:5} {losses[0]:13.9f} {losses[1]:10.9f}")
    assert losses[0] == losses[1]
for name, array in other.state_dict().items():
    assert np.array_equal(array, network.state_dict()[name]), name
print("all weights and running statistics are the same bits")

# %% [markdown]
# Nothing: the same functions read the same numbers in the same order. Running
# statistics and momentum are right too; they are arrays that the launches
# change in place, wherever they stand by then.
#
# This is what a CUDA graph does, and the first half of what a compiler does.
# (The other half changes the list: it joins launches that go over the same
# array one after the other, as `apply` joins batch-norm and ReLU.)
#
# ## Time
#
# Before it replays, the captured step makes sure that all is as it was when it
# recorded: shapes, number of threads, no hook, no layer changed. Compilers
# call that a *guard*.
#
# **Predict:** a step on 1, 8 or 32 images: for which is the replay the largest
# gain? And how many Python functions does it call, guard included, of those
# that a step from Python calls: half, a tenth, a hundredth?


# %%
def python_calls(function):
    """How many Python functions are called while this one runs."""
    found = Counter()
    sys.setprofile(lambda frame, event, argument: found.update([event]))
    function()
    sys.setprofile(None)
    return found["call"]


print(
    "images   calls from Python   calls replayed   time from Python / time replayed, median of 31"
)
for size in (1, 8, 32):
    x, y = batch(0, size)
    (_, _, slow), (network, optimizer, step) = training(), training()
    ways = (
        partial(slow, ti.Tensor(x), y),
        partial(ti.capture(step, network, optimizer), x, y),
    )
    for way in ways * 3:
        way()
    calls = [*map(python_calls, ways)]
    times = np.array(
        [[timeit(way, number=1) for way in ways] for _ in range(31)]
    )  # a busy minute meets both
    print(
        f"{size:6} {calls[0]:19,} {calls[1]:16,} {np.median(times[:, 0] / times[:, 1]):33.2f}"
    )
    assert calls[1] < calls[0] / 4

# %% [markdown]
# About a tenth. Python's calls are nearly the same for every batch, so the
# gain is largest where there is least arithmetic beside them: for small
# batches, and for many small layers. With large images it is hardly seen. The
# ratios depend on the machine, its threads, and what else it does in this
# minute; the calls do not.
#
# Some calls remain: the guard's, those of kernels' halves in Python, and those
# of a few operations that compute in plain NumPy and are called again as a
# whole (`_forward_again`).
#
# ## Memory
#
# A recording must keep every place that a launch writes to: the next replay
# writes there again. One would think that it needs a place for each array of
# the step. But arrays die. Whoever knows the first and the last use of each
# can give the place of a dead one to a later one, and a replay, which does all
# in the same order, may do the same.
#
# We let the recording take its memory from an arena that notes when a piece is
# taken and when it is given back.
#
# **Predict:** what share of the bytes that the step asks for does it need at
# the same time? Whose places do the arrays of backward get?


# %%
class Watched(memory.Arena):
    """An arena that notes each piece: [from which request, to which, address, its end]."""

    def take(self, size):
        piece = super().take(size)
        pieces.append([len(pieces), None, *piece[:2]])
        return piece

    def give(self, start, end, slab):
        for piece in pieces:
            if piece[1:] == [None, start, end]:
                piece[1] = len(pieces)
        super().give(start, end, slab)


arena, pieces, marks, own = Watched(), [], [], 0
network, optimizer, step = training(lambda: marks.append(len(pieces)))
watched = Captured(step, [network, optimizer], arena)
watched(*batch(0))  # from Python; the next is recorded, and two are replayed
pieces.clear()
for number in (1, 2, 3):
    watched(*batch(number))
arena.bury()
asked, base = (
    sum(b - a for _, _, a, b in pieces),
    min(a for _, _, a, _ in pieces),
)
needed = max(b for _, _, _, b in pieces) - base
print(
    f"{len(pieces)} arrays of {asked / 1e6:.1f} MB together lie in {needed / 1e6:.1f} MB, {needed / asked:.0%}"
)
assert needed < 0.7 * asked
assert (
    len(marks) == 2
)  # our own line after forward: once from Python, once recorded

drawn_figure, (left, right) = figure(1, 2, width=10, height=4.4, sharey=True)
for n, end, a, b in pieces:
    look = {
        "facecolor": COLOURS["blue" if n < marks[-1] else "vermilion"],
        "edgecolor": "white",
        "linewidth": 0.3,
    }
    for axes, address in ((left, own), (right, a - base)):
        axes.broken_barh(
            [(n, (end or len(pieces)) - n)],
            (address / 1e6, (b - a) / 1e6),
            **look,
        )
    own += b - a
left.text(
    2, own / 1e6, "blue: made by forward\norange: made by backward", va="top"
)
left.set(
    title="a place for each array",
    ylabel="address, MB",
    xlabel="array, in the order of requests",
)
right.set(
    title="places of the dead are given again",
    xlabel="array, in the order of requests",
)
show(drawn_figure, "22_places")

# %% [markdown]
# Each bar is an array: as high as it is large, as long as it lives. Left is
# what the step asked for, right where it got it. Forward's long bars are what
# backward will read; the orange ones get the places of blue ones that are
# dead. No compiler worked this out: the step ran once, its arrays died when
# Python dropped them, and the list holds the addresses that came of it.
#
# ## What may not be captured
#
# Our own line after forward noted something in each step from Python, and in
# the one that was recorded; a replay does not know of it. Here that did no
# harm. Elsewhere it does. Five steps that multiply x by a number:
#
# - "looks" decides by its own result;
# - "Python number" reads a variable that changes, a warm-up factor for
#   instance;
# - "own generator" draws from a NumPy generator of its own;
# - "np.random" draws from NumPy's global one;
# - "array" is given the number as an array with one entry.
#
# **Predict:** in steps 1 to 5 the number is to be 1, 2, 3, 4, 5 (or drawn).
# Which step is refused, which is replayed and right, which is replayed and
# wrong, which is right because it is never replayed?

# %%
factor, generator = 0, np.random.default_rng(0)
STEPS = {
    "looks": lambda x, n: x * n if (x * n).sum().item() > 3 else x,
    "Python number": lambda x, n: x * factor,
    "own generator": lambda x, n: x * float(generator.random()),
    "np.random": lambda x, n: x * float(np.random.random()),
    "array": lambda x, n: x * n,
}
results = {}
for name, multiply in STEPS.items():
    captured, results[name] = ti.capture(multiply), []
    try:
        for factor in range(1, 6):
            results[name].append(
                captured(np.ones(1), np.array([float(factor)])).item()
            )
        print(
            f"{name:14} {' '.join(f'{r:.2f}' for r in results[name])}, recordings: {len(captured.recordings)}"
        )
    except CaptureError as error:
        print(f"{name:14} CaptureError: {str(error)[:76]}...")
assert (results["Python number"], results["array"]) == (
    [1, 2, 2, 2, 2],
    [1, 2, 3, 4, 5],
)
assert (
    len(set(results["own generator"])),
    len(set(results["np.random"])),
) == (2, 5)
assert results["looks"] == []

network, optimizer, step = training()
captured, sizes = ti.capture(step, network, optimizer), []
for optimizer.lr, optimizer.momentum in (
    (0.1, 0.9),
    (0.1, 0.9),
    (0.05, 0.9),
    (0.02, 0.9),
    (0.02, 0.8),
    (0.02, 0.8),
):
    captured(*batch(0))
    sizes.append(len(captured.recordings))
print(
    f"recordings after each step, lr falling, then another momentum: {sizes}"
)
assert sizes == [0, 1, 1, 1, 1, 2]

# %% [markdown]
# - **Looks** is refused, at its first call. The list has no branches: it is
#   one of two ways through the program, and in a replay nobody is there to
#   ask. What the engine can see, it does not allow.
# - **Python number** is replayed and wrong: 2, the number of the step that was
#   recorded, is *frozen*. An array in the list is an address, read anew in
#   each replay; a number is its value. Nothing in Python tells the engine that
#   a variable has been read, so there is no error. **Own generator** is the
#   same: the drawn number is frozen.
# - **np.random** is right. The recorder compares the global generators' state
#   before and after, and does not replay a step that has moved it; so nothing
#   is gained. Dropout's draws are launches, and are replayed.
# - **Array** is replayed and right. A number that changes from step to step is
#   an array of one number.
#
# That is why the optimiser's learning rate is one: it falls without a new
# recording. Momentum is a Python number, but one that the engine knows of: it
# belongs to the key under which a recording is kept, like shapes and the
# number of threads. With another momentum a step runs from Python first, and
# the next one is recorded anew.
#
# ## Take away
#
# - Of a training step remains a list of launches: functions, and places that
#   they read and write.
# - Replaying it gives the same bits, because nothing but the decisions has
#   been left out.
# - It saves about the same time at each batch size, so small batches gain
#   most.
# - Places of dead arrays are used again, in the same order each time. A plan
#   needs no more memory than the step.
# - Values are frozen, places are not. A step may not look at its numbers; what
#   changes comes in as an array.
#
# **Exercises:** `lessons/exercises/22_from_tape_to_plan.py`, checked by
# `tinyinception lesson 22 --check`.
#
# **Paper:** none of the Inception papers; their framework did this. Abadi et
# al., *TensorFlow: A System for Large-Scale Machine Learning* (2016), section
# 3; Chen et al., *Training Deep Nets with Sublinear Memory Cost* (2016),
# section 3, for places that are shared. In this package:
# `tinyinception/replay.py`.
