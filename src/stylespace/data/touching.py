"""Where digits that touch each other may be cut apart.

What the studio's page does in `touching.js`, step by step; a test holds both against each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from stylespace.data.ink import Grey, pooled
from stylespace.data.prepare import Box, bounds

__all__ = ["cuts"]

MAP_HEIGHT = 64  # of the map on which a cut is sought
WIDTHS = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.1)  # that the left digit may have, in heights
SLANTS = (0.0, 0.35)  # of the line that a cut keeps to, in columns a row
NARROWEST = 0.1  # that the right digit may be, in heights
LOWEST = 0.55  # of the whole height, that each may be
PULL = 1.5  # in full ink, of a pixel of the way that is a whole height off

Seam = np.ndarray[tuple[int], np.dtype[np.int64]]


def cuts(ink: Grey) -> Iterator[tuple[Grey, Grey]]:
    """The first digit and what is right of it, in some ways.

    Each cut goes from top to bottom through as little ink as may be, near a place of its own.

    Args:
        ink: `[height, width]` in 0..1, of one piece.

    Yields:
        Two pictures of ink of the same size.
    """
    box = bounds(ink)
    if box is None:
        return
    factor = -(-box.height // MAP_HEIGHT)
    small = pooled(box.cut(ink), factor)[0, 0].numpy().astype(np.float64)
    height, width = small.shape
    tried = list[Seam]()
    for share, slant in itertools.product(WIDTHS, SLANTS):
        if share * height > width - NARROWEST * height:
            break
        seam = _seam(small, share * height, slant)
        if any(np.array_equal(seam, other) for other in tried):
            continue
        tried.append(seam)
        halves = _parted(ink, box, box.left + seam.repeat(factor)[: box.height] * factor)
        if all(_is_high(half, box.height) for half in halves):
            yield halves


def _parted(ink: Grey, box: Box, ends: Seam) -> tuple[Grey, Grey]:
    """What lies in a box, left of a column for each of its rows and right of it."""
    left, right = np.zeros_like(ink), np.zeros_like(ink)
    is_left = np.arange(box.left, box.right) < ends[:, None]
    box.cut(left)[is_left] = box.cut(ink)[is_left]
    box.cut(right)[~is_left] = box.cut(ink)[~is_left]
    return left, right


def _is_high(ink: Grey, height: int) -> bool:
    box = bounds(ink)
    return box is not None and box.height >= LOWEST * height


def _seam(ink: Grey, middle: float, slant: float) -> Seam:
    """A column for each row, at most one farther than in the row above."""
    height, width = ink.shape
    line = middle + slant * (height / 2 - np.arange(height))
    cost = ink + PULL * abs(np.arange(width) - line[:, None]) / height
    total, steps = cost[0], np.zeros((height, width), np.int64)
    for row in range(1, height):
        beside = np.pad(total, 1, constant_values=np.inf)
        from_above = np.stack([total, beside[:-2], beside[2:]])
        steps[row] = np.array([0, -1, 1])[from_above.argmin(axis=0)]
        total = cost[row] + from_above.min(axis=0)
    seam = np.zeros(height, np.int64)
    seam[-1] = total.argmin()
    for row in range(height - 1, 0, -1):
        seam[row - 1] = seam[row] + steps[row, seam[row]]
    return seam
