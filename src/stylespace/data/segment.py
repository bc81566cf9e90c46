"""Finds the digits on a photograph: pieces of ink, put together where they belong together.

What the studio's page does in `segment.js`, step by step; a test holds both against each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image
from torch import Tensor

from stylespace.data.grey import Grey, connected, pooled
from stylespace.data.ink import find_ink
from stylespace.data.prepare import PIECE, Box, prepare_ink
from stylespace.errors import DataError

__all__ = ["Found", "find_digits"]

SEARCH_SIDE = 1024
MAP_SIDE = 512  # of the map on which pieces are found
MOST = 60  # digits on a photograph
SMALL = 0.3  # of a usual digit's height: no digit of its own
NEAR = 0.2  # of a digit's height, between the parts of one
SPANS = 0.9  # of the sheet's side: as long are its edges and the lines on ruled paper
LEAST_TILT, MOST_TILT = 0.05, 0.5  # how far a line falls or rises a column of pixels
ALIKE, AGREED = 0.2, 0.6  # steps so near their median count as alike; so many must be
RULE = 0.006  # of the map's longer side; no pen that fills a sheet with a digit is as thin
RULED = 0.2  # of a piece's columns have nothing thicker, where it hangs on rules


@dataclass(frozen=True, eq=False)
class Found:
    """A digit on a picture.

    Attributes:
        image: `[28, 28]` uint8, in the form of MNIST's.
        ink: it alone, as `find_ink` gives it.
    """

    image: Tensor
    ink: Grey


@dataclass
class _Piece:
    """Ink that hangs together, or the parts of one digit; its place is on the map."""

    box: Box
    labels: list[int]
    weight: float


def find_digits(picture: Image.Image, name: str = "the picture") -> list[Found]:
    """Each digit of a picture, in reading order.

    Args:
        picture: of any size and mode; dark ink on a light ground or the reverse.
        name: what to call it in an error's text.

    Raises:
        DataError: it shows no ink, too many pieces of it, or lines that run through the digits.
    """
    ink = find_ink(picture, name, SEARCH_SIDE, on_table=True)
    factor = max(1, int(max(ink.shape) / MAP_SIDE + 0.5))
    small = pooled(ink, factor)
    labels = connected(small > PIECE)[0, 0].numpy()
    every = _pieces(small[0, 0].numpy(), labels)
    pieces = _joined(_likely(every, labels.shape))
    if len(pieces) > MOST:
        raise DataError(
            f"there are more than {MOST} pieces of ink on {name}; cut the digits out of it first"
        )
    alone = [_alone(piece, ink, labels, factor) for piece in _in_reading_order(pieces)]
    found = [Found(image, part) for part in alone if (image := _image(part)) is not None]
    if len(found) > 1:
        return found
    if any(_is_ruled(piece, labels) for piece in pieces or every):
        raise DataError(f"there are lines through the digits on {name}; use plain paper")
    image = prepare_ink(find_ink(picture, name, on_table=True), name)
    return [Found(image, found[0].ink if found else ink)]


def _image(ink: Grey) -> Tensor | None:
    """None where there is no digit after all."""
    try:
        return prepare_ink(ink)
    except DataError:
        return None


def _pieces(ink: Grey, labels: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> list[_Piece]:
    """All that hangs together, in the order in which their first pixels come."""
    rows, columns = np.nonzero(labels)
    own, first, place = np.unique(labels[rows, columns], return_index=True, return_inverse=True)
    if not len(own):
        return []
    order = np.argsort(place, kind="stable")
    rows, columns = rows[order], columns[order]
    starts = np.searchsorted(place[order], np.arange(len(own)))
    top, left = (np.minimum.reduceat(at, starts) for at in (rows, columns))
    bottom, right = (np.maximum.reduceat(at, starts) + 1 for at in (rows, columns))
    weight = np.add.reduceat(ink[rows, columns].astype(np.float64), starts)
    return [
        _Piece(
            Box(int(top[i]), int(bottom[i]), int(left[i]), int(right[i])),
            [int(own[i])],
            float(weight[i]),
        )
        for i in np.argsort(first)
    ]


def _likely(pieces: list[_Piece], shape: tuple[int, ...]) -> list[_Piece]:
    """Without specks, ruled lines and the sheet's own edges."""
    height, width = shape

    def may_be(box: Box) -> bool:
        at_edge = box.top == 0 or box.left == 0 or box.bottom == height or box.right == width
        spans = box.width > SPANS * width or box.height > SPANS * height
        line = box.width > 7 * box.height and box.width > 0.25 * width
        return not line and not (at_edge and spans and len(pieces) > 1)

    digits = [piece for piece in pieces if may_be(piece.box)]
    largest = max((piece.box.longer_side for piece in digits), default=0)
    heaviest = max((piece.weight for piece in digits), default=0.0)
    return [
        piece
        for piece in digits
        if piece.box.longer_side > max(2, 0.08 * largest) and piece.weight > 0.01 * heaviest
    ]


