"""The report card's sections on drawn digits: generation, handwriting, use, likelihood."""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import Tensor

from stylespace.data.split import evenly
from stylespace.evaluation import pictures
from stylespace.evaluation.generation_quality import coverage_density, nearest_images, readable
from stylespace.evaluation.handwriting import Cycle, SameHand, cycle_error, same_hand
from stylespace.evaluation.morphology import MEASURES, handwriting_measures
from stylespace.evaluation.parzen import parzen
from stylespace.evaluation.results import Measure, Section, form
from stylespace.evaluation.subject import Advance, Subject, in_shares
from stylespace.evaluation.usefulness import usefulness
from stylespace.generation import draw
from stylespace.noise import generator

__all__ = ["generation_section", "handwriting_section", "likelihood_section", "use_section"]

MOST_DIGITS = 10
ROWS = 500
UNITS = {"slant": "rad", "thickness": "pixels", "width": "pixels", "height": "pixels"}


def generation_section(subject: Subject, advance: Advance) -> Section:
    """Whether generated digits are readable, varied and new."""
    with torch.no_grad():
        read = subject.reader.name(subject.generated_features).argmax(dim=1)
    advance(0.3)
    lines = (_readable(subject, read), *_coverage_density(subject))
    advance(0.8)
    nearest, picture = _nearest(subject)
    advance(1)
    return Section(
        key="generation",
        title="Generation",
        question="Are digits drawn from the prior readable, as varied as real ones, and new?",
        measures=(*lines, *nearest),
        pictures=(pictures.hands(subject), *pictures.misread(subject, read), picture),
    )


def _readable(subject: Subject, read: Tensor) -> Measure:
    asked = subject.generated.digits
    found = readable(read, asked, subject.classes)
    shuffled = asked[torch.randperm(len(asked), generator=generator(subject.seed, "asked"))]
    own = subject.reader.accuracy(subject.test)
    return Measure(
        key="readable",
        label="read as asked",
        value=found.share,
        style="share",
        perfect=1,
        chance=readable(read, shuffled, subject.classes).share,
        chance_is="digits asked for at random",
        spread=found.spread,
        spread_is="standard error",
        samples=f"{found.samples:,} generated digits",
        meaning=f"by an independent reader, right on {100 * own:.2f} % of the test images",
        per_class=found.per_class,
        details={"reader_test_accuracy": own},
    )


def _coverage_density(subject: Subject) -> tuple[Measure, Measure]:
    most = min(subject.sizes.features, len(subject.test), len(subject.train))
    reference = subject.reader.features(subject.part(subject.test, most).images)
    found = coverage_density(reference, subject.generated_features[:most])
    trained = subject.reader.features(subject.real(subject.generated.digits[:most]).images)
    null = coverage_density(reference, trained)
    coverage = Measure(
        key="coverage",
        label="coverage",
        value=found.coverage,
        style="share",
        perfect=found.alike,
        chance=null.coverage,
        chance_is="training images in the generated digits' place",
        spread=math.sqrt(found.coverage * (1 - found.coverage) / found.reference),
        spread_is="standard error",
        samples=f"{found.samples:,} generated digits, {found.reference:,} test images",
        meaning="test images with a generated digit near them, as the reader sees them",
        details={"k": found.k},
    )
    density = dataclasses.replace(
        coverage,
        key="density",
        label="density",
        value=found.density,
        style=".2f",
        perfect=1,
        chance=null.density,
        spread=None,
        spread_is="",
        meaning="how many test images a generated digit is near; above 1 is too typical",
    )
    return coverage, density


def _nearest(subject: Subject) -> tuple[tuple[Measure, Measure], pictures.Picture]:
    count = min(subject.sizes.nearest, len(subject.test))
    found = nearest_images(subject.generated.images[:count], subject.train.images)
    own = nearest_images(subject.part(subject.test, count).images, subject.train.images)
    median = Measure(
        key="nearest",
        label="nearest training image",
        value=found.distance.median().item(),
        style=".2f",
        chance=own.distance.median().item(),
        chance_is="test images' own nearest",
        samples=f"{count:,} generated digits, {len(subject.train):,} training images",
        meaning="median distance over pixels from 0 to 1",
    )
    closest = dataclasses.replace(
        median,
        key="closest",
        label="closest of them all",
        value=found.distance.min().item(),
        perfect=None,
        chance=own.distance.min().item(),
        meaning="0 would be a copy",
    )
    return (median, closest), pictures.nearest(subject, found)


def handwriting_section(subject: Subject, advance: Advance) -> Section:
    """Whether all digits of a style vector are one hand."""
    digits, count = min(subject.classes, MOST_DIGITS), subject.sizes.styles
    style = subject.prior("handwriting", count).repeat_interleave(digits, dim=0)
    asked = torch.arange(digits).repeat(count)
    measured = _measured(draw(subject.model, style, asked), advance)
    hands = same_hand(measured.view(count, digits, len(MEASURES)), subject.seed)
    again = subject.encode(subject.decode(style, asked), asked)
    advance(1)
    names = subject.test.class_names
    return Section(
        key="handwriting",
        title="Handwriting",
        question="Are all digits drawn from one style vector in the same hand?",
        measures=(
            *(_hand(hand, names, digits) for hand in hands),
            _cycle(cycle_error(style[::digits], again.view(count, digits, -1))),
        ),
    )


