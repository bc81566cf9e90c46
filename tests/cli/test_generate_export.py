"""`generate-digits --export`, as a user runs it."""

import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from stylespace import hardware
from stylespace.cli import generate
from stylespace.generation import draw
from tests.cli.drawing import SESSION, left_behind, save_session
from tests.small import strokes, write_idx
from tests.test_export_set import read_idx, read_npz

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("path", "read"), [("set.npz", read_npz), ("new/set", read_idx)])
def test_an_exported_set_is_balanced_and_its_styles_draw_its_images(
    generate_digits, here, model, path, read
):
    exact = ["--precision", "float32", "--seed", 3]
    code, out, err = generate_digits("--export", path, "--count", 230, *exact)
    assert (code, err) == (0, "")
    assert out == f"230 images, with digits and styles, written to {path}\n"
    found = read(here / path)
    assert np.bincount(found["digits"]).tolist() == [23] * 10
    styles = torch.from_numpy(found["styles"].astype(np.float32))
    drawn = draw(model, styles, torch.from_numpy(found["digits"].astype(np.int64)))
    assert np.array_equal(drawn.numpy(), found["images"])
    generate_digits("--export", "few.npz", "--count", 30, *exact)
    assert np.array_equal(read_npz("few.npz")["images"], found["images"][:30])


@pytest.mark.parametrize(("path", "told"), [("set", True), ("set.npz", False)])
def test_names_that_a_set_cannot_hold_are_told_of(tmp_path, monkeypatch, capsys, path, told):
    monkeypatch.chdir(tmp_path)
    save_session(tmp_path / "s.ckpt", decoder_widths=(16,), class_names=tuple("ABCDEFGHIJ"))
    assert generate.main(["--ckpt-dir", "s.ckpt", "--export", path, "--count", "20"]) == 0
    assert ("do not hold the classes' names" in capsys.readouterr().out) is told


def test_a_folder_of_pictures_is_not_hidden_by_a_set(generate_digits, here):
    for name in "ab":
        (here / "own" / name).mkdir(parents=True)
        Image.new("L", (28, 28)).save(here / "own" / name / "1.png")
    code, out, err = generate_digits("--export", "own", "--count", 5)
    assert (code, out) == (1, "")
    assert "own holds pictures, which a set there would hide; name another" in err
    assert sorted(path.name for path in (here / "own").iterdir()) == ["a", "b"]


def test_a_set_of_two_parts_does_not_hide_an_export(generate_digits, here):
    write_idx(here / "own", strokes(20, 0), strokes(20, 1))
    before = sorted((here / "own").iterdir())
    code, out, err = generate_digits("--export", "own", "--count", 5)
    assert (code, out) == (1, "")
    assert "own holds another set, which would hide this one; name another" in err
    assert sorted((here / "own").iterdir()) == before


@pytest.mark.parametrize("fast", [torch.float32, torch.bfloat16])
def test_by_itself_an_export_multiplies_as_the_processor_is_fast(
    generate_digits, monkeypatch, fast
):
    monkeypatch.setattr(hardware, "fast_dtype", lambda: fast)
    generate_digits("--export", "auto.npz", "--count", 50)
    generate_digits("--export", "float32.npz", "--count", 50, "--precision", "float32")
    auto, exact = read_npz("auto.npz")["images"], read_npz("float32.npz")["images"]
    assert np.array_equal(auto, exact) == (fast == torch.float32)
    assert np.mean(auto == exact) > 0.5


def test_a_precision_that_is_only_emulated_or_of_no_export_is_refused(
    generate_digits, monkeypatch
):
    monkeypatch.setattr(hardware, "fast_dtype", lambda: torch.float32)
    code, _, err = generate_digits("--export", "set.npz", "--count", 5, "--precision", "bf16")
    assert (code, "only emulates bf16" in err, err.count("\n")) == (1, True, 1)
    code, _, err = generate_digits("--precision", "float32")
    assert (code, "--precision goes with --export" in err, err.count("\n")) == (1, True, 1)


def test_a_set_of_one_digit(generate_digits):
    _, out, _ = generate_digits("--export", "set.npz", "--count", 5, "--digit", 8)
    assert out == "5 images of the digit 8, with digits and styles, written to set.npz\n"
    assert read_npz("set.npz")["digits"].tolist() == [8] * 5


MEASURED = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "stylespace", "generate", *sys.argv[1:]], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak_memory(directory, *flags):
    """The command's largest resident size in bytes, as its parent is told; that one is small."""
    command = [sys.executable, "-c", MEASURED, *map(str, flags)]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.parametrize("name", ["set.npz", "set"])
def test_a_large_export_takes_no_more_memory_than_a_small_one(tmp_path, name):
    save_session(tmp_path / SESSION, decoder_widths=(16,))
    few = peak_memory(tmp_path, "--export", name, "--count", 40_000)
    many = peak_memory(tmp_path, "--export", name, "--count", 160_000)
    files = [tmp_path / name, *(tmp_path / "set").glob("*")]
    assert sum(file.stat().st_size for file in files) > 125e6
    assert many - few < 45e6  # 120,000 images are 94e6


def heed_ctrl_c():
    """As a terminal's programs do; what a script runs in the background is told to ignore it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize(
    ("number", "says"),
    [(signal.SIGINT, "stylespace generate: interrupted\n"), (signal.SIGTERM, "")],
)
@pytest.mark.parametrize("name", ["set.npz", "set"])
def test_a_stopped_export_leaves_nothing_behind(tmp_path, name, number, says):
    save_session(tmp_path / SESSION, decoder_widths=(16,))
    command = [sys.executable, "-m", "stylespace", "generate", "--count", "4000000"]
    with subprocess.Popen(
        [*command, "--export", name],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_ctrl_c,
    ) as process:
        deadline = time.monotonic() + 60
        while not left_behind(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.02)
        process.send_signal(number)
        assert process.stderr.read() == says
    assert process.returncode == 128 + number
    assert left_behind(tmp_path) == []


def two_megabytes():
    resource.setrlimit(resource.RLIMIT_FSIZE, (2 * 2**20, 2 * 2**20))


@pytest.mark.parametrize("flags", [("set.npz", 5000), ("set", 5000), ("new/deep/set", 5000)])
def test_a_write_that_fails_midway_is_one_line_and_leaves_nothing(here, stylespace, flags):
    path, count = flags
    done = stylespace("generate", "--export", path, "--count", count, preexec_fn=two_megabytes)
    assert done.returncode == 1
    assert done.stderr == f"stylespace generate: cannot write {path}: File too large\n"
    assert left_behind(here) == []


def test_an_export_without_a_name_is_refused(here, generate_digits):
    code, _, error = generate_digits("--export", "", "--count", 3)
    assert (code, error) == (1, "generate-digits: --export needs a name\n")
    assert left_behind(here) == []
