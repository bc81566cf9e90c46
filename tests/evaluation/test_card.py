"""The report: every section of it, as data, as a card, as a page, and on the disk."""

import dataclasses
import html.parser
import json
import math
import re

import pytest
import torch

from stylespace.config import ModelConfig
from stylespace.data.images import LabelledImages
from stylespace.errors import DataError, StylespaceError
from stylespace.evaluation import card
from stylespace.evaluation.page import page
from stylespace.evaluation.reader import ReaderRecipe, train_reader
from stylespace.evaluation.results import Measure, Report, Section, form
from stylespace.evaluation.subject import Subject
from stylespace.evaluation.text import card_text
from stylespace.networks import StyleAutoencoder
from tests.small import strokes

TRAIN, TEST = strokes(600, 0), strokes(300, 1)
MEASURES = {
    "reconstruction": {"mse"},
    "gaussianity": {"two_sample", "sliced_wasserstein", "mean", "covariance", "ks"},
    "leak": {"digit_from_style"},
    "generation": {"readable", "coverage", "density", "nearest", "closest"},
    "handwriting": {"slant", "thickness", "width", "height", "cycle"},
    "use": {"trained_on_generated"},
    "likelihood": {"parzen"},
}
PER_DIGIT = [
    ("reconstruction", "mse"),
    ("gaussianity", "two_sample"),
    ("gaussianity", "mean"),
    ("gaussianity", "covariance"),
    ("gaussianity", "ks"),
    ("leak", "digit_from_style"),
    ("generation", "readable"),
    ("handwriting", "cycle"),
]


def model(contrast=1.0, **config):
    """An untrained model; with more contrast its drawings differ from each other."""
    torch.manual_seed(0)
    fresh = StyleAutoencoder(ModelConfig(style_size=2, **config)).eval()
    with torch.no_grad():
        for weight in fresh.decoder.parameters():
            weight.mul_(contrast)
    return fresh


@pytest.fixture(scope="module")
def reader():
    return train_reader(TRAIN, ReaderRecipe(channels=4, epochs=4, batch_size=50), seed=0)


@pytest.fixture(scope="module")
def report(reader):
    return card.evaluate(model(3), TRAIN, TEST, reader, name="<b>mine</b>", quick=True)


def lines(report):
    return [line for section in report.sections for line in section.measures]


def test_every_measure_that_is_asked_for_is_there(report):
    found = {part.key: {line.key for line in part.measures} for part in report.sections}
    assert found == MEASURES


def test_each_line_says_what_it_means_and_how_many_were_judged(report):
    for line in lines(report):
        assert line.meaning
        assert re.search(r"\d", line.samples)
        assert line.chance is not None
        assert line.chance_is
        assert (line.spread is None) == (not line.spread_is)


def test_a_set_that_lies_class_by_class_is_judged_like_one_that_does_not(report, reader):
    train, test = (data.subset(data.digits.argsort(stable=True)) for data in (TRAIN, TEST))
    sorted_sets = card.evaluate(model(3), train, test, reader, quick=True)
    mixed = {line.key: line for line in lines(report)}
    for line in lines(sorted_sets):
        if line.key in ("readable", "coverage", "density", "nearest", "closest", "parzen"):
            assert line.value == pytest.approx(mixed[line.key].value, rel=1e-3), line.key
            if line.key != "readable":
                assert line.chance == pytest.approx(mixed[line.key].chance, rel=1e-3), line.key


def test_figures_stand_for_each_digit(report):
    for key in PER_DIGIT:
        assert len(report.measure(*key).per_class) == 10
    assert len(report.measure("gaussianity", "two_sample").details["null_per_class"]) == 10


def test_the_same_seed_gives_the_same_report(report, reader):
    again = card.evaluate(model(3), TRAIN, TEST, reader, name="<b>mine</b>", quick=True)
    assert again.as_json()["sections"] == report.as_json()["sections"]


