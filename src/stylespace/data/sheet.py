"""Finds the sheet of paper on a photograph that shows a table around it.

What the studio's page does in `sheet.js`, step by step; a test holds both against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from PIL import Image

from stylespace.data.grey import Grey, connected, shrunk, spread

__all__ = ["whiteness", "without_surroundings"]

MAP_SIDE = 128  # of the map on which the sheet is sought
LEVELS = 12  # of brightness, or of whiteness, that may part it from what lies around it
BRIDGE = 3  # pixels of the map: what is no wider than twice this is no part of the sheet
STROKE = 4  # likewise: what is thinner than twice this is ink
BLANK = 12  # likewise: somewhere on it twice this is free of ink, and no stroke is as thick
MARGIN = 3  # pixels of the map along the outline that count as surroundings
LEAST_SHEET, LEAST_AROUND = 0.2, 0.04  # shares of the map
SOLID = 0.8  # of its hull a sheet fills, whatever is written on it
CONVEX = 0.85  # of its hull a shadow fills that lies on one side
STEP = 0.15  # in logarithms of either, from around the sheet to it
SHARE = 0.2  # of the outline, and of what is around it, may have less of a step
DARKEST = 0.02  # of either, whose logarithm counts

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Corner = tuple[int, int]


@dataclass(frozen=True, eq=False)
class _Sheet:
    """Where a sheet may lie.

    Attributes:
        beyond: how far each pixel of the map lies outside it; negative within.
        step: how much darker or less white it is around it.
    """

    beyond: Grey
    step: float


def without_surroundings(light: Grey, other: Grey | None) -> Grey | None:
    """Paper instead of all that lies around the sheet; None where no sheet is told from it.

    A sheet is light or white, and convex, and less so around its outline at once; what is around
    it lies on more sides than one, or it might be a shadow on it.

    Args:
        light: a photograph's brightness or whiteness, 0..1.
        other: the other of them, by which the sheet is sought as well; None without colours.
    """
    if max(light.shape) < MAP_SIDE:
        return None
    factor = -(-max(light.shape) // MAP_SIDE)
    small = shrunk(Image.fromarray(light), MAP_SIDE)
    sheets = _sheets(small)
    if other is not None:
        sheets += _sheets(shrunk(Image.fromarray(other), MAP_SIDE))
    best = max(sheets, key=lambda sheet: sheet.step, default=None)
    if best is None or best.step < STEP or not (within := best.beyond <= -MARGIN).any():
        return None
    paper = _continued(_least(spread(small, STROKE), STROKE), within)
    height, width = light.shape
    inside, outside = (
        values.repeat(factor, 0).repeat(factor, 1)[:height, :width] for values in (within, paper)
    )
    return np.where(inside, light, outside)


def whiteness(red: Grey, green: Grey, blue: Grey) -> Grey:
    """How light a pixel is, and how little of a colour; of a grey one, its brightness.

    Light wood is nearly as bright as paper, but not as white.
    """
    least = np.minimum(np.minimum(red, green), blue).astype(np.float64)
    most = np.maximum(np.maximum(red, green), blue)
    # rounded once, as the page does it
    return (least * (least / np.maximum(most.astype(np.float64), DARKEST))).astype(np.float32)


def _sheets(small: Grey) -> list[_Sheet]:
    """All that may be a sheet: what is lighter than one limit or another."""
    light = np.log(np.maximum(small.astype(np.float64), DARKEST)).astype(np.float32)
    limits = np.sort(light, axis=None)[
        [light.size * (2 * i + 1) // (2 * LEVELS) for i in range(LEVELS)]
    ]
    return [sheet for limit in limits if (sheet := _sheet(light, light > limit)) is not None]


def _sheet(light: Grey, mask: Mask) -> _Sheet | None:
    """The largest piece of the mask, if it has the form of a sheet."""
    part = _largest_piece(mask)
    if part.mean() < LEAST_SHEET or not _least(part.astype(np.float32), BLANK).any():
        return None
    beyond, side = _outside_hull(part)
    around = beyond > 1
    if around.mean() < LEAST_AROUND or part.sum() < SOLID * (beyond <= 0).sum():
        return None
    if around.sum() > CONVEX * (_outside_hull(around)[0] <= 0).sum():
        return None
    if np.quantile(light[around], 1 - SHARE) > np.median(light[part]) - STEP / 2:
        return None  # not the table: paper around a thick ring's inside
    return _Sheet(beyond, _step(light, beyond, side))


def _largest_piece(mask: Mask) -> Mask:
    """Without what hangs on it by narrow bridges only."""
    opened = spread(_least(np.pad(mask.astype(np.float32), BRIDGE), BRIDGE), BRIDGE)
    opened = opened[BRIDGE:-BRIDGE, BRIDGE:-BRIDGE]
    numbers = connected(torch.from_numpy(opened)[None, None] > 0.5)[0, 0].numpy()
    sizes = np.bincount(numbers.ravel(), minlength=2)
    largest: Mask = numbers == 1 + sizes[1:].argmax()
    return largest


def _least(values: Grey, radius: int) -> Grey:
    """The smallest of each square of neighbours; 1 is outside."""
    return 1 - spread(1 - values, radius)


def _outside_hull(mask: Mask) -> tuple[Grey, np.ndarray[Any, np.dtype[np.intp]]]:
    """How far each pixel lies outside the mask's convex hull, and beyond which of its sides."""
    corners = _hull(mask)
    y, x = np.indices(mask.shape)
    beyond = np.full(mask.shape, -np.inf)
    side = np.zeros(mask.shape, np.intp)
    for number, (one, other) in enumerate(zip(corners, corners[1:] + corners[:1], strict=True)):
        right, down = other[0] - one[0], other[1] - one[1]
        length = np.sqrt(max(right * right + down * down, 1))
        distance = ((x - one[0]) * down - (y - one[1]) * right) / length
        side[distance > beyond] = number
        beyond = np.maximum(beyond, distance)
    return beyond, side


