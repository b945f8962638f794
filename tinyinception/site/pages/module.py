"""An Inception module: its widths, and its cost as area."""

from __future__ import annotations

from tinyinception.site.explorer import Data, Page
from tinyinception.site.modules import published


def data() -> Data:
    return {"module": published()}


PAGE = Page(
    "module",
    35,
    "An Inception module",
    "Four branches side by side, each as wide as one likes. Where does the work go?",
    data,
)
