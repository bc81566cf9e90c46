"""Taking something away from the studio's page: text, pictures, styles, sets, links."""

import json
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from PIL import Image

from stylespace.data.prepare import prepare
from stylespace.datasets import load
from stylespace.studio.assets import open_session, studio_files
from tests.small import vivid_model
from tests.studio import browser as tools
from tests.studio.browser import SEVEN, TWO, draw, row, settle


@pytest.fixture
def page(opened, site):
    """The page with a drawn 7, at its third view."""
    page = opened(site)
    draw(page, SEVEN)
    page.click("#tab-use")
    settle(page)
    return page


def line(page):
    """The written text's canvas, `[height, width]` of ink."""
    width, pixels = page.evaluate(
        """() => {
          const canvas = document.querySelector("#line");
          const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return [canvas.width, Array.from({length: data.length / 4}, (_, i) => data[4 * i + 3])];
        }"""
    )
    return np.reshape(pixels, (-1, width))


def saved(page, button, folder):
    with page.expect_download() as waited:
        page.click(button)
    path = folder / waited.value.suggested_filename
    waited.value.save_as(path)
    return path


def write(page, text):
    page.fill("#text", text)
    settle(page)


def test_a_text_is_written_in_this_hand(page):
    write(page, "7")
    one = line(page)
    write(page, "777")
    assert line(page).shape[1] > 2 * one.shape[1]
    write(page, "7 7")
    ink = (line(page) > 60).any(axis=0)
    gaps = np.diff(np.flatnonzero(ink)).max()
    assert gaps > 8


def test_variation_varies_and_none_does_not(page):
    page.fill("#vary", "0")
    write(page, "33")
    left, right = parts(line(page))
    assert np.abs(left - right).max() < 20  # the neighbour's faintest edge may reach in
    page.fill("#vary", "1")
    settle(page)
    first = line(page)
    page.click("#again")
    settle(page)
    assert not np.array_equal(line(page), first)


def parts(ink):
    """The written pieces, cropped."""
    columns = np.flatnonzero((ink > 60).any(axis=0))
    pieces = np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1)
    return [ink[:, piece[0] : piece[-1] + 1] for piece in pieces]


def test_a_comma_in_thick_ink_is_whole(page):
    page.fill("#vary", "0")
    write(page, ",")
    thickest, last = 0.0, None
    for axis in range(4):
        for value in (-3.0, 3.0):
            style = [value if i == axis else 0.0 for i in range(4)]
            page.evaluate("(style) => Stylespace.change({style: Float32Array.from(style)})", style)
            settle(page)
            ink = line(page)
            if ink.sum() > thickest:
                thickest, last = ink.sum(), ink[-1]
    assert last.max() == 0  # else the image's end would cut it off


def test_what_cannot_be_written_is_told(page):
    write(page, "2a6")
    assert page.inner_text("#text-word") == "This hand cannot write a"
    write(page, "2026-11-25, 12:30")
    assert page.inner_text("#text-word") == ""
    write(page, "")
    assert not page.is_visible("#line")
    page.click("#save-png")
    assert page.inner_text("#notice") == "There is no text to save."


def test_the_saved_pictures_show_the_text(page, tmp_path):
    write(page, "7")
    picture = Image.open(saved(page, "#save-png", tmp_path))
    assert picture.mode in {"RGB", "RGBA"}
    assert picture.height == 28 * 8
    assert picture.getpixel((0, 0))[:3] == (255, 255, 255)
    ink = np.asarray(picture.convert("L"))
    assert (ink < 120).mean() > 0.03
    assert prepare(picture).shape == (28, 28)


def test_the_saved_row_is_the_row_shown(page, tmp_path):
    page.check("input[value=row]", force=True)
    picture = Image.open(saved(page, "#save-png", tmp_path))
    assert picture.size == (5 * 28 * 8, 2 * 28 * 8)
    grey = np.asarray(picture.convert("L").resize((5 * 28, 2 * 28), Image.Resampling.BOX))
    shown = row(page).view(2, 5, 28, 28).permute(0, 2, 1, 3).reshape(56, 140).numpy()
    assert np.corrcoef(255 - grey.ravel(), shown.ravel())[0, 1] > 0.99


def test_the_saved_drawing_is_an_outline_of_the_ink(page, tmp_path):
    write(page, "0")
    root = ET.parse(saved(page, "#save-svg", tmp_path)).getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    space = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{space}title").text == "0"
    outlines = root.find(f"{space}path").get("d").strip("MZ").split("ZM")
    assert len(outlines) >= 2  # outside and inside of the ring
    points = [tuple(map(float, pair.split())) for pair in outlines[0].split("L")]
    _, _, width, height = map(float, root.get("viewBox").split())
    assert all(0 <= x <= width and 0 <= y <= height for x, y in points)


def test_a_drawing_of_characters_that_xml_cannot_have_is_xml(page, tmp_path):
    page.evaluate("Stylespace.change({ text: '7\\u0001<&\\ud800' })")
    settle(page)
    root = ET.parse(saved(page, "#save-svg", tmp_path)).getroot()
    assert root.find("{http://www.w3.org/2000/svg}title").text == "7<&"


def test_the_saved_style_draws_the_row_in_python(page, tmp_path, trained):
    content = json.loads(saved(page, "#save-style", tmp_path).read_text())
    assert content["session"] == "m.ckpt"
    style = torch.tensor(content["style"]).repeat(10, 1)
    expected = trained.model.decode(style, torch.arange(10)).view(10, 28, 28) * 255
    assert (row(page).float() - expected).abs().max() <= 2


