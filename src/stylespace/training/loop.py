"""`fit()`: the only loop; epochs, saving, stopping and going on belong to it alone."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from stylespace import checkpoint, sheets
from stylespace.checkpoint import TrainerState
from stylespace.config import IMAGE_SIDE, ModelConfig
from stylespace.data.batches import Batches
from stylespace.data.checks import has_only
from stylespace.data.images import LabelledImages
from stylespace.data.mapped import release
from stylespace.data.split import evenly
from stylespace.errors import DataError, SessionError, StylespaceError, TrainingError
from stylespace.hardware import Hardware
from stylespace.training import health
from stylespace.training.adversarial import make_trainer
from stylespace.training.calibration import Calibrator
from stylespace.training.distributed import Group
from stylespace.training.figures import TrainingFigures, ValidationFigures, history_line
from stylespace.training.plan import Plan
from stylespace.training.report import Report
from stylespace.training.steps import Trainer
from stylespace.training.stopping import Stop

__all__ = ["Ending", "fit", "total_steps"]

LINES_EVERY = 100  # batches between two lines, as the seed has it
ROW = 12
SHOWN = 4 * ROW  # test images on an epoch's sheet, each above its reconstruction
MEASURED = 2000  # test images at once


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a run ended.

    Attributes:
        signal: what asked it to stop, if anything did.
        finished: whether all steps are taken; if not, `fit` with a new plan goes on.
        remark: what is not well with the style space that was last looked at, if anything is.
    """

    signal: int | None
    finished: bool
    remark: str | None = None


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
    hardware: Hardware | None = None,
    group: Group | None = None,
    detect_anomaly: bool = False,
) -> Ending:
    """Train as planned, saving the session after each epoch.

    In a group each process calls it with the same plan and images; the first one writes and
    reports.

    Args:
        directory: the session.
        plan: from `make_plan`.
        train: images to train on.
        test: images for the figures after each epoch; they change nothing in training.
        report: is told the figures.
        image_dir: for a sheet of test images an epoch; `images/` in the session by default.
        hardware: what to compute on; by default the CPU, in its fastest type.
        group: the processes that train together; by default this one alone.
        detect_anomaly: whether to look for what is infinite or no number in each step.

    Returns:
        How it ended; the session is saved either way.

    Raises:
        TrainingError: the error is infinite or no number.
        StylespaceError: a save failed, the data does not fit, or another process of the group
            ended. The last save is whole in any case.
        OSError: the report cannot be written any more; the session is saved.
    """
    group, hardware = group or Group(), hardware or Hardware()
    group.together(lambda: _require_classes(plan.model_config, train, test))
    steps = total_steps(plan, train)
    group.together(lambda: _require_same_run(directory, plan, steps))
    trainer = group.together(
        lambda: make_trainer(plan.model_config, plan.config, steps, hardware, group)
    )
    trainer.detect_anomaly = detect_anomaly
    trainer.epochs_before = plan.epochs_before
    image_dir = image_dir or directory / "images"
    run = group.together(lambda: _Run(directory, plan, trainer, train, test, report, image_dir))
    asked = 0
    with Stop(once=group.size == 1) as stop:
        for step in range(plan.step, trainer.steps):
            run.step(step)
            asked = group.agree(step, stop.asked or (signal.SIGTERM if report.lost else 0))
            if asked:
                if run.saved_at != step + 1:
                    run.require_sound(step)
                    run.save(step + 1, calibrate=True)
                break
    if report.lost:
        raise report.lost
    finished = run.saved_at == trainer.steps
    return Ending(signal=asked or None, finished=finished, remark=run.remark)


def _require_classes(config: ModelConfig, train: LabelledImages, test: LabelledImages) -> None:
    """Refuse images of digits that the model does not have, and none at all."""
    for name, part in (("training", train), ("test", test)):
        if not len(part):
            raise DataError(f"there are no {name} images")
        if not has_only(part, config.classes):
            raise DataError(
                f"the {name} images have digits beyond the model's {config.classes} classes"
            )


