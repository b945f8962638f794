"""The page of a network's picture: cards in columns, broken where they fill the page best, and the lines between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tinyinception.plots.network_layout import AUX_GAP, BETWEEN, GUTTER, Card, Line, Scene, Text, text_width
from tinyinception.plots.network_tree import Stage

TOP, BOTTOM = 0.34, 0.14  # room for the lines that lead from one column to the next
NEARLY = 0.97  # of the largest letters: accept letters 3% smaller if that saves a column, often one with the head alone
STRETCH = 0.25  # most that the cards of a short column are moved apart


@dataclass(frozen=True)
class Slot:
    """A card and, at its side, the auxiliary classifier that hangs there."""

    card: Card
    aux: Card | None

    @property
    def height(self) -> float:
        return max(self.card.height, self.aux.height if self.aux else 0.0)


@dataclass(frozen=True)
class Column:
    """Slots below each other; its cards are all as wide as the widest."""

    slots: tuple[Slot, ...]

    @property
    def main(self) -> float:
        return max(slot.card.width for slot in self.slots)

    @property
    def width(self) -> float:
        return self.main + max(AUX_GAP + slot.aux.width if slot.aux else 0.0 for slot in self.slots)

    @property
    def height(self) -> float:
        return sum(slot.height for slot in self.slots) + BETWEEN * (len(self.slots) - 1)


def compose(stages: Sequence[Stage], source: str, field: str, total: int, page: tuple[float, float]) -> Scene:
    """The whole picture in inches at its natural size.

    source: the text above the first card. field: "macs" or "params", of which the cards' texts say the share in
    `total`. page: width and height, whose proportions decide where columns are broken.
    """
    return arrange(break_columns(_slots(stages, field, total), page), source)


def layouts(stages: Sequence[Stage], source: str, field: str, total: int, most: int) -> list[Scene]:
    """The picture in one column, two, ... up to `most`, each the lowest of its kind; arguments as of `compose`."""
    divisions = _divisions(_slots(stages, field, total))
    lowest = (
        min((d for d in divisions if len(d) == n), key=lambda columns: extent(columns)[1], default=None)
        for n in range(1, most + 1)
    )
    return [arrange(columns, source) for columns in lowest if columns]


def arrange(columns: Sequence[Column], source: str) -> Scene:
    """Cards and lines where columns side by side put them."""
    scene = Scene(*extent(columns))
    left, tops = 0.0, []
    for column in columns:
        axis = left + column.main / 2
        tops.append((axis, _fill(scene, column, left), left + column.width + GUTTER / 2))
        left += column.width + GUTTER
    for (axis, end, gutter), (following, _, _) in pairwise(tops):
        below, above = scene.height - BOTTOM / 3, TOP / 3
        scene.lines.append(
            Line(
                "flow",
                ((axis, end), (axis, below), (gutter, below), (gutter, above), (following, above), (following, TOP)),
                arrow=True,
            )
        )
    first = columns[0].main / 2
    scene.texts.append(Text(max(0.0, first - text_width(source) / 2), TOP / 4, source))
    scene.lines.append(Line("flow", ((first, TOP / 2), (first, TOP)), arrow=True))
    return scene


def break_columns(slots: Sequence[Slot], page: tuple[float, float]) -> list[Column]:
    """The fewest columns among the divisions that can be drawn on the page nearly as large as the best.

    Considered are those that fill columns one after the other up to some height.
    """
    divisions = _divisions(slots)
    large = [magnification(extent(columns), page) for columns in divisions]
    return min(
        (columns for columns, size in zip(divisions, large, strict=True) if size >= NEARLY * max(large)),
        key=lambda columns: (len(columns), extent(columns)[1]),
    )


def magnification(size: tuple[float, float], page: tuple[float, float]) -> float:
    """How many times as large something can be drawn to fit on a page."""
    return min(page[0] / size[0], page[1] / size[1])


def extent(columns: Sequence[Column]) -> tuple[float, float]:
    """Width and height of columns side by side."""
    return (
        sum(column.width for column in columns) + GUTTER * (len(columns) - 1),
        TOP + max(column.height for column in columns) + BOTTOM,
    )


def _slots(stages: Sequence[Stage], field: str, total: int) -> list[Slot]:
    return [
        Slot(_card(stage, field, total), _card(stage.aux, field, total, main=False) if stage.aux else None)
        for stage in stages
    ]


def _card(stage: Stage, field: str, total: int, main: bool = True) -> Card:
    return Card(stage, stage.total(field) / total if total else 0.0, main)


def _divisions(slots: Sequence[Slot]) -> list[list[Column]]:
    """Every way to fill columns one after the other up to some height."""
    runs = {Column(tuple(slots[i:j])).height for i in range(len(slots)) for j in range(i + 1, len(slots) + 1)}
    tallest = max(slot.height for slot in slots)
    return [_fold(slots, limit + 1e-6) for limit in sorted(runs) if limit >= tallest]


def _fold(slots: Sequence[Slot], limit: float) -> list[Column]:
    """As many slots into each column as a height allows."""
    columns: list[list[Slot]] = [[]]
    for slot in slots:
        if columns[-1] and Column((*columns[-1], slot)).height > limit:
            columns.append([])
        columns[-1].append(slot)
    return [Column(tuple(column)) for column in columns]


def _fill(scene: Scene, column: Column, left: float) -> float:
    """Place a column's cards with the lines between them; returns the lower end of the last card."""
    spare = scene.height - TOP - BOTTOM - column.height
    gap = BETWEEN + min(STRETCH, spare / max(len(column.slots) - 1, 1))
    axis, y, before = left + column.main / 2, TOP, TOP
    for i, slot in enumerate(column.slots):
        slot.card.place(scene, left, y, column.main)
        if i:
            scene.lines.append(Line("flow", ((axis, before), (axis, y)), arrow=True))
        if slot.aux is not None:
            level, right = y + min(slot.card.height, slot.aux.height) / 2, left + column.main
            scene.lines.append(Line("aux", ((right, level), (right + AUX_GAP, level)), arrow=True))
            slot.aux.place(scene, right + AUX_GAP, y, slot.aux.width)
        before = y + slot.card.height
        y += slot.height + gap
    return before
