"""Crop schemes: boxes worked out by hand, every view within its image, and equal views shown once but counted fully."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyinception.errors import ArgumentError, ShapeError
from tinyinception.judge.crops import SCHEMES, crop_scheme, resize

SQUARE, WIDE, TALL = (32, 32), (480, 640), (640, 480)


def places(scheme):
    """(position, box) of the views that are not mirrored."""
    return [(view.position, view.box) for view in scheme.views if not view.mirrored]


def test_ten_crops_of_a_photograph_by_hand():
    """480 x 640 becomes 256 x 341; its central square begins at column 42, and 224 fits 32 pixels short of 256."""
    scheme = crop_scheme(10, WIDE, (224, 224))
    assert {view.resized for view in scheme.views} == {(256, 341)}
    assert places(scheme) == [
        ("top left", (0, 42, 224, 224)),
        ("top right", (0, 74, 224, 224)),
        ("bottom left", (32, 42, 224, 224)),
        ("bottom right", (32, 74, 224, 224)),
        ("centre", (16, 58, 224, 224)),
    ]
    assert [view.mirrored for view in scheme.views] == [False, True] * 5


def test_twelve_crops_of_a_small_square_by_hand():
    """32 x 32 becomes 37 x 37, because 32 * 256 / 224 = 36.6; the whole square is the image as it is."""
    scheme = crop_scheme(12, SQUARE, SQUARE)
    assert places(scheme) == [
        ("top left", (0, 0, 32, 32)),
        ("top right", (0, 5, 32, 32)),
        ("bottom left", (5, 0, 32, 32)),
        ("bottom right", (5, 5, 32, 32)),
        ("centre", (2, 2, 32, 32)),
        ("whole", (0, 0, 32, 32)),
    ]
    assert [view.resized for view in scheme.views] == [(37, 37)] * 10 + [(32, 32)] * 2


@pytest.mark.parametrize(
    ("size", "names", "axis"), [(WIDE, ("left", "centre", "right"), 1), (TALL, ("top", "centre", "bottom"), 0)]
)
def test_144_crops_take_three_squares_along_the_longer_side(size, names, axis):
    """At scale 320 the longer side is 426.67, so 427: the squares begin at 0, 53 and 107 and hold 320 pixels."""
    scheme = crop_scheme(144, size, (224, 224))
    corners = {
        view.square: view.box
        for view in scheme.views
        if view.scale == 320 and view.position == "bottom right" and not view.mirrored
    }
    expected = [(96, start + 96, 224, 224) for start in (0, 53, 107)]
    assert corners == dict(zip(names, [box if axis else (box[1], box[0], 224, 224) for box in expected], strict=True))
    whole = {view.square: view.box[axis] for view in scheme.views if view.position == "whole"}
    assert whole == dict(zip(names, (0, 37, 75), strict=True))  # of 224 x 299


@pytest.mark.parametrize(
    ("n", "scales"), [(224, [256, 288, 320, 352]), (299, [342, 384, 427, 470]), (32, [37, 41, 46, 50])]
)
def test_scales_grow_with_the_input(n, scales):
    assert sorted({view.scale for view in crop_scheme(144, WIDE, (n, n)).views}) == scales


@pytest.mark.parametrize(("crops", "distinct"), [(1, 1), (2, 2), (6, 6), (10, 10), (12, 12), (144, 42)])
def test_a_square_image_has_fewer_different_views_than_named_ones(crops, distinct):
    scheme = crop_scheme(crops, SQUARE, SQUARE)
    assert len(scheme.views) == (8 if crops == 6 else crops)
    assert len(scheme.distinct) == len(scheme.weights) == distinct
    if crops == 144:
        expected = {view: 12 if view.position == "whole" else 3 for view in scheme.distinct}
        assert (scheme.weights * 144).round(9).tolist() == list(expected.values())


sizes = st.tuples(st.integers(1, 60), st.integers(1, 60))


@given(size=sizes, n=st.integers(1, 40))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_views_lie_within_their_image_and_where_their_names_say(size, n):
    views = crop_scheme(144, size, (n, n)).views
    for view in views:
        (top, left, height, width), shorter = view.box, min(view.resized)
        assert (height, width) == (n, n)
        assert 0 <= top <= view.resized[0] - n
        assert 0 <= left <= view.resized[1] - n
        assert shorter == (n if view.position == "whole" else view.scale)
        slack = shorter - n
        part = {"left": 0, "top": 0, "right": 1, "bottom": 1, "centre": 0.5}[view.square]
        start = part * (max(view.resized) - shorter)
        down, across = (0, start) if size[1] >= size[0] else (start, 0)
        row, column = {
            "top left": (0, 0),
            "top right": (0, slack),
            "bottom left": (slack, 0),
            "bottom right": (slack, slack),
            "centre": (slack / 2, slack / 2),
            "whole": (0, 0),
        }[view.position]
        assert 0 <= down + row - top <= 1
        assert 0 <= across + column - left <= 1


@given(size=st.tuples(st.integers(2, 12), st.integers(2, 12)), n=st.integers(2, 9), crops=st.sampled_from(SCHEMES))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_different_views_with_their_weights_stand_for_all_views(size, n, crops):
    images = np.random.default_rng(n).integers(0, 256, (2, *size, 3)).astype(np.uint8)
    scheme = crop_scheme(crops, size, (n, n))
    all_views = [view.cut(resize(images, view.resized)) for view in scheme.views]
    shown = scheme.cut(images)
    assert shown.shape == (len(scheme.distinct), 2, n, n, 3)
    assert shown.dtype == np.uint8
    np.testing.assert_allclose(np.tensordot(scheme.weights, shown, 1), np.mean(all_views, axis=0), atol=1e-9)


def test_one_view_is_the_image_and_two_are_it_and_its_mirror_image():
    images = np.random.default_rng(0).integers(0, 256, (3, 5, 4, 3)).astype(np.uint8)
    np.testing.assert_array_equal(crop_scheme(1, (5, 4), (5, 4)).cut(images), images[None])
    np.testing.assert_array_equal(crop_scheme(2, (5, 4), (5, 4)).cut(images), [images, images[:, :, ::-1]])
    assert crop_scheme(2, (5, 4), (8, 8)).cut(images).shape == (2, 3, 8, 8, 3)


def test_six_views_are_the_image_its_mirror_image_and_both_shifted_by_a_pixel():
    """Pixel (i, j) of the shifted image is (i - 1, j - 1) or (i + 1, j + 1) of the image; what lies outside is
    reflected: -1 is 1, and 5 of 5 is 3. The image counts a quarter, a shifted one an eighth, so do their mirror images.
    """
    images = np.random.default_rng(0).integers(0, 256, (3, 5, 4, 2)).astype(np.uint8)

    def shifted(by):
        out = np.empty_like(images)
        for i in range(5):
            for j in range(4):
                row, column = abs(i + by), abs(j + by)
                out[:, i, j] = images[:, row if row < 5 else 3, column if column < 4 else 2]
        return out

    expected = []
    for view, weight in ((images, 1 / 4), (shifted(-1), 1 / 8), (shifted(1), 1 / 8)):
        expected += [(view, weight), (view[:, :, ::-1], weight)]
    scheme = crop_scheme(6, (5, 4), (5, 4))
    assert scheme.weights.tolist() == [weight for _, weight in expected]
    np.testing.assert_array_equal(scheme.cut(images), [view for view, _ in expected])
    assert crop_scheme(6, (5, 4), (8, 8)).cut(images).shape == (6, 3, 8, 8, 2)
    with pytest.raises(ArgumentError, match="6 needs an input of at least 2x2, this network's is 1x4"):
        crop_scheme(6, (5, 4), (1, 4))


def bicubic(length, to):
    """Keys' cubic kernel with a = -1/2 as a matrix, to x length; stretched where it shrinks, as an average needs."""
    stretch = max(1, length / to)
    at = (np.arange(to)[:, None] + 0.5) * length / to - 0.5
    x = np.abs(np.arange(length) - at) / stretch
    weights = np.where(x < 1, 1.5 * x**3 - 2.5 * x**2 + 1, np.where(x < 2, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0))
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [(9, 11), (3, 4), (12, 5)])
def test_resize_is_bicubic_interpolation(channels, size):
    images = np.random.default_rng(0).random((2, 6, 8, channels))
    exact = np.einsum("yh,xw,nhwc->nyxc", bicubic(6, size[0]), bicubic(8, size[1]), images).clip(0, 1)
    for dtype in (np.float32, np.float64):
        out = resize(images.astype(dtype), size)
        assert out.dtype == dtype
        np.testing.assert_allclose(out, exact, atol=2e-6)
    whole = (255 * images).round().astype(np.uint8)
    assert resize(whole, size).dtype == np.uint8
    # Pillow rounds to whole levels after each direction and clips there, too
    middle = np.einsum("xw,nhwc->nhxc", bicubic(8, size[1]), whole).clip(0, 255).round()
    exact = np.einsum("yh,nhxc->nyxc", bicubic(6, size[0]), middle).clip(0, 255)
    np.testing.assert_allclose(resize(whole, size), exact, atol=1.01)


def test_images_of_the_right_size_are_not_touched():
    images = np.zeros((1, 4, 6, 3), np.uint8)
    assert resize(images, (4, 6)) is images
    with pytest.raises(ShapeError, match=r"N x H x W x C, got shape \(4, 6, 3\)"):
        resize(images[0], (2, 2))


@pytest.mark.parametrize("crops", [0, 3, 11, "10", True, None])
def test_other_numbers_of_views_are_refused(crops):
    with pytest.raises(ArgumentError, match="crops must be one of 1, 2, 6, 10, 12, 144, got"):
        crop_scheme(crops, SQUARE, SQUARE)


def test_sizes_that_have_no_crops_are_refused():
    with pytest.raises(ArgumentError, match="10 needs a square input, this network's is 32x48"):
        crop_scheme(10, SQUARE, (32, 48))
    with pytest.raises(ArgumentError, match="image_size must be one or two whole numbers of at least 1, got"):
        crop_scheme(1, (0, 5), SQUARE)
