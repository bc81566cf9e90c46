"""The studio's page as a whole: views, keyboard, sizes, colours, one file."""

from datetime import datetime, timedelta, timezone

import pytest
import torch
from PIL import Image

from stylespace.studio.assets import open_session, studio_files
from stylespace.studio.export import write_site
from stylespace.studio.page_files import single_page
from tests.studio import browser as tools
from tests.studio.browser import SEVEN, draw, row, settle, until

VIEWS = ("write", "explore", "use", "compare")


@pytest.mark.parametrize(("width", "height"), [(640, 400), (740, 360), (360, 640)])
@pytest.mark.parametrize("view", ["write", "explore", "use"])
def test_what_has_the_focus_is_not_beneath_the_row(opened, site, width, height, view):
    page = opened(site, viewport={"width": width, "height": height})
    draw(page, SEVEN)
    page.click(f"#tab-{view}")
    page.evaluate(
        """() => [...document.querySelectorAll(".left button:enabled, .left input")]
          .filter((one) => one.offsetParent).at(-1).focus()"""
    )
    for _ in range(25):
        page.keyboard.press("Shift+Tab")
        place = page.evaluate(
            """() => {
              const [held, row] = [document.activeElement, document.querySelector(".right")];
              const bottom = held.getBoundingClientRect().bottom;
              return held.closest(".left") && bottom - row.getBoundingClientRect().bottom;
            }"""
        )
        assert place is None or place > 0


@pytest.mark.parametrize("width", [320, 375, 768, 1280, 1900])
def test_nothing_sticks_out_at_any_width(opened, site, width):
    page = opened(site, viewport={"width": width, "height": 740})
    draw(page, SEVEN)
    for view in VIEWS:
        page.click(f"#tab-{view}")
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        small = page.evaluate(
            """() => [...document.querySelectorAll("button, select, input:not(.unseen)")]
              .filter((one) => one.offsetParent && one.type !== "checkbox" && one.type !== "radio")
              .map((one) => [one.id || one.textContent, one.getBoundingClientRect()])
              .filter(([, box]) => box.left < 0 || box.right > innerWidth)"""
        )
        assert small == []


def test_on_a_phone_the_row_stays_in_sight(opened, site):
    page = opened(site, viewport={"width": 375, "height": 720}, has_touch=True, is_mobile=True)
    for view in ("write", "explore"):
        page.click(f"#tab-{view}")
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        settle(page)
        boxes = [tile.bounding_box() for tile in page.locator("#row li").all()]
        assert all(box["y"] >= -1 and box["y"] + box["height"] < 300 for box in boxes)
        assert all(box["width"] > 50 for box in boxes)


def colours(page, canvas="#row canvas"):
    """The sums of red, green and blue of a canvas's fullest ink, and of the page behind it."""
    look = "getComputedStyle(document.body).backgroundColor"
    ink = """(canvas) => {
      const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let most = 3; for (let i = 3; i < data.length; i += 4) if (data[i] > data[most]) most = i;
      return data[most - 1] + data[most - 2] + data[most - 3]; }"""
    paper = sum(map(int, page.evaluate(look).strip("rgb()").split(",")))
    return page.locator(canvas).first.evaluate(ink), paper


def test_dark_and_light_as_the_system_has_it_or_as_chosen(opened, site):
    page = opened(site, color_scheme="dark")
    ink, paper = colours(page)
    assert paper < 150 < 500 < ink
    page.emulate_media(color_scheme="light")
    until(page, lambda: colours(page)[0] < 250 < 600 < colours(page)[1])
    page.click("#theme")
    page.click("#theme")
    until(page, lambda: colours(page)[1] < 150 < 500 < colours(page)[0])
    _, paper = colours(page)
    assert page.get_attribute("#theme", "aria-label") == "Colours: dark"
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert colours(page)[1] == paper


