"""Sessions: what is saved comes back, and a save cut short leaves the last one."""

import contextlib
import errno
import json
import math
import os
import shutil
import sys
from pathlib import Path

import pytest
import torch

from stylespace import checkpoint
from stylespace.checkpoint import TrainerState
from stylespace.config import ModelConfig, TrainConfig
from stylespace.errors import SessionError
from stylespace.networks import StyleAutoencoder


def state(step: int) -> TrainerState:
    return TrainerState(
        config=TrainConfig(),
        step=step,
        steps=100,
        data="abc",
        tensors={"sums": torch.tensor([1.0, step])},
        history=({"epoch": 1},),
    )


@pytest.fixture
def session(tmp_path):
    torch.manual_seed(0)
    checkpoint.save(tmp_path / "s.ckpt", StyleAutoencoder(ModelConfig(style_size=3)), state(7))
    return tmp_path / "s.ckpt"


def test_what_is_saved_comes_back(tmp_path):
    model = StyleAutoencoder(ModelConfig(style_size=3, classes=4, data="runes"))
    checkpoint.save(tmp_path, model, state(7))
    loaded = checkpoint.load(tmp_path)
    assert loaded.config == model.config
    assert not loaded.training
    for name, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], value)
    trainer = checkpoint.read_trainer(tmp_path)
    assert trainer.tensors["sums"].tolist() == [1.0, 7.0]
    assert (trainer.step, trainer.finished, trainer.history) == (7, False, ({"epoch": 1},))


@pytest.mark.parametrize("after", range(1, 12))
def test_a_save_cut_short_anywhere_leaves_a_whole_session(session, monkeypatch, after):
    """Kill the second save at its n-th change of the directory; open what is left."""
    calls = 0

    def counted(real):
        def call(*arguments, **options):
            nonlocal calls
            calls += 1
            if calls > after:
                raise KeyboardInterrupt
            return real(*arguments, **options)

        return call

    for name in ("mkdir", "rename", "replace", "rmdir", "fsync"):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    other = StyleAutoencoder(ModelConfig(style_size=3))
    with contextlib.suppress(KeyboardInterrupt):
        checkpoint.save(session, other, state(8))
    monkeypatch.undo()
    trainer, model = checkpoint.read_trainer(session), checkpoint.load(session)
    is_new = torch.equal(
        model.decoder.layers.dense[0].weight, other.decoder.layers.dense[0].weight
    )
    assert trainer.step == (8 if is_new else 7)
    assert trainer.tensors["sums"][1] == trainer.step
    checkpoint.save(session, other, state(9))
    assert checkpoint.read_trainer(session).step == 9
    assert not [path for path in session.iterdir() if path.name.startswith(".sav")]


def test_a_directory_that_is_no_session(tmp_path):
    for path in (tmp_path, tmp_path / "missing", tmp_path / "file"):
        (tmp_path / "file").write_text("")
        with pytest.raises(SessionError, match=r"is no session; make one with mnist-aae"):
            checkpoint.load(path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"style_size": 5}, "do not fit config.json"),
        ({"flow_layers": 3}, "do not fit config.json"),
        ({"flow_layers": 64, "flow_widths": 64 * [16384]}, "do not fit config.json"),
        ({"encoder_widths": 64 * [16384]}, "do not fit config.json"),
        ({"encoder_widths": 65 * [8]}, "encoder_widths must be 64 at most"),
        ({"style_size": "five"}, "config.json"),
        ({"style_size": 10**9}, "between 1 and 512"),
        ({"colour": 1}, "unknown or missing settings"),
        ({"format": 99}, "not of format 1"),
    ],
)
def test_a_configuration_that_does_not_fit(session, change, says):
    path = session / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(SessionError, match=says):
        checkpoint.load(session)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_missing_file_is_named(session, name):
    (session / name).unlink()
    with pytest.raises(SessionError, match=f"{name} is missing"):
        checkpoint.load(session)


def test_weights_that_are_not_finite_are_refused(session):
    model = checkpoint.load(session)
    with torch.no_grad():
        model.encoder.layers.dense[0].weight[0, 0] = float("nan")
    checkpoint.save(session, model, state(8))
    with pytest.raises(SessionError, match="not finite"):
        checkpoint.load(session)


