"""The small explorables under mouse, finger and keyboard, at both widths and in both colour schemes."""

import re

import pytest

PAGES = ("factorization", "module", "reduction", "convolution", "autograd", "batch_norm", "smoothing")


def verdict(page):
    return page.locator("#verdict").inner_text()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [("phone", "dark"), ("laptop", "light")])
def test_a_page_fits_its_window_says_something_and_points_to_its_lesson(browse, too_wide, name, width, scheme):
    page = browse(name, width=width, scheme=scheme, still=True)
    assert too_wide(page) <= 0
    assert verdict(page)
    assert "lessons/" in page.locator("main p a").first.get_attribute("href")
    assert page.locator("[role=status][aria-live=polite] #verdict").count() == 1
    for control in page.locator("input, select, [role=slider]").all():
        named = control.evaluate("e => e.getAttribute('aria-label') || [...e.labels].map(l => l.textContent).join()")
        assert named.strip()


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(browse, axe, name):
    for scheme in ("light", "dark"):
        assert axe(browse(name, scheme=scheme, still=True)) == []


CHANGES = {
    "factorization": ("Channels out", "n=33"),
    "module": ("Channels in", "inputs=193"),
    "reduction": ("Channels in", "inputs=328"),
    "convolution": ("Stride", "stride=2"),
    "autograd": ("a", "a=4"),
    "batch_norm": ("gamma", "gamma=1.05"),
    "smoothing": ("Smoothing, eps", "eps=0.11"),
}


@pytest.mark.parametrize(("name", "label", "said"), [(name, *change) for name, change in CHANGES.items()])
def test_a_slider_moves_by_key_says_so_in_the_address_and_back_undoes_it(browse, name, label, said):
    page = browse(name)
    before = page.locator("main").inner_text()
    slider = page.get_by_label(label, exact=True)
    slider.press("ArrowRight")
    page.wait_for_function("said => location.hash.includes(said)", arg=said)
    changed = page.locator("main").inner_text()
    assert changed != before
    page.reload()
    assert page.locator("main").inner_text() == changed
    page.go_back()
    page.wait_for_function("() => location.hash === ''")
    assert page.locator("main").inner_text() == before


@pytest.mark.parametrize("name", ["module", "reduction", "factorization"])
@pytest.mark.parametrize("width", ["phone", "laptop"])
def test_bars_below_each_other_have_one_scale(browse, name, width):
    sizes = browse(name, width=width).evaluate(
        """() => [...document.querySelectorAll(".bars")].map((bars) => [...bars.querySelectorAll(".track")].map(
          (track) => [track.clientWidth, track.firstChild.getBoundingClientRect().width / track.clientWidth]))"""
    )
    assert sizes
    for tracks in sizes:
        assert len({wide for wide, _ in tracks}) == 1
        assert max(share for _, share in tracks) == pytest.approx(1, abs=0.01)


def pull(page, up):
    box = page.locator(".handle .knob").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for part in (0.3, 0.6, 1):
        page.mouse.move(x, y - up * part)
    page.mouse.up()


def test_the_5x5_is_dragged_apart_and_put_together_again(browse):
    page = browse("factorization")
    assert verdict(page) == "12,800 weights"
    pull(page, 140)
    assert verdict(page) == "22 % fewer weights"
    assert "kind=stack" in page.url
    page.get_by_text("BN-Inception: as the output", exact=True).click()
    assert verdict(page) == "8 % more weights"
    page.wait_for_function("() => document.querySelector('.handle').getAttribute('aria-valuenow') === '1'")
    page.wait_for_timeout(500)  # until the picture stands still
    pull(page, -140)
    assert verdict(page) == "12,800 weights"


def test_the_5x5_comes_apart_by_keyboard_and_without_movement_where_none_is_wanted(browse):
    page = browse("factorization", still=True)
    handle = page.get_by_role("slider", name="Pull the kernel apart")
    handle.focus()
    page.keyboard.press("ArrowUp")
    assert handle.get_attribute("aria-valuetext") == "apart: two 3 × 3"
    assert verdict(page) == "22 % fewer weights"
    page.keyboard.press("Space")
    assert handle.get_attribute("aria-valuetext") == "together: one 5 × 5"


def swipe(page, what, across, down):
    """A finger goes from the middle of something by so many pixels."""
    what.scroll_into_view_if_needed()
    box = what.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = page.context.new_cdp_session(page)
    for part in (0, 0.3, 0.6, 1):
        points = [{"x": x + part * across, "y": y + part * down}]
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove" if part else "touchStart", "touchPoints": points})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_pulls_it_apart(browse):
    page = browse("factorization", width="phone", has_touch=True, is_mobile=True, still=True)
    swipe(page, page.locator(".handle .knob"), 0, -110)
    assert verdict(page) == "22 % fewer weights"
    assert page.evaluate("scrollY") == 0


def test_a_finger_drags_a_value(browse):
    page = browse("batch_norm", width="phone", has_touch=True, is_mobile=True)
    swipe(page, page.get_by_role("slider", name="Value 6"), -80, 60)
    before, _ = re.findall(r"−?[\d.]+", verdict(page))
    assert before.startswith("−")


