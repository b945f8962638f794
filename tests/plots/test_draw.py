"""Networks as pictures: what is drawn is what a forward pass does, nothing overlaps, and nothing is cut off."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text as Letters

from tests.helpers.drawings import (
    EDGE,
    box_texts,
    built,
    check_geometry,
    counted,
    drawn,
    expected_texts,
    found,
    scene_of,
)
from tinyinception import count, draw, models, nn
from tinyinception.plots import network
from tinyinception.plots.colours import BRANCHES
from tinyinception.plots.network_flow import compose
from tinyinception.plots.network_tree import Residual, Stage, stages, units

# -- the same as the forward pass ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", models.names())
def test_every_convolution_pooling_and_linear_layer_has_its_box(name):
    """Number, kernels, strides and widths, folded repeats multiplied out, against the operations that ran."""
    size = models.info(name).input_size
    assert box_texts(scene_of(found(name))) == expected_texts(built(name), (*size, 3))


@pytest.mark.parametrize("field", ["macs", "params"])
@pytest.mark.parametrize("name", models.names())
def test_boxes_add_up_to_the_network_without_auxiliary_classifiers(name, field):
    boxes = [box for box in scene_of(found(name), field).boxes if box.unit]
    whole, trained = counted(name)
    assert sum(box.times * getattr(box.unit, field) for box in boxes if box.main) == getattr(whole, field)
    assert sum(box.times * getattr(box.unit, field) for box in boxes) == getattr(trained, field)
    assert sum(stage.total(field) for stage in found(name)) == getattr(whole, field)


def test_folded_names():
    assert [stage.title for stage in found("inception_v4")] == [
        "Conv2d_1a_3x3",
        "Conv2d_2a_3x3",
        "Conv2d_2b_3x3",
        "Mixed_3a",
        "Mixed_4a",
        "Mixed_5a",
        "Mixed_5b–5e ×4",
        "Mixed_6a",
        "Mixed_6b–6h ×7",
        "Mixed_7a",
        "Mixed_7b–7d ×3",
        "head",
    ]
    assert [stage.title for stage in found("inception_resnet_v2")][8:] == [
        "block35_1–10 ×10",
        "Mixed_6a",
        "block17_1–20 ×20",
        "Mixed_7a",
        "block8_1–9 ×9",
        "block8_10",
        "Conv2d_7b_1x1",
        "head",
    ]
    assert [stage.title for stage in found("inception_resnet_cifar")] == [
        "stem.conv",
        "stem.reduce",
        "blocks_16.0–1 ×2",
        "reduce_16",
        "blocks_8.0–1 ×2",
        "reduce_8",
        "blocks_4.0–1 ×2",
        "head",
    ]


def test_a_module_with_an_auxiliary_classifier_is_not_folded_away():
    with nn.shape_only():
        model = models.build("inception_v4", aux=True)
    rows = count.summary(model, 299, training=True).rows
    middle = [(stage.title, stage.aux and stage.aux.title) for stage in stages(model, rows)][8:10]
    assert middle == [("Mixed_6b–6g ×6", None), ("Mixed_6h", "aux_Mixed_6h")]


def test_equal_modules_with_equal_auxiliary_classifiers_are_drawn_one_by_one():
    """And their classifiers, which are taller than they are, do not overlap."""
    model = models.network.Network(
        {"a": nn.ConvUnit(8, 8, 3), "b": nn.ConvUnit(8, 8, 3), "head": nn.classifier(8, 10)},
        channels=8,
        input_size=14,
        aux={name: nn.googlenet_aux(8, 10) for name in "ab"},
    )
    found = stages(model, count.summary(model, 14, channels=8, training=True).rows)
    assert [(stage.title, stage.aux and stage.aux.title) for stage in found] == [
        ("a", "aux_a"),
        ("b", "aux_b"),
        ("head", None),
    ]
    check_geometry(compose(found, "input", "macs", 1, (4.0, 9.0)))


def test_modules_that_differ_in_a_width_alone_are_not_folded():
    same = nn.Sequential(*(nn.Branches(a=nn.ConvUnit(8, 4, 3), b=nn.ConvUnit(8, 4, 1)) for _ in range(3)))
    other = nn.Sequential(
        nn.Branches(a=nn.ConvUnit(8, 4, 3), b=nn.ConvUnit(8, 4, 1)),
        nn.Branches(a=nn.ConvUnit(8, 3, 3), b=nn.ConvUnit(8, 5, 1)),
    )
    for model, repeats in ((same, [3]), (other, [1, 1])):
        rows = count.summary(model, 8, channels=8, training=True).rows
        assert [stage.times for stage in stages(model, rows)] == repeats


# -- the picture -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", models.names())
def test_nothing_overlaps(name):
    check_geometry(scene_of(found(name)))


def check_texts(figure):
    """By the renderer's own extents: each text inside the figure and clear of every other; a box's inside the box."""
    texts = [t for t in figure.findobj(Letters) if t.get_text() and t.get_visible()]
    areas = [text.get_window_extent() for text in texts]
    for text, area in zip(texts, areas, strict=True):
        assert area.x0 >= 0, text
        assert area.y0 >= 0, text
        assert area.x1 <= figure.bbox.x1, text
        assert area.y1 <= figure.bbox.y1, text
    for (a, first), (b, second) in combinations(zip(texts, areas, strict=True), 2):
        assert min(first.x1, second.x1) <= max(first.x0, second.x0) or min(first.y1, second.y1) <= max(
            first.y0, second.y0
        ), (a, b)
    for patch in figure.axes[0].patches:
        if isinstance(patch, FancyBboxPatch):
            box = patch.get_window_extent()
            for text, area in zip(texts, areas, strict=True):
                middle = (area.x0 + area.x1) / 2, (area.y0 + area.y1) / 2
                if box.contains(*middle):
                    assert area.x0 > box.x0, text
                    assert area.x1 < box.x1, text
                    assert area.y0 > box.y0, text
                    assert area.y1 < box.y1, text
    assert min(text.get_fontsize() for text in texts) * figure.dpi / 72 > 10  # pixels of a slide 1080 high


@pytest.mark.parametrize("name", models.names())
def test_all_text_is_on_the_page_and_apart(name):
    check_texts(drawn(name))


def test_so_is_that_of_small_and_of_unequal_pictures():
    inception = nn.inception(192, n1=64, r3=96, n3=128, r5=16, n5=32, pool_proj=32)
    for figure in (
        draw(inception, 28, channels=192),
        draw(inception, 28, channels=192, title="of a long name " * 6),
        draw(nn.MaxPool2d(2), 8),
        draw("vgg16", color="params"),
    ):
        figure.draw_without_rendering()
        check_texts(figure)


@pytest.mark.parametrize("color", ["macs", "params"])
@pytest.mark.parametrize("name", ["googlenet", "inception_v4"])
def test_darker_is_more_and_free_is_white(name, color):
    figure = drawn(name, color)
    patches = {patch.get_gid(): patch for patch in figure.axes[0].patches}
    boxes = [box for box in scene_of(found(name), color).boxes if box.unit]
    shades = sorted(
        (box.times * getattr(box.unit, color), sum(to_rgb(patches[f"unit {box.unit.path}"].get_facecolor())))
        for box in boxes
    )
    assert all(shade == 3 for cost, shade in shades if cost == 0)
    paid = [(cost, shade) for cost, shade in shades if cost]
    assert all(dark <= light + EDGE for (_, light), (_, dark) in pairwise(paid))
    assert paid[-1][1] < 0.8 < 1.8 < paid[0][1]


def test_by_kind_each_kernel_has_its_colour():
    figure = drawn("inception_v3", "kind")
    patches = {patch.get_gid(): patch for patch in figure.axes[0].patches}
    for path, kind in (
        ("Mixed_5b.one", "1x1"),
        ("Mixed_5b.five.conv2_5x5", "5x5"),
        ("Mixed_5b.double.conv3_3x3", "3x3"),
        ("Mixed_6b.double.conv3_1x7", "other"),
        ("Mixed_5b.pool.pool", "pool"),
    ):
        assert to_rgb(patches[f"unit {path}"].get_facecolor()) == to_rgb(BRANCHES[kind])
    assert [text.get_text() for text in figure.legends[0].texts] == list(network.KINDS.values())


def test_letters_on_every_colour_can_be_read():
    """At least 4.5 to 1, as WCAG asks of text."""
    from matplotlib import colormaps

    for fill in [*colormaps["magma_r"](np.linspace(0, 1, 64)), *BRANCHES.values()]:
        back, front = (
            np.dot(
                (0.2126, 0.7152, 0.0722),
                np.where((c := np.array(to_rgb(colour))) <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4),
            )
            for colour in (fill, network._ink(fill))
        )
        assert (max(back, front) + 0.05) / (min(back, front) + 0.05) >= 4.5


def test_numbers_in_the_header():
    texts = [text.get_text() for text in drawn("googlenet").texts]
    assert texts == [
        "googlenet",
        "224×224×3   7.00 M parameters   1.58 G multiply-adds   "
        "(auxiliary classifiers, in training: 6.38 M and 8.37 M more)",
    ]
    shown = {
        0: "0",
        999: "999",
        1000: "1.00 k",
        9996: "10.0 k",
        99_960: "100 k",
        999_499: "999 k",
        999_500: "1.00 M",
        23_834_568: "23.8 M",
        5_713_216_096: "5.71 G",
    }
    assert {n: network._short(n) for n in shown} == shown


def test_colour_bar_says_what_and_how():
    folded = "share of multiply-adds (%), square-root scale\n×n: all n together"
    for name, color, words in (
        ("inception_v4", "macs", folded),
        ("googlenet", "params", "share of parameters (%), square-root scale"),
    ):
        bar = drawn(name, color).axes[1]
        assert bar.get_xlabel() == words
        assert [float(label.get_text()) for label in bar.get_xticklabels()] == pytest.approx(bar.get_xticks())


# -- blocks and other modules ----------------------------------------------------------------------------------------


def test_a_lone_block():
    """GoogLeNet's 3a, counted by hand."""
    block = nn.inception(192, n1=64, r3=96, n3=128, r5=16, n5=32, pool_proj=32)
    figure = draw(block, (28, 28), channels=192, title="3a")
    inner = {text.get_text() for text in figure.axes[0].texts}
    assert inner == {
        "input 28×28×192",
        "28×28×256  100.0 %",
        "concat",
        "1×1 64",
        "1×1 96",
        "3×3 128",
        "1×1 16",
        "5×5 32",
        "max 3×3",
        "1×1 32",
    }
    weights = 192 * (64 + 96 + 16 + 32) + 96 * 128 * 9 + 16 * 32 * 25
    assert figure.texts[0].get_text() == "3a"
    assert f"{weights * 784 / 1e6:.0f} M multiply-adds" in figure.texts[1].get_text()
    assert f"{(weights + 2 * (64 + 96 + 128 + 16 + 32 + 32)) / 1e3:.0f} k parameters" in figure.texts[1].get_text()


