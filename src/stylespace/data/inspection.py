"""A data set in words and on a sheet, as it would be trained on."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from stylespace.data.checks import Findings, Part, remarks
from stylespace.data.images import LabelledImages

__all__ = ["PER_CLASS", "Sheet", "sheet_of", "table"]

PER_CLASS = 12
"""Images of a class that a sheet shows."""

MOST_ROWS = 100  # classes on a sheet, so that it can be looked at
MOST_CLASSES = 60  # that a table lists one by one
LONGEST = 16  # characters of a row's label
SCALE = 3


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """What a sheet is made of.

    Attributes:
        images: `[rows, columns, side, side]` uint8.
        scale: pixels of the sheet an image's pixel is wide.
        labels: one a row.
    """

    images: Tensor
    scale: int
    labels: tuple[str, ...]


def table(
    source: str,
    findings: Findings,
    names: Sequence[str],
    width: int = 100,
    more: Sequence[str] = (),
) -> str:
    """What was found in a set, as lines of a terminal; `more` is odd about it besides."""
    both = (findings.train, findings.test)
    rows = [
        ("", "training", "test"),
        ("images", *(f"{part.count:,}" for part in both)),
        ("classes with images", *(str(sum(n > 0 for n in part.per_class)) for part in both)),
        ("fewest of a class", *(_extreme(part, names, min) for part in both)),
        ("most of a class", *(_extreme(part, names, max) for part in both)),
        ("mean ink, of 255", *(f"{part.ink:.1f}" for part in both)),
        ("mean of the border", *(f"{part.border:.1f}" for part in both)),
        ("of one shade all over", *(str(part.constant) for part in both)),
        ("there a second time", *(str(part.repeated) for part in both)),
        ("also training images", "", str(findings.shared)),
    ]
    classes = "1 class" if len(names) == 1 else f"{len(names)} classes"
    lines = [f"{source}: {classes}", "", *_columns(rows), ""]
    if len(names) <= MOST_CLASSES:
        counts = zip(findings.train.per_class, findings.test.per_class, strict=True)
        listed = [
            (_short(name), f"{train:,}", f"{test:,}")
            for name, (train, test) in zip(names, counts, strict=True)
        ]
        lines += [*_columns([("class", "training", "test"), *listed]), ""]
    odd = [*remarks(findings, names), *more]
    for line in odd or ["nothing is odd"]:
        lines += textwrap.wrap(f"- {line}", width, subsequent_indent="  ")
    return "\n".join(lines)


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(w) for cell, w in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return lines


def _extreme(part: Part, names: Sequence[str], choose: Callable[[tuple[int, ...]], int]) -> str:
    best = choose(part.per_class)
    return f"{best:,} ({_short(names[part.per_class.index(best)])})"


def _short(name: str) -> str:
    plain = "".join(character if character.isprintable() else "?" for character in name)
    return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"


def sheet_of(train: LabelledImages, folder: Path | None = None) -> Sheet:
    """The first images of each class, a row for each.

    Args:
        train: the training images.
        folder: where they were pictures; then each picture stands above what became of it.
    """
    rows = [_firsts(train, digit) for digit in range(len(train.class_names))][:MOST_ROWS]
    labels = tuple(_short(name) for name in train.class_names[:MOST_ROWS])
    if folder is None:
        return Sheet(images=torch.stack(rows), scale=SCALE, labels=labels)
    from stylespace.data.pictures import shown_paths, thumbnails

    side = SCALE * train.images.shape[1]
    shown = shown_paths(folder, PER_CLASS)
    pairs, twice = [], []
    for name, row in zip(train.class_names, rows, strict=False):
        before = torch.zeros(PER_CLASS, side, side, dtype=torch.uint8)
        paths = shown[name]
        before[: len(paths)] = thumbnails(paths, side)
        after = row.repeat_interleave(SCALE, 1).repeat_interleave(SCALE, 2)
        pairs += [before, after]
        twice += [_short(name), ""]
    return Sheet(images=torch.stack(pairs), scale=1, labels=tuple(twice))


def _firsts(data: LabelledImages, digit: int) -> Tensor:
    """`[PER_CLASS, 28, 28]`, blank at the end where there are fewer."""
    chosen = data.images[(data.digits == digit).nonzero()[:PER_CLASS, 0]]
    row = torch.zeros(PER_CLASS, *data.images.shape[1:], dtype=torch.uint8)
    row[: len(chosen)] = chosen
    return row
