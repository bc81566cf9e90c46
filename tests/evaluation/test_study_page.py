"""The size study's page and figure, from reports whose numbers are known."""

from pathlib import Path

from stylespace.evaluation.study import Result, Session, Study
from stylespace.evaluation.study_page import cell_text, figure_note, page
from stylespace.evaluation.study_table import COLUMNS, cell, panels
from tests.evaluation.test_study import rows

MSE, TOLD, READABLE = (
    next(column for column in COLUMNS if column.measure == name)
    for name in ("mse", "two_sample", "readable")
)


def result(size, seed, value):
    """A session whose every measure is `value`."""
    line = {"value": value, "spread": 0.25, "chance": 0.5, "null_spread": 0.125}
    line |= {"perfect": 1.0, "worst": 0.0, "bandwidth": 0.1, "reader_test_accuracy": 0.99}
    sections = {}
    for column in COLUMNS:
        sections.setdefault(column.section, {"measures": {}})["measures"][column.measure] = line
    report = {"quick": False, "parameters": 1234567, "train_images": 60000, "test_images": 10000}
    report |= {"stylespace": "0.1.0", "torch": "2.13.0", "sections": sections}
    session = Session(style_size=size, seed=seed, directory=Path("s"))
    return Result(session=session, report=report)


SEEDS = [result(4, seed, value) for seed, value in enumerate((1.0, 2.0, 3.0))]


def test_a_cell_is_the_mean_and_the_standard_deviation_over_seeds():
    found = cell(MSE, SEEDS)
    assert (found.value, found.spread) == (2, 1)
    assert cell_text(MSE, found) == "2.0000 ± 1.0000"
    assert cell_text(READABLE, cell(READABLE, SEEDS)) == "200.0 ± 100.0 %"


def test_a_cell_of_one_seed_has_the_measures_own_spread():
    assert cell_text(MSE, cell(MSE, SEEDS[:1])) == "1.0000 ± 0.2500"


def test_a_null_that_no_seed_changes_keeps_its_own_spread():
    assert cell_text(TOLD, cell(TOLD, SEEDS)) == "200.0 ± 100.0 % (50.0 ± 12.5 %)"


def test_what_could_not_be_measured_is_a_dash():
    assert cell_text(MSE, cell(MSE, [result(4, 0, None)])) == "-"
    assert cell_text(MSE, cell(MSE, [*SEEDS, result(4, 3, None)])) == "-"


def test_the_page_has_a_row_a_size_and_a_table_of_each_size_by_seed():
    results = [*SEEDS, *(result(16, seed, 4.0 + seed) for seed in range(3))]
    asked = Study(sizes=(4, 16), seeds=(0, 1, 2))
    text = page(asked, results, command="stylespace evaluate --study 4,16", picture="a/b.png")
    assert "```\n$ stylespace evaluate --study 4,16\n```" in text
    assert "](a/b.png)" in text
    for fact in ("24 epochs", "seeds 0, 1 and 2", "mnist", "torch 2.13.0", "99.00 %"):
        assert fact in text
    assert "quick" not in text
    found = rows(text)
    assert {len(row) for row in found} == {len(COLUMNS) + 1, len(COLUMNS) + 2}
    whole = [row for row in found if row[0] in ("4", "16")]
    assert [row[:3] for row in whole] == [
        ["4", "1,234,567", "2.0000 ± 1.0000"],
        ["16", "1,234,567", "5.0000 ± 1.0000"],
    ]
    assert all(f"**{column.heading}**" in text for column in COLUMNS)
    assert [heading for heading in text.splitlines() if heading.startswith("### ")] == [
        "### Style size 4",
        "### Style size 16",
    ]
    by_seed = [row[1] for row in found if row[0] in ("0", "1", "2")]
    assert by_seed == [f"{value}.0000 ± 0.2500" for value in (1, 2, 3, 4, 5, 6)]


def test_the_page_leads_to_those_beside_it():
    how = {"command": "c", "picture": "p"}
    others = ["results-fashion.md", "results-runes.md"]
    asked, results = Study(sizes=(4,)), [result(4, 0, 1.0)]
    text = page(asked, results, others=others, **how)
    assert "[results-fashion](results-fashion.md), [results-runes](results-runes.md)." in text
    assert "Other studies" not in page(asked, results, **how)


def test_of_a_set_that_is_a_path_the_page_says_the_end():
    asked, results = Study(sizes=(4,), data="/home/ada/runes"), [result(4, 0, 1.0)]
    text = page(asked, results, command="c", picture="p") + figure_note(asked, results)
    assert "/home/ada" not in text
    assert text.count("runes") == 2


def test_the_page_says_that_figures_are_quick():
    results = [result(4, 0, 1.0), result(8, 0, 1.0)]
    results[1].report["quick"] = True
    how = {"command": "c", "picture": "p"}
    asked = Study(sizes=(4, 8))
    assert "1 of 2 reports are quick figures" in page(asked, results, **how)
    results[0].report["quick"] = True
    assert "These are quick figures" in page(asked, results, **how)


def test_panels_rise_with_the_style_size_whatever_the_order():
    results = [result(size, 0, float(size)) for size in (16, 2, 4)]
    for panel in panels(results):
        assert panel.sizes == (2, 4, 16)
        assert [one.value for one in panel.cells] == [2, 4, 16]
        assert len(panel.reference) in (0, 3)
