"""Batch-norm by moments that are given, of the kernels or of their twins."""


def batch_norm_eval(of, x, mean, var, gamma, beta, eps, relu):
    """y."""
    return of.batch_norm(x, gamma, beta, eps, relu, (mean, var))[0]
