"""The network map: every network of the registry as boxes to click."""

from __future__ import annotations

from tinyinception import models
from tinyinception.site import networks
from tinyinception.site.explorer import Data, Page


def data() -> Data:
    """The list of networks, and one file for each, which the page reads when it is asked for."""
    return {"map": networks.overview(), **{f"map-{name}": networks.network(name) for name in models.names()}}


PAGE = Page(
    "map", 10, "Network map", "Every Inception network as boxes: click one to see what it costs and what it sees.", data
)
