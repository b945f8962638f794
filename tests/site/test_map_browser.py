"""The network map in a real browser."""


def test_a_slider_moves_with_the_keyboard_and_is_in_the_address(browse):
    page = browse("map", "#n=7")
    slider = page.get_by_role("slider")
    assert slider.input_value() == "7"
    slider.focus()
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    page.wait_for_url("**#n=11")
    page.go_back()
    assert slider.input_value() == "7"
    page.reload()
    assert slider.input_value() == "7"
