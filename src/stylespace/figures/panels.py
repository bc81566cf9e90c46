"""The panels of a size study: measures over the style size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from stylespace.figures.look import (
    ABOVE,
    BELOW,
    FAINT,
    INK,
    LEFT,
    PALETTE,
    PRIOR,
    QUIET,
    write_title,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from stylespace.evaluation.study_table import Panel

__all__ = ["size_panels"]

PANELS_ACROSS = 4


def size_panels(panels: Sequence[Panel], *, title: str, note: str) -> Figure:
    """Draw measures over the style size, a panel for each, with error bars.

    Args:
        panels: from `evaluation.study_table.panels`.
        title: of the whole figure.
        note: stands below the title.
    """
    from matplotlib.figure import Figure

    rows = -(-len(panels) // PANELS_ACROSS)
    width, height = 12.0, 2.35 * rows + ABOVE
    figure = Figure((width, height), facecolor="white")
    figure.subplots_adjust(LEFT / width, BELOW / height, 0.985, 1 - 1.35 / height, 0.26, 0.56)
    grid = figure.subplots(rows, PANELS_ACROSS, squeeze=False).flat
    for axes, panel in zip(grid, panels, strict=False):
        _draw_panel(axes, panel)
    for axes in figure.axes[len(panels) :]:
        axes.remove()
    for axes in figure.axes[-PANELS_ACROSS:]:
        axes.set_xlabel("style size", fontsize=8.5, color=QUIET)
    write_title(figure, title, note)
    return figure


def _draw_panel(axes: Axes, panel: Panel) -> None:
    sizes, scale = panel.sizes, 100 if panel.percent else 1
    bars: dict[str, Any] = {"marker": "o", "markersize": 3.5, "linewidth": 1.3, "capsize": 2.5}
    if panel.reference:
        dashed: dict[str, Any] = {"linestyle": "--", "color": QUIET, "linewidth": 0.9}
        if len(sizes) > 1:
            axes.plot(sizes, scale * np.array(panel.reference), **dashed)
        else:  # through one point goes no line
            axes.axhline(scale * panel.reference[0], **dashed)
    if panel.aside_is:
        pairs = [(one.aside, one.aside_spread) for one in panel.cells]
        axes.errorbar(sizes, *_with_bars(pairs, scale), color=PALETTE[8], **bars)
    pairs = [(one.value, one.spread) for one in panel.cells]
    axes.errorbar(sizes, *_with_bars(pairs, scale), color=PALETTE[0], **bars)
    axes.set_xscale("log", base=2)
    axes.set_xlim(sizes[0] / 1.25, sizes[-1] * 1.25)
    axes.set_xticks(sizes, map(str, sizes))
    axes.minorticks_off()
    axes.set_title(panel.title + ", %" * panel.percent, loc="left", fontsize=10, color=INK, pad=17)
    axes.text(0, 1.04, panel.note, transform=axes.transAxes, fontsize=7.5, color=QUIET)
    axes.tick_params(length=2, width=0.6, colors=QUIET, labelsize=8)
    axes.grid(axis="y", color=PRIOR, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set(color=FAINT, linewidth=0.7)


def _with_bars(pairs: Sequence[tuple[float | None, float | None]], scale: int) -> Any:  # noqa: ANN401
    """Values and the lengths of their error bars, `[2, n]`; 0 where there is no spread."""
    values = [np.nan if value is None else value for value, _ in pairs]
    return scale * np.array([values, [spread or 0 for _, spread in pairs]])
