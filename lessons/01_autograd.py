# %% [markdown]
# # Lesson 1. Autograd in 100 lines
#
# **Time:** 30 minutes. **Afterwards you know** what a tape is, why gradients
# are added and never assigned, and what goes wrong when backward visits the
# graph in another order than the topological one.
#
# ## The question
#
# Three numbers: a = 3, b = a + a, c = b \* b. How fast does c change with a?
# By hand: c = (2a)^2 = 4 a^2, so dc/da = 8a = 24. A program does not see the
# formula. It sees two operations, and has to get 24 from them. With twenty
# such steps instead of two, how much work may that be?

# %% [markdown]
# ## The tape
#
# The chain rule needs little from each operation: which values it read, and
# how the gradient of its result becomes gradients of those. The *gradient* of
# a value v is dc/dv, c being the one result at the end. If r = v w, then a
# change of v by t changes r by w t, so the gradient of v is w times that of r.
#
# So while it computes, each value keeps two notes: its parents, and a function
# `pull` that turns the gradient of the value into one for each parent. These
# notes, in the order of the computation, are called the *tape*.
#
# **Predict:** what is `b.pull(1.0)`, for b = a + a? One number or two?

# %%
from functools import partial, reduce

import numpy as np

from tinyinception.course import COLOURS, figure, show
from tinyinception.tensor import Tensor


class Value:
    """A number or an array, and how it was computed."""

    def __init__(self, data, parents=(), pull=None, name=""):
        self.data, self.parents, self.pull, self.name = (
            np.asarray(data, float),
            parents,
            pull,
            name,
        )
        self.grad = np.zeros_like(self.data)

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), lambda g: (g, g))

    def __mul__(self, other):
        return Value(
            self.data * other.data,
            (self, other),
            lambda g: (g * other.data, g * self.data),
        )

    def __matmul__(self, other):
        return Value(
            self.data @ other.data,
            (self, other),
            lambda g: (g @ other.data.T, self.data.T @ g),
        )

    def tanh(self):
        t = np.tanh(self.data)
        return Value(t, (self,), lambda g: (g * (1 - t * t),))

    def sum(self):
        return Value(
            self.data.sum(), (self,), lambda g: (np.full(self.data.shape, g),)
        )


def diamond():
    a = Value(3.0, name="a")
    b = a + a
    c = b * b
    b.name, c.name = "b", "c"
    return a, b, c


a, b, c = diamond()
print(
    f"c = {c.data:g}; c.pull(1) = {[float(g) for g in c.pull(1.0)]}; b.pull(1) = {[float(g) for g in b.pull(1.0)]}"
)
assert c.data == 36
assert (c.pull(1.0), b.pull(1.0)) == ((6, 6), (1, 1))

# %% [markdown]
# Two: b read a twice, so it has two parents that happen to be the same value.
# A value that is used in two places can change the result in two ways, and the
# two changes add up. This is the sum in the chain rule of several variables:
#
#     dc/da = sum over all uses of a of   dc/d(result of that use) * d(result)/da
#
# So gradients are added. But in which order do we walk? Here are two ways that
# look right. Both start at c with gradient 1 and call `pull` as they go. The
# first assigns where it should add. The second adds, and hands on at once what
# a value has collected so far.
#
# **Predict:** what does each of them find for the gradient of a? The right
# answer is 24.


# %%
def naive(node, log, add):
    for use, (parent, part) in enumerate(
        zip(node.parents, node.pull(node.grad), strict=True)
    ):
        parent.grad = parent.grad + part if add else part
        log.append((node.name, use, float(part)))
        if parent.pull:
            naive(parent, log, add)


assigning, at_once = partial(naive, add=False), partial(naive, add=True)


def walked(walk):
    """The gradients of a and b, and every message that was sent: (from, by which use, how much)."""
    a, b, c = diamond()
    c.grad, log = np.ones(()), []
    walk(c, log)
    return float(a.grad), float(b.grad), log


print(
    f"assigning: a.grad = {walked(assigning)[0]:g}; at once: a.grad = {walked(at_once)[0]:g}"
)
assert (walked(assigning)[0], walked(at_once)[0]) == (6, 36)

# %% [markdown]
# Neither is right: 6 and 36. The first kept one of four ways from c to a. The
# second handed on b's gradient twice: first 6, then 6 + 6 = 12, of which the
# first 6 had been handed on already.
#
# The cure is an order: **a value hands on its gradient once, when everything
# that used it has handed on its own.** Such an order is called *topological*.
# It is found by going down to the parents first and writing a value down after
# them; reversed, every value comes before its parents.


