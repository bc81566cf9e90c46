"""The size study as a page of Markdown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from stylespace.evaluation.results import data_name, form
from stylespace.evaluation.study import Result, Study
from stylespace.evaluation.study_table import COLUMNS, Cell, Column, by_size, cell, reference_text

__all__ = ["HEADING", "cell_text", "figure_note", "page"]

HEADING = "# What the style size does"
"""A study's page begins with it."""

BY_SEED = """## By training seed

Here ± is each measure's own spread: a standard error over images, or a standard deviation over
repeats or resamples, as the session's `report.json` says."""


def page(
    study: Study,
    results: Sequence[Result],
    *,
    command: str,
    picture: str,
    others: Sequence[str] = (),
) -> str:
    """Write what a study found.

    Args:
        study: what was trained and measured.
        results: of all its sessions.
        command: what the user typed.
        picture: the figure, relative to the page.
        others: pages of other studies that belong to this one, likewise.

    Returns:
        Markdown.
    """
    sizes = by_size(results)
    parts = [
        HEADING,
        "Made, figure and all, by\n\n```\n$ " + command + "\n```",
        _facts(study, results),
        _quick_note(results),
        _also(others),
        f"![A panel for each measure, over the style size]({quote(picture)})",
        f"## By style size\n\n{_spread_note(study)}",
        _table("style size", [(str(size), found) for size, found in sizes.items()], weights=True),
        "\n".join(_explanation(column, results) for column in COLUMNS),
    ]
    if len(study.seeds) > 1:  # else the table has said it all
        parts.append(BY_SEED)
        parts += [_by_seed(size, found) for size, found in sizes.items()]
    return "\n\n".join(part for part in parts if part) + "\n"


def figure_note(study: Study, results: Sequence[Result]) -> str:
    """A line below the figure's title: what was trained, and what the bars are."""
    bars = "their standard deviation" if len(study.seeds) > 1 else "each measure's own spread"
    quick = "; quick figures" if any(result.report["quick"] for result in results) else ""
    return (
        f"{data_name(study.data)}, {_count(study.epochs, 'epoch')}, "
        f"training {_list('seed', study.seeds)}; bars: {bars}; pale: the worst pair of digits"
        f"{quick}"
    )


def cell_text(column: Column, found: Cell) -> str:
    """Write a cell: value, spread, and the second figure in brackets.

    Example:
        >>> cell_text(COLUMNS[1], Cell(value=0.53, spread=0.002, aside=0.5, aside_spread=None))
        '53.0 ± 0.2 % (50.0 %)'
    """
    text = _number(found.value, found.spread, column.style)
    if found.aside is None:
        return text
    style = column.aside_style or column.style
    return f"{text} ({_number(found.aside, found.aside_spread, style)})"


def _number(value: float, spread: float | None, style: str) -> str:
    if spread is None or not math.isfinite(value):
        return form(value, style)
    if style == "share":
        return f"{100 * value:.1f} ± {100 * spread:.1f} %"
    return f"{value:{style}} ± {spread:{style}}"


def _facts(study: Study, results: Sequence[Result]) -> str:
    first = results[0].report
    reader = _reader_accuracy(first)
    return (
        f"Adversarial auto-encoders for {data_name(study.data)}, trained with the default "
        f"settings on {first['train_images']:,} images for {_count(study.epochs, 'epoch')} and "
        f"judged on {first['test_images']:,} test images. Training {_list('seed', study.seeds)}, "
        f"evaluation seed {study.seed}. {reader}stylespace {_all(results, 'stylespace')}, torch "
        f"{_all(results, 'torch')}."
    )


def _reader_accuracy(report: dict[str, Any]) -> str:
    accuracy = report["sections"]["generation"]["measures"]["readable"]["reader_test_accuracy"]
    return f"The reader is right on {100 * accuracy:.2f} % of these. "


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _list(word: str, numbers: Sequence[int]) -> str:
    *others, last = map(str, numbers)
    return f"{word}s {', '.join(others)} and {last}" if others else f"{word} {last}"


def _all(results: Sequence[Result], fact: str) -> str:
    return ", ".join(sorted({str(result.report[fact]) for result in results}))


def _quick_note(results: Sequence[Result]) -> str:
    quick = sum(bool(result.report["quick"]) for result in results)
    if not quick:
        return ""
    which = "These are" if quick == len(results) else f"{quick} of {len(results)} reports are"
    return (
        f"**{which} quick figures** (`--quick`): from fewer samples and repeats, with wider "
        "spreads; not to be compared with full ones."
    )


def _also(others: Sequence[str]) -> str:
    links = ", ".join(f"[{name.removesuffix('.md')}]({quote(name)})" for name in others)
    return f"Other studies: {links}." if links else ""


def _spread_note(study: Study) -> str:
    if len(study.seeds) == 1:
        return (
            "± is each measure's own spread: a standard error over images, or a standard "
            "deviation over repeats or resamples, not over trainings."
        )
    return (
        f"Means over {len(study.seeds)} training seeds, ± their sample standard deviation; where "
        "all seeds agree, ± is the measure's own spread."
    )


def _table(
    head: str, rows: Sequence[tuple[str, Sequence[Result]]], *, weights: bool = False
) -> str:
    headings = [head, *(["weights"] if weights else []), *map(_heading, COLUMNS)]
    lines = [headings, ["---:"] * len(headings)]
    for name, found in rows:
        counted = [f"{found[0].report['parameters']:,}"] if weights else []
        cells = [cell_text(column, cell(column, found)) for column in COLUMNS]
        lines.append([name, *counted, *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _heading(column: Column) -> str:
    return f"{column.heading} ({column.aside_is})" if column.aside else column.heading


def _explanation(column: Column, results: Sequence[Result]) -> str:
    aside = f"; in brackets: the {column.aside_is}" if column.aside else ""
    return (
        f"- **{column.heading}**: {column.meaning}{aside}. {_sentence(column.good)} is better. "
        f"{_sentence(reference_text(column, results))}."
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _by_seed(size: int, found: Sequence[Result]) -> str:
    rows = [(str(result.session.seed), [result]) for result in found]
    return f"### Style size {size}\n\n{_table('seed', rows)}"
