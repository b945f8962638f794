"""The graph of any result: as Graphviz DOT text, or drawn with matplotlib alone."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from tinyinception import tape
from tinyinception.errors import DtypeError, GraphError
from tinyinception.habits import named
from tinyinception.ops.operation import by_x
from tinyinception.plots.file import write
from tinyinception.plots.layered import Node, place
from tinyinception.plots.style import as_text, style
from tinyinception.tensor import Tensor

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OPERATION, LEAF = "#d8e6f3", "#fde3c0"  # pale blue and orange, apart for every kind of colour vision
MOST = 3000  # nodes that are drawn; inception_resnet_v2 has 1,311


def nodes_of(tensor: Tensor) -> tuple[list[tape.Node | Tensor], list[tuple[int, int]]]:
    """The operations and leaf tensors that `tensor` was computed from, inputs first, and edges as pairs of numbers.

    Inputs that require no gradient are not recorded, so they are not part of the graph. Raises GraphError for a tensor
    without a graph, or whose graph `backward` has freed.
    """
    if not isinstance(tensor, Tensor):
        raise DtypeError(f"graph: tensor must be a Tensor, got {type(tensor).__name__}")
    if tensor.node is None:
        raise GraphError(
            "graph: this tensor was not computed by recorded operations; draw the result of a forward "
            "pass whose parameters or inputs require a gradient, outside no_grad()"
        )
    order: list[tape.Node | Tensor] = []
    number: dict[int, int] = {}
    stack: list[tuple[tape.Node | Tensor, bool]] = [(tensor.node, False)]
    while stack:
        item, done = stack.pop()
        if id(item) in number:
            continue
        if done or isinstance(item, Tensor):
            number[id(item)] = len(order)
            order.append(item)
            continue
        if item.freed:
            raise GraphError(
                f"graph: {item.where()} was freed by backward(); draw first, or call backward(retain_graph=True)"
            )
        stack.append((item, True))
        stack.extend((parent, False) for parent in reversed(item.parents) if parent is not None)
    edges = [
        (number[id(parent)], number[id(item)])
        for item in order
        if isinstance(item, tape.Node)
        for parent in item.parents
        if parent is not None
    ]
    return order, edges


def label(item: tape.Node | Tensor) -> tuple[str, ...]:
    """The lines written on a node: what it is, the layer that called it, and its output shape."""
    if isinstance(item, Tensor):
        return type(item).__name__.lower(), by_x(item.shape)
    return tuple(filter(None, (item.name, item.path, by_x(item.shape))))


@named
def to_dot(tensor: Tensor) -> str:
    """The graph of a result as DOT text, for `dot -Tpng`; raises GraphError as `nodes_of` does."""
    items, edges = nodes_of(tensor)
    lines = ["digraph result {", '  node [shape=box, style="filled,rounded", fontname="Helvetica", fontsize=10];']
    for i, item in enumerate(items):
        text = "\\n".join(line.replace("\\", "\\\\").replace('"', '\\"') for line in label(item))
        lines.append(f'  n{i} [label="{text}", fillcolor="{LEAF if isinstance(item, Tensor) else OPERATION}"];')
    lines += [f"  n{a} -> n{b};" for a, b in edges]
    return "\n".join([*lines, "}", ""])


@style()
@named
def draw_graph(tensor: Tensor, path: str | Path | None = None) -> Figure:
    """The graph of a result as a matplotlib figure, inputs at the top; written to `path` as well if given.

    Readable up to some fifty operations. Raises GraphError as `nodes_of` does and beyond MOST nodes, and ArgumentError
    where `path` has no format that matplotlib knows or cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    items, edges = nodes_of(tensor)
    if len(items) > MOST:
        raise GraphError(
            f"draw_graph: the graph has {len(items):,} nodes, and at most {MOST:,} are drawn; to_dot is for larger ones"
        )
    texts = [tuple(map(as_text, label(item))) for item in items]
    nodes = [Node(width=0.075 * max(map(len, text)) + 0.2, height=0.15 * len(text) + 0.15) for text in texts]  # inches
    width, height, routes = place(nodes, edges)
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    for route in routes:
        _draw_edge(axes, route)
    for item, text, node in zip(items, texts, nodes, strict=True):
        box = {
            "boxstyle": "round,pad=0,rounding_size=0.06",
            "linewidth": 0.8,
            "edgecolor": "#404040",
            "facecolor": LEAF if isinstance(item, Tensor) else OPERATION,
        }
        _draw_node(axes, node, text, box)
    if path is not None:
        write(figure, path, "draw_graph", dpi=150)
    return figure


def _draw_node(axes, node: Node, text: tuple[str, ...], box: dict) -> None:
    from matplotlib.patches import FancyBboxPatch

    axes.add_patch(FancyBboxPatch((node.x - node.width / 2, node.y - node.height / 2), node.width, node.height, **box))
    top = node.y - 0.075 * (len(text) - 1)
    for i, line in enumerate(text):
        axes.text(
            node.x,
            top + 0.15 * i,
            line,
            ha="center",
            va="center",
            fontsize=8.5 if i == 0 else 7,
            weight="bold" if i == 0 else "normal",
            color="black" if i in (0, len(text) - 1) else "#404040",
        )


def _draw_edge(axes, route: list[tuple[float, float]]) -> None:
    """A smooth line through the points of a route, vertical at each, with an arrow at its end."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Curve

    points, codes = [route[0]], [Curve.MOVETO]
    for (x0, y0), (x1, y1) in pairwise(route):
        middle = (y0 + y1) / 2
        points += [(x0, middle), (x1, middle), (x1, y1)]
        codes += [Curve.CURVE4] * 3
    axes.add_patch(
        FancyArrowPatch(
            path=Curve(points, codes),
            arrowstyle="-|>",
            mutation_scale=7,
            linewidth=0.8,
            color="#606060",
            fill=False,
            shrinkA=0,
            shrinkB=0,
        )
    )
