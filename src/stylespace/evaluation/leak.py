"""Does the style vector still tell the digit?"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stylespace.evaluation.probe import Recipe, fit_probes, spread
from stylespace.noise import generator

__all__ = ["RECIPE", "Leak", "leak"]

RECIPE = Recipe(width=128, epochs=20, weight_decay=0.3)
"""Held fixed, so that figures of different models compare."""


@dataclass(frozen=True, kw_only=True)
class Leak:
    """How well a fresh classifier reads the digit off the style vector.

    Attributes:
        accuracy: mean held-out accuracy over the repeats.
        spread: standard deviation over the repeats.
        largest_class: share of the commonest digit, which a style that tells nothing gives.
        per_class: share of each digit's style vectors that are read right.
        samples: style vectors, half of them to train on.
    """

    accuracy: float
    spread: float
    largest_class: float
    per_class: tuple[float, ...]
    samples: int


def leak(
    codes: Tensor,
    digits: Tensor,
    classes: int = 10,
    *,
    repeats: int = 5,
    seed: int = 0,
    recipe: Recipe = RECIPE,
) -> Leak:
    """Read the digit off style vectors with a fresh network, on a held-out half.

    Args:
        codes: `[n, style_size]` float32.
        digits: `[n]` int64, below `classes`.
        classes: number of digits.
        repeats: splits and networks that are averaged.
        seed: of both.
        recipe: how the classifier is trained.
    """
    inputs = (codes - codes.mean(dim=0)) / codes.std(dim=0).clamp(min=1e-6)
    halves = [
        torch.randperm(len(codes), generator=generator(seed, "leak", repeat)).tensor_split(2)
        for repeat in range(repeats)
    ]
    train, score = (torch.stack([half[side] for half in halves]) for side in (0, 1))
    probes = fit_probes(inputs[train], digits[train], classes, recipe, seed)
    right = (probes.read(inputs[score]) == digits[score]).float()
    return Leak(
        accuracy=right.mean().item(),
        spread=spread(right.mean(dim=1).tolist()),
        largest_class=digits.bincount(minlength=classes).max().item() / len(digits),
        per_class=tuple(right[digits[score] == digit].mean().item() for digit in range(classes)),
        samples=len(codes),
    )
