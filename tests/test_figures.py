"""Figures: what is drawn, read off matplotlib's own objects."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_hex, to_rgba
from matplotlib.patches import Circle

from stylespace.errors import StylespaceError, UsageError
from stylespace.figures import (
    MOST_DIMENSIONS,
    PALETTE,
    density,
    random_sample,
    require_matplotlib,
    scatter_matrix,
    window_figure,
    write_figure,
)
from tests.small import strokes

NAMES = tuple("0123456789")


def drawn(size=3, count=200, scale=1.0, names=NAMES):
    style = scale * torch.randn(count, size, generator=torch.Generator().manual_seed(0))
    digits = torch.arange(count) % len(names)
    return style, digits, scatter_matrix(style, digits, names, title="The title", note="The note")


def panels(figure):
    """The axes by row and column."""
    size = round((np.sqrt(8 * len(figure.axes) + 1) - 1) / 2)
    places = [(row, column) for row in range(size) for column in range(row + 1)]
    return dict(zip(places, figure.axes, strict=True))


@pytest.mark.parametrize("size", [1, 2, 4, 40])
def test_each_pair_of_dimensions_has_its_panel(size):
    style, _, figure = drawn(size)
    shown = min(size, MOST_DIMENSIONS)
    found = panels(figure)
    assert len(found) == shown * (shown + 1) // 2
    for (row, column), axes in found.items():
        if row != column:
            points = axes.collections[0].get_offsets()
            assert np.asarray(points) == pytest.approx(style[:, [column, row]].numpy())
    texts = [text.get_text() for text in figure.texts]
    assert "The title" in texts
    assert ("The note, the first 8 of 40 dimensions" in texts) == (size == 40)


def test_points_have_the_colour_of_their_digit():
    _, digits, figure = drawn(2)
    colours = panels(figure)[1, 0].collections[0].get_facecolor()
    assert [to_hex(colour) for colour in colours[:10]] == list(PALETTE)
    assert len({tuple(colour) for colour in colours[digits == 4]}) == 1


@pytest.mark.parametrize("size", [1, 4])
def test_the_priors_density_is_behind_each_diagonal(size):
    _, _, figure = drawn(size)
    for row in range(size):
        axes = panels(figure)[row, row]
        (prior,) = axes.collections
        x, y = prior.get_paths()[0].vertices.T
        top = {round(place, 6): height for place, height in zip(x, y, strict=True) if height > 0}
        expected = np.exp(-(np.array(list(top)) ** 2) / 2) / np.sqrt(2 * np.pi)
        assert list(top.values()) == pytest.approx(expected, abs=1e-6)
        assert len(top) >= 100
        assert all(prior.zorder < line.zorder for line in axes.lines)
        assert [to_rgba(line.get_color()) for line in axes.lines] == [*map(to_rgba, PALETTE)]


def test_the_discs_hold_95_per_cent_of_the_prior():
    _, _, figure = drawn(2)
    (disc,) = [patch for patch in panels(figure)[1, 0].patches if isinstance(patch, Circle)]
    assert disc.center == (0, 0)
    assert 1 - np.exp(-(disc.radius**2) / 2) == pytest.approx(0.95, abs=1e-4)
    assert disc.zorder < panels(figure)[1, 0].collections[0].zorder


@pytest.mark.parametrize("scale", [0.1, 1, 30])
def test_all_panels_have_the_same_range_and_it_holds_the_points(scale):
    style, _, figure = drawn(3, scale=scale)
    limits = {axes.get_xlim() for axes in figure.axes}
    assert len(limits) == 1
    low, high = limits.pop()
    assert high == -low >= 4
    assert (style.abs() < high).float().mean() > 0.99


def test_the_legend_names_digits_and_prior():
    *_, figure = drawn(3, names=("coat", "bag"))
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "coat",
        "bag",
        "prior N(0, I), 95 %",
    ]


def test_the_legend_names_each_of_the_alphabets_letters():
    *_, figure = drawn(3, count=260, names=tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    figure.canvas.draw()
    (legend,) = figure.legends
    assert "".join(text.get_text() for text in legend.get_texts()[:26]) == (
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    )
    box = legend.get_window_extent()
    below = [axes.get_window_extent() for axes in figure.axes if axes.get_visible()]
    assert not any(box.overlaps(axes) for axes in below)


@pytest.mark.parametrize("count", [1, 2, 5000])
def test_few_points_and_many_are_drawn(count, tmp_path):
    *_, figure = drawn(2, count=count)
    write_figure(tmp_path / "plot.svg", figure)
    assert (tmp_path / "plot.svg").stat().st_size < 1_000_000


def test_a_dead_dimension_is_drawn(tmp_path):
    style = torch.zeros(50, 2)
    figure = scatter_matrix(style, torch.arange(50) % 10, NAMES, title="")
    write_figure(tmp_path / "plot.png", figure)


@pytest.mark.parametrize("classes", [12, 40])
def test_more_than_ten_classes_keep_colours_of_their_own(classes):
    names = tuple(map(str, range(classes)))
    *_, figure = drawn(2, count=4 * classes, names=names)
    colours = {tuple(colour) for colour in panels(figure)[1, 0].collections[0].get_facecolor()}
    assert len(colours) == classes


@pytest.mark.parametrize("spread", [0.0, 1e-3, 1.0])
def test_a_density_has_an_area_of_one(spread):
    grid = np.linspace(-6, 6, 6001)
    values = spread * np.random.default_rng(0).standard_normal(300)
    assert density(values, grid).sum() * 0.002 == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    ("name", "begins"), [("a.png", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.PDF", b"%PDF")]
)
def test_a_figure_is_written_in_the_format_of_its_name(tmp_path, name, begins):
    write_figure(tmp_path / "new" / name, drawn(1)[2])
    assert (tmp_path / "new" / name).read_bytes().startswith(begins)


def test_a_figure_that_cannot_be_written_leaves_what_was_there(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(UsageError, match=r"must end in \.svg, \.png or \.pdf"):
        write_figure(tmp_path / "a.txt", drawn(1)[2])
    with pytest.raises(StylespaceError, match="cannot write"):
        write_figure(tmp_path / "a.txt" / "b.png", drawn(1)[2])
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_random_sample_follows_the_seed_and_takes_no_image_twice():
    data = strokes(100, 0)
    one, again, other = (random_sample(data, 60, seed) for seed in (0, 0, 1))
    assert torch.equal(one.images, again.images)
    assert not torch.equal(one.digits, other.digits)
    assert len(one) == 60
    everything = random_sample(data, 500, 0)
    assert sorted(everything.digits.tolist()) == sorted(data.digits.tolist())


def test_without_matplotlib_its_installation_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(UsageError, match=r"pip install -r vis-requirements\.txt"):
        require_matplotlib()


def test_without_a_display_there_is_no_window(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert window_figure() is None


def test_a_figure_that_latex_cannot_set_is_one_line(tmp_path, monkeypatch):
    figure = drawn(1)[2]

    def fails(*_, **__):
        raise RuntimeError("latex could not be found\nand more")

    monkeypatch.setattr(figure, "savefig", fails)
    with pytest.raises(StylespaceError, match=r"a\.png: latex could not be found$"):
        write_figure(tmp_path / "a.png", figure)
    assert list(tmp_path.iterdir()) == []
