"""Walking through the style space on the studio's page."""

from contextlib import contextmanager
from itertools import pairwise

import pytest
import torch

from stylespace.config import ModelConfig
from stylespace.networks import StyleAutoencoder
from stylespace.studio.assets import open_session, studio_files
from tests.studio import browser as tools
from tests.studio.browser import row, settle


@pytest.fixture
def page(opened, site):
    """The page, at its second view."""
    page = opened(site)
    page.click("#tab-explore")
    settle(page)
    return page


def style(page):
    return page.evaluate("[...Stylespace.state.style]")


def set_slider(page, index, value):
    slider = page.locator("#sliders input").nth(index)
    slider.fill(str(value))
    settle(page)


def test_every_slider_changes_the_row_and_says_its_value(page):
    rows = [row(page)]
    for index in range(4):
        set_slider(page, index, 2)
        assert page.locator("#sliders output").nth(index).inner_text() == "2.00"
        rows.append(row(page))
    for before, after in pairwise(rows):
        assert (before.float() - after.float()).abs().mean() > 1


def test_a_random_hand_is_another_and_readable(page, readable):
    rows = []
    for _ in range(5):
        page.click("#random")
        settle(page)
        rows.append(row(page))
    assert len({images.numpy().tobytes() for images in rows}) == 5
    assert sum(map(readable, rows)) >= 40
    page.keyboard.press("r")
    settle(page)
    assert not torch.equal(row(page), rows[-1])
    page.click("#plain")
    settle(page)
    assert style(page) == [0, 0, 0, 0]


def test_dragging_on_the_map_moves_two_dimensions(page):
    box = page.locator("#map").bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.2 * box["height"], steps=5)
    page.mouse.up()
    settle(page)
    moved = style(page)
    across, up = (int(page.input_value(f"#axis-{axis}")) for axis in "xy")
    assert moved[across] > 1
    assert moved[up] > 1
    assert all(value == 0 for i, value in enumerate(moved) if i not in {across, up})


def test_a_click_on_a_dot_takes_that_test_images_hand(page):
    place = page.evaluate(
        """() => {
          const axis = (name) => Number(document.querySelector(`#axis-${name}`).value);
          const [x, y] = [axis("x"), axis("y")];
          const all = Stylespace.studio.info.points.style;
          const far = all.reduce((best, one) => one[x] + one[y] > best[x] + best[y]
            && Math.max(one[x], one[y]) < 2.9 ? one : best, all[0]);
          return {style: far, x: far[x], y: far[y]};
        }"""
    )
    box = page.locator("#map").bounding_box()
    reach = page.evaluate("Stylespace.mapReach()")
    page.mouse.click(
        box["x"] + (0.5 + place["x"] / (2 * reach)) * box["width"],
        box["y"] + (0.5 - place["y"] / (2 * reach)) * box["height"],
    )
    settle(page)
    assert style(page) == pytest.approx(place["style"], abs=1e-5)


def test_arrow_keys_walk_on_the_map(page):
    page.focus("#map")
    across, up = (int(page.input_value(f"#axis-{axis}")) for axis in "xy")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "Shift+ArrowRight"):
        page.keyboard.press(key)
    settle(page)
    assert style(page)[across] == pytest.approx(0.7)
    assert style(page)[up] == pytest.approx(-0.1)
    assert "0.7" in page.get_attribute("#map", "aria-label")


def test_a_map_of_one_digit_is_drawn_over_the_space(page):
    look = "document.querySelector('#map').toDataURL()"
    dots = page.evaluate(look)
    page.select_option("#map-layer", label="Map of 3")
    settle(page)
    threes = page.evaluate(look)
    page.select_option("#map-layer", label="Map of 8")
    settle(page)
    assert len({dots, threes, page.evaluate(look)}) == 3


def test_blending_goes_from_one_hand_to_the_other(page):
    assert page.is_disabled("#blend")
    page.click("#random")
    page.click("#set-a")
    first = style(page)
    page.click("#random")
    page.click("#set-b")
    second = style(page)
    page.fill("#blend", "0.5")
    settle(page)
    middle = [(a + b) / 2 for a, b in zip(first, second, strict=True)]
    assert style(page) == pytest.approx(middle, abs=1e-5)
    page.fill("#blend", "0")
    assert style(page) == pytest.approx(first, abs=1e-6)


@contextmanager
def untrained(opened, mnist, directory, style_size):
    """The second view of a model with so many style dimensions."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = StyleAutoencoder(ModelConfig(style_size=style_size)).eval()
    session = tools.bare_session(directory / "m.ckpt", model)
    own = open_session(session, mnist[1].subset(slice(200)))
    with tools.served(studio_files(own, None)) as address:
        page = opened(address)
        page.click("#tab-explore")
        settle(page)
        yield page


def test_sixteen_dimensions_are_usable(opened, mnist, tmp_path):
    with untrained(opened, mnist, tmp_path, style_size=16) as page:
        sliders = page.locator("#sliders input")
        assert sliders.count() == 16
        boxes = [sliders.nth(i).bounding_box() for i in range(16)]
        assert all(box["width"] > 60 for box in boxes)
        last = boxes[-1]["y"] + boxes[-1]["height"] - boxes[0]["y"]
        assert last < 400
        before = row(page)
        set_slider(page, 15, -3)
        assert not torch.equal(row(page), before)


def test_one_dimension_has_a_row_for_each_digit(opened, mnist, tmp_path):
    with untrained(opened, mnist, tmp_path, style_size=1) as page:
        assert not page.locator("#axis-y").is_visible()
        page.click("#plain")
        page.evaluate("Stylespace.change({ style: new Float32Array([-0.002]) })")
        settle(page)
        assert page.locator("#sliders output").inner_text() == "0.00"
        box, reach = page.locator("#map").bounding_box(), page.evaluate("Stylespace.mapReach()")
        points = page.evaluate("Stylespace.studio.info.points")
        chosen = next(i for i, digit in enumerate(points["digits"]) if digit == 7)
        [value] = points["style"][chosen]
        across, down = 0.5 + value / (2 * reach), 7.5 / 10
        page.mouse.click(box["x"] + box["width"] * across, box["y"] + box["height"] * down)
        settle(page)
        sevens = [
            point
            for point, digit in zip(points["style"], points["digits"], strict=True)
            if digit == 7
        ]
        assert min(abs(style(page)[0] - point[0]) for point in sevens) < 1e-6
        page.focus("#map")
        before = style(page)
        page.keyboard.press("ArrowUp")
        settle(page)
        assert style(page) == before
        page.keyboard.press("ArrowRight")
        settle(page)
        assert style(page)[0] == pytest.approx(before[0] + 0.1, abs=1e-5)
        page.click("#tab-compare")
        assert "each digit in a row of its own" in page.locator("#spaces").inner_text()
        assert "1 style dimension." in page.locator("#about").inner_text()


def test_the_same_dimension_goes_not_both_ways(page):
    """Chosen for one way, the other takes what that had."""
    page.click("#tab-explore")
    across, up = (page.input_value(name) for name in ("#axis-x", "#axis-y"))
    page.select_option("#axis-x", up)
    assert (page.input_value("#axis-x"), page.input_value("#axis-y")) == (up, across)
    page.select_option("#axis-y", up)
    assert (page.input_value("#axis-x"), page.input_value("#axis-y")) == (across, up)
