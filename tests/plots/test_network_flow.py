"""Columns of a network's picture: broken as well as any way to break them, with auxiliary classifiers at the side."""

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.drawings import EDGE, check_geometry, found, scene_of
from tinyinception.plots.network_flow import BETWEEN, BOTTOM, GUTTER, NEARLY, TOP, Slot, break_columns, extent, layouts
from tinyinception.plots.network_layout import AUX_GAP


def divisions(slots):
    for cuts in range(2 ** (len(slots) - 1)):
        columns = [[slots[0]]]
        for i, slot in enumerate(slots[1:]):
            if cuts >> i & 1:
                columns.append([])
            columns[-1].append(slot)
        yield columns


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0.3, 3), min_size=1, max_size=8), st.floats(0.5, 3))
def test_columns_are_broken_as_well_as_any_way_to_break_them(heights, ratio):
    """Of cards of one width, against all divisions: nearly the largest picture, and no fewer columns reach that."""
    slots, page = [Slot(SimpleNamespace(width=2.0, height=h), None) for h in heights], (9.0 * ratio, 9.0)
    rated = []
    for columns in divisions(slots):
        tallest = max(sum(slot.card.height for slot in column) + BETWEEN * (len(column) - 1) for column in columns)
        width = 2.0 * len(columns) + GUTTER * (len(columns) - 1)
        rated.append((min(page[0] / width, page[1] / (TOP + tallest + BOTTOM)), len(columns)))
    best = max(scale for scale, _ in rated)
    chosen = break_columns(slots, page)
    assert [slot for column in chosen for slot in column.slots] == slots
    width, height = extent(chosen)
    assert min(page[0] / width, page[1] / height) >= NEARLY * best - EDGE
    assert len(chosen) == min(n for scale, n in rated if scale >= NEARLY * best + EDGE or scale == best)


def test_an_auxiliary_classifier_hangs_at_the_right_of_its_card():
    scene = scene_of(found("googlenet"))
    aux = [box for box in scene.boxes if box.kind == "aux"]
    lines = [line for line in scene.lines if line.kind == "aux"]
    assert len(aux) == len(lines) == 2
    for box, line in zip(aux, lines, strict=True):
        (x0, y0), (x1, y1) = line.points
        (card,) = [
            c
            for c in scene.boxes
            if c.kind == "card" and c.x + c.width == pytest.approx(x0) and c.y <= y0 and y0 <= c.y + c.height
        ]
        assert card.y == box.y
        assert (x1, y1) == pytest.approx((box.x, y0))
        assert x1 - x0 == pytest.approx(AUX_GAP)


@pytest.mark.parametrize("name", ["googlenet", "inception_v4", "inception_cifar"])
def test_layouts_of_one_column_two_and_more_are_whole_pictures(name):
    stages = found(name)
    scenes = layouts(stages, "input", "macs", sum(stage.total("macs") for stage in stages), 4)
    assert len(scenes) == 4
    for n, scene in enumerate(scenes, 1):
        check_geometry(scene)
        assert len({box.x for box in scene.boxes if box.kind == "card"}) == n
        assert [box.unit for box in scene.boxes if box.unit] == [box.unit for box in scenes[0].boxes if box.unit]
        assert {id(box.stage) for box in scene.boxes if box.kind == "card"} == {id(stage) for stage in stages}
    heights = [scene.height for scene in scenes]
    assert heights == sorted(heights, reverse=True)
    assert scenes[-1].width > scenes[0].width
