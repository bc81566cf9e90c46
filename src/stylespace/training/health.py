"""Is the style space well? One line in plain words, with a hint where it is not."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stylespace.data.split import evenly
from stylespace.networks import StyleAutoencoder

__all__ = ["Health", "describe", "measure", "remark"]

SAMPLE = 500
FEWEST = 20  # test images, below which nobody could tell
LISTED = 8  # dimensions that a line names
STUCK = 0.01  # of one half, as far as a discriminator goes that learns nothing
DEAD = 1e-5  # mean squared change of a pixel when a dimension is set to zero


@dataclass(frozen=True, kw_only=True)
class Health:
    """How the codes compare with the prior N(0, I).

    Attributes:
        mean: the largest distance of a code dimension's mean from 0.
        spread: the smallest and the largest standard deviation of a code dimension (1 is the
            prior's).
        dead: style dimensions, from 1, that the decoder makes no use of.
        detection: share of prior samples and codes that the discriminator took for what they
            are in this epoch, 0.5 where it cannot tell; none for a simple auto-encoder.
        enough: whether there were test images enough to judge mean and spread by.
    """

    mean: float
    spread: tuple[float, float]
    dead: tuple[int, ...]
    detection: float | None
    enough: bool = True


def measure(
    model: StyleAutoencoder,
    code: Tensor,
    digits: Tensor,
    detection: tuple[float, float] | None,
) -> Health:
    """Measure the codes of test images.

    Args:
        model: whose decoder draws them.
        code: `[n, style_size]`, as the encoder gives them: calibrated ones always look well.
        digits: `[n]` int64.
        detection: shares of prior samples and of codes that the discriminator told right.
    """
    deviation, mean = torch.std_mean(code, dim=0, correction=0)
    # each dimension is tried by itself: of many, with fewer images each
    some = evenly(digits)[: max(FEWEST, min(SAMPLE, 16 * SAMPLE // code.shape[1]))]
    style = model.style(code[some], digits[some])
    return Health(
        mean=float(mean.abs().max()),
        spread=(float(deviation.min()), float(deviation.max())),
        dead=_dead(model, style, digits[some]),
        detection=sum(detection) / 2 if detection else None,
        enough=len(code) >= FEWEST,
    )


def _dead(model: StyleAutoencoder, style: Tensor, digits: Tensor) -> tuple[int, ...]:
    drawn = model.decode(style, digits)
    dead = []
    for dimension in range(style.shape[1]):
        without = style.clone()
        without[:, dimension] = 0
        change = (model.decode(without, digits) - drawn).square().mean()
        if float(change) < DEAD:
            dead.append(dimension + 1)
    return tuple(dead)


def describe(health: Health) -> str:
    """The line for people: figures, a verdict, and what to try where something is off."""
    low, high = health.spread
    figures = f"mean within {health.mean:.2f} of 0, spread {low:.2f} to {high:.2f}"
    if health.detection is None:
        hint = _dead_hint(health.dead) or "no prior is asked of a simple auto-encoder"
        return f"Style space: {figures}; {hint}"
    figures += f" of the prior's 1, discriminator right {health.detection:.0%}"
    well = "healthy" if health.enough else "too few test images to judge it by"
    return f"Style space: {figures}; {remark(health) or well}"


def remark(health: Health) -> str | None:
    """What is not well, and what to try; nothing if all is."""
    hints = [hint for hint in (_prior_hint(health), _dead_hint(health.dead)) if hint]
    return "; ".join(hints) or None


def _prior_hint(health: Health) -> str | None:
    if health.detection is None or not health.enough:
        return None
    low, high = health.spread
    alike = low >= 0.5 and high <= 2 and health.mean <= 0.5
    if not alike and abs(health.detection - 0.5) < STUCK:
        return "the discriminator is stuck, it cannot tell codes from the prior: try a lower --lr"
    if low < 0.5:
        return "the codes are collapsing: early on that is normal, else try a lower --lr"
    if not alike:
        return (
            "the codes do not match the prior yet: early on that is normal, else try more --epochs"
        )
    if health.detection > 0.8:
        return "the discriminator tells codes from the prior with ease: more --epochs help"
    return None


def _dead_hint(dead: tuple[int, ...]) -> str | None:
    if not dead:
        return None
    names = ", ".join(map(str, dead[:LISTED]))
    if len(dead) > LISTED:
        names += f" and {len(dead) - LISTED} more"
    return f"the decoder ignores dimension {names}: a smaller --feature-size would do"
