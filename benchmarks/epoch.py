"""Seconds an epoch at the seed's settings, against the textbook loop, in turn in one run.

.venv/bin/python benchmarks/epoch.py
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import stylespace
from benchmarks import textbook
from stylespace.config import ModelConfig, TrainConfig
from stylespace.data.batches import Batches
from stylespace.datasets import LabelledImages
from stylespace.training.steps import make_trainer

STEPS, TURNS, PER_EPOCH = 50, 21, 600


def ours(data: LabelledImages, model_config: ModelConfig, config: TrainConfig) -> Iterator[int]:
    batches = Batches(data, config.batch_size, config.seed)
    trainer = make_trainer(model_config, config, steps=config.epochs * batches.per_epoch)
    for step in range(trainer.steps):
        trainer.step(step, *batches.at(step))
        yield step


def seconds(loop: Iterator[int]) -> float:
    """Seconds an epoch, from a stretch of steps."""
    started = time.perf_counter()
    for _ in range(STEPS):
        next(loop)
    return (time.perf_counter() - started) * PER_EPOCH / STEPS


def main() -> None:
    data, _ = stylespace.datasets.load("mnist")
    for objective in ("sae", "aae"):
        config = TrainConfig(objective=objective)
        loops = {
            "textbook": textbook.train(data, ModelConfig(), config),
            "stylespace": ours(data, ModelConfig(), config),
        }
        for loop in loops.values():  # allocations and the first epoch's order
            seconds(loop)
        turns = [{name: seconds(loop) for name, loop in loops.items()} for _ in range(TURNS)]
        ratios = [turn["textbook"] / turn["stylespace"] for turn in turns]
        for name in loops:
            print(f"{objective} {name:<10} {statistics.median(t[name] for t in turns):6.2f} s")
        print(
            f"{objective} ratio {statistics.median(ratios):.2f}, "
            f"{min(ratios):.2f} to {max(ratios):.2f} in {TURNS} turns"
        )


if __name__ == "__main__":
    main()
