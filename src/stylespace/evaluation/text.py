"""The report card as aligned text."""

from __future__ import annotations

import textwrap

from stylespace.evaluation.results import Measure, Report, data_name, explained, form

__all__ = ["card_text"]

HEAD = ("", "value", "spread", "perfect", "chance")
LEAST_MEANING = 28
BELOW = "    "


def card_text(report: Report, width: int = 100) -> str:
    """Write the report as lines of a terminal.

    Args:
        report: what was found.
        width: of the terminal; what a figure means stands beside it, or below it where there is
            no room. Lines fit into 50 characters and more.
    """
    rows = [_cells(line) for section in report.sections for line in section.measures]
    widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    beside = width - sum(widths) - 2 * len(widths) - 2 >= LEAST_MEANING
    heading = _lines(HEAD, "what it means" if beside else "", widths, width)
    lines = [*textwrap.wrap(_head(report), width), "", *heading]
    for section in report.sections:
        lines += ["", section.title]
        for line in section.measures:
            meaning = explained(line.meaning, line.chance_is)
            lines += _lines(_cells(line), meaning, widths, width)
    return "\n".join(line.rstrip() for line in lines)


def _head(report: Report) -> str:
    facts = report.facts
    kind = "quick report" if facts["quick"] else "report"
    return (
        f"{facts['session']}: {kind} on {facts['test_images']:,} test images of "
        f"{data_name(facts['data'])}, style size {facts['style_size']}, "
        f"evaluation seed {facts['seed']}"
    )


def _cells(line: Measure) -> tuple[str, ...]:
    spread = f"± {form(line.spread, line.style)}" if line.spread is not None else ""
    numbers = (form(line.value, line.style), spread, form(line.perfect, line.style))
    return (line.label, *numbers, form(line.chance, line.style))


def _lines(cells: tuple[str, ...], meaning: str, widths: list[int], width: int) -> list[str]:
    """A row of the table, and its meaning where there is room for it."""
    label = f"  {cells[0].ljust(widths[0])}"
    numbers = "".join(f"  {cell.rjust(w)}" for cell, w in zip(cells[1:], widths[1:], strict=True))
    room = width - len(label + numbers) - 2
    if room >= LEAST_MEANING:
        first, *rest = textwrap.wrap(meaning, room) or [""]
        indent = " " * (width - room)
        return [f"{label}{numbers}  {first}", *(indent + text for text in rest)]
    below = [BELOW + text for text in textwrap.wrap(meaning, width - len(BELOW))]
    if len(label + numbers) <= width:
        return [label + numbers, *below]
    return [*([label] if cells[0] else []), f"  {numbers}", *below]
