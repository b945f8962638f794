# %% [markdown]
# # Lesson 1. Autograd by hand
#
# **Time:** 40 minutes. **Afterwards you know** what a tape is, why gradients
# are added and never assigned, and in which order backward visits the values.
#
# **You need:** lesson 0 (loss, gradient descent); the derivative and the chain
# rule from school; what a matrix product is.
#
# ## The question
#
# Three numbers: a = 3, b = a + a, c = b × b. How fast does c change with a? By
# hand: c = (2 a)^2 = 4 a^2, so dc/da = 8 a = 24. A program does not see the
# formula. It sees two operations, and has to get 24 from them. With twenty
# such steps instead of two, how much work may that be?

# %% [markdown]
# ## Nudge it
#
# The derivative says what happens to c when a changes a little.
#
# **Predict:** a becomes 3.001. By how much does c = 4 a^2 grow, about?
#
# - (a) 0.006
# - (b) 0.024
# - (c) 0.036
#
# <!-- answer: b
# a: that is how much b × b grows if only one of its two factors changes.
# b: 0.001 times the derivative, 24.
# c: c itself is 36; how fast it grows is another question.
# -->

# %%
import numpy as np

from tinyinception.course.files import folder, load
from tinyinception.tensor import Tensor

plots = load(folder() / "plots" / "01_autograd.py")


def c_of(a):
    b = a + a
    return b * b


print(f"c grows by {c_of(3.001) - c_of(3):.6f}")
print(f"divided by 0.001: {(c_of(3.001) - c_of(3)) / 0.001:.3f}")

# %% [markdown]
# ## The tape
#
# Nudging costs two computations of c for each input. A network has millions of
# inputs (its weights), so we want all derivatives at once. For that, each
# operation has to know only two things: which values it read (its *parents*),
# and how the gradient of its result becomes gradients of those.
#
# The [gradient](glossary.md#gradient) of a value v is dc/dv, where c is the
# one result at the end. If r = v × w, then a change of v by t changes r by
# w × t. So the gradient of v is w times the gradient of r.
#
# While it computes, each value keeps these two notes: its parents, and a
# function `pull` that takes the gradient of the value and returns one for each
# parent. (Books call `pull` a vector-Jacobian product.) The notes in the order
# of the computation are the *tape*.


# %%
class Value:
    """A number or an array, and how it was computed."""

    def __init__(self, data, parents=(), pull=None, name=""):
        self.data = np.asarray(data, float)
        self.parents = parents
        self.pull = pull
        self.name = name
        self.grad = np.zeros_like(self.data)

    def __add__(self, other):
        def pull(grad):
            return grad, grad

        return Value(self.data + other.data, (self, other), pull)

    def __mul__(self, other):
        def pull(grad):
            return grad * other.data, grad * self.data

        return Value(self.data * other.data, (self, other), pull)


# %% [markdown]
# **Predict:** what is `b.pull(1.0)`, for b = a + a?
#
# - (a) one number, 1
# - (b) one number, 2
# - (c) two numbers, 1 and 1
#
# <!-- answer: c
# a: b read a twice, so it has two parents, which happen to be the same.
# b: the sum is right, but b does not know that its two parents are one value.
# c: one for each parent; whoever calls pull has to add them up.
# -->


# %%
def diamond():
    """Two arrows from a to b and two from b to c."""
    a = Value(3, name="a")
    b = a + a
    c = b * b
    b.name, c.name = "b", "c"
    return a, b, c


a, b, c = diamond()
print("c.pull(1.0) gives", *c.pull(1.0))
print("b.pull(1.0) gives", *b.pull(1.0))

# %% [markdown]
# A value that is used in two places can change the result in two ways, and the
# two changes add up. This is the chain rule for several variables: dc/da is a
# sum over all uses of a.
#
# So gradients are added. But in which order do we go? Let us call what `pull`
# sends to one parent a *message*. Here are two ways that look right. Both
# start at c with gradient 1 and go down. The first assigns where it should
# add. The second adds, and at once hands on (pulls back to the parents) what a
# value has collected so far.


# %%
def assigning(node, log):
    """Wrong: the last message replaces those before it."""
    for use, part in enumerate(node.pull(node.grad)):
        parent = node.parents[use]
        parent.grad = part
        log.append((node.name, parent.name, use, part, parent.grad))
        if parent.pull:
            assigning(parent, log)


