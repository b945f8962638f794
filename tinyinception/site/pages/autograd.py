"""The diamond of lesson 1, message by message."""

from __future__ import annotations

from tinyinception.site.explorer import Data, Page


def data() -> Data:
    return {"autograd": {}}


PAGE = Page(
    "autograd",
    55,
    "Backward, message by message",
    "b = a + a, c = b × b. How fast does c change with a, and in which order does a program find that out?",
    data,
)
