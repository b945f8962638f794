"""Three ways to halve a grid: what each costs, and where its narrowest place is."""

from __future__ import annotations

from typing import Any

from tinyinception.site.explorer import Data, Page
from tinyinception.site.modules import published


def data() -> Data:
    """The published modules that halve the grid: what goes in, and what comes out of paths and pooling."""
    return {"reduction": [_sizes(module) for module in published() if _halves(module)]}


def _halves(module: dict[str, Any]) -> bool:
    return any(branch["pool"] and branch["pool"]["stride"] == 2 for branch in module["branches"])


def _sizes(module: dict[str, Any]) -> dict[str, object]:
    paths = [branch["steps"][-1][0] for branch in module["branches"] if branch["steps"]]
    return {
        "name": f"{module['network']} {module['name']}",
        "grid": module["grid"],
        "inputs": module["inputs"],
        "outputs": module["inputs"] + sum(last["outputs"] for last in paths),
        "padding": "valid" if paths[0]["valid"] else "same",
    }


PAGE = Page(
    "reduction",
    40,
    "Halving the grid, three ways",
    "The grid is to become half as large and the channels are to become more. Which comes first?",
    data,
)
