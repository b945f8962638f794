"""What a picture shows, in words, for readers who do not see it: its titles, axes and legends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MANY = 4  # so many pictures of the same kind, or more, are counted instead of told one by one


def described(figure: Figure) -> str:
    """An alternative text made of what the figure itself says: never empty, one line."""
    title = getattr(figure, "_suptitle", None)
    parts = [_said(title)] if title is not None and _said(title) else []
    told = [text for axes in figure.axes if axes.get_visible() and (text := _axes(axes))]
    silent = sum(bool(axes.images) for axes in figure.axes) if not told else 0
    if len(set(told)) < len(told):
        told = [f"{text} ({told.count(text)} times)" if told.count(text) > 1 else text for text in dict.fromkeys(told)]
    parts += told
    parts += [f"Legend: {names}" for legend in figure.legends if (names := _names(legend))]
    if not parts:
        parts = [f"{silent} pictures" if silent > 1 else "Picture"]
    return " ".join(". ".join(part.rstrip(". ") for part in parts).split()) + "."


def is_drawn(figure: Figure) -> bool:
    """Whether it is made of lines, areas and text alone, whose colours a dark page may turn round; no photographs."""
    from matplotlib.image import AxesImage, BboxImage, FigureImage

    return not figure.findobj(lambda artist: isinstance(artist, (AxesImage, BboxImage, FigureImage)))


def _axes(axes: Any) -> str:
    """One pair of axes: title, what is on them, the names of its lines."""
    title = " ".join(text for side in ("left", "center", "right") if (text := axes.get_title(side).strip()))
    labels = [axes.get_ylabel().strip(), axes.get_xlabel().strip()] if axes.axison else ["", ""]
    over = " over ".join(label for label in labels if label)
    legend = axes.get_legend()
    names = _names(legend) if legend is not None else ""
    said = [_said(text) for text in axes.texts] if not (title or over or names) else []
    words = ", ".join(word for word in said[: 3 * MANY] if word)
    return ": ".join(part for part in (title, "; ".join(part for part in (over, names) if part)) if part) or words


def _names(legend: Any) -> str:
    return ", ".join(word for text in legend.get_texts() if (word := _said(text)))


def _said(text: Any) -> str:
    return " ".join(text.get_text().split())
