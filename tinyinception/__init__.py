"""The Inception papers made executable: exact, readable, and trained on a CPU with NumPy and Numba.

    import tinyinception as ti

    x = ti.Tensor([1.0, 2.0], requires_grad=True)
    (x * x).sum().backward()
    print(ti.summary("inception_v3"))

The rooms, such as `ti.nn`, `ti.models` and `ti.train`, are imported when they are first used, and so are Numba and
matplotlib: importing the package costs milliseconds and compiles nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what __getattr__ below finds when it is asked for, said to editors and type checkers
    from tinyinception import (
        count,
        data,
        errors,
        export,
        gradcheck,
        judge,
        kernels,
        models,
        nn,
        ops,
        optim,
        plots,
        studies,
        tensor,
        train,
        weights,
    )
    from tinyinception.count.summary import compare, summary
    from tinyinception.gradcheck import check
    from tinyinception.models import build, create_model, list_models
    from tinyinception.nn.random import manual_seed
    from tinyinception.plots import draw, draw_graph
    from tinyinception.replay import capture
    from tinyinception.tensor import Hook, Tensor, concat, no_grad, observe
    from tinyinception.weights import load_weights

    __version__: str

__all__ = [
    "Hook",
    "Tensor",
    "build",
    "capture",
    "check",
    "compare",
    "concat",
    "count",
    "create_model",
    "data",
    "draw",
    "draw_graph",
    "errors",
    "export",
    "gradcheck",
    "judge",
    "kernels",
    "list_models",
    "load_weights",
    "manual_seed",
    "models",
    "nn",
    "no_grad",
    "observe",
    "ops",
    "optim",
    "plots",
    "studies",
    "summary",
    "tensor",
    "train",
    "weights",
]

# The names that are no rooms, by the room they come from.
_FROM = {
    "count": ("compare", "summary"),
    "gradcheck": ("check",),
    "models": ("build", "create_model", "list_models"),
    "nn.random": ("manual_seed",),
    "plots": ("draw", "draw_graph"),
    "replay": ("capture",),
    "tensor": ("Hook", "Tensor", "concat", "no_grad", "observe"),
    "weights": ("load_weights",),
}
_ROOM_OF = {name: room for room, names in _FROM.items() for name in names}

if not TYPE_CHECKING:

    def __getattr__(name: str):
        if name in _ROOM_OF:
            return getattr(import_module(f"tinyinception.{_ROOM_OF[name]}"), name)
        if name in __all__:
            return import_module(f"tinyinception.{name}")
        if name == "__version__":
            from importlib.metadata import PackageNotFoundError, version

            try:
                return version("tinyinception")
            except PackageNotFoundError:
                return "unknown: not installed, running from its source"
        from tinyinception.habits import not_there  # no `from tinyinception import`, which comes here first
        from tinyinception.remedies import TOP

        raise not_there("tinyinception", name, TOP)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"} - {"TYPE_CHECKING", "annotations", "import_module"})
