"""A set of a few random images under a name of its own, and a web server to be its mirror."""

import dataclasses
import gzip
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from stylespace.data import catalog
from stylespace.data.catalog import NamedSet
from stylespace.data.idx import FILES, images_header, labels_header

TRAIN, TEST = 30, 20
Files = dict[str, bytes]


@pytest.fixture
def files() -> Files:
    """The four files of a set of ten classes."""
    random = torch.Generator().manual_seed(0)
    found = {}
    for (images, labels), count in ((FILES[:2], TRAIN), (FILES[2:], TEST)):
        pixels = torch.randint(256, (count * 784,), generator=random).tolist()
        found[images] = images_header(count) + bytes(pixels)
        found[labels] = labels_header(count) + bytes(i % 10 for i in range(count))
    return found


@pytest.fixture
def tiny(files: Files, monkeypatch: pytest.MonkeyPatch) -> NamedSet:
    """A named set of these files that has no source yet."""
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    row = dataclasses.replace(
        catalog.SETS["mnist"],
        name="tiny",
        title="Tiny",
        sha256=sums,
        counts=(TRAIN, TEST),
        mirrors=(),
        packages=(),
    )
    monkeypatch.setitem(catalog.SETS, "tiny", row)
    return row


@pytest.fixture
def use(tiny: NamedSet, monkeypatch: pytest.MonkeyPatch):
    """Change the named set."""

    def change(**changes: object) -> None:
        monkeypatch.setitem(catalog.SETS, "tiny", dataclasses.replace(tiny, **changes))

    return change


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache directory in place of the user's."""
    monkeypatch.setenv("STYLESPACE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@dataclass
class Mirror:
    """What the web server answers, and what it was asked."""

    address: str
    pages: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    pause: threading.Event = field(default_factory=threading.Event)

    def give(self, files: Files, folder: str = "good") -> str:
        """Serve files, gzipped; returns the address to enter in the catalog."""
        for name, content in files.items():
            self.pages[f"/{folder}/{name}.gz"] = (200, {}, gzip.compress(content, 1))
        return f"{self.address}/{folder}/"


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.asked.append(self.path)
            served.pause.wait(10)
            status, headers, body = served.pages.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served = Mirror(f"http://127.0.0.1:{server.server_port}")
        served.pause.set()
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield served
        served.pause.set()
        server.shutdown()


def put(directory: Path, files: Files, ending: str = "") -> Path:
    """Write files into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        packed = gzip.compress(content, 1) if ending == ".gz" else content
        (directory / f"{name}{ending}").write_bytes(packed)
    return directory
