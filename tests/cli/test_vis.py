"""`encoder-vis` as a user runs it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from stylespace import checkpoint
from stylespace.checkpoint import TrainerState
from stylespace.config import ModelConfig, TrainConfig
from stylespace.networks import StyleAutoencoder

BEGINS = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}


@pytest.fixture(autouse=True)
def no_display(monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "MPLBACKEND"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def session(strokes_dir, tmp_path):
    """Make a session of some style size, in the directory where the command runs."""

    def make(size=4, name="mnist4.ckpt"):
        torch.manual_seed(0)
        model = StyleAutoencoder(ModelConfig(style_size=size, data=str(strokes_dir)))
        state = TrainerState(
            config=TrainConfig(), step=1, steps=1, data="abc", tensors={}, history=()
        )
        checkpoint.save(tmp_path / name, model, state)
        return tmp_path / name

    return make


@pytest.mark.parametrize("suffix", [*BEGINS, ".PNG"])
def test_writes_what_the_name_says(stylespace, session, tmp_path, suffix):
    session()
    done = stylespace("vis", "--output", f"plots/space{suffix}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (f"Scatter matrix of 300 test images written to plots/space{suffix}\n")
    assert (tmp_path / "plots" / f"space{suffix}").read_bytes().startswith(BEGINS[suffix.lower()])


def test_without_a_display_it_writes_a_file_and_says_so(stylespace, session, tmp_path):
    session()
    done = stylespace("vis", "--sample-size", 50)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "Scatter matrix of 50 test images written to style-space.png; "
        "there is no display to show it on\n"
    )
    assert (tmp_path / "style-space.png").is_file()


@pytest.mark.parametrize("size", [1, 2, 40])
def test_every_style_size_can_be_seen(stylespace, session, tmp_path, size):
    session(size, f"mnist{size}.ckpt")
    done = stylespace("vis", "--feature-size", size, "--output", "a.svg")
    assert (done.returncode, done.stderr) == (0, "")
    text = (tmp_path / "a.svg").read_text()
    assert f"Style space of mnist{size}.ckpt" in text
    assert ("the first 8 of 40 dimensions" in text) == (size == 40)


def test_the_default_size_is_trainings(stylespace):
    text = re.sub(r"\s+", " ", stylespace("vis", "--help").stdout)
    assert f"feature vector (default: {ModelConfig.style_size})" in text
    assert "--sample-size S number of random test images to visualize (default: 500)" in text


def test_the_seed_chooses_the_images(stylespace, session, tmp_path):
    session()
    pictures = []
    for number, seed in enumerate((0, 0, 1)):
        flags = ["--seed", seed, "--sample-size", 40, "--output", f"{number}.png"]
        assert stylespace("vis", *flags).returncode == 0
        pictures.append((tmp_path / f"{number}.png").read_bytes())
    assert pictures[0] == pictures[1] != pictures[2]


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--output", "plot.gif"], "plot.gif must end in one of .svg, .png, .pdf"),
        (["--output", "plot"], "plot must end in one of .svg, .png, .pdf"),
        (["--sample-size", 0], "--sample-size must be at least 1"),
        (["--seed", -1], "--seed must be between 0 and 2147483647"),
        (["--ckpt-dir", "nothing.ckpt"], "nothing.ckpt is no session"),
        (["--feature-size", 3], "mnist3.ckpt is no session"),
        (["--feature-size", 3, "--ckpt-dir", "mnist4.ckpt"], "of style size 4, not 3"),
        (["--data-dir", "nowhere"], "leave --data-dir out"),
        (["--output", "mnist4.ckpt/config.json/plot.png"], "cannot write"),
    ],
)
def test_what_cannot_be_meant_is_one_line(stylespace, session, tmp_path, flags, says):
    session()
    done = stylespace("vis", *flags)
    assert done.returncode == 1
    assert done.stdout == ""
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mnist4.ckpt"]


def test_a_backend_that_there_is_not_is_one_line(stylespace, session, monkeypatch):
    session()
    monkeypatch.setenv("MPLBACKEND", "paper")
    done = stylespace("vis", "--output", "a.png")
    assert done.returncode == 1
    assert done.stderr == (
        "stylespace vis: MPLBACKEND=paper is no backend of matplotlib; unset it\n"
    )


def test_a_wrong_name_is_refused_before_anything_is_loaded(tmp_path):
    """The check needs neither torch nor a session."""
    code = (
        "import sys; from stylespace.cli.vis import main; main(['--output', 'a.bmp']); "
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert "must end in" in done.stderr


def test_the_checkouts_script_is_the_same_command(tmp_path, session):
    session()
    script = Path(__file__).parents[2] / "encoder-vis.py"
    command = [sys.executable, script, "--sample-size", "20", "--output", "a.png"]
    done = subprocess.run(
        command, cwd=tmp_path, env={**os.environ}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "Scatter matrix of 20 test images written to a.png\n"