def _is_ruled(piece: _Piece, labels: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> bool:
    """Whether rules hold it together: from side to side, with nothing but them in between."""
    box = piece.box
    if box.width <= SPANS * labels.shape[1]:
        return False
    longest = run = np.zeros(box.width, np.int64)
    for row in labels[box.top : box.bottom, box.left : box.right]:
        run = (run + 1) * (row == piece.labels[0])
        longest = np.maximum(longest, run)
    return bool((longest <= RULE * max(labels.shape)).mean() > RULED)


def _joined(pieces: list[_Piece]) -> list[_Piece]:
    """The parts of one digit put together, and what is too small for a digit left out."""
    sizes = sorted((piece.box.longer_side for piece in pieces), reverse=True)
    usual = sizes[(len(sizes) - 1) // 3] if sizes else 0
    whole = [piece for piece in pieces if piece.box.longer_side >= 0.75 * usual]
    lone = list[_Piece]()
    for part in (piece for piece in pieces if piece.box.longer_side < 0.75 * usual):
        host = next((piece for piece in whole if _belongs(part.box, piece.box)), None)
        if host is None:
            lone.append(part)
            continue
        host.box = _around(host.box, part.box)
        host.labels += part.labels
        host.weight += part.weight
    least = SMALL * usual
    return whole + [one for one in lone if min(one.box.longer_side, one.box.height) > least]


def _belongs(part: Box, box: Box) -> bool:
    overlap = min(part.right, box.right) - max(part.left, box.left)
    gap = max(part.top, box.top) - min(part.bottom, box.bottom)
    return overlap > -0.1 * part.width and gap < NEAR * box.height


def _around(one: Box, other: Box) -> Box:
    return Box(
        min(one.top, other.top),
        max(one.bottom, other.bottom),
        min(one.left, other.left),
        max(one.right, other.right),
    )


def _in_reading_order(pieces: list[_Piece]) -> Iterable[_Piece]:
    """Line after line, each from left to right; the lines may be tilted."""
    tilt = _tilt([piece.box for piece in pieces])
    lines = list[list[_Piece]]()
    for piece in sorted(pieces, key=lambda one: _level(one.box, tilt)):
        level = _level(piece.box, tilt)
        for line in lines:
            if any(abs(level - _level(one.box, tilt)) < one.box.height / 2 for one in line):
                line.append(piece)
                break
        else:
            lines.append([piece])
    return [one for line in lines for one in sorted(line, key=lambda piece: piece.box.left)]


def _tilt(boxes: list[Box]) -> float:
    """How far lines fall a column of pixels: the median step to the next digit on the right.

    0 where steps do not agree: a short line's last digit has none but another line's beside it.
    """
    steps = list[float]()
    for box in boxes:
        across = ((_across(other) - _across(box), other) for other in boxes)
        ahead = [(dx, _level(other, 0) - _level(box, 0)) for dx, other in across if dx > 0]
        near = [(dx, dy) for dx, dy in ahead if abs(dy) < min(MOST_TILT * dx, box.height)]
        steps += [min((dx * dx + dy * dy, dy / dx) for dx, dy in near)[1]] if near else []
    tilt = sorted(steps)[(len(steps) - 1) // 2] if steps else 0.0
    alike = sum(abs(step - tilt) < ALIKE for step in steps)
    return tilt if abs(tilt) >= LEAST_TILT and alike >= AGREED * len(steps) else 0.0


def _across(box: Box) -> float:
    return (box.left + box.right) / 2


def _level(box: Box, tilt: float) -> float:
    """Where its middle lies from the sheet's top, with the lines made level."""
    return (box.top + box.bottom) / 2 - tilt * _across(box)


def _alone(
    piece: _Piece,
    ink: Grey,
    labels: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    factor: int,
) -> Grey:
    """The piece's own ink with a margin, and none of what lies beside it."""
    margin, box = 1 + -(-piece.box.longer_side // 20), piece.box
    top, left = max(0, box.top - margin), max(0, box.left - margin)
    own = np.isin(labels[top : box.bottom + margin, left : box.right + margin], [0, *piece.labels])
    part = ink[
        top * factor : (box.bottom + margin) * factor,
        left * factor : (box.right + margin) * factor,
    ]
    mask = own.repeat(factor, 0).repeat(factor, 1)[: part.shape[0], : part.shape[1]]
    alone: Grey = part * mask
    return alone
