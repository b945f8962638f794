"""Solutions of lesson 10."""

import numpy as np


def normalise(x, gamma, beta, eps):
    """Statistics over the values, per channel; the variance is the biased one."""
    return gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps) + beta


def input_gradient(x, gamma, eps, g):
    """Without what would shift or stretch all values together."""
    root = np.sqrt(x.var(axis=0) + eps)
    n = (x - x.mean(axis=0)) / root
    return gamma / root * (g - g.mean(axis=0) - n * (g * n).mean(axis=0))


def fold(weight, bias, gamma, beta, mean, var, eps):
    """In evaluation batch-norm multiplies and adds constants, and a linear layer can do that itself."""
    scale = gamma / np.sqrt(var + eps)
    return weight * scale, (bias - mean) * scale + beta
