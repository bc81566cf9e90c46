"""What is looked at in a set of the user's own, before anything is trained on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stylespace.config import MOST_CLASSES, is_text
from stylespace.data.images import LabelledImages
from stylespace.data.mapped import release
from stylespace.errors import DataError

__all__ = [
    "LEAST",
    "Findings",
    "Part",
    "check_names",
    "examine",
    "has_only",
    "in_order",
    "remarks",
]

Array = np.ndarray[Any, Any]

LEAST = 2
"""Training images that a class must have."""

FEW = 20  # training images of a class, below which its style is guesswork
LIGHT = 128  # a mean grey level of the border above which the ground is light
SOME = 0.01  # of a part's images; fewer may be ink that reaches all around
FAINT = 32  # a largest grey level below which images can only be meant to be darker
ROWS = 2**16
LABELS_APART = 0x9E3779B97F4A7C1  # an odd number: the sums of fingerprints and labels differ too
NAMED = 3  # classes that a message names


@dataclass(frozen=True, kw_only=True)
class Part:
    """What the training or the test images are like.

    Attributes:
        count: of images.
        per_class: how many of each class.
        ink: the mean grey level, 0 to 255.
        border: the mean grey level of the outermost pixels.
        light: images whose own border is light, as where ink was taken for paper.
        darkest: the largest grey level of all.
        constant: images that have one shade all over.
        repeated: images that stand there a second time.
    """

    count: int
    per_class: tuple[int, ...]
    ink: float
    border: float
    light: int
    darkest: int
    constant: int
    repeated: int


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was found in a set.

    Attributes:
        train: of the training images.
        test: of the test images.
        shared: test images that are, to the bit, training images too.
        torn: how many more pairs of training image and label there are than such images.
    """

    train: Part
    test: Part
    shared: int
    torn: int


def examine(train: LabelledImages, test: LabelledImages, source: str) -> Findings:
    """Look at every image of a set once, and refuse one that no model can be trained on.

    Raises:
        DataError: there are no images in one part, a digit is none of the classes, a class has too
            few training images, or all of them are of one shade.
    """
    _check_part(train, train.class_names, f"{source}, training")
    scarce = [
        name for name, n in zip(train.class_names, _per_class(train), strict=True) if n < LEAST
    ]
    if scarce:
        raise DataError(
            f"{source} has fewer than {LEAST} training images of {_listed(scarce)}; add some, or "
            "leave the class out and number the others without a gap"
        )
    _check_part(test, train.class_names, f"{source}, test")
    findings = _findings(train, test)
    if findings.train.constant == findings.train.count:
        raise DataError(f"{source} has nothing but images of one shade; give images with ink")
    return findings


def _check_part(data: LabelledImages, names: Sequence[str], source: str) -> None:
    if not len(data):
        raise DataError(f"{source}: there are no images; at least one of a class is needed")
    if not has_only(data, len(names)):
        raise DataError(f"{source}: a label is not from 0 to {len(names) - 1}; correct it")


def _findings(train: LabelledImages, test: LabelledImages) -> Findings:
    seen, asked = _fingerprints(train.images), _fingerprints(test.images)
    labelled = seen + LABELS_APART * train.digits.numpy()
    for numbers in (labelled, seen, asked):
        numbers.sort()  # in place: a set may be so large that a copy of them counts
    torn = _distinct(labelled) - _distinct(seen)
    nearest = np.searchsorted(seen, asked).clip(max=len(seen) - 1)
    shared = int((seen[nearest] == asked).sum())
    return Findings(train=_part(train, seen), test=_part(test, asked), shared=shared, torn=torn)


def has_only(data: LabelledImages, classes: int) -> bool:
    """Whether each digit is one of so many classes; there must be images."""
    return 0 <= int(data.digits.min()) <= int(data.digits.max()) < classes


def check_names(names: Sequence[str], source: str) -> None:
    """Refuse more classes than a model can have, and names that no figure can show.

    Raises:
        DataError: there are too many classes or none, or two of one name.
    """
    if not 1 <= len(names) <= MOST_CLASSES:
        raise DataError(
            f"{source} has {len(names)} classes; a model takes from 1 to {MOST_CLASSES}"
        )
    if len(set(names)) < len(names):
        twice = next(name for name in names if list(names).count(name) > 1)
        raise DataError(f"{source} has two classes called {twice!r}; give each its own name")
    odd = next((name for name in names if not name.strip() or len(name) > 100), None)
    if odd is not None:
        raise DataError(f"{source} has a class called {odd[:100]!r}; use 1 to 100 characters")
    odd = next((name for name in names if not is_text(name)), None)
    if odd is not None:
        kind = "text" if odd.isascii() else "Unicode"
        raise DataError(f"{source} has a class called {odd!r}, which is no {kind}; rename it")


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """The names of classes as classes are numbered: numbers first and by value, 2 before 10."""

    def place(name: str) -> tuple[bool, int, str]:
        is_number = re.fullmatch(r"[0-9]{1,9}", name) is not None
        return (not is_number, int(name) if is_number else 0, name)

    return tuple(sorted(names, key=place))


