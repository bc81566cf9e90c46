"""Grey pictures: made smaller, their largest neighbours, and the pieces of what is marked."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

__all__ = ["Grey", "best_in_window", "connected", "pooled", "shrunk", "spread"]

Grey = np.ndarray[Any, np.dtype[np.floating[Any]]]
"""`[height, width]`; of ink 0 is paper and 1 is ink."""


def shrunk(picture: Image.Image, side: int) -> Grey:
    """Each new pixel the mean of a square of pixels, so that none of the sides is longer."""
    factor = -(-max(picture.size) // side)
    return np.asarray(picture.reduce(factor) if factor > 1 else picture, dtype=np.float32)


def best_in_window(values: Grey, size: int, axis: int, best: np.ufunc) -> Grey:
    """The largest or smallest of each `size` neighbours, in log(size) passes."""
    values, reach = np.moveaxis(values, axis, 0), 1
    while reach < size:
        step = min(reach, size - reach)
        values = best(values[:-step], values[step:])
        reach += step
    return np.asarray(np.moveaxis(values, 0, axis))


def spread(values: Grey, radius: int) -> Grey:
    """The largest of each square of neighbours, at most `radius` away; 0 is outside."""
    wide = np.pad(values, radius)
    for axis in (0, 1):
        wide = best_in_window(wide, 2 * radius + 1, axis, np.maximum)
    return wide


def pooled(ink: Grey, factor: int) -> Tensor:
    """The largest of each square of pixels, `[1, 1, height, width]`."""
    return F.max_pool2d(torch.from_numpy(ink)[None, None], factor, ceil_mode=True)


def connected(mask: Tensor) -> Tensor:
    """A number for each piece of a mask `[1, 1, h, w]` that hangs together, 0 outside.

    Diagonals count. Each pixel takes its neighbours' largest number, and so do all that bear the
    same number and the pixel that it is of; and then what that pixel takes, until nothing
    changes: long and winding pieces take few rounds.
    """
    inside = mask.float()
    numbers = torch.arange(1, mask.numel() + 1, dtype=torch.float32).view_as(inside) * inside
    while True:
        bearers = numbers.flatten().long()
        beside = (F.max_pool2d(numbers, 3, 1, 1) * inside).flatten()
        best = F.pad(beside, (1, 0)).scatter_reduce(0, bearers, beside, "amax")
        wider = best[best[bearers].long()].view_as(inside)
        if torch.equal(wider, numbers):
            return bearers.view_as(inside)
        numbers = wider
