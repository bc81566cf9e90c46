"""Short trainings in forked processes: torch is imported once, and a run takes half a second."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from stylespace.cli import train as command
from stylespace.config import ModelConfig

FILES = (
    "config.json",
    "model.safetensors",
    "trainer.json",
    "trainer.safetensors",
    "history.jsonl",
)
EPOCHS = 4


def _small(**settings: object) -> ModelConfig:
    return ModelConfig(encoder_widths=(16,), decoder_widths=(16,), **settings)  # type: ignore[arg-type]


_small.style_size = ModelConfig.style_size  # type: ignore[attr-defined]
_small.data = ModelConfig.data  # type: ignore[attr-defined]


def start(
    data: Path,
    session: Path,
    log: Path | None = None,
    first: Callable[[], object] = lambda: None,
    epochs: int = EPOCHS,
) -> int:
    """Fork a training with a small model.

    Args:
        data: the images.
        session: where to train.
        log: what it prints goes there; by default `log` beside the session.
        first: what the process does first.
        epochs: of the training.

    Returns:
        The process id.
    """
    log = log or session.parent / "log"
    torch.set_num_threads(1)  # a fork has no other threads
    process = os.fork()
    if process:
        return process
    code = 70
    try:
        command.ModelConfig = _small  # type: ignore[misc, assignment]
        with log.open("a") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        sys.stdout, sys.stderr = (os.fdopen(number, "w", 1, closefd=False) for number in (1, 2))
        sys.argv[0] = "mnist-aae"
        first()
        flags = ["--data", str(data), "--ckpt-dir", str(session), "--batch-size", "40"]
        code = command.main_aae([*flags, "--epochs", str(epochs)])
    finally:
        os._exit(code)


def wait(process: int) -> int:
    """The exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def finish(data: Path, session: Path) -> float:
    """Let a run go to its end; returns the seconds it took."""
    began = time.monotonic()
    code = wait(start(data, session))
    if code != 0:
        raise AssertionError(f"exit code {code}: {(session.parent / 'log').read_text()[-2000:]}")
    return time.monotonic() - began


def same(session: Path, whole: Path) -> bool:
    """Whether two ended sessions are equal to the bit."""
    return all(_held(session, name) == _held(whole, name) for name in FILES)


def _held(session: Path, name: str) -> bytes:
    """A file of the last whole save, which a kill may have left before it was in its place."""
    saved = session / ".saved" / name
    return (saved if saved.exists() else session / name).read_bytes()
