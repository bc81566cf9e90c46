"""The size study: sessions of several style sizes, all trained and evaluated alike."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylespace import checkpoint
from stylespace.config import DEFAULT_EPOCHS, ModelConfig, Objective, TrainConfig, run_config
from stylespace.data.images import LabelledImages
from stylespace.data.loading import lasting_name
from stylespace.errors import SessionError
from stylespace.evaluation import card
from stylespace.evaluation.reader import Reader, cached_reader
from stylespace.evaluation.session import evaluate_session, stored_report
from stylespace.training.figures import ValidationFigures
from stylespace.training.loop import fit, total_steps
from stylespace.training.plan import digest, make_plan
from stylespace.training.report import Report

__all__ = [
    "Live",
    "Result",
    "Session",
    "Study",
    "check_study",
    "evaluate_sessions",
    "train_sessions",
]

OBJECTIVE: Objective = "aae"

Progress = Callable[[str, float], None]
Say = Callable[[str], None]
Live = Callable[[], AbstractContextManager[tuple[Progress, Say]]]
"""Opens what shows the share that is done of each named part, and what says a line."""


@dataclass(frozen=True, kw_only=True)
class Session:
    """One session of a study.

    Attributes:
        style_size: of its model.
        seed: of its training.
        directory: where it is, or will be.
    """

    style_size: int
    seed: int
    directory: Path

    @property
    def label(self) -> str:
        """Its name in the lines of progress."""
        return f"size {self.style_size}, seed {self.seed}"


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is trained and measured.

    Attributes:
        sizes: style sizes, ascending.
        seeds: training seeds, ascending.
        directory: holds the sessions.
        data: the data set's name or directory.
        epochs: of each training.
        quick: whether quick reports do.
        seed: of the evaluation.
    """

    sizes: tuple[int, ...]
    seeds: tuple[int, ...] = (TrainConfig.seed,)
    directory: Path = Path("study")
    data: str = ModelConfig.data
    epochs: int = DEFAULT_EPOCHS[OBJECTIVE]
    quick: bool = False
    seed: int = 0

    @property
    def sessions(self) -> tuple[Session, ...]:
        """One for each size and seed, by size."""
        return tuple(
            Session(
                style_size=size,
                seed=seed,
                directory=self.directory / f"size{size}-seed{seed}.ckpt",
            )
            for size in self.sizes
            for seed in self.seeds
        )


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one session's evaluation found.

    Attributes:
        session: which.
        report: its `report.json`.
    """

    session: Session
    report: dict[str, Any]


def check_study(study: Study, train: LabelledImages, test: LabelledImages) -> None:
    """Refuse what would fail, or spoil the comparison, after hours of training.

    Raises:
        SessionError: one of the sessions is damaged, or was trained otherwise than the study's
            are.
        DataError: the images are too few to measure anything.
    """
    data = digest(train)
    card.check_data(_model_config(study, study.sessions[0], train), train, test)
    for session in study.sessions:
        if checkpoint.exists(session.directory):
            _check_session(study, session, _model_config(study, session, train), data)


def train_sessions(
    study: Study, train: LabelledImages, test: LabelledImages, live: Live
) -> int | None:
    """Train those sessions of a study that are not finished, each from where it is.

    Args:
        study: checked by `check_study`.
        train: images to train on.
        test: images for the figure after each epoch.
        live: shows the progress; opened anew for each session.

    Returns:
        None when all are finished, else the signal that asked to stop; then the session is saved
        and the same call goes on.

    Raises:
        SessionError: a session cannot be written, or another process trains it.
    """
    for session in study.sessions:
        if not _finished(session):
            with live() as (progress, say):
                stopped = _train(study, session, train, test, progress, say)
            if stopped is not None:
                return stopped
    return None


def evaluate_sessions(
    study: Study, train: LabelledImages, test: LabelledImages, live: Live
) -> list[Result]:
    """Collect the report of each session; those that lack one of the model as it is are evaluated.

    Args:
        study: its sessions are trained.
        train: the images that they were trained on.
        test: the images that they are judged on.
        live: shows the progress; opened anew for each session.

    Raises:
        StylespaceError: a report cannot be written.
    """
    reader: Reader | None = None
    results = []
    for session in study.sessions:
        model = checkpoint.load(session.directory)
        given = (session.directory, model, train, test)
        report = stored_report(*given, quick=study.quick, seed=study.seed)
        if report is None:
            with live() as (progress, say):
                say(f"{session.label}: evaluating")
                reader = reader or cached_reader(train, functools.partial(progress, "reader"), say)
                found = evaluate_session(
                    *given, reader, quick=study.quick, seed=study.seed, progress=progress
                )
            card.write_report(session.directory, found)
            report = found.as_json()
        results.append(Result(session=session, report=report))
    return results


class _EpochLines(Report):
    """One line an epoch, where a training command prints many."""

    def __init__(
        self, session: Session, epochs: int, say: Say, advance: Callable[[int], None]
    ) -> None:
        super().__init__(say, advance)
        self._session, self._epochs = session, epochs

    def validation(self, epoch: int, figures: ValidationFigures) -> None:
        """The epoch's line."""
        place = f"{self._session.label}: epoch {epoch} of {self._epochs}"
        super().say(f"{place}, test MSE {figures.mse:.4f}")

    def say(self, line: str) -> None:
        """Nothing: of all other lines there are too many."""


def _train(
    study: Study,
    session: Session,
    train: LabelledImages,
    test: LabelledImages,
    progress: Progress,
    say: Say,
) -> int | None:
    directory, config = session.directory, _model_config(study, session, train)
    with checkpoint.session_lock(directory):
        plan = make_plan(directory, config, OBJECTIVE, _asked(study, session), digest(train))
        if plan.message:
            say(plan.message)
        steps = total_steps(plan, train)
        lines = _EpochLines(
            session, study.epochs, say, lambda step: progress("training", step / steps)
        )
        return fit(directory, plan, train, test, lines).signal


def _finished(session: Session) -> bool:
    directory = session.directory
    return checkpoint.exists(directory) and checkpoint.read_position(directory).finished


def _asked(study: Study, session: Session) -> dict[str, Any]:
    return {"epochs": study.epochs, "seed": session.seed}


def _model_config(study: Study, session: Session, train: LabelledImages) -> ModelConfig:
    return ModelConfig(
        style_size=session.style_size,
        classes=len(train.class_names),
        data=lasting_name(study.data),
        class_names=train.class_names,
    )


def _check_session(study: Study, session: Session, model: ModelConfig, data: str) -> None:
    directory, wanted = session.directory, run_config(OBJECTIVE, _asked(study, session))
    stored = checkpoint.read_config(directory)
    state = checkpoint.read_position(directory)
    if state.data != data:
        raise SessionError(
            f"{directory} was trained on other images than these: name another --study-dir"
        )
    epochs = state.epochs_before + state.config.epochs
    if epochs != study.epochs:
        raise SessionError(
            f"{directory} is a run of {epochs} epochs, not {study.epochs}: name another "
            "--study-dir, or other --epochs"
        )
    # the data set's name may be another path to the same images, and an older session names none
    # of its classes
    named = dataclasses.replace(stored, data=model.data, class_names=model.class_names)
    if named != model or state.config != wanted:
        raise SessionError(
            f"{directory} was trained with other settings than a study's: name another --study-dir"
        )