def test_all_ink_follows_the_colours_at_once(opened, site):
    page = opened(site, color_scheme="light")
    draw(page, SEVEN)
    page.click("#keep")
    draw(page, SEVEN)
    inks = ["#row canvas", "#seen", "#kept canvas", "#pad", "#line"]
    until(page, lambda: all(colours(page, canvas)[0] < 250 for canvas in inks))
    page.emulate_media(color_scheme="dark")
    until(page, lambda: all(colours(page, canvas)[0] > 500 for canvas in inks))
    page.click("#theme")
    until(page, lambda: all(colours(page, canvas)[0] < 250 for canvas in inks))


def test_on_paper_there_is_dark_ink_and_nothing_to_press(opened, site):
    page = opened(site, color_scheme="dark")
    draw(page, SEVEN)
    inks = ["#row canvas", "#line"]
    until(page, lambda: all(colours(page, canvas)[0] > 500 for canvas in inks))
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert all(colours(page, canvas)[0] < 250 for canvas in inks)
    assert all(map(page.is_visible, inks))
    for hidden in (".tabs", ".tools", "#pad", "#random", "#about", "#notice"):
        assert page.locator(hidden).is_hidden()
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert all(colours(page, canvas)[0] > 500 for canvas in inks)
    assert page.get_attribute("html", "data-theme") == "auto"


def test_smooth_draws_the_same_digits_with_more_pixels(page):
    draw(page, SEVEN)
    crisp = row(page)
    page.locator("#smooth").focus()
    page.keyboard.press("Space")
    settle(page)
    sizes = page.evaluate("[...document.querySelectorAll('#row canvas')].map((one) => one.width)")
    assert sizes == [140] * 10
    page.uncheck("#smooth")
    settle(page)
    assert torch.equal(row(page), crisp)


def test_everything_by_keyboard_alone(page):
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the page"
    page.keyboard.press("Tab")
    for view in (*VIEWS[1:], VIEWS[0]):
        page.keyboard.press("ArrowRight")
        settle(page)
        assert page.evaluate("document.activeElement.id") == f"tab-{view}"
        assert page.is_visible(f"#view-{view}")
    page.keyboard.press("End")
    assert page.is_visible("#view-compare")
    for view in VIEWS:
        page.click(f"#tab-{view}")
        reached = set()
        for _ in range(80):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.name"))
        wanted = page.evaluate(
            """() => [...document.querySelectorAll("button, input, select, [tabindex='0']")]
              .filter((one) => one.offsetParent && !one.disabled && one.tabIndex >= 0)
              .map((one) => one.id || one.name).filter(Boolean)"""
        )
        assert set(wanted) <= reached


@pytest.mark.parametrize("button", ["clear", "undo", "keep"])
def test_a_button_that_is_done_gives_the_keys_to_the_pad(page, button):
    draw(page, SEVEN)
    page.focus(f"#{button}")
    for _ in SEVEN if button == "undo" else "1":
        page.keyboard.press("Enter")
    settle(page)
    assert page.is_disabled(f"#{button}")
    assert page.evaluate("document.activeElement.id") == "pad"


def test_a_chosen_file_leaves_the_pages_keys_to_work(page, mnist, tmp_path):
    Image.fromarray(255 - mnist[1].images[0].numpy()).resize((280, 280)).save(tmp_path / "7.png")
    page.set_input_files("#photo-file", tmp_path / "7.png")
    until(page, lambda: page.locator(".photo .box").count() == 1)
    page.focus("#photo-file")
    page.keyboard.press("1")
    settle(page)
    assert page.locator("#row .written .name").inner_text() == "1"
    before = row(page)
    page.keyboard.press("r")
    settle(page)
    assert not torch.equal(row(page), before)


def test_keys_of_the_browser_do_not_turn_the_tabs(page):
    page.focus("#tab-write")
    page.keyboard.press("Control+ArrowRight")
    assert page.is_visible("#view-write")
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#view-explore")