# %%
def order(root):
    """All values that root was computed from, each after its parents."""
    seen, found = set(), []

    def visit(node):
        if id(node) not in seen:
            seen.add(id(node))
            for parent in node.parents:
                visit(parent)
            found.append(node)

    visit(root)
    return found


def backward(root, log=None):
    root.grad = np.ones_like(root.data)
    for node in reversed(order(root)):
        if node.pull:
            for use, (parent, part) in enumerate(
                zip(node.parents, node.pull(node.grad), strict=True)
            ):
                parent.grad = parent.grad + part
                if log is not None:
                    log.append((node.name, use, float(part)))


x = Tensor(3.0, requires_grad=True)  # the package's own
y = x + x
(y * y).backward()
print(
    f"topological: a.grad = {walked(backward)[0]:g}; tinyinception says {x.grad:g}"
)
assert walked(backward)[0] == x.grad == 24

# %% [markdown]
# The three walks side by side. Arrows carry gradients backwards, from right to
# left; the small numbers in circles say in which order they were sent.

# %%
AT, MIDDLE = {"a": 0.6, "b": 3.6, "c": 6.6}, {"ha": "center", "va": "center"}
BOX, CIRCLE = (
    {"boxstyle": f"{shape},pad=0.4", "facecolor": fill}
    for shape, fill in (("round", "#d8e6f3"), ("circle", "white"))
)
TITLES = {
    assigning: "assigned: the last message wins",
    at_once: "added, but handed on at once",
    backward: "added, and handed on in topological order",
}
drawn, axes = figure(3, 1, height=6.3)
for ax, (walk, title) in zip(axes, TITLES.items(), strict=True):
    a_grad, b_grad, log = walked(walk)
    ax.set(xlim=(0, 9.6), ylim=(-1.1, 1.1), title=title)
    ax.axis("off")
    for name, formula, grad in (
        ("a", "a = 3", a_grad),
        ("b", "b = a + a", b_grad),
        ("c", "c = b * b", 1),
    ):
        ax.text(
            AT[name], 0, f"{formula}\ngradient {grad:g}", **MIDDLE, bbox=BOX
        )
    for sender, receiver in (("c", "b"), ("b", "a")):
        for use in (0, 1):
            sent = [
                (i, part)
                for i, (name, slot, part) in enumerate(log, 1)
                if (name, slot) == (sender, use)
            ]
            side = 1 - 2 * use
            arrow = {
                "arrowstyle": "-|>",
                "connectionstyle": f"arc3,rad={0.25 * side}",
                "color": COLOURS["grey"],
            }
            ax.annotate(
                "",
                (AT[receiver] + 0.75, 0.2 * side),
                (AT[sender] - 0.75, 0.2 * side),
                arrowprops=arrow,
            )
            for k, (i, part) in enumerate(sent):
                at = (AT[sender] + AT[receiver]) / 2 + 0.9 * (
                    k - (len(sent) - 1) / 2
                )
                ax.text(
                    at - 0.2, 0.8 * side, i, **MIDDLE, fontsize=8, bbox=CIRCLE
                )
                ax.text(
                    at + 0.1, 0.8 * side, f"{part:g}", **MIDDLE, weight="bold"
                )
    ax.text(
        8.6,
        0,
        f"dc/da = {a_grad:g}\n{'right' if a_grad == 24 else 'wrong: it is 24'}",
        **MIDDLE,
        fontsize=11,
        weight="bold",
        color=COLOURS["blue" if a_grad == 24 else "vermilion"],
    )
show(drawn, "01_diamond")

# %% [markdown]
# ## Right, but slow
#
# There is a third naive walk: hand on at once, but only what has just arrived.
# It is right, since it sums over all paths from c to a, one by one. With n
# diamonds in a row, each value the double of the one before, there are 2^n
# paths.
#
# **Predict:** for n = 20 doublings, how many values does the walk over paths
# visit, and how many the topological one?


# %%
def doublings(n):
    first = Value(1.0)
    return first, reduce(lambda v, _: v + v, range(n), first)


def path_by_path(node, grad):
    """Add grad to node and to all below it; returns how many values were visited, each as often as it was."""
    node.grad = node.grad + grad
    parts = node.pull(grad) if node.pull else ()
    return 1 + sum(
        path_by_path(parent, part)
        for parent, part in zip(node.parents, parts, strict=True)
    )


print(" n   gradient  visits by path  in topological order")
for n in (1, 2, 4, 8, 12):
    first, last = doublings(n)
    visits = path_by_path(last, np.ones(()))
    print(f"{n:2} {first.grad:10,g} {visits:15,} {len(order(last)):21}")
    assert (float(first.grad), visits, len(order(last))) == (
        2**n,
        2 ** (n + 1) - 1,
        n + 1,
    )
