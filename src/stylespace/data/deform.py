"""Small deformations of handwriting: slant, stretch, turn, shift, thicker and thinner ink.

They widen the training set, and they define what "the same hand" means: what slants or thickens
one digit slants or thickens every other digit drawn in that hand.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from stylespace.config import IMAGE_SIDE
from stylespace.hardware import sent

__all__ = ["Deformation"]

STRETCH = 0.15  # of the width, and of the height
SLANT = 0.2  # horizontal shift a unit of height
TURN = 0.07  # vertical shift a unit of width
SHIFT = 0.03  # of half the picture's side
SPREADS = [[STRETCH, SLANT, SHIFT], [TURN, STRETCH, SHIFT]]
"""Standard deviations, at amount 1, of the matrix that says where each pixel comes from."""

INK = 0.6  # likewise: share of the way to the neighbourhood's darkest or lightest pixel
MOST_INK = 0.8
CPU = torch.device("cpu")
SHARPENING = 0.125  # weight of each of a pixel's four neighbours


@dataclass(frozen=True)
class Deformation:
    """One deformation an image, the same whatever image it is applied to.

    Attributes:
        grid: `[n, 28, 28, 2]`, where each pixel comes from, in [-1, 1].
        ink: `[n, 1, 1, 1]`, above 0 thickens strokes and below 0 thins them.
    """

    grid: Tensor
    ink: Tensor

    @classmethod
    def draw(
        cls,
        count: int,
        amount: float,
        random: torch.Generator,
        share: slice = slice(None),
        device: torch.device | None = None,
    ) -> Deformation:
        """Draw deformations at random.

        Args:
            count: how many.
            amount: how strong; 0 moves nothing, and only sharpens a little.
            random: where the numbers come from, a CPU generator.
            share: which of them to keep.
            device: where they are for, the CPU by default.
        """
        drawn = amount * torch.randn(count, 7, generator=random, device="cpu")[share]
        drawn = sent(drawn, device or CPU)
        still, spreads, positions = _constants(drawn.device)
        count = len(drawn)
        affine = still + drawn[:, :6].view(count, 2, 3) * spreads
        grid = (affine.view(2 * count, 3) @ positions).view(count, 2, IMAGE_SIDE, IMAGE_SIDE)
        ink = (INK * drawn[:, 6]).clamp_(-MOST_INK, MOST_INK)
        return cls(grid.permute(0, 2, 3, 1), ink.view(count, 1, 1, 1))

    def apply(self, images: Tensor) -> Tensor:
        """Deform images `[n, 1, 28, 28]` in [0, 1]; the result is of the same kind."""
        sign = self.ink.sign()  # thin ink is thick paper
        inked = torch.lerp(images, sign * _darkest(sign * images), self.ink.abs())
        return F.grid_sample(_sharpened(inked), self.grid, align_corners=False).clamp_(0, 1)


@functools.cache
def _constants(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """What moves nothing, `SPREADS`, and x, y and 1 of all pixels, in [-1, 1]: `[3, 784]`.

    With the last `affine_grid` is a product; by itself it takes five times as long.
    """
    along = (torch.arange(IMAGE_SIDE, device=device) + 0.5) / (IMAGE_SIDE / 2) - 1
    across, down = along.repeat(IMAGE_SIDE), along.repeat_interleave(IMAGE_SIDE)
    positions = torch.stack([across, down, torch.ones_like(across)])
    spreads = torch.tensor(SPREADS, device=device)
    return torch.eye(2, 3, device=device), spreads, positions


def _sharpened(images: Tensor) -> Tensor:
    """Undo beforehand the blur of sampling between pixels.

    Without it deformed images are softer than others, and a decoder that learns from both draws
    everything too soft.
    """
    sharp = (1 + 4 * SHARPENING) * images
    sharp[..., 1:, :].sub_(images[..., :-1, :], alpha=SHARPENING)
    sharp[..., :-1, :].sub_(images[..., 1:, :], alpha=SHARPENING)
    sharp[..., 1:].sub_(images[..., :-1], alpha=SHARPENING)
    sharp[..., :-1].sub_(images[..., 1:], alpha=SHARPENING)
    return sharp


def _darkest(images: Tensor) -> Tensor:
    """The largest value of each pixel's 3 by 3 neighbourhood.

    Two passes of shifted maxima take a fifth of `max_pool2d`'s time on a CPU.
    """
    rows = images.clone()
    rows[..., 1:, :] = torch.maximum(rows[..., 1:, :], images[..., :-1, :])
    rows[..., :-1, :] = torch.maximum(rows[..., :-1, :], images[..., 1:, :])
    both = rows.clone()
    both[..., 1:] = torch.maximum(both[..., 1:], rows[..., :-1])
    both[..., :-1] = torch.maximum(both[..., :-1], rows[..., 1:])
    return both
