"""Parzen window log-likelihood, as generative models of MNIST used to be compared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["BANDWIDTHS", "Parzen", "log_likelihoods", "parzen"]

BANDWIDTHS = tuple(10 ** (-1.1 + 0.05 * step) for step in range(20))
"""From 0.079 to 0.71; Goodfellow's code has ten values from 0.1 to 1."""

ROWS = 250
LEAST_EXPONENT = -60.0
"""`e` to that is nothing beside 1, and underflow takes a processor twenty times as long."""


@dataclass(frozen=True, kw_only=True)
class Parzen:
    """What the estimate says.

    Attributes:
        log_likelihood: mean over the test images, in nats.
        standard_error: of that mean.
        bandwidth: standard deviation of the Gaussian windows, in pixels of [0, 1].
        samples: window centres.
        test: images that are judged.
        held_out: images that the bandwidth was chosen on.
    """

    log_likelihood: float
    standard_error: float
    bandwidth: float
    samples: int
    test: int
    held_out: int


def parzen(
    centres: Tensor, held_out: Tensor, test: Tensor, bandwidths: Sequence[float] = BANDWIDTHS
) -> Parzen:
    """The protocol of Goodfellow et al. 2014 and of the AAE paper (Makhzani et al. 2015).

    A Gaussian window stands on each generated image; their mean is the density. The bandwidth is
    that of `bandwidths` which gives the held-out images the largest log-likelihood. Pixels are in
    [0, 1] and logarithms natural. The figure depends on bandwidth, sample count and style size:
    state them with it.

    Args:
        centres: generated images `[m, ...]` in [0, 1]; the papers take 10,000.
        held_out: training images `[n, ...]`.
        test: test images `[n, ...]`.
        bandwidths: to choose from.
    """
    judged = log_likelihoods(centres, held_out, bandwidths).mean(dim=1)
    bandwidth = bandwidths[int(judged.argmax())]
    likelihoods = log_likelihoods(centres, test, [bandwidth])[0]
    return Parzen(
        log_likelihood=likelihoods.mean().item(),
        standard_error=likelihoods.std().item() / math.sqrt(len(test)),
        bandwidth=bandwidth,
        samples=len(centres),
        test=len(test),
        held_out=len(held_out),
    )


def log_likelihoods(centres: Tensor, images: Tensor, bandwidths: Sequence[float]) -> Tensor:
    """Log-density of each image under the mixture of windows, for several bandwidths.

    Args:
        centres: `[m, ...]` float32.
        images: `[n, ...]` float32.
        bandwidths: standard deviations of the windows.

    Returns:
        `[len(bandwidths), n]` float64, in nats.
    """
    # distances do not change with the origin, and near it float32 has more digits
    origin = centres.flatten(1).mean(dim=0)
    centres, images = centres.flatten(1) - origin, images.flatten(1) - origin
    result = torch.empty(len(bandwidths), len(images), dtype=torch.float64)
    lengths = centres.square().sum(dim=1)
    for start in range(0, len(images), ROWS):
        rows = images[start : start + ROWS]
        squares = torch.addmm(lengths, rows, centres.T, alpha=-2)
        squares += rows.square().sum(dim=1, keepdim=True)
        # the nearest window outweighs all: without it the exponentials underflow
        nearest = squares.amin(dim=1, keepdim=True).clamp_(min=0)
        further = squares.sub_(nearest).clamp_(min=0)
        for place, bandwidth in enumerate(bandwidths):
            scale = -0.5 / bandwidth**2
            windows = (further * scale).clamp_(min=LEAST_EXPONENT).exp_()
            total = windows.sum(dim=1).double().log()
            result[place, start : start + ROWS] = total + scale * nearest.squeeze(1).double()
    pixels = centres.shape[1]
    volumes = torch.tensor(
        [pixels * math.log(bandwidth * math.sqrt(2 * math.pi)) for bandwidth in bandwidths],
        dtype=torch.float64,
    )
    return result - volumes.unsqueeze(1) - math.log(len(centres))