def remarks(findings: Findings, names: Sequence[str]) -> list[str]:
    """What is odd and yet no reason to refuse the set, each with what to do about it."""
    train, test = findings.train, findings.test
    lines = list[str]()
    few = [name for name, n in zip(names, train.per_class, strict=True) if n < FEW]
    none = [name for name, n in zip(names, test.per_class, strict=True) if n == 0]
    if few:
        lines.append(f"fewer than {FEW} training images of {_listed(few)}; more would help much")
    if none:
        lines.append(f"no test images of {_listed(none)}; add some to have them measured")
    if constant := train.constant + test.constant:
        lines.append(f"{_images(constant)} of one shade all over; take them out")
    if findings.shared:
        lines.append(
            f"{_images(findings.shared)} for testing also for training, which flatters the "
            "figures; take them out of one part"
        )
    if findings.torn:
        lines.append(f"{_images(findings.torn)} there again under another label; correct them")
    return [*lines, *_on_scale(train, test), *_on_ground(train, test)]


def _on_scale(train: Part, test: Part) -> Iterator[str]:
    if train.darkest < FAINT:
        yield (
            f"the darkest ink is {train.darkest} of 255; multiply the images, or give them as "
            "bool or as numbers from 0.0 to 1.0"
        )
    elif 0 < test.darkest < FAINT:
        yield (
            f"the darkest ink of the test images is {test.darkest} of 255, of the training images "
            f"{train.darkest}; give both on one scale"
        )


def _on_ground(train: Part, test: Part) -> Iterator[str]:
    light = "light (0 should be paper, 255 ink); invert"
    if min(train.border, test.border) > LIGHT:
        yield f"the ground is {light} the images"
        return
    for what, part in (("training", train), ("test", test)):
        if part.light > SOME * part.count:
            yield f"the ground of {part.light} of {part.count} {what} images is {light} them"


def _images(count: int) -> str:
    return "1 image is" if count == 1 else f"{count} images are"


def _listed(names: Sequence[str]) -> str:
    text = ", ".join(repr(name) for name in names[:NAMED])
    return text if len(names) <= NAMED else f"{text} and {len(names) - NAMED} more classes"


def _part(data: LabelledImages, fingerprints: Array) -> Part:
    ink = border = 0.0
    constant = darkest = light = 0
    for block in torch.split(data.images, ROWS):
        pixels = block.numpy()  # NumPy sums bytes ten times as fast
        ink += float(pixels.sum(dtype=np.int64))
        borders = _borders(pixels)
        border += float(borders.sum())
        light += int((borders > LIGHT).sum())
        most = pixels.max(axis=(1, 2))
        darkest = max(darkest, int(most.max()))
        constant += int((most == pixels.min(axis=(1, 2))).sum())
        release(block)
    return Part(
        count=len(data),
        per_class=_per_class(data),
        ink=ink / data.images.numel(),
        border=border / len(data),
        light=light,
        darkest=darkest,
        constant=constant,
        repeated=int((fingerprints[1:] == fingerprints[:-1]).sum()),
    )


def _per_class(data: LabelledImages) -> tuple[int, ...]:
    return tuple(data.digits.bincount(minlength=len(data.class_names)).tolist())


def _borders(pixels: Array) -> Array:
    """The mean of each image's outermost pixels: `[n, 28, 28]` to `[n]`."""
    sides = (pixels[:, 0, 1:], pixels[:, 1:, -1], pixels[:, -1, :-1], pixels[:, :-1, 0])
    borders: Array = np.concatenate(sides, axis=1).mean(axis=1)
    return borders


def _distinct(ordered: Array) -> int:
    return len(ordered) - int((ordered[1:] == ordered[:-1]).sum())


def _fingerprints(images: Tensor) -> Array:
    """A 64-bit number for each image `[n, 28, 28]`, the same only for the same pixels."""
    found = []
    for block in torch.split(images, ROWS):
        content = block.contiguous().numpy().tobytes()
        size = len(content) // len(block)
        numbers = (hash(content[at : at + size]) for at in range(0, len(content), size))
        found.append(np.fromiter(numbers, dtype=np.int64, count=len(block)))
        release(block)
    return np.concatenate(found)
