"""Writing on the studio's page, as a person would."""

import statistics
import string

import numpy as np
import pytest
import torch

from stylespace.config import ModelConfig
from stylespace.networks import StyleAutoencoder
from stylespace.studio.assets import open_session, studio_files
from tests.studio import browser as tools
from tests.studio.browser import FOUR, SEVEN, STAR, TWO, draw, row, settle, word


def chosen(page):
    """The digit that the page takes the drawing for, or nothing."""
    button = page.locator("#digits [aria-checked=true]")
    return button.inner_text() if button.count() else None


@pytest.mark.parametrize(("strokes", "digit"), [(SEVEN, "7"), (TWO, "2"), (FOUR, "4")])
def test_a_drawn_digit_gives_ten_readable_digits(page, readable, strokes, digit):
    plain = row(page)
    draw(page, strokes)
    assert chosen(page) == digit
    assert f"That is a {digit}." in word(page)
    assert not torch.equal(row(page), plain)
    assert readable(row(page)) >= 9


def test_the_row_changes_while_the_pen_is_still_down(page):
    box = page.locator("#pad").bounding_box()
    seen = []
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.25 * box["height"])
    page.mouse.down()
    for x, y in SEVEN[0][1:]:
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        settle(page)
        seen.append(row(page))
    page.mouse.up()
    assert not torch.equal(seen[-1], seen[-2])


def test_slanted_writing_gives_a_slanted_hand(page):
    """Where the drawn 1 leans to the right, all ten digits do."""

    def slant(images):
        place = torch.arange(28.0) - 13.5
        ink = images.float()
        y = place - (ink.sum(dim=2) @ place / ink.sum(dim=(1, 2)))[:, None]
        x = place - (ink.sum(dim=1) @ place / ink.sum(dim=(1, 2)))[:, None]
        across = torch.einsum("nyx,ny,nx->n", ink, y, x)
        return -(across / torch.einsum("nyx,ny->n", ink, y**2))

    found = []
    for lean in (0.0, 0.2):
        draw(page, [[(0.5 + lean, 0.2), (0.5, 0.5), (0.5 - lean, 0.8)]])
        found.append(slant(row(page)).mean().item())
        page.click("#clear")
        settle(page)
    assert found[1] - found[0] > 0.15


def test_a_broad_pen_gives_thick_digits(page):
    page.check("input[value=fine]", force=True)
    draw(page, SEVEN)
    thin = row(page).float().mean()
    page.check("input[value=broad]", force=True)
    settle(page)
    assert row(page).float().mean() > 1.15 * thin


def test_undo_takes_back_a_stroke_and_clear_can_be_undone(page):
    assert page.is_disabled("#undo")
    draw(page, FOUR[1:])  # a 1 so far
    assert chosen(page) == "1"
    one_stroke = row(page)
    draw(page, FOUR[:1])
    both = row(page)
    assert not torch.equal(both, one_stroke)
    page.click("#undo")
    settle(page)
    assert torch.equal(row(page), one_stroke)
    page.keyboard.press("Delete")
    settle(page)
    assert chosen(page) is None
    page.keyboard.press("z")
    settle(page)
    assert torch.equal(row(page), one_stroke)


def test_another_digit_can_be_chosen(page):
    draw(page, SEVEN)
    as_seven = row(page)
    page.locator("#digits button", has_text="1").click()
    settle(page)
    assert chosen(page) == "1"
    assert page.locator("#row .written .name").inner_text() == "1"
    page.keyboard.press("7")
    settle(page)
    assert chosen(page) == "7"
    assert torch.equal(row(page), as_seven)


def test_what_is_no_digit_gets_a_gentle_word_and_no_garbled_row(page, readable):
    draw(page, STAR)
    assert "looks like no digit yet" in word(page)
    assert chosen(page) is None
    assert page.is_disabled("#keep")
    assert page.locator("#row.doubtful").count() == 1
    waiting = row(page)
    assert readable(waiting) >= 9
    draw(page, [STAR[0][:3]])  # no better
    assert torch.equal(row(page), waiting)


