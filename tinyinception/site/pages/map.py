"""The network map: every network of the registry as boxes to click."""

from __future__ import annotations

from tinyinception.site.explorer import Data, Page


def data() -> Data:
    return {"map": {}}


PAGE = Page(
    "map", 10, "Network map", "Every Inception network as boxes: click one to see what it costs and what it sees.", data
)
