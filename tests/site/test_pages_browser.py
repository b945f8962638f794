"""The pages around the explorer in a real browser: predictions, the claims' filter, the chooser, at every size."""

import pytest

from tests.site.conftest import SCHEMES, WIDTHS

PAGES = ("index", "lessons/index", "lessons/01_sums", "lessons/03_choices", "lessons/which_inception", "claims",
         "lessons/glossary", "reference/index", "reference/gradcheck", "search")  # fmt: skip


@pytest.fixture
def read(tab, small_site_folder):
    """read(NAME, "#hash") opens a page of the small site."""

    def open_page(name, hash="", *, width="laptop", scheme="light", **options):
        return tab(small_site_folder.as_uri(), name, hash, width, scheme, **options)

    return open_page


def test_an_output_waits_for_a_prediction_and_a_wrong_one_is_told_why(read):
    page = read("lessons/03_choices")
    assert page.get_by_text("first < second", exact=True).is_visible()
    assert page.get_by_text("third", exact=True).is_visible()
    assert not page.get_by_text("second 4").is_visible()
    assert not page.get_by_text("They are four.").is_visible()
    assert not page.get_by_text("Code that checks").is_visible()
    assert not page.get_by_text("yes.").is_visible()
    page.get_by_role("button", name="a 5").click()
    assert page.get_by_text("second 4").is_visible()
    assert page.get_by_text("They are four.").is_visible()
    assert page.get_by_alt_text("Two & two").is_visible()
    assert page.locator(".judged").inner_text().split("\n\n") == [
        "Not so: (a) 5: claim A1 says so.",
        "It is: (b) 4: yes.",
    ]
    page.get_by_role("button", name="b 4").click()
    assert page.locator(".judged").inner_text() == "Right: (b) 4: yes."
    assert page.get_by_role("button", name="b 4").get_attribute("aria-pressed") == "true"


def test_the_keyboard_chooses_and_who_does_not_want_to_sees_all_the_same(read):
    page = read("lessons/03_choices")
    page.get_by_role("button", name="b 4").focus()
    page.keyboard.press("Enter")
    assert page.locator(".judged").inner_text() == "Right: (b) 4: yes."
    page = read("lessons/03_choices")
    page.get_by_role("button", name="show without choosing").click()
    assert page.get_by_text("second 4").is_visible()
    page = read("lessons/01_sums")
    page.get_by_label("show all answers").check()
    assert page.get_by_text("the last 2").is_visible()


def test_without_scripts_a_lesson_shows_everything_and_folds_the_answer(read):
    page = read("lessons/03_choices", java_script_enabled=False)
    assert page.get_by_text("second 4").is_visible()
    assert not page.get_by_text("It is (b).").is_visible()


def test_claims_are_searched_filtered_and_the_filter_is_in_the_address(read):
    page = read("claims", "#verdict=true")
    assert page.locator(".count").inner_text() == "0 of 1 claims"
    page.get_by_label("Verdict").select_option("false")
    assert page.locator(".count").inner_text() == "1 claims"
    page.locator(".filters [name=q]").fill("two NOWHERE")
    assert page.locator(".claim:visible").count() == 0
    page.locator(".filters [name=q]").fill("two FIVE & more 5")
    page.locator(".filters [name=q]").fill("Two & more")
    assert page.locator(".claim:visible").count() == 1
    assert page.url.endswith("#q=Two+%26+more&verdict=false")
    page.reload()
    assert page.locator(".filters [name=q]").input_value() == "Two & more"
    page.get_by_role("button", name="all").click()
    assert page.locator(".count").inner_text() == "1 claims"
    page.wait_for_url(lambda address: "#" not in address)
    assert read("claims", "#A1").locator("#A1").is_visible()


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("23,817,352", "Exactly: two"),
        ("13378280", "Exactly: one"),
        ("23851784", "This number is in the text below (“Who counts otherwise?”). Nearest, 0.072 % away: two"),
        ("7000000", "Nearest, 0.021 % away: one"),
        ("23.8M", "Rounded: two"),
        ("SLIM timm", "With these words: two"),
        ("keras", "None of them."),
        ("", ""),
    ],
)
def test_the_chooser_finds_a_network_by_its_parameters_or_by_where_it_comes_from(read, typed, told):
    page = read("lessons/which_inception")
    page.get_by_label("Which one do you have?").fill(typed)
    assert page.locator(".chosen").inner_text() == told
    assert page.locator("tr.found").count() == (told[-3:] in ("one", "two"))


def test_the_menus_of_a_narrow_page_open_with_the_keyboard_and_are_not_reached_while_they_are_shut(read):
    page = read("lessons/01_sums", width="phone")
    shut = page.get_by_role("link", name="Claims, weighed")
    assert not shut.first.is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className").startswith("skip-to-content")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Pages of the site"
    page.keyboard.press("Enter")
    shut.first.wait_for()
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    page.keyboard.press("Escape")
    shut.first.wait_for(state="hidden")


def test_paper_has_what_came_out_and_neither_menus_nor_what_is_folded(read):
    page = read("lessons/03_choices")
    page.emulate_media(media="print")
    for text in ("second 4", "They are four."):
        assert page.get_by_text(text).is_visible()
    for text in ("Code that draws", "show without choosing", "show all answers", "as notebook", "Previous"):
        assert not page.get_by_text(text).first.is_visible(), text
    assert not page.locator(".sidebar-drawer").is_visible()


@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_wider_than_the_screen(read, too_wide, name):
    for width in WIDTHS:
        assert too_wide(read(name, width=width)) == 0, width


@pytest.mark.parametrize("name", PAGES)
def test_nothing_serious_keeps_anybody_out(read, axe, name):
    for scheme in SCHEMES:
        assert axe(read(name, scheme=scheme)) == [], scheme


def test_search_finds_a_lesson_from_disk(read):
    page = read("search", "?q=adding")
    page.get_by_role("link", name="Lesson 1. Sums").first.wait_for()
    assert page.get_by_role("heading", level=1).inner_text() == "Search"
    assert page.get_by_label("Words").input_value() == "adding"
