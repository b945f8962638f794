"""Numba kernels on plain arrays, each with a readable NumPy twin of the same name in `kernels.reference`.

Nothing is imported or compiled before the first call. The twin computes instead of the kernel for complex arrays (the
complex step of gradcheck) and when Numba is switched off with NUMBA_DISABLE_JIT=1.
"""

from __future__ import annotations

import os
from importlib import import_module
from types import ModuleType

_FAMILY = {
    "conv2d": "conv", "conv2d_moments": "conv", "conv2d_norm": "conv",
    "conv2d_input_grad": "conv", "conv2d_weight_grad": "conv",
    "max_pool": "pool", "max_pool_grad": "pool", "avg_pool": "pool", "avg_pool_grad": "pool",
    "batch_norm": "norm", "batch_norm_eval": "norm", "batch_norm_again": "norm", "batch_norm_grad": "norm",
    "local_response_norm": "lrn", "local_response_norm_grad": "lrn",
    "concat_channels": "concat", "slice_channels_grad": "concat",
    "axis_sums": "sums", "add": "pointwise", "relu": "pointwise", "relu_grad": "pointwise",
}
_loaded: dict[str, ModuleType] = {}
__all__ = list(_FAMILY)

LARGE = 1 << 16  # elements; for fewer, NumPy is as fast as waking all cores

JIT_DISABLED = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")  # Numba too reads it once


def _dispatcher(name: str):
    def call(first, *args, **kwargs):
        probe = first[0] if isinstance(first, (list, tuple)) else first
        family = "reference" if JIT_DISABLED or probe.dtype.kind == "c" else _FAMILY[name]
        if family not in _loaded:
            _loaded[family] = import_module(f"{__name__}.{family}")
        return getattr(_loaded[family], name)(first, *args, **kwargs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"The kernel `{name}`, or its NumPy twin: see kernels/{_FAMILY[name]}.py and kernels/reference.py."
    return call


globals().update({name: _dispatcher(name) for name in _FAMILY})
