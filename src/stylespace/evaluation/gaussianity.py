"""How far codes are from the prior N(0, I): distance, moments, marginals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from stylespace.noise import generator

__all__ = ["Moments", "bootstrap", "ks_statistics", "moments", "sliced_wasserstein"]

DIRECTIONS = 256


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Mean and covariance of codes against 0 and the identity.

    Attributes:
        mean: of each dimension.
        spread: standard deviation of each dimension.
        largest_mean: largest absolute mean.
        largest_covariance: largest absolute entry of the covariance minus the identity.
    """

    mean: tuple[float, ...]
    spread: tuple[float, ...]
    largest_mean: float
    largest_covariance: float


def sliced_wasserstein(
    first: Tensor, second: Tensor, *, directions: int = DIRECTIONS, seed: int = 0
) -> float:
    """Sliced Wasserstein-2 distance of two samples of one size.

    The root mean square, over random directions, of the distance between the sorted projections
    (Bonneel et al., "Sliced and Radon Wasserstein Barycenters of Measures", JMIV 2015).

    Args:
        first: `[n, d]`.
        second: `[n, d]`.
        directions: on the unit sphere.
        seed: of the directions.

    Example:
        >>> here = torch.randn(1000, 1, generator=torch.Generator().manual_seed(0))
        >>> round(sliced_wasserstein(here, here + 3), 4)
        3.0
    """
    axes = torch.randn(first.shape[1], directions, generator=generator(seed, "directions"))
    axes = axes / axes.norm(dim=0)
    squares = [
        (first @ block).sort(dim=0).values.sub_((second @ block).sort(dim=0).values).square_()
        for block in axes.split(64, dim=1)
    ]
    return math.sqrt(torch.cat([square.mean(dim=0) for square in squares]).mean().item())


def moments(codes: Tensor) -> Moments:
    """Mean and covariance of codes `[n, d]`, n at least 2."""
    mean = codes.mean(dim=0)
    centred = codes - mean
    covariance = centred.T @ centred / (len(codes) - 1)
    return Moments(
        mean=tuple(mean.tolist()),
        spread=tuple(covariance.diagonal().sqrt().tolist()),
        largest_mean=mean.abs().max().item(),
        largest_covariance=(covariance - torch.eye(codes.shape[1])).abs().max().item(),
    )


def ks_statistics(codes: Tensor) -> Tensor:
    """Kolmogorov-Smirnov statistic of each dimension against N(0, 1).

    The statistic and not its p-value: at n = 10,000 that calls every usable model impossible.

    Args:
        codes: `[n, d]`.

    Returns:
        `[d]`, each in [0, 1]: the largest gap between the two distribution functions.
    """
    count = len(codes)
    prior = torch.special.ndtr(codes.sort(dim=0).values.double())
    steps = torch.arange(count + 1, dtype=torch.float64).unsqueeze(1) / count
    above, below = steps[1:] - prior, prior - steps[:-1]
    return torch.maximum(above, below).amax(dim=0).float()


def bootstrap(count: int, repeats: int, seed: int = 0) -> list[Tensor]:
    """Resamples with replacement: `repeats` indices, each `[count]` int64."""
    return [
        torch.randint(max(count, 1), (count,), generator=generator(seed, "bootstrap", repeat))
        for repeat in range(repeats)
    ]
