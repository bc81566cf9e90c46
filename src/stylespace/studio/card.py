"""A session's report card, as rows for a page or a model card."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, TypedDict

from stylespace.evaluation.results import FORMAT, explained, form
from stylespace.evaluation.session import read_report, weights_digest
from stylespace.networks import StyleAutoencoder

__all__ = ["Row", "card_rows"]

STYLE = re.compile(r"share|\.[0-9][ef]")
WRONG = (
    OSError,
    ValueError,
    OverflowError,
    RecursionError,
    KeyError,
    TypeError,
    AttributeError,
)


class Row(TypedDict):
    """One measure: its group, its name, its value, and the same as text with its marks."""

    group: str
    name: str
    value: float | None
    text: str
    perfect: str | None
    chance: str | None
    meaning: str


def card_rows(directory: Path, model: StyleAutoencoder) -> list[Row] | None:
    """The rows of the session's `report.json`.

    Args:
        directory: the session.
        model: its model, as `checkpoint.load` gave it.

    Returns:
        None where there is no report, it is damaged or of other images than the model's, or the
        model was trained on since.
    """
    try:
        report = read_report(directory)
        if report["format"] != FORMAT or report["weights_digest"] != weights_digest(model):
            return None
        if report.get("data", model.config.data) != model.config.data:
            return None
        quick = ", quick" if report.get("quick") else ""  # not to be compared with full ones
        return [
            _row(key, {**line, "label": f"{line['label']}{quick}"})
            for key, section in report["sections"].items()
            for line in section["measures"].values()
        ]
    except WRONG:  # a stranger's file may be anything
        return None


def _row(section: str, line: dict[str, Any]) -> Row:
    value, style = line.get("value"), str(line["style"])
    if not STYLE.fullmatch(style):
        raise ValueError("a measure is written in no such way")
    known = value is not None and math.isfinite(value)  # the file has null for what is not
    return Row(
        group=section.capitalize(),
        name=str(line["label"]),
        value=value if known else None,
        text=form(value, style) if known else "-",
        perfect=_text(line.get("perfect"), style),
        chance=_text(line.get("chance"), style),
        meaning=explained(str(line.get("meaning", "")), str(line.get("chance_is", ""))),
    )


def _text(value: float | None, style: str) -> str | None:
    return None if value is None or not math.isfinite(value) else form(value, style)
