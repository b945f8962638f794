"""Placing a directed graph in layers, each edge pointing down and none through a foreign node (Sugiyama 1981)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Route = list[tuple[float, float]]  # points (x, y)

GAP_X, GAP_Y, MARGIN = 0.18, 0.35, 0.15  # inches


@dataclass(eq=False)
class Node:
    """A box to be placed, or (of width 0) the vertical line where an edge passes a layer. x and y are its centre.

    weight: how much others move to make room for it; nodes without inputs weigh little, so that chains are straight.
    """

    width: float = 0.0
    height: float = 0.0
    x: float = 0.0
    y: float = 0.0
    layer: int = 0
    weight: float = 1.0


def place(nodes: Sequence[Node], edges: Sequence[tuple[int, int]]) -> tuple[float, float, list[Route]]:
    """Give every node its x and y, y downwards; returns width, height and for each edge the points it runs through.

    nodes come in topological order; edges are (from, to) as numbers of nodes, which may repeat (a + a).
    """
    _assign_layers(nodes, edges)
    layers: list[list[Node]] = [[] for _ in range(1 + max(node.layer for node in nodes))]
    for node in nodes:
        layers[node.layer].append(node)
    chains = []
    for start, end in edges:
        chain = [nodes[start], *(Node(layer=i) for i in range(nodes[start].layer + 1, nodes[end].layer)), nodes[end]]
        for node in chain[1:-1]:
            layers[node.layer].append(node)
        chains.append(chain)
    above: dict[Node, list[Node]] = {node: [] for layer in layers for node in layer}
    below: dict[Node, list[Node]] = {node: [] for layer in layers for node in layer}
    for chain in chains:
        for upper, lower in pairwise(chain):
            above[lower].append(upper)
            below[upper].append(lower)
    _assign_columns(layers, above, below)
    y = MARGIN
    for layer in layers:
        tallest = max(node.height for node in layer)
        for node in layer:
            node.y = y + tallest / 2
            node.height = node.height or tallest
        y += tallest + GAP_Y
    left = min(node.x - node.width / 2 for layer in layers for node in layer) - MARGIN
    for layer in layers:
        for node in layer:
            node.x -= left
    right = max(node.x + node.width / 2 for layer in layers for node in layer) + MARGIN
    return right, y - GAP_Y + MARGIN, _routes(chains)


def _assign_layers(nodes: Sequence[Node], edges: Sequence[tuple[int, int]]) -> None:
    """Each node below all its inputs; nodes without inputs, such as parameters, right above their first use."""
    inputs: dict[int, list[int]] = {i: [] for i in range(len(nodes))}
    uses: dict[int, list[int]] = {i: [] for i in range(len(nodes))}
    for start, end in edges:
        inputs[end].append(start)
        uses[start].append(end)
    for i, node in enumerate(nodes):
        node.layer = max((nodes[j].layer + 1 for j in inputs[i]), default=0)
    for i, node in enumerate(nodes):
        if not inputs[i] and uses[i]:
            node.layer = min(nodes[j].layer for j in uses[i]) - 1
            node.weight = 0.01


def _assign_columns(layers: list[list[Node]], above: dict[Node, list[Node]], below: dict[Node, list[Node]]) -> None:
    """Sweep down and up: each node wants the mean x of its neighbours, and the order of a layer is that of the wishes.

    The last sweeps look both ways at once, which straightens what the others have ordered.
    """
    for layer in layers:
        _spread(layer, [float(i) for i in range(len(layer))])
    for sweep in range(32):
        down, both = sweep % 2 == 0, sweep >= 16
        for layer in layers if down else reversed(layers):
            wishes = {}
            for node in layer:
                neighbours = (above[node] if down or both else []) + (below[node] if both or not down else [])
                total = sum(n.weight for n in neighbours)
                wishes[node] = sum(n.x * n.weight for n in neighbours) / total if neighbours else node.x
            layer.sort(key=wishes.__getitem__)
            _spread(layer, [wishes[node] for node in layer])


def _spread(layer: list[Node], wishes: list[float]) -> None:
    """Place a layer left to right without overlap, as near to the wishes as that allows.

    Neighbours that would overlap are merged into a block, which then moves as one to the weighted mean of its members'
    wishes.
    """
    blocks: list[tuple[float, float, float, list[Node]]] = []  # left edge, width, weight, members
    for node, wish in zip(layer, wishes, strict=True):
        left, width, weight, members = wish - node.width / 2, node.width, node.weight, [node]
        while blocks and blocks[-1][0] + blocks[-1][1] + GAP_X > left:
            before, its_width, its_weight, its_members = blocks.pop()
            share = its_weight / (its_weight + weight)
            left = before * share + (left - its_width - GAP_X) * (1 - share)
            width, weight, members = its_width + GAP_X + width, its_weight + weight, its_members + members
        blocks.append((left, width, weight, members))
    for left, _, _, members in blocks:
        for node in members:
            node.x = left + node.width / 2
            left += node.width + GAP_X


def _routes(chains: list[list[Node]]) -> list[Route]:
    """For each edge: from the bottom of its first node to the top of its last, straight down through layers between."""
    leaving = _ports(chains, 0, 1)
    arriving = _ports(chains, -1, -2)
    routes = []
    for chain, start, end in zip(chains, leaving, arriving, strict=True):
        route = [(start, chain[0].y + chain[0].height / 2)]
        for node in chain[1:-1]:
            route += [(node.x, node.y - node.height / 2), (node.x, node.y + node.height / 2)]
        routes.append([*route, (end, chain[-1].y - chain[-1].height / 2)])
    return routes


def _ports(chains: list[list[Node]], at: int, towards: int) -> list[float]:
    """Where on its node each edge is attached: side by side, ordered by where they go, so that a + a is two lines."""
    groups: dict[Node, list[int]] = {}
    for i, chain in enumerate(chains):
        groups.setdefault(chain[at], []).append(i)
    ports = [0.0] * len(chains)
    for node, edges in groups.items():
        step = min(0.15, 0.7 * node.width / len(edges))
        for rank, i in enumerate(sorted(edges, key=lambda i: chains[i][towards].x)):
            ports[i] = node.x + (rank - (len(edges) - 1) / 2) * step
    return ports
