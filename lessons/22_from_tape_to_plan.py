# %% [markdown]
# # Lesson 22. From tape to plan: what a compiler does with a training step
#
# **Time:** 40 minutes. **Afterwards you know** what is left of a training step
# when Python is taken out of it, why that can be replayed on other numbers,
# where its arrays lie, and which steps must not be replayed.
#
# **You need:** lessons 1, 5 and 10; what a Python function and a NumPy array
# are.
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
# backward and update together?
#
# - (a) about 20
# - (b) between 100 and 400
# - (c) about 2,000
#
# <!-- answer: b
# a: seven units of three operations alone have 42, forward and backward.
# b: a unit has about eight forward, and about as many backward.
# c: nearly every launch goes over a whole array, so there are not that many.
# -->

# %%
import sys
from collections import Counter
from functools import partial
from timeit import timeit

import numpy as np

import tinyinception as ti
from tinyinception import nn
from tinyinception.course.files import folder, load
from tinyinception.data import drawn
from tinyinception.errors import CaptureError
from tinyinception.kernels import memory
from tinyinception.nn.functional import cross_entropy
from tinyinception.replay import Captured

plots = load(folder() / "plots" / "22_from_tape_to_plan.py")
pixels, labels = drawn.draw(256)
images = pixels.astype(np.float32) / 128 - 1


# %%
def batch(number, size=16):
    """Other images for each number."""
    return images[number * size :][:size], labels[number * size :][:size]


def training(after_forward=lambda: None):
    """A network, its optimiser, its step; each time from the same start."""
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


# %%
network, optimizer, step = training()
captured = ti.capture(step, network, optimizer)
for number in (0, 1):
    captured(*batch(number))
[recording] = captured.recordings
lines = str(recording).splitlines()
print("\n".join([*lines[:9], "  ...", *lines[-6:]]))
kernels = Counter(line.split()[1].strip("_") for line in lines)
print(f"{len(lines)} launches of {len(kernels)} kernels; most often:")
print(", ".join(f"{n} × {kernel}" for kernel, n in kernels.most_common(6)))

# %% tags=["hide-input"]
assert 50 < len(lines) < 1000 * kernels["sgd_step"] == 1000

# %% [markdown]
# Each line is a function and the shapes of the arrays that it reads and
# writes. The first ones are the first unit: the images get a margin, the
# convolution runs over them (`window_product`) and sums up mean and variance
# on its way, a few small launches make a scale and an offset of these, and
# `apply` does batch-norm and ReLU in one pass.
#
# The fifteen `window_product` are convolutions, forward and backward;
# `weight_product` makes the gradients of their kernels. The update is a single
# launch, `sgd_step`: all parameters lie in one array. (`note`, the last, only
# says that they have changed, so that no later backward reads new weights for
# old ones.) And look at what is **not** in the list: modules, shape checks,
# nodes, the walk. They decided what to launch, and are done.
#
# ## Replay
#
# An entry of the list is a function with its arrays; the arrays stand for
# *places*, at fixed addresses. So a replay is three lines: copy the new batch
# to where the recorded one stood, call everything, read the loss where it was
# written.
#
# **Predict:** we train two networks from the same start on eight batches, one
# from Python, one with these three lines. How far apart are their weights?
#
# - (a) the first digits agree
# - (b) all but the last digit, here and there
# - (c) they are equal to the last bit
#
# <!-- answer: c
# a: so far apart are networks with other batches.
# b: that happens where sums are added up in another order.
# c: the same functions read the same numbers in the same order.
# -->


# %%
def replay(recording, arrays):
    for place, array in zip(recording.inputs, arrays, strict=True):
        np.copyto(place, array)
    for call in recording.calls:
        call()
    return float(recording.result)


other, _, from_python = training()
for x, y in (batch(0), batch(1)):  # the other one has made these steps
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
# **Predict:** of the Python functions that a step from Python calls, how many
# does a replay call, guard included?
#
# - (a) about half
# - (b) about a tenth
# - (c) none
#
# <!-- answer: b
# a: most of them decide what to launch, and that is decided.
# b: the guard's, and those of a few operations.
# c: the guard is Python, too.
# -->


# %%
def python_calls(function):
    """How many Python functions are called while this one runs."""
    found = Counter()
    sys.setprofile(lambda frame, event, argument: found.update([event]))
    function()
    sys.setprofile(None)
    return found["call"]


