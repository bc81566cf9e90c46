"""The written hand on the studio's page: left, come back to, kept, linked; by mouse and keys."""

import torch

from tests.studio.browser import FOUR, SEVEN, STAR, TWO, draw, row, settle, word


def ringed(page):
    names = page.locator("#row .written .name").all_inner_texts()
    return names[0] if names else None


def focused(page):
    return page.evaluate("document.activeElement.id || document.activeElement.parentElement.id")


def place(page, x, y):
    box = page.locator("#pad").bounding_box()
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def seen(page):
    return page.evaluate(
        "[...document.getElementById('seen').getContext('2d').getImageData(0, 0, 28, 28).data]"
    )


def test_one_can_come_back_to_the_written_hand(page):
    draw(page, SEVEN)
    own = row(page)
    assert page.is_hidden("#mine")
    page.click("#random")
    settle(page)
    assert not torch.equal(row(page), own)
    assert ringed(page) is None
    page.click("#mine")
    settle(page)
    assert torch.equal(row(page), own)
    assert ringed(page) == "7"
    assert page.is_hidden("#mine")


def test_without_a_drawing_there_is_the_hand_from_before_it(page):
    page.click("#random")
    settle(page)
    before = row(page)
    draw(page, SEVEN[:1])
    draw(page, STAR)
    page.click("#clear")
    settle(page)
    assert torch.equal(row(page), before)
    draw(page, SEVEN)
    page.click("#random")
    settle(page)
    walked = row(page)
    page.click("#clear")
    settle(page)
    assert torch.equal(row(page), walked)  # where one walked to oneself one stays
    assert page.is_hidden("#mine")


def test_a_link_brings_back_pen_and_ring(opened, site):
    page = opened(site)
    page.check("input[value=broad]", force=True)
    draw(page, TWO)
    page.click("#copy-link")
    settle(page)
    other = opened(page.url)
    assert other.is_checked("input[value=broad]")
    assert ringed(other) == "2"
    assert other.is_hidden("#mine")
    differences = [abs(one - two) for one, two in zip(seen(page), seen(other), strict=True)]
    assert sum(differences) / 28**2 < 6  # a link's places are 1/254 of the pad apart
    other.click("#random")
    settle(other)
    other.click("#copy-link")
    settle(other)
    third = opened(other.url)
    assert ringed(third) is None
    assert third.is_visible("#mine")
    assert (row(third).float() - row(other).float()).abs().max() <= 2


def test_a_linked_hand_that_nobody_wrote_here_comes_back_after_a_drawing(opened, site):
    page = opened(f"{site}#style=1.5,-0.5,0.8,-1&mine=1")
    linked = row(page)
    draw(page, SEVEN)
    assert not torch.equal(row(page), linked)
    page.click("#clear")
    settle(page)
    assert torch.equal(row(page), linked)


def test_a_foreign_fragment_takes_nothing_away(page):
    draw(page, TWO)
    page.click("#keep")
    draw(page, SEVEN)
    own = row(page)
    page.evaluate("location.hash = '#main'")
    page.focus(".skip")
    page.keyboard.press("Enter")
    settle(page)
    assert page.evaluate("document.activeElement.id") == "main"
    assert page.locator("#kept li").count() == 1
    assert page.is_enabled("#undo")
    assert torch.equal(row(page), own)


def test_ink_is_only_where_the_pad_is(page):
    draw(page, [[(0.6, 0.2), (0.6, 1.3), (0.3, 1.3), (0.3, 0.6)]])
    strokes = page.evaluate("Stylespace.writing().strokes")
    assert len(strokes) == 2
    for stroke in strokes:
        assert all(0 <= point[axis] <= 1 for point in stroke for axis in "xy")
    page.click("#undo")
    settle(page)
    assert page.is_disabled("#undo")  # one movement is one step


def test_undo_in_the_middle_of_a_stroke_ends_it(page):
    draw(page, FOUR[1:])
    page.mouse.move(*place(page, 0.2, 0.2))
    page.mouse.down()
    page.mouse.move(*place(page, 0.4, 0.5), steps=4)
    settle(page)
    page.keyboard.press("z")
    page.mouse.move(*place(page, 0.8, 0.8), steps=4)
    page.mouse.up()
    settle(page)
    assert page.evaluate("Stylespace.writing().strokes.length") == 1
    page.keyboard.press("z")
    draw(page, SEVEN)
    assert word(page).startswith("That is a 7")


def test_kept_digits_by_the_keyboard(page):
    for strokes in (SEVEN, TWO):
        draw(page, strokes)
        page.focus("#keep")
        page.keyboard.press("Enter")
        assert focused(page) == "pad"
    draw(page, FOUR)
    page.focus("#kept button")
    page.keyboard.press("Delete")
    assert page.locator("#kept li").count() == 1
    assert page.is_enabled("#clear")  # the drawing stays
    assert page.locator("#kept button").get_attribute("aria-label") == "Take out this 2"
    assert page.evaluate("document.activeElement.matches('#kept button')")
    page.keyboard.press("Enter")
    assert focused(page) == "pad"


def test_the_digit_is_chosen_by_the_arrow_keys(page):
    draw(page, SEVEN)
    assert page.locator("#digits [tabindex='0']").all_inner_texts() == ["7"]
    page.focus("#digits [tabindex='0']")
    page.keyboard.press("ArrowRight")
    settle(page)
    assert page.locator("#digits [aria-checked=true]").all_inner_texts() == ["8"]
    assert page.evaluate("document.activeElement.textContent") == "8"
    assert "an 8" in word(page).lower()
