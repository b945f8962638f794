"""The network map in a real browser: every box by a real click, every number as `count.summary` has it."""

import io

import pytest
from PIL import Image

from tests.site import opening, picture
from tinyinception import count, models

# For every network, the layers as they are in the page, and what each box says of its parts.
NUMBERS = """async (names) => {
  const found = {};
  for (const name of names) {
    const network = prepare(await Explorer.load(`map-${name}`));
    found[name] = {
      layers: layersOf(network), plain: network.plain, training: network.training,
      boxes: [...network.boxes.values()].map((box) => [box.path, box.counts.macs, box.counts.params, box.counts.flops,
        box.counts.bytes_moved, box.counts.activations, box.counts.last.output, box.counts.last.receptive_field]),
    };
  }
  return found;
}"""

# Labels that are wider or higher than their boxes, with every network drawn in one column.
LABELS = """async (names) => {
  const wrong = [];
  const place = document.createElement("div");
  document.getElementById("stage").replaceChildren(place);
  for (const name of names) {
    const network = prepare(await Explorer.load(`map-${name}`));
    place.innerHTML = paint(network, network.scenes[0], 100, 0);
    for (const group of place.querySelectorAll(".unit, .join")) {
      const [box, text] = [group.firstChild.getBBox(), group.lastChild.getBBox()];
      const beside = text.x < box.x || text.x + text.width > box.x + box.width;
      const above = text.y < box.y - 12 || text.y + text.height > box.y + box.height + 12; // room for accents
      if (beside || above) wrong.push([name, group.textContent, box.width, text.width]);
    }
  }
  return wrong;
}"""


# What each network costs by the grid of what its layers put out.
GRIDS = """async (names) => {
  const found = {};
  for (const name of names) {
    const network = prepare(await Explorer.load(`map-${name}`));
    const of = (by) => [by, Object.fromEntries(byGrid(network, by))];
    found[name] = Object.fromEntries(["macs", "params", "memory"].map(of));
  }
  return found;
}"""


def shown(page):
    """What the panel says it is about."""
    return page.locator("#layer .where").first.inner_text()


@pytest.fixture(scope="module")
def counted():
    return {name: count.summary(name, training=True).to_json() for name in models.names()}


def test_every_number_is_that_of_summary(browse, counted):
    found = browse("map").evaluate(NUMBERS, models.names())
    assert list(found) == models.names()
    for name, summary in counted.items():
        layers, network = summary["layers"], found[name]
        assert [{key: row[key] for key in network["layers"][0]} for row in layers] == network["layers"]
        assert network["training"] == {key: value for key, value in summary.items() if key != "layers"}
        assert network["training"]["macs"] >= network["plain"]["macs"]
        for path, *numbers, output, field in network["boxes"]:
            rows = [row for row in layers if row["name"] == path or row["name"].startswith(f"{path}.")]
            keys = ("macs", "params", "flops", "bytes_moved", "activations")
            assert numbers == [sum(row[key] for row in rows) for key in keys]
            assert (output, field) == (rows[-1]["output"], rows[-1]["receptive_field"])


def test_costs_by_grid_are_those_of_summary(browse):
    page = browse("map", "#network=googlenet")
    found = page.evaluate(GRIDS, models.names())
    for name in models.names():
        totals = {"macs": {}, "params": {}, "memory": {}}
        for row in count.summary(name).rows:
            grid = f"{row.output[0]} × {row.output[1]}" if len(row.output) > 1 else "no grid"
            for by, cost in (("macs", row.macs), ("params", row.params), ("memory", 4 * row.activations)):
                totals[by][grid] = totals[by].get(grid, 0) + cost
        assert found[name] == {by: {grid: n for grid, n in of.items() if n} for by, of in totals.items()}, name
    share = found["googlenet"]["macs"]["56 × 56"] / count.summary("googlenet").macs
    said = page.locator("#layer .bar").filter(has_text="56 × 56").inner_text()
    assert said.split() == ["56", "×", "56", f"{100 * share:.1f}", "%"]


def test_labels_lie_in_their_boxes(browse):
    page = browse("map")
    page.locator(".unit").first.wait_for()
    assert page.evaluate(LABELS, models.names()) == []


def test_a_click_in_the_middle_of_every_box_shows_it(browse, counted):
    page = browse("map")
    page.locator(".unit").first.wait_for()
    boxes = page.locator("#stage .unit")
    paths = boxes.evaluate_all("(all) => all.map((box) => box.dataset.path)")
    assert len(paths) > 90
    macs = {}
    for row in counted["inception_v3"]["layers"]:
        for path in (path for path in paths if row["name"] == path or row["name"].startswith(f"{path}.")):
            macs[path] = macs.get(path, 0) + row["macs"]
    for i, path in enumerate(paths):
        boxes.nth(i).scroll_into_view_if_needed()
        place = boxes.nth(i).bounding_box()
        page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
        assert shown(page).split(";")[0] == path
        assert page.locator("#layer dd").nth(1).inner_text().split(" ")[0] == f"{macs[path]:,}"


