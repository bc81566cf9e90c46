"""Arrays to figures; the only file that imports matplotlib."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from stylespace.data.images import LabelledImages
from stylespace.errors import StylespaceError, UsageError
from stylespace.noise import generator
from stylespace.output import replaced

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from stylespace.evaluation.study_table import Panel

__all__ = [
    "MOST_DIMENSIONS",
    "density",
    "random_sample",
    "require_matplotlib",
    "scatter_matrix",
    "show_window",
    "size_panels",
    "window_figure",
    "write_figure",
]

MOST_DIMENSIONS = 8
"""Dimensions that a scatter matrix shows; more would be too small to read."""

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

LIMIT = 4.0  # of the axes, in the prior's standard deviations
MOST_95 = 2.4477  # radius of the disc that holds 95 % of a two-dimensional N(0, I)
LEGEND_ROWS = 12
PANELS_ACROSS = 4
LEFT, RIGHT, BELOW, ABOVE = 0.66, 0.25, 0.55, 0.98  # inches around the axes
WINDOW = 900  # pixels that a window is high at most
Array = np.ndarray[Any, np.dtype[np.float64]]


def require_matplotlib() -> None:
    """Refuse to go on without matplotlib.

    Raises:
        UsageError: it is not installed, or the environment asks it for what it does not have.
    """
    try:
        importlib.import_module("matplotlib")
    except ImportError:
        raise UsageError(
            "matplotlib is not installed; install it with: pip install -r vis-requirements.txt"
        ) from None
    except ValueError:
        backend = os.environ.get("MPLBACKEND")
        raise UsageError(f"MPLBACKEND={backend} is no backend of matplotlib; unset it") from None


def random_sample(data: LabelledImages, size: int, seed: int) -> LabelledImages:
    """Images chosen at random, all where there are no more; same seed, same choice."""
    order = torch.randperm(len(data), generator=generator(seed, "sample"))
    return data.subset(order[:size])


def scatter_matrix(
    style: Tensor,
    digits: Tensor,
    class_names: Sequence[str],
    *,
    title: str,
    note: str = "",
    figure: Figure | None = None,
) -> Figure:
    """Draw style vectors in every pair of dimensions, with the prior N(0, I) behind them.

    The diagonal shows the density of each digit in one dimension, in front of the prior's. The
    discs hold 95 % of the prior.

    Args:
        style: `[n, style_size]` float32; of more than `MOST_DIMENSIONS` dimensions the first.
        digits: `[n]` int64.
        class_names: what the digits are called.
        title: of the whole figure.
        note: stands below the title.
        figure: to draw on; a new one by default.
    """
    from matplotlib.figure import Figure

    size = min(style.shape[1], MOST_DIMENSIONS)
    if size < style.shape[1]:
        note = f"{note}, the first {size} of {style.shape[1]} dimensions"
    points, classes = style[:, :size].double().numpy(), digits.numpy()
    figure = figure or Figure()
    grid = _grid(figure, size)
    limit = _limit(points)
    for row in range(size):
        for column in range(size):
            axes = grid[row, column]
            if column > row:
                axes.remove()
            elif column == row:
                _draw_densities(axes, points[:, row], classes, len(class_names), limit)
            else:
                _draw_points(axes, points[:, [column, row]], classes, limit)
            if column <= row:
                _dress(axes, row, column, size, limit)
    _write_title(figure, title, note)
    _draw_legend(figure, np.unique(classes), class_names, size)
    return figure


def _grid(figure: Figure, size: int) -> Any:  # noqa: ANN401
    """Square axes, `[size, size]`, with room around them that does not grow with them."""
    field = max(4.5, min(2.2, 12.5 / size) * size)
    width, height = field + LEFT + RIGHT, field + BELOW + ABOVE
    figure.set_size_inches(width, height)
    figure.set_facecolor("white")
    figure.subplots_adjust(
        LEFT / width, BELOW / height, 1 - RIGHT / width, 1 - ABOVE / height, 0.06, 0.06
    )
    return figure.subplots(size, size, squeeze=False)


def _write_title(figure: Figure, title: str, note: str) -> None:
    width, height = figure.get_size_inches()
    scale = _text_scale(figure)
    left, title_at, note_at = LEFT / width, 1 - 0.42 / height, 1 - 0.68 / height
    figure.text(left, title_at, title, fontsize=13 * scale, color=INK)
    figure.text(left, note_at, note, fontsize=9.5 * scale, color=QUIET)


def _text_scale(figure: Figure) -> float:
    """Larger figures are shown smaller."""
    return float(max(1, figure.get_size_inches()[0] / 10.5))


def _limit(points: Array) -> float:
    """The prior's range, or more where the codes go beyond it (as those of an SAE do)."""
    reach = float(np.quantile(abs(points), 0.999)) if points.size else 0.0
    return max(LIMIT, float(np.ceil(1.05 * reach)))


def _colour(digit: int) -> tuple[float, float, float] | str:
    if digit < len(PALETTE):
        return PALETTE[digit]
    import colorsys

    # beyond ten, the golden ratio keeps neighbours' hues apart
    return colorsys.hsv_to_rgb(digit * 0.618 % 1, 0.55 + 0.3 * (digit % 2), 0.85)


