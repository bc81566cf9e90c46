"""The scatter matrix of a style space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from stylespace.data.images import LabelledImages
from stylespace.figures.look import (
    ABOVE,
    BELOW,
    FAINT,
    INK,
    LEFT,
    PALETTE,
    PRIOR,
    QUIET,
    Array,
    text_scale,
    write_title,
)
from stylespace.noise import generator

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MOST_DIMENSIONS", "density", "random_sample", "scatter_matrix"]

MOST_DIMENSIONS = 8
"""Dimensions that a scatter matrix shows; more would be too small to read."""

LIMIT = 4.0  # of the axes, in the prior's standard deviations
MOST_95 = 2.4477  # radius of the disc that holds 95 % of a two-dimensional N(0, I)
LEGEND_ROWS = 12
MOST_NAMES = 3 * LEGEND_ROWS - 1  # in the legend, beside the prior
LONGEST_NAME = 14  # characters
RIGHT = 0.25  # inches beside the axes


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
    write_title(figure, title, note)
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

    shown = present if len(present) <= MOST_NAMES else present[: MOST_NAMES - 1]
    handles: list[Any] = [dot(digit) for digit in shown]
    labels = [_short(names[digit]) for digit in shown]
    if len(shown) < len(present):
        handles.append(Line2D([], [], linestyle=""))
        labels.append(f"and {len(present) - len(shown)} more")
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
        fontsize=8.5 * text_scale(figure),
        labelcolor=INK,
        handletextpad=0.4,
        borderaxespad=0.6 if size == 1 else 0.0,
    )


def _short(name: str) -> str:
    # matplotlib would set what stands between two dollar signs as a formula
    short = name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
    return short.replace("$", r"\$")
