"""Exercises of lesson 1. Replace each `...`, then run `tinyinception lesson 1
--check`.

[1] is to fill in, [2] to build, [3] to think further, [open] has no check but
a discussion in `lessons/solutions`.
"""

import numpy as np


def quotient_pull(a, b, g):
    """[1] What the result a / b (numbers) sends back to its parents, as a
    tuple: the gradients of a and of b.

    g is the gradient of the result. quotient_pull(3.0, 2.0, 1.0) is (0.5,
    -0.75).
    """
    return ...


def bias_pull(g):
    """[1] The gradient of the bias in y = x + bias, for x of shape (rows,
    columns) and bias of shape (columns,).

    g is the gradient of y, a NumPy array of shape (rows, columns). The bias is
    used once in each row. bias_pull(np.ones((3, 2))) is [3, 3].
    """
    return ...


def exp(v, Value):
    """[2] Add the operation exp to Value: returns the Value of e^v, with its
    parents and its pull.

    v is a Value and Value the lesson's class, called as Value(data, parents,
    pull). v.data may be an array. Look at tanh in the lesson; np.exp computes
    e^v. For v.data = 0 the result's data is 1, and its pull(5.0) is (5.0,).
    """
    return ...


def relu(v, Value):
    """[2] Add the operation relu to Value: max(v, 0), number by number.

    Where v is 0 its gradient is 0, as in the package. For v.data =
    np.array([-1.0, 2.0]) the result's data is [0, 2], and its
    pull(np.array([5.0, 5.0])) is a tuple of one array, [0, 5].
    """
    return ...


def gradients(root):
    """[2] The gradients of all values that root was computed from, as a
    dictionary from name to gradient.

    Each value v has v.name, v.parents and v.pull, as in the lesson; values
    without parents have pull None. All names are different, and no gradient is
    stored anywhere yet: keep them in the dictionary. The root's own gradient
    is 1. For the diamond the answer is {"a": 24, "b": 12, "c": 1}.
    """
    return ...


def path_visits(uses):
    """[3] How many values a walk path by path visits in a chain v0 -> v1 ->
    ... -> vn, the last of which is the result.

    uses is a list of how often each value is used by the next one: [2, 2] is
    the diamond, [4, 4, 4] three modules of four branches. The result counts as
    visited once. path_visits([2, 2]) is 7.
    """
    return ...


def forward_or_backward():
    """[open] The lesson goes from the result back to the inputs. One could
    also go forwards.

    Carry along with each value how fast it changes with one chosen input: for
    r = v * w that is v' * w + v * w'. How many such passes would a network of
    a million weights and one loss need? And a function of one input with a
    million results? What must be kept in memory in each case? A discussion is
    in the solutions.
    """