def test_the_saved_set_is_what_the_model_draws_around_this_style(page, tmp_path, trained):
    page.fill("#set-size", "123")
    path = saved(page, "#save-set", tmp_path)
    assert path.name == "digits-123.npz"
    with np.load(path) as content:
        images, digits, styles = (content[name] for name in ("images", "digits", "styles"))
    assert (images.dtype, images.shape) == (np.uint8, (123, 28, 28))
    assert (digits.dtype, digits.tolist()) == (np.int64, [i % 10 for i in range(123)])
    assert (styles.dtype, styles.shape) == (np.float32, (123, 4))
    drawn = trained.model.decode(torch.from_numpy(styles), torch.from_numpy(digits))
    assert np.abs(drawn.view(-1, 28, 28).numpy() * 255 - images).max() <= 1
    here = np.array(page.evaluate("[...Stylespace.state.style]"))
    assert np.abs(styles.mean(axis=0) - here).max() < 0.15
    assert (styles.std(axis=0) > 0.05).all()


NEARBY = """([style, spread]) => {
  const normal = Stylespace.normalNumbers(Stylespace.randomNumbers(1));
  const near = () => [...Stylespace.nearby(Float32Array.from(style), spread, normal)];
  return Array.from({length: 500}, near);
}"""


@pytest.mark.parametrize("far", [1, 3])
def test_a_little_variation_stays_around_the_hand_however_far_out(page, far):
    size = page.evaluate("Stylespace.studio.model.styleSize")
    styles = np.array(page.evaluate(NEARBY, [[far] * size, 0.05]))
    assert abs(styles.mean(axis=0) - far).max() < 0.03
    assert 0.01 < styles.std(axis=0).max() < 0.05


def test_without_variation_a_set_is_in_exactly_the_hand_shown(page, tmp_path):
    page.click("#tab-explore")
    for slider in page.locator("#sliders input").all():
        slider.press("End")  # farther out than the styles of images
    page.click("#tab-use")
    page.fill("#vary", "0")
    page.fill("#set-size", "20")
    with np.load(saved(page, "#save-set", tmp_path)) as content:
        styles = content["styles"]
    here = np.array(page.evaluate("[...Stylespace.state.style]"), np.float32)
    assert np.linalg.norm(here) > 4
    assert np.array_equal(styles, np.tile(here, (20, 1)))


@pytest.mark.parametrize(
    ("names", "text"),
    [(tuple("ABCDEFGH"), "ABCDEF"), (("shoe", "hat"), ""), (("2", "shoe", "A"), None)],
)
def test_the_text_to_begin_with_is_one_that_can_be_written(opened, tmp_path, names, text):
    model = vivid_model(classes=len(names), class_names=names)
    session = tools.bare_session(tmp_path / "m.ckpt", model)
    with tools.served(studio_files(open_session(session, None), None)) as address:
        page = opened(address)
        tools.until(page, lambda: page.is_visible("#paper") == (text != ""))
        page.click("#tab-use")
        settle(page)
        begun = page.input_value("#text")
        assert begun == text if text is not None else "20" in begun
        if text is not None:
            assert page.inner_text("#text-word") == ""
        chosen = "row" if text == "" else "text"
        assert page.is_checked(f"#what input[value={chosen}]")
        write(page, names[0] * 2)
        assert page.is_visible("#line") == (len(names[0]) == 1)


def test_a_saved_set_of_letters_knows_their_names(opened, tmp_path):
    names = ("か", "a name of more letters")
    model = vivid_model(classes=2, class_names=names)
    session = tools.bare_session(tmp_path / "m.ckpt", model)
    with tools.served(studio_files(open_session(session, None), None)) as address:
        page = opened(address)
        page.click("#tab-use")
        page.fill("#set-size", "40")
        path = saved(page, "#save-set", tmp_path)
    train, test = load(path)
    assert train.class_names == names
    assert len(train) + len(test) == 40


@pytest.mark.parametrize("size", ["0", "20001", "2.5", ""])
def test_a_set_of_an_odd_size_is_refused_in_a_line(page, size):
    page.fill("#set-size", size)
    page.click("#save-set")
    assert page.inner_text("#notice") == "From 1 to 20,000 digits, please."


def test_a_link_brings_back_everything(opened, site):
    page = opened(site)
    draw(page, TWO)
    page.click("#keep")
    draw(page, SEVEN)
    page.click("#tab-use")
    page.fill("#text", "12:30")
    page.fill("#vary", "0.8")
    page.check("#smooth")
    page.click("#copy-link")
    tools.until(page, lambda: "link" in page.inner_text("#notice"))
    page.uncheck("#smooth")
    settle(page)
    before, written = row(page), line(page)
    other = opened(page.url)
    assert other.is_checked("#smooth")
    other.uncheck("#smooth")
    settle(other)
    assert other.is_visible("#view-use")
    assert other.input_value("#text") == "12:30"
    assert (row(other).float() - before.float()).abs().max() <= 2
    assert np.abs(line(other) - written).max() <= 3
    other.click("#tab-write")
    assert other.locator("#kept li").count() == 1
    assert other.locator("#digits [aria-checked=true]").inner_text() == "7"
    assert other.is_enabled("#clear")


@pytest.mark.parametrize(
    "link",
    [
        "style=1,2",
        "style=a,b,c,d",
        "drawing=%%%",
        f"drawing={'abcd' * 100_000}",
        "view=x&vary=-3&hand=99:1,2,3,4",
        "&&&=",
    ],
    ids=["short", "letters", "drawing", "long drawing", "values", "empty"],
)
def test_a_damaged_link_opens_the_page_all_the_same(opened, site, link, readable):
    page = opened(f"{site}#{link}")
    assert readable(row(page)) >= 8
    assert page.is_visible("#pad")
