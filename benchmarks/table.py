"""What a benchmark found, as a table and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Row", "of_runs", "text"]


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        name: what was measured.
        value: the figure, a median where there are several runs.
        unit: of the figure.
        low: the smallest of the runs.
        high: the largest of the runs.
        runs: how many.
    """

    name: str
    value: float
    unit: str
    low: float | None = None
    high: float | None = None
    runs: int = 1


def of_runs(name: str, values: Sequence[float], unit: str) -> Row:
    """The median of several runs, and how far they go."""
    return Row(name, statistics.median(values), unit, min(values), max(values), len(values))


def text(title: str, rows: Sequence[Row]) -> str:
    """A part of the table that `make bench` prints."""
    lines = [title, *(_line(row) for row in rows)]
    return "\n".join(lines)


def _line(row: Row) -> str:
    spread = ""
    if row.low is not None and row.high is not None:
        spread = f"{_number(row.low)} to {_number(row.high)} in {row.runs} runs"
    return f"  {row.name:<58} {_number(row.value):>9} {row.unit:<9} {spread}".rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
