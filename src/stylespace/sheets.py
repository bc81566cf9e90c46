"""Sheets: many small images as one picture, dark ink on white paper."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from stylespace.errors import UsageError
from stylespace.lettering import SIZE, Font, font_for, legible
from stylespace.output import replaced

__all__ = ["FORMATS", "check_picture_path", "check_sheet_size", "tile", "write_picture"]

FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
"""What `write_picture` writes, by the file name's ending."""

SCALE = 3
LONGEST_SIDE = {"JPEG": 65_500, "WEBP": 16_383}  # pixels that the format can count
MOST_TILES, MOST_ROWS, MOST_COLUMNS = 20_000, 500, 120
PAPER, LABEL = 255, 130  # grey levels
MARGIN, GAP, LEAD_GAP = 14, 2, 18


def tile(
    images: Tensor,
    *,
    scale: int = SCALE,
    column_labels: Sequence[str] = (),
    row_labels: Sequence[str] = (),
    lead: int = 0,
) -> Image.Image:
    """Lay images out as a sheet.

    Args:
        images: `[rows, columns, 28, 28]`, or of another side; uint8, or float32 in [0, 1]; 0 is
            paper.
        scale: pixels of the sheet an image's pixel is wide.
        column_labels: one a column, above it; long ones are cut.
        row_labels: one a row, to its left; they may have several lines.
        lead: columns at the left that are set apart from the others.

    Returns:
        A grey picture.

    Example:
        >>> tile(torch.zeros(2, 10, 28, 28), scale=1).size
        (326, 86)
    """
    column_labels, row_labels = (list(map(legible, one)) for one in (column_labels, row_labels))
    pixels = images if images.dtype == torch.uint8 else (images * 255).round().to(torch.uint8)
    rows, columns = pixels.shape[:2]
    widths = [_width(label, font_for(label)) for label in row_labels]
    left = MARGIN + max(widths, default=-MARGIN) + MARGIN
    top = MARGIN + (SIZE + MARGIN // 2 if any(column_labels) else 0)
    side = pixels.shape[2] * scale
    step = side + GAP
    apart = LEAD_GAP if 0 < lead < columns else 0
    sheet = np.full(
        (top + rows * step - GAP + MARGIN, left + columns * step - GAP + apart + MARGIN),
        PAPER,
        dtype=np.uint8,
    )
    starts = [left + column * step + apart * (column >= lead) for column in range(columns)]
    for column, start in enumerate(starts):
        strip = _strip(pixels[:, column], scale)
        sheet[top : top + len(strip), start : start + side] = strip
    picture = Image.fromarray(sheet)
    _label_columns(picture, column_labels, starts, top, side)
    _label_rows(picture, row_labels, left, top, step)
    return picture


def _strip(images: Tensor, scale: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A column of images `[rows, 28, 28]`, enlarged, with the gaps between them."""
    large = (255 - images).repeat_interleave(scale, 1).repeat_interleave(scale, 2)
    padded = torch.nn.functional.pad(large, (0, 0, 0, GAP), value=PAPER)
    strip: np.ndarray[tuple[int, ...], np.dtype[np.uint8]] = padded.flatten(0, 1)[:-GAP].numpy()
    return strip


def _label_columns(
    picture: Image.Image, labels: Sequence[str], starts: Sequence[int], top: int, width: int
) -> None:
    pen = ImageDraw.Draw(picture)
    for label, start in zip(labels, starts, strict=False):
        middle, base = start + width // 2, top - MARGIN // 2
        font = font_for(label)
        pen.text((middle, base), _cut(label, width, font), LABEL, font, anchor="ms")


def _label_rows(
    picture: Image.Image, labels: Sequence[str], left: int, top: int, step: int
) -> None:
    pen = ImageDraw.Draw(picture)
    for row, label in enumerate(labels):
        place = (left - MARGIN, top + row * step + (step - GAP) // 2)
        font = font_for(label)
        pen.multiline_text(place, label, LABEL, font, anchor="rm", align="right", spacing=3)


def check_sheet_size(rows: int, columns: int) -> None:
    """Refuse a sheet that no program would show.

    Raises:
        UsageError: it would be too large.
    """
    if rows > MOST_ROWS or columns > MOST_COLUMNS or rows * columns > MOST_TILES:
        raise UsageError(
            f"a sheet of {rows} rows and {columns} columns is too large; the most is {MOST_ROWS} "
            f"rows and {MOST_COLUMNS} columns, and {MOST_TILES} images in all"
        )


def check_picture_path(path: Path) -> None:
    """Refuse a file name whose ending names no format that `write_picture` writes.

    Raises:
        UsageError: it is another, or none.
    """
    if path.suffix.lower() not in FORMATS:
        endings = ", ".join(FORMATS)
        raise UsageError(f"{path} must end in one of {endings}")


def write_picture(path: Path, picture: Image.Image) -> None:
    """Write a picture, whole or not at all, and the directories above it where they lack.

    Raises:
        UsageError: the file name's ending is none of `FORMATS`, or names one that cannot hold so
            large a picture.
        StylespaceError: the file cannot be written.
    """
    check_picture_path(path)
    form = FORMATS[path.suffix.lower()]
    if max(picture.size) > LONGEST_SIDE.get(form, max(picture.size)):
        raise UsageError(
            f"{path} cannot hold {picture.width}x{picture.height} pixels, {form} has no room for "
            "them; end the name in .png"
        )
    with replaced(path) as part:
        picture.save(part, form, quality=95)


def _width(text: str, font: Font) -> int:
    return max(round(font.getlength(line)) for line in text.split("\n"))


def _cut(text: str, width: int, font: Font) -> str:
    if _width(text, font) <= width:
        return text
    lengths = range(len(text))
    fit = bisect.bisect_right(lengths, width, key=lambda n: _width(text[:n] + "…", font))
    return text[: max(fit - 1, 0)] + "…"
