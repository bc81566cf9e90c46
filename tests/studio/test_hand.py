"""Reading a hand off a picture in Python; that the page does the same, the page's tests tell."""

import numpy as np
import pytest
import torch
from PIL import Image

from stylespace.config import ModelConfig
from stylespace.errors import DataError
from stylespace.networks import StyleAutoencoder
from stylespace.studio.hand import HandReader
from stylespace.studio.reader import PageReader


@pytest.fixture
def sure_of_seven():
    """Takes everything for a 7, surely, so that each cut is a way; counts what it reads."""
    reader = PageReader(classes=10)
    for weights in reader.parameters():
        weights.data.zero_()
    reader.layers[-1].bias.data[7] = 9.0
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = StyleAutoencoder(ModelConfig(encoder_widths=(8,), decoder_widths=(8,)))

    class Counting(HandReader):
        count = 0

        def read(self, image):
            self.count += 1
            return super().read(image)

    return Counting(model.eval(), reader, None)


def lines_of_cursive(rows):
    """Waves from side to side, as of words without a gap."""
    sheet = np.full((rows * 60, 900), 255, np.uint8)
    x = np.arange(20, 880)
    for row in range(rows):
        y = (row * 60 + 30 + 20 * np.sin(x / 9)).astype(int)
        for down in range(-3, 4):
            sheet[y + down, x] = 0
    sheet[:, 300:310] = sheet[:, 600:610] = 255
    return Image.fromarray(sheet)


def test_a_page_of_cursive_writing_does_not_take_for_ever(sure_of_seven):
    samples = sure_of_seven.read_picture(lines_of_cursive(15))
    assert len(samples) >= 45
    assert sure_of_seven.count < 700


def test_too_many_pieces_are_refused(sure_of_seven):
    with pytest.raises(DataError, match="more than 60 pieces of ink"):
        sure_of_seven.read_picture(lines_of_cursive(21))


def test_a_blank_picture_is_refused(sure_of_seven):
    with pytest.raises(DataError, match="no ink"):
        sure_of_seven.read_picture(Image.new("L", (200, 100), 255), "sheet.png")