def test_everything_has_a_name_for_screen_readers(page):
    draw(page, SEVEN)
    page.click("#keep")
    draw(page, SEVEN)
    nameless = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, canvas, [role]")]
          .filter((one) => !one.closest("[hidden]") || one.closest("[role=tabpanel]"))
          .filter((one) => {
            const label = one.ariaLabel || one.labels?.[0]?.textContent || one.textContent
              || one.getAttribute("aria-labelledby") || one.closest("button")?.ariaLabel;
            return !label?.trim() && one.ariaHidden !== "true" && one.id !== "notice"
              && one.id !== "text-word" && !one.closest("[hidden]") ;
          }).map((one) => one.outerHTML)"""
    )
    assert nameless == []
    assert page.locator("h1").count() == 1
    assert page.get_attribute("html", "lang") == "en"


def test_on_a_phone_held_sideways_the_pad_leaves_room_to_scroll_by(opened, site):
    page = opened(site, viewport={"width": 667, "height": 375}, has_touch=True, is_mobile=True)
    box = page.locator("#pad").bounding_box()
    assert 190 <= box["height"] <= 300
    assert box["width"] == box["height"]
    assert box["x"] > 100


def test_on_a_narrow_screen_the_row_says_why_it_waits(opened, site):
    page = opened(site, viewport={"width": 360, "height": 640})
    draw(page, tools.STAR)
    why = "getComputedStyle(document.getElementById('row'), '::after').content"
    assert "no digit yet" in page.evaluate(why)
    box = page.locator("#row").bounding_box()
    assert 0 <= box["y"] < box["y"] + box["height"] <= 640


def test_the_pen_that_is_chosen_shows_in_the_systems_own_colours(opened, site):
    page = opened(site, forced_colors="active")

    def picture():
        return page.locator("#pen").screenshot()

    medium = picture()
    page.check("input[value=broad]", force=True)
    page.mouse.move(0, 0)
    settle(page)
    assert picture() != medium
    ringed = "getComputedStyle(document.querySelector('#pen :checked + span')).outlineStyle"
    assert page.evaluate(ringed) == "solid"
    dot = "getComputedStyle(document.querySelector('.dot.broad')).backgroundColor"
    assert page.evaluate(dot) != page.evaluate("getComputedStyle(document.body).backgroundColor")


def test_forced_colours_are_the_systems_whatever_was_chosen(opened, site):
    page = opened(site)
    page.click("#theme")
    page.emulate_media(forced_colors="active", color_scheme="dark")
    for _ in range(2):
        until(page, lambda: abs(colours(page)[0] - colours(page)[1]) > 400)
        page.reload()
        page.wait_for_selector("html[data-ready]")
    assert page.is_hidden("#theme")


def test_one_file_from_disk_does_the_same(opened, trained, mnist, readable, tmp_path):
    own = open_session(trained.session, mnist[1])
    path = tmp_path / "page.html"
    path.write_bytes(single_page(studio_files(own, trained.reader, half=True)))
    page = opened(path.as_uri(), timezone_id="Asia/Tokyo")
    draw(page, SEVEN)
    assert page.locator("#digits [aria-checked=true]").inner_text() == "7"
    assert readable(row(page)) >= 9
    page.click("#tab-use")
    with page.expect_download() as waited:
        page.click("#save-svg")
    today = datetime.now(timezone(timedelta(hours=9))).date()  # Tokyo's
    assert waited.value.suggested_filename == f"{today}.svg"


def test_a_hosts_folder_from_disk_says_what_to_do_and_looks_dead(chromium, files, tmp_path):
    write_site(tmp_path / "site", files)
    page = chromium.new_page()
    page.goto((tmp_path / "site/index.html").as_uri())
    said = tools.notice(page)
    assert "stylespace export --to page.html" in said
    assert "web host" in said
    for dead in ("#tab-explore", "#pad", "#smooth", "#copy-link"):
        page.focus(dead)
        assert page.evaluate("document.activeElement === document.body")
    page.close()
