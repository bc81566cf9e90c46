"""Sessions side by side on the studio's page, and their report cards."""

import json
import shlex
from dataclasses import replace

import torch

from stylespace.studio.assets import open_session, studio_files
from tests.studio import browser as tools
from tests.studio.browser import settle

ROW = {
    "group": "Leak",
    "name": "digit read off the style",
    "value": 0.2,
    "text": "20 %",
    "perfect": "10 %",
    "chance": None,
    "meaning": "how often a probe is right",
}


def test_sessions_and_their_cards_stand_side_by_side(opened, trained, mnist, tmp_path):
    other = open_session(tools.bare_session(tmp_path / "other.ckpt", trained.model), mnist[1])
    own = replace(open_session(trained.session, mnist[1]), card=[ROW])
    better = replace(other, card=[ROW | {"text": "12 %"}])
    with tools.served(studio_files(own, trained.reader, [better])) as address:
        page = opened(address)
        page.click("#tab-compare")
        settle(page)
        assert page.locator("#spaces figure h2").all_inner_texts() == ["m.ckpt", "other.ckpt"]
        assert page.locator("#spaces canvas").count() == 2
        cells = page.locator("#card tbody tr").nth(1).locator("td").all_inner_texts()
        assert cells == ["20 %", "12 %", "10 %", "-"]
        assert page.locator(".legend li").all_inner_texts() == list("0123456789")


def test_style_spaces_side_by_side_have_one_scale(opened, files):
    def session(*places):
        points = {"count": len(places), "style": places, "digits": [1] * len(places)}
        return {"name": "one", "objective": "aae", "points": points, "card": None}

    near, far = session([1, 1, 0, 0]), session([1, 1, 0, 0], [6, 6, 0, 0])
    info = json.loads(files["studio.json"]) | near | {"compare": [far]}
    with tools.served(files | {"studio.json": json.dumps(info).encode()}) as address:
        page = opened(address)
        page.click("#tab-compare")
        settle(page)
        inks = page.locator("#spaces canvas").evaluate_all(
            """(all) => all.map((canvas) => {
              const {width, height} = canvas;
              const {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
              return Array.from({length: data.length / 4}, (_, i) => data[4 * i + 3]);
            })"""
        )
    one, other = torch.tensor(inks) > 150
    assert one.any()
    assert not (one & ~other).any()  # circles and the dot that both have are in the same places
    assert (other & ~one).any()


def test_what_a_figure_means_is_said_of_the_session_that_it_is_of(
    opened, trained, mnist, tmp_path
):
    other = open_session(tools.bare_session(tmp_path / "other.ckpt", trained.model), mnist[1])
    alike = ROW | {"name": "alike"}
    own = replace(open_session(trained.session, mnist[1]), card=[ROW, alike])
    card = [ROW | {"meaning": "worst pair 3 and 5", "perfect": "11 %"}, alike]
    with tools.served(studio_files(own, trained.reader, [replace(other, card=card)])) as address:
        page = opened(address)
        page.click("#tab-compare")
        settle(page)
        rows = page.locator("#card tbody tr")
        first = rows.nth(1)
        assert "probe" not in first.locator("th").inner_text()
        cells = first.locator("td").all_inner_texts()
        assert "how often a probe is right" in cells[0]
        assert "worst pair 3 and 5" in cells[1]
        assert cells[2:] == ["10 % / 11 %", "-"]
        assert "how often a probe is right" in rows.nth(2).locator("th").inner_text()
        assert rows.nth(2).locator("td").all_inner_texts() == ["20 %", "20 %", "10 %", "-"]


def test_without_others_it_says_how_to_get_them(page):
    page.click("#tab-compare")
    assert "stylespace studio m.ckpt --compare OTHER" in page.inner_text("#spaces")
    assert "stylespace evaluate m.ckpt" in page.inner_text("#spaces")


def test_commands_take_a_name_with_a_space(opened, files):
    info = json.loads(files["studio.json"]) | {"name": "my hand's.ckpt"}
    with tools.served(files | {"studio.json": json.dumps(info).encode()}) as address:
        page = opened(address)
        page.click("#tab-compare")
        command = page.locator("#spaces code").last.inner_text()
    assert shlex.split(command) == ["stylespace", "evaluate", "my hand's.ckpt"]
