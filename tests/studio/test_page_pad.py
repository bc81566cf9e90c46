"""What may be put on the studio's pad, and taken back."""

import pytest
import torch

from tests.studio.browser import FOUR, SEVEN, TWO, draw, row, settle, word

ONE = [[(0.5, 0.2), (0.49, 0.8)]]
FIVE = [
    [(0.38, 0.22), (0.36, 0.45), (0.6, 0.5), (0.6, 0.75), (0.35, 0.78)],
    [(0.4, 0.2), (0.7, 0.19)],
]


def moved(strokes, by, scale=0.5):
    """Strokes made smaller, and put elsewhere on the pad."""
    return [[(0.5 + scale * (x - 0.5) + by, y) for x, y in stroke] for stroke in strokes]


@pytest.mark.parametrize(("left", "right"), [(ONE, SEVEN), (TWO, FOUR), (FIVE, ONE)])
def test_of_two_digits_on_the_pad_one_is_asked_for(page, left, right):
    draw(page, moved(left, -0.2))
    draw(page, moved(right, 0.2))
    assert word(page) == "One digit at a time, please."
    waiting = row(page)
    draw(page, moved(ONE, 0.22))
    assert torch.equal(row(page), waiting)
    assert page.locator("#row.doubtful").count() == 1
    assert page.is_disabled("#keep")
    page.click("#clear")
    draw(page, right)
    assert word(page).startswith("That is a")
    assert page.locator("#row.doubtful").count() == 0


@pytest.mark.parametrize(
    "strokes",
    [
        FOUR,
        FIVE,
        [*SEVEN, [(0.4, 0.5), (0.6, 0.5)]],  # with a bar
        [*ONE, [(0.9, 0.5), (0.91, 0.51)]],  # with a speck
        [[(0.4, 0.2), (0.34, 0.55), (0.6, 0.55)], [(0.64, 0.2), (0.64, 0.82)]],  # an open 4
    ],
    ids=["four", "five", "bar", "speck", "open four"],
)
def test_a_digit_of_several_strokes_is_one_digit(page, strokes):
    draw(page, strokes)
    assert "One digit at a time" not in word(page)


def test_what_was_added_to_the_hand_comes_back_on_the_pad(page):
    draw(page, TWO)
    page.locator("#digits button", has_text="3").click()
    own = row(page)
    page.click("#keep")
    draw(page, SEVEN)
    assert not torch.equal(row(page), own)
    page.click("#undo")
    settle(page)
    assert page.locator("#kept li").count() == 1
    page.click("#undo")
    settle(page)
    assert page.locator("#kept li").count() == 0  # or else it would count twice
    assert page.locator("#digits [aria-checked=true]").inner_text() == "3"
    assert torch.equal(row(page), own)
    page.click("#undo")
    settle(page)
    assert page.is_disabled("#undo")


def test_strokes_of_a_link_can_be_taken_back(opened, page):
    draw(page, FOUR[1:])
    draw(page, FOUR[:1])
    page.click("#copy-link")
    settle(page)
    other = opened(page.url)
    for left in (1, 0):
        other.click("#undo")
        settle(other)
        assert other.evaluate("Stylespace.writing().strokes.length") == left
    assert other.is_disabled("#undo")


def test_a_link_opened_over_a_drawing_leaves_it_to_undo(opened, page):
    draw(page, SEVEN)
    page.click("#copy-link")
    settle(page)
    other = opened(page.url.split("#")[0])
    draw(other, TWO)
    own = row(other)
    other.evaluate("(hash) => { location.hash = hash; }", page.url.split("#")[1])
    settle(other)
    assert word(other).startswith("That is a 7")
    for _ in SEVEN:
        other.click("#undo")
    other.click("#undo")
    settle(other)
    assert torch.equal(row(other), own)


def test_undo_faster_than_the_page_draws_takes_kept_digits_out_too(page):
    for strokes in (TWO, SEVEN):
        draw(page, strokes)
        page.click("#keep")
    draw(page, FOUR)
    page.evaluate("for (let i = 0; i < 9; i++) document.querySelector('#undo').click()")
    settle(page)
    assert page.locator("#kept li").count() == 0
    assert page.is_disabled("#undo")


TOUCH_AND_PEN = """() => {
  const pad = document.querySelector("#pad");
  const box = pad.getBoundingClientRect();
  pad.setPointerCapture = () => {};
  const send = (pointerType, pointerId, kind, x, y) => pad.dispatchEvent(new PointerEvent(kind, {
    pointerType, pointerId, bubbles: true, pressure: 0.5,
    clientX: box.left + x * box.width, clientY: box.top + y * box.height}));
  send("touch", 1, "pointerdown", 0.8, 0.95);
  send("pen", 2, "pointerdown", 0.3, 0.2);
  send("touch", 1, "pointermove", 0.8, 0.9);
  send("touch", 3, "pointerdown", 0.1, 0.1);
  send("pen", 2, "pointermove", 0.7, 0.2);
  send("touch", 1, "pointerup", 0.8, 0.9);
  send("pen", 2, "pointermove", 0.5, 0.8);
  send("pen", 2, "pointerup", 0.5, 0.8);
  return Stylespace.writing().strokes.map((stroke) => stroke.map(({x, y}) => [x, y]));
}"""


def test_a_hand_that_rests_on_the_pad_does_not_keep_its_pen_from_writing(page):
    (stroke,) = page.evaluate(TOUCH_AND_PEN)
    expected = torch.tensor([[0.3, 0.2], [0.7, 0.2], [0.5, 0.8]])
    assert torch.tensor(stroke).allclose(expected, atol=0.01)


SCRIBBLE = """(count) => {
  const pad = document.querySelector("#pad");
  const box = pad.getBoundingClientRect();
  pad.setPointerCapture = () => {};
  const send = (kind, x, y) => pad.dispatchEvent(new PointerEvent(kind, {
    pointerId: 1, isPrimary: true, bubbles: true,
    clientX: box.left + x * box.width, clientY: box.top + y * box.height}));
  send("pointerdown", 0.5, 0.2);
  for (let i = 0; i < count; i++) send("pointermove", 0.5 + 0.01 * (i % 2), 0.2 + 0.6 * i / count);
  send("pointerup", 0.5, 0.8);
}"""


def test_a_full_pad_says_that_it_is(page):
    page.evaluate(SCRIBBLE, 3900)
    settle(page)
    assert page.is_hidden("#notice")
    page.evaluate(SCRIBBLE, 200)
    assert page.inner_text("#notice") == "The pad is full: Clear or Undo."
    page.evaluate("Stylespace.notice('')")
    page.focus("#pad")
    page.keyboard.press(" ")
    assert page.inner_text("#notice") == "The pad is full: Clear or Undo."
    page.click("#clear")
    draw(page, SEVEN)
    assert word(page).startswith("That is a 7")