@pytest.mark.parametrize(
    ("scale", "relu", "words"),
    [(0.17, True, "input + 0.17 × residual"), (1, True, "input + residual"), (1, False, "input + residual, no ReLU")],
)
def test_a_residual_block_shows_the_path_round_it(scale, relu, words):
    block = nn.inception_resnet_a(320, scale=scale, relu=relu)
    (stage,) = stages(block, count.summary(block, 35, channels=320).rows)
    scene = scene_of([stage])
    check_geometry(scene)
    (residual,) = stage.body.items
    assert isinstance(residual, Residual)
    assert residual.up.text == "1×1 320 linear"
    bars = {box.text: box for box in scene.boxes if box.kind == "join"}
    assert set(bars) == {"concat", words}
    (identity,) = [line for line in scene.lines if line.kind == "identity"]
    bottom, others = identity.points[-1], [box.x for box in scene.boxes if box.kind == "unit"]
    assert bottom[1] == pytest.approx(bars[words].y)
    assert bars[words].x < bottom[0] < min(others) - 0.1


def test_a_part_of_a_network_is_drawn_like_the_whole():
    with nn.shape_only():
        model = models.build("inception_v4")
    alone = stages(model.Mixed_7b, count.summary(model.Mixed_7b, 8, channels=1536).rows)
    assert alone == [
        stage if stage.times == 1 else Stage(stage.names[:1], stage.body, stage.output)
        for stage in found("inception_v4")
        if stage.names[0] == "Mixed_7b"
    ]


