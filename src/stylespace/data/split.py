"""Training and test images out of a set that has only one part."""

from __future__ import annotations

import torch
from torch import Tensor

from stylespace.data.images import LabelledImages

__all__ = ["for_testing", "parted"]

EVERY = 7
"""One image in so many is for testing, as of MNIST's 70,000."""


def parted(data: LabelledImages) -> tuple[LabelledImages, LabelledImages]:
    """Part a set: of each class every seventh image is for testing, in the order they come in.

    Of a class with two to six images the last one is. The same images in the same order are
    always parted alike.

    Example:
        >>> digits = torch.tensor([0] * 7 + [1] * 2)
        >>> train, test = parted(LabelledImages(torch.zeros(9, 28, 28, dtype=torch.uint8), digits))
        >>> train.digits.tolist(), test.digits.tolist()
        ([0, 0, 0, 0, 0, 0, 1], [0, 1])
    """
    chosen = for_testing(data.digits)
    return data.subset(~chosen), data.subset(chosen)


def for_testing(digits: Tensor) -> Tensor:
    """Which images `parted` takes for testing: `[n]` int64 to `[n]` bool."""
    order = torch.argsort(digits, stable=True)
    counts = torch.bincount(digits)
    first = torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    place = torch.arange(len(digits)) - first  # of an image within its class
    size = torch.repeat_interleave(counts, counts)
    last_of_few = (size < EVERY) & (size > 1) & (place == size - 1)
    chosen = torch.empty(len(digits), dtype=torch.bool)
    chosen[order] = (place % EVERY == EVERY - 1) | last_of_few
    return chosen
