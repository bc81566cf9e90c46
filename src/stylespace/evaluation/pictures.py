"""The pictures of the report's page."""

from __future__ import annotations

import io
from collections.abc import Sequence

import torch
from torch import Tensor

from stylespace.evaluation.generation_quality import Nearest
from stylespace.evaluation.reconstruction import Reconstruction
from stylespace.evaluation.results import Picture
from stylespace.evaluation.subject import Subject
from stylespace.sheets import tile

__all__ = ["Picture", "hands", "misread", "nearest", "reconstructions", "worst"]

COLUMNS = 12
HANDS = 8
SCALE = 2


def reconstructions(subject: Subject, drawn: Tensor) -> Picture:
    """The first test images of each digit, and what comes back."""
    digits = subject.test.digits
    firsts = [(digits == digit).nonzero()[:1, 0] for digit in range(subject.classes)]
    shown = torch.cat(firsts)[:COLUMNS]
    rows = torch.stack([subject.images[shown, 0], drawn[shown, 0]])
    return _picture("Test images, and what comes back of them.", rows, ("image", "drawn"))


def worst(subject: Subject, drawn: Tensor, found: Reconstruction) -> Picture:
    """The test images that fared worst."""
    shown = torch.tensor(found.worst)
    rows = torch.stack([subject.images[shown, 0], drawn[shown, 0]])
    errors = [f"{error:.3f}" for error in found.worst_mse]
    caption = f"The worst {len(shown)} test images, with their mean squared errors."
    return _picture(caption, rows, ("image", "drawn"), errors)


def hands(subject: Subject) -> Picture:
    """All digits in a few styles from the prior, a row a style."""
    digits = torch.arange(min(subject.classes, COLUMNS))
    style = subject.prior("hands", HANDS)
    images = subject.decode(style.repeat_interleave(len(digits), dim=0), digits.repeat(len(style)))
    rows = images.view(HANDS, len(digits), *images.shape[2:])
    names = [subject.test.class_names[digit] for digit in digits.tolist()]
    return _picture("Generated: a row is one style vector from the prior.", rows, (), names)


def misread(subject: Subject, read: Tensor) -> tuple[Picture, ...]:
    """Some generated digits that the reader took for another; none if there are none."""
    wrong = (read != subject.generated.digits).nonzero()[:COLUMNS, 0]
    if len(wrong) == 0:
        return ()
    names = subject.test.class_names
    labels = [
        f"{names[asked]} > {names[seen]}"
        for asked, seen in zip(
            subject.generated.digits[wrong].tolist(), read[wrong].tolist(), strict=True
        )
    ]
    caption = "Generated digits that were misread: what was asked for > what was read."
    return (_picture(caption, subject.generated.images[wrong].unsqueeze(0), (), labels),)


def nearest(subject: Subject, found: Nearest) -> Picture:
    """Generated digits above their nearest training images."""
    shown = slice(COLUMNS)
    pairs = [subject.generated.images[shown], subject.train.images[found.index[shown]]]
    distances = [f"{distance:.1f}" for distance in found.distance[shown].tolist()]
    caption = "Generated digits and their nearest training images, with the distance."
    return _picture(caption, torch.stack(pairs), ("drawn", "nearest"), distances)


def _picture(
    caption: str, rows: Tensor, row_labels: Sequence[str], column_labels: Sequence[str] = ()
) -> Picture:
    sheet = tile(rows, scale=SCALE, row_labels=row_labels, column_labels=column_labels)
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG", optimize=True)
    return Picture(caption=caption, png=buffer.getvalue(), size=sheet.size)