def at_once(node, log):
    """Wrong: hands on before all messages are there."""
    for use, part in enumerate(node.pull(node.grad)):
        parent = node.parents[use]
        parent.grad = parent.grad + part
        log.append((node.name, parent.name, use, part, parent.grad))
        if parent.pull:
            at_once(parent, log)


# %% [markdown]
# **Predict:** the right gradient of a is 24. What does each of them find?
#
# - (a) both 24
# - (b) assigning 6, at once 24
# - (c) assigning 6, at once 36
#
# <!-- answer: c
# a: try it with pencil and paper: in the first, each message wipes out one.
# b: the second hands on b's gradient twice, the second time with the first.
# c: the first keeps one of four ways from c to a; the second counts one twice.
# -->


# %%
def walked(walk):
    """The gradient of a, and all messages."""
    a, _, c = diamond()
    c.grad, log = np.ones(()), []
    walk(c, log)
    return float(a.grad), log


print("assigning: a.grad =", walked(assigning)[0])
print("at once:   a.grad =", walked(at_once)[0])
assert (walked(assigning)[0], walked(at_once)[0]) == (6, 36)

# %% [markdown]
# The first kept one of four ways from c to a. The second handed on b's
# gradient twice: first 6, then 6 + 6 = 12. The first 6 was counted twice.
#
# The cure is an order: **a value hands on its gradient once, when everything
# that used it has handed on its own.** Such an order is called *topological*:
# whoever used a value comes before it. To find it, visit the parents first and
# write a value down after them. Read backwards, every value comes before its
# parents.


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
        parts = node.pull(node.grad) if node.pull else ()
        for use, part in enumerate(parts):
            parent = node.parents[use]
            parent.grad = parent.grad + part
            if log is not None:
                log.append((node.name, parent.name, use, part, parent.grad))


# %%
x = Tensor(3.0, requires_grad=True)  # the package's own
c_of(x).backward()
print("topological: a.grad =", walked(backward)[0])
print("tinyinception says  ", x.grad)

# %% tags=["hide-input"]
assert walked(backward)[0] == x.grad == 24
plots.diamond(
    {
        "assigned: the last message wins": walked(assigning)[1],
        "added, but handed on at once": walked(at_once)[1],
        "added, and handed on when complete": walked(backward)[1],
    },
    "01_diamond",
)

# %% [markdown]
# (The number before a colon says when a message was sent.)
#
# ## Right, but slow
#
# A third simple walk is right: hand on at once, but only what has just
# arrived. It sums over all paths from c to a, one by one. With n doublings in
# a row, each value the one before plus itself, there are 2^n paths.
#
# **Predict:** with 20 doublings, how many values does it visit?
#
# - (a) 21
# - (b) about two million
#
# <!-- answer: b
# a: that is the topological walk, which visits each value once.
# b: 2^21 - 1: the value 20 steps down is visited once for each of 2^20 paths.
# -->


# %%
def doublings(n):
    first = last = Value(1)
    for _ in range(n):
        last = last + last
    return first, last


def path_by_path(node, grad):
    """Add grad to node and to all below it; returns the visits."""
    node.grad = node.grad + grad
    visits = 1
    for use, part in enumerate(node.pull(grad) if node.pull else ()):
        visits += path_by_path(node.parents[use], part)
    return visits


print(" n   gradient  visits by path  in topological order")
for n in (1, 2, 4, 8, 12):
    first, last = doublings(n)
    visits = path_by_path(last, 1.0)
    print(f"{n:2} {first.grad:10,g} {visits:15,} {len(order(last)):10}")
    assert visits == 2 ** (n + 1) - 1
print(f"20 {2**20:10,} {2**21 - 1:15,} {21:10}  (by the formula)")

