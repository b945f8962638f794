"""A network as the explorer's pages know it: what it costs, the boxes of its picture, the code that builds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from tinyinception import count, models
from tinyinception.count.columns import layer_json, network_json
from tinyinception.plots.network_flow import layouts
from tinyinception.plots.network_layout import Box, Line, Scene, Text
from tinyinception.plots.network_tree import Stage, stages, times, units
from tinyinception.site import figures, seen, source

COLUMNS = 6  # at most, of a picture
PARTS = 1000  # of an inch, in which places are told
KINDS = ("inner", "identity", "flow", "aux")  # of lines, by their number

# Of an operation, in this order; each as `count.summary(...).to_json()` has it in its "layers".
FIELDS = (
    "name", "op", "output", "params", "macs", "flops", "activations", "bytes_moved", "depth", "receptive_field",
    "stride", "centre",
)  # fmt: skip


def overview() -> list[dict[str, Any]]:
    """Name, group and description of every network, as the choosers show them."""
    return [
        {"name": name, "text": models.info(name).description, "input": list(models.info(name).input_size)}
        for name in models.names()
    ]


@cache
def network(name: str) -> dict[str, Any]:
    """All about one network of the registry, counted on one image of its own size.

    plain, training: the totals without and with auxiliary classifiers and dropout. layers: one list a row of the
    forward pass in training, in the order of `fields`. stages: what a card of the picture is, and `code` and `call`
    that built it. scenes: the picture in one column, two, ... trained: layers on the page of trained networks.
    """
    model, origins = source.trace(name)
    size = models.info(name).input_size
    training, plain = (count.summary(model, size, training=mode) for mode in (True, False))
    found = stages(model, training.rows)
    total = sum(stage.total("macs") for stage in found)
    cards = [(card, card is stage.aux) for stage in found for card in (stage, stage.aux) if card]
    code: list[dict[str, str]] = []
    scenes = layouts(found, f"input {times(plain.input)}", "macs", total, COLUMNS)
    return {
        "name": name,
        "text": models.info(name).description,
        "file": f"models/{models.info(name).module}.py",
        "plain": network_json(plain) | {"model": name},
        "training": network_json(training) | {"model": name},
        "fields": FIELDS,
        "layers": [[layer_json(row)[key] for key in FIELDS] for row in training.rows],
        "stages": [_stage(card, aux, name, origins, code) for card, aux in cards],
        "code": code,
        "trained": [*seen.layers()] if name == seen.NETWORK else [],
        "scenes": [_scene(scene, [card for card, _ in cards]) for scene in scenes],
    }


def _stage(
    stage: Stage, aux: bool, name: str, origins: Mapping[str, source.Origin], code: list[dict[str, str]]
) -> dict[str, Any]:
    origin = origins.get(stage.names[0]) or origins.get(stage.names[0].rpartition(".")[0])
    block, call = (origin.block, origin.call) if origin else (None, None)
    said = [source.figure(one) for one in (*origin.helpers, *((block,) if block else ()))] if origin else []
    number = None
    if block is not None:
        entry = {"name": block.co_name, "place": source.place(block), "text": source.text(block)}
        if entry not in code:
            code.append(entry)
        number = code.index(entry)
    return {
        "names": stage.names,
        "title": stage.title,
        "output": stage.output,
        "aux": aux,
        "figure": figures.of(name, stage.names[0]) or next(filter(None, reversed(said)), ""),
        "code": number,
        "call": [call.file, call.first, call.last, call.text] if call else None,
        "units": [[unit.path, unit.text, unit.kind] for unit in units(stage.body)],
    }


def _scene(scene: Scene, cards: Sequence[Stage]) -> dict[str, Any]:
    number = {id(card): i for i, card in enumerate(cards)}
    return {
        "size": _parts(scene.width, scene.height),
        "boxes": [_box(box, number) for box in scene.boxes],
        "lines": [_line(line) for line in scene.lines],
        "texts": [_text(text, number) for text in scene.texts],
    }


def _box(box: Box, number: Mapping[int, int]) -> list[Any]:
    """Kind, x, y, width, height, then of a card its number, of a unit its path, of a join its text."""
    what = box.unit.path if box.unit else number[id(box.stage)] if box.stage else box.text
    return [box.kind, *_parts(box.x, box.y, box.width, box.height), what]


def _line(line: Line) -> list[Any]:
    """The number of its kind, whether it ends in an arrow, x and y of its points in a row."""
    return [KINDS.index(line.kind), int(line.arrow), *_parts(*(part for point in line.points for part in point))]


def _text(text: Text, number: Mapping[int, int]) -> list[Any]:
    """x, y, whether it ends there instead of beginning, whether it is a title, the card's number or -1, the text."""
    where = number[id(text.stage)] if text.stage else -1
    return [*_parts(text.x, text.y), int(text.align == "right"), int(text.bold), where, text.text]


def _parts(*inches: float) -> list[int]:
    return [round(PARTS * inch) for inch in inches]