def _draw_points(axes: Axes, points: Array, classes: Any, limit: float) -> None:  # noqa: ANN401
    from matplotlib.patches import Circle

    axes.add_patch(Circle((0, 0), MOST_95, facecolor=PRIOR, edgecolor="none", zorder=0))
    colours = np.array([_colour(digit) for digit in range(int(classes.max()) + 1)], dtype=object)
    size = 11 if len(points) <= 800 else 5
    axes.scatter(
        points[:, 0],
        points[:, 1],
        s=size,
        c=list(colours[classes]),
        alpha=0.8,
        linewidths=0,
        rasterized=len(points) > 3000,  # as vectors they would be slow to show
    )
    axes.set_ylim(-limit, limit)


def _draw_densities(
    axes: Axes,
    values: Array,
    classes: Any,  # noqa: ANN401
    count: int,
    limit: float,
) -> None:
    grid = np.linspace(-limit, limit, 400)
    prior = np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi)
    axes.fill_between(grid, prior, color=PRIOR, linewidth=0, zorder=0)
    highest = prior.max()
    for digit in range(count):
        own = values[classes == digit]
        if len(own) > 1:
            curve = density(own, grid)
            highest = max(highest, min(curve.max(), 1.6))
            axes.plot(grid, curve, color=_colour(digit), linewidth=1.1, alpha=0.9)
    axes.set_ylim(0, 1.08 * highest)


def density(values: Array, grid: Array) -> Array:
    """The density of a sample, smoothed with a Gaussian of Scott's width.

    Args:
        values: `[n]`.
        grid: `[m]`, where to tell it.

    Returns:
        `[m]`; its integral is 1.

    Example:
        >>> grid = np.linspace(-5, 5, 1001)
        >>> curve = density(np.array([-1.0, 0.0, 1.0]), grid)
        >>> round(float(curve.sum() * 0.01), 3), float(grid[curve.argmax()])
        (1.0, 0.0)
    """
    width = max(float(values.std(ddof=1)) * len(values) ** -0.2, 0.02)  # 0 in a dead dimension
    distance = (grid[:, None] - values) / width
    curve: Array = np.exp(-(distance**2) / 2).mean(axis=1) / (width * np.sqrt(2 * np.pi))
    return curve


def _dress(axes: Axes, row: int, column: int, size: int, limit: float) -> None:
    axes.set_xlim(-limit, limit)
    ticks = [-limit / 2, 0, limit / 2]
    axes.set_xticks(ticks)
    axes.set_yticks(ticks if column < row else [])
    axes.set_box_aspect(1)
    axes.tick_params(length=2, width=0.6, colors=QUIET, labelsize=7, pad=2)
    axes.tick_params(labelbottom=row == size - 1, labelleft=column == 0 and row > 0)
    if row == size - 1:
        axes.set_xlabel(f"style {column + 1}", fontsize=9, color=INK, labelpad=3)
    if column == 0:
        axes.set_ylabel(f"style {row + 1}" if row else "density", fontsize=9, color=INK)
        axes.yaxis.set_label_coords(-0.42 / axes.bbox.width * axes.figure.dpi, 0.5)
    for spine in axes.spines.values():
        spine.set(color=FAINT, linewidth=0.7)


def _draw_legend(
    figure: Figure,
    present: Any,  # noqa: ANN401
    names: Sequence[str],
    size: int,
) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def dot(digit: int) -> Line2D:
        return Line2D([], [], marker="o", linestyle="", markersize=5, color=_colour(digit))

    handles: list[Any] = [dot(digit) for digit in present]
    labels = [names[digit] for digit in present]
    handles.append(Patch(facecolor=PRIOR))
    labels.append("prior N(0, 1)" if size == 1 else "prior N(0, I), 95 %")
    # the half of the matrix that would say the same again has room for it
    box = figure.axes[-1].get_position()
    top = figure.axes[0].get_position().y1
    figure.legend(
        handles,
        labels,
        loc="upper right",
        bbox_to_anchor=(box.x1, top),
        ncols=-(-len(labels) // LEGEND_ROWS),
        frameon=False,
        fontsize=8.5 * _text_scale(figure),
        labelcolor=INK,
        handletextpad=0.4,
        borderaxespad=0.6 if size == 1 else 0.0,
    )


def window_figure() -> Figure | None:
    """A figure in a window of its own, or None where there is no display or no toolkit for it."""
    import matplotlib.pyplot as plt

    try:
        figure = plt.figure()
    except (ImportError, RuntimeError):  # a backend that was asked for by name, and cannot work
        return None
    if figure.canvas.required_interactive_framework is None:
        plt.close(figure)
        return None
    return figure


def show_window(figure: Figure) -> None:
    """Show a figure of `window_figure` until its window is closed."""
    import matplotlib.pyplot as plt

    width, height = figure.get_size_inches()
    figure.set_dpi(min(figure.dpi, WINDOW / height))
    figure.set_size_inches(width, height, forward=True)
    plt.show()


def write_figure(path: Path, figure: Figure) -> None:
    """Write a figure, whole or not at all.

    Raises:
        UsageError: matplotlib does not write such files.
        StylespaceError: the file cannot be written.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in figure.canvas.get_supported_filetypes():
        raise UsageError(f"{path} must end in .svg, .png or .pdf")
    try:
        with replaced(path) as part:
            figure.savefig(part, format=kind, dpi=160)
    except ValueError as error:
        raise StylespaceError(f"cannot write {path}: {error}") from None


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
    _write_title(figure, title, note)
    return figure


def _draw_panel(axes: Axes, panel: Panel) -> None:
    sizes, scale = panel.sizes, 100 if panel.percent else 1
    bars: dict[str, Any] = {"marker": "o", "markersize": 3.5, "linewidth": 1.3, "capsize": 2.5}
    if panel.reference:
        axes.plot(sizes, scale * np.array(panel.reference), "--", color=QUIET, linewidth=0.9)
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
