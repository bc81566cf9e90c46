"""Sessions and data from strangers: links in them lead nowhere."""

import os
import subprocess
import sys

import pytest
import torch

from stylespace import checkpoint
from stylespace.checkpoint import TrainerState
from stylespace.config import ModelConfig, TrainConfig
from stylespace.data.prepare import prepare_file
from stylespace.datasets import load
from stylespace.errors import DataError, SessionError
from stylespace.evaluation.session import stored_report
from stylespace.networks import StyleAutoencoder
from stylespace.studio.assets import open_session
from stylespace.studio.reader import session_reader
from tests.faults.runs import FILES, start, wait
from tests.small import strokes


@pytest.fixture
def session(tmp_path):
    config = ModelConfig(encoder_widths=(8,), decoder_widths=(8,))
    state = TrainerState(
        config=TrainConfig(), step=1, steps=9, data="abc", tensors={"sums": torch.zeros(3)}
    )
    checkpoint.save(tmp_path / "s.ckpt", StyleAutoencoder(config), state)
    return tmp_path / "s.ckpt"


@pytest.fixture
def treasure(tmp_path):
    """A directory that is none of a session's business, with a file in it."""
    (tmp_path / "treasure").mkdir()
    (tmp_path / "treasure" / "key").write_text("secret")
    return tmp_path / "treasure"


def test_a_lock_that_is_a_link_leaves_what_it_points_to(session, treasure):
    (session / ".lock").symlink_to(treasure / "key")
    with pytest.raises(SessionError, match="cannot write to"), checkpoint.session_lock(session):
        pass
    assert (treasure / "key").read_text() == "secret"


def test_a_pending_save_that_is_a_link_moves_nothing(session, treasure):
    (session / ".saved").symlink_to(treasure)
    with pytest.raises(SessionError, match="is a link"), checkpoint.session_lock(session):
        pass
    assert (treasure / "key").read_text() == "secret"


def test_a_save_in_writing_that_is_a_link_removes_nothing(session, treasure):
    (session / ".saving").symlink_to(treasure)
    model, state = checkpoint.load(session), checkpoint.read_trainer(session)
    with pytest.raises(SessionError, match="cannot save to"):
        checkpoint.save(session, model, state)
    assert (treasure / "key").read_text() == "secret"


def test_images_that_are_a_link_are_not_written(data, tmp_path, treasure):
    session = tmp_path / "s.ckpt"
    session.mkdir()
    (session / "images").symlink_to(treasure)
    assert wait(start(data, session, epochs=1)) == 0
    assert "images is a link; name its place with --image-dir" in (tmp_path / "log").read_text()
    assert [path.name for path in treasure.iterdir()] == ["key"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["device", "pipe", "directory"])
def test_a_file_that_never_ends_is_refused(session, name, kind):
    path = session / name
    path.unlink()
    if kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()
    is_models = name in ("config.json", "model.safetensors")
    opened = checkpoint.load if is_models else checkpoint.read_trainer
    with pytest.raises(SessionError, match=rf"{name} is damaged \(.*it is no file\)"):
        opened(session)


def test_a_report_that_never_ends_is_none(session):
    os.mkfifo(session / "report.json")
    shown = open_session(session, None)
    assert shown.card is None
    assert stored_report(session, shown.model, strokes(9, 0), strokes(9, 0)) is None


def test_a_reader_that_never_ends_is_none(session):
    os.mkfifo(session / "reader.safetensors")

    def learn():
        raise DataError("there is none, it must learn")

    with pytest.raises(DataError, match="it must learn"):
        session_reader(session, 10, learn)


def test_evaluating_what_never_ends_ends(session, data):
    (session / "trainer.json").unlink()
    os.mkfifo(session / "trainer.json")
    command = [sys.executable, "-m", "stylespace", "evaluate", str(session), "--data", str(data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "too few to measure" in done.stderr


def test_a_history_that_is_too_large_is_not_read(session):
    with (session / "history.jsonl").open("wb") as file:
        file.truncate(2**40)  # takes no room
    with pytest.raises(SessionError, match="it is larger than"):
        checkpoint.read_trainer(session)


def test_pipes_are_no_pictures_and_no_arrays(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(DataError, match="is larger than 50 MiB"):
        prepare_file(tmp_path / "pipe.png")
    with pytest.raises(DataError, match="is no file"):
        load(tmp_path / "pipe.npz")
