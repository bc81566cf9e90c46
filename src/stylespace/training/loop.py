"""`fit()`: the only loop; epochs, saving, stopping and going on belong to it alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from stylespace import checkpoint, sheets
from stylespace.checkpoint import TrainerState
from stylespace.data.batches import Batches
from stylespace.data.images import LabelledImages
from stylespace.errors import SessionError, StylespaceError
from stylespace.networks import IMAGE_SIDE
from stylespace.training import health
from stylespace.training.calibration import Calibrator
from stylespace.training.figures import TrainingFigures, ValidationFigures, history_line
from stylespace.training.plan import Plan
from stylespace.training.report import Report
from stylespace.training.steps import make_trainer
from stylespace.training.stopping import Stop

__all__ = ["Ending", "fit", "total_steps"]

LINES_EVERY = 100  # batches between two lines, as the seed has it
ROW = 12
SHOWN = 4 * ROW  # test images on an epoch's sheet, each above its reconstruction


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run ended.

    Attributes:
        signal: what asked it to stop, if anything did.
        finished: whether all steps are taken; if not, `fit` with a new plan goes on.
    """

    signal: int | None
    finished: bool


def total_steps(plan: Plan, train: LabelledImages) -> int:
    """Steps that the whole run takes."""
    return plan.config.epochs * (len(train) // plan.config.batch_size)


def fit(
    directory: Path,
    plan: Plan,
    train: LabelledImages,
    test: LabelledImages,
    report: Report,
    image_dir: Path | None = None,
) -> Ending:
    """Train as planned, saving the session after each epoch.

    Args:
        directory: the session.
        plan: from `make_plan`.
        train: images to train on.
        test: images for the figures after each epoch; they change nothing in training.
        report: is told the figures.
        image_dir: for a sheet of test images an epoch; `images/` in the session by default.

    Returns:
        How it ended; the session is saved either way.

    Raises:
        StylespaceError: a save failed or the data does not fit; the last save is whole.
    """
    run = _Run(directory, plan, train, test, report, image_dir or directory / "images")
    with Stop() as stop:
        for step in range(plan.step, run.steps):
            run.step(step)
            if stop.asked is not None:
                if run.saved_at != step + 1:
                    run.calibrate()
                    run.save(step + 1)
                return Ending(signal=stop.asked, finished=step + 1 == run.steps)
    return Ending(signal=None, finished=True)


class _Run:
    """What the loop works on."""

    def __init__(
        self,
        directory: Path,
        plan: Plan,
        train: LabelledImages,
        test: LabelledImages,
        report: Report,
        image_dir: Path,
    ) -> None:
        self.directory, self.plan, self.test = directory, plan, test
        self.report, self.image_dir = report, image_dir
        self.batches = Batches(train, plan.config.batch_size, plan.config.seed, plan.epochs_before)
        self.calibrator = Calibrator(self.batches.seen(), self.batches.unseen())
        self.steps = total_steps(plan, train)
        self.trainer = make_trainer(plan.model_config, plan.config, self.steps)
        self.history: list[dict[str, Any]] = []
        self.saved_at = plan.step
        self._take_over()

    def _take_over(self) -> None:
        plan = self.plan
        if plan.model is not None and plan.state is None:
            self.trainer.start_from(plan.model)
        if plan.model is not None and plan.state is not None:
            self.history = list(plan.state.history)
            try:
                self.trainer.restore(plan.state.tensors, plan.model)
            except (KeyError, RuntimeError, ValueError):
                path = self.directory / checkpoint.TENSORS
                raise SessionError(f"{path} is damaged: it does not fit the model") from None

    def step(self, step: int) -> None:
        """Take one step, and what is due after it: a line, the end of an epoch."""
        self.trainer.step(step, *self.batches.at(step))
        self.report.advance(step + 1)
        epoch, batch = divmod(step, self.batches.per_epoch)
        batch += 1
        if batch % LINES_EVERY == 0:
            mse = self.trainer.figures(batch).mse
            self.report.batch(self.plan.epochs_before + epoch + 1, batch, mse)
        if batch == self.batches.per_epoch:
            self._end_epoch(self.plan.epochs_before + epoch + 1, step + 1)

    def calibrate(self) -> None:
        """Make the averaged model ready for use; a simple auto-encoder has no prior to match."""
        if self.plan.config.objective == "aae":
            self.calibrator.calibrate(self.trainer.averaged)

    def save(self, step: int) -> None:
        """Write the session as it is after `step` steps."""
        state = TrainerState(
            config=self.plan.config,
            step=step,
            steps=self.steps,
            data=self.plan.data,
            epochs_before=self.plan.epochs_before,
            tensors=self.trainer.state(),
            history=tuple(self.history),
        )
        checkpoint.save(self.directory, self.trainer.averaged, state)
        self.saved_at = step
        self.report.say("Model parameters and trainer state saved.")

    def _end_epoch(self, epoch: int, step: int) -> None:
        figures = self.trainer.figures(self.batches.per_epoch)
        self.report.training(epoch, figures)
        self.calibrate()
        validation = self._validate(figures)
        self.report.validation(epoch, validation)
        self._write_images(epoch)
        self.report.say(f"  {health.describe(validation.health)}")
        self.history.append(history_line(self.plan.config.objective, epoch, figures, validation))
        self.trainer.sums.zero_()
        self.save(step)

    def _validate(self, figures: TrainingFigures) -> ValidationFigures:
        model, images, digits = self.trainer.averaged, self.test.floats(), self.test.digits
        style = model.encode(images, digits)
        return ValidationFigures(
            mse=float((model.decode(style, digits) - images).square().mean()),
            satisfaction=self.trainer.satisfaction(images, digits),
            health=health.measure(model, style, digits, figures.detection),
        )

    def _write_images(self, epoch: int) -> None:
        shown = self.test.subset(slice(SHOWN))
        originals = shown.floats()
        drawn = self.trainer.averaged.decode(
            self.trainer.averaged.encode(originals, shown.digits), shown.digits
        )
        pairs = torch.stack([originals, drawn]).view(2, -1, ROW, IMAGE_SIDE, IMAGE_SIDE)
        rows = pairs.transpose(0, 1).reshape(-1, ROW, IMAGE_SIDE, IMAGE_SIDE)
        try:
            sheets.write_picture(self.image_dir / f"epoch-{epoch:03}.png", sheets.tile(rows))
        except (OSError, StylespaceError) as error:
            self.report.say(f"  writing images failed: {error}")
        else:
            self.report.say(f"  test images written to {self.image_dir}")
