"""Try settings where they may be chosen: train on 50,000 images, measure on the last 10,000.

The test set is not looked at. With `judged=random` 10,000 images at random are measured on
instead: the same people wrote those who wrote the others.

.venv/bin/python benchmarks/trial.py epochs=12 deformation=0 style_size=8
.venv/bin/python benchmarks/trial.py judged=random
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from typing import Any

import torch

import stylespace
from stylespace.config import ModelConfig, TrainConfig, run_config
from stylespace.data.batches import Batches
from stylespace.datasets import LabelledImages
from stylespace.evaluation.card import evaluate
from stylespace.evaluation.reader import cached_reader
from stylespace.evaluation.text import card_text
from stylespace.networks import StyleAutoencoder
from stylespace.noise import generator
from stylespace.training.adversarial import make_trainer
from stylespace.training.calibration import Calibrator

HELD_OUT = 10_000


def train(
    data: LabelledImages, model_config: ModelConfig, config: TrainConfig
) -> StyleAutoencoder:
    batches = Batches(data, config.batch_size, config.seed)
    trainer = make_trainer(model_config, config, steps=config.epochs * batches.per_epoch)
    for step in range(trainer.steps):
        trainer.step(step, *batches.at(step))
    if config.objective == "aae":
        calibrator = Calibrator(batches.seen(), batches.unseen(), config.seed, config.epochs)
        calibrator.calibrate(trainer.averaged, last=True)
    return trainer.averaged


def split(data: LabelledImages, judged: str) -> tuple[LabelledImages, LabelledImages]:
    """The images to train on and those to measure on: the `"last"` ones, or some at `"random"`."""
    random = torch.randperm(len(data), generator=generator(0, "trial"))
    order = {"last": torch.arange(len(data)), "random": random}[judged]
    return data.subset(order[:-HELD_OUT]), data.subset(order[-HELD_OUT:])


def typed(kind: type[Any], values: dict[str, str]) -> dict[str, Any]:
    """Those of the `name=value` arguments that a configuration has."""
    known = {field.name: type(field.default) for field in dataclasses.fields(kind)}
    return {
        name: tuple(map(int, value.split(","))) if known[name] is tuple else known[name](value)
        for name, value in values.items()
        if name in known
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Try settings where they may be chosen.")
    parser.add_argument("settings", nargs="*", metavar="NAME=VALUE", help="of the configurations")
    settings = parser.parse_args().settings
    values = dict(setting.partition("=")[::2] for setting in settings)
    fields = [*dataclasses.fields(TrainConfig), *dataclasses.fields(ModelConfig)]
    unknown = values.keys() - {"judged", *(field.name for field in fields)}
    if unknown:
        sys.exit(f"no such setting: {', '.join(sorted(unknown))}")
    whole, _ = stylespace.datasets.load("mnist")
    shown, judged = split(whole, values.pop("judged", "last"))
    asked = typed(TrainConfig, values)
    config = run_config(asked.pop("objective", TrainConfig.objective), asked)
    model = train(shown, ModelConfig(**typed(ModelConfig, values)), config)
    reader = cached_reader(shown, lambda _: None, print)
    report = evaluate(model, shown, judged, reader, name=" ".join(settings) or "defaults")
    print(card_text(report))


if __name__ == "__main__":
    main()
