"""Receptive fields in a real browser."""

import numpy as np
import pytest

from tinyinception import count, models
from tinyinception.site.pages import field

# Of every layer: what the first place sees, and one that is a row and two columns further.
WINDOWS = """network.layers.map((layer) => [layer.path, ...[[0, 0], [1, 2]].map((place) => windowOf(layer, place))])"""


def test_windows_are_those_of_summary(browse):
    page = browse("field", "#network=inception_v3")
    page.locator("#layers button").first.wait_for()
    rows = count.summary("inception_v3", training=True).rows
    found = page.evaluate(WINDOWS)
    assert len(found) > 100
    for path, (top, left, high, wide), (lower, further, _, _) in found:
        last = [row for row in rows if row.name == path or row.name.startswith(f"{path}.")][-1].field
        assert (top, left) == last.low
        assert (high, wide) == last.size
        assert (lower - top, further - left) == (last.stride[0], 2 * last.stride[1])


@pytest.mark.parametrize(
    ("name", "trained"), [*((n, False) for n in field.EFFECTIVE), *((n, True) for n in field.TRAINED)]
)
def test_no_gradient_arrives_outside_the_window(name, trained):
    found = field.heat(name, trained)
    layers = {path: row for path, *row in reversed(field.layers(name)["layers"])}
    assert len(found) > 10
    for path, heat in found.items():
        *_, output, size, stride, centre, _ = layers[path]
        energy = np.frombuffer(bytes.fromhex(heat["levels"]), np.uint8).reshape(32, 32)
        middle = [c + n // 2 * s for c, n, s in zip(centre, output[:2], stride, strict=True)]
        away = np.abs(np.indices((32, 32)) - np.reshape(middle, (2, 1, 1)))
        outside = (away > np.reshape([(s - 1) / 2 for s in size], (2, 1, 1))).any(axis=0)
        assert energy.max() == 255
        assert not energy[outside].any()
        assert 1 <= heat["square"] <= max(*size, 1)


def test_pointing_at_a_layer_shows_its_window_and_choosing_keeps_it(browse):
    page = browse("field")
    button = page.locator("#layers button").nth(2)
    before = page.locator("#numbers dd").first.inner_text()
    button.hover()
    size = button.locator(".number").inner_text()
    assert page.locator("#numbers dd").first.inner_text() == f"{size} px" != before
    page.mouse.move(5, 5)
    assert page.locator("#numbers dd").first.inner_text() == before
    button.click()
    page.mouse.move(5, 5)
    assert page.locator("#numbers dd").first.inner_text() == f"{size} px"
    address = page.url
    page.reload()
    page.locator("#layers [aria-pressed=true]").wait_for()
    assert page.url == address
    assert page.locator("#numbers dd").first.inner_text() == f"{size} px"
    page.go_back()
    assert page.locator("#numbers dd").first.inner_text() == before


def test_the_heat_is_of_fresh_or_of_trained_weights(browse):
    page = browse("field", "#layer=mixed_8b/")
    said = page.locator("#heat-caption")
    said.get_by_text("Fresh weights").wait_for()
    page.get_by_text("trained", exact=True).click()
    page.wait_for_url("**weights=trained")
    said.get_by_text("trained on drawn images").wait_for()
    square = field.heat("inception_cifar", trained=True)["mixed_8b"]["square"]
    assert page.locator("#numbers div").filter(has_text="90 %").locator("dd").inner_text() == f"{square}×{square} px"
    page.reload()
    said.get_by_text("trained on drawn images").wait_for()
    page.get_by_label("Network", exact=True).select_option("plain_deep_cifar")
    said.get_by_text("Fresh weights").wait_for()
    assert not page.locator("#weights").is_visible()


def test_sliders_and_the_mouse_move_the_place(browse):
    page = browse("field", "#network=googlenet&layer=inception_3a/")
    page.locator("#layers button").first.wait_for()
    page.get_by_label("From top to bottom").fill("0")
    assert page.locator("#caption").inner_text().startswith("Place 1 of 28 from the top and 15 of 28 from the left")
    picture = page.locator("#picture svg").bounding_box()
    page.mouse.move(picture["x"] + picture["width"] / 2, picture["y"] + picture["height"] * 0.9)
    page.wait_for_url("**row=9**")
    assert "of 28 from the top and 14 of 28" in page.locator("#caption").inner_text()


def test_a_finger_moves_the_place(browse):
    page = browse("field", "#layer=stem.conv1", width="phone", has_touch=True, is_mobile=True)
    page.locator("#layers button").first.wait_for()
    page.locator("#picture").scroll_into_view_if_needed()
    picture = page.locator("#picture svg").bounding_box()
    y = picture["y"] + picture["height"] / 2
    touch = page.context.new_cdp_session(page)
    for i in range(9):
        points = [{"x": picture["x"] + picture["width"] * (0.2 + 0.07 * i), "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove" if i else "touchStart", "touchPoints": points})
        page.wait_for_timeout(20)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_function("state.values.column > 65")
    assert "from the top and 2" in page.locator("#caption").inner_text()


def test_every_network_opens(browse):
    page = browse("field")
    for name in models.names():
        page.get_by_label("Network", exact=True).select_option(name)
        page.wait_for_function("(name) => network && network.name === name", arg=name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", ["phone", "laptop"])
def test_every_width_and_scheme(browse, too_wide, width, scheme):
    page = browse("field", "#network=inception_v4", width=width, scheme=scheme, server=width == "phone")
    page.locator("#layers button").first.wait_for()
    assert too_wide(page) <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_of_accessibility(browse, axe, scheme):
    page = browse("field", scheme=scheme)
    page.locator("#effective svg").wait_for()
    assert axe(page) == []
