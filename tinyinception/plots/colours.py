"""The colours of all pictures and pages: the one place where they stand, beside `site/static/look.css`.

Okabe and Ito's, apart for every kind of colour vision, and for what something costs matplotlib's magma from pale to
dark, whose lightness alone tells the order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.colors import ListedColormap

BLUE, VERMILION, GREEN, PURPLE = "#0072B2", "#D55E00", "#009E73", "#CC79A7"
SKY, ORANGE, BLACK, GREY = "#56B4E9", "#E69F00", "#000000", "#7F7F7F"
SERIES = (BLUE, VERMILION, GREEN, PURPLE, SKY, ORANGE, BLACK, "#999933")  # of curves, in this order

# Of the paths of an Inception module, by the kinds of `network_tree.kind`.
BRANCHES = {"1x1": BLUE, "3x3": ORANGE, "5x5": VERMILION, "pool": GREEN, "other": PURPLE}

CARD, AUX, FRAME, JOIN, FREE, INK = "#F6F6F6", "#FFFFFF", "#8C8C8C", "#DCDCDC", "#FFFFFF", "#4D4D4D"


def costs() -> ListedColormap:
    """From cheap to dear: magma, its black left out."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps["magma_r"]([0.02 + 0.83 * i / 255 for i in range(256)]))
