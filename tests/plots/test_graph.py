"""The graph of a result: its nodes and edges, the DOT text, and the layout of the picture."""

import errno
import os
import re
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from tinyinception import ops
from tinyinception.errors import ArgumentError, GraphError
from tinyinception.plots import draw_graph, to_dot
from tinyinception.plots.layered import MARGIN, Node, place
from tinyinception.tensor import Tensor, apply, concat, no_grad, scope


def inception(x):
    """A reduced Inception module (GoogLeNet Fig. 2b) without data."""

    def conv(name, x, kernel, out_channels):
        with scope(name):
            weight = Tensor.shape_only(kernel, kernel, x.shape[3], out_channels, requires_grad=True)
            return apply(ops.Conv2d(padding="same"), x, weight, None).relu()

    with scope("3a"):
        return concat(
            [
                conv("one", x, 1, 64),
                conv("three", conv("reduce3", x, 1, 96), 3, 128),
                conv("five", conv("reduce5", x, 1, 16), 5, 32),
                conv("proj", x, 1, 32),
            ]
        )


def test_the_diamond_as_dot():
    a = Tensor(np.ones((2, 3)), requires_grad=True)
    with scope("head"):
        b = a + a
    c = b * b
    box = "fillcolor"
    expected = [
        "digraph result {",
        '  node [shape=box, style="filled,rounded", fontname="Helvetica", fontsize=10];',
        rf'  n0 [label="tensor\n2x3", {box}="#fde3c0"];',
        rf'  n1 [label="Add\nhead\n2x3", {box}="#d8e6f3"];',
        rf'  n2 [label="Multiply\n2x3", {box}="#d8e6f3"];',
        "  n0 -> n1;",
        "  n0 -> n1;",
        "  n1 -> n2;",
        "  n1 -> n2;",
        "}",
    ]
    assert to_dot(c).splitlines() == expected


def test_dot_of_a_module_names_every_operation_once():
    dot = to_dot(inception(Tensor.shape_only(1, 28, 28, 192, requires_grad=True)))
    labels = re.findall(r'^  n\d+ \[label="(.*?)"', dot, re.MULTILINE)
    edges = re.findall(r"^  n(\d+) -> n(\d+);", dot, re.MULTILINE)
    assert sum(label.startswith("Conv2d") for label in labels) == 6
    assert labels[0] == r"tensor\n1x28x28x192"  # inputs come in the order in which operations take them
    assert r"Conv2d\n3a.five\n1x28x28x32" in labels
    assert r"Concat\n3a\n1x28x28x256" in labels
    assert len(labels) == 6 * 2 + 1 + 6 + 1  # convolution and ReLU, concat, weights, input
    assert len(edges) == 6 * 3 + 4
    assert all(int(start) < int(end) for start, end in edges)


def test_inputs_without_gradient_are_not_part_of_the_graph():
    a = Tensor(np.ones(3), requires_grad=True)
    assert to_dot(a * Tensor(np.ones(3))).count("label=") == 2


def test_quotes_in_a_path_are_escaped():
    with scope('say "a\\b"'):
        b = -Tensor(1.0, requires_grad=True)
    assert r'label="Negate\nsay \"a\\b\"\nscalar"' in to_dot(b)


def test_a_deep_graph_is_walked_without_recursion():
    a = Tensor(0.0, requires_grad=True)
    for _ in range(3000):
        a = a + a
    assert to_dot(a).count("->") == 6000


def test_no_graph_is_an_error():
    a = Tensor(np.ones(3), requires_grad=True)
    with no_grad():
        b = a * 2
    for tensor in (a, b):
        with pytest.raises(GraphError, match="not computed by recorded operations"):
            to_dot(tensor)


def test_a_freed_graph_is_an_error():
    b = (Tensor(np.ones(3), requires_grad=True) * 2).sum()
    b.backward()
    with pytest.raises(GraphError, match="Sum was freed by backward"):
        draw_graph(b)


def test_picture_has_a_box_per_node_and_an_arrow_per_edge(tmp_path):
    result = inception(Tensor.shape_only(1, 28, 28, 192, requires_grad=True))
    figure = draw_graph(result, tmp_path / "graph.png")
    axes = figure.axes[0]
    assert sum(isinstance(p, FancyBboxPatch) for p in axes.patches) == 20
    assert sum(isinstance(p, FancyArrowPatch) for p in axes.patches) == 22
    texts = [text.get_text() for text in axes.texts]
    assert texts.count("Conv2d") == 6
    assert {"3a.five", "1x28x28x256"} <= set(texts)
    assert (tmp_path / "graph.png").read_bytes().startswith(b"\x89PNG")


