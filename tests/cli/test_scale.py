"""What a user sees of several processes that train one model, started as a user starts them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stylespace.checkpoint import read_trainer

FLAGS = ["--epochs", "3", "--batch-size", "20", "--lr", "0.0005", "--precision", "float32"]
PER_EPOCH = 60
LAUNCHER = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
TRAIN = ["-m", "stylespace", "train"]
ONE, TWO = [sys.executable, *TRAIN], [*LAUNCHER, "2", *TRAIN]


class Run:
    """A training command in a directory of its own."""

    def __init__(self, command, data, directory, *flags):
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [*command, *FLAGS, "--data", str(data), "--ckpt-dir", "s.ckpt", *flags]
        self.session = directory / "s.ckpt"
        self.process = subprocess.Popen(command, cwd=directory, env=environment, **pipes)
        self.printed = ""

    def until(self, text):
        for line in self.process.stdout:
            self.printed += line
            if text in line:
                return self
        raise AssertionError(f"it ended before {text!r}: {self.process.stderr.read()}")

    def end(self):
        printed, self.errors = self.process.communicate(timeout=120)
        self.printed += printed
        return self

    def history(self):
        return [json.loads(line) for line in (self.session / "history.jsonl").open()]


def workers(launcher):
    """The processes that a launcher has started, the first one first."""
    path = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children")
    return [
        int(number)
        for number in path.read_text().split()
        if b"stylespace" in Path(f"/proc/{number}/cmdline").read_bytes()
    ]


def same_training(one, other):
    """Whether two histories are of the same training, but for rounding."""
    for left, right in zip(one, other, strict=True):
        assert left["epoch"] == right["epoch"]
        for part in ("training", "validation"):
            assert left[part]["mse"] == pytest.approx(right[part]["mse"], rel=1e-3)
        assert left["training"]["detection"] == pytest.approx(
            right["training"]["detection"], abs=0.01
        )
    return True


@pytest.fixture(scope="module")
def alone(tmp_path_factory, strokes_dir):
    """What one process makes of it."""
    return Run(ONE, strokes_dir, tmp_path_factory.mktemp("alone")).end()


def test_two_processes_train_as_one_does(alone, strokes_dir, tmp_path):
    two = Run(TWO, strokes_dir, tmp_path).end()
    assert same_training(alone.history(), two.history())
    figures = [line for line in two.printed.splitlines() if "saved" in line]
    assert len(figures) == 3  # only one of them prints
    assert two.errors.count("\n") <= 1  # the launcher may have a word on threads
    ours = read_trainer(two.session)
    theirs = read_trainer(alone.session)
    for name, value in theirs.tensors.items():
        off = (ours.tensors[name] - value).norm() / value.norm().clamp(min=1e-9)
        assert off < 0.05, name


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_with_two_it_goes_on_with_one(alone, strokes_dir, tmp_path, number):
    run = Run(TWO, strokes_dir, tmp_path).until("[Epoch 1] Validation")
    run.process.send_signal(number)
    run.end()
    name = signal.Signals(number).name
    assert f"Stopped by {name}; the session is saved. The same command goes on" in run.printed
    assert run.printed.count("Stopped by") == 1
    assert 0 < read_trainer(run.session).step < 3 * PER_EPOCH
    again = Run(ONE, strokes_dir, tmp_path).end()
    assert "Going on in s.ckpt" in again.printed
    assert same_training(alone.history(), again.history())


def test_stopped_with_one_it_goes_on_with_two(alone, strokes_dir, tmp_path):
    run = Run(ONE, strokes_dir, tmp_path).until("[Epoch 1] Validation")
    run.process.send_signal(signal.SIGTERM)
    run.end()
    assert read_trainer(run.session).step < 3 * PER_EPOCH
    again = Run(TWO, strokes_dir, tmp_path).end()
    assert again.printed.count("Going on in s.ckpt") == 1
    assert same_training(alone.history(), again.history())


@pytest.mark.skipif(sys.platform != "linux", reason="finds the processes in /proc")
@pytest.mark.parametrize("killed", [0, 1])
def test_a_killed_process_ends_the_others_and_the_session_is_whole(
    alone, strokes_dir, tmp_path, killed
):
    run = Run(TWO, strokes_dir, tmp_path).until("saved")
    os.kill(workers(run.process)[killed], signal.SIGKILL)
    run.end()
    assert run.process.returncode != 0
    lines = [line for line in run.errors.splitlines() if line.startswith("stylespace train:")]
    assert len(lines) == 1
    assert f"process {1 - killed} of 2: another process of this run has ended" in lines[0]
    assert "stylespace/" not in run.errors  # no traceback of ours
    assert read_trainer(run.session).step % PER_EPOCH == 0
    again = Run(ONE, strokes_dir, tmp_path).end()
    assert same_training(alone.history(), again.history())


def test_what_they_cannot_do_is_said_once(strokes_dir, tmp_path):
    run = Run([*LAUNCHER, "3", *TRAIN], strokes_dir, tmp_path).end()
    lines = [line for line in run.errors.splitlines() if line.startswith("stylespace train:")]
    assert lines == [
        "stylespace train: 3 processes cannot share batches of 20 evenly: start as many as divide "
        "it, or choose another --batch-size"
    ]


def refused(done):
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_a_half_set_environment_is_refused(stylespace, strokes_dir, monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    line = refused(stylespace("train", "--data", strokes_dir))
    assert "the environment has RANK, WORLD_SIZE, but not LOCAL_RANK, MASTER_ADDR" in line


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_that_waits_for_the_others_can_be_stopped(
    strokes_dir, tmp_path, monkeypatch, number
):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    place = {"RANK": 0, "WORLD_SIZE": 2, "LOCAL_RANK": 0, "MASTER_PORT": port}
    for name, value in place.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    run = Run(ONE, strokes_dir, tmp_path)
    for _ in range(600):  # until it listens
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    else:
        pytest.fail("it did not begin to listen")
    run.process.send_signal(number)
    try:
        assert run.process.wait(timeout=20) == -number
    finally:
        run.process.kill()
    assert not run.session.exists()


@pytest.mark.parametrize("port", [0, 65536])
def test_a_port_that_cannot_be_is_refused(stylespace, strokes_dir, monkeypatch, port):
    place = {"RANK": 0, "WORLD_SIZE": 2, "LOCAL_RANK": 0, "MASTER_ADDR": "here"}
    for name, value in {**place, "MASTER_PORT": port}.items():
        monkeypatch.setenv(name, str(value))
    line = refused(stylespace("train", "--data", strokes_dir))
    assert f"MASTER_PORT={port} cannot be" in line


def test_a_device_that_is_not_there_is_refused(stylespace, strokes_dir, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    line = refused(stylespace("train", "--data", strokes_dir, "--device", "cuda"))
    assert "there is no cuda device here" in line
