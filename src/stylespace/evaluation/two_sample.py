"""Classifier two-sample test: can a fresh classifier tell the codes from the prior?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from stylespace.evaluation.probe import Recipe, fit_probes, spread
from stylespace.noise import generator

__all__ = ["RECIPE", "TwoSample", "tell_apart", "two_sample", "two_sample_null"]

RECIPE = Recipe()
"""Held fixed, so that figures of models of one style size compare. It finds less than there is,
the less the longer the vectors are."""

FIRST, SECOND = 0, 1


@dataclass(frozen=True, kw_only=True)
class TwoSample:
    """What the test found.

    Attributes:
        accuracy: mean held-out accuracy over the repeats; 0.5 is perfect.
        spread: standard deviation over the repeats (each has its own split, prior and network).
        per_class: held-out accuracy for each digit, all repeats together.
        repeats: accuracy of each.
        samples: vectors of each kind that are told apart, half of them to train on.
    """

    accuracy: float
    spread: float
    per_class: tuple[float, ...]
    repeats: tuple[float, ...]
    samples: int


def two_sample(
    codes: Tensor,
    digits: Tensor,
    classes: int = 10,
    *,
    repeats: int = 5,
    seed: int = 0,
    recipe: Recipe = RECIPE,
) -> TwoSample:
    """Tell codes from as many prior samples; the classifier knows the digit.

    Half of the codes, and as many prior samples with the same digits, train a network with two
    hidden layers; its accuracy on the other halves is the test's statistic (Lopez-Paz & Oquab,
    "Revisiting Classifier Two-Sample Tests", ICLR 2017). Knowing the digit, it finds digits that
    keep to a corner of their own even where all codes together look like the prior.

    Args:
        codes: `[n, style_size]` float32.
        digits: `[n]` int64, below `classes`.
        classes: number of digits.
        repeats: splits, prior samples and networks that are averaged.
        seed: of all three.
        recipe: how the classifier is trained.
    """
    samples = [codes for _ in range(repeats)]
    return _against_prior(samples, digits, classes, seed, recipe)


def two_sample_null(
    style_size: int,
    digits: Tensor,
    classes: int = 10,
    *,
    repeats: int = 5,
    seed: int = 0,
    recipe: Recipe = RECIPE,
) -> TwoSample:
    """The same test on prior samples in the codes' place: what a perfect style space gives."""
    samples = [
        torch.randn(len(digits), style_size, generator=generator(seed, "null", repeat))
        for repeat in range(repeats)
    ]
    return _against_prior(samples, digits, classes, seed, recipe)


def tell_apart(
    pairs: Sequence[tuple[Tensor, Tensor]],
    orders: Sequence[Tensor],
    digits: Tensor,
    classes: int = 10,
    *,
    seed: int = 0,
    recipe: Recipe = RECIPE,
) -> TwoSample:
    """Tell the first of each pair from the second; the classifier knows the digit.

    Args:
        pairs: of vectors `[n, size]` float32 each, one for each repeat.
        orders: permutations of n, whose first halves are trained on, one for each repeat.
        digits: `[n]` int64, below `classes`, of every one of them.
        classes: number of digits.
        seed: of the networks.
        recipe: how the classifier is trained.
    """
    train, score, scored = [], [], []
    for pair, order in zip(pairs, orders, strict=True):
        shown, asked = order.tensor_split(2)
        train.append(_inputs(pair, digits, shown, classes))
        score.append(_inputs(pair, digits, asked, classes))
        scored.append(digits[asked].repeat(2))
    inputs = torch.stack(train)
    labels = _labels(inputs)
    probes = fit_probes(inputs, labels, 2, recipe, seed)
    inputs = torch.stack(score)
    right = (probes.read(inputs) == _labels(inputs)).float()
    return _result(right, torch.stack(scored), classes, len(digits))


def _against_prior(
    samples: list[Tensor], digits: Tensor, classes: int, seed: int, recipe: Recipe
) -> TwoSample:
    pairs, orders = [], []
    for repeat, codes in enumerate(samples):
        random = generator(seed, "two-sample", repeat)
        pairs.append((codes, torch.randn(codes.shape, generator=random)))
        orders.append(torch.randperm(len(codes), generator=random))
    return tell_apart(pairs, orders, digits, classes, seed=seed, recipe=recipe)


def _inputs(pair: tuple[Tensor, Tensor], digits: Tensor, index: Tensor, classes: int) -> Tensor:
    known = one_hot(digits[index], classes).to(pair[0].dtype)
    return torch.cat([torch.cat([vectors[index], known], dim=1) for vectors in pair])


def _labels(inputs: Tensor) -> Tensor:
    labels = torch.full(inputs.shape[:2], SECOND)
    labels[:, : inputs.shape[1] // 2] = FIRST
    return labels


def _result(right: Tensor, digits: Tensor, classes: int, samples: int) -> TwoSample:
    repeats = right.mean(dim=1).tolist()
    return TwoSample(
        accuracy=right.mean().item(),
        spread=spread(repeats),
        per_class=tuple(right[digits == digit].mean().item() for digit in range(classes)),
        repeats=tuple(repeats),
        samples=samples,
    )
