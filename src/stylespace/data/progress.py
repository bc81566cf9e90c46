"""What the user sees while data is fetched or read, on stderr: lines and, on a terminal, a bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["bar", "say"]


def say(line: str) -> None:
    """Tell the user something that is no result."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def bar(label: str, total: int | None, unit: str = "bytes") -> Iterator[Callable[[int], None]]:
    """A progress bar, if stderr is a terminal, and what moves it by a number of units.

    Args:
        label: what stands before the bar.
        total: units to come; None shows only that something goes on.
        unit: what is counted.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    done = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
    size = () if total is None else (done, TimeRemainingColumn())
    named = TextColumn("{task.description}", markup=False)  # a user's file may be called [b]
    columns = (named, BarColumn(), *size)
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label, total=total)
        yield lambda count: progress.advance(task, count)
