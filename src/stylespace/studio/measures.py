"""What a style dimension changes: slant, thickness, width and height of drawn digits.

Simple measures, quick and without further libraries, that are good enough to name a slider; the
evaluation measures handwriting as the literature does.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stylespace.generation import draw, random_styles
from stylespace.networks import StyleAutoencoder

__all__ = ["MEASURES", "Dimension", "measure", "name_dimensions"]

MEASURES = ("slant", "thickness", "width", "height")

STYLES = 200
LEAST_CORRELATION = 0.5  # below it a dimension is not said to change a measure
OUTSIDE = 0.01  # share of the ink left out at each side of a width or height


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """What one style dimension changes.

    Attributes:
        name: one of `MEASURES`; None where it follows none of them.
        correlation: with that measure, or with the one that it follows most, within a digit.
    """

    name: str | None
    correlation: float


def name_dimensions(model: StyleAutoencoder) -> list[Dimension]:
    """Name the dimensions by what they change in digits drawn in styles from the prior.

    A measure names at most one dimension: the one that follows it most.

    Args:
        model: in eval mode.
    """
    classes = model.config.classes
    styles = random_styles(STYLES, model.style_size)
    digits = torch.arange(classes).repeat(STYLES)
    images = draw(model, styles.repeat_interleave(classes, dim=0), digits)
    measured = measure(images).view(STYLES, classes, len(MEASURES))
    found = _correlations(styles, measured)
    names: dict[int, int] = {}
    for place in found.abs().flatten().argsort(descending=True).tolist():
        dimension, which = divmod(place, len(MEASURES))
        strong = abs(found[dimension, which].item()) >= LEAST_CORRELATION
        if strong and dimension not in names and which not in names.values():
            names[dimension] = which
    return [_dimension(found[index], names.get(index)) for index in range(model.style_size)]


def _dimension(correlations: Tensor, which: int | None) -> Dimension:
    place = int(correlations.abs().argmax()) if which is None else which
    name = None if which is None else MEASURES[which]
    return Dimension(name=name, correlation=round(correlations[place].item(), 3))


def _correlations(styles: Tensor, measured: Tensor) -> Tensor:
    """`[dimensions, measures]`, the mean over the digits."""
    x = torch.nn.functional.normalize(styles.double() - styles.double().mean(dim=0), dim=0)
    y = measured.double() - measured.double().mean(dim=0)
    y = torch.nn.functional.normalize(y, dim=0)
    return torch.einsum("si,scm->cim", x, y).mean(dim=0)


def measure(images: Tensor) -> Tensor:
    """Measure handwriting.

    Slant is the arctangent of the horizontal shear, above 0 where strokes lean to the right.
    Thickness is twice the ink over its outline's length. Width, along the slant, and height are
    what holds 98 % of the ink.

    Args:
        images: uint8 `[n, 28, 28]`, 0 is paper.

    Returns:
        float32 `[n, 4]` in the order of `MEASURES`: radians, then pixels; 0 for an empty image.

    Example:
        >>> bar = torch.zeros(1, 28, 28, dtype=torch.uint8)
        >>> bar[:, 4:24, 12:15] = 255
        >>> [round(value, 1) for value in measure(bar)[0, 1:].tolist()]
        [2.6, 3.0, 20.0]
    """
    ink = images.double() / 255
    side = ink.shape[-1]
    total = ink.sum(dim=(1, 2)).clamp(min=1e-9)
    place = torch.arange(side, dtype=torch.float64) + 0.5
    middle = (ink.sum(dim=2) @ place) / total
    down = place - middle[:, None]
    xy = ((ink @ place) * down).sum(dim=1) / total  # `down` sums to 0 over the ink
    shear = xy / ((ink.sum(dim=2) * down**2).sum(dim=1) / total).clamp(min=1e-9)
    outline = _outline(ink).clamp(min=1e-9)
    back = place[None, None, :] - shear[:, None, None] * down[:, :, None]
    width = _extent(back.flatten(1), ink.flatten(1))
    height = _extent(place.repeat(len(ink), 1), ink.sum(dim=2))
    thickness = 2 * total / outline
    shown = ink.amax(dim=(1, 2)) > 0
    measures = torch.stack([torch.atan(-shear), thickness, width, height], dim=1)
    return torch.where(shown[:, None], measures, 0.0).float()


def _outline(ink: Tensor) -> Tensor:
    """The length of each image's outline: the total variation, `[n]`."""
    padded = torch.nn.functional.pad(ink, (0, 1, 0, 1))
    across = padded[:, :-1, 1:] - padded[:, :-1, :-1]
    down = padded[:, 1:, :-1] - padded[:, :-1, :-1]
    return torch.hypot(across, down).sum(dim=(1, 2))


def _extent(places: Tensor, ink: Tensor) -> Tensor:
    """How far apart the outer places `[n, k]` are that hold all but a little of the ink."""
    order = places.argsort(dim=1)
    places, ink = places.gather(1, order), ink.gather(1, order)
    share = ink.cumsum(dim=1) / ink.sum(dim=1, keepdim=True).clamp(min=1e-9)
    ends = [_crossing(places, share, limit) for limit in (OUTSIDE, 1 - OUTSIDE)]
    return ends[1] - ends[0] + 1  # from the outer edges of pixels, not their middles


def _crossing(places: Tensor, share: Tensor, limit: float) -> Tensor:
    """Where the share of the ink that lies before it reaches a limit, `[n]`."""
    levels = torch.full((len(share), 1), limit, dtype=share.dtype)
    index = torch.searchsorted(share.contiguous(), levels).clamp(max=share.shape[1] - 1)
    return places.gather(1, index).squeeze(1)
