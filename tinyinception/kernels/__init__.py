"""Numba kernels on plain arrays, each with a readable NumPy twin of the same name in `kernels.reference`.

Numba is not imported, and nothing compiled, before the first call. The twin computes instead of the kernel for complex
arrays (the complex step of gradcheck), when Numba is switched off with NUMBA_DISABLE_JIT=1, and in a forked child, to
which the parent's threads do not come along.

Convolution has a whole staircase from its definition to the fast kernel, in `kernels.stairs`. `with
kernels.using("im2col"):`, or the environment variable TINYINCEPTION_KERNELS, chooses the stair that computes. Where
Numba is switched off, the lower stairs run as plain Python.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from functools import cache, wraps
from importlib import import_module
from typing import TypeVar, cast

from tinyinception.kernels import choice, reference, threads
from tinyinception.kernels.choice import using
from tinyinception.kernels.threads import in_turn, start

Twin = TypeVar("Twin", bound=Callable)
_compiled: dict[str, Callable] = {}
_stairs: dict[str, Callable] = {}


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


def _dispatched(twin: Twin, room: str) -> Twin:
    """The kernel of that name in a module of this room, or its twin, with the twin's signature."""
    name = twin.__name__

    @wraps(twin, assigned=("__name__", "__qualname__", "__doc__"))
    def call(first, *args, **kwargs):
        lower = room == "conv" and choice.chosen() in choice.LOWER
        probe = first[0] if isinstance(first, (list, tuple)) else first
        if (JIT_DISABLED and not lower) or threads.forked or probe.dtype.kind == "c":
            if threads.forked:
                _warn_of_fork()
            return twin(first, *args, **kwargs)
        known = _stairs if lower else _compiled
        function = known.get(name) or _load(name, "stairs" if lower else room, known)
        return function(first, *args, **kwargs)

    return cast(Twin, call)


def _load(name: str, room: str, known: dict[str, Callable]) -> Callable:
    """Find a kernel, or a stair below it, when it is first called."""
    layer = start()
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
        stacklevel=3,
    )


conv2d = _dispatched(reference.conv2d, "conv")
conv2d_moments = _dispatched(reference.conv2d_moments, "conv")
conv2d_norm = _dispatched(reference.conv2d_norm, "conv")
conv2d_input_grad = _dispatched(reference.conv2d_input_grad, "conv")
conv2d_weight_grad = _dispatched(reference.conv2d_weight_grad, "conv")
max_pool = _dispatched(reference.max_pool, "pool")
max_pool_grad = _dispatched(reference.max_pool_grad, "pool")
avg_pool = _dispatched(reference.avg_pool, "pool")
avg_pool_grad = _dispatched(reference.avg_pool_grad, "pool")
batch_norm = _dispatched(reference.batch_norm, "norm")
batch_norm_again = _dispatched(reference.batch_norm_again, "norm")
batch_norm_grad = _dispatched(reference.batch_norm_grad, "norm")
update_running = _dispatched(reference.update_running, "norm")
local_response_norm = _dispatched(reference.local_response_norm, "lrn")
local_response_norm_grad = _dispatched(reference.local_response_norm_grad, "lrn")
concat_channels = _dispatched(reference.concat_channels, "concat")
slice_channels_grad = _dispatched(reference.slice_channels_grad, "concat")
axis_sums = _dispatched(reference.axis_sums, "sums")
add = _dispatched(reference.add, "pointwise")
relu = _dispatched(reference.relu, "pointwise")
relu_grad = _dispatched(reference.relu_grad, "pointwise")
gelu = _dispatched(reference.gelu, "pointwise")
gelu_grad = _dispatched(reference.gelu_grad, "pointwise")
sgd_step = _dispatched(reference.sgd_step, "update")
adam_step = _dispatched(reference.adam_step, "update")
rmsprop_step = _dispatched(reference.rmsprop_step, "update")
sums_of_squares = _dispatched(reference.sums_of_squares, "update")
scale = _dispatched(reference.scale, "update")
find_non_finite = _dispatched(reference.find_non_finite, "update")
follow = _dispatched(reference.follow, "update")

__all__ = [
    "adam_step",
    "add",
    "avg_pool",
    "avg_pool_grad",
    "axis_sums",
    "batch_norm",
    "batch_norm_again",
    "batch_norm_grad",
    "concat_channels",
    "conv2d",
    "conv2d_input_grad",
    "conv2d_moments",
    "conv2d_norm",
    "conv2d_weight_grad",
    "find_non_finite",
    "follow",
    "gelu",
    "gelu_grad",
    "local_response_norm",
    "local_response_norm_grad",
    "max_pool",
    "max_pool_grad",
    "relu",
    "relu_grad",
    "rmsprop_step",
    "scale",
    "sgd_step",
    "slice_channels_grad",
    "sums_of_squares",
    "update_running",
    "using",
]
