"""The figures of a size study: its columns, and what the seeds of a size say together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stylespace.evaluation.results import form
from stylespace.evaluation.study import Result

__all__ = ["COLUMNS", "Cell", "Column", "Panel", "by_size", "cell", "panels", "reference_text"]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A measure of the report, as a column of the table and a panel of the figure.

    Attributes:
        section: its section's key in `report.json`.
        measure: its own.
        heading: its name.
        style: how its numbers are written, as `results.Measure.style`.
        good: which direction is good.
        meaning: what it is.
        reference_is: what the value is to be compared with, in a few words.
        reference: key of that.
        drawn: whether the figure has room for it; else it is told there.
        aside: key of a second figure, which stands in brackets.
        aside_is: its name.
        aside_style: how it is written; as the first by default.
        aside_spread: key of its own spread.
    """

    section: str
    measure: str
    heading: str
    style: str
    good: str
    meaning: str
    reference_is: str
    reference: str = "chance"
    drawn: bool = True
    aside: str = ""
    aside_is: str = ""
    aside_style: str = ""
    aside_spread: str = ""


def _hand(measure: str) -> Column:
    return Column(
        section="handwriting",
        measure=measure,
        heading=f"same {measure}",
        style=".2f",
        good="higher",
        meaning=f"correlation over style vectors of the {measure} of two digits drawn from the "
        "same one, mean over all pairs of digits",
        reference_is="styles shuffled",
        drawn=False,
        aside="worst",
        aside_is="worst pair",
    )


