"""Arrays to figures; matplotlib is imported in this package and nowhere else."""

from stylespace.figures.canvas import (
    require_matplotlib,
    show_window,
    window_figure,
    write_figure,
)
from stylespace.figures.look import PALETTE
from stylespace.figures.panels import size_panels
from stylespace.figures.scatter import MOST_DIMENSIONS, density, random_sample, scatter_matrix

__all__ = [
    "MOST_DIMENSIONS",
    "PALETTE",
    "density",
    "random_sample",
    "require_matplotlib",
    "scatter_matrix",
    "show_window",
    "size_panels",
    "window_figure",
    "write_figure",
]
