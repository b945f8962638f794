"""What a notebook shows of things a user holds: HTML that fetches nothing, pictures inside it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from html import escape
from io import BytesIO
from typing import Any

import numpy as np

SHOWN = 16  # images of a data set


def rich(kind: str) -> Callable[[Any], str | None]:
    """A class's `_repr_html_`; None, and so its `repr`, wherever it cannot be drawn: showing a thing never fails."""

    def _repr_html_(self: Any) -> str | None:
        try:
            return _DRAWN[kind](self)
        except Exception:
            return None

    return _repr_html_


def _tensor(tensor: Any) -> str:
    return f"<pre>{escape(repr(tensor))}</pre>"


def _module(module: Any) -> str:
    """The summary of a network, which knows the size of its images; else the tree of modules."""
    from tinyinception.count import summary

    if getattr(module, "input_size", None) is None:
        return f"<pre>{escape(repr(module))}</pre>"
    return summary(module)._repr_html_()


def _dataset(dataset: Any) -> str:
    """Sixteen training images, of as many classes as possible, under their names."""
    labels = dataset.train_labels
    rank = np.zeros(len(labels), np.int64)  # how many of its class came before
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        rank[own] = np.arange(len(own))
    chosen = np.argsort(rank, kind="stable")[:SHOWN]
    cells = "".join(
        f'<figure style="margin:0"><img src="{_png(dataset.train_images[i])}" alt="" '
        'style="width:72px;image-rendering:pixelated"><figcaption style="font-size:11px;overflow:hidden">'
        f"{escape(str(dataset.classes[labels[i]]))}</figcaption></figure>"
        for i in chosen
    )
    return (
        f"<div><code>{escape(repr(dataset))}</code>"
        f'<div style="display:grid;grid-template-columns:repeat(8,80px);gap:6px">{cells}</div></div>'
    )


def _result(result: Any) -> str:
    """The figures as a table, and the curves that the run drew."""
    from pathlib import Path

    rows = "".join(
        f'<tr><th align="left">{name.replace("_", " ")}</th><td>{escape(_figure(name, value))}</td></tr>'
        for name, value in vars(result).items()
    )
    curves = Path(result.run) / "curves.png"
    picture = (
        f'<img src="{_uri(curves.read_bytes())}" alt="learning curves" style="max-width:100%">'
        if (curves.is_file())
        else ""
    )
    return f"<div><table>{rows}</table>{picture}</div>"


def _figure(name: str, value: object) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.2%}" if "accuracy" in name else f"{value:,.4g}"


def _png(image: np.ndarray) -> str:
    from PIL import Image

    file = BytesIO()
    pixels = image[..., 0] if image.shape[-1] == 1 else image[..., :3]
    Image.fromarray(pixels).save(file, "PNG")
    return _uri(file.getvalue())


def _uri(png: bytes) -> str:
    return f"data:image/png;base64,{b64encode(png).decode('ascii')}"


_DRAWN = {"tensor": _tensor, "module": _module, "dataset": _dataset, "result": _result}
