"""The page's own files, from the package; as they are, and as one file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from importlib import resources

from stylespace.errors import StylespaceError

__all__ = ["POLICY", "TYPES", "page_files", "single_page", "site_files"]

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".safetensors": "application/octet-stream",
}
"""What is handed out, by the name's ending."""

PAGE_ENDINGS = (".html", ".css", ".js")
INDEX = "index.html"

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)
"""The page's content security policy: its own files and nothing else, no inline script."""

CHARSET = '<meta charset="utf-8">'
SCRIPT = re.compile(r'<script src="([\w.-]+)"></script>')
STYLE = re.compile(r'<link rel="stylesheet" href="([\w.-]+)">')


def page_files() -> dict[str, bytes]:
    """The page without a model: HTML, style and scripts, by name.

    Raises:
        StylespaceError: the package was installed without them.
    """
    folder = resources.files("stylespace.studio") / "page"
    files = {
        entry.name: entry.read_bytes()
        for entry in (folder.iterdir() if folder.is_dir() else ())
        if entry.name.endswith(PAGE_ENDINGS) and entry.is_file()
    }
    if INDEX not in files:
        raise StylespaceError("the studio's page is missing: install stylespace again")
    return dict(sorted(files.items()))


def site_files(assets: Mapping[str, bytes]) -> dict[str, bytes]:
    """A folder for any host: the page, which brings its own policy, and what it asks for.

    Args:
        assets: from `studio_files`.
    """
    page = page_files()
    index = _with_policy(page[INDEX].decode(), POLICY)
    return {**page, INDEX: index.encode(), **assets}


def single_page(assets: Mapping[str, bytes]) -> bytes:
    """The page as one file that opens from disk: style, scripts, numbers and weights within it.

    Its policy lets nothing run but these scripts, and nothing be asked for.

    Args:
        assets: from `studio_files`.
    """
    page = page_files()
    styles: list[str] = []
    scripts: list[str] = []

    def style(found: re.Match[str]) -> str:
        styles.append(page[found[1]].decode())
        return f"<style>{styles[-1]}</style>"

    def script(found: re.Match[str]) -> str:
        # the page's scripts hold no such tag; should one ever, it must not end the element
        scripts.append(page[found[1]].decode().replace("</script", "<\\/script"))
        lead = "" if len(scripts) > 1 else _data_element(assets) + "\n"
        return f"{lead}<script>{scripts[-1]}</script>"

    index = SCRIPT.sub(script, STYLE.sub(style, page[INDEX].decode()))
    policy = (
        f"default-src 'none'; script-src {_sources(scripts)}; style-src {_sources(styles)}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return _with_policy(index, policy).encode()


def _data_element(assets: Mapping[str, bytes]) -> str:
    carried = {
        name: json.loads(content)
        if name.endswith(".json")
        else base64.b64encode(content).decode("ascii")
        for name, content in assets.items()
    }
    # a name with a tag in it must not end the element, nor begin a comment in it
    text = json.dumps(carried, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/json" id="stylespace-data">{text}</script>'


def _sources(texts: list[str]) -> str:
    digests = (base64.b64encode(hashlib.sha256(text.encode()).digest()) for text in texts)
    return " ".join(f"'sha256-{digest.decode('ascii')}'" for digest in digests)


def _with_policy(index: str, policy: str) -> str:
    tag = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return index.replace(CHARSET, f"{CHARSET}\n{tag}", 1)
