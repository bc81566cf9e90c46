"""How far the test images themselves are from the training images.

A style space in which the training images' styles are the prior exactly, and that keeps what is
measured here, would still be told from the prior by as much as other people's handwriting
differs. Slant, stroke thickness and width, measured in the images, tell test from training
images, by the classifier of the two-sample test, which knows the digit. The null tells training
images from others of them. Takes a minute.

.venv/bin/python -m benchmarks.writers
"""

from __future__ import annotations

import torch
from torch import Tensor

import stylespace
from benchmarks.table import Row, of_runs, text
from stylespace.datasets import LabelledImages
from stylespace.evaluation.two_sample import tell_apart
from stylespace.noise import generator
from stylespace.training.alignment import stroke_measures

REPEATS = 5
CLASSES = 10


def standardized(train: LabelledImages, test: LabelledImages) -> tuple[Tensor, Tensor]:
    """Both sets' measures, those of each training digit brought to mean 0 and spread 1."""
    ours, others = (stroke_measures(data.images) for data in (train, test))
    for digit in range(CLASSES):
        deviation, mean = torch.std_mean(ours[train.digits == digit], dim=0)
        for values, digits in ((ours, train.digits), (others, test.digits)):
            values[digits == digit] = (values[digits == digit] - mean) / deviation
    return ours, others


def alike(digits: Tensor, wanted: Tensor, order: Tensor) -> Tensor:
    """Of images in an order, the first of each digit, as many as are wanted, as `wanted` has them.

    Args:
        digits: `[n]`, of all images.
        wanted: `[m]`, digits.
        order: numbers of images.
    """
    chosen = torch.empty_like(wanted)
    for digit in range(CLASSES):
        places = wanted == digit
        chosen[places] = order[digits[order] == digit][: int(places.sum())]
    return chosen


def accuracies(pairs: list[tuple[Tensor, Tensor]], digits: Tensor) -> tuple[float, ...]:
    """How well a fresh classifier tells the two of each pair apart."""
    repeats = range(len(pairs))
    orders = [torch.randperm(len(digits), generator=generator(0, "writers", n)) for n in repeats]
    return tell_apart(pairs, orders, digits, CLASSES).repeats


def rows() -> list[Row]:
    """Test against training images, and training images against others."""
    train, test = stylespace.datasets.load("mnist")
    ours, others = standardized(train, test)
    pairs, nulls = [], []
    for repeat in range(REPEATS):
        order = torch.randperm(len(train), generator=generator(0, "training images", repeat))
        one, other = (alike(train.digits, test.digits, half) for half in order.tensor_split(2))
        pairs.append((ours[one], others))
        nulls.append((ours[one], ours[other]))
    return [
        of_runs("test told from training images", accuracies(pairs, test.digits), ""),
        of_runs("training images from others", accuracies(nulls, test.digits), ""),
    ]


if __name__ == "__main__":
    print(text("Other people's handwriting", rows()))
