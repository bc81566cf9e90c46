"""Reading a hand off a picture in Python; that the page does the same, the page's tests tell."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from stylespace.config import ModelConfig
from stylespace.data.segment import find_digits
from stylespace.errors import DataError
from stylespace.networks import StyleAutoencoder
from stylespace.studio.hand import HandReader
from tests.small import certain_reader


def blocks_in_tilted_lines(degrees, lines=2, each=4):
    """Blocks, each wider than the one before in reading order, in lines that rise to the right."""
    sheet, rise = Image.new("L", (1200, 1000), 255), np.tan(np.radians(degrees))
    pen = ImageDraw.Draw(sheet)
    for place in range(lines * each):
        x, width = 150 + 240 * (place % each), 20 + 10 * place
        y = 500 + 240 * (place // each - (lines - 1) / 2) - rise * (x - 510)
        pen.rectangle([x - width / 2, y - 60, x + width / 2, y + 60], 0)
    return sheet


@pytest.mark.parametrize("degrees", [-20, -10, 0, 10, 20])
def test_lines_may_be_tilted(degrees):
    found = find_digits(blocks_in_tilted_lines(degrees))
    widths = [int((one.image > 128).any(dim=0).sum()) for one in found]
    assert len(widths) == 8
    assert widths == sorted(widths)


@pytest.mark.parametrize("degrees", [-7, 7])
def test_long_lines_may_be_tilted_a_little(degrees):
    """The end of one is as high as the middle of another."""
    sheet, rise = Image.new("L", (1200, 700), 255), np.tan(np.radians(degrees))
    for place in range(16):
        x, width = 100 + 130 * (place % 8), 14 + 5 * place
        y = 350 + 150 * (place // 8 - 0.5) - rise * (x - 555)
        ImageDraw.Draw(sheet).rectangle([x - width / 2, y - 50, x + width / 2, y + 50], 0)
    widths = [int((one.image > 128).any(dim=0).sum()) for one in find_digits(sheet)]
    assert len(widths) == 16
    assert widths == sorted(widths)


@pytest.mark.parametrize(
    "places",
    [
        [(500, 150), (650, 150), (200, 290)],
        [(200, 150), (200, 290), (450, 290), (200, 430), (450, 430), (200, 570)],
        [(300, 150), (420, 290), (300, 430), (420, 570)],
    ],
    ids=["two right above one", "short lines", "zigzag"],
)
def test_upright_lines_of_any_length_are_read_from_the_top(places):
    sheet = Image.new("L", (1000, 700), 255)
    for number, (x, y) in enumerate(places):
        width = 20 + 12 * number
        ImageDraw.Draw(sheet).rectangle([x - width / 2, y - 50, x + width / 2, y + 50], 0)
    widths = [int((one.image > 128).any(dim=0).sum()) for one in find_digits(sheet)]
    assert len(widths) == len(places)
    assert widths == sorted(widths)


@pytest.fixture
def sure_of_seven():
    """Takes everything for a 7, surely, so that each cut is a way; counts what it reads."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = StyleAutoencoder(ModelConfig(encoder_widths=(8,), decoder_widths=(8,)))

    class Counting(HandReader):
        count = 0

        def read(self, image):
            self.count += 1
            return super().read(image)

    return Counting(model.eval(), certain_reader(7), None)


def lines_of_cursive(rows, words=5):
    """Waves from side to side, as of words without a gap."""
    sheet = np.full((rows * 60, 900), 255, np.uint8)
    x = np.arange(20, 880)
    for row in range(rows):
        y = (row * 60 + 30 + 20 * np.sin(x / 9)).astype(int)
        for down in range(-3, 4):
            sheet[y + down, x] = 0
    for word in range(1, words):
        sheet[:, 900 * word // words :][:, :10] = 255
    return Image.fromarray(sheet)


def test_a_page_of_cursive_writing_does_not_take_for_ever(sure_of_seven):
    samples = sure_of_seven.read_picture(lines_of_cursive(12))
    assert len(samples) >= 60
    assert 600 < sure_of_seven.count < 700


def test_what_is_too_wide_for_digits_that_touch_is_not_cut(sure_of_seven):
    samples = sure_of_seven.read_picture(lines_of_cursive(4, words=3))
    assert len(samples) == sure_of_seven.count == 12


def page_of_digits(every, rows=1, thick=2, tilt=0.0, *, squared=False):
    """Two rings and a one on ruled or squared paper, of which rules touch each."""
    sheet = Image.new("L", (760, 240), 250)
    pen = ImageDraw.Draw(sheet)
    for y in range(every, 241 if rows > 1 else every + 1, every):
        pen.line([(-5, y), (765, y + tilt * 770)], 120, thick)
    for x in range(every, 760 if squared else 0, every):
        pen.line([(x, -5), (x, 245)], 120, thick)
    pen.ellipse([80, 70, 150, 180], None, 20, 11)
    pen.line([(300, 70), (290, 180)], 20, 11)
    pen.ellipse([480, 80, 560, 175], None, 20, 11)
    return sheet


RULED = {
    "one rule": page_of_digits(125),
    "lined": page_of_digits(60, rows=4),
    "tilted": page_of_digits(60, rows=4, tilt=0.03),
    "squared": page_of_digits(30, rows=8, squared=True, thick=1),
}


@pytest.mark.parametrize("kind", RULED)
def test_lines_through_the_digits_are_named_as_such(sure_of_seven, kind):
    with pytest.raises(DataError, match=r"lines through the digits on sheet\.png; use plain"):
        sure_of_seven.read_picture(RULED[kind], "sheet.png")
    assert sure_of_seven.count == 0


def test_rules_that_touch_no_digit_do_no_harm(sure_of_seven):
    assert len(sure_of_seven.read_picture(page_of_digits(200))) == 3


@pytest.mark.parametrize(
    "points", [[(0, 3), (179, 3), (80, 239)], [(140, 0), (5, 160), (179, 160)], [(2, 0), (2, 239)]]
)
@pytest.mark.parametrize("thick", [3, 6, 20])
def test_a_digit_that_fills_its_picture_is_no_line(points, thick):
    sheet = Image.new("L", (180, 240), 255)
    ImageDraw.Draw(sheet).line(points, 0, thick)
    assert len(find_digits(sheet)) == 1


def test_too_many_pieces_are_refused(sure_of_seven):
    with pytest.raises(DataError, match="more than 60 pieces of ink"):
        sure_of_seven.read_picture(lines_of_cursive(13))


def test_a_blank_picture_is_refused(sure_of_seven):
    with pytest.raises(DataError, match="no ink"):
        sure_of_seven.read_picture(Image.new("L", (200, 100), 255), "sheet.png")
