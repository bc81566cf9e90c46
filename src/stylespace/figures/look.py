"""What all figures share: colours, margins, the title."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "ABOVE",
    "BELOW",
    "FAINT",
    "INK",
    "LEFT",
    "PALETTE",
    "PRIOR",
    "QUIET",
    "Array",
    "text_scale",
    "write_title",
]

INK, QUIET, FAINT, PRIOR = "#333333", "#777777", "#cccccc", "#e8e8e8"
PALETTE = (
    "#4269d0",
    "#ff8ab7",
    "#3ca951",
    "#efb118",
    "#ff725c",
    "#6cc5b0",
    "#9c6b4e",
    "#a463f2",
    "#97bbf5",
    "#111111",
)
"""Ten colours that stay apart in small dots."""

LEFT, BELOW, ABOVE = 0.66, 0.55, 0.98  # inches around the axes
Array = np.ndarray[Any, np.dtype[np.float64]]


def write_title(figure: Figure, title: str, note: str) -> None:
    """Write a figure's title and the note below it, above the axes."""
    width, height = figure.get_size_inches()
    scale = text_scale(figure)
    left, title_at, note_at = LEFT / width, 1 - 0.42 / height, 1 - 0.68 / height
    figure.text(left, title_at, title, fontsize=13 * scale, color=INK, parse_math=False)
    figure.text(left, note_at, note, fontsize=9.5 * scale, color=QUIET, parse_math=False)


def text_scale(figure: Figure) -> float:
    """How much larger text is drawn on a large figure, which is shown smaller."""
    return float(max(1, figure.get_size_inches()[0] / 10.5))
