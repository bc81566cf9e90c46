"""Photographs that show more than the sheet: a table around it, or a shadow on it."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFilter
from PIL.Image import Resampling

from stylespace.data.ink import find_ink
from stylespace.data.prepare import prepare
from stylespace.data.segment import find_digits
from stylespace.errors import DataError
from tests.data.test_prepare import difference, moved, photograph, ring

BLANK = torch.zeros(28, 28, dtype=torch.uint8)


def sheet_with(images, seed):
    """A grey sheet under uneven light with digits side by side in its middle."""
    sheet = photograph(BLANK, seed, size=(600, 450)).convert("L")
    for place, image in enumerate(images):
        ink = Image.fromarray(image.numpy()).resize((168, 168), Resampling.BICUBIC)
        left = 300 + int(168 * (place - len(images) / 2))
        sheet.paste(40, (left, 141), ink)
    return sheet


def tinted(picture, tint):
    """The grey picture in the light of a colour, `(red, green, blue)` from 0 to 1."""
    grey = picture.convert("L")
    return Image.merge(
        "RGB", [grey.point(lambda value, share=share: value * share) for share in tint]
    )


def on_table(sheet, seed, *, wood=0.3, tint=None, corner=(260, 140), degrees=5.0):
    """A sheet that lies on a wooden table, a little turned; grey, unless there is a tint."""
    random = np.random.default_rng(seed)
    grain = Image.fromarray(random.normal(size=(800, 6)).astype(np.float32))
    table = wood * (1 + 0.15 * np.asarray(grain.resize((1000, 800), Resampling.BICUBIC)))
    table = table + 0.01 * random.standard_normal(table.shape)
    shown = Image.fromarray((255 * table).clip(0, 255).astype(np.uint8))
    turned, mask = (
        one.rotate(degrees, Resampling.BICUBIC, expand=True)
        for one in (sheet, Image.new("L", sheet.size, 255))
    )
    if tint is not None:
        shown = tinted(shown, tint)
    shown.paste(turned, corner, mask)
    return shown.filter(ImageFilter.GaussianBlur(1))


@pytest.fixture(scope="module")
def digits(mnist):
    return mnist[1].images[[0, 23, 46, 69, 92, 115]]


@pytest.mark.parametrize("wood", [0.05, 0.2, 0.4])
@pytest.mark.parametrize("degrees", [-8.0, 0.0, 5.0])
def test_a_digit_on_a_sheet_on_a_table_is_the_digit_alone(digits, wood, degrees):
    for seed, image in enumerate(digits):
        sheet = sheet_with([image], seed)
        table = on_table(sheet, seed, wood=wood, degrees=degrees)
        alone = sheet.rotate(degrees, Resampling.BICUBIC).crop((100, 80, 500, 370))
        (found,) = find_digits(table)
        assert min(difference(found.image, one) for one in moved(prepare(alone))) < 0.03


PINE, ASH, BEECH = (1.0, 0.83, 0.61), (1.0, 0.87, 0.7), (1.0, 0.81, 0.6)


@pytest.mark.parametrize("tint", [PINE, ASH, BEECH])
def test_a_table_of_light_wood_is_told_from_paper_by_its_colour(digits, tint):
    for seed in range(3):
        sheet = sheet_with(digits[seed : seed + 2], seed)
        table = on_table(sheet, seed, wood=0.55, tint=tint)
        alone = sheet.rotate(5, Resampling.BICUBIC).crop((100, 80, 500, 370))
        for one, other in zip(find_digits(table), find_digits(alone), strict=True):
            assert min(difference(one.image, image) for image in moved(other.image)) < 0.03


@pytest.mark.parametrize("wood", [0.1, 0.2])
def test_a_coloured_sheet_on_a_grey_table_is_told_by_its_brightness(digits, wood):
    for seed in range(3):
        sheet = tinted(sheet_with(digits[seed : seed + 2], seed), (1.0, 0.94, 0.45))
        assert len(find_digits(on_table(sheet, seed, wood=wood, tint=(1, 1, 1)))) == 2


@pytest.mark.parametrize("corner", [(-60, 200), (460, 200), (200, -60), (300, 360), (-60, -50)])
def test_the_sheet_may_reach_out_of_the_picture(digits, corner):
    for seed in range(3):
        sheet = sheet_with(digits[seed : seed + 2], seed)
        assert len(find_digits(on_table(sheet, seed, corner=corner, degrees=3))) == 2


@pytest.mark.parametrize("wood", [0.05, 0.3])
def test_an_empty_sheet_on_a_table_is_blank(wood):
    for seed in range(3):
        with pytest.raises(DataError, match=r"blank|noisy"):
            find_digits(on_table(sheet_with([], seed), seed, wood=wood))


def test_bold_digits_in_chalk_are_no_sheets(mnist):
    """Although they fill the board."""
    for seed, image in enumerate(mnist[1].images[[3, 18, 28, 48, 55]]):
        board = np.asarray(Image.fromarray(image.numpy()).resize((280, 280), Resampling.BICUBIC))
        grain = np.random.default_rng(seed).normal(scale=2.5, size=board.shape)
        picture = Image.fromarray((38 + 0.7 * board + grain).clip(0, 255).astype(np.uint8))
        assert np.array_equal(find_ink(picture, "", on_table=True), find_ink(picture, ""))


@pytest.mark.parametrize("share", [0.05, 0.33, 0.655, 0.9])
@pytest.mark.parametrize("depth", [0.4, 0.7])
def test_a_shadow_on_the_sheet_is_no_table(digits, share, depth):
    sheet = Image.new("L", (900, 400), 215)
    for place in range(3):
        ink = Image.fromarray(digits[place].numpy()).resize((196, 196), Resampling.BICUBIC)
        sheet.paste(40, (60 + 290 * place, 100), ink)
    shown = np.asarray(sheet) * np.linspace(1, 0.8, 900)
    shown[:, : int(share * 900)] *= depth
    assert len(find_digits(Image.fromarray(shown.astype(np.uint8)))) == 3


@pytest.mark.parametrize("width", [40, 60, 80])
def test_the_inside_of_a_large_zero_is_no_sheet(width):
    drawn = np.asarray(ring(width, side=500)) * np.linspace(1, 0.8, 500)
    image = find_digits(Image.fromarray(drawn.astype(np.uint8)))[0].image
    assert difference(image, prepare(ring(width, side=500))) < 0.03


@pytest.mark.parametrize("width", [40, 80, 110])
def test_a_thick_light_stroke_is_no_sheet(width):
    """A 1 in chalk fills a good part of a board, as a sheet does of a table."""
    board = Image.new("L", (600, 500), 50)
    ImageDraw.Draw(board).line([(330, 60), (270, 440)], 225, width)
    shown = np.asarray(board) + 4 * np.random.default_rng(width).standard_normal((500, 600))
    found = find_digits(Image.fromarray(shown.clip(0, 255).astype(np.uint8)))
    assert len(found) == 1
    assert (found[0].image > 128).sum() > 20