def _hull(mask: Mask) -> list[Corner]:
    """The corners `(x, y)` of the convex hull (Andrew 1979)."""
    rows = np.flatnonzero(mask.any(axis=1))
    first, last = mask[rows].argmax(axis=1), mask.shape[1] - 1 - mask[rows, ::-1].argmax(axis=1)
    ends = [(int(x), int(y)) for row in (first, last) for x, y in zip(row, rows, strict=True)]
    points = sorted(set(ends))
    return _half_hull(points) + _half_hull(points[::-1])


def _half_hull(points: list[Corner]) -> list[Corner]:
    chain = list[Corner]()
    for point in points:
        while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain[:-1]


def _turn(one: Corner, other: Corner, third: Corner) -> int:
    right, down = other[0] - one[0], other[1] - one[1]
    return right * (third[1] - one[1]) - down * (third[0] - one[0])


def _step(light: Grey, beyond: Grey, side: np.ndarray[Any, np.dtype[np.intp]]) -> float:
    """How much lighter it is within the outline than without, but for its weakest sides."""
    near = abs(beyond) <= MARGIN + 1
    within, without = near & (beyond <= -1), near & (beyond > 1)
    steps = list[tuple[float, int]]()
    for number in range(int(side.max()) + 1):
        inner, outer = light[within & (side == number)], light[without & (side == number)]
        if len(inner) and len(outer):
            steps.append((float(np.median(inner) - np.median(outer)), len(outer)))
    left = SHARE * sum(length for _, length in steps)
    for step, length in sorted(steps):
        left -= length
        if left <= 0:
            return step
    return 0.0


def _continued(values: Grey, within: Mask) -> Grey:
    """Each pixel outside has the value of the nearest one within: that knows no step."""
    edge = within & (_least(within.astype(np.float32), 1) == 0)
    (y, x), paper, result = np.nonzero(edge), values[edge], values.copy()
    for row, column in zip(*np.nonzero(~within), strict=True):
        result[row, column] = paper[((y - row) ** 2 + (x - column) ** 2).argmin()]
    return result
