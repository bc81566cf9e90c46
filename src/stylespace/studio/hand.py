"""One hand from a picture: its digits found and read, the touching ones cut apart.

What the studio's page does in `hand.js` and `photo.js`; a test holds both against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from PIL import Image
from torch import Tensor

from stylespace.data.grey import Grey
from stylespace.data.ink import find_ink
from stylespace.data.prepare import bounds, prepare_ink, without_specks
from stylespace.data.segment import Found, find_digits
from stylespace.data.touching import cuts
from stylespace.errors import DataError
from stylespace.networks import StyleAutoencoder
from stylespace.studio.reader import PageReader

__all__ = ["HandReader", "Sample"]

UNSURE = 0.6  # the reader's share of the digit, below which it may well be another
STRANGE = 1.1  # times the error that one test image in a hundred has: no digit
HALF_SURE = 0.7  # the reader's share, below which less of an error says so
WIDE = 1.1  # heights: so wide a digit may be two that touch each other
NARROW = 0.95  # heights: so narrow a piece is one digit, whatever it looks like
BETTER = 0.8  # of the whole's error, that the parts of what is in no doubt may have
ONE_MORE = 0.05  # of unlikeness, that one cut more has to spare
MOST_TOUCHING, MOST_TRIED = 4, 3
MOST_READ = 600  # parts of one picture; a page of cursive writing would take for ever
MOST_BROKEN = 5  # pieces that a digit whose strokes have gaps falls into


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """A digit of a hand.

    Attributes:
        image: uint8 `[28, 28]`, in the form of MNIST's.
        digit: which one it is taken for.
        share: how sure the reader is of that, in 0..1.
        style: `[style_size]`, its style vector as that digit.
        error: mean squared, of its reconstruction.
        doubt: `"strange"` is nothing like a digit, of an `"unsure"` one it is open which.
    """

    image: Tensor
    digit: int
    share: float
    style: Tensor
    error: float
    doubt: Literal["", "unsure", "strange"]


@dataclass
class _Budget:
    """Parts that may still be read of one picture."""

    parts: int = MOST_READ


class HandReader:
    """Reads digits as the studio's page does.

    Args:
        model: of the session.
        reader: of the session.
        usual: the error that 95 and 99 of 100 test images stay below, as `p95` and `p99`; None
            where there are no test images, and nothing is strange.
    """

    def __init__(
        self, model: StyleAutoencoder, reader: PageReader, usual: Mapping[str, float] | None
    ) -> None:
        self.model, self.reader, self.usual = model, reader, usual

    def read_picture(self, picture: Image.Image, name: str = "the picture") -> list[Sample]:
        """Each digit of a picture, in reading order.

        Raises:
            DataError: there is none on it.
        """
        return self.read_found(find_digits(picture, name), picture, name)

    def read_found(self, found: list[Found], picture: Image.Image, name: str) -> list[Sample]:
        """As `read_picture`, of a picture in which `find_digits` found something."""
        samples, budget = list[Sample](), _Budget()
        for one in found:
            sample = self.read(one.image)
            samples += self._touching(sample, one.ink, budget) or [sample]
        whole = self._whole(picture, name) if 1 < len(found) <= MOST_BROKEN else None
        return [whole] if whole is not None and _is_better(whole, samples) else samples

    def _whole(self, picture: Image.Image, name: str) -> Sample | None:
        """All ink as one digit, whose strokes may have gaps; None if it is too wide for one."""
        ink = find_ink(picture, name, on_table=True)
        box = bounds(without_specks(ink))
        if box is None or box.width > WIDE * box.height:
            return None
        return self.read(prepare_ink(ink, name))

    def read(self, image: Tensor) -> Sample:
        """Which digit an image shows, and in which style; uint8 `[28, 28]`."""
        share, digit = self.reader.shares(image[None])[0].max(dim=0)
        given = image[None, None] / 255
        style = self.model.encode(given, digit[None])
        error = (self.model.decode(style, digit[None]) - given).square().mean().item()
        sure = share.item()
        return Sample(
            image=image,
            digit=int(digit),
            share=sure,
            style=style[0],
            error=error,
            doubt=self._doubt(error, sure),
        )

    def _doubt(self, error: float, sure: float) -> Literal["", "unsure", "strange"]:
        if self.usual is not None:
            above = error > self.usual["p95"] and sure < HALF_SURE
            if above or error > STRANGE * self.usual["p99"]:
                return "strange"
        return "unsure" if sure < UNSURE else ""

    def _touching(self, whole: Sample, ink: Grey, budget: _Budget) -> list[Sample] | None:
        """The digits that a piece of ink is made of, if it looks rather like several."""
        if not _may_be_several(whole, ink):
            return None
        parts = self._apart(ink, MOST_TOUCHING, budget)
        if parts is None or (not whole.doubt and _worst(parts) > BETTER * whole.error):
            return None
        return parts

    def _apart(self, ink: Grey, most: int, budget: _Budget) -> list[Sample] | None:
        """Ink cut into digits of which none is in doubt, if that can be."""
        ways, open_ways = list[list[Sample]](), list[tuple[Sample, Grey]]()
        for first, rest in cuts(ink):
            if budget.parts <= 0:
                break
            budget.parts -= 2
            one = self._read_ink(first)
            if one is None or one.doubt:
                continue
            two = self._read_ink(rest)
            if two is not None and not two.doubt:
                ways.append([one, two])
            if most > 2 and (two is None or _may_be_several(two, rest)):
                open_ways.append((one, rest))
        open_ways.sort(key=lambda way: _unlikeness(way[0]))
        for one, rest in open_ways[:MOST_TRIED]:
            if others := self._apart(rest, most - 1, budget):
                ways.append([one, *others])
        return min(ways, key=_cost, default=None)

    def _read_ink(self, ink: Grey) -> Sample | None:
        try:
            return self.read(prepare_ink(ink))
        except DataError:
            return None


def _is_better(whole: Sample, parts: list[Sample]) -> bool:
    closer, surer = whole.error < _worst(parts), whole.share > min(one.share for one in parts)
    if any(part.doubt for part in parts):
        return whole.doubt != "strange" and (closer or surer)
    return not whole.doubt and closer


def _may_be_several(whole: Sample, ink: Grey) -> bool:
    """Whether it is as wide as digits that touch each other, and no wider."""
    box, least = bounds(ink), NARROW if whole.doubt else WIDE
    return box is not None and least < box.width / box.height <= MOST_TOUCHING * WIDE


def _unlikeness(sample: Sample) -> float:
    """The share of the ink that is not drawn again, and of the reader's doubt a half."""
    ink = (sample.image.float() / 255).square().mean().item()
    return sample.error / ink + (1 - sample.share) / 2


def _cost(parts: list[Sample]) -> float:
    return fmean(map(_unlikeness, parts)) + ONE_MORE * len(parts)


def _worst(samples: list[Sample]) -> float:
    return max(sample.error for sample in samples)
