"""Whole processes, as a user starts them: seconds and memory.

.venv/bin/python -m benchmarks.processes
"""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

from benchmarks.machine import timed
from benchmarks.table import Row, of_runs, text
from stylespace.checkpoint import load
from stylespace.generation import draw, random_styles
from stylespace.hardware import fast_dtype

__all__ = ["Finished", "generation_rows", "rows", "run"]

RUNS = 5
DRAWN = 100_000
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
FIRST_IMAGE = """
import sys, time
started = time.perf_counter()
import stylespace, torch
model = stylespace.load(sys.argv[1])
model.decode(torch.zeros(1, model.style_size), torch.tensor([7]))
print(time.perf_counter() - started)
"""


class Finished:
    """A command that has run.

    Attributes:
        seconds: from its start to its end.
        peak: its largest resident size in bytes.
    """

    def __init__(self, *command: object, directory: Path | None = None) -> None:
        started = time.perf_counter()
        wrapped = [sys.executable, "-c", MEASURED, sys.executable, *map(str, command)]
        done = subprocess.run(wrapped, cwd=directory, capture_output=True, text=True, check=True)
        self.seconds = time.perf_counter() - started
        self.peak = int(done.stdout.split()[-1]) * (1 if sys.platform == "darwin" else 1024)


def run(directory: Path, *arguments: object) -> Finished:
    """Run `stylespace ...` in a directory."""
    return Finished("-m", "stylespace", *arguments, directory=directory)


def rows() -> list[Row]:
    """Memory of training and of an export, the time to a first image, digits a second."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        session = directory / "mnist4.ckpt"
        training = run(directory, "train", "--epochs", 1, "--ckpt-dir", session)
        export = run(
            directory, "generate", "--ckpt-dir", session, "--export", "set", "--count", 1_000_000
        )
        return [
            Row("training, an epoch: memory at the peak", training.peak / 1e9, "GB"),
            Row("export of a million digits: memory at the peak", export.peak / 1e9, "GB"),
            Row("export of a million digits", export.seconds, "s"),
            of_runs("a fresh process's first image", first_images(session), "s"),
            *generation_rows(session),
        ]


def first_images(session: Path) -> list[float]:
    """Seconds from `import stylespace` to the first image."""
    command = [sys.executable, "-c", FIRST_IMAGE, str(session)]
    return [
        float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        for _ in range(RUNS)
    ]


def generation_rows(session: Path) -> list[Row]:
    """Digits drawn a second, in random styles: as sheets are drawn, and as exports are."""
    model = load(session)
    styles, digits = random_styles(DRAWN, model.style_size), torch.arange(DRAWN) % 10
    seconds: dict[torch.dtype, list[float]] = {torch.float32: [], fast_dtype(): []}
    for _ in range(RUNS):
        for dtype, found in seconds.items():
            found.append(timed(functools.partial(draw, model, styles, digits, dtype), times=1))
    return [
        of_runs(f"digits drawn a second, {str(dtype)[6:]}", [DRAWN / s for s in found], "")
        for dtype, found in seconds.items()
    ]


if __name__ == "__main__":
    print(text("Processes", rows()))
