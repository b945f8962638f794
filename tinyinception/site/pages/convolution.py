"""Convolution as a product of two matrices: which window becomes which row."""

from __future__ import annotations

from tinyinception.site.explorer import Data, Page


def data() -> Data:
    return {"convolution": {}}


PAGE = Page(
    "convolution",
    50,
    "Convolution as a product",
    "A convolution is one matrix product. Which window of the image becomes which row of the matrix?",
    data,
)