def test_a_click_beside_the_boxes_shows_the_module(browse):
    page = browse("map", "#network=inception_v4")
    card = page.locator(".card[data-card='6']")
    card.wait_for()
    card.scroll_into_view_if_needed()
    place = card.bounding_box()
    page.mouse.click(place["x"] + 4, place["y"] + place["height"] / 2)
    assert page.locator("#layer h2").inner_text() == "Mixed_5b–5e ×4"
    text = page.locator("#layer").inner_text()
    assert "Mixed_5b, Mixed_5c, Mixed_5d, Mixed_5e" in text
    assert "Inception-v4, Fig. 4: Inception-A" in text
    assert "return inception_double3x3(384, n1=96" in text


def test_the_keyboard_reaches_and_shows_boxes(browse):
    page = browse("map", "#network=googlenet")
    page.locator(".unit").first.wait_for()
    page.locator("#fit").focus()
    page.keyboard.press("Tab")  # the larger-button
    page.keyboard.press("Tab")  # the link past the map
    assert page.evaluate("document.activeElement.id") == "past"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.path") == "conv1"
    assert "multiply-adds" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    page.keyboard.press("Enter")
    assert shown(page) == "conv1"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press(" ")
    assert shown(page) == "norm1"
    assert page.locator("#said").inner_text().startswith("response norm, norm1")
    page.keyboard.press("Escape")
    assert page.locator("#layer h2").inner_text() == "googlenet"


def test_links_past_something_keep_the_setting(browse):
    page = browse("map", "#network=googlenet&at=conv1")
    page.locator(".chosen").wait_for()
    address = page.url
    for link, target in ((".skip >> nth=0", "main"), ("#past", "layer")):
        page.locator(link).focus()
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == target
        assert page.url == address
    assert shown(page) == "conv1"


def test_a_link_opens_a_setting_which_reload_keeps_and_back_undoes(browse):
    page = browse("map", "#network=inception_v4&by=params&at=Mixed_6c.double.conv3_1x7", server=True)
    page.locator(".chosen").wait_for()
    path = "Mixed_6c.double.conv3_1x7"
    told = "Mixed_6b.double.conv3_1x7; the same in Mixed_6b, Mixed_6c"
    assert shown(page).startswith(told)
    assert page.get_by_role("radio", name="parameters").is_checked()
    page.reload()
    page.locator(".chosen").wait_for()
    assert shown(page).startswith(told)
    page.get_by_label("Network", exact=True).select_option("googlenet")
    page.wait_for_function("document.querySelector('#stage svg').getAttribute('aria-label') === 'googlenet'")
    assert "network=googlenet" in page.url
    page.go_back()
    page.wait_for_function("document.querySelector('#stage svg').getAttribute('aria-label') === 'inception_v4'")
    assert shown(page).startswith(told)
    assert page.url.endswith(f"at={path}")


def test_the_link_to_a_setting_is_copied_and_opens_it(browse):
    page = browse("map", "#network=googlenet", permissions=["clipboard-read", "clipboard-write"])
    page.locator(".unit").nth(5).click()
    page.get_by_role("button", name="Copy link").click()
    note = page.locator("#copied")
    note.wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    path = shown(page)
    assert page.url.endswith(f"#network=googlenet&at={path}")
    assert (
        f"open explorer/map.html in a copy of this site and put this behind its address: #network=googlenet&at={path}"
        in note.inner_text()
    )
    fresh = page.context.new_page()
    fresh.goto(page.evaluate("navigator.clipboard.readText()"))
    fresh.locator(".chosen").wait_for()
    assert shown(fresh) == path
    page.keyboard.press("Escape")
    page.locator(".unit").nth(6).click()
    assert not note.is_visible()


def test_where_the_clipboard_cannot_be_reached_the_note_says_so(browse):
    page = browse("map")
    page.evaluate(
        "navigator.clipboard.writeText = () => Promise.reject(new Error()); document.execCommand = () => false"
    )
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("copy it from the browser's address bar").wait_for()


def test_addresses_that_mean_nothing_open_what_is_there(browse):
    page = browse("map", "#network=inception_v9&by=colour&at=no.layer&zoom=x&other=1")
    page.locator(".unit").first.wait_for()
    assert page.locator("#layer h2").inner_text() == "inception_v3"
    assert page.get_by_role("radio", name="multiply-adds").is_checked()


def test_two_networks_side_by_side_have_one_scale(browse, counted):
    page = browse("map", "#network=inception_v3&beside=inception_v4&at=beside:Mixed_6a")
    page.locator(".chosen").wait_for()
    sizes = page.locator("#stage svg").evaluate_all(
        "(all) => all.map((one) => one.width.baseVal.value / one.viewBox.baseVal.width)"
    )
    assert sizes[0] == pytest.approx(sizes[1])
    assert page.locator("#layer h2").inner_text() == "Mixed_6a"
    table = page.locator("#compared").inner_text()
    a, b = (count.summary(name).macs for name in ("inception_v3", "inception_v4"))
    assert f"{b / a:.2f} ×" in table