def _measured(images: Tensor, advance: Advance) -> Tensor:
    blocks = []
    for start in range(0, len(images), ROWS):
        blocks.append(handwriting_measures(images[start : start + ROWS]))
        advance(0.9 * start / len(images))
    return torch.cat(blocks)


def _hand(hand: SameHand, names: tuple[str, ...], digits: int) -> Measure:
    values = dataclasses.asdict(hand)
    which = f"{digits}" if digits == len(names) else f"the first {digits} of {len(names)}"
    return Measure(
        key=hand.measure,
        label=f"same {hand.measure}",
        value=hand.mean,
        style=".2f",
        perfect=1,
        chance=hand.null,
        chance_is="styles shuffled for each digit",
        spread=hand.spread,
        spread_is="standard deviation of a bootstrap over styles",
        samples=f"{hand.styles:,} styles, {which} digits each",
        meaning=_hand_meaning(hand, names),
        details={key: values[key] for key in ("worst", "worst_pair", "low", "high", "failed")},
    )


def _hand_meaning(hand: SameHand, names: tuple[str, ...]) -> str:
    failed = f"{hand.failed:,} drawings had nothing to measure"
    if not math.isfinite(hand.mean):
        return failed
    one, other = (names[digit] for digit in hand.worst_pair)
    words = (
        f"correlation; worst pair {one} and {other} {hand.worst:.2f}; "
        f"from {form(hand.low, '.1f')} to {form(hand.high, '.1f')} {UNITS[hand.measure]}"
    )
    return f"{words}; {failed}" if hand.failed else words


def _cycle(cycle: Cycle) -> Measure:
    return Measure(
        key="cycle",
        label="cycle error",
        value=cycle.error,
        style=".3f",
        perfect=0,
        chance=cycle.null,
        chance_is="another style vector than the one drawn from",
        spread=cycle.spread,
        spread_is="standard error over styles",
        samples=f"{cycle.samples:,} drawings",
        meaning="drawn and encoded again: how far off, by the prior's standard deviation",
        per_class=cycle.per_class,
    )


def use_section(subject: Subject, advance: Advance) -> Section:
    """Whether one can learn from generated digits."""
    count = min(subject.sizes.use, len(subject.train))
    taught = subject.drawn("use", in_shares(subject.train.digits, count))
    found = usefulness(
        taught,
        subject.train,
        subject.test,
        reader=subject.reader,
        seed=subject.seed,
        advance=advance,
    )
    line = Measure(
        key="trained_on_generated",
        label="classifier taught by it",
        value=found.generated,
        style="share",
        perfect=found.real,
        chance=subject.test.digits.bincount().max().item() / len(subject.test),
        chance_is="the commonest digit",
        spread=math.sqrt(found.generated * (1 - found.generated) / found.test),
        spread_is="standard error",
        samples=f"{found.samples:,} generated digits, {found.test:,} test images",
        meaning="right on test images; perfect is the same one taught by training images",
    )
    return Section(
        key="use",
        title="Use",
        question="Can a classifier learn to read real digits from generated ones?",
        measures=(line,),
    )


def likelihood_section(subject: Subject, advance: Advance) -> Section:
    """The Parzen window estimate of the AAE paper."""
    sizes, train = subject.sizes, subject.train
    order = evenly(train.digits)
    held = min(sizes.held_out, len(order) // 2)
    rest, last = torch.split(order, [len(order) - held, held])
    held_out = train.subset(last).floats()
    judged = subject.part(subject.test, sizes.judged).floats()
    drawn = subject.drawn("likelihood", in_shares(train.digits, sizes.centres))
    found = parzen(drawn.floats(), held_out, judged)
    advance(0.5)
    # none of those that are held out: each would be its own window
    centres = train.subset(rest[: sizes.centres])
    real = parzen(centres.floats(), held_out, judged)
    advance(1)
    line = Measure(
        key="parzen",
        label="Parzen log-likelihood",
        value=found.log_likelihood,
        style=".1f",
        chance=real.log_likelihood,
        chance_is=f"{len(centres):,} training images as the windows' centres",
        spread=found.standard_error,
        spread_is="standard error",
        samples=f"{found.samples:,} generated digits, {found.test:,} test images",
        meaning=f"in nats, bandwidth {found.bandwidth:.3f}; the AAE paper has 340 ± 2 on MNIST",
        details={"bandwidth": found.bandwidth, "held_out": found.held_out},
    )
    return Section(
        key="likelihood",
        title="Likelihood",
        question="How likely are the test images, by the AAE paper's protocol?",
        measures=(line,),
    )
