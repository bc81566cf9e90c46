"""The figures of an epoch, as they are printed and as `history.jsonl` keeps them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from stylespace.config import Objective
from stylespace.training.health import Health

__all__ = ["TrainingFigures", "ValidationFigures", "history_line"]


@dataclass(frozen=True, kw_only=True)
class TrainingFigures:
    """Means over an epoch's steps, or over those taken so far.

    Attributes:
        mse: mean squared error of a pixel.
        detection: shares of prior samples and of codes that the discriminator took for what they
            are; none for a simple auto-encoder.
    """

    mse: float
    detection: tuple[float, float] | None


@dataclass(frozen=True, kw_only=True)
class ValidationFigures:
    """What the averaged model does on the test images.

    Attributes:
        mse: mean squared error of a pixel.
        satisfaction: share of codes that the discriminator takes for the prior; none for a simple
            auto-encoder.
        health: how the codes compare with the prior.
    """

    mse: float
    satisfaction: float | None
    health: Health


def history_line(
    objective: Objective, epoch: int, training: TrainingFigures, validation: ValidationFigures
) -> dict[str, Any]:
    """One line of `history.jsonl`."""
    return {
        "objective": objective,
        "epoch": epoch,
        "training": dataclasses.asdict(training),
        "validation": dataclasses.asdict(validation),
    }
