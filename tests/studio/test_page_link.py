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