print(
    f"20 {2**20:10,} {2**21 - 1:15,} {len(order(doublings(20)[1])):21}   by the formula 2^(n+1) - 1"
)
assert 2**21 - 1 == 2_097_151

# %% [markdown]
# Two million against 21. This is no far-fetched case: an Inception module uses
# its input four times, one for each branch, and GoogLeNet has nine modules in
# a row. That is 4^9 = 262,144 paths through the branches, each visited with
# arrays instead of numbers.
#
# The package walks in topological order too, or it would not come back from 60
# doublings. The one walk to read is `walk` in `tinyinception/tape.py`: each
# node once, after all gradients that reach it have been added up. (What trains
# is the walk in `fast.py`, which finds the same bits with fewer arrays.)

# %%
x = Tensor(1.0, requires_grad=True)
reduce(lambda v, _: v + v, range(60), x).backward()
print(f"tinyinception, 60 doublings: gradient {x.grad:,.0f}")
assert x.grad == 2**60
assert 4**9 == 262_144

# %% [markdown]
# ## Arrays
#
# Nothing above was about single numbers only: `pull` of an addition or a
# product holds element by element, and for matrices Y = X W, with the gradient
# G of Y,
#
#     gradient of X = G W^T        gradient of W = X^T G
#
# (write out one element of Y, and see which of them an element of W takes part
# in). That is enough for a network. It learns "one or the other, but not both"
# (XOR), which no linear function can. Its loss is the sum of squared errors.
#
# **Predict:** W below is used twice, in two layers. Are the two contributions
# to its gradient kept apart, averaged or added?

# %%
rng = np.random.default_rng(1)
inputs = np.array(
    [[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], float
)  # the last column is the bias
targets = np.array([[0], [1], [1], [0]], float)
start = {
    "U": rng.standard_normal((3, 8)),
    "W": rng.standard_normal((8, 8)) / 3,
    "v": rng.standard_normal((8, 1)),
}


def loss_of(p, wrap):
    h = (((wrap(inputs) @ p["U"]).tanh() @ p["W"]).tanh() @ p["W"]).tanh()
    error = h @ p["v"] + wrap(-targets)
    return (error * error).sum()


mine = {name: Value(array) for name, array in start.items()}
theirs = {
    name: Tensor(array, requires_grad=True) for name, array in start.items()
}
backward(loss_of(mine, Value))
loss_of(theirs, Tensor).backward()
assert all(
    np.abs(mine[name].grad - theirs[name].grad).max() < 1e-12 for name in start
)
print("the gradients of U, W and v are tinyinception's to 12 digits")

first = float(loss_of(mine, Value).data)
for _ in range(300):
    p = {name: Value(array) for name, array in start.items()}
    loss = loss_of(p, Value)
    backward(loss)
    start = {name: value.data - 0.05 * value.grad for name, value in p.items()}
print(f"XOR: the loss falls from {first:.2f} to {loss.data:.1e} in 300 steps")
assert loss.data < 0.01

# %% [markdown]
# Added: W is a diamond of arrays.
#
# One thing our 60 lines do worse than the package. `order` calls itself once
# for each value on the longest path, and Python allows about a thousand calls
# inside one another. The package keeps its own stack instead (`topological` in
# `tinyinception/tape.py`, 15 lines).


# %%
def chain(x):
    """x + x + ... + x, one addition after the other."""
    return reduce(lambda v, _: v + x, range(50_000), x)


x = Tensor(1.0, requires_grad=True)
chain(x).backward()
print(
    f"a chain of 50,000 additions: tinyinception finds the gradient {x.grad:,.0f}"
)
assert x.grad == 50_001
try:
    order(chain(Value(1.0)))
    raise AssertionError("50,000 nested calls should not fit")
except RecursionError:
    print("and our own walk overflows Python's stack")

# %% [markdown]
# ## Take away
#
# - An operation has to know its parents and how to pull a gradient back. The
#   graph is all the rest.
# - A value used twice gets the sum of what comes back. Assigning instead of
#   adding is wrong, and no error tells you.
# - Handing on too early is wrong (36 for 24); handing on path by path is
#   right, and takes 2^n steps.
# - In topological order each value hands on once, when its gradient is
#   complete.
#
# **Exercises:** `lessons/exercises/01_autograd.py`, checked by `tinyinception
# lesson 1 --check`.
#
# **Paper:** the method is reverse-mode differentiation: Linnainmaa (1970);
# Rumelhart, Hinton and Williams, *Learning representations by back-propagating
# errors* (1986). Figure 2(b) of *Going Deeper with Convolutions* is a module
# whose input is used four times.
