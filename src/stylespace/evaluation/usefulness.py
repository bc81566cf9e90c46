"""Are the generated digits good enough to learn from?"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from stylespace.data.images import LabelledImages
from stylespace.evaluation.reader import Advance, ReaderRecipe, train_reader

__all__ = ["RECIPE", "Usefulness", "usefulness"]

RECIPE = ReaderRecipe(channels=16, epochs=4, batch_size=100, lr=1e-3, augment=False)
"""Small, quick and held fixed: the two figures compare with each other, not with the reader's."""


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
    seed: int = 0,
    recipe: ReaderRecipe = RECIPE,
    advance: Advance = lambda _: None,
) -> Usefulness:
    """Train one classifier on generated digits, one on training images; test both on test images.

    "Train on synthetic, test on real" (Ravuri & Vinyals, "Classification Accuracy Score",
    NeurIPS 2019). Both have the same first weights and the same recipe.

    Args:
        generated: digits that a model drew.
        real: training images; if they are more than the generated digits, the first of them.
        test: the test images.
        seed: of weights and order.
        recipe: how both are trained.
        advance: told the share that is done.
    """
    real = real.subset(slice(len(generated)))
    generated = dataclasses.replace(generated, class_names=real.class_names)
    first = train_reader(generated, recipe, seed, lambda share: advance(share / 2))
    second = train_reader(real, recipe, seed, lambda share: advance(0.5 + share / 2))
    return Usefulness(
        generated=first.accuracy(test),
        real=second.accuracy(test),
        samples=len(generated),
        test=len(test),
    )
