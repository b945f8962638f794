"""Compilation on two cores. Numba compiles one function after the other, and at the first training step there are many.

So while this process compiles the kernels of forward, a second one compiles those of backward, and leaves them in
Numba's cache on disk. When backward is reached they are found there, as in every later process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Thread

import numpy as np

from tinyinception import kernels
from tinyinception.kernels.choice import LOWER, chosen


@cache
def backward_kernels(dtype: np.dtype) -> None:
    """Start the second process, once, where the cache is empty and a core is free. If it fails, nothing is lost."""
    python = None if getattr(sys, "frozen", False) else sys.executable  # a frozen program would start itself
    if kernels.by_twins() or chosen() in LOWER or dtype.kind != "f" or not python or _cores() < 2 or not _is_cold():
        return
    code = f"from {__name__} import compile_backward; compile_backward({dtype.name!r})"
    place = os.environ.get("NUMBA_CACHE_DIR")
    settings = {"NUMBA_NUM_THREADS": "1"} | ({"NUMBA_CACHE_DIR": os.path.abspath(place)} if place else {})
    options = {
        "cwd": Path(__file__).parents[2],
        "env": os.environ | settings,
        **dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL),
    }
    Thread(target=_run, args=([python, "-c", code], options), daemon=True).start()


def _run(command: list[str], options: dict) -> None:
    with suppress(OSError):
        subprocess.run(command, **options)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _is_cold() -> bool:
    """Whether there is a cache, and the largest kernel of backward is not in it."""
    kernels.prepare()
    from tinyinception.kernels.jit import is_cold
    from tinyinception.kernels.products import weight_product

    return is_cold(weight_product)


def compile_backward(dtype: str) -> None:
    """Call what backward and the optimiser call, in the order in which it is needed, on arrays just large enough."""
    from tinyinception.kernels import conv, norm, pointwise, pool, update, winograd
    from tinyinception.kernels.types import Found

    x, at = np.zeros((2, 32, 32, 32), dtype), ((1, 1), (1, 1, 1, 1))
    numbers, statistics = x[0, 0, 0], np.ones(32)
    conv.conv2d_weight_grad(x, x, (1, 1, 32, 32), (1, 1), (0, 0, 0, 0), 1)
    found = Found(statistics, statistics, statistics, np.zeros((3, 32), dtype))
    norm.batch_norm_grad(x, x, found, numbers, numbers, True, True)
    pool.avg_pool_grad(x, x.shape, (3, 3), *at, True)
    pointwise.add(x, x, x.copy())
    pool.max_pool_grad(x, np.zeros(x.shape, pool.winner_dtype(9)), x.shape, (3, 3), *at)
    conv.conv2d_weight_grad(x, x, (3, 3, 32, 32), *at, 1)
    weights = np.zeros((3, 3, 32, 32), dtype)
    winograd.turn_weights(weights, weights.copy(), 1)
    flat, one, finite = numbers.copy(), np.ones(1), np.ones(1, np.int64)
    update.sgd_step(flat, flat.copy(), flat.copy(), 0, one, one, finite, 0.9, True, 0.1)
