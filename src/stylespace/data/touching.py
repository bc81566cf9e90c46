"""Where digits that touch each other may be cut apart.

What the studio's page does in `touching.js`, step by step; a test holds both against each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from stylespace.data.grey import Grey, pooled
from stylespace.data.prepare import bounds

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
        Two pictures of ink, each as large as what is on it.
    """
    box = bounds(ink)
    if box is None:
        return
    factor = -(-box.height // MAP_HEIGHT)
    own = box.cut(ink)
    small = pooled(own, factor)[0, 0].numpy().astype(np.float64)
    height, width = small.shape
    tried = list[Seam]()
    for share, slant in itertools.product(WIDTHS, SLANTS):
        if share * height > width - NARROWEST * height:
            break
        seam = _seam(small, share * height, slant)
        if any(np.array_equal(seam, other) for other in tried):
            continue
        tried.append(seam)
        is_left = np.arange(box.width) < seam.repeat(factor)[: box.height, None] * factor
        first, rest = (_high(own * half, box.height) for half in (is_left, ~is_left))
        if first is not None and rest is not None:
            yield first, rest


def _high(ink: Grey, height: int) -> Grey | None:
    """It without what is empty around it, if it is high enough for a digit."""
    box = bounds(ink)
    return box.cut(ink) if box is not None and box.height >= LOWEST * height else None


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
