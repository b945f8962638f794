"""What each layer sees: activations and Grad-CAM of two trained networks, computed when the page is made, and dreams.

Pictures are inlined as PNG. A sheet of activations has a row for each image and a column for each channel, and each
channel its own scale: dark violet is 0, yellow is the channel's largest value on any of the images.
"""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyinception.plots.style import import_matplotlib
from tinyinception.site import seen
from tinyinception.site.dreams import visible
from tinyinception.site.explorer import Data, Page

TITLES = {"drawn": "drawn figures", "cifar10": "photographs"}
WHAT = {"drawn": "drawn images", "cifar10": "photographs of CIFAR-10"}
NOTES = {
    "cifar10": "The photographs are from CIFAR-10 (Krizhevsky 2009) and not under this project's licence.",
}
COARSE = 8  # Grad-CAM is shown where a map has at most so many cells a side


def data() -> Data:
    """The networks by name, and what each of them makes of its images."""
    names = seen.sets()
    sets = [{"name": name, "title": TITLES[name]} for name in names]
    return {"seen": {"sets": sets}, **{f"seen-{name}": of(seen.Trained(name)) for name in names}}


def of(trained: seen.Trained) -> dict[str, Any]:
    """One network's data file."""
    facts, dreams = trained.facts, trained.dreams["classes"].astype(np.float32)
    sure = seen.probabilities(trained.network, dreams).diagonal()
    return {
        "name": trained.name,
        "network": seen.NETWORK,
        "what": WHAT[trained.name],
        "note": NOTES.get(trained.name, ""),
        "parameters": sum(parameter.size for parameter in trained.network.parameters()),
        "epochs": int(facts["epochs"]),
        "trainImages": int(facts["train_images"]),
        "testImages": int(facts["test_images"]),
        "right": int(facts["right"]),
        "classes": trained.classes,
        "labels": trained.labels,
        "indices": trained.indices,
        "images": picture(trained.images),
        "probabilities": rounded(trained.probabilities),
        "classDreams": picture(visible(dreams)),
        "sure": rounded(sure),
        "layers": [layer(trained, name) for name in trained.layers],
    }


def layer(trained: seen.Trained, name: str) -> dict[str, Any]:
    """A layer's maps, Grad-CAM where they are coarse, and dreams."""
    maps = trained.maps(name)
    peaks, dreaming = maps.max(axis=(0, 1, 2)), trained.dreams[f"{name}.channels"].tolist()
    shares = np.rint(255 * maps / np.maximum(peaks, 1e-9)).astype(np.uint8)
    groups, first = [], 0
    for branch in trained.branches(name):
        groups.append({**branch._asdict(), "first": first})
        first += branch.channels
    return {
        "name": name,
        "grid": list(maps.shape[1:3]),
        "field": list(trained.field(name)),
        "channels": maps.shape[3],
        "groups": groups,
        "peaks": [float(f"{peak:.4g}") for peak in peaks],
        "bright": text(shares.max(axis=(1, 2))),
        "sheet": sheet(shares),
        "heat": text(heated(trained.heat(name))) if maps.shape[1] <= COARSE else "",
        "liveliest": dreaming[int(maps.std(axis=(0, 1, 2))[dreaming].argmax())],
        "dreams": dreaming,
        "dreamt": picture(trained.dreams[name]),
    }


def heated(heat: np.ndarray) -> np.ndarray:
    """Grad-CAM in units of the largest value of each map, as bytes."""
    most = heat.max(axis=(2, 3), keepdims=True)
    return np.rint(255 * heat / np.maximum(most, 1e-12)).astype(np.uint8)


def picture(images: np.ndarray) -> str:
    """Images side by side, as the address of a PNG."""
    from PIL import Image

    return _address(Image.fromarray(np.concatenate(list(images), axis=1)))


def sheet(shares: np.ndarray) -> str:
    """Maps N x H x W x C in bytes as the address of a PNG of N x C tiles, in viridis' colours."""
    from PIL import Image

    images, height, width, channels = shares.shape
    tiles = shares.transpose(0, 1, 3, 2).reshape(images * height, channels * width)
    palette = import_matplotlib().colormaps["viridis"](np.arange(256), bytes=True)[:, :3]
    picture = Image.fromarray(np.ascontiguousarray(tiles), "P")
    picture.putpalette(palette.tobytes())
    return _address(picture)


def text(values: np.ndarray) -> str:
    """Bytes in base 64."""
    return b64encode(np.ascontiguousarray(values, np.uint8).tobytes()).decode()


def rounded(values: np.ndarray) -> Sequence[Any]:
    """Probabilities to six places."""
    return np.round(values.astype(np.float64), 6).tolist()


def _address(image: Any) -> str:
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"


PAGE = Page(
    "seen",
    80,
    "What each layer sees",
    "Choose an image, a class, a layer and a channel of a trained network, and see what it makes of them.",
    data,
)