def _require_same_run(directory: Path, plan: Plan, steps: int) -> None:
    """Refuse to go on with a run whose settings were changed by hand."""
    state = plan.state
    if state is not None and not state.finished and state.steps != steps:
        raise SessionError(
            f"{directory} is damaged: it is in a run of {state.steps} steps, but its settings "
            f"make {steps}; restore it or train anew elsewhere"
        )


class _Run:
    """What the loop works on."""

    def __init__(
        self,
        directory: Path,
        plan: Plan,
        trainer: Trainer,
        train: LabelledImages,
        test: LabelledImages,
        report: Report,
        image_dir: Path,
    ) -> None:
        self.directory, self.plan, self.trainer, self.test = directory, plan, trainer, test
        self.report, self.image_dir = report, image_dir
        size, group = plan.config.batch_size, trainer.group
        parts = trainer.places() if group.size > 1 else ()
        self.batches = Batches(
            train, size, plan.config.seed, plan.epochs_before, trainer.device, parts
        )
        if group.rank == 0 and plan.config.objective == "aae":
            seen, unseen = self.batches.seen(), self.batches.unseen()
            epochs = plan.epochs_before + plan.config.epochs
            self.calibrator = Calibrator(seen, unseen, plan.config.seed, epochs)
        self.history = list(plan.history)
        self.saved_at = plan.step
        self.remark: str | None = None
        self._take_over()

    def _take_over(self) -> None:
        plan = self.plan
        if plan.model is not None and plan.state is None:
            self.trainer.start_from(plan.model)
        if plan.model is not None and plan.state is not None:
            try:
                self.trainer.restore(plan.state.tensors, plan.model)
            except (KeyError, RuntimeError, ValueError):
                path = self.directory / checkpoint.TENSORS
                raise SessionError(f"{path} is damaged: it does not fit the model") from None

    def step(self, step: int) -> None:
        """Take one step, and what is due after it: a line, the end of an epoch."""
        epoch, batch = divmod(step, self.batches.per_epoch)
        batch += 1
        with self._naming(step):
            self.trainer.step(step, *self.batches.at(step))
            often = self.trainer.device.type == "cpu"  # elsewhere looking means waiting
            if (often or batch % LINES_EVERY == 0) and not self.trainer.finite():
                raise TrainingError("the squared error is infinite or no number")
        self.report.advance(step + 1)
        if batch % LINES_EVERY == 0:
            mse = self.trainer.figures(batch).mse
            self.report.batch(self.plan.epochs_before + epoch + 1, batch, mse)
        if batch == self.batches.per_epoch:
            self.require_sound(step)
            self._end_epoch(self.plan.epochs_before + epoch + 1, step + 1)

    def require_sound(self, step: int) -> None:
        """Refuse to keep what no training could go on from.

        Raises:
            TrainingError: the error, a weight or the optimizer's state is infinite or no number.
        """
        with self._naming(step):
            if not self.trainer.sound():
                raise TrainingError("weights are infinite or no number")

    @contextmanager
    def _naming(self, step: int) -> Iterator[None]:
        """Say of a training that cannot go on where that was, what is left, and what to do."""
        try:
            yield
        except TrainingError as error:
            epoch, batch = divmod(step, self.batches.per_epoch)
            place = f"epoch {self.plan.epochs_before + epoch + 1}, batch {batch + 1}"
            saved = checkpoint.exists(self.directory)
            kept = f"{self.directory} stays as it was saved" if saved else "nothing was saved"
            advice = f"start in another --ckpt-dir with a lower --lr than {self.plan.config.lr:g}"
            if not self.trainer.detect_anomaly:
                advice += ", or with --detect-anomaly to find the layer"
            raise TrainingError(f"{place}: {error}; {kept}; {advice}") from None

    def _calibrate(self, last: bool = False) -> None:
        """Make the averaged model ready for use; a simple auto-encoder has no prior to match."""
        if self.plan.config.objective == "aae":
            self.calibrator.calibrate(self.trainer.averaged, last)

    def save(self, step: int, calibrate: bool = False) -> None:
        """Write the session as it is after `step` steps."""
        tensors = self.trainer.state()

        def work() -> None:
            if calibrate:
                self._calibrate()
            self._write(step, tensors)

        self.trainer.group.on_first(work)
        self.saved_at = step

    def _write(self, step: int, tensors: dict[str, Tensor]) -> None:
        state = TrainerState(
            config=self.plan.config,
            step=step,
            steps=self.trainer.steps,
            data=self.plan.data,
            epochs_before=self.plan.epochs_before,
            tensors=tensors,
            history=tuple(self.history),
        )
        checkpoint.save(self.directory, self.trainer.averaged, state)
        self.report.say("Model parameters and trainer state saved.")

    def _end_epoch(self, epoch: int, step: int) -> None:
        figures = self.trainer.figures(self.batches.per_epoch)
        last = step == self.trainer.steps
        self.trainer.group.on_first(lambda: self._look(epoch, figures, last))
        self.trainer.sums.zero_()
        self.save(step)

    def _look(self, epoch: int, figures: TrainingFigures, last: bool) -> None:
        """Report the figures of an epoch, and what the averaged model does on the test images."""
        self.report.training(epoch, figures)
        self._calibrate(last)
        validation = self._validate(figures)
        self.report.validation(epoch, validation)
        checkpoint.require_held(self.directory)  # or else the images would bring it back
        self._write_images(epoch)
        self.report.say(f"  {health.describe(validation.health)}")
        self.remark = health.remark(validation.health)
        self.history.append(history_line(self.plan.config.objective, epoch, figures, validation))

    @torch.no_grad()
    def _validate(self, figures: TrainingFigures) -> ValidationFigures:
        model, device, codes = self.trainer.averaged, self.trainer.device, []
        mse, satisfaction = 0.0, None
        for start in range(0, len(self.test), MEASURED):
            block = self.test.subset(slice(start, start + MEASURED))
            share = len(block) / len(self.test)
            images, digits = block.floats().to(device), block.digits.to(device)
            code = model.encoder(images, digits)
            codes.append(code)
            drawn = model.decoder(code, digits).sigmoid()  # a style's way back is to its code
            mse += share * float((drawn - images).square().mean())
            passing = self.trainer.satisfaction(code, digits)
            if passing is not None:
                satisfaction = (satisfaction or 0.0) + share * passing
            release(block.images)
        code, digits = torch.cat(codes), self.test.digits.to(device)
        return ValidationFigures(
            mse=mse,
            satisfaction=satisfaction,
            health=health.measure(model, code, digits, figures.detection),
        )

    def _write_images(self, epoch: int) -> None:
        shown = self.test.subset(evenly(self.test.digits)[:SHOWN])
        originals, digits = shown.floats(), shown.digits.to(self.trainer.device)
        style = self.trainer.averaged.encode(originals.to(self.trainer.device), digits)
        drawn = self.trainer.averaged.decode(style, digits).cpu()
        pairs = originals.new_zeros(2, -(-len(shown) // ROW) * ROW, IMAGE_SIDE, IMAGE_SIDE)
        pairs[:, : len(shown)] = torch.stack([originals, drawn])[:, :, 0]  # blank at the end
        pairs = pairs.view(2, -1, ROW, IMAGE_SIDE, IMAGE_SIDE)
        rows = pairs.transpose(0, 1).reshape(-1, ROW, IMAGE_SIDE, IMAGE_SIDE)
        try:
            if self.image_dir == self.directory / "images" and self.image_dir.is_symlink():
                raise StylespaceError(
                    f"{self.image_dir} is a link; name its place with --image-dir"
                )
            sheets.write_picture(self.image_dir / f"epoch-{epoch:03}.png", sheets.tile(rows))
        except (OSError, StylespaceError) as error:
            self.report.say(f"  writing images failed: {error}")
        else:
            self.report.say(f"  test images written to {self.image_dir}")