def test_progress_names_each_section_and_only_rises(reader):
    seen = {}

    def progress(name, share):
        assert 0 <= share <= 1
        assert share >= seen.get(name, 0)
        seen[name] = share

    drawn_grey = card.evaluate(
        model(contrast=0), TRAIN, TEST, reader, quick=True, progress=progress
    )
    assert seen == dict.fromkeys(MEASURES, 1)
    hand = drawn_grey.measure("handwriting", "slant")
    assert math.isnan(hand.value)  # plain grey has no slant
    assert hand.meaning == "1,500 drawings had nothing to measure"
    assert "nan" not in card_text(drawn_grey).lower()
    assert ">nan<" not in page(drawn_grey).lower()
    assert drawn_grey.as_json()["sections"]["handwriting"]["measures"]["slant"]["value"] is None


@pytest.mark.parametrize(
    ("train", "test", "config", "says"),
    [
        (TRAIN, TEST, {"classes": 12}, "the model is for 12 classes, but mnist has 10"),
        (TRAIN, TEST.subset(slice(99)), {}, "600 training and 99 test images are too few"),
        (TRAIN.subset(slice(0)), TEST, {}, "0 training and 300 test images are too few"),
        (TRAIN, dataclasses.replace(TEST, digits=TEST.digits + 1), {}, "beyond its 10 classes"),
    ],
)
def test_images_that_say_nothing_about_the_model_are_refused(train, test, config, says):
    with pytest.raises(DataError, match=says):
        card.check_data(ModelConfig(**config), train, test)


def test_images_that_are_refused_are_called_by_their_name():
    with pytest.raises(DataError, match="but runes has 10"):
        card.check_data(ModelConfig(classes=12), TRAIN, TEST, "runes")


def test_without_the_image_library_that_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "skimage.morphology", None)
    with pytest.raises(StylespaceError, match="pip install scikit-image"):
        card.check_installed()


def test_two_classes_and_one_dimension_are_enough():
    binary = LabelledImages(TRAIN.images, TRAIN.digits % 2, ("even", "odd"))
    torch.manual_seed(0)
    small = StyleAutoencoder(ModelConfig(style_size=1, classes=2)).eval()
    recipe = ReaderRecipe(channels=2, epochs=1)
    found = card.evaluate(small, binary, binary, train_reader(binary, recipe, seed=0), quick=True)
    assert {part.key for part in found.sections} == set(MEASURES)
    assert len(found.measure("leak", "digit_from_style").per_class) == 2


# the card


@pytest.mark.parametrize("width", [50, 60, 80, 100, 140])
def test_no_line_of_the_card_is_too_long(report, width):
    assert max(map(len, card_text(report, width).splitlines())) <= width


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_values_stand_in_one_column(report, width):
    text = card_text(report, width).splitlines()
    head = next(line for line in text if "perfect" in line and "chance" in line)
    ends = [head.index(word) + len(word) for word in ("value", "perfect", "chance")]
    rows = [line for line in text if re.match(r" {2,}.*\d( %)? {2,}.*\d( %)? {2,}", line)]
    assert len(rows) >= 15
    for line in rows:
        for end in ends:
            assert not line[end : end + 1].strip()  # no cell goes over its column's end
        assert line[: ends[0]].rstrip() == line[: ends[0]]


@pytest.mark.parametrize("width", [50, 80, 100, 140])
def test_the_card_has_every_section_label_and_meaning(report, width):
    text = re.sub(r"\s+", " ", card_text(report, width))
    for section in report.sections:
        assert section.title in text
        for line in section.measures:
            assert line.label in text
            assert line.meaning.split()[-1] in text


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        (0.9964, "share", "99.6 %"),
        (0.0212, ".4f", "0.0212"),
        (None, "share", ""),
        (math.nan, "share", "-"),
        (math.inf, ".2f", "-"),
    ],
)
def test_numbers_are_written_for_people(value, style, text):
    assert form(value, style) == text


# the page


class Links(html.parser.HTMLParser):
    """What a page would fetch, and which elements it has."""

    def __init__(self):
        super().__init__()
        self.elements, self.open, self.fetched = [], [], []

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        if tag not in {"meta", "img", "br"}:
            self.open.append(tag)
        self.fetched += [value for name, value in attrs if name in {"src", "href", "data"}]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, _):
        self.elements.append(tag)


def parsed(text):
    links = Links()
    links.feed(text)
    return links


