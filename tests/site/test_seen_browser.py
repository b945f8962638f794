"""The page "What each layer sees" in a real browser."""

import numpy as np
import pytest

from tinyinception.site import seen
from tinyinception.site.pages import seen as its


@pytest.fixture(scope="module")
def trained():
    return {name: seen.Trained(name) for name in seen.sets()}


@pytest.fixture
def look(browse):
    """Opens the page and waits until a network's data have been drawn."""

    def open_page(hash="", name="drawn", **options):
        page = browse("seen", hash, **options)
        page.wait_for_selector(f"body[data-drawn={name}]")
        return page

    return open_page


def checked(page, box):
    return page.locator(f"#{box} input:checked").get_attribute("value")


def press_middle(page, box, value):
    """A real click at the middle of what stands for a choice."""
    label = page.locator(f"#{box} label").filter(has=page.locator(f"input[value='{value}']"))
    label.scroll_into_view_if_needed()
    at = label.bounding_box()
    page.mouse.click(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)


@pytest.mark.parametrize("name", seen.sets())
def test_the_numbers_shown_are_the_packages(look, trained, name):
    page, own = look(f"#set={name}", name), trained[name]
    shown = page.evaluate(
        """() => {
          const data = Explorer.data["seen-" + state.values.set], texts = [], heats = [], peaks = [];
          for (let image = 0; image < 12; image++) {
            state.set({ image });
            draw(data, state.values);
            texts.push([...document.querySelectorAll("#classes .number")].map((one) => one.textContent));
            heats.push(data.classes.map((_, label) => heatOf(data, data.layers.at(-1), image, label)));
            peaks.push(data.layers[4].peaks.map((_, channel) => peakOf(data, data.layers[4], image, channel)));
          }
          return { texts, heats, peaks, about: document.getElementById("about").textContent };
        }"""
    )
    for texts, row in zip(shown["texts"], own.probabilities, strict=True):
        assert texts == ["<0.1 %" if 0 < p < 0.0005 else f"{100 * p:.1f} %" for p in np.round(row.astype(float), 6)]
    np.testing.assert_array_equal(shown["heats"], its.heated(own.heat("mixed_4")))
    expected = own.maps("mixed_8a").max(axis=(1, 2))
    np.testing.assert_allclose(shown["peaks"], expected, atol=0.003 * expected.max())
    assert f"{100 * own.accuracy:.1f} % of {int(own.facts['test_images']):,} test images" in shown["about"]
    assert "154,034 parameters" in shown["about"]


def test_what_is_clicked_is_shown_and_is_in_the_address(look):
    page = look()
    press_middle(page, "images", 3)
    page.wait_for_url("**#image=3")
    press_middle(page, "layers", "mixed_4")
    press_middle(page, "channels", 100)
    press_middle(page, "classes", "star")
    page.wait_for_url("**#image=3&class=star&layer=mixed_4&channel=100")
    assert page.locator("#channel-title").text_content() == "Channel 100 of mixed_4"
    assert "star" in page.locator("#heat-said").text_content()
    page.reload()
    page.wait_for_selector("body[data-drawn=drawn]")
    assert [checked(page, box) for box in ("images", "layers", "channels", "classes")] == [
        "3",
        "mixed_4",
        "100",
        "star",
    ]
    page.go_back()
    page.wait_for_url("**#image=3&layer=mixed_4&channel=100")
    page.wait_for_function("document.querySelector('#classes :checked').value !== 'star'")


def test_every_channel_of_the_widest_layer_can_be_clicked(look):
    page = look("#layer=mixed_4", width="phone")
    missed = page.evaluate(
        """() => [...document.querySelectorAll("#channels label")].filter((label) => {
          label.scrollIntoView({ block: "center", behavior: "instant" });
          const at = label.getBoundingClientRect();
          const hit = document.elementFromPoint(at.x + at.width / 2, at.y + at.height / 2);
          return at.width < 24 || at.height < 24 || !label.contains(hit);
        }).length"""
    )
    assert page.locator("#channels input").count() == 240
    assert missed == 0


def test_the_keyboard_alone_reaches_every_choice(look):
    page = look()
    page.locator("#images input:checked").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**#image=1")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**#image=2")
    for box, key in (("classes", "class"), ("layers", "layer"), ("channels", "channel")):
        for _ in range(4):  # other controls may lie between
            page.keyboard.press("Tab")
            if page.evaluate(f"document.activeElement.closest('#{box}') !== null"):
                break
        before = checked(page, box)
        page.keyboard.press("ArrowDown")
        page.wait_for_function(f"document.querySelector('#{box} :checked').value !== '{before}'")
        assert f"{key}=" in page.url
        assert page.evaluate("document.activeElement.checked")


def test_the_next_dream_is_one_click_away(look):
    page = look("#layer=mixed_8b&channel=0")
    button = page.get_by_role("button", name="Next dream")
    button.focus()
    for _ in range(3):
        page.keyboard.press("Enter")  # the button keeps the focus
    assert page.locator("#dream [role=img]").count() == 1
    assert page.locator("#channels label:has(:checked) .dreams").count() == 1


def test_a_layer_leads_to_the_map_and_the_lesson_is_one_click_away(look):
    page = look("#layer=reduce_8")
    assert page.locator("#on-map").get_attribute("href") == "map.html#network=inception_cifar&at=reduce_8"
    assert page.get_by_role("link", name="lesson 20").get_attribute("href") == "../lessons/20_seeing.html"


def test_an_address_with_nonsense_shows_what_there_is(look):
    page = look("#image=99&class=wombat&layer=nowhere&channel=4000&at=stem.conv1")
    assert checked(page, "images") == "11"
    assert checked(page, "layers") == "mixed_8a"
    assert page.locator("#map [role=img]").count() == 1


def test_the_other_network_is_one_choice_away_where_its_images_were_fetched(look):
    page = look("#class=star&image=5")
    choice = page.get_by_text("photographs", exact=True)
    assert choice.count() == ("cifar10" in seen.sets())
    if not choice.count():
        return
    choice.click()
    page.wait_for_selector("body[data-drawn=cifar10]")
    assert page.locator("#classes input").first.get_attribute("value") == "airplane"
    assert "not under this project's licence" in page.locator("#about").text_content()


@pytest.mark.parametrize("width", ["phone", "laptop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_and_is_accessible(look, too_wide, axe, width, scheme):
    page = look(width=width, scheme=scheme)
    assert too_wide(page) == 0
    assert axe(page) == []


def test_from_a_server_it_is_the_same(look):
    page = look("#layer=reduce_8", server=True, still=True)
    assert checked(page, "layers") == "reduce_8"
