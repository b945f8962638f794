"""Receptive fields: the window of a layer on a picture, in theory and by the gradient that reaches the pixels."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any

import numpy as np

from tinyinception import models, nn
from tinyinception.data import drawn
from tinyinception.models.network import Network
from tinyinception.site import networks, seen
from tinyinception.site.explorer import Data, Page
from tinyinception.tape import Node
from tinyinception.tensor import Hook, Tensor, observe

EFFECTIVE = (
    "inception_cifar",
    "plain_deep_cifar",
    "inception_resnet_cifar",
)  # small enough for gradients at build time
TRAINED = (seen.NETWORK,)  # of which trained weights come with the package, at half its width
IMAGES, SEED = 24, 0
LEVELS = 255  # of a heat map
MOST = 0.9  # of the gradient's energy, which a square around the middle holds
PICTURE = 37  # of the drawn set, a star
PHOTO = 320  # pixels


def data() -> Data:
    """Pictures and the list of networks; a file for each with its layers; the heat of the small ones, also trained."""
    return {
        "field": {
            "networks": networks.overview(),
            "effective": EFFECTIVE,
            "trained": TRAINED,
            "images": IMAGES,
            "pictures": {"small": _drawn(), "large": _photo()},
        },
        **{f"field-{name}": layers(name) for name in models.names()},
        **{f"field-heat-{name}": heat(name) for name in EFFECTIVE},
        **{f"field-trained-{name}": heat(name, trained=True) for name in TRAINED},
    }


def layers(name: str) -> dict[str, Any]:
    """What places of each box see, and of each module behind its branches, in the order of the forward pass."""
    network = networks.network(name)
    rows = [dict(zip(network["fields"], row, strict=True)) for row in network["layers"]]

    def last(path: str) -> dict[str, Any]:
        return [row for row in rows if row["name"] == path or row["name"].startswith(f"{path}.")][-1]

    found = []
    for stage in network["stages"]:
        path = stage["names"][0]
        boxes = [tuple(unit) for unit in stage["units"]]
        for unit, text, kind in boxes + [(path, "output", "module")] * (len(boxes) > 1):
            row = last(unit)
            seen = [row[key] for key in ("output", "receptive_field", "stride", "centre", "depth")]
            found.append([unit, text, kind, stage["title"], *seen])
    return {"name": name, "input": network["plain"]["input"], "layers": found}


@lru_cache(maxsize=8)
def heat(name: str, trained: bool = False) -> dict[str, Any]:
    """For each layer: how much of the gradient of its middle place reaches each pixel, as hexadecimal levels.

    The root of its mean square over drawn images and colours, with stored statistics; at the middle place each channel
    has a gradient of 1 or -1 by chance (Luo et al. 2016). square: the side of the smallest square around the middle of
    the field with MOST of the energy. trained: the weights of the page "What each layer sees", else fresh ones.
    """
    network = seen.Trained("drawn").network if trained else _fresh(name)
    pixels = drawn.draw(IMAGES, split="test")[0].astype(np.float32) / 255
    images = Tensor(
        (pixels - np.asarray(drawn.MEAN, np.float32)) / np.asarray(drawn.STD, np.float32), requires_grad=True
    )
    catch = _Outputs()
    with observe(catch):
        network(images)
    signs, result = np.random.default_rng(SEED), {}
    for path, _, _, _, _, _, stride, centre, _ in layers(name)["layers"]:
        output = catch.last(path)
        if output is None or output.ndim != 4:
            continue
        gradient = np.zeros(output.shape, np.float32)
        row, column = (n // 2 for n in output.shape[1:3])
        gradient[:, row, column] = signs.choice((-1.0, 1.0), (len(pixels), output.shape[3]))
        images.grad = None
        output.backward(gradient, retain_graph=True)
        energy = np.square(np.asarray(images.grad, np.float64)).mean(axis=(0, 3))
        middle = [c + n * s for c, n, s in zip(centre, (row, column), stride, strict=True)]
        result[path] = {"levels": _levels(energy), "square": _square(energy, middle)}
    return result


def _fresh(name: str) -> Network:
    with nn.random.using(nn.random.seeded(SEED)):
        return models.build(name).eval()


def _square(energy: np.ndarray, middle: Sequence[float]) -> int:
    """Side in pixels of the smallest square around the middle that holds MOST of the energy."""
    grid = np.indices(energy.shape) - np.reshape(middle, (2, 1, 1))
    away = np.abs(grid).max(axis=0)
    for reach in np.unique(away):
        if energy[away <= reach].sum() >= MOST * energy.sum():
            return int(2 * reach + 1)
    return int(2 * away.max() + 1)


def _levels(energy: np.ndarray) -> str:
    root = np.sqrt(energy)
    levels = np.rint(LEVELS * root / max(root.max(), 1e-30)).astype(np.uint8)
    return levels.tobytes().hex()


class _Outputs(Hook):
    """The last output of every layer."""

    def __init__(self) -> None:
        self.of: dict[str, Tensor] = {}

    def after(self, node: Node, inputs: Sequence[Tensor | np.ndarray | None], output: Tensor) -> None:
        self.of.pop(node.path, None)
        self.of[node.path] = output

    def last(self, path: str) -> Tensor | None:
        return next((t for name, t in reversed(self.of.items()) if name == path or name.startswith(f"{path}.")), None)


def _drawn() -> str:
    return _address(drawn.draw(PICTURE + 1)[0][PICTURE], "png")


def _photo() -> str:
    """Grace Hopper, a photograph of the United States Navy in the public domain, which comes with matplotlib."""
    from matplotlib.cbook import get_sample_data
    from PIL import Image

    path = str(get_sample_data("grace_hopper.jpg", asfileobj=False))
    with Image.open(path) as image:
        photo = image.convert("RGB").crop((0, 0, 512, 512))
    return _address(np.asarray(photo.resize((PHOTO, PHOTO))), "jpeg")


def _address(pixels: np.ndarray, form: str) -> str:
    from PIL import Image

    contents = BytesIO()
    Image.fromarray(pixels).save(contents, form, **({"quality": 82} if form == "jpeg" else {}))
    return f"data:image/{form};base64,{base64.b64encode(contents.getvalue()).decode()}"


PAGE = Page(
    "field", 20, "Receptive field", "What a place in a layer sees of the picture, and how much of it counts.", data
)