def test_text_fits_into_its_box():
    figure = draw_graph(inception(Tensor.shape_only(1, 28, 28, 192, requires_grad=True)))
    axes, renderer = figure.axes[0], figure.canvas.get_renderer()
    boxes = [p.get_window_extent(renderer) for p in axes.patches if isinstance(p, FancyBboxPatch)]
    for text in axes.texts:
        extent = text.get_window_extent(renderer)
        assert any(
            box.x0 < extent.x0 and extent.x1 < box.x1 and box.y0 < extent.y0 and extent.y1 < box.y1 for box in boxes
        ), text


def test_layout_uncrosses_what_need_not_cross():
    nodes = [Node(width=1, height=1) for _ in range(6)]
    place(nodes, [(0, 5), (1, 4), (2, 3)])
    assert [node.x for node in nodes[:3]] == pytest.approx([node.x for node in reversed(nodes[3:])])


def test_layout_keeps_chains_straight():
    # node 2i + 1 follows node 2i - 1 and has the leaf 2i beside the edge
    nodes = [Node(width=1, height=1) for _ in range(12)]
    place(nodes, [(i, i + 1) for i in range(0, 12, 2)] + [(i, i + 2) for i in range(1, 11, 2)])
    assert max(node.x for node in nodes[1::2]) - min(node.x for node in nodes[1::2]) < 0.1


@st.composite
def graphs(draw):
    """Nodes of various sizes in topological order, and edges forward, repeated ones among them."""
    n = draw(st.integers(1, 10))
    sizes = st.floats(0.3, 2.5)
    nodes = [Node(width=draw(sizes), height=draw(sizes)) for _ in range(n)]
    pairs = list(combinations(range(n), 2))
    return nodes, draw(st.lists(st.sampled_from(pairs), max_size=18)) if pairs else []


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_layout_keeps_boxes_and_edges_apart(graph):
    nodes, edges = graph
    width, height, routes = place(nodes, edges)
    edge = 1e-9
    for node in nodes:
        assert MARGIN - edge <= node.x - node.width / 2
        assert node.x + node.width / 2 <= width - MARGIN + edge
        assert MARGIN - edge <= node.y - node.height / 2
        assert node.y + node.height / 2 <= height - MARGIN + edge
    for a, b in combinations(nodes, 2):
        assert abs(a.x - b.x) >= (a.width + b.width) / 2 or abs(a.y - b.y) >= (a.height + b.height) / 2
    for (start, end), route in zip(edges, routes, strict=True):
        assert route[0][1] == pytest.approx(nodes[start].y + nodes[start].height / 2)
        assert route[-1][1] == pytest.approx(nodes[end].y - nodes[end].height / 2)
        assert abs(route[0][0] - nodes[start].x) < nodes[start].width / 2
        assert abs(route[-1][0] - nodes[end].x) < nodes[end].width / 2
        assert all(above[1] < below[1] for above, below in pairwise(route))
        for (x, top), (_, bottom) in zip(route[1:-1:2], route[2:-1:2], strict=True):  # the stretches through layers
            for node in nodes:
                assert not (
                    abs(node.x - x) < node.width / 2
                    and node.y - node.height / 2 < bottom
                    and top < node.y + node.height / 2
                )


def test_a_picture_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    a = Tensor(1.0, requires_grad=True)
    path = tmp_path / "graph.png"
    draw_graph(a * a, path)
    before = path.read_bytes()
    assert before.startswith(b"\x89PNG")
    with pytest.raises(ArgumentError, match=r"draw_graph: .*x\.doc must end in a format .* png"):
        draw_graph(a * a, tmp_path / "x.doc")
    with pytest.raises(ArgumentError, match=r"draw_graph: cannot write .*y\.png: No such file"):
        draw_graph(a * a, tmp_path / "none" / "y.png")

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArgumentError, match=r"cannot write .*graph\.png: No space left"):
        draw_graph(a * a, path)
    assert [p.name for p in tmp_path.iterdir()] == ["graph.png"]
    assert path.read_bytes() == before
