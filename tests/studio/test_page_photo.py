"""Photographs of handwriting on the studio's page."""

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.Image import Resampling
from sklearn.datasets import load_digits

from stylespace.studio.assets import usual_errors
from stylespace.studio.hand import HandReader
from tests.data.test_prepare import in_yellow, photograph
from tests.data.test_sheet import PINE, on_table, sheet_with
from tests.studio.browser import SEVEN, draw, notice, row, settle, until, word
from tests.studio.test_hand import RULED, lines_of_cursive

SCALE = 8


def sheet(mnist, rows, columns, *, light_ink=False, seed=0):
    """A photographed sheet of MNIST's digits in rows, and the digits."""
    random = np.random.default_rng(seed)
    height, width = rows * 300 + 80, columns * 290 + 80
    ink, digits = np.zeros((height, width)), []
    for place in range(rows * columns):
        index = 100 * seed + place
        image = Image.fromarray(mnist[1].images[index].numpy())
        enlarged = np.asarray(image.resize((28 * SCALE,) * 2, Resampling.BICUBIC)) / 255
        top = 50 + 300 * (place // columns) + random.integers(0, 40)
        left = 50 + 290 * (place % columns) + random.integers(0, 40)
        ink[top : top + 28 * SCALE, left : left + 28 * SCALE] = enlarged
        digits.append(str(mnist[1].digits[index].item()))
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    light = 0.75 + 0.12 * x - 0.08 * y
    shown = light * (0.2 + 0.75 * ink if light_ink else 1 - 0.7 * ink)
    shown = shown + 0.01 * random.standard_normal(shown.shape)
    tinted = (255 * shown[..., None] * np.array([1, 0.95, 0.86])).clip(0, 255)
    return Image.fromarray(tinted.astype(np.uint8)), digits


def give(page, picture, folder):
    """Choose a picture with the button, and wait until it is read."""
    path = folder / "photo.jpg"
    picture.save(path, quality=90)
    page.set_input_files("#photo-file", path)
    until(page, lambda: "Looking" not in page.text_content("#notice"))
    settle(page)


def labels(page):
    return [box.inner_text().rstrip("?") for box in page.locator(".photo .box b").all()]


@pytest.mark.parametrize("light_ink", [False, True])
def test_each_digit_is_found_and_read_in_order(page, mnist, readable, tmp_path, light_ink):
    picture, digits = sheet(mnist, 2, 4, light_ink=light_ink)
    give(page, picture, tmp_path)
    found = labels(page)
    assert len(found) == len(digits)
    assert sum(one == other for one, other in zip(found, digits, strict=True)) >= 7
    assert "8 found" in word(page)
    assert "% of the distance between strangers" in page.inner_text("#hand-word")
    assert readable(row(page)) >= 9


def test_the_boxes_lie_around_the_digits(page, mnist, tmp_path):
    picture, _ = sheet(mnist, 1, 3)
    give(page, picture, tmp_path)
    shown = page.locator("#photo-picture").bounding_box()
    dark = np.asarray(picture.convert("L")).astype(float)
    covered = np.zeros(dark.shape, dtype=bool)
    for box in page.locator(".photo .box").all():
        place = box.bounding_box()
        left = (place["x"] - shown["x"]) / shown["width"] * picture.width
        top = (place["y"] - shown["y"]) / shown["height"] * picture.height
        right = left + place["width"] / shown["width"] * picture.width
        bottom = top + place["height"] / shown["height"] * picture.height
        assert (right - left) * (bottom - top) < 0.25 * dark.size
        covered[int(top) : int(bottom), int(left) : int(right)] = True
    ink = dark < 90
    assert (ink & covered).sum() > 0.97 * ink.sum()


def test_a_wrong_reading_can_be_mended(page, mnist, tmp_path):
    picture, _ = sheet(mnist, 1, 3)
    give(page, picture, tmp_path)
    page.locator(".photo .box").nth(1).click()
    page.locator("#digits button", has_text="5").click()
    assert labels(page)[1] == "5"
    page.click("#undo")
    assert page.is_visible("#pad")
    assert not page.is_visible("#photo")


def test_a_photograph_of_one_digit_is_read_as_python_reads_it(page, mnist, tmp_path):
    picture, digits = sheet(mnist, 1, 1)
    give(page, picture, tmp_path)
    assert labels(page) == digits
    assert word(page).startswith(f"That is a {digits[0]}.")


READ = """async (address) => {
  const blob = await (await fetch(address)).blob();
  const digits = Stylespace.readDigits(await Stylespace.readPicture(blob));
  return digits.map(({digit, doubt, image, box}) => ({digit, doubt, image: [...image], box}));
}"""


def read_by(page, picture):
    """What the page finds on a picture."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    page.route(
        "**/picture.png",
        lambda route: route.fulfill(body=file.getvalue(), content_type="image/png"),
    )
    return page.evaluate(READ, "picture.png")


def in_a_row(images, space):
    """Images of digits side by side on one sheet, so many pixels of theirs apart."""
    columns = [np.flatnonzero(image.numpy().max(axis=0) > 20) for image in images]
    width = sum(len(range(c[0], c[-1] + 1)) + space for c in columns) + 16
    ink, place = np.zeros((36, width), np.uint8), 8
    for image, c in zip(images, columns, strict=True):
        part = image.numpy()[:, c[0] : c[-1] + 1]
        inside = ink[4:32, place : place + part.shape[1]]
        np.maximum(inside, part, out=inside)
        place += part.shape[1] + space
    return Image.fromarray(255 - ink).resize((6 * width, 6 * 36), Resampling.BICUBIC)


def various(mnist):
    """Sheets, digits that touch each other, and digits whose strokes have gaps."""
    test = mnist[1].images
    for seed in range(2):
        yield sheet(mnist, 2, 3, seed=seed, light_ink=seed == 1)[0]
    for space in (3, 0, -1, -2):
        for start in (10, 200, 3000):
            yield in_a_row(test[start : start + 2], space)
        yield in_a_row(test[60:63], space)
    for degrees in (-20, 20):
        yield in_a_row(test[60:65], 16).rotate(degrees, expand=True, fillcolor=255)
    for light_ink in (False, True):
        yield photograph(test[5], 1, size=(1600, 1200), scale=4, light_ink=light_ink)
    yield in_yellow(test[5], 1, size=(800, 600))
    yield lines_of_cursive(1, words=3)
    for corner in ((260, 140), (460, 200), (-60, -50)):
        yield on_table(sheet_with(test[60:63], 2), 2, corner=corner)
    yield on_table(sheet_with(test[60:63], 2), 2, wood=0.55, tint=PINE)
    for image in load_digits().images[:12]:
        coarse = Image.fromarray((255 - 255 / 16 * image).astype(np.uint8))
        yield coarse.resize((160, 160), Resampling.BICUBIC)


def test_the_page_finds_and_reads_what_python_does(page, trained, mnist):
    usual = usual_errors(trained.model, mnist[1])
    reader = HandReader(trained.model, trained.reader, usual)
    counts = set()
    for picture in various(mnist):
        found, expected = read_by(page, picture), reader.read_picture(picture)
        assert [one["digit"] for one in found] == [one.digit for one in expected]
        assert [one["doubt"] for one in found] == [one.doubt for one in expected]
        for one, other in zip(found, expected, strict=True):
            image = np.reshape(one["image"], (28, 28)) * 255
            assert abs(image - other.image.numpy()).max() <= 2
        counts.add(len(found))
    assert counts >= {1, 2, 3, 6}


def test_of_several_digits_the_first_is_seen_until_one_is_clicked(page, mnist, tmp_path):
    give(page, sheet(mnist, 1, 3)[0], tmp_path)
    assert not page.locator("#seen.empty").count()
    assert word(page) == "3 found. Click one to check it."
    pixels = "[...document.querySelector('#seen').getContext('2d').getImageData(0,0,28,28).data]"
    first = page.evaluate(pixels)
    page.locator(".photo .box").nth(2).click()
    settle(page)
    assert page.evaluate(pixels) != first
    page.locator(".photo .box").nth(0).click()
    settle(page)
    assert page.evaluate(pixels) == first


def test_digits_that_touch_each_other_have_a_box_each(page, mnist):
    images = [mnist[1].images[mnist[1].digits == digit][0] for digit in (7, 2)]
    found = read_by(page, in_a_row(images, -1))
    assert [one["digit"] for one in found] == [7, 2]
    left, right = (one["box"] for one in found)
    assert left["left"] < right["left"]
    assert left["right"] < right["right"]
    assert all(0 <= box["left"] < box["right"] <= 1 for box in (left, right))


DROP = """async (data) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], "photo.jpg", {type: "image/jpeg"}));
  const send = (kind) => document.body.dispatchEvent(
    new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: transfer}));
  send("dragenter");
  const shown = !document.querySelector("#drop").hidden;
  send("drop");
  return shown && document.querySelector("#drop").hidden;
}"""


def test_a_photograph_can_be_dropped_anywhere(page, mnist, tmp_path):
    picture, digits = sheet(mnist, 1, 2, seed=1)
    picture.save(tmp_path / "photo.jpg")
    page.click("#tab-explore")
    assert page.evaluate(DROP, base64.b64encode((tmp_path / "photo.jpg").read_bytes()).decode())
    until(page, lambda: len(labels(page)) == len(digits))
    assert page.is_visible("#view-write")


HOLD_THE_FIRST = """() => {
  const decode = globalThis.createImageBitmap;
  let release;
  const held = new Promise((done) => (release = done));
  globalThis.createImageBitmap = (file) => {
    globalThis.createImageBitmap = decode;
    return held.then(() => decode(file));
  };
  globalThis.releaseTheFirst = release;
}"""


def test_the_last_photograph_stays_where_an_earlier_one_takes_longer(page, mnist, tmp_path):
    page.evaluate(HOLD_THE_FIRST)
    for name, columns in (("large", 3), ("small", 1)):
        sheet(mnist, 1, columns)[0].save(tmp_path / f"{name}.jpg")
        page.set_input_files("#photo-file", tmp_path / f"{name}.jpg")
    until(page, lambda: len(labels(page)) == 1)
    page.evaluate("releaseTheFirst()")
    page.wait_for_timeout(1000)  # longer than it would take to be read
    assert len(labels(page)) == 1


def test_after_a_photograph_the_drawing_is_still_there(page, mnist, tmp_path):
    draw(page, SEVEN)
    drawn = row(page)
    give(page, sheet(mnist, 1, 2)[0], tmp_path)
    assert not torch.equal(row(page), drawn)
    page.click("#undo")
    settle(page)
    assert torch.equal(row(page), drawn)


def test_a_sheet_without_digits_is_refused_in_a_line(page, tmp_path):
    random = np.random.default_rng(0)
    grain = (200 + 6 * random.standard_normal((300, 400))).clip(0, 255)
    give(page, Image.fromarray(grain.astype(np.uint8)), tmp_path)
    assert "ink" in notice(page)
    assert page.is_visible("#pad")


@pytest.mark.parametrize("kind", RULED)
def test_lines_through_the_digits_are_named_as_such(page, tmp_path, kind):
    give(page, RULED[kind], tmp_path)
    assert notice(page) == "There are lines through the digits; use plain paper."
    assert page.is_visible("#pad")


@pytest.mark.parametrize("size", [(540, 960), (960, 300)])
def test_a_photograph_keeps_its_shape(page, tmp_path, size):
    picture = Image.new("L", size, 255)
    picture.paste(0, (size[0] // 2, size[1] // 4, size[0] // 2 + 12, 3 * size[1] // 4))
    give(page, picture, tmp_path)
    box = page.locator("#photo-picture").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(size[0] / size[1], rel=0.02)


def test_of_a_photograph_what_was_kept_before_is_not_shown(page, mnist, tmp_path):
    """It does not count: the photograph alone tells the hand."""
    draw(page, SEVEN)
    page.click("#keep")
    give(page, sheet(mnist, 1, 1)[0], tmp_path)
    assert page.is_hidden("#kept")
    assert page.inner_text("#hand-word") == "The hand of the photograph, by one alone."
    page.click("#undo")
    settle(page)
    assert page.is_visible("#kept")
    assert page.inner_text("#hand-word").startswith("One so far.")
