"""`stylespace studio` as a user runs it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest
import torch
from safetensors.torch import load, load_file

from stylespace.cli import studio
from stylespace.studio.reader import READER_FILE
from tests.cli.drawing import SESSION, save_session

PATIENCE = 120  # seconds
SMALL = {"encoder_widths": (16,), "decoder_widths": (16,)}
ADDRESS = re.compile(r"The studio of (\S+) is at (http://\S+/) \(Ctrl-C ends it\)\n")


@pytest.fixture
def here(tmp_path, monkeypatch, strokes_dir):
    """A directory with the default session, of the strokes, and a cache of its own."""
    monkeypatch.setenv("STYLESPACE_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    save_session(tmp_path / SESSION, data=str(strokes_dir), **SMALL)
    return tmp_path


@pytest.fixture
def start():
    """Start the command; it is ended at the end, or when a test has waited too long for it."""
    running = []

    def run(*arguments):
        command = [sys.executable, "-m", "stylespace", "studio", *map(str, arguments)]
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        process = subprocess.Popen(command, env=environment, **pipes)
        too_long = threading.Timer(PATIENCE, process.kill)
        too_long.start()
        running.append((process, too_long))
        return process

    yield run
    for process, too_long in running:
        too_long.cancel()
        process.kill()
        process.communicate()


def fetched(address, name=""):
    with urllib.request.urlopen(address + name, timeout=10) as answer:
        return answer.read()


def test_serves_the_session_until_ctrl_c(here, start):
    process = start("--no-open", "--port", 0)
    session, address = ADDRESS.fullmatch(process.stdout.readline()).groups()
    assert session == SESSION
    assert b"<title>" in fetched(address)
    info = json.loads(fetched(address, "studio.json"))
    assert (info["name"], info["reader"]) == (SESSION, "reader.safetensors")
    assert info["points"]["count"] == 300
    for name in ("model.safetensors", READER_FILE):
        served, kept = load(fetched(address, name)), load_file(here / SESSION / name)
        assert served.keys() == kept.keys()
        assert all(torch.equal(served[key], kept[key]) for key in kept)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (0, "")
    assert err.splitlines() == [
        "training the studio's reader, once for this data set; about half a minute"
    ]


def test_another_session_stands_beside_it_and_the_browser_is_opened(here, start, strokes_dir):
    save_session(here / "other.ckpt", data=str(strokes_dir), style_size=2, **SMALL)
    opened = here / "opened"
    os.environ["BROWSER"] = f"{sys.executable} -c \"open('{opened}', 'w').write('%s')\""
    try:
        process = start(SESSION, "--compare", "other.ckpt", "--port", 0)
        _, address = ADDRESS.fullmatch(process.stdout.readline()).groups()
    finally:
        del os.environ["BROWSER"]
    info = json.loads(fetched(address, "studio.json"))
    assert [other["name"] for other in info["compare"]] == ["other.ckpt"]
    for _ in range(100):
        if opened.exists() and opened.read_text():
            break
        time.sleep(0.1)
    assert opened.read_text() == address


def test_without_its_images_the_page_is_there_and_says_so(here, start):
    save_session(here / "moved.ckpt", data="nowhere/strokes", **SMALL)
    process = start("moved.ckpt", "--no-open", "--port", 0)
    _, address = ADDRESS.fullmatch(process.stdout.readline()).groups()
    info = json.loads(fetched(address, "studio.json"))
    assert (info["reader"], info["points"]["count"]) == (None, 0)
    process.send_signal(signal.SIGTERM)
    lines = process.communicate(timeout=10)[1].splitlines()
    assert lines[0].startswith("the page goes without test images: ")
    assert lines[1].startswith("the page does not read what is drawn: ")
    assert len(lines) == 2


def test_the_usual_port_is_left_to_whom_has_it(monkeypatch):
    taken = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setattr(studio, "PORT", taken.getsockname()[1])
    with taken, studio._server({"index.html": b""}, "127.0.0.1", None) as served:
        assert served.server_address[1] not in (0, studio.PORT)


@pytest.mark.usefixtures("here")
def test_listening_for_others_is_said(start):
    process = start("--no-open", "--port", 0, "--host", "0.0.0.0")
    assert ADDRESS.fullmatch(process.stdout.readline())
    process.send_signal(signal.SIGINT)
    last = process.communicate(timeout=10)[1].splitlines()[-1]
    assert last == (
        "--host 0.0.0.0: whoever reaches this machine on the network can open the page"
    )


REFUSED = {
    "no session": (["none.ckpt"], "none.ckpt is no session; make one with mnist-aae"),
    "two names": ([SESSION, "--ckpt-dir", SESSION], "name one session"),
    "other size": (["--feature-size", "5"], "mnist5.ckpt is no session"),
    "port": (["--port", "70000"], "--port must be between 0 and 65535"),
    "host": (["--host", "203.0.113.7"], "cannot listen on 203.0.113.7, port 8228: "),
    "no other": (["--compare", "none.ckpt"], "none.ckpt is no session"),
    "other data": (["--compare", "mnist.ckpt"], "mnist.ckpt is of mnist, not of "),
    "no data": (["--data", "nowhere"], "nowhere"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_one_line(here, case, capsys):
    flags, says = REFUSED[case]
    save_session(here / "mnist.ckpt", **SMALL)
    assert studio.main([*flags, "--no-open"], prog="stylespace studio") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("stylespace studio: ")
    assert says in err
    assert err.count("\n") == 1


def test_help_answers_without_loading_the_model():
    code = "import sys; from stylespace.cli.studio import main\ntry: main(['--help'])\n"
    code += "except SystemExit: sys.exit('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0
    for flag in ("SESSION", "--compare", "--no-open", "--port", "--host"):
        assert flag in done.stdout
