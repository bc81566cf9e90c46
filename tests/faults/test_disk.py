"""Disks that are full, read-only or taken away: one line, and the last whole save stays whole."""

import contextlib
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import torch

from stylespace import checkpoint
from stylespace.checkpoint import TrainerState
from stylespace.config import ModelConfig, TrainConfig
from stylespace.errors import SessionError
from stylespace.networks import StyleAutoencoder
from tests.faults.runs import finish, same, start, wait

resource = pytest.importorskip("resource")

MODEL = ModelConfig(encoder_widths=(16,), decoder_widths=(16,))


def state(step: int) -> TrainerState:
    tensors = {"sums": torch.full((20_000,), float(step))}
    return TrainerState(config=TrainConfig(), step=step, steps=100, data="abc", tensors=tensors)


def last_line(log) -> str:
    """The only line after the run's own that a failed run leaves."""
    return log.read_text().splitlines()[-1]


def test_a_disk_that_fills_up_anywhere_within_a_save_keeps_the_last(small_disk):
    size = None
    for room in (1.05, 1.3, 1.6, 1.9, 1.97, 3.0):
        disk = small_disk(2**21 if size is None else int(size * room) // 4096 * 4096)
        session = disk / "s.ckpt"
        checkpoint.save(session, StyleAutoencoder(MODEL), state(1))
        if size is None:
            size = sum(-(-path.stat().st_size // 4096) * 4096 for path in session.iterdir())
            continue
        saved = room == 3.0
        full = pytest.raises(SessionError, match=f"cannot save to {session}: No space left on dev")
        with contextlib.nullcontext() if saved else full:
            checkpoint.save(session, StyleAutoencoder(MODEL), state(2))
        checkpoint.load(session)
        found = checkpoint.read_trainer(session)
        assert found.step == 1 + saved == int(found.tensors["sums"][0])
        assert not list(session.glob(".sav*"))


def test_training_on_a_full_disk_ends_in_a_line_and_goes_on_when_there_is_room(
    small_disk, data, tmp_path
):
    finish(data, tmp_path / "whole.ckpt")
    disk, log = small_disk(2**25), tmp_path / "log2"
    session, filler = disk / "s.ckpt", disk / "filler"
    assert wait(start(data, session, log, epochs=4)) == 0
    shutil.rmtree(session)
    free = shutil.disk_usage(disk).free
    needed = sum(path.stat().st_size for path in (tmp_path / "whole.ckpt").iterdir())
    filler.write_bytes(bytes(free - int(1.7 * needed)))
    log.unlink()
    assert wait(start(data, session, log)) == 1
    assert last_line(log) == f"mnist-aae: cannot save to {session}: No space left on device"
    assert "Traceback" not in log.read_text()
    checkpoint.load(session)
    filler.unlink()
    assert wait(start(data, session, log)) == 0
    assert same(session, tmp_path / "whole.ckpt")


def test_a_largest_file_is_a_line_too(data, tmp_path):
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    assert wait(start(data, tmp_path / "s.ckpt", first=limit)) == 1
    assert last_line(tmp_path / "log").startswith(
        f"mnist-aae: cannot save to {tmp_path / 's.ckpt'}: "
    )
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_a_disk_that_is_read_only(small_disk, data, tmp_path):
    disk, log = small_disk(2**25), tmp_path / "log"
    session = disk / "s.ckpt"
    assert wait(start(data, session, log, epochs=1)) == 0
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    for place in (session, disk / "new.ckpt"):
        assert wait(start(data, place, log)) == 1
        assert last_line(log) == f"mnist-aae: cannot write to {place}: Read-only file system"
    assert checkpoint.read_trainer(session).finished  # reading needs no right to write


def test_a_directory_that_is_removed_while_training(data, tmp_path):
    session, log = tmp_path / "s.ckpt", tmp_path / "log"
    process = start(data, session, epochs=500)
    until = time.monotonic() + 30
    while not (session / "model.safetensors").exists() and time.monotonic() < until:
        time.sleep(0.01)
    session.rename(tmp_path / "moved")
    assert wait(process) == 1
    assert last_line(log) == (
        f"mnist-aae: {session} was removed or replaced while training; what was saved there "
        "before is all there is"
    )
    assert not (session / "model.safetensors").exists()
    checkpoint.read_trainer(tmp_path / "moved")


@pytest.mark.parametrize("more", [0, 1, 2, 3, 4, 6, 9])
def test_no_file_handles_left(data, tmp_path, more):
    def limit() -> None:
        taken = len(list(Path("/proc/self/fd").iterdir())) - 1
        resource.setrlimit(resource.RLIMIT_NOFILE, (taken + more, taken + more))

    code = wait(start(data, tmp_path / "s.ckpt", first=limit))
    told = (tmp_path / "log").read_text()
    assert "Traceback" not in told
    assert code in (0, 1)
    if code == 1:
        assert "oo many open files" in told.splitlines()[-1]
    if checkpoint.exists(tmp_path / "s.ckpt"):
        checkpoint.read_trainer(tmp_path / "s.ckpt")


def test_a_clock_that_runs_backwards_changes_nothing(data, tmp_path):
    def backwards() -> None:
        times = iter(range(2_000_000_000, 0, -3600))
        time.time = lambda: float(next(times))
        time.time_ns = lambda: next(times) * 10**9

    finish(data, tmp_path / "whole.ckpt")
    assert wait(start(data, tmp_path / "back.ckpt", first=backwards)) == 0
    assert same(tmp_path / "back.ckpt", tmp_path / "whole.ckpt")
