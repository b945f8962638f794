"""One 5x5 or two 3x3: what the widths around and between them do to the cost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tinyinception.site.explorer import Data, Page
from tinyinception.site.modules import published


def data() -> Data:
    return {"factorization": {"modules": [point for module in published() for point in points(module)]}}


def points(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The large kernels of a module, and those that stand for one: two 3x3 in a row, or n x 1 and 1 x n.

    kind: "one", "stack" or "pair". kernel: of the one, or of the one that they stand for. m, c, n: channels in, between
    (of "one" none) and out.
    """
    about = {"network": module["network"], "module": module["name"], "grid": module["grid"]}
    for branch in module["branches"]:
        steps = [step[0] for step in branch["steps"] if len(step) == 1]
        widths = [module["inputs"], *(conv["outputs"] for conv in steps)]
        rows = [
            {"m": m, "n": conv["outputs"], "stride": conv["stride"], "size": tuple(conv["kernel"])}
            for m, conv in zip(widths, steps, strict=False)
        ]
        paired: set[int] = set()
        for i, (first, second) in enumerate(pairwise(rows)):
            sizes = {first["size"], second["size"]}
            stack, pair = sizes == {(3, 3)}, len(sizes) == 2 and first["size"] == second["size"][::-1]
            if i not in paired and (stack or pair):
                paired |= {i, i + 1}
                yield {
                    **about,
                    "kind": "stack" if stack else "pair",
                    "kernel": 5 if stack else max(first["size"]),
                    "m": first["m"],
                    "c": first["n"],
                    "n": second["n"],
                    "stride": second["stride"],
                }
        for i, row in enumerate(rows):
            height, width = row["size"]
            if i not in paired and height == width > 1:
                wide = {key: row[key] for key in ("m", "n", "stride")}
                yield {**about, "kind": "one", "kernel": height, "c": None, **wide}


PAGE = Page(
    "factorization",
    30,
    "5 × 5 or two 3 × 3",
    "Two 3\u00a0×\u00a03 see exactly what one 5\u00a0×\u00a05 sees. Are they cheaper?",
    data,
)
