"""Where everything of a network's picture lies: rectangles, lines and texts in inches, y downwards, before any drawing.

A stage becomes a card. Cards follow one another down a column, and columns from left to right, broken where the
picture fills the page best.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from tinyinception.plots.network_tree import Chain, Fork, Residual, Stage, Unit, times

FONT, SMALL = 8.0, 0.9  # points, and the size of secondary texts relative to it
UNIT_HEIGHT, JOIN_HEIGHT, LINE = 0.21, 0.16, 0.15
GAP_X, GAP_Y, BUS, LANE, PAD = 0.09, 0.11, 0.12, 0.2, 0.1
BETWEEN, GUTTER, AUX_GAP = 0.2, 0.4, 0.3  # cards below each other, columns, a card and its auxiliary classifier
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """kind: "card", "aux", "join" or "unit"; times: how many units a unit's box stands for; main: not of an aux.

    unit: of a unit's box. stage: of a card or aux.
    """

    kind: str
    x: float
    y: float
    width: float
    height: float
    text: str = ""
    unit: Unit | None = None
    times: int = 1
    main: bool = True
    stage: Stage | None = None


@dataclass(frozen=True)
class Text:
    """A line of text, centred vertically at y; size relative to FONT.

    stage: whose title or, where it is not bold, whose output and share it is.
    """

    x: float
    y: float
    text: str
    bold: bool = False
    size: float = 1.0
    align: str = "left"
    stage: Stage | None = None


@dataclass(frozen=True)
class Line:
    """kind: "inner" and "identity" inside a card, "flow" between cards, "aux" to an auxiliary classifier."""

    kind: str
    points: tuple[Point, ...]
    arrow: bool = False


@dataclass
class Scene:
    """All that is drawn, in a rectangle from (0, 0) to (width, height)."""

    width: float = 0.0
    height: float = 0.0
    boxes: list[Box] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


@lru_cache(maxsize=4096)
def text_width(text: str, *, bold: bool = False, size: float = 1.0) -> float:
    """Inches that matplotlib's default font needs, with a little to spare for letters that are fitted to pixels."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text:
        return 0.0
    style = FontProperties(weight="bold" if bold else "normal")
    outline = TextPath((0, 0), text, size=FONT * size, prop=style)
    return float(1.05 * outline.vertices[:, 0].max() / 72)  # no curve leaves its points; get_extents is slow


def measure(item: Unit | Chain | Fork | Residual, *, joined: bool = True) -> tuple[float, float]:
    """Width and height; joined: whether a fork, or one that ends a chain, has a bar of its own below its branches."""
    if isinstance(item, Unit):
        return max(0.42, text_width(item.text) + 0.12), UNIT_HEIGHT
    if isinstance(item, Chain):
        sizes = [measure(part, joined=joined or part is not item.items[-1]) for part in item.items]
        return max((w for w, _ in sizes), default=LANE), sum(h for _, h in sizes) + GAP_Y * max(len(sizes) - 1, 0)
    if isinstance(item, Fork):
        sizes = [measure(branch, joined=False) for branch in item.branches]
        height = BUS + max(h for _, h in sizes) + (GAP_Y + JOIN_HEIGHT if joined else 0)
        return sum(w for w, _ in sizes) + GAP_X * (len(sizes) - 1), height
    width, height = measure(item.body)
    up = measure(item.up)
    return (
        max(max(width, up[0]) + LANE, text_width(item.text, size=SMALL) + 0.12),
        height + GAP_Y + up[1] + GAP_Y + JOIN_HEIGHT,
    )