def test_a_drawing_not_like_the_digit_chosen_gets_a_gentle_word(page, readable):
    draw(page, SEVEN)
    page.locator("#digits button", has_text="0").click()
    settle(page)
    assert "does not look much like a 0" in word(page)
    assert readable(row(page)) >= 8


def files_of_letters(folder, names):
    """A model of letters, without a reader."""
    config = ModelConfig(classes=len(names), class_names=tuple(names))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = StyleAutoencoder(config)
    session = tools.bare_session(folder / "m.ckpt", model)
    return studio_files(open_session(session, None), None)


@pytest.fixture(scope="session")
def letters(tmp_path_factory):
    return files_of_letters(tmp_path_factory.mktemp("letters"), string.ascii_uppercase)


def test_without_a_reader_the_page_asks_which_one_it_is(opened, letters):
    with tools.served(letters) as address:
        page = opened(address)
        draw(page, SEVEN)
        assert word(page) == "Which one is it? Tap it."
        page.locator("#digits button", has_text="T").click()
        settle(page)
        assert word(page) == "A T, as you say."
        assert page.locator("#row .written .name").inner_text() == "T"


def test_of_many_classes_too_a_person_says_which_one_it_is(opened, tmp_path):
    names = string.ascii_letters + "0123456789"
    with tools.served(files_of_letters(tmp_path, names)) as address:
        page = opened(address)
        draw(page, SEVEN)
        page.locator("#digits button", has_text="7").click()
        settle(page)
        assert word(page) == "A 7, as you say."


def test_a_letter_that_is_also_a_shortcut_names_its_class(opened, letters):
    with tools.served(letters) as address:
        page = opened(address)
        draw(page, SEVEN)
        for letter in "RZ":
            page.keyboard.press(f"Shift+{letter}")
            settle(page)
            assert word(page).endswith(f" {letter}, as you say.")
        page.keyboard.press("Control+z")
        settle(page)
        assert page.evaluate("Stylespace.writing().strokes.length") == 0


def test_what_is_no_digit_is_not_called_one(opened, letters):
    with tools.served(letters) as address:
        page = opened(address, viewport={"width": 375, "height": 720})
        assert page.inner_text("#row-title") == "All 26, in this hand"
        assert "digit" not in (page.inner_text("body") + page.inner_text("#pad-hint"))
        assert page.evaluate("document.documentElement.scrollWidth") <= 375


def test_a_dot_is_asked_to_be_larger(page):
    draw(page, [[(0.5, 0.5), (0.505, 0.505)]])
    assert word(page) == "A little larger, please."


def test_several_digits_make_one_hand(page):
    draw(page, SEVEN)
    first = row(page)
    page.click("#keep")
    assert page.locator("#kept li").count() == 1
    assert "One so far" in page.inner_text("#hand-word")
    draw(page, TWO)
    together = row(page)
    assert "2 digits" in page.inner_text("#hand-word")
    assert "% of the distance between strangers" in page.inner_text("#hand-word")
    page.click("#kept button")
    settle(page)
    alone = row(page)
    assert not torch.equal(together, first)
    assert not torch.equal(together, alone)


def test_writing_with_the_keyboard_alone(page, readable):
    page.focus("#pad")
    for key, times in (("ArrowLeft", 5), (" ", 1), ("ArrowRight", 11), (" ", 1)):
        for _ in range(times):
            page.keyboard.press(key)
    page.keyboard.press(" ")
    for _ in range(8):
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    settle(page)
    assert chosen(page) == "7"
    assert readable(row(page)) >= 9
    for _ in range(2):
        page.keyboard.press("z")
    settle(page)
    assert chosen(page) is None


def test_a_key_that_is_held_is_pressed_once(page):
    page.focus("#pad")
    page.keyboard.down(" ")
    for _ in range(3):
        page.keyboard.down(" ")  # as a held key repeats
    page.keyboard.up(" ")
    for _ in range(8):
        page.keyboard.press("ArrowDown")
    page.keyboard.press(" ")
    settle(page)
    assert page.evaluate("Stylespace.writing().strokes.length") == 1