print("images   calls from Python   calls replayed   time, ratio of medians")
for size in (1, 8, 32):
    x, y = batch(0, size)
    (_, _, slow), (network, optimizer, step) = training(), training()
    ways = (
        partial(slow, ti.Tensor(x), y),
        partial(ti.capture(step, network, optimizer), x, y),
    )
    for way in ways * 3:
        way()
    calls = [python_calls(way) for way in ways]
    # in turns, so that a busy minute meets both
    times = [[timeit(way, number=1) for way in ways] for _ in range(31)]
    ratio = np.median([slow / fast for slow, fast in times])
    print(f"{size:6} {calls[0]:19,} {calls[1]:16,} {ratio:22.2f}")
    assert calls[1] < calls[0] / 4

# %% [markdown]
# About a tenth. Python's calls are nearly the same for every batch, so the
# gain is largest where there is least arithmetic beside them: for small
# batches, and for many small layers. With large images it is hardly seen. The
# ratios depend on the machine, its threads, and what else it does in this
# minute; the calls do not.
#
# Some calls remain: the guard's, and those of a few operations that compute in
# plain NumPy and are called again as a whole.
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
# the same time?
#
# - (a) about a tenth
# - (b) about a half
# - (c) all of them
#
# <!-- answer: b
# a: backward reads what forward wrote, so much has to stay.
# b: backward's arrays get the places of forward's dead ones.
# c: then no array would die before the end of the step.
# -->


# %%
class Watched(memory.Arena):
    """Notes each piece: [from which request, to which, address, its end]."""

    def take(self, size):
        piece = super().take(size)
        pieces.append([len(pieces), None, *piece[:2]])
        return piece

    def give(self, start, end, slab):
        for piece in pieces:
            if piece[1:] == [None, start, end]:
                piece[1] = len(pieces)
        super().give(start, end, slab)


# %%
arena, pieces, marks = Watched(), [], []
network, optimizer, step = training(lambda: marks.append(len(pieces)))
watched = Captured(step, [network, optimizer], arena)
watched(*batch(0))  # from Python; the next is recorded, and two are replayed
pieces.clear()
for number in (1, 2, 3):
    watched(*batch(number))
arena.bury()
asked = sum(end - start for _, _, start, end in pieces)
base = min(start for _, _, start, _ in pieces)
needed = max(end for _, _, _, end in pieces) - base
print(f"{len(pieces)} arrays of {asked / 1e6:.1f} MB together", end=" ")
print(f"lie in {needed / 1e6:.1f} MB, {needed / asked:.0%}")

# %% tags=["hide-input"]
plots.places(pieces, marks[-1], base)
assert needed < 0.7 * asked
assert len(marks) == 2

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
# Which of the five is replayed, and wrong without an error?
#
# - (a) "looks" and "Python number"
# - (b) "np.random" and "array"
# - (c) "own generator" and "np.random"
# - (d) "Python number" and "own generator"
#
# <!-- answer: d
# a: "looks" is refused, with an error.
# b: an array is a place, and is read anew.
# c: the global generator is watched, so "np.random" is never replayed.
# d: both numbers are frozen in the recording.
# -->

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
            number = np.array([float(factor)])
            results[name].append(captured(np.ones(1), number).item())
        values = " ".join(f"{r:.2f}" for r in results[name])
        print(f"{name:14} {values}, recordings: {len(captured.recordings)}")
    except CaptureError as error:
        print(f"{name:14} CaptureError: {str(error)[:50]}...")

# %% tags=["hide-input"]
assert results["Python number"] == [1, 2, 2, 2, 2]
assert results["array"] == [1, 2, 3, 4, 5]
drawn_numbers = [set(results[n]) for n in ("own generator", "np.random")]
assert [len(numbers) for numbers in drawn_numbers] == [2, 5]
assert results["looks"] == []

# %%
network, optimizer, step = training()
captured, sizes = ti.capture(step, network, optimizer), []
settings = [(0.1, 0.9), (0.1, 0.9), (0.05, 0.9), (0.02, 0.9)]
for optimizer.lr, optimizer.momentum in [*settings, (0.02, 0.8), (0.02, 0.8)]:
    captured(*batch(0))
    sizes.append(len(captured.recordings))
print("recordings, lr falling, then another momentum:", sizes)
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
# - Of a training step remains a list of launches: functions and places.
# - Replaying it gives the same bits: only the decisions were left out.
# - It saves Python's calls, so small batches gain most.
# - Places of dead arrays are used again. A plan needs no more memory than the
#   step.
# - Values are frozen, places are not. A step may not look at its numbers; what
#   changes comes in as an array.
#
# **Exercises:** `lessons/exercises/22_from_tape_to_plan.py`, checked by
# `tinyinception lesson 22 --check`.
#
# **Paper:** Abadi et al., *TensorFlow* (2016), section 3; Chen et al.,
# *Training Deep Nets with Sublinear Memory Cost* (2016), section 3.
