"""The report card's sections on style vectors: reconstruction, Gaussianity, leak."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from stylespace.evaluation import pictures
from stylespace.evaluation.gaussianity import (
    bootstrap,
    ks_statistics,
    moments,
    sliced_wasserstein,
)
from stylespace.evaluation.leak import leak
from stylespace.evaluation.probe import spread
from stylespace.evaluation.reconstruction import reconstruction
from stylespace.evaluation.results import Measure, Section
from stylespace.evaluation.subject import Advance, Subject
from stylespace.evaluation.two_sample import two_sample, two_sample_null

__all__ = ["gaussianity_section", "leak_section", "reconstruction_section"]

BOOTSTRAPS = 40
EDGES = tuple(-4 + 0.2 * step for step in range(41))


def reconstruction_section(subject: Subject, advance: Advance) -> Section:
    """How much of a test image comes back."""
    drawn = subject.decode(subject.codes, subject.test.digits)
    found = reconstruction(subject.images, drawn, subject.test.digits, subject.classes)
    advance(1)
    line = Measure(
        key="mse",
        label="mean squared error",
        value=found.mse,
        style=".4f",
        perfect=0,
        chance=found.chance,
        chance_is="each digit's average image",
        spread=found.spread,
        spread_is="standard error over images",
        samples=f"{found.samples:,} test images",
        meaning="of a pixel from 0 to 1",
        per_class=found.per_class,
        details={"worst": found.worst, "worst_mse": found.worst_mse},
    )
    return Section(
        key="reconstruction",
        title="Reconstruction",
        question="Do the digit and the style vector hold all that there is to see?",
        measures=(line,),
        pictures=(
            pictures.reconstructions(subject, drawn),
            pictures.worst(subject, drawn, found),
        ),
    )


def gaussianity_section(subject: Subject, advance: Advance) -> Section:
    """How far codes are from the prior."""
    told = _told_from_the_prior(subject, advance)
    distances = _distances(subject)
    advance(1)
    return Section(
        key="gaussianity",
        title="Gaussianity",
        question="Are the codes spread as the prior N(0, I) is, and each digit's too?",
        measures=(told, *distances),
    )


def _told_from_the_prior(subject: Subject, advance: Advance) -> Measure:
    codes, digits, classes = subject.codes, subject.test.digits, subject.classes
    repeats, seed = subject.sizes.repeats, subject.seed
    told = two_sample(codes, digits, classes, repeats=repeats, seed=seed)
    advance(0.45)
    null = two_sample_null(codes.shape[1], digits, classes, repeats=repeats, seed=seed)
    advance(0.9)
    return Measure(
        key="two_sample",
        label="told from the prior",
        value=told.accuracy,
        style="share",
        perfect=0.5,
        chance=null.accuracy,
        chance_is="prior against prior",
        spread=told.spread,
        spread_is=f"standard deviation over {repeats} repeats",
        samples=f"{told.samples:,} codes and as many prior samples, half of each to train on",
        meaning="by a fresh classifier that knows the digit",
        per_class=told.per_class,
        details={"null_spread": null.spread, "null_per_class": null.per_class},
    )


def _distances(subject: Subject) -> list[Measure]:
    codes = subject.codes
    found = moments(codes)
    least, most = min(found.spread), max(found.spread)
    return [
        _sliced_wasserstein(subject),
        _distance(
            subject,
            ("mean", "largest mean", "of a style dimension, away from 0"),
            lambda some: moments(some).largest_mean,
            {"of_each_dimension": found.mean},
        ),
        _distance(
            subject,
            (
                "covariance",
                "largest covariance error",
                f"standard deviations are {least:.2f} to {most:.2f}",
            ),
            lambda some: moments(some).largest_covariance,
            {"spread_of_each_dimension": found.spread},
        ),
        _distance(
            subject,
            ("ks", "largest KS statistic", "gap of a dimension's distribution to the prior's"),
            lambda some: ks_statistics(some).max().item(),
            {
                "of_each_dimension": ks_statistics(codes).tolist(),
                "histogram_edges": EDGES,
                "histograms": _histograms(codes),
            },
        ),
    ]


def _sliced_wasserstein(subject: Subject) -> Measure:
    priors = _priors(subject)
    away = [sliced_wasserstein(subject.codes, prior, seed=subject.seed) for prior in priors]
    pairs = zip(priors, [*priors[1:], subject.prior("null", len(subject.codes))], strict=True)
    null = [sliced_wasserstein(*pair, seed=subject.seed) for pair in pairs]
    return Measure(
        key="sliced_wasserstein",
        label="sliced Wasserstein distance",
        value=_mean(away),
        style=".3f",
        perfect=0,
        chance=_mean(null),
        chance_is="prior against prior",
        spread=spread(away),
        spread_is=f"standard deviation over {len(away)} prior samples",
        samples=f"{len(subject.codes):,} codes",
        meaning="from the prior, whose own standard deviation is 1",
    )


def _distance(
    subject: Subject,
    words: tuple[str, str, str],
    of: Callable[[Tensor], float],
    details: dict[str, Any],
) -> Measure:
    """A statistic of codes, all together and each digit's, that is 0 for the prior itself."""
    codes, digits = subject.codes, subject.test.digits
    each = [codes[digits == digit] for digit in range(subject.classes)]
    resampled = [of(codes[index]) for index in bootstrap(len(codes), BOOTSTRAPS, subject.seed)]
    key, label, meaning = words
    return Measure(
        key=key,
        label=label,
        value=of(codes),
        style=".3f",
        perfect=0,
        chance=_mean([of(prior) for prior in _priors(subject)]),
        chance_is="prior samples in the codes' place",
        spread=spread(resampled),
        spread_is=f"standard deviation over {BOOTSTRAPS} bootstrap resamples",
        samples=f"{len(codes):,} codes",
        meaning=meaning,
        per_class=tuple(of(own) if len(own) > 1 else math.nan for own in each),
        details=details,
    )


def leak_section(subject: Subject, advance: Advance) -> Section:
    """Whether style vectors tell the digit."""
    digits, classes = subject.test.digits, subject.classes
    repeats, seed = subject.sizes.repeats, subject.seed
    found = leak(subject.codes, digits, classes, repeats=repeats, seed=seed)
    advance(0.5)
    prior = subject.prior("leak", len(digits))
    nothing = leak(prior, digits, classes, repeats=repeats, seed=seed)
    advance(1)
    line = Measure(
        key="digit_from_style",
        label="digit read off the style",
        value=found.accuracy,
        style="share",
        perfect=found.largest_class,
        chance=nothing.accuracy,
        chance_is="prior samples in the codes' place",
        spread=found.spread,
        spread_is=f"standard deviation over {repeats} repeats",
        samples=f"{found.samples:,} codes, half of them to train on",
        meaning="by a fresh classifier; perfect is the share of the commonest digit",
        per_class=found.per_class,
    )
    return Section(
        key="leak",
        title="Leak",
        question="Is the style vector silent on which digit it is?",
        measures=(line,),
    )


def _priors(subject: Subject) -> list[Tensor]:
    count = len(subject.codes)
    return [subject.prior(f"null {repeat}", count) for repeat in range(subject.sizes.repeats)]


def _histograms(codes: Tensor) -> list[list[float]]:
    """Each dimension's density between `EDGES`."""
    edges = torch.tensor(EDGES)
    scale = len(codes) * (EDGES[1] - EDGES[0])
    return [(torch.histogram(line.contiguous(), edges).hist / scale).tolist() for line in codes.T]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
