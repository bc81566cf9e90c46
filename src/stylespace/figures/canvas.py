"""Where figures go: into a window or a file."""

from __future__ import annotations

import importlib
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from stylespace.errors import StylespaceError, UsageError, first_line
from stylespace.output import replaced

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["require_matplotlib", "show_window", "window_figure", "write_figure"]

WINDOW = 900  # pixels that a window is high at most


def require_matplotlib() -> None:
    """Refuse to go on without matplotlib.

    Raises:
        UsageError: it is not installed, or the environment asks it for what it does not have.
    """
    try:
        importlib.import_module("matplotlib")
    except ImportError:
        raise UsageError(
            "matplotlib is not installed; install it with: pip install -r vis-requirements.txt, "
            "or pip install matplotlib"
        ) from None
    except ValueError:
        backend = os.environ.get("MPLBACKEND")
        raise UsageError(f"MPLBACKEND={backend} is no backend of matplotlib; unset it") from None


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
        with replaced(path) as part, warnings.catch_warnings():
            # of a letter that the font lacks there is a box to be seen
            warnings.filterwarnings("ignore", "Glyph .* missing from")
            figure.savefig(part, format=kind, dpi=160)
    except (ValueError, RuntimeError) as error:  # a RuntimeError of LaTeX, if one set that
        raise StylespaceError(f"cannot write {path}: {first_line(error)}") from None
