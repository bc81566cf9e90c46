"""Two processes on one core each against one process on two, in turn.

.venv/bin/python -m benchmarks.scaling
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

import torch

import stylespace
from benchmarks.table import Row, of_runs, text
from stylespace.config import ModelConfig, TrainConfig
from stylespace.data.batches import Batches
from stylespace.training.adversarial import make_trainer
from stylespace.training.distributed import joined, launched

__all__ = ["rows"]

TURNS, STRETCHES = 5, 7
BATCHES = {100: 40, 400: 20, 1600: 6}  # sizes, and steps a stretch
LAUNCH = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
WORKER = ["-m", "benchmarks.scaling", "worker"]


def rows() -> list[Row]:
    """Images a second of both, and the ratio, for each size of batches."""
    found = []
    for size in BATCHES:
        turns = [(_rate(size, [], 2), _rate(size, LAUNCH, 1)) for _ in range(TURNS)]
        one, two = zip(*turns, strict=True)
        found += [
            of_runs(f"batches of {size}: one process on two cores", one, "images/s"),
            of_runs(f"batches of {size}: two processes on one each", two, "images/s"),
            of_runs(f"batches of {size}: ratio", [t / o for o, t in turns], "times"),
        ]
    return found


def _rate(size: int, launcher: list[str], threads: int) -> float:
    command = [sys.executable, *launcher, *WORKER, str(size)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)


def work(size: int) -> None:
    """Train for a while as one process of a group, and print the median images a second."""
    data, _ = stylespace.datasets.load("mnist")
    config, group = TrainConfig(batch_size=size), launched()
    with joined(group):
        trainer = make_trainer(ModelConfig(), config, 10_000, group=group)
        places = trainer.places() if group.size > 1 else ()
        batches = Batches(data, size, 0, parts=places)
        step, seconds = 0, []
        for _ in range(STRETCHES):
            started = time.perf_counter()
            for _ in range(BATCHES[size]):
                trainer.step(step, *batches.at(step))
                step += 1
            seconds.append(time.perf_counter() - started)
        if group.rank == 0:
            print(size * BATCHES[size] / statistics.median(seconds[1:]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        work(int(sys.argv[2]))
    else:
        print(text("Adversarial training", rows()))