def test_search_finds_boxes_that_stand_for_several(browse):
    page = browse("map", "#network=inception_v4")
    page.locator(".unit").first.wait_for()
    field = page.get_by_label("Search for a layer")
    field.fill("mixed_6f.one")
    assert page.locator(".hit").count() == 1
    field.press("Enter")
    assert shown(page).startswith("Mixed_6b.one; the same in")
    field.fill("7x1")
    page.wait_for_url("**find=7x1**")
    assert page.locator(".hit").count() > 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", ["phone", "laptop"])
def test_every_width_and_scheme(browse, too_wide, width, scheme):
    for hash in ("#network=inception_v4&at=Mixed_6b.one", "#network=inception_resnet_v2", "#beside=googlenet&by=kind"):
        page = browse("map", hash, width=width, scheme=scheme, still=True)
        page.locator(".unit").first.wait_for()
        assert too_wide(page) <= 0
        letters, ground = page.evaluate(
            "[document.body, document.body].map((e, i) => getComputedStyle(e)[i ? 'backgroundColor' : 'color'])"
        )
        assert (ground == "rgb(255, 255, 255)") == (scheme == "light")
        assert letters != ground
    page.locator("#theme").click()
    assert page.evaluate("document.documentElement.dataset.theme") == ("dark" if scheme == "light" else "light")


def test_the_cards_of_googlenet_fill_a_phone_and_its_auxiliary_classifiers_lie_beyond(browse, too_wide):
    page = browse("map", "#network=googlenet", width="phone")
    page.locator(".unit").first.wait_for()
    stage = page.locator("#stage").bounding_box()
    cards = [page.locator(".card").nth(i).bounding_box() for i in range(6)]
    assert max(card["x"] + card["width"] for card in cards) <= stage["x"] + stage["width"]
    assert cards[0]["width"] > 0.8 * stage["width"]
    assert too_wide(page) <= 0


def test_the_layers_of_a_trained_network_lead_to_what_it_makes_of_images(browse):
    page = browse("map", "#network=inception_cifar&at=mixed_8a.double.conv2_3x3")
    link = page.get_by_role("link", name="See what mixed_8a, trained, makes of images")
    assert link.get_attribute("href") == "seen.html#layer=mixed_8a"
    page = browse("map", "#network=inception_cifar&at=stem")
    link = page.get_by_role("link", name="See what stem.conv1, trained, makes of images")
    assert link.get_attribute("href") == "seen.html#layer=stem.conv1"
    page = browse("map", "#network=inception_v3&at=Mixed_5b")
    page.get_by_role("link", name="See its window").wait_for()
    assert page.get_by_role("link", name="trained").count() == 0


def test_readmes_picture_can_be_taken_anew_and_its_opening_timed(chromium, written):
    folder = written("map")
    assert all(
        milliseconds > 0 for milliseconds in opening.once(chromium, f"{(folder / 'map.html').as_uri()}#{opening.HASH}")
    )
    now, then = Image.open(io.BytesIO(picture.shot(chromium, folder))), Image.open(picture.PLACE)
    assert abs(now.width - then.width) <= 2
    assert picture.PLACE.stat().st_size < 150_000


def test_a_finger_chooses_and_closes(browse):
    page = browse("map", "#network=inception_cifar", width="phone", has_touch=True)
    box = page.locator(".unit").nth(3)
    box.wait_for()
    box.scroll_into_view_if_needed()
    box.tap()
    assert page.locator("#layer.open").is_visible()
    page.get_by_role("button", name="Close").tap()
    assert page.locator("#layer.open").count() == 0


def test_on_paper_everything_is_shown_in_light_colours(browse):
    page = browse("map", "#network=inception_cifar&at=stem", scheme="dark")
    page.locator(".chosen").wait_for()
    fills = "[...document.querySelectorAll('.unit rect')].map((box) => box.style.fill)"
    pale, dark = "rgb(252, 244, 182)", "rgb(37, 18, 85)"  # the dearest on a dark and on a light page
    assert page.evaluate(fills).count(pale) == 1
    page.emulate_media(media="print")
    page.wait_for_function(f"({fills}).includes('{dark}')")
    assert pale not in page.evaluate(fills)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("#controls").is_visible()
    page.set_viewport_size({"width": 718, "height": 1000})  # what a sheet of A4 has room for
    edges = page.locator("#stage svg").evaluate(
        "(map) => [map, map.closest('main')].map((one) => one.getBoundingClientRect().right)"
    )
    assert edges[0] <= edges[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_of_accessibility(browse, axe, scheme):
    page = browse("map", "#network=googlenet&at=inception_3a.three.conv2_3x3", scheme=scheme)
    page.locator(".chosen").wait_for()
    assert axe(page) == []
    page = browse("index", scheme=scheme)
    assert axe(page) == []
