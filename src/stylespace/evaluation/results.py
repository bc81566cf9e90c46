"""What an evaluation found: plain data, from the measures to the card, the page and the file."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from stylespace.data.catalog import HUB, SETS

__all__ = [
    "Measure",
    "Picture",
    "Report",
    "Section",
    "data_name",
    "explained",
    "form",
    "public_name",
]

FORMAT = 2


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One line of the report card.

    Attributes:
        key: its name in the file.
        label: its name for people.
        value: what was measured.
        style: how numbers are written: `"share"` (as per cent) or a format such as `".4f"`.
        perfect: what a perfect model has; none where there is no such figure.
        chance: what chance, or the null measured in the same way, gives.
        chance_is: what that null is, in a few words.
        spread: of the value.
        spread_is: over what, in a few words.
        samples: how many of what were judged.
        meaning: what the figure tells, in a few words.
        per_class: the figure for each digit, where it was taken.
        details: further figures for the file.
    """

    key: str
    label: str
    value: float
    style: str
    meaning: str
    samples: str
    perfect: float | None = None
    chance: float | None = None
    chance_is: str = ""
    spread: float | None = None
    spread_is: str = ""
    per_class: tuple[float, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture of the page.

    Attributes:
        caption: what it shows.
        png: its bytes.
        size: width and height on the page, in pixels.
    """

    caption: str
    png: bytes
    size: tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Section:
    """Measures of one question.

    Attributes:
        key: its name in the file.
        title: its name for people.
        question: what its measures answer.
        measures: the lines.
        pictures: for the page.
    """

    key: str
    title: str
    question: str
    measures: tuple[Measure, ...]
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that an evaluation found.

    Attributes:
        facts: of model, data and evaluation: names to values, for the file and the page's head.
        class_names: what the digits are called.
        sections: the measures.
    """

    facts: dict[str, Any]
    class_names: tuple[str, ...]
    sections: tuple[Section, ...]

    def value(self, section: str, measure: str) -> float:
        """A measure's value.

        Raises:
            KeyError: there is no such measure.
        """
        return self.measure(section, measure).value

    def measure(self, section: str, measure: str) -> Measure:
        """A measure by its keys.

        Raises:
            KeyError: there is none.
        """
        found = {(part.key, line.key): line for part in self.sections for line in part.measures}
        return found[section, measure]

    def as_json(self) -> dict[str, Any]:
        """The report as `report.json` holds it; what is not a finite number is null."""
        sections = {
            section.key: {
                "question": section.question,
                "measures": {line.key: _line(line) for line in section.measures},
            }
            for section in self.sections
        }
        whole = {
            "format": FORMAT,
            **self.facts,
            "class_names": list(self.class_names),
            "sections": sections,
        }
        finite: dict[str, Any] = _finite(whole)
        return finite


def data_name(data: str) -> str:
    """A data set's name in a line of text: of a whole path its end.

    Example:
        >>> data_name("mnist"), data_name("/home/ada/runes"), data_name("hf:/home/ada/runes")
        ('mnist', 'runes', 'runes')
    """
    path = PurePath(data.removeprefix(HUB))
    return path.name if path.is_absolute() else data


def public_name(data: str) -> str:
    """A data set's name as a published model bears it: of one's own set no path, even of a folder.

    Example:
        >>> public_name("mnist"), public_name("sets/runes"), public_name("hf:ylecun/mnist")
        ('mnist', 'runes', 'hf:ylecun/mnist')
    """
    name = data_name(data)
    return name if name in SETS or name.startswith(HUB) else PurePath(name).name


def explained(meaning: str, chance_is: str) -> str:
    """What a figure means, and what stands beside it under chance, which need be no chance."""
    return f"{meaning}; under chance: {chance_is}" if chance_is else meaning


def form(value: float | None, style: str) -> str:
    """Write a number as its measure asks for it.

    Example:
        >>> form(0.5, "share"), form(0.0212, ".4f"), form(None, ".4f"), form(-0.001, ".2f")
        ('50.0 %', '0.0212', '', '0.00')
    """
    if value is None:
        return ""
    if not math.isfinite(value):
        return "-"
    text = f"{100 * value:.1f} %" if style == "share" else f"{value:{style}}"
    return text if any(figure in text for figure in "123456789") else text.removeprefix("-")


def _line(line: Measure) -> dict[str, Any]:
    values = dataclasses.asdict(line)
    details = values.pop("details")
    del values["key"]
    kept = {name: value for name, value in values.items() if value not in (None, "", ())}
    return {**kept, **details}


def _finite(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
