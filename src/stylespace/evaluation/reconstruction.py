"""How much of an image is lost on the way through the style space."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["Reconstruction", "reconstruction"]


@dataclass(frozen=True, kw_only=True)
class Reconstruction:
    """Mean squared error of a pixel in [0, 1].

    Attributes:
        mse: over all images.
        spread: standard error of it, over images.
        per_class: mean squared error of each digit.
        chance: of drawing each digit's average image instead.
        worst: indices of the images with the largest error, the worst first.
        worst_mse: their errors.
        samples: images.
    """

    mse: float
    spread: float
    per_class: tuple[float, ...]
    chance: float
    worst: tuple[int, ...]
    worst_mse: tuple[float, ...]
    samples: int


def reconstruction(
    images: Tensor, drawn: Tensor, digits: Tensor, classes: int = 10, *, worst: int = 12
) -> Reconstruction:
    """Compare images with their reconstructions.

    Args:
        images: `[n, 1, 28, 28]` float32 in [0, 1].
        drawn: the same, as decoded from the images' codes.
        digits: `[n]` int64, below `classes`.
        classes: number of digits.
        worst: images to name.
    """
    errors = (images - drawn).square().flatten(1).mean(dim=1)
    largest = errors.topk(min(worst, len(errors)))
    return Reconstruction(
        mse=errors.mean().item(),
        spread=errors.std().item() / math.sqrt(len(errors)),
        per_class=tuple(errors[digits == digit].mean().item() for digit in range(classes)),
        chance=_average_image_error(images, digits, classes),
        worst=tuple(largest.indices.tolist()),
        worst_mse=tuple(largest.values.tolist()),
        samples=len(errors),
    )


def _average_image_error(images: Tensor, digits: Tensor, classes: int) -> float:
    total = torch.zeros(())
    for digit in range(classes):
        shown = images[digits == digit]
        if len(shown):
            total += (shown - shown.mean(dim=0)).square().flatten(1).mean(dim=1).sum()
    return total.item() / len(images)