def test_doing_it_again_does_not_take_back(page):
    draw(page, FOUR[1:])
    draw(page, FOUR[:1])
    before = row(page)
    page.keyboard.press("Control+Shift+Z")
    settle(page)
    assert torch.equal(row(page), before)
    page.keyboard.press("Control+z")
    settle(page)
    assert not torch.equal(row(page), before)


def test_writing_with_a_finger(opened, site):
    page = opened(site, viewport={"width": 375, "height": 720}, has_touch=True, is_mobile=True)
    box = page.locator("#pad").bounding_box()
    client = page.context.new_cdp_session(page)
    for kind, (x, y) in zip(("touchStart", *["touchMove"] * 3), SEVEN[0], strict=True):
        touch = {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"]}
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [touch]})
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    settle(page)
    assert chosen(page) == "7"
    assert page.evaluate("window.scrollY") == 0


TIME_REDRAWS = """async (count) => {
  const pad = document.querySelector("#pad");
  const box = pad.getBoundingClientRect();
  const point = (kind, share) => pad.dispatchEvent(new PointerEvent(kind, {
    pointerId: 1, isPrimary: true, bubbles: true,
    clientX: box.left + (0.3 + 0.4 * share) * box.width,
    clientY: box.top + (0.5 + 0.3 * Math.sin(7 * share)) * box.height}));
  pad.setPointerCapture = () => {};
  const times = [];
  point("pointerdown", 0);
  for (let i = 1; i <= count; i++) {
    await new Promise(requestAnimationFrame);
    point("pointermove", i / count);
    const began = performance.now();
    // asked after the page has: runs when it has drawn
    await new Promise((done) => requestAnimationFrame((frame) => {
      times.push(performance.now() - Math.max(began, frame));
      done();
    }));
  }
  point("pointerup", 1);
  return times;
}"""


def test_a_redraw_follows_the_pen(page):
    """Within two frames of a screen, also on a slow processor without a GPU."""
    page.evaluate(TIME_REDRAWS, 40)  # until the browser has compiled what is called often
    medians = []
    while len(medians) < 10 and min(medians, default=30) >= 30:  # other programs may be busy
        page.click("#clear")
        medians.append(statistics.median(page.evaluate(TIME_REDRAWS, 50)))
    assert min(medians) < 30


READ_ALL = """(pictures) => pictures.map((grey) => {
  const side = Math.sqrt(grey.length);
  const data = Uint8ClampedArray.from({length: 4 * grey.length},
    (_, i) => i % 4 === 3 ? 255 : grey[i >> 2]);
  const sample = Stylespace.readSample(Stylespace.prepare({width: side, height: side, data}));
  const images = Stylespace.studio.model.row(Stylespace.meanStyle([sample]));
  return [sample.digit, [...images].map((x) => Math.round(255 * x))];
})"""


def test_digits_of_other_writers_are_read_and_followed(page, readable):
    load_digits = pytest.importorskip("sklearn.datasets").load_digits
    known = load_digits()
    some = slice(0, 1797, 12)  # 150
    grey = np.pad(np.rint(known.images[some] * 255 / 16), ((0, 0), (2, 2), (2, 2)))
    results = page.evaluate(READ_ALL, grey.reshape(len(grey), -1).astype(int).tolist())
    right = [digit == truth for (digit, _), truth in zip(results, known.target[some], strict=True)]
    assert np.mean(right) >= 0.9
    rows = torch.tensor([images for _, images in results], dtype=torch.uint8)
    assert (readable(rows.view(-1, 10, 28, 28)) >= 9).float().mean() >= 0.95


def test_first_paint_is_quick(page):
    first = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    assert first < 1000


def test_the_pages_files_are_plain_and_short():
    for file in tools.PAGE.iterdir():
        assert file.suffix in {".html", ".css", ".js"}
        assert file.read_text().count("\n") < 350, file.name
