"""The page for others: in a folder for any host, and in one file from disk."""

import base64
import hashlib
import http.server
import json
import re
import threading
from functools import partial
from html.parser import HTMLParser

import pytest

from stylespace.errors import UsageError
from stylespace.studio.assets import Shown, open_session, studio_files
from stylespace.studio.export import check_folder, kind_of, write_hub, write_page, write_site
from stylespace.studio.page_files import page_files, single_page
from stylespace.studio.reader import PageReader
from tests.small import vivid_model
from tests.studio import browser


def shown(name="mnist4.ckpt", **config):
    return Shown(name=name, objective="aae", model=vivid_model(**config), card=None, test=None)


@pytest.fixture(scope="module")
def assets():
    return studio_files(shown(), PageReader(10), half=True)


class Page(HTMLParser):
    """The elements of a page that run or carry something, with their texts."""

    def __init__(self, text):
        super().__init__(convert_charrefs=False)
        self.scripts, self.styles, self.data, self.policy, self.asked = [], [], "", "", []
        self.open = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag == "meta" and found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]
        if "src" in found or (tag == "link" and not found["href"].startswith("data:")):
            self.asked.append(found.get("src") or found.get("href"))
        data = found.get("type") == "application/json"
        kind = {"script": "data" if data else "script", "style": "style"}.get(tag)
        if kind == "script":
            self.scripts.append("")
        if kind == "style":
            self.styles.append("")
        self.open = kind

    def handle_endtag(self, _):
        self.open = None

    def handle_data(self, text):
        if self.open == "data":
            self.data += text
        elif self.open == "script":
            self.scripts[-1] += text
        elif self.open == "style":
            self.styles[-1] += text


def test_the_single_file_carries_everything_and_asks_for_nothing(tmp_path, assets):
    write_page(tmp_path / "page.html", assets)
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    own = page_files()
    assert page.asked == []
    assert sorted(page.scripts) == sorted(
        content.decode() for name, content in own.items() if name.endswith(".js")
    )
    assert page.styles == [own["studio.css"].decode()]
    carried = json.loads(page.data)
    assert carried["studio.json"] == json.loads(assets["studio.json"])
    for name in ("model.safetensors", "reader.safetensors"):
        assert base64.b64decode(carried[name]) == assets[name]


def test_its_policy_lets_these_scripts_run_and_no_other(assets):
    page = Page(single_page(assets).decode())
    assert "default-src 'none'" in page.policy
    assert "unsafe" not in page.policy
    for part, texts in (("script-src", page.scripts), ("style-src", page.styles)):
        (allowed,) = re.findall(rf"{part} ([^;]+)", page.policy)
        digests = {base64.b64encode(hashlib.sha256(text.encode()).digest()) for text in texts}
        assert set(allowed.split()) == {f"'sha256-{digest.decode()}'" for digest in digests}


def test_a_name_with_a_tag_in_it_stays_a_name(assets):
    name = "</script><script>alert(1)</script><!--"
    files = studio_files(shown(name), None)
    page = Page(single_page(files).decode())
    assert json.loads(page.data)["studio.json"]["name"] == name
    assert len(page.scripts) == len(Page(single_page(assets).decode()).scripts)


def test_the_folder_has_the_page_and_what_it_asks_for(tmp_path, assets):
    write_site(tmp_path / "site", assets)
    written = {path.name: path.read_bytes() for path in (tmp_path / "site").iterdir()}
    page = Page(written["index.html"].decode())
    assert set(written) == {*page_files(), *assets}
    assert set(page.asked) <= set(written)
    assert "script-src 'self'" in page.policy
    assert all(written[name] == content for name, content in assets.items())


def test_writing_again_replaces_and_keeps_what_else_is_there(tmp_path, assets):
    site = tmp_path / "site"
    write_site(site, assets)
    (site / "CNAME").write_text("example.org")
    (site / "app.js").write_text("old")
    check_folder("site", site)
    write_site(site, assets)
    assert (site / "app.js").read_bytes() == page_files()["app.js"]
    assert (site / "CNAME").read_text() == "example.org"


@pytest.mark.parametrize(
    ("to", "kind"),
    [
        ("site/", "site"),
        ("site", "site"),
        ("docs.v2", "site"),
        ("page.html", "page"),
        ("PAGE.HTM", "page"),
        ("a/model.onnx", "onnx"),
        ("hub-folder/", "hub"),
        ("my_hub", "hub"),
        ("my hub", "hub"),
        ("Hub", "hub"),
        ("github/", "site"),
        ("hub/site/", "site"),
        ("page.html/", "site"),
    ],
)
def test_the_name_says_what_is_meant(to, kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if to == "docs.v2":
        (tmp_path / to).mkdir()
    assert kind_of(to) == kind


def test_a_folder_stays_of_the_kind_that_it_is(tmp_path, assets):
    write_hub(tmp_path / "mine", shown())
    write_site(tmp_path / "hub", assets)
    assert kind_of(str(tmp_path / "mine")) == "hub"
    assert kind_of(str(tmp_path / "hub")) == "site"


@pytest.mark.parametrize("to", ["model.pth", "site.zip", "a.png"])
def test_another_ending_is_refused(to):
    with pytest.raises(UsageError, match=rf"--to {to} must end in .html or .onnx, or be a folder"):
        kind_of(to)


@pytest.mark.parametrize("kind", ["site", "hub"])
def test_a_folder_with_other_files_is_refused(tmp_path, kind):
    check_folder(kind, tmp_path)
    check_folder(kind, tmp_path / "new")
    (tmp_path / "model.safetensors").write_text("of a session")
    with pytest.raises(UsageError, match="holds other files"):
        check_folder(kind, tmp_path)


@pytest.fixture
def hosted(tmp_path, trained, mnist):
    """The exported folder, as Python's own web server hands it out."""
    files = studio_files(open_session(trained.session, mnist[1]), trained.reader, half=True)
    write_site(tmp_path / "site", files)
    handler = partial(Quiet, directory=tmp_path / "site")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_the_folder_works_on_a_plain_web_server(opened, hosted, readable):
    page = opened(hosted)
    browser.draw(page, browser.SEVEN)
    assert "7" in browser.word(page)
    assert readable(browser.row(page)) >= 8
