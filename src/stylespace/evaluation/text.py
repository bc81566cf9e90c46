"""The report card as aligned text."""

from __future__ import annotations

import textwrap

from stylespace.evaluation.results import Measure, Report, form

__all__ = ["card_text"]

HEAD = ("", "value", "spread", "perfect", "chance")
LEAST_MEANING = 28


def card_text(report: Report, width: int = 100) -> str:
    """Write the report as lines of a terminal.

    Args:
        report: what was found.
        width: of the terminal; what a figure means is wrapped, or left out where there is no
            room for it.
    """
    rows = [_cells(line) for section in report.sections for line in section.measures]
    widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    room = width - sum(widths) - 2 * len(widths) - 2
    lines = [_head(report), ""]
    lines.append(
        f"  {_row(HEAD, widths)}  what it means".rstrip()
        if room >= LEAST_MEANING
        else f"  {_row(HEAD, widths)}"
    )
    for section in report.sections:
        lines += ["", section.title]
        for line in section.measures:
            lines += _lines(line, widths, room)
    return "\n".join(line.rstrip() for line in lines)


def _head(report: Report) -> str:
    facts = report.facts
    kind = "quick report" if facts["quick"] else "report"
    return (
        f"{facts['session']}: {kind} on {facts['test_images']:,} test images of {facts['data']}, "
        f"style size {facts['style_size']}, seed {facts['seed']}"
    )


def _cells(line: Measure) -> tuple[str, ...]:
    spread = f"± {form(line.spread, line.style)}" if line.spread is not None else ""
    numbers = (form(line.value, line.style), spread, form(line.perfect, line.style))
    return (line.label, *numbers, form(line.chance, line.style))


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(room) for cell, room in others)])


def _lines(line: Measure, widths: list[int], room: int) -> list[str]:
    row = f"  {_row(_cells(line), widths)}"
    if room < LEAST_MEANING:
        return [row]
    first, *rest = textwrap.wrap(line.meaning, room) or [""]
    indent = " " * (len(row) + 2)
    return [f"{row}  {first}", *(indent + text for text in rest)]
