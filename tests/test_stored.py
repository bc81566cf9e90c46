"""Sessions that earlier versions wrote open, draw what they drew, and train on."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import stylespace as package
from stylespace import checkpoint
from tests.small import write_idx
from tests.stored.make import EXPECTED, SHOWN, bars

SESSIONS = sorted(path.parent for path in Path(__file__).parent.glob("stored/*/config.json"))


@pytest.fixture(params=SESSIONS, ids=lambda path: path.name)
def session(request, tmp_path):
    return shutil.copytree(request.param, tmp_path / "old.ckpt")


def test_there_is_one_of_each_format():
    assert {path.name for path in SESSIONS} >= {"0.1.0", "before-the-flow"}


def test_it_draws_what_it_drew(session):
    model, test, expected = (
        package.load(session),
        bars(SHOWN, top=6),
        load_file(session / EXPECTED),
    )
    style = model.encode(test.floats(), test.digits)
    assert torch.allclose(style, expected["style"], atol=1e-4)
    images = model.decode(expected["style"], test.digits)
    assert torch.allclose(images, expected["images"], atol=1e-4)
    assert expected["style"].std() > 0.1


def test_its_run_goes_on_to_the_end(session, stylespace, tmp_path):
    data = write_idx(tmp_path / "bars", bars(400), bars(60, top=6))
    objective = checkpoint.read_trainer(session).config.objective
    flags = ["--objective", objective, "--ckpt-dir", session, "--data", data]
    done = stylespace("train", *flags, "--feature-size", 2)
    assert done.returncode == 0, done.stderr
    assert "epoch 2 of 2" in done.stdout
    assert "Model parameters and trainer state saved." in done.stdout
    assert checkpoint.read_trainer(session).finished
