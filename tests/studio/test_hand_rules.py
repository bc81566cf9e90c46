"""What a picture is taken for, given how its pieces read: whole, in parts, doubtful or not."""

import pytest
import torch
from PIL import Image, ImageDraw

from stylespace.studio.hand import STRANGE, HandReader, Sample
from tests.small import certain_reader, vivid_model


class Scripted(HandReader):
    """Reads an image as a rule has it, which is told the width of its ink over its height.

    The rule gives the error, how sure a digit is, and the doubt.

    Args:
        rule: `(error, share, doubt)` of an aspect.
        by_ink: whether the error is so much of the ink's own square.
    """

    def __init__(self, rule, *, by_ink=False):
        self.rule, self.by_ink = rule, by_ink

    def read(self, image):
        error, share, doubt = self.rule(aspect(image))
        if self.by_ink:
            error *= (image.float() / 255).square().mean().item()
        style = torch.zeros(4)
        return Sample(image=image, digit=0, share=share, style=style, error=error, doubt=doubt)


def aspect(image):
    rows, columns = (image > 128).nonzero(as_tuple=True)
    return int(columns.max() - columns.min() + 1) / int(rows.max() - rows.min() + 1)


def bars(*places, height=100):
    """Filled bars, each from one place to another, in heights."""
    sheet = Image.new("L", (height * 8, height * 3), 255)
    for start, end in places:
        box = [height * (1 + start), height, height * (1 + end) - 1, 2 * height - 1]
        ImageDraw.Draw(sheet).rectangle(box, 0)
    return sheet


@pytest.mark.parametrize(
    ("bias", "p95", "p99", "doubt"),
    [
        (9.0, 2.0, 3.0, ""),
        (3.3, 0.9, 2.0, ""),  # 75 % sure
        (2.8, 0.9, 2.0, "strange"),  # 65 %
        (2.8, 1.1, 2.0, ""),
        (2.4, 1.1, 2.0, "unsure"),  # 55 %
        (2.4, 0.9, 2.0, "strange"),
        (9.0, 0.5, 0.99 / STRANGE, "strange"),
        (9.0, 0.5, 1.01 / STRANGE, ""),
    ],
)
def test_a_digit_is_strange_by_its_error_the_sooner_the_less_sure_it_is(bias, p95, p99, doubt):
    """Percentiles in terms of the error that it has."""
    model, reader = vivid_model(), certain_reader(7, bias)
    image = torch.zeros(28, 28, dtype=torch.uint8)
    image[4:24, 12:16] = 255
    error = HandReader(model, reader, None).read(image).error
    usual = {"p95": p95 * error, "p99": p99 * error}
    assert HandReader(model, reader, usual).read(image).doubt == doubt
    if doubt == "strange":  # without test images none is known to be
        assert HandReader(model, reader, None).read(image).doubt != doubt


PARTS = [(0.0, 0.2), (0.4, 0.6)]  # together 0.6 of a height wide


@pytest.mark.parametrize(
    ("part", "whole", "taken"),
    [
        ((0.2, 0.5, "unsure"), (0.3, 0.9, ""), "whole"),  # surer
        ((0.4, 0.9, "strange"), (0.1, 0.7, "unsure"), "whole"),  # closer
        ((0.2, 0.5, "unsure"), (0.1, 0.9, "strange"), "parts"),
        ((0.1, 0.5, "unsure"), (0.4, 0.4, "unsure"), "parts"),
        ((0.4, 0.9, ""), (0.1, 0.7, ""), "whole"),
        ((0.1, 0.9, ""), (0.4, 0.99, ""), "parts"),
        ((0.4, 0.9, ""), (0.1, 0.5, "unsure"), "parts"),
    ],
)
def test_strokes_with_a_gap_between_are_one_digit_where_that_reads_better(part, whole, taken):
    reader = Scripted(lambda wide: whole if wide > 0.4 else part)
    assert len(reader.read_picture(bars(*PARTS))) == {"whole": 1, "parts": 2}[taken]


@pytest.mark.parametrize(
    ("whole", "error", "count"),
    [
        ((0.3, 0.9, ""), 0.23, 2),
        ((0.3, 0.9, ""), 0.27, 1),
        ((0.3, 0.9, "unsure"), 0.27, 2),
        ((0.3, 0.9, "strange"), 0.5, 2),
    ],
)
def test_a_digit_in_no_doubt_is_cut_only_where_its_parts_are_much_closer(whole, error, count):
    def rule(wide):
        if wide > 1.4:
            return whole
        return (1.0, 0.9, "strange") if wide > 1 else (error, 0.9, "")

    assert len(Scripted(rule).read_picture(bars((0, 1.65)))) == count


def test_of_ways_that_are_as_close_the_surer_is_taken():
    def rule(wide):
        if wide > 1.4:
            return 1.0, 0.9, "strange"
        return 0.1, 0.95 if 0.65 < wide < 0.95 else 0.65, ""

    left, right = Scripted(rule, by_ink=True).read_picture(bars((0, 1.65)))
    assert 0.65 < aspect(left.image) < 0.95
    assert 0.65 < aspect(right.image) < 0.95


@pytest.mark.parametrize(("narrow", "other", "count"), [(0.08, 0.1, 2), (0.01, 0.3, 3)])
def test_one_cut_more_has_to_be_worth_it(narrow, other, count):
    def rule(wide):
        if wide > 1.4:
            return 1.0, 0.9, "strange"
        return narrow if wide < 0.75 else other, 0.99, ""

    assert len(Scripted(rule, by_ink=True).read_picture(bars((0, 1.65)))) == count


@pytest.mark.parametrize(("width", "count"), [(2.5, 4), (4.2, 1)])
def test_at_most_four_digits_touch(width, count):
    def rule(wide):
        return (0.1, 0.9, "") if wide < 0.75 else (1.0, 0.9, "strange")

    assert len(Scripted(rule).read_picture(bars((0, width)))) == count
