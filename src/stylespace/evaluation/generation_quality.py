"""What the generated digits are like: readable, varied, new."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = [
    "CoverageDensity",
    "Nearest",
    "Readable",
    "coverage_density",
    "nearest_images",
    "readable",
]

ROWS = 1000


@dataclass(frozen=True, kw_only=True)
class Readable:
    """How many generated digits are read as the digit that was asked for.

    Attributes:
        share: of all of them.
        spread: standard error of it, binomial.
        per_class: the share for each digit.
        samples: digits drawn.
    """

    share: float
    spread: float
    per_class: tuple[float, ...]
    samples: int


@dataclass(frozen=True, kw_only=True)
class CoverageDensity:
    """How two samples lie in one feature space.

    Attributes:
        coverage: share of the reference with a sample among its `k` nearest neighbours' reach.
        density: how many reference balls a sample lies in, over `k`; may exceed 1.
        k: neighbours that set the balls' size.
        reference: vectors of the reference.
        samples: vectors that are judged.
    """

    coverage: float
    density: float
    k: int
    reference: int
    samples: int

    @property
    def alike(self) -> float:
        """The coverage that is to be expected of two samples of one distribution."""
        missed = 1.0
        for i in range(1, self.k + 1):
            missed *= (self.reference - i) / (self.reference + self.samples - i)
        return 1 - missed


@dataclass(frozen=True, kw_only=True, eq=False)
class Nearest:
    """The nearest of many images to each of a few.

    Attributes:
        index: `[n]` int64, which image is nearest.
        distance: `[n]` float32, Euclidean over pixels in [0, 1].
    """

    index: Tensor
    distance: Tensor


def readable(read: Tensor, asked: Tensor, classes: int = 10) -> Readable:
    """Compare what a reader saw with what was asked for.

    Args:
        read: `[n]` int64, what an independent reader took the images for.
        asked: `[n]` int64, which digits were to be drawn, below `classes`.
        classes: number of digits.

    Example:
        >>> readable(torch.tensor([0, 1, 1, 1]), torch.tensor([0, 0, 1, 1]), 2).per_class
        (0.5, 1.0)
    """
    right = (read == asked).float()
    share = right.mean().item()
    return Readable(
        share=share,
        spread=math.sqrt(share * (1 - share) / len(right)),
        per_class=tuple(right[asked == digit].mean().item() for digit in range(classes)),
        samples=len(right),
    )


def coverage_density(reference: Tensor, samples: Tensor, k: int = 5) -> CoverageDensity:
    """Coverage and density (Naeem et al., "Reliable Fidelity and Diversity Metrics", ICML 2020).

    Each reference vector has a ball that reaches to its `k`-th nearest other one. Coverage counts
    balls that hold a sample, density samples that balls hold.

    Args:
        reference: `[n, features]`, n above `k`.
        samples: `[m, features]`.
        k: neighbours.
    """
    reach = torch.cat(
        [
            torch.cdist(block, reference).kthvalue(k + 1, dim=1).values  # the first is itself
            for block in torch.split(reference, ROWS)
        ]
    )
    covered, held = torch.zeros(len(reference), dtype=torch.bool), 0
    for block in torch.split(samples, ROWS):
        inside = torch.cdist(block, reference) <= reach
        covered |= inside.any(dim=0)
        held += int(inside.sum())
    return CoverageDensity(
        coverage=covered.float().mean().item(),
        density=held / (k * len(samples)),
        k=k,
        reference=len(reference),
        samples=len(samples),
    )


def nearest_images(images: Tensor, among: Tensor) -> Nearest:
    """The nearest of many images, by pixels: a copied image would have distance 0.

    Args:
        images: uint8 `[n, 28, 28]`.
        among: uint8 `[m, 28, 28]`.
    """
    queries = images.flatten(1).float().div_(255)
    best = torch.full((len(queries),), torch.inf)
    index = torch.zeros(len(queries), dtype=torch.int64)
    for start in range(0, len(among), 10 * ROWS):
        block = among[start : start + 10 * ROWS].flatten(1).float().div_(255)
        distance, place = _nearest_of(queries, block)
        closer = distance < best
        best = torch.where(closer, distance, best)
        index = torch.where(closer, place + start, index)
    # once more without the cancellation that the products bring near 0
    exact = (queries - among[index].flatten(1).float().div_(255)).norm(dim=1)
    return Nearest(index=index, distance=exact)


def _nearest_of(queries: Tensor, block: Tensor) -> tuple[Tensor, Tensor]:
    squares = torch.addmm(block.square().sum(dim=1), queries, block.T, alpha=-2)
    best = squares.min(dim=1)
    return best.values + queries.square().sum(dim=1), best.indices
