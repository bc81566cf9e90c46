"""A real browser on the studio's page: drawing in it, and reading off what it shows."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from stylespace.data.deform import Deformation
from stylespace.data.images import LabelledImages
from stylespace.networks import StyleAutoencoder
from stylespace.studio.page_files import page_files
from stylespace.studio.reader import PageReader
from stylespace.studio.server import StudioServer

PAGE = Path(__file__).parents[2] / "src/stylespace/studio/page"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # a name of any other host leads nowhere, so that nothing can come from outside
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
Stroke = list[tuple[float, float]]


def arc(x: float, y: float, wide: float, high: float, start: float, end: float) -> Stroke:
    """Points on an ellipse, angles in degrees from the right, clockwise as the page sees it."""
    angles = np.radians(np.linspace(start, end, 17))
    return [(float(x + wide * np.cos(a)), float(y + high * np.sin(a))) for a in angles]


SEVEN: list[Stroke] = [[(0.28, 0.25), (0.7, 0.24), (0.58, 0.48), (0.42, 0.85)]]
TWO: list[Stroke] = [[*arc(0.5, 0.36, 0.17, 0.15, -170, 40), (0.35, 0.78), (0.68, 0.78)]]
FOUR: list[Stroke] = [
    [(0.4, 0.2), (0.34, 0.55), (0.7, 0.55)],
    [(0.62, 0.2), (0.58, 0.82)],
]
STAR: list[Stroke] = [[(0.5, 0.2), (0.7, 0.8), (0.2, 0.4), (0.8, 0.4), (0.3, 0.8), (0.5, 0.2)]]


def require_browser() -> str:
    """The browser's path; skips the test without one, except where CI must not skip."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    missing = [
        name
        for name, there in (
            ("playwright", importlib.util.find_spec("playwright")),
            ("chromium", chromium),
        )
        if not there
    ]
    if missing:
        reason = f"the studio's page is not tested: {' and '.join(missing)} not installed"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return str(chromium)


@contextmanager
def served(files: dict[str, bytes]) -> Iterator[str]:
    """The address of the page with these files behind it, from the studio's own server."""
    with StudioServer({**page_files(), **files}, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def bare_session(folder: Path, model: StyleAutoencoder) -> Path:
    """A model by itself, without a trainer."""
    folder.mkdir()
    config = dataclasses.asdict(model.config) | {"format": 1}
    (folder / "config.json").write_text(json.dumps(config))
    save_file(model.state_dict(), folder / "model.safetensors")
    return folder


def quick_reader(train: LabelledImages, steps: int = 300, seed: int = 0) -> PageReader:
    """A reader that is trained for some seconds only."""
    random = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        reader = PageReader(len(train.class_names))
    optimizer = torch.optim.AdamW(reader.parameters(), 6e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, total_steps=steps + 1)
    for _ in range(steps):
        some = train.subset(torch.randint(len(train), (200,), generator=random))
        images = Deformation.draw(200, 1.0, random).apply(some.floats())
        loss = nn.functional.cross_entropy(reader(images), some.digits)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    return reader.eval()


def draw(page: Any, strokes: list[Stroke], steps: int = 5) -> None:
    """Draw on the pad with the mouse, stroke by stroke."""
    box = page.locator("#pad").bounding_box()
    for stroke in strokes:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place, steps=steps)
        page.mouse.up()
    settle(page)


def settle(page: Any) -> None:
    """Wait until the page has drawn what it was asked for."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 30)))")


def until(page: Any, holds: Callable[[], bool], seconds: float = 15) -> None:
    """Wait until something holds; the page's policy forbids the browser's own way of waiting."""
    for _ in range(int(seconds * 20)):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("what was waited for did not come")


def notice(page: Any) -> str:
    """What the page says at its foot, once it has done looking at a picture."""
    until(page, lambda: page.text_content("#notice") not in {"", "Looking for digits…"})
    return str(page.text_content("#notice"))


def row(page: Any) -> Tensor:
    """The digits as the page shows them, uint8 `[classes, 28, 28]`, read off its canvases."""
    pixels = page.evaluate(
        """() => [...document.querySelectorAll("#row canvas")].map((canvas) => {
          const picture = canvas.getContext("2d").getImageData(0, 0, 28, 28);
          return Array.from({length: 784}, (_, i) => picture.data[4 * i + 3]);
        })"""
    )
    return torch.tensor(pixels, dtype=torch.uint8).view(-1, 28, 28)


def word(page: Any) -> str:
    """What the page says of the drawing."""
    return str(page.inner_text("#word"))
