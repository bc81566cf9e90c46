"""Seconds an epoch at the seed's settings, against the textbook loop, in turn in one run.

.venv/bin/python -m benchmarks.epoch
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import torch

import stylespace
from benchmarks import textbook
from benchmarks.machine import product_rate
from benchmarks.table import Row, of_runs, text
from stylespace.config import ModelConfig, Objective, TrainConfig
from stylespace.data.batches import Batches
from stylespace.datasets import LabelledImages
from stylespace.networks import ConditionedLayers, StyleAutoencoder
from stylespace.training.adversarial import (
    HAND_EVERY,
    JUDGE_EVERY,
    PENALTY_EVERY,
    AdversarialTrainer,
    make_trainer,
)
from stylespace.training.steps import Trainer

STEPS, TURNS, PER_EPOCH = 50, 21, 600


def rows() -> list[Row]:
    """Both objectives."""
    data, _ = stylespace.datasets.load("mnist")
    return [*_rows(data, "sae"), *_rows(data, "aae")]


def _rows(data: LabelledImages, objective: Objective) -> list[Row]:
    config = TrainConfig(objective=objective)
    batches = Batches(data, config.batch_size, config.seed)
    trainer = make_trainer(ModelConfig(), config, steps=config.epochs * batches.per_epoch)
    model = StyleAutoencoder(ModelConfig())
    loops = {"textbook": textbook.train(data, model, config), "": ours(trainer, batches)}
    for loop in loops.values():  # allocations and the first epoch's order
        seconds(loop)
    rate, ceiling = operations(trainer) / config.batch_size, product_rate(trainer.dtype)
    turns = [{name: seconds(loop) for name, loop in loops.items()} for _ in range(TURNS)]
    share = [rate * PER_EPOCH * config.batch_size / turn[""] / ceiling for turn in turns]
    return [
        of_runs(f"{objective}: an epoch", [turn[""] for turn in turns], "s"),
        of_runs(f"{objective}: textbook's epoch", [turn["textbook"] for turn in turns], "s"),
        of_runs(f"{objective}: ratio", [t["textbook"] / t[""] for t in turns], "times"),
        of_runs(f"{objective}: arithmetic over the product rate", [100 * s for s in share], "%"),
    ]


def ours(trainer: Trainer, batches: Batches) -> Iterator[int]:
    """Train, yielding the number of each step when it is done."""
    for step in range(trainer.steps):
        trainer.step(step, *batches.at(step))
        yield step


def seconds(loop: Iterator[int]) -> float:
    """Seconds an epoch, from a stretch of steps."""
    started = time.perf_counter()
    for _ in range(STEPS):
        next(loop)
    return (time.perf_counter() - started) * PER_EPOCH / STEPS


def operations(trainer: Trainer) -> float:
    """Floating-point operations of a step's matrix products, the mean of many steps.

    Forward two for each weight and row, backward four; the way back needs no gradient by the
    images. The gradient penalty goes forward, back to its input, and back through both.
    """
    config = trainer.config
    rows, kept = config.batch_size, trainer.places()[0].stop
    encoder, decoder = (_weights(n.layers) for n in (trainer.model.encoder, trainer.model.decoder))
    first = trainer.model.encoder.layers.dense[0].weight.numel()
    count = rows * (6 * (encoder + decoder) - 2 * first)
    if isinstance(trainer, AdversarialTrainer):
        judged = 2 * kept * _weights(trainer.discriminator.layers)
        count += judged * (6 / JUDGE_EVERY + 12 / PENALTY_EVERY)
        if config.deformation:  # originals are encoded; they and the deformed drawn once more
            count += (rows - kept) * (2 * encoder + (2 + 6) * decoder) / HAND_EVERY
    return count


def _weights(layers: ConditionedLayers) -> int:
    return sum(dense.weight.numel() for dense in layers.dense)


if __name__ == "__main__":
    torch.manual_seed(0)  # of the textbook's first weights
    print(text("Seconds an epoch, batches of 100", rows()))
