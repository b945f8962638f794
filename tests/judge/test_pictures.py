"""The pictures of an evaluation show the numbers that they are made of."""

from dataclasses import replace

import numpy as np
import pytest

from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.judge import calibration, crop_scheme
from tinyinception.judge.judgement import crops_picture
from tinyinception.plots import judging as plots


def test_the_calibration_curve_shows_accuracy_probability_and_counts():
    bins = calibration([0.1, 0.75, 0.55, 0.95], [False, True, False, False], 4)
    upper, lower = plots.calibration_curve(bins, "a run").axes
    assert [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in upper.patches] == [
        (0, 25, 0),
        (50, 25, 50),
        (75, 25, 0),
    ]
    dots = next(line for line in upper.get_lines() if line.get_marker() == "o")
    np.testing.assert_allclose(np.transpose(dots.get_data()), [(10, 0), (65, 50), (95, 0)])
    assert [bar.get_height() for bar in lower.patches] == [1, 0, 2, 1]
    assert [text.get_text() for text in lower.texts] == ["1", "0", "2", "1"]
    assert upper.get_title() == "a run\nexpected calibration error 33.75%, 4 bins, 4 images"
    with pytest.raises(ShapeError, match="no images"):
        plots.calibration_curve(replace(bins, images=np.zeros(4, int)))


def test_the_picture_of_a_scheme_shows_its_boxes_and_its_views():
    image = np.random.default_rng(0).integers(0, 256, (16, 16, 3)).astype(np.uint8)
    scheme = crop_scheme(144, (16, 16), (16, 16))
    figure = crops_picture(scheme, image)
    sizes = figure.axes[:5]
    assert [axes.get_title() for axes in sizes] == [f"{n} x {n} pixels" for n in (16, 18, 21, 23, 25)]
    assert [len(axes.patches) for axes in sizes] == [1, 5, 5, 5, 5]
    last = {box.get_label(): box.get_xy() for box in sizes[-1].patches}
    assert last["bottom right"] == pytest.approx((8.5, 8.5), abs=0.7)  # pixel 9 begins half a pixel before its middle
    assert last["top right"] == pytest.approx((8.5, -0.5), abs=0.7)
    tiles = [axes for axes in figure.axes[5:] if axes.get_images()]
    assert len(tiles) == 42
    assert sorted(axes.get_xlabel() for axes in tiles) == ["x 12"] * 2 + ["x 3"] * 40
    np.testing.assert_array_equal(tiles[5].get_images()[0].get_array(), image)
    np.testing.assert_array_equal(tiles[11].get_images()[0].get_array(), image[:, ::-1])
    with pytest.raises(ArgumentError, match="no column for left"):
        plots.crop_views([(image, [])], {"row": {"left": (image, 1)}}, ["right"])