def test_a_branch_that_passes_its_input_on_and_a_module_of_unknown_inside():
    class Twice(nn.Module):
        def __init__(self):
            self.conv = nn.Conv2d(4, 4, 3, padding="same")

        def forward(self, x):
            return self.conv(self.conv(x))

    model = nn.Sequential(
        fork=nn.Branches(same=nn.Sequential(), pool=nn.MaxPool2d(3, stride=1, padding=1)),
        squeeze=nn.ConvUnit(8, 4, 1),
        twice=Twice(),
    )
    found = stages(model, count.summary(model, 8, channels=4).rows)
    scene = scene_of(found)
    check_geometry(scene)
    assert box_texts(scene) == {"max 3×3": 1, "1×1 4": 1, "Twice": 1}
    assert found[2].total("macs") == 2 * 64 * 4 * 4 * 9
    (bar,) = [box for box in scene.boxes if box.kind == "join"]
    arriving = {round(line.points[-1][0], 6) for line in scene.lines if line.points[-1][1] == pytest.approx(bar.y)}
    assert len(arriving) == 2


@st.composite
def modules(draw, channels=4, depth=2):
    """Random trees of units, poolings, sequences and branches that keep the grid, with their output channels."""
    kind = draw(st.sampled_from(["unit", "pool", "chain", "fork"] if depth else ["unit", "pool"]))
    if kind == "unit":
        width = draw(st.sampled_from([4, 16, 1024]))
        return nn.ConvUnit(channels, width, draw(st.sampled_from([1, 3, (1, 3)]))), width
    if kind == "pool":
        return nn.MaxPool2d(3, stride=1, padding=1), channels
    parts, widths, inputs = [], [], channels
    for _ in range(draw(st.integers(1, 3))):
        part, width = draw(modules(channels if kind == "fork" else inputs, depth - 1))
        parts.append(part)
        widths.append(width)
        inputs = width
    return (nn.Branches(*parts), sum(widths)) if kind == "fork" else (nn.Sequential(*parts), inputs)


@settings(max_examples=60, deadline=None)
@given(modules(depth=3))
def test_any_tree_of_modules(tree):
    model, _ = tree
    found = stages(model, count.summary(model, 8, channels=4, training=True).rows)
    scene = scene_of(found)
    check_geometry(scene)
    assert box_texts(scene) == expected_texts(model, (8, 8, 4))
    assert sum(stage.total("macs") for stage in found) == count.summary(model, 8, channels=4).macs
    assert len({unit.path for stage in found for unit in units(stage.body)}) == sum(
        1 for stage in found for _ in units(stage.body)
    )
