"""The Inception papers made executable: exact, readable, and trained on a CPU with NumPy and Numba.

    import tinyinception as ti

    x = ti.Tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()

The rooms, such as `ti.nn`, `ti.models` and `ti.train`, are imported when they are first used, and so are Numba and
matplotlib: importing the package costs milliseconds and compiles nothing.
"""

from __future__ import annotations

from importlib import import_module

_ROOMS = ("count", "data", "errors", "export", "gradcheck", "kernels", "models", "nn", "ops", "optim", "plots",
          "tensor", "train", "weights")
_FROM_TENSOR = ("Hook", "Tensor", "concat", "no_grad", "observe")
_FROM_PLOTS = ("draw",)

__all__ = list(_ROOMS + _FROM_TENSOR + _FROM_PLOTS)


def __getattr__(name: str):
    if name in _FROM_TENSOR:
        return getattr(import_module("tinyinception.tensor"), name)
    if name in _FROM_PLOTS:
        return getattr(import_module("tinyinception.plots"), name)
    if name in _ROOMS:
        return import_module(f"tinyinception.{name}")
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("tinyinception")
        except PackageNotFoundError:
            return "unknown: not installed, running from its source"
    raise AttributeError(f"module 'tinyinception' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, "__version__"])
