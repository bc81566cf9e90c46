"""Parts of a set that all digits are in, though it may lie class by class."""

from __future__ import annotations

import torch
from torch import Tensor

from stylespace.data.images import LabelledImages

__all__ = ["evenly", "for_testing", "parted"]

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
    place, size = _places(digits)
    last_of_few = (size < EVERY) & (size > 1) & (place == size - 1)
    return (place % EVERY == EVERY - 1) | last_of_few


def evenly(digits: Tensor) -> Tensor:
    """An order in which any stretch of a set has of each digit as many as its share.

    The first of each digit come first, the last of each come last. Where the digits come in turn
    already, that is how they lie.

    Args:
        digits: `[n]` int64.

    Returns:
        `[n]` int64, the images' places in the set.

    Example:
        >>> evenly(torch.tensor([0, 0, 0, 0, 1, 1])).tolist()
        [0, 4, 1, 2, 5, 3]
    """
    place, size = _places(digits)
    return torch.argsort((place + 0.5) / size, stable=True)


def _places(digits: Tensor) -> tuple[Tensor, Tensor]:
    """Each image's place within its class, and the size of that class."""
    order = torch.argsort(digits, stable=True)
    counts = torch.bincount(digits)
    first = torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    place = torch.empty_like(order)
    place[order] = torch.arange(len(digits), device=digits.device) - first
    return place, counts[digits]
