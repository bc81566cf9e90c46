"""Is it the same hand? Digits drawn from one style vector should share slant and stroke."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from stylespace.evaluation.gaussianity import bootstrap
from stylespace.evaluation.morphology import MEASURES
from stylespace.noise import generator

__all__ = ["Cycle", "SameHand", "cycle_error", "pair_correlations", "same_hand"]

RESAMPLES = 200


@dataclass(frozen=True, kw_only=True)
class SameHand:
    """How one measure of the digits drawn from a style vector goes together.

    Attributes:
        measure: one of `MEASURES`.
        mean: Pearson correlation over style vectors, mean over the pairs of digits.
        spread: bootstrap standard deviation of that mean.
        worst: the smallest correlation of a pair.
        worst_pair: which digits those are.
        null: the mean with the style vectors shuffled for each digit.
        low: 5th percentile of the measure over all that was drawn.
        high: 95th percentile.
        styles: style vectors of which all digits could be measured.
        failed: drawn digits that could not be measured.
    """

    measure: str
    mean: float
    spread: float
    worst: float
    worst_pair: tuple[int, int]
    null: float
    low: float
    high: float
    styles: int
    failed: int


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """How far style vectors are from those that their drawings are encoded to.

    Attributes:
        error: root mean squared difference of a dimension; the prior's spread is 1.
        spread: standard error of it, over style vectors.
        null: the same against another style vector than the one drawn from.
        per_class: the error for each digit.
        samples: drawings.
    """

    error: float
    spread: float
    null: float
    per_class: tuple[float, ...]
    samples: int


def same_hand(measured: Tensor, seed: int = 0) -> list[SameHand]:
    """Correlate the measures of the digits that were drawn from the same style vectors.

    Args:
        measured: float32 `[styles, digits, 4]`, from `handwriting_measures`; at least two digits.
            Style vectors with a digit that could not be measured (NaN) are left out.
        seed: of bootstrap and shuffling.

    Returns:
        One result for each of `MEASURES`; NaN where fewer than two style vectors are left.
    """
    whole = measured.isfinite().all(dim=2).all(dim=1)
    failed = int((~measured.isfinite().all(dim=2)).sum())
    kept = measured[whole]
    return [
        _same_hand(name, kept[:, :, place], failed, seed) for place, name in enumerate(MEASURES)
    ]


def pair_correlations(values: Tensor) -> Tensor:
    """Pearson correlations between columns.

    Args:
        values: `[n, digits]`.

    Returns:
        float64 `[pairs]`, the pairs in the order of `itertools.combinations`. A column that does
        not change goes with nothing: its correlations are 0. Fewer than two rows say nothing: NaN.

    Example:
        >>> pair_correlations(torch.tensor([[1, -2, 5], [2, -4, 5], [3, -6, 5]])).round().tolist()
        [-1.0, 0.0, 0.0]
    """
    if len(values) < 2:
        return torch.full((math.comb(values.shape[1], 2),), math.nan, dtype=torch.float64)
    centred = values.double() - values.double().mean(dim=0)
    length = centred.norm(dim=0)
    unit = torch.where(length > 1e-9, centred / length.clamp(min=1e-9), 0)
    rows, columns = torch.triu_indices(values.shape[1], values.shape[1], offset=1)
    return (unit.T @ unit)[rows, columns]


def cycle_error(style: Tensor, again: Tensor) -> Cycle:
    """Compare style vectors with the codes of what was drawn from them.

    Args:
        style: `[styles, style_size]` float32, at least two styles.
        again: `[styles, digits, style_size]`, the codes of each digit drawn from each style.
    """
    squares = (again - style.unsqueeze(1)).square().mean(dim=2)
    other = (again - style.roll(1, dims=0).unsqueeze(1)).square().mean()
    error = squares.mean().sqrt().item()
    # the digits of a style vector are not independent: what varies freely is the style vector
    of_mean = squares.mean(dim=1).std().item() / math.sqrt(len(style))
    return Cycle(
        error=error,
        spread=of_mean / (2 * error or 1),
        null=other.sqrt().item(),
        per_class=tuple(squares.mean(dim=0).sqrt().tolist()),
        samples=squares.numel(),
    )


def _same_hand(name: str, values: Tensor, failed: int, seed: int) -> SameHand:
    styles, digits = values.shape
    pairs = list(itertools.combinations(range(digits), 2))
    correlations = pair_correlations(values)
    resampled = [
        pair_correlations(values[index]).mean() for index in bootstrap(styles, RESAMPLES, seed)
    ]
    shuffled = torch.stack(
        [
            values[torch.randperm(styles, generator=generator(seed, "shuffle", digit)), digit]
            for digit in range(digits)
        ],
        dim=1,
    )
    worst = int(correlations.argmin())
    return SameHand(
        measure=name,
        mean=correlations.mean().item(),
        spread=torch.stack(resampled).std().item(),
        worst=correlations[worst].item(),
        worst_pair=pairs[worst],
        null=pair_correlations(shuffled).mean().item(),
        low=_quantile(values, 0.05),
        high=_quantile(values, 0.95),
        styles=styles,
        failed=failed,
    )


def _quantile(values: Tensor, share: float) -> float:
    flat: Sequence[float] = values.flatten().sort().values.tolist()
    return flat[round(share * (len(flat) - 1))] if flat else math.nan
