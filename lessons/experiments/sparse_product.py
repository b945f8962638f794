"""Seconds of a sparse matrix product over those of the dense one, by the share of weights that are left.

One core each, a layer of 512 x 512 weights on 28x28 cells, taken in turns, 15 rounds; ratios of the same round. For
claim 44 and lesson 6. Run it: python lessons/experiments/sparse_product.py (a minute).
"""

import time

import numba
import numpy as np

from tinyinception import kernels
from tinyinception.course.results import keep
from tinyinception.kernels.jit import kernel

DENSITY = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]
SIDE, CELLS, ROUNDS = 512, 28, 15


@kernel()
def sparse_product(values, columns, starts, x, out):
    """out = W x, for W in rows of (value, column): row i has values[starts[i]:starts[i + 1]]."""
    for i in numba.prange(len(starts) - 1):
        out[i] = 0
        for k in range(starts[i], starts[i + 1]):
            for b in range(x.shape[1]):
                out[i, b] += values[k] * x[columns[k], b]


def compressed(w):
    """The parts of a matrix that sparse_product takes."""
    rows, columns = np.nonzero(w)
    starts = np.searchsorted(rows, np.arange(len(w) + 1))
    return w[rows, columns], columns.astype(np.int32), starts


def seconds(call):
    """The fastest of three calls."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def main():
    began, rng = time.monotonic(), np.random.default_rng(0)
    numba.set_num_threads(1)
    w = rng.standard_normal((SIDE, SIDE), dtype=np.float32)
    x = rng.standard_normal((SIDE, CELLS * CELLS), dtype=np.float32)
    out, chance = np.empty_like(x), rng.random(w.shape)
    pixels = np.ascontiguousarray(x.T).reshape(1, CELLS, CELLS, SIDE)
    weights = np.ascontiguousarray(w.T).reshape(1, 1, SIDE, SIDE)
    thinned = [
        np.where(chance < density, w, np.float32(0)) for density in DENSITY
    ]
    parts = [compressed(thin) for thin in thinned]
    for part, thin in zip(parts, thinned, strict=True):
        sparse_product(*part, x, out)
        assert np.allclose(out, thin @ x, atol=1e-2)

    def dense():
        return kernels.conv2d(pixels, weights, None, (1, 1), (0,) * 4, 1)

    assert np.allclose(dense().reshape(-1, SIDE).T, w @ x, atol=1e-2)
    ratios = [[] for _ in DENSITY]
    for _ in range(ROUNDS):
        for found, part in zip(ratios, parts, strict=True):
            found.append(
                seconds(lambda part=part: sparse_product(*part, x, out))
                / seconds(dense)
            )
    result = {
        "size": [SIDE, SIDE, CELLS * CELLS],
        "density": DENSITY,
        "sparse_over_dense": ratios,
    }
    for density, found in zip(DENSITY, ratios, strict=True):
        print(
            f"{density:6.1%}  {np.median(found):.2f}  ({min(found):.2f} to {max(found):.2f})"
        )
    print(keep("sparse_product", result, began))


if __name__ == "__main__":
    main()