def test_a_full_disk_leaves_the_last_save(session, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("stylespace.checkpoint.save_file", full)
    with pytest.raises(SessionError, match="No space left on device"):
        checkpoint.save(session, StyleAutoencoder(ModelConfig(style_size=3)), state(8))
    assert checkpoint.read_trainer(session).step == 7
    assert not (session / ".saving").exists()


def test_a_file_system_without_locks_will_do(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def without(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", without)
    with checkpoint.session_lock(tmp_path / "s.ckpt"):
        assert (tmp_path / "s.ckpt").is_dir()


def test_where_nothing_is_saved_no_directory_is_left(tmp_path):
    (tmp_path / "there").mkdir()
    with checkpoint.session_lock(tmp_path / "there" / "new" / "s.ckpt"):
        pass
    assert not any((tmp_path / "there").iterdir())


def test_a_lock_taken_away_in_the_moment_it_is_asked_for_is_not_held(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")
    session = tmp_path / "s.ckpt"
    monkeypatch.setattr(fcntl, "flock", lambda *_: (session / ".lock").unlink())
    refused = pytest.raises(SessionError, match="another process is training")
    with refused, checkpoint.session_lock(session):
        pass


@pytest.mark.parametrize(
    "change",
    [
        {"step": math.inf},
        {"steps": math.inf},
        {"epochs_before": -math.inf},
        {"step": -5},
        {"epochs_before": -5},
    ],
)
def test_a_position_that_no_run_has(session, change):
    path = session / "trainer.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(SessionError, match=r"trainer.json is damaged"):
        checkpoint.read_trainer(session)


def test_reading_needs_no_right_to_write(session):
    """A session that was killed in the middle of moving its files opens on a read-only disk."""
    shutil.copytree(session, session.with_name("moving"), dirs_exist_ok=True)
    moving = session.with_name("moving")
    (moving / ".saved").mkdir()
    (moving / "model.safetensors").rename(moving / ".saved" / "model.safetensors")
    before = sorted(path.name for path in moving.iterdir())
    checkpoint.load(moving)
    assert sorted(path.name for path in moving.iterdir()) == before


def test_whoever_may_read_one_file_may_read_all(tmp_path):
    before = os.umask(0o022)
    try:
        checkpoint.save(tmp_path / "s.ckpt", StyleAutoencoder(ModelConfig(style_size=3)), state(7))
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "s.ckpt").iterdir()}
    assert set(modes.values()) == {0o644}


def test_what_may_not_be_read_is_not_called_damaged(session, monkeypatch):
    def forbidden(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.open", forbidden)
    with pytest.raises(SessionError, match=r"cannot read .*config\.json: Permission denied"):
        checkpoint.load(session)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO])
def test_what_the_system_fails_to_read_is_not_called_damaged(session, monkeypatch, number):
    def fails(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(checkpoint, "load_file", fails)
    with pytest.raises(SessionError, match=f"cannot read .*: {os.strerror(number)}; "):
        checkpoint.load(session)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_a_name_that_its_files_could_not_be_read_under_is_refused(session):
    odd = session.rename(session.with_name(os.fsdecode(b"\xff")))
    with pytest.raises(SessionError, match="is no UTF-8; give the session another name"):
        checkpoint.load(odd)
    with pytest.raises(SessionError, match="is no UTF-8"), checkpoint.session_lock(odd):
        pass


@pytest.mark.parametrize("read", [checkpoint.load, checkpoint.read_trainer])
def test_a_session_can_be_read_while_a_save_is_moved_into_place(session, monkeypatch, read):
    pending = session / ".saved"
    pending.mkdir()
    for path in list(session.iterdir()):
        if path != pending:
            path.rename(pending / path.name)
    looked = checkpoint._require_file

    def moved_meanwhile(path, most):
        checkpoint._finish_save(session)
        looked(path, most)

    monkeypatch.setattr(checkpoint, "_require_file", moved_meanwhile)
    read(session)


def test_opening_a_model_leaves_torchs_random_numbers_as_they_are(session):
    before = torch.get_rng_state()
    checkpoint.load(session)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_model_is_opened_to_be_used_its_weights_ask_for_no_gradient(session):
    model = checkpoint.load(session)
    style = torch.zeros(1, model.style_size, requires_grad=True)
    model.decode(style, torch.zeros(1, dtype=torch.int64)).sum().backward()
    assert style.grad.abs().sum() > 0
    assert all(weights.grad is None for weights in model.parameters())


def test_a_session_at_home_opens_by_its_short_name(session, monkeypatch):
    monkeypatch.setenv("HOME", str(session.parent))
    monkeypatch.chdir(session.parent)
    assert checkpoint.load(f"~/{session.name}").config == checkpoint.load(session).config
    with pytest.raises(SessionError, match=r"^~stranger is no session"):
        checkpoint.load("~stranger")


def test_a_model_opens_whatever_torchs_default_type(session):
    torch.set_default_dtype(torch.float64)
    try:
        model = checkpoint.load(session)
    finally:
        torch.set_default_dtype(torch.float32)
    assert {value.dtype for value in model.parameters()} == {torch.float32}


@pytest.mark.parametrize("again", [False, True])
def test_a_save_goes_nowhere_but_into_the_directory_that_is_held(tmp_path, again):
    session = tmp_path / "s.ckpt"
    model = StyleAutoencoder(ModelConfig(style_size=3))
    with checkpoint.session_lock(session):
        checkpoint.save(session, model, state(7))
        session.rename(tmp_path / "moved")
        if again:
            session.mkdir()
            (session / ".lock").touch()
        with pytest.raises(SessionError, match="was removed or replaced while training"):
            checkpoint.save(session, model, state(8))
    assert checkpoint.read_trainer(tmp_path / "moved").step == 7
    assert not (session / "model.safetensors").exists()


def test_each_file_is_on_the_disk_before_the_save_holds(session, monkeypatch):
    done, synced = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (done.append("sync"), synced(number)))
    rename = Path.rename
    monkeypatch.setattr(Path, "rename", lambda *names: (done.append("name"), rename(*names))[1])
    checkpoint.save(session, StyleAutoencoder(ModelConfig(style_size=3)), state(8))
    assert done[: done.index("name")].count("sync") == 5


def test_a_history_longer_than_any_run_is_refused(session):
    with (session / "history.jsonl").open("r+b") as history:
        history.truncate(65 * 2**20)  # sparse
    with pytest.raises(SessionError, match=r"history\.jsonl is damaged \(it is larger than"):
        checkpoint.read_trainer(session)
