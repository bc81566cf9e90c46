"""Small deformations of handwriting: slant, stretch, turn, shift, thicker and thinner ink.

They widen the training set, and they define what "the same hand" means: what slants or thickens
one digit slants or thickens every other digit drawn in that hand.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Deformation"]

# standard deviations at amount 1, in the units of the comments
STRETCH = 0.15  # of the width, and of the height
SLANT = 0.2  # horizontal shift a unit of height
TURN = 0.07  # vertical shift a unit of width
SHIFT = 0.03  # of half the picture's side
INK = 0.6  # share of the way to the neighbourhood's darkest or lightest pixel
MOST_INK = 0.8
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
    def draw(cls, count: int, amount: float, random: torch.Generator) -> Deformation:
        """Draw deformations at random.

        Args:
            count: how many.
            amount: how strong; 0 moves nothing, and only sharpens a little.
            random: where the numbers come from.
        """
        stretch_x, stretch_y, slant, turn, shift_x, shift_y, ink = (
            amount * torch.randn(7, count, 1, 1, generator=random)
        ).unbind()
        x = (torch.arange(28) + 0.5) / 14 - 1
        y = x.unsqueeze(1)
        from_x = (1 + STRETCH * stretch_x) * x + SLANT * slant * y + SHIFT * shift_x
        from_y = (1 + STRETCH * stretch_y) * y + TURN * turn * x + SHIFT * shift_y
        grid = torch.stack([from_x, from_y], dim=-1)
        return cls(grid, (INK * ink).clamp(-MOST_INK, MOST_INK).unsqueeze(1))

    def apply(self, images: Tensor) -> Tensor:
        """Deform images `[n, 1, 28, 28]` in [0, 1]; the result is of the same kind."""
        thick, thin = _darkest(images), -_darkest(-images)
        inked = images + self.ink.clamp(min=0) * (thick - images)
        inked = inked + self.ink.clamp(max=0) * (images - thin)
        return F.grid_sample(_sharpened(inked), self.grid, align_corners=False).clamp_(0, 1)


def _sharpened(images: Tensor) -> Tensor:
    """Undo beforehand the blur of sampling between pixels.

    Without it deformed images are softer than others, and a decoder that learns from both draws
    everything too soft.
    """
    padded = F.pad(images, (1, 1, 1, 1))
    beside = padded[..., 1:-1, :-2] + padded[..., 1:-1, 2:]
    above = padded[..., :-2, 1:-1] + padded[..., 2:, 1:-1]
    return (1 + 4 * SHARPENING) * images - SHARPENING * (beside + above)


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
