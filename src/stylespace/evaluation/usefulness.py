"""Are the generated digits good enough to learn from?"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from stylespace.data.images import LabelledImages
from stylespace.data.split import evenly
from stylespace.evaluation.reader import READER, Advance, Reader, ReaderRecipe, train_reader

__all__ = ["Usefulness", "usefulness"]


@dataclass(frozen=True, kw_only=True)
class Usefulness:
    """Test accuracy of two classifiers that differ in what they were trained on.

    Attributes:
        generated: trained on generated digits.
        real: trained on as many training images.
        samples: images that each was trained on.
        test: images that each was tested on.
    """

    generated: float
    real: float
    samples: int
    test: int


def usefulness(
    generated: LabelledImages,
    real: LabelledImages,
    test: LabelledImages,
    *,
    reader: Reader | None = None,
    seed: int = 0,
    recipe: ReaderRecipe = READER,
    advance: Advance = lambda _: None,
) -> Usefulness:
    """Train one classifier on generated digits, one on training images; test both on test images.

    "Train on synthetic, test on real" (Ravuri & Vinyals, "Classification Accuracy Score",
    NeurIPS 2019). Both are trained by the same recipe, that of the independent reader.

    Args:
        generated: digits that a model drew.
        real: training images; if they are more than the generated digits, the first of each digit.
        test: the test images.
        reader: trained by the recipe on all of `real`: the second one, if there are as many
            generated digits.
        seed: of weights and order.
        recipe: how both are trained.
        advance: told the share that is done.
    """
    whole = reader if len(generated) == len(real) else None
    real = real.subset(evenly(real.digits)[: len(generated)])
    generated = dataclasses.replace(generated, class_names=real.class_names)
    half = 1 if whole else 0.5
    first = train_reader(generated, recipe, seed, lambda share: advance(half * share))
    second = whole or train_reader(real, recipe, seed, lambda share: advance(0.5 + share / 2))
    return Usefulness(
        generated=first.accuracy(test),
        real=second.accuracy(test),
        samples=len(generated),
        test=len(test),
    )
