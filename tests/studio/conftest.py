"""A session, a site of it and a browser, made once for all tests of the studio's page."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from stylespace.checkpoint import load
from stylespace.studio.assets import open_session, studio_files
from stylespace.studio.reader import session_reader
from tests.studio import browser as tools


@pytest.fixture(scope="session")
def chromium():
    """The browser, or a clear skip."""
    path = tools.require_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=path, args=list(tools.FLAGS))
        yield started
        started.close()


@pytest.fixture(scope="session")
def trained(tmp_path_factory, mnist):
    """A model after four epochs of adversarial training on MNIST, and the studio's reader."""
    tools.require_browser()
    session = tmp_path_factory.mktemp("trained") / "m.ckpt"
    flags = ["--epochs", "4", "--batch-size", "200", "--lr", "0.01", "--ckpt-dir", str(session)]
    command = [sys.executable, "-m", "stylespace", "train", *flags]
    subprocess.run(command, check=True, capture_output=True)
    # the one that a user gets: from the cache, or trained for half a minute
    reader = session_reader(session, 10, lambda: mnist[0])
    return SimpleNamespace(session=session, model=load(session), reader=reader)


@pytest.fixture(scope="session")
def files(trained, mnist):
    """What the page asks for, of that model."""
    return studio_files(open_session(trained.session, mnist[1]), trained.reader)


@pytest.fixture(scope="session")
def site(files):
    """The page's address, with that model behind it."""
    with tools.served(files) as address:
        yield address


@pytest.fixture
def opened(chromium):
    """Opens pages; whatever they log, fail at or ask of another host is an error at the end."""
    contexts, wrong = [], []

    def open_page(address, **options):
        context = chromium.new_context(
            **{"viewport": {"width": 1280, "height": 860}, "accept_downloads": True, **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: logged(message.type, message.text))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("request", lambda request: asked(request.url))
        page.goto(address)
        page.wait_for_selector("html[data-ready]", timeout=20_000)
        return page

    def logged(kind, text):
        # tests read pixels off the canvases, of which the browser warns
        if "willReadFrequently" not in text:
            wrong.append(f"{kind}: {text}")

    def asked(url):
        if not url.startswith(("http://127.0.0.1:", "data:", "blob:", "file:")):
            wrong.append(f"asked for {url}")

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def page(opened, site):
    """The page, open and ready."""
    return opened(site)


@pytest.fixture(scope="session")
def readable(mnist):
    """How many of a row's images a separate reader takes for the digit that they should be."""
    judge = tools.quick_reader(mnist[0], seed=1)

    def count(images: torch.Tensor) -> torch.Tensor:
        """`[..., digits, 28, 28]` to `[...]`."""
        found = judge.shares(images.reshape(-1, 28, 28)).argmax(dim=1).view(images.shape[:-2])
        return (found == torch.arange(images.shape[-3])).sum(dim=-1)

    return count