def test_the_page_needs_nothing_but_itself(report):
    text = page(report)
    links = parsed(text)
    assert links.open == []
    assert all(value.startswith("data:image/png;base64,") for value in links.fetched)
    assert len(links.fetched) == links.elements.count("img") >= 4
    assert not {"script", "link", "iframe", "object"} & set(links.elements)
    assert "url(" not in text
    assert "@import" not in text


def test_the_page_has_all_sections_and_their_pictures_have_words(report):
    text = page(report)
    for section in report.sections:
        assert f'<section id="{section.key}">' in text
    assert text.count("<svg") == 2  # a histogram for each style dimension
    assert len(re.findall(r'<img [^>]*alt="[^"]+"', text)) == text.count("<img ")
    assert "The worst 12 test images" in text


def test_names_cannot_become_markup():
    names = ("<script>alert(1)</script>", 'a "quoted" & b')
    line = Measure(
        key="k", label="<i>", value=1, style=".1f", meaning="<u>", samples="<s>", per_class=(1, 2)
    )
    facts = {
        **dict.fromkeys(("session", "data"), "<b>&"),
        **dict.fromkeys(("style_size", "parameters", "test_images", "seed", "seconds"), 1),
        **{"quick": False, "stylespace": "1", "torch": "2"},
    }
    section = Section(key="k", title="<h1>", question="<q>", measures=(line,))
    text = page(Report(facts=facts, class_names=names, sections=(section,)))
    assert not {"script", "i", "u", "s", "b", "q"} & set(parsed(text).elements)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


# on the disk


def refuse(name):
    raise ValueError(f"{name} is no JSON")


def test_what_is_written_is_strict_json_and_complete(report, tmp_path):
    nothing = dataclasses.replace(lines(report)[0], value=math.nan, chance=math.inf, key="nothing")
    section = dataclasses.replace(report.sections[0], measures=(nothing,), key="empty")
    card.write_report(tmp_path, dataclasses.replace(report, sections=(*report.sections, section)))
    written = json.loads((tmp_path / "report.json").read_text(), parse_constant=refuse)
    assert set(written["sections"]) == {*MEASURES, "empty"}
    assert written["sections"]["empty"]["measures"]["nothing"]["value"] is None
    for key, measures in MEASURES.items():
        assert set(written["sections"][key]["measures"]) == measures
        for name, line in written["sections"][key]["measures"].items():
            assert line["value"] == pytest.approx(report.value(key, name))
            assert {"samples", "chance", "chance_is", "meaning"} <= set(line)
    assert (written["seed"], written["quick"], written["style_size"]) == (0, True, 2)
    assert written["sections"]["likelihood"]["measures"]["parzen"]["bandwidth"] > 0
    assert written["sections"]["generation"]["measures"]["readable"]["reader_test_accuracy"] > 0.5


@pytest.mark.parametrize("blocked", ["report.json", "report.html"])
def test_where_one_cannot_be_written_neither_changes(report, tmp_path, monkeypatch, blocked):
    card.write_report(tmp_path, report)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    real = type(tmp_path).write_text

    def full(path, text, **options):
        real(path, text[:1000], **options)
        if blocked in path.name:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(tmp_path), "write_text", full)
    with pytest.raises(StylespaceError, match=f"cannot write .*{blocked}: No space left"):
        card.write_report(tmp_path, report)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_parts_are_at_random_by_the_seed_and_have_each_digit_by_its_share(reader):
    subjects = [Subject(model(3), TRAIN, TEST, reader, seed=seed) for seed in (0, 0, 1)]
    one, again, other = (subject.part(TEST, 100) for subject in subjects)
    assert torch.equal(one.images, again.images)
    assert not torch.equal(one.images, other.images)
    for part in (one, other):
        shares = torch.bincount(part.digits, minlength=10) / 100
        assert (shares - torch.bincount(TEST.digits, minlength=10) / len(TEST)).abs().max() < 0.02


def test_the_null_of_coverage_has_the_digits_that_are_generated(reader):
    few = TEST.subset(TEST.digits < 3)
    subject = Subject(model(3), TRAIN, few, reader)
    digits = subject.generated.digits[:60]
    real = subject.real(digits)
    assert torch.equal(torch.bincount(real.digits), torch.bincount(digits))
    everything = subject.real(digits.repeat(10_000))
    assert len(everything) == int((TRAIN.digits < 3).sum())
