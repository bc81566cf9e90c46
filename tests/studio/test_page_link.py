"""Links to a state of the studio's page: what they bring back, and what they must not claim."""

import json

from PIL import Image

from tests.studio import browser as tools
from tests.studio.browser import SEVEN, TWO, draw, row, settle


def linked(page):
    """The address that *Copy link* gives."""
    page.click("#copy-link")
    tools.until(page, lambda: "link" in page.inner_text("#notice"))
    return page.url


def test_of_another_models_link_the_drawing_decides(opened, site, files):
    page = opened(site)
    draw(page, TWO)
    page.click("#keep")
    draw(page, SEVEN)
    own = row(page)
    page.click("#random")
    part = linked(page).split("#")[1]
    info = json.loads(files["studio.json"])
    other = info | {"weights_digest": f"other{info['weights_digest']}"}
    with tools.served(files | {"studio.json": json.dumps(other).encode()}) as address:
        elsewhere = opened(f"{address}#{part}")
        assert "for another model" in elsewhere.inner_text("#notice")
        assert elsewhere.locator("#kept li").count() == 0  # their styles are of that model, too
        assert elsewhere.is_hidden("#mine")  # the row follows the drawing
        assert elsewhere.locator("#row .written .name").inner_text() == "7"
    older = opened(f"{site}#{part.replace('model=', 'was=')}")
    assert (row(older).float() - row(page).float()).abs().max() <= 2
    assert not (row(older) == own).all()


def test_a_photographs_hand_does_not_pass_for_the_drawings(opened, site, mnist, tmp_path):
    page = opened(site)
    draw(page, SEVEN)
    drawn = row(page)
    Image.fromarray(255 - mnist[1].images[0].numpy()).resize((280, 280)).save(tmp_path / "7.png")
    page.set_input_files("#photo-file", tmp_path / "7.png")
    tools.until(page, lambda: page.locator(".photo .box").count() == 1)
    settle(page)
    other = opened(linked(page))
    assert (row(other).float() - row(page).float()).abs().max() <= 2
    assert other.is_visible("#mine")
    other.click("#mine")
    settle(other)
    assert (row(other).float() - drawn.float()).abs().mean() < 6  # a link's places are coarse


PRESS = """(strokes) => {
  const pad = document.querySelector("#pad");
  const box = pad.getBoundingClientRect();
  pad.setPointerCapture = () => {};
  for (const stroke of strokes)
    stroke.forEach(([x, y, pressure], index) => pad.dispatchEvent(new PointerEvent(
      index ? "pointermove" : "pointerdown", {
        pointerId: 1, pointerType: "pen", isPrimary: true, bubbles: true, pressure,
        clientX: box.left + x * box.width, clientY: box.top + y * box.height})));
  pad.dispatchEvent(new PointerEvent("pointerup", {pointerId: 1, bubbles: true}));
}"""
SEEN = """() => {
  const {data} = document.getElementById("seen").getContext("2d").getImageData(0, 0, 28, 28);
  return [...data].filter((_, i) => i % 4 === 3);
}"""


def test_a_link_brings_back_how_hard_the_pen_was_pressed(opened, site):
    page = opened(site)
    heavy = [(*place, 0.95) for place in SEVEN[0]]
    page.evaluate(PRESS, [heavy])
    settle(page)
    ink = page.evaluate(SEEN)
    other = opened(linked(page))
    shown = other.evaluate(SEEN)
    assert sum(map(abs, (a - b for a, b in zip(ink, shown, strict=True)))) / 28**2 < 6
    assert abs(sum(shown) / sum(ink) - 1) < 0.05
    page.click("#clear")
    settle(page)
    draw(page, SEVEN)
    assert "pressure" not in linked(page)


def test_a_link_of_crisp_pixels_brings_them_back_where_smooth_is_on(page):
    crisp = linked(page).split("#")[1]
    page.check("#smooth")
    page.evaluate("(part) => { location.hash = part + '&again'; }", crisp)
    settle(page)
    assert not page.is_checked("#smooth")
    assert page.locator("#row canvas.smooth").count() == 0


def test_a_link_to_a_view_leaves_what_was_written(page):
    draw(page, TWO)
    page.click("#keep")
    draw(page, SEVEN)
    before = row(page)
    page.evaluate("location.hash = 'view=explore'")
    tools.until(page, lambda: page.is_visible("#view-explore"))
    assert page.locator("#kept li").count() == 1
    assert page.evaluate("Stylespace.writing().strokes.length") == len(SEVEN)
    assert (row(page) == before).all()