def test_a_column_and_a_row_leave_one_row_of_pixels_between(browse):
    page = browse("factorization", "#kind=pair", still=True)
    notes = page.locator("#pyramid .note-text").all_text_contents()
    assert notes == ["5 × 5 pixels in", "1 × 5 between", "one pixel out", "push together"]


def test_a_module_on_the_curve_sets_the_sliders(browse):
    page = browse("factorization", has_touch=True)
    page.locator(".point").filter(has=page.locator("title", has_text="GoogLeNet 3b, 4a")).first.tap()
    assert page.get_by_label("Channels in", exact=True).input_value() == "32"
    assert page.get_by_label("Channels out", exact=True).input_value() == "96"
    assert page.get_by_label("Widths of").evaluate("e => e.selectedOptions[0].textContent") == "3b, one 5 × 5"


def test_the_copied_example_is_refused_with_the_packages_words(browse):
    page = browse("smoothing")
    assert "1.10 nats 1.59 bits" in " ".join(page.locator("#readouts").inner_text().split())
    page.get_by_role("button", name="The example, as it is copied").click()
    assert "2.63 bits" in page.locator("#readouts").inner_text()
    assert "a sum of 1; row 0 adds up to 5" in page.locator("#refusal").inner_text()
    page.get_by_role("button", name="The example, done right").click()
    assert page.locator("#refusal").inner_text() == ""


def test_at_the_least_loss_the_right_class_is_not_pushed(browse):
    page = browse("smoothing", "#classes=10")
    page.get_by_role("button", name="Put the logits where the loss is least").click()
    assert verdict(page) == "Not pushed at all"
    assert "+4.51 best 4.51" in " ".join(page.locator("#readouts").inner_text().split())


def test_an_output_pixel_lights_its_window_and_its_row(browse):
    page = browse("convolution", "#image=numbers&filter=counted")
    page.get_by_role("button", name="Output row 1, column 2").hover()
    assert page.locator("#input .tap").all_inner_texts() == ["1", "2", "3", "6", "7", "8", "11", "12", "13"]
    assert page.locator("#matrix .tap").all_inner_texts() == ["1", "2", "3", "6", "7", "8", "11", "12", "13"]
    page.get_by_role("button", name="Output row 2, column 2").press("ArrowDown")
    assert "pixel=7" in page.evaluate("() => new Promise(done => setTimeout(() => done(location.hash), 300))")
    assert "row 8 of the matrix" in page.locator("#sum").inner_text()
    page.locator("#input .pixel").nth(12).hover()
    assert page.locator("#matrix .copy").count() == 9


def test_impossible_settings_say_why(browse):
    page = browse("convolution", "#size=3&kernel=5")
    assert verdict(page) == "Impossible"
    assert "kernel 5x5 is larger than the padded input 3x3" in page.locator("#refusal").inner_text()
    page = browse("reduction", "#grid=36&kernel=1")
    assert "inputs may differ in axis 3 only" in page.locator("#refusal").inner_text()


def test_the_diamond_is_walked_by_button_and_goes_wrong_where_the_order_is(browse):
    page = browse("autograd")
    step = page.get_by_role("button", name="Next message")
    for _ in range(4):
        step.click()
    assert verdict(page) == "dc/da = 24: right"
    assert step.is_disabled()
    page.get_by_text("at once, adding", exact=True).click()
    step.click()
    step.click()
    assert verdict(page) == "dc/da = 36: wrong, it is 24"
    page.get_by_role("button", name="← Back").click()
    assert verdict(page) == "a has 24 so far"


def test_a_dragged_value_moves_the_others_in_training_and_in_evaluation_none(browse):
    page = browse("batch_norm")

    def after():
        return page.locator(".after").evaluate_all("all => all.map(dot => dot.getAttribute('cx'))")

    def drag(by):
        box = page.get_by_role("slider", name="Value 6").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + by, y, steps=3)
        page.mouse.up()

    first = after()
    drag(60)
    second = after()
    assert all(a != b for a, b in zip(first, second, strict=True))
    page.get_by_text("running ones (evaluation)", exact=True).click()
    third = after()
    drag(-40)
    assert [a != b for a, b in zip(third, after(), strict=True)] == [False] * 5 + [True]


def test_gamma_and_beta_can_undo_the_normalisation(browse):
    page = browse("batch_norm")
    page.get_by_role("button", name="gamma and beta that undo it").click()
    before, after = re.findall(r"[\d.]+", verdict(page))
    assert abs(float(before) - float(after)) < 0.1


def test_widths_of_a_module_are_sliders_and_as_built_brings_them_back(browse):
    page = browse("module")
    as_built = verdict(page)
    box = page.locator(".area .box").nth(2)
    box.click()
    page.keyboard.press("End")
    assert verdict(page) != as_built
    assert "As built the module has" in page.locator("#sum").inner_text()
    page.get_by_role("button", name="As built").click()
    assert verdict(page) == as_built
    page.get_by_label("Module", exact=True).select_option("Inception-v3 7b")
    assert (
        "2,048 channels" in page.locator("#readouts").inner_text() or "2,048" in page.locator("#readouts").inner_text()
    )