class Sketch:
    """Puts the inside of one card into a scene; times, main: of the stage, for its boxes."""

    def __init__(self, scene: Scene, times: int, main: bool):
        self.scene, self.times, self.main = scene, times, main

    def line(self, *points: Point, kind: str = "inner", arrow: bool = False) -> None:
        self.scene.lines.append(Line(kind, points, arrow))

    def chain(self, chain: Chain, x: float, y: float, joined: bool = True) -> list[Point]:
        """Draw around the vertical axis x from y downwards; returns the points from which lines lead on."""
        width = max((measure(part)[0] for part in chain.items if isinstance(part, Unit)), default=0.0)
        ends = [(x, y)]
        for number, part in enumerate(chain.items):
            if number:
                self.line(*ends, (x, y))
            own = joined or number < len(chain.items) - 1
            if isinstance(part, Unit):
                ends = self.unit(part, x, y, width)
            else:
                ends = self.fork(part, x, y, own) if isinstance(part, Fork) else self.residual(part, x, y)
            y += measure(part, joined=own)[1] + GAP_Y
        return ends

    def unit(self, unit: Unit, x: float, y: float, width: float) -> list[Point]:
        self.scene.boxes.append(
            Box("unit", x - width / 2, y, width, UNIT_HEIGHT, unit.text, unit, self.times, self.main)
        )
        return [(x, y + UNIT_HEIGHT)]

    def fork(self, fork: Fork, x: float, y: float, joined: bool) -> list[Point]:
        """A bus from which every branch starts, the branches, and the bar that joins them."""
        width, height = measure(fork, joined=joined)
        left, centres, ends = x - width / 2, [], []
        for branch in fork.branches:
            wide = measure(branch, joined=False)[0]
            centres.append(left + wide / 2)
            ends += self.chain(branch, centres[-1], y + BUS, joined=False)
            left += wide + GAP_X
        self.line((x, y), (x, y + BUS / 2))
        self.line((centres[0], y + BUS / 2), (centres[-1], y + BUS / 2))
        for centre in centres:
            self.line((centre, y + BUS / 2), (centre, y + BUS))
        return self.join("concat", x, y + height - JOIN_HEIGHT, width, ends) if joined else ends

    def residual(self, block: Residual, x: float, y: float) -> list[Point]:
        """The branches with `up` below them, and at their left the path on which the input itself goes round them."""
        width, height = measure(block)
        body, (_, tall) = x + LANE / 2, measure(block.body)
        ends = self.fork(block.body, body, y, True)
        lane, bar = x - width / 2 + LANE / 3, y + height - JOIN_HEIGHT
        first = body - measure(block.body)[0] / 2 + measure(block.body.branches[0], joined=False)[0] / 2
        self.line((first, y + BUS / 2), (lane, y + BUS / 2), (lane, bar), kind="identity", arrow=True)
        self.line(*ends, (body, y + tall + GAP_Y))
        ends = self.unit(block.up, body, y + tall + GAP_Y, measure(block.up)[0])
        return self.join(block.text, x, bar, width, ends)

    def join(self, text: str, x: float, y: float, width: float, ends: Sequence[Point]) -> list[Point]:
        for end in ends:
            self.line(end, (end[0], y))
        self.scene.boxes.append(Box("join", x - width / 2, y, width, JOIN_HEIGHT, text))
        return [(x, y + JOIN_HEIGHT)]


class Card:
    """A stage with its texts: beside a plain chain of units, above anything wider."""

    def __init__(self, stage: Stage, share: float, main: bool = True):
        self.stage, self.main = stage, main
        self.title = stage.title
        self.detail = f"{times(stage.output)}  {'' if main or not share else '+'}{percent(share)}".rstrip()
        self.beside = main and all(isinstance(item, Unit) for item in stage.body.items)
        self.body = measure(stage.body)
        texts = text_width(self.title, bold=True), text_width(self.detail, size=SMALL)
        if self.beside:
            self.width = 2 * PAD + max(texts) + 0.15 + self.body[0]
            self.height = 2 * PAD * 0.7 + max(2 * LINE, self.body[1])
            return
        self.one_line = bool(self.title) and sum(texts) + 0.2 <= self.body[0]
        self.head = (LINE if self.one_line or not self.title else 2 * LINE) + 0.03
        if isinstance(stage.body.items[0], Unit):  # a fork begins with its bus, which keeps it off the texts
            self.head += 0.05
        self.width = 2 * PAD + max(self.body[0], sum(texts) + 0.2 if self.one_line else max(texts))
        self.height = 2 * PAD * 0.8 + self.head + self.body[1]

    def place(self, scene: Scene, x: float, y: float, width: float) -> None:
        """With the upper left corner at (x, y), and as wide as its column."""
        sketch = Sketch(scene, self.stage.times, self.main)
        kind = "card" if self.main else "aux"
        scene.boxes.append(Box(kind, x, y, width, self.height, main=self.main, stage=self.stage))
        if self.beside:
            middle = y + self.height / 2
            self._texts(scene, x + PAD, middle - LINE / 2, x + PAD, middle + (LINE / 2 if self.title else 0))
            sketch.chain(self.stage.body, x + width - PAD - self.body[0] / 2, middle - self.body[1] / 2)
            return
        top = y + PAD * 0.8
        if self.one_line:
            self._texts(scene, x + PAD, top + LINE / 2, x + width - PAD, top + LINE / 2, align="right")
        else:
            self._texts(scene, x + PAD, top + LINE / 2, x + PAD, top + (1.5 if self.title else 0.5) * LINE)
        sketch.chain(self.stage.body, x + width / 2, top + self.head)

    def _texts(self, scene: Scene, x: float, y: float, detail_x: float, detail_y: float, align: str = "left") -> None:
        if self.title:
            scene.texts.append(Text(x, y, self.title, bold=True, stage=self.stage))
        scene.texts.append(Text(detail_x, detail_y, self.detail, size=SMALL, align=align, stage=self.stage))


def percent(share: float) -> str:
    """A share of the whole as text, to one place; what is there but smaller, as such."""
    return "" if share == 0 else "<0.1 %" if share < 0.0005 else f"{100 * share:.1f} %"
