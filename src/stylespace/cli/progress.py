"""What a person sees while parts of some work go on, on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stylespace.data.progress import say

__all__ = ["parts"]


@contextmanager
def parts() -> Iterator[tuple[Callable[[str, float], None], Callable[[str], None]]]:
    """What shows the share that is done of each part, on a terminal, and what says a line."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield lambda _name, _share: None, say
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<16}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, int] = {}

        def progress(name: str, share: float) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=1.0)
            bars.update(tasks[name], completed=share)  # type: ignore[arg-type]

        yield progress, console.print