COLUMNS = (
    Column(
        section="reconstruction",
        measure="mse",
        heading="test MSE",
        style=".4f",
        good="lower",
        meaning="mean squared error of a pixel from 0 to 1 of test images, encoded and decoded",
        reference_is="each digit's average image",
    ),
    Column(
        section="gaussianity",
        measure="two_sample",
        heading="told from the prior",
        style="share",
        good="lower, down to the null,",
        meaning="accuracy of a fresh classifier that knows the digit and tells test images' style "
        "vectors from prior samples; of longer vectors it finds less of the same difference",
        reference_is="prior against prior",
        aside="chance",
        aside_is="null",
        aside_spread="null_spread",
    ),
    Column(
        section="leak",
        measure="digit_from_style",
        heading="digit read off the style",
        style="share",
        good="lower",
        meaning="accuracy of a fresh classifier that sees the style vector alone",
        reference_is="from prior samples",
    ),
    Column(
        section="generation",
        measure="readable",
        heading="read as asked",
        style="share",
        good="higher",
        meaning="generated digits that an independent reader takes for the digit asked for",
        reference_is="asked for at random",
        drawn=False,
    ),
    _hand("slant"),
    _hand("thickness"),
    _hand("width"),
    Column(
        section="handwriting",
        measure="cycle",
        heading="cycle error",
        style=".3f",
        good="lower",
        meaning="root mean squared difference of a style dimension, drawn and encoded again, by "
        "the prior's standard deviation",
        reference_is="another style vector",
    ),
    Column(
        section="use",
        measure="trained_on_generated",
        heading="classifier taught by it",
        style="share",
        good="higher",
        meaning="accuracy on test images of a classifier that was trained on generated "
        "digits alone",
        reference="perfect",
        reference_is="taught by training images",
    ),
    Column(
        section="generation",
        measure="coverage",
        heading="coverage",
        style="share",
        good="higher",
        meaning="test images with a generated digit near them, as the reader sees them",
        reference_is="training images",
    ),
    Column(
        section="generation",
        measure="density",
        heading="density",
        style=".2f",
        good="nearer to 1",
        meaning="how many test images a generated digit is near; above 1 is too typical",
        reference_is="training images",
    ),
    Column(
        section="likelihood",
        measure="parzen",
        heading="Parzen, nats",
        style=".1f",
        good="higher",
        meaning="log-likelihood of test images under Gaussian windows on generated digits",
        aside="bandwidth",
        aside_is="bandwidth",
        aside_style=".3f",
        reference_is="on training images",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A measure of one session, or of several together.

    Attributes:
        value: the measure; not a number where it could not be taken.
        spread: its standard deviation over sessions, or its own spread.
        aside: the second figure, if the column has one.
        aside_spread: of that, in the same way.
    """

    value: float
    spread: float | None
    aside: float | None = None
    aside_spread: float | None = None


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A column as curves over the style size.

    Attributes:
        title: the column's name.
        note: which direction is good, and what the reference is.
        percent: whether its numbers are shares.
        sizes: style sizes, ascending.
        cells: a cell for each of them.
        aside_is: what a second, quiet curve through the asides is; empty for none.
        reference: a quiet line at each size; empty for none.
    """

    title: str
    note: str
    percent: bool
    sizes: tuple[int, ...]
    cells: tuple[Cell, ...]
    aside_is: str = ""
    reference: tuple[float, ...] = ()


def by_size(results: Sequence[Result]) -> dict[int, list[Result]]:
    """Results of each style size, ascending, in the order given."""
    sizes = sorted({result.session.style_size for result in results})
    return {
        size: [result for result in results if result.session.style_size == size] for size in sizes
    }


def cell(column: Column, results: Sequence[Result]) -> Cell:
    """What some sessions say together: means, and sample standard deviations over them.

    Where all say the same (as one session does, and all do of a null that does not depend on
    training), the spread is the measure's own.

    Args:
        column: which measure.
        results: of one or more sessions.
    """
    value, spread = _mean_spread(column, results, "value", "spread")
    if not column.aside:
        return Cell(value=value, spread=spread)
    aside, aside_spread = _mean_spread(column, results, column.aside, column.aside_spread)
    return Cell(value=value, spread=spread, aside=aside, aside_spread=aside_spread)


def reference_text(column: Column, results: Sequence[Result]) -> str:
    """What a column's values are to be compared with; a range where the sessions differ in it."""
    values = _numbers(column, results, column.reference)
    least, most = (form(end(values), column.style) for end in (min, max))
    return f"{column.reference_is}: " + (least if least == most else f"{least} to {most}")


def panels(results: Sequence[Result]) -> tuple[Panel, ...]:
    """The study's figure: a panel for each column."""
    sizes = by_size(results)
    return tuple(_panel(column, sizes, results) for column in COLUMNS)


def _panel(column: Column, sizes: dict[int, list[Result]], results: Sequence[Result]) -> Panel:
    good = column.good.split(",")[0]
    usual = _mean(_numbers(column, results, column.reference))  # a range would not fit
    compared = f"{column.reference_is}: {form(usual, column.style)}"
    if column.drawn:
        compared = f"dashed: {column.reference_is}"
    lines = [_mean(_numbers(column, found, column.reference)) for found in sizes.values()]
    return Panel(
        title=column.heading,
        note=f"{good} is better; {compared}",
        percent=column.style == "share",
        sizes=tuple(sizes),
        cells=tuple(cell(column, found) for found in sizes.values()),
        # other asides are references, or on another scale
        aside_is=column.aside_is if column.aside == "worst" else "",
        reference=tuple(lines) if column.drawn else (),
    )


def _mean_spread(
    column: Column, results: Sequence[Result], key: str, spread: str
) -> tuple[float, float | None]:
    values = _numbers(column, results, key)
    if not all(map(math.isfinite, values)):
        return math.nan, None
    if len(set(values)) > 1:
        return _mean(values), statistics.stdev(values)
    own = _numbers(column, results[:1], spread)[0]
    return values[0], own if math.isfinite(own) else None


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _numbers(column: Column, results: Sequence[Result], key: str) -> list[float]:
    """A number of each report; not a number where the report has none."""
    found = [_line(column, result).get(key) for result in results]
    return [float(value) if isinstance(value, (int, float)) else math.nan for value in found]


def _line(column: Column, result: Result) -> dict[str, Any]:
    section = result.report["sections"].get(column.section, {})
    line: dict[str, Any] = section.get("measures", {}).get(column.measure, {})
    return line
