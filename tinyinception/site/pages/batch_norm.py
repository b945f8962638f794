"""Batch normalisation of one channel."""

from __future__ import annotations

from tinyinception.site.explorer import Data, Page


def data() -> Data:
    return {"batch_norm": {}}


PAGE = Page(
    "batch_norm",
    60,
    "Batch-norm of one channel",
    "Every channel is brought to mean 0 and variance 1. What happens to one value when another one moves?",
    data,
)
