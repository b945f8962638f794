"""Formulae as pictures inside a page: no script, no font, no foreign host; in the colour of the text around them.

matplotlib draws them. It knows what the lessons use of LaTeX; a formula that it cannot draw stops the build.
"""

from __future__ import annotations

import re
from functools import cache
from html import escape
from typing import Any

from tinyinception.course.text import plain_math
from tinyinception.errors import DataError
from tinyinception.plots.style import style

SIZE = 100.0  # units of the picture in one em; matplotlib makes paths of text at this size
EDGE = 4.0  # units around a formula, so that no stroke is cut


@cache
def svg(latex: str, display: bool = False) -> str:
    """A formula as an SVG element, which says itself in words; display: on a line of its own, with full fractions.

    Raises DataError where it cannot be drawn.
    """
    source = re.sub(r"\\text\{([^{}]*)\}", _upright, " ".join(latex.split()))
    source = re.sub(r"(\\sum_(?:\w|\{[^{}]*\})) *", r"\1\,", source)
    if display:
        source = source.replace(r"\frac", r"\dfrac")
    try:
        with style(**{"mathtext.fontset": "cm", "text.parse_math": True}):
            from matplotlib.font_manager import FontProperties
            from matplotlib.mathtext import MathTextParser
            from matplotlib.path import Path
            from matplotlib.textpath import TextToPath

            font = FontProperties(size=SIZE)
            wide, high, deep, *_ = MathTextParser("path").parse(f"${source}$", 72, font)
            points, codes = TextToPath().get_text_path(font, f"${source}$", ismath=True)
            drawn = _commands(Path(points, codes))
    except Exception as error:
        raise DataError(f"the formula {latex.strip()!r} cannot be drawn: {' '.join(str(error).split())}") from error
    left, width, top, height = -EDGE, wide + 2 * EDGE, -(high - deep) - EDGE, high + 2 * EDGE
    return (
        f'<svg class="formula" role="img" aria-label="{escape(plain_math(f"${latex.strip()}$"))}" '
        f'viewBox="{left:.0f} {top:.0f} {width:.0f} {height:.0f}" '
        f'style="width:{width / SIZE:.2f}em;height:{height / SIZE:.2f}em;vertical-align:{-(deep + EDGE) / SIZE:.2f}em">'
        f'<path fill="currentColor" d="{drawn}"/></svg>'
    )


def _upright(found: re.Match) -> str:
    r"""\text{...}, which older versions of matplotlib do not know."""
    words = found[1].replace("\\_", "_")
    return r"\mathrm{" + re.sub(r" ", r"\\ ", words.replace("_", r"\_").replace("-", "\N{HYPHEN}")) + "}"


def _commands(path: Any) -> str:
    """A path in SVG's letters, its vertical axis turned down."""
    letters = {1: "M", 2: "L", 3: "Q", 4: "C", 79: "Z"}
    return "".join(
        letters[int(code)]
        + ("" if code == 79 else " ".join(f"{(-v if i % 2 else v):.0f}" for i, v in enumerate(points)))
        for points, code in path.iter_segments(curves=True, simplify=False)
    )


# -- Sphinx ------------------------------------------------------------------------------------------------------------


def setup(app: Any) -> dict[str, bool]:
    """Have Sphinx show formulae so."""
    app.add_html_math_renderer("tinyinception", (_inline, None), (_display, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _inline(translator: Any, node: Any) -> None:
    from docutils import nodes

    translator.body.append(svg(node.astext()))
    raise nodes.SkipNode


def _display(translator: Any, node: Any) -> None:
    from docutils import nodes

    translator.body.append(f'<div class="formula">{svg(node.astext(), display=True)}</div>\n')
    raise nodes.SkipNode
