"""Sparse and blocked products against the dense one, each pair timed in the same moment, in turns.

One core, a layer of 512 x 512 weights on 28 x 28 cells. Lesson 6 shows the stored result and runs the same race itself.
Writes lessons/results/sparse_race.json; about half a minute, on an otherwise idle machine.
"""

import time
from collections.abc import Callable

import numba
import numpy as np

from tinyinception import kernels
from tinyinception.course.results import keep
from tinyinception.kernels.jit import kernel

SIDE, CELLS = 512, 28
DENSITY = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0]
GROUPS = [1, 2, 4, 8, 16, 32]


@kernel()
def sparse_product(values, columns, starts, x, out):
    """out = W x, for W in CSR: row i has values[starts[i]:starts[i + 1]] in these columns."""
    for i in numba.prange(len(starts) - 1):
        out[i] = 0
        for k in range(starts[i], starts[i + 1]):
            for b in range(x.shape[1]):
                out[i, b] += values[k] * x[columns[k], b]


def compressed(w: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three lists of CSR: values, columns, starts."""
    rows, columns = np.nonzero(w)
    starts = np.searchsorted(rows, np.arange(len(w) + 1))
    return w[rows, columns], columns.astype(np.int32), starts


def blocked(blocks: np.ndarray, x: np.ndarray) -> Callable:
    """Blocks along a diagonal times x: a 1x1 convolution with as many groups."""
    g, n, _ = blocks.shape
    pixels = np.ascontiguousarray(x.T).reshape(1, CELLS, CELLS, SIDE)
    weights = np.ascontiguousarray(blocks.transpose(2, 0, 1)).reshape(
        1, 1, n, g * n
    )
    return lambda: kernels.conv2d(pixels, weights, None, (1, 1), (0,) * 4, g)


def _checked(
    rng: np.random.Generator,
) -> tuple[Callable, list[Callable], list[Callable]]:
    """The dense product, the sparse ones, the blocked ones, each shown to give the right numbers."""
    w, x = (
        rng.standard_normal((SIDE, n), dtype=np.float32)
        for n in (SIDE, CELLS * CELLS)
    )
    chance, out = rng.random(w.shape), np.empty_like(x)
    sparse = []
    for density in DENSITY:
        thin = np.where(chance < density, w, np.float32(0))
        parts = compressed(thin)
        sparse_product(*parts, x, out)
        assert np.allclose(out, thin @ x, atol=1e-2)
        sparse.append(lambda parts=parts: sparse_product(*parts, x, out))
    blocks = []
    for groups in GROUPS:
        n = SIDE // groups
        diagonal = np.stack(
            [w[i * n : i * n + n, i * n : i * n + n] for i in range(groups)]
        )
        blocks.append(blocked(diagonal, x))
        ours = blocks[-1]().reshape(-1, SIDE).T
        assert np.allclose(ours[:n], diagonal[0] @ x[:n], atol=1e-2)
    return blocked(w[None], x), sparse, blocks


def _fastest(call: Callable) -> float:
    times = []
    for _ in range(2):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def run(rounds: int) -> dict:
    """Ratios of each product's time to that of the dense one, timed just before it; a list for each round."""
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        dense, sparse, blocks = _checked(np.random.default_rng(0))
        result: dict = {
            "density": DENSITY,
            "share": [1 / g for g in GROUPS],
            "scattered": [],
            "blocks": [],
        }
        for _ in range(rounds):
            for name, calls in (("scattered", sparse), ("blocks", blocks)):
                ratios = []
                for call in calls:
                    base = _fastest(dense)
                    ratios.append(_fastest(call) / base)
                result[name].append(ratios)
        return result | {"dense_ms": 1e3 * _fastest(dense)}
    finally:
        numba.set_num_threads(before)


def main() -> None:
    began = time.monotonic()
    result = run(rounds=15)
    for name in ("scattered", "blocks"):
        print(name, np.median(result[name], axis=0).round(3).tolist())
    print(keep("sparse_race", result, began))


if __name__ == "__main__":
    main()
