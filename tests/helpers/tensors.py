"""Tensors that tests of the engine and of operators share."""

import numpy as np

from tinyinception.tensor import Tensor


def leaf(*shape, seed=0, low=0.5, high=1.5):
    """A float64 leaf away from the zeros of log and division."""
    return Tensor(np.random.default_rng(seed).uniform(low, high, shape), requires_grad=True)