# %% [markdown]
# Two million against 21. Networks are like this. An Inception module uses its
# input four times, and GoogLeNet has nine modules in a row: 4^9 = 262,144
# paths, each visited with arrays in place of numbers.
#
# ## Arrays
#
# The gradient of an array is an array of the same shape: for each element, how
# fast the result changes with it. For sums and products of arrays nothing
# changes, since they work element by element. A matrix product Y = X W needs
# a little thought. Take 2 × 2 matrices and write down one element:
#
# $$Y_{ij} = X_{i0} \times W_{0j} + X_{i1} \times W_{1j}$$
#
# (row i, column j; both count from 0). Which elements of Y contain W_01? Those
# of column j = 1: Y_01, with the factor X_00, and Y_11, with the factor X_10.
# With G for the gradient of Y, what comes back to W_01 is
#
# $$X_{00} \times G_{01} + X_{10} \times G_{11}$$
#
# That is column 0 of X times column 1 of G, which is the element in row 0 and
# column 1 of the matrix Xᵀ G (Xᵀ is X with rows and columns swapped). The
# same thought gives the gradient of X:
#
# $$\text{gradient of } W = X^T G$$
#
# $$\text{gradient of } X = G W^T$$


# %%
def matmul(x, w):
    def pull(grad):
        return grad @ w.data.T, x.data.T @ grad

    return Value(x.data @ w.data, (x, w), pull)


def tanh(x):
    t = np.tanh(x.data)  # its derivative is 1 - t * t

    def pull(grad):
        return (grad * (1 - t * t),)

    return Value(t, (x,), pull)


def total(x):
    def pull(grad):
        return (np.full(x.data.shape, grad),)

    return Value(x.data.sum(), (x,), pull)


# %% [markdown]
# That is enough for a network. It shall learn "one or the other, but not both"
# (XOR), which no weighted sum of the inputs can. The loss is the sum of
# squared errors. Our class has no subtraction, so we add the negative targets.
# `error` below is used twice, as b was.


# %%
def loss_of(u, v, inputs, negative_targets):
    """Two layers: tanh of weighted sums, then weighted sums of those."""
    if isinstance(u, Tensor):  # the package's, to compare
        error = (inputs @ u).tanh() @ v + negative_targets
        return (error * error).sum()
    error = matmul(tanh(matmul(inputs, u)), v) + negative_targets
    return total(error * error)


rng = np.random.default_rng(1)
INPUTS = np.array([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], float)
TARGETS = np.array([[0], [1], [1], [0]], float)
start = rng.standard_normal((3, 8)), rng.standard_normal((8, 1))
mine = [Value(array) for array in start]
theirs = [Tensor(array, requires_grad=True) for array in start]
backward(loss_of(*mine, Value(INPUTS), Value(-TARGETS)))
loss_of(*theirs, Tensor(INPUTS), Tensor(-TARGETS)).backward()
for name, ours, other in zip("UV", mine, theirs, strict=True):
    gap = np.abs(ours.grad - other.grad).max()
    print(f"gradient of {name}: {gap:.0e} from tinyinception's")
    assert gap < 1e-12

# %% [markdown]
# The third input is always 1, so its weight is a *bias*, a number that is
# added. Now [gradient descent](glossary.md#gradient-descent), as in lesson 0:
# take from each weight a little of its gradient, 1,000 times. We start from
# five sets of random weights.

# %%
for seed in range(5):
    rng = np.random.default_rng(seed)
    u, v = rng.standard_normal((3, 8)), rng.standard_normal((8, 1))
    for step in range(1000):
        values = Value(u), Value(v)
        loss = loss_of(*values, Value(INPUTS), Value(-TARGETS))
        backward(loss)
        u = u - 0.05 * values[0].grad
        v = v - 0.05 * values[1].grad
        if step == 0:
            first = float(loss.data)
    print(f"seed {seed}: the loss falls from {first:5.2f} to {loss.data:.0e}")
    assert loss.data < 0.1

# %% [markdown]
# ## Take away
#
# - An operation has to know its parents and how to pull a gradient back. The
#   rest is a walk over the graph.
# - A value used twice gets the sum of what comes back. Assigning is wrong, and
#   no error tells you.
# - Handing on too early is wrong (36 for 24). Path by path is right, and takes
#   2^n steps.
# - In topological order each value hands on once, when its gradient is
#   complete. The package does so too (`walk` in `tinyinception/tape.py`).
#
# Lesson 2 asks how you would notice that such a gradient is wrong.
#
# **Exercises:** `lessons/exercises/01_autograd.py`, checked by
# `tinyinception lesson 1 --check`. Two of them add operations to `Value`.
#
# **Paper:** the method is reverse-mode differentiation: Linnainmaa (1970);
# Rumelhart, Hinton and Williams, *Learning representations by back-propagating
# errors* (1986). Figure 2(b) of *Going Deeper with Convolutions* is a module
# whose input is used four times.
