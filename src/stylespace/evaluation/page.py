"""The report as one page of HTML that needs nothing else: no network, no script."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Sequence

from stylespace.evaluation.results import Measure, Picture, Report, Section, data_name, form

__all__ = ["page"]

STYLE = """
:root { color-scheme: light dark; --ink: #1d2126; --soft: #68707a; --line: #e2e5e9;
  --paper: #fff; --band: #f5f7f9; --mark: #2f6fbd; --prior: #b4bac2; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7eb; --soft: #98a1ac; --line: #31363d;
  --paper: #16191d; --band: #1e2227; --mark: #79b0f2; --prior: #5b636d; }
  img { filter: invert(0.9); } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 62rem; color: var(--ink);
  background: var(--paper); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.15rem; margin: 2.6rem 0 0; }
p { margin: .2rem 0 .8rem; } p.question, figcaption, .facts, footer { color: var(--soft); }
.quick { border-left: 3px solid var(--mark); padding: .2rem .8rem; background: var(--band); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th { font-weight: 500; font-size: .82rem; color: var(--soft); text-align: right;
  white-space: nowrap; }
td, th { padding: .35rem .55rem; border-bottom: 1px solid var(--line); vertical-align: baseline; }
td { text-align: right; white-space: nowrap; }
th:first-child, td:first-child, th.words, td.words { text-align: left; }
th:first-child, td:first-child { padding-left: 0; }
td.words { white-space: normal; min-width: 16rem; }
.measures td:first-child { width: 13.5rem; white-space: normal; } .measures td { width: 5.2rem; }
.measures td.words { width: auto; } .measures .words { padding-left: 1.4rem; }
td.words small { display: block; }
td.value { font-weight: 650; } small { color: var(--soft); font-size: .82rem; }
td .bar { display: block; height: 3px; margin: .25rem 0 0 auto; background: var(--mark);
  border-radius: 2px; min-width: 1px; }
details { margin: .6rem 0 0; } summary { color: var(--soft); font-size: .9rem; cursor: pointer; }
figure { margin: 1.1rem 0 0; } figcaption { font-size: .9rem; margin-bottom: .3rem; }
img { max-width: 100%; height: auto; display: block; border-radius: 3px; }
svg { display: inline-block; margin: 0 1rem .6rem 0; width: 11rem; max-width: 44%; }
svg text { fill: var(--soft); font-size: 11px; }
svg .code { fill: var(--mark); opacity: .55; } svg .prior { fill: none; stroke: var(--ink);
  stroke-width: 1.3; } svg .axis { stroke: var(--line); }
footer { margin-top: 3rem; font-size: .85rem; border-top: 1px solid var(--line);
  padding-top: .8rem; }
@media (max-width: 46rem) {
  body { padding: 1.5rem 1rem 3rem; }
  .measures, .measures tbody { display: block; }
  .measures tr { display: grid; grid-template-columns: repeat(4, 1fr);
    border-bottom: 1px solid var(--line); padding: .35rem 0; }
  .measures :is(td, th) { border: 0; padding: .1rem .3rem .1rem 0; text-align: left;
    width: auto; min-width: 0; }
  .measures td:first-child, .measures td.words { grid-column: 1 / -1; width: auto; padding: 0; }
  .measures th:first-child, .measures th.words { display: none; } }
"""
COLUMNS = ("", "value", "spread", "perfect", "chance", "what it means")
MOST_CLASSES = 26
MOST_HISTOGRAMS = 32
PLOT = (176, 84)  # width and height of a histogram
EDGE = 4.0  # the histograms end there, on both sides
PEAK = 0.56  # the density at their upper edge; the prior's largest is 0.40


def page(report: Report) -> str:
    """Write the report as HTML.

    Args:
        report: what was found.

    Returns:
        A whole document; its pictures are inside it.
    """
    facts = report.facts
    title = _safe(f"Report on {facts['session']}")
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{STYLE}</style></head><body>",
        f"<h1>{title}</h1>",
        f'<p class="facts">{_safe(_facts(report))}</p>',
        _quick_note() if facts["quick"] else "",
        *(_section(section, report.class_names) for section in report.sections),
        f"<footer>{_footer(report)}</footer>",
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _facts(report: Report) -> str:
    facts = report.facts
    own, judged = facts.get("trained_on", facts["data"]), facts["data"]
    return (
        f"Style size {facts['style_size']}, {facts['parameters']:,} weights, trained for "
        f"{data_name(own)}; judged on {facts['test_images']:,} test images of "
        f"{data_name(judged)}, evaluation seed {facts['seed']}."
    )


def _quick_note() -> str:
    return (
        '<p class="quick">A quick report: fewer samples and repeats, wider spreads. Compare '
        "models by whole ones.</p>"
    )


def _footer(report: Report) -> str:
    facts = report.facts
    text = (
        f"stylespace {facts['stylespace']}, torch {facts['torch']}; measured in "
        f"{facts['seconds']:.0f} seconds. Chance: a null, or where there is none what real "
        "images give; each line says which. All figures, with what the spreads are over: "
        "report.json."
    )
    return _safe(text)


def _section(section: Section, names: tuple[str, ...]) -> str:
    heads = "".join(
        f'<th class="words">{name}</th>' if name == COLUMNS[-1] else f"<th>{name}</th>"
        for name in COLUMNS
    )
    rows = "".join(_row(line) for line in section.measures)
    return "\n".join(
        [
            f'<section id="{section.key}"><h2>{_safe(section.title)}</h2>',
            f'<p class="question">{_safe(section.question)}</p>',
            f'<div class="scroll"><table class="measures"><tr>{heads}</tr>{rows}</table></div>',
            *_histograms(section),
            _per_class(section, names),
            *(_figure(picture) for picture in section.pictures),
            "</section>",
        ]
    )


def _row(line: Measure) -> str:
    spread = f"± {form(line.spread, line.style)}" if line.spread is not None else ""
    notes = line.samples + (f"; ± is {line.spread_is}" if line.spread_is else "")
    return (
        f"<tr><td>{_safe(line.label)}</td>"
        f'<td class="value">{form(line.value, line.style)}</td>'
        f"<td><small>{spread}</small></td>"
        f"<td>{form(line.perfect, line.style)}</td>"
        f'<td title="{_safe(line.chance_is)}">{form(line.chance, line.style)}</td>'
        f'<td class="words">{_safe(line.meaning)}<small>{_safe(_sentence(line, notes))}</small>'
        "</td></tr>"
    )


def _sentence(line: Measure, notes: str) -> str:
    return f"{notes}; chance: {line.chance_is}" if line.chance_is else notes


def _per_class(section: Section, names: tuple[str, ...]) -> str:
    lines = [line for line in section.measures if 0 < len(line.per_class) <= MOST_CLASSES]
    if not lines:
        return ""
    heads = "".join(f"<th>{_safe(name)}</th>" for name in names[: len(lines[0].per_class)])
    rows = "".join(f"<tr><td>{_safe(line.label)}</td>{_class_cells(line)}</tr>" for line in lines)
    return (
        "<details open><summary>for each digit; the fewer images, the more of it is chance"
        '</summary><div class="scroll">'
        f"<table><tr><th></th>{heads}</tr>{rows}</table></div></details>"
    )


def _class_cells(line: Measure) -> str:
    """Values, with bars against the largest."""
    finite = [value for value in line.per_class if math.isfinite(value)]
    most = max(finite, default=0.0) or 1.0
    cells = []
    for value in line.per_class:
        share = value / most if math.isfinite(value) else 0
        bar = f'<span class="bar" style="width:{100 * share:.0f}%"></span>'
        cells.append(f"<td>{form(value, line.style)}{bar}</td>")
    return "".join(cells)


def _figure(picture: Picture) -> str:
    width, height = picture.size
    data = base64.b64encode(picture.png).decode("ascii")
    caption = _safe(picture.caption)
    return (
        f"<figure><figcaption>{caption}</figcaption>"
        f'<img src="data:image/png;base64,{data}" width="{width}" height="{height}" '
        f'alt="{caption}"></figure>'
    )


def _histograms(section: Section) -> list[str]:
    for line in section.measures:
        if "histograms" in line.details:
            plots = [
                _histogram(number + 1, heights)
                for number, heights in enumerate(line.details["histograms"][:MOST_HISTOGRAMS])
            ]
            caption = "Each style dimension: codes as bars, the prior as a line."
            return [f"<figure><figcaption>{caption}</figcaption>", *plots, "</figure>"]
    return []


def _histogram(number: int, heights: Sequence[float]) -> str:
    width, height = PLOT
    step = width / len(heights)
    bars = "".join(
        f'<rect class="code" x="{place * step:.1f}" y="{_up(value):.1f}" '
        f'width="{step - 0.5:.1f}" height="{height - _up(value):.1f}"/>'
        for place, value in enumerate(heights)
    )
    places = [-EDGE + 2 * EDGE * point / 60 for point in range(61)]
    curve = " ".join(
        f"{(place + EDGE) / (2 * EDGE) * width:.1f},{_up(_normal(place)):.1f}" for place in places
    )
    return (
        f'<svg viewBox="0 0 {width} {height + 14}" role="img" aria-label="dimension {number}">'
        f'{bars}<polyline class="prior" points="{curve}"/>'
        f'<line class="axis" x1="0" x2="{width}" y1="{height}" y2="{height}"/>'
        f'<text x="0" y="{height + 12}">-4</text>'
        f'<text x="{width / 2}" y="{height + 12}" text-anchor="middle">dimension {number}</text>'
        f'<text x="{width}" y="{height + 12}" text-anchor="end">4</text></svg>'
    )


def _up(density: float) -> float:
    return PLOT[1] * (1 - min(density / PEAK, 1))


def _normal(place: float) -> float:
    return math.exp(-(place**2) / 2) / math.sqrt(2 * math.pi)


def _safe(text: str) -> str:
    return html.escape(text)
