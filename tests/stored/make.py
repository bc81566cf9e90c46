"""Make the sample session of the version at hand: `python -m tests.stored.make DIRECTORY aae`.

Made once for each version that is released, and kept: later versions must open it.
The adversarial one takes a megabyte, since a discriminator has the same size in all sessions.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import save_file

import stylespace
from stylespace.config import ModelConfig, Objective
from stylespace.data.images import LabelledImages
from stylespace.training.loop import fit
from stylespace.training.plan import digest, make_plan
from stylespace.training.report import Report

EXPECTED = "expected.safetensors"
SHOWN = 10  # images whose reconstructions are kept
SMALL = {
    "style_size": 2,
    "encoder_widths": (6,),
    "decoder_widths": (5, 6),
    "flow_layers": 2,
    "flow_widths": (4,),
    "data": "bars",
}


def bars(count: int, top: int = 4) -> LabelledImages:
    """Upright bars: the place is the digit, the width goes round. The same on any machine."""
    number = torch.arange(count)
    digits, wide = number % 10, 1 + number // 10 % 4
    column = torch.arange(28)
    left = 3 + 2 * digits[:, None]
    ink = (column >= left) & (column < left + wide[:, None])
    images = (200 * ink.to(torch.uint8))[:, None].expand(count, 28, 28).contiguous()
    images[:, :top] = 0
    return LabelledImages(images, digits)


def make(directory: Path, objective: Objective) -> None:
    """Train for an epoch of two and a step, and keep what the model makes of some images."""
    train, test = bars(400), bars(60, top=6)
    asked = {"epochs": 2, "batch_size": 20}
    plan = make_plan(directory, ModelConfig(**SMALL), objective, asked, digest(train))

    def stop(line: str) -> None:
        if "saved" in line:
            os.kill(os.getpid(), signal.SIGTERM)

    with tempfile.TemporaryDirectory() as images:
        fit(directory, plan, train, test, Report(stop), Path(images))
    model, shown = stylespace.load(directory), test.subset(slice(SHOWN))
    style = model.encode(shown.floats(), shown.digits)
    expected = {"style": style, "images": model.decode(style, shown.digits)}
    save_file(expected, directory / EXPECTED)


if __name__ == "__main__":
    make(Path(sys.argv[1]), sys.argv[2])
