"""What the user sees while files are fetched: lines and, on a terminal, a bar; all on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["bar", "say"]


def say(line: str) -> None:
    """Tell the user something that is no result."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def bar(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A progress bar, if stderr is a terminal, and what moves it by a number of bytes.

    Args:
        label: what stands before the bar.
        total: bytes to come; None shows only that something goes on.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    size = () if total is None else (DownloadColumn(), TimeRemainingColumn())
    columns = (TextColumn("{task.description}"), BarColumn(), *size)
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label, total=total)
        yield lambda count: progress.advance(task, count)
