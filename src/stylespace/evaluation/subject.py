"""What is evaluated, and by how much of it: shared by all sections of the report card."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from stylespace.data.images import LabelledImages
from stylespace.data.split import evenly
from stylespace.evaluation.reader import Reader
from stylespace.generation import draw
from stylespace.networks import StyleAutoencoder
from stylespace.noise import generator

__all__ = ["FULL", "QUICK", "Sizes", "Subject", "in_shares"]

Advance = Callable[[float], None]
ROWS = 2000


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much is measured.

    Attributes:
        repeats: of each probe: split, prior sample and network.
        generated: digits drawn for the reader.
        features: images and digits compared in the reader's feature space, at most.
        nearest: digits whose nearest training image is looked up.
        styles: style vectors that all digits are drawn from.
        use: generated digits, and training images, that a fresh classifier learns from.
        centres: window centres of the likelihood.
        held_out: training images, the last of each digit, that its bandwidth is chosen on.
        judged: test images whose likelihood is taken.
    """

    repeats: int = 5
    generated: int = 10_000
    features: int = 10_000
    nearest: int = 1000
    styles: int = 1000
    use: int = 60_000
    centres: int = 10_000
    held_out: int = 10_000
    judged: int = 10_000


FULL = Sizes()
QUICK = Sizes(
    repeats=2,
    generated=4000,
    features=4000,
    nearest=200,
    styles=150,
    use=1500,
    held_out=1000,
    judged=1000,
)


def in_shares(digits: Tensor, count: int) -> Tensor:
    """So many digits to draw, `[count]`, each as often as a set has it."""
    asked = digits[evenly(digits)]
    return asked.repeat(-(-count // len(asked)))[:count]


class Subject:
    """A model, the images that it is judged on, and what all sections need of both.

    Args:
        model: in eval mode, on the CPU.
        train: its training images.
        test: the test images.
        reader: independent of the model.
        sizes: how much is measured.
        seed: of all samples, splits and probes.
    """

    def __init__(
        self,
        model: StyleAutoencoder,
        train: LabelledImages,
        test: LabelledImages,
        reader: Reader,
        sizes: Sizes = FULL,
        seed: int = 0,
    ) -> None:
        self.model, self.train, self.test, self.reader = model, train, test, reader
        self.sizes, self.seed = sizes, seed
        self.classes = model.config.classes

    @cached_property
    def images(self) -> Tensor:
        """The test images, `[n, 1, 28, 28]` float32."""
        return self.test.floats()

    @cached_property
    def codes(self) -> Tensor:
        """The style vectors of the test images, `[n, style_size]`."""
        return self.encode(self.images, self.test.digits)

    @cached_property
    def generated(self) -> LabelledImages:
        """Digits drawn from the prior, as often each as the test set has them."""
        return self.drawn("generated", in_shares(self.test.digits, self.sizes.generated))

    @cached_property
    def generated_features(self) -> Tensor:
        """What the reader's last hidden layer makes of `generated`."""
        return self.reader.features(self.generated.images)

    def part(self, data: LabelledImages, count: int) -> LabelledImages:
        """Some images at random, of each digit as many as its share."""
        order = torch.cat(self._by_digit(data))
        return data.subset(order[evenly(data.digits[order])[:count]])

    def real(self, digits: Tensor) -> LabelledImages:
        """Training images at random, of each digit as many, or all where there are fewer."""
        counts = torch.bincount(digits, minlength=self.classes).tolist()
        pairs = zip(self._by_digit(self.train), counts, strict=True)
        return self.train.subset(torch.cat([rows[:count] for rows, count in pairs]))

    def _by_digit(self, data: LabelledImages) -> list[Tensor]:
        """The rows of each digit, mixed: the same ones however a set's digits lie."""
        mixed = []
        for digit in range(self.classes):
            rows = (data.digits == digit).nonzero()[:, 0]
            random = generator(self.seed, "evaluation part", digit)
            mixed.append(rows[torch.randperm(len(rows), generator=random)])
        return mixed

    def encode(self, images: Tensor, digits: Tensor) -> Tensor:
        """Style vectors of `[n, 1, 28, 28]` images."""
        pairs = zip(torch.split(images, ROWS), torch.split(digits, ROWS), strict=True)
        return torch.cat([self.model.encode(*pair) for pair in pairs])

    def decode(self, style: Tensor, digits: Tensor) -> Tensor:
        """Images `[n, 1, 28, 28]` float32 of digits in given styles."""
        pairs = zip(torch.split(style, ROWS), torch.split(digits, ROWS), strict=True)
        return torch.cat([self.model.decode(*pair) for pair in pairs])

    def prior(self, stream: str, count: int) -> Tensor:
        """Style vectors from N(0, I), `[count, style_size]`; others for each stream."""
        random = generator(self.seed, f"evaluation {stream}")
        return torch.randn(count, self.model.style_size, generator=random)

    def drawn(self, stream: str, digits: Tensor) -> LabelledImages:
        """Digits drawn in styles from the prior."""
        images = draw(self.model, self.prior(stream, len(digits)), digits)
        return LabelledImages(images, digits, self.test.class_names)
