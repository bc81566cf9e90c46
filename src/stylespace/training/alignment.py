"""Which way each digit's codes are turned, so that one style vector is one hand in all digits.

A Gaussian turned about its centre is the same Gaussian: the prior leaves each digit free to keep
slant in another direction than its neighbour does. Here the directions are chosen by what is seen
in the images: their slant, stroke thickness and width.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["MEASURES", "rotations", "stroke_measures"]

MEASURES = ("slant", "thickness", "width")
"""What the first style dimensions follow, as far as there are so many."""

ROUNDS = 30
ROWS = 500  # images that are measured at once
KEPT = 0.01  # how strongly directions that follow no measure stay as training left them
FAINT = 1e-3
OUTSIDE = 0.02  # share of the ink that a width leaves out, both sides together
FINE = 4  # parts of a pixel in which that is looked for


def stroke_measures(images: Tensor) -> Tensor:
    """Slant, and the logarithms of stroke thickness and width, from sums over pixels.

    Slant is in radians, above 0 where strokes lean to the right. Thickness is twice the ink over
    the length of its outline. Width is how wide the middle 98 % of the ink is, in pixels, with the
    slant taken out, as Morpho-MNIST has it (Castro et al. 2019).

    Args:
        images: uint8 `[n, 28, 28]`.

    Returns:
        float32 `[n, 3]` in the order of `MEASURES`; all finite.
    """
    return torch.cat([_measured(block) for block in torch.split(images, ROWS)])


def _measured(images: Tensor) -> Tensor:
    ink = images.float() / 255
    place = torch.arange(ink.shape[1], dtype=torch.float32)
    total = ink.sum(dim=(1, 2)).clamp(min=FAINT)
    columns, rows = ink.sum(dim=1) / total[:, None], ink.sum(dim=2) / total[:, None]
    x, y = columns @ place, rows @ place
    yy = (rows @ place**2 - y**2).clamp(min=FAINT)
    xy = (ink @ place) @ place / total - x * y
    outline = torch.hypot(ink.diff(dim=2)[:, 1:], ink.diff(dim=1)[:, :, 1:]).sum(dim=(1, 2))
    thickness = 2 * total / outline.clamp(min=FAINT)
    shift = (xy / yy)[:, None] * (place - y[:, None])
    upright = place - x[:, None, None] - shift[:, :, None]
    width = _extent(upright, ink).clamp(min=FAINT)
    return torch.stack([torch.atan(-xy / yy), thickness.log(), width.log()], dim=1)


def _extent(place: Tensor, ink: Tensor) -> Tensor:
    """How far the middle 98 % of the ink `[n, 28, 28]` reach, given each pixel's place."""
    bins = 2 * FINE * ink.shape[1]
    bin_ = (place * FINE).round_().clamp_(-bins // 2, bins // 2 - 1).long().add_(bins // 2)
    share = ink.new_zeros(len(ink), bins).scatter_add_(1, bin_.flatten(1), ink.flatten(1))
    share = share.cumsum_(dim=1).div_(share[:, -1:].clamp(min=FAINT))
    low, high = (_reached(share, part) for part in (OUTSIDE / 2, 1 - OUTSIDE / 2))
    return (high - low) / FINE


def _reached(share: Tensor, part: float) -> Tensor:
    """Where rows of rising shares `[n, bins]` reach a part, between two bins too."""
    after = (share < part).sum(dim=1, keepdim=True).clamp_(max=share.shape[1] - 1)
    high, low = share.gather(1, after), share.gather(1, (after - 1).clamp_(min=0))
    between = ((part - low) / (high - low).clamp(min=FAINT)).clamp_(0, 1)
    return (after + between).squeeze(1)


def rotations(loadings: Tensor) -> Tensor:
    """Turn each digit's style vectors so that all digits' measures go the same way.

    Generalized Procrustes analysis (Gower 1975): each digit is turned towards the mean of all
    until nothing changes; then all together, so that dimension `i` follows measure `i`.

    Args:
        loadings: `[classes, measures, style_size]`, correlations of a digit's measures with its
            style vectors' dimensions; 0 for a digit that is to follow the others.

    Returns:
        `[classes, style_size, style_size]` orthogonal, to multiply style vectors with from the
        right.
    """
    size = loadings.shape[2]
    kept = KEPT * torch.eye(size, dtype=loadings.dtype)
    turns = torch.eye(size, dtype=loadings.dtype).repeat(len(loadings), 1, 1)
    for _ in range(ROUNDS):
        common = (loadings @ turns).mean(dim=0)
        turns = _nearest_rotation(loadings.transpose(1, 2) @ common + kept)
    common = (loadings @ turns).mean(dim=0)
    axes = torch.eye(*common.shape, dtype=loadings.dtype)
    return turns @ _nearest_rotation(common.T @ axes + KEPT * kept)


def _nearest_rotation(matrices: Tensor) -> Tensor:
    left, _, right = torch.linalg.svd(matrices)
    nearest: Tensor = left @ right
    return nearest
