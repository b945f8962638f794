"""Label smoothing: the loss, its gradient, and the logits at which it stops."""

from __future__ import annotations

from math import log

from tinyinception.site.explorer import Data, Page

EXAMPLE = (0.10, 0.10, 0.10, 0.36, 0.34)  # the probabilities of a much-copied worked example; the fourth class is right


def data() -> Data:
    return {"smoothing": {"example": ",".join(f"{log(p):.3f}" for p in EXAMPLE), "right": 3}}


PAGE = Page(
    "smoothing",
    65,
    "Label smoothing",
    "A label that is a little wrong on purpose: does it push the right class up harder?",
    data,
)
