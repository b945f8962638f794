"""Numba kernels on plain arrays, each with a readable NumPy twin of the same name in `kernels.reference`.

Nothing is imported or compiled before the first call. The twin computes instead of the kernel for complex arrays (the
complex step of gradcheck), when Numba is switched off with NUMBA_DISABLE_JIT=1, and in a forked child, to which the
parent's threads do not come along.

Convolution has a whole staircase from its definition to the fast kernel, in `kernels.stairs`. `with
kernels.using("im2col"):`, or the environment variable TINYINCEPTION_KERNELS, chooses the stair that computes. Where
Numba is switched off, the lower stairs run as plain Python.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import cache
from importlib import import_module

from tinyinception.kernels import choice, threads
from tinyinception.kernels.choice import using
from tinyinception.kernels.threads import in_turn, start

_FAMILY = {
    "conv2d": "conv",
    "conv2d_moments": "conv",
    "conv2d_norm": "conv",
    "conv2d_input_grad": "conv",
    "conv2d_weight_grad": "conv",
    "max_pool": "pool",
    "max_pool_grad": "pool",
    "avg_pool": "pool",
    "avg_pool_grad": "pool",
    "batch_norm": "norm",
    "batch_norm_eval": "norm",
    "batch_norm_again": "norm",
    "batch_norm_grad": "norm",
    "update_running": "norm",
    "local_response_norm": "lrn",
    "local_response_norm_grad": "lrn",
    "concat_channels": "concat",
    "slice_channels_grad": "concat",
    "axis_sums": "sums",
    "add": "pointwise",
    "relu": "pointwise",
    "relu_grad": "pointwise",
    "sgd_step": "update",
    "adam_step": "update",
    "rmsprop_step": "update",
    "sums_of_squares": "update",
    "scale": "update",
    "find_non_finite": "update",
    "follow": "update",
}
_compiled: dict[str, Callable] = {}
_twins: dict[str, Callable] = {}
_stairs: dict[str, Callable] = {}
__all__ = list(_FAMILY) + ["using"]

LARGE = 1 << 16  # elements; for fewer, NumPy is as fast as waking all cores
BLOCK = 1 << 13  # numbers of a flat array that are updated at a time, small enough to stay in a cache

JIT_DISABLED = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")  # Numba too reads it once


def by_twins() -> bool:
    """Whether no kernel can be launched in this process, so that the twins compute everything."""
    return JIT_DISABLED or threads.forked


def prepare() -> None:
    """Start what kernels need. Raises ArgumentError, naming the setting, where the environment asks for what cannot be.

    The first kernel does so too; whoever begins long work calls this before it, so that nothing is lost.
    """
    choice.chosen()
    if not by_twins():
        start()


def _dispatcher(name: str):
    convolution = _FAMILY[name] == "conv"

    def call(first, *args, **kwargs):
        lower = convolution and choice.chosen() in choice.LOWER
        probe = first[0] if isinstance(first, (list, tuple)) else first
        twin = (JIT_DISABLED and not lower) or threads.forked or probe.dtype.kind == "c"
        known = _twins if twin else _stairs if lower else _compiled
        function = known.get(name) or _load(name, known)
        return function(first, *args, **kwargs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"The kernel `{name}`, or its NumPy twin: see kernels/{_FAMILY[name]}.py and kernels/reference.py."
    return call


def _load(name: str, known: dict[str, Callable]) -> Callable:
    """Find a kernel, its twin, or a stair below it, when it is first called."""
    if known is _twins:
        if threads.forked:
            _warn_of_fork()
        _twins[name] = getattr(import_module(f"{__name__}.reference"), name)
        return _twins[name]
    layer = start()
    room = "stairs" if known is _stairs else _FAMILY[name]
    function = getattr(import_module(f"{__name__}.{room}"), name)
    known[name] = in_turn(function) if layer == "workqueue" else function
    return known[name]


@cache
def _warn_of_fork() -> None:
    warnings.warn(
        "this process was forked from one in which Numba had started OpenMP's threads, so the NumPy twins "
        "compute here, slowly; start processes with multiprocessing's method 'spawn', or fork before the "
        "first kernel",
        RuntimeWarning,
        stacklevel=4,
    )


globals().update({name: _dispatcher(name) for name in _FAMILY})
