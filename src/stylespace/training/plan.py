"""What a training command means for the directory that it finds: begin, go on, or refuse."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from stylespace import checkpoint
from stylespace.checkpoint import TrainerState
from stylespace.config import ModelConfig, Objective, TrainConfig, run_config
from stylespace.data.images import LabelledImages
from stylespace.data.loading import is_gone
from stylespace.data.mapped import release
from stylespace.errors import SessionError
from stylespace.networks import StyleAutoencoder

__all__ = ["Plan", "digest", "make_plan"]

HASHED = 2**16  # images at once
FLAGS = {"epochs": "--epochs", "batch_size": "--batch-size", "lr": "--lr", "seed": "--seed"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a training run starts from.

    Attributes:
        model_config: of the auto-encoder.
        config: of the run.
        data: digest of the training images.
        model: weights to start from, if any.
        state: the state to go on from, if any.
        epochs_before: epochs of this objective that ended before this run.
        history: a line for each epoch of the session so far, simple training's too.
        message: what to tell the user of all this, if anything.
    """

    model_config: ModelConfig
    config: TrainConfig
    data: str
    model: StyleAutoencoder | None = None
    state: TrainerState | None = None
    epochs_before: int = 0
    history: tuple[dict[str, Any], ...] = ()
    message: str | None = None

    @property
    def step(self) -> int:
        """The first step to take."""
        return 0 if self.state is None or self.state.finished else self.state.step


def digest(data: LabelledImages, beside: bytes = b"") -> str:
    """A fingerprint of images and digits, the same whatever file they came from.

    Args:
        data: the images.
        beside: what else it shall tell apart.
    """
    hashed = hashlib.sha256(beside)
    for part in (data.images, data.digits):
        for rows in torch.split(part, HASHED):
            hashed.update(rows.contiguous().numpy().data)
            release(rows)
    return hashed.hexdigest()[:16]


def make_plan(
    directory: Path,
    model_config: ModelConfig,
    objective: Objective,
    asked: dict[str, Any],
    data: str,
) -> Plan:
    """Decide what to do in a session directory.

    Args:
        directory: the session, existing or not.
        model_config: what is asked of the model.
        objective: `"sae"` or `"aae"`.
        asked: the settings of `TrainConfig` that the user named.
        data: `digest` of the training images.

    Raises:
        SessionError: going on would spoil the session, or it does not fit what is asked.
    """
    fresh = Plan(model_config=model_config, config=run_config(objective, asked), data=data)
    if not checkpoint.exists(directory):
        return fresh
    stored = checkpoint.read_config(directory)
    if not any((directory / name).exists() for name in (checkpoint.TRAINER, checkpoint.TENSORS)):
        raise SessionError(
            f"{directory} holds a model alone, without its trainer's state: it can be used, but "
            "not trained on; name another --ckpt-dir"
        )
    _check_model(directory, stored, model_config)
    state = checkpoint.read_trainer(directory)
    elsewhere = stored.data if stored.data != model_config.data else None
    _check_run(directory, state, objective, data, elsewhere)
    kept = _as_found(stored, model_config)
    fresh = dataclasses.replace(
        fresh, model_config=kept, model=checkpoint.load(directory), history=state.history
    )
    if state.config.objective != objective:
        message = f"{directory} holds a simple auto-encoder; starting from its weights."
        plan = dataclasses.replace(fresh, message=message)
    else:
        more = _train_more if state.finished else _go_on
        plan = more(directory, fresh, state, asked)
    if stored.class_names and kept.class_names != stored.class_names:
        message = f"{plan.message} Its classes have other names now."
        plan = dataclasses.replace(plan, message=message)
    return plan


def _as_found(stored: ModelConfig, found: ModelConfig) -> ModelConfig:
    """A session's configuration with what its images, the same as ever, are called now."""
    data = found.data if is_gone(stored.data) else stored.data
    names = stored.class_names and (found.class_names or stored.class_names)
    return dataclasses.replace(stored, data=data, class_names=names)


def _train_more(directory: Path, fresh: Plan, state: TrainerState, asked: dict[str, Any]) -> Plan:
    done = state.epochs_before + state.config.epochs
    config = run_config(state.config.objective, asked, before=done)
    epochs = "1 epoch" if done == 1 else f"{done} epochs"
    message = f"{directory} has finished {epochs}; training {config.epochs} more."
    return dataclasses.replace(
        fresh, config=config, state=state, epochs_before=done, message=message
    )


def _go_on(directory: Path, fresh: Plan, state: TrainerState, asked: dict[str, Any]) -> Plan:
    for name, value in asked.items():
        stored = getattr(state.config, name)
        if value != stored:
            flag = FLAGS.get(name, name)
            raise SessionError(
                f"{directory} is in the middle of a run with {flag} {stored}: let that finish "
                f"(leave {flag} out), or name another --ckpt-dir"
            )
    per_epoch = state.steps // state.config.epochs
    if per_epoch == 0:
        raise SessionError(
            f"{directory} is damaged ({state.steps} steps of {state.config.epochs} epochs); "
            "restore it or train anew elsewhere"
        )
    epoch, batch = divmod(state.step, per_epoch)
    last = state.epochs_before + state.config.epochs
    message = f"Going on in {directory}: epoch {state.epochs_before + epoch + 1} of {last}"
    message += f", after batch {batch} of {per_epoch}." if batch else "."
    return dataclasses.replace(
        fresh,
        config=state.config,
        state=state,
        epochs_before=state.epochs_before,
        message=message,
    )


def _check_model(directory: Path, stored: ModelConfig, asked: ModelConfig) -> None:
    if stored.style_size != asked.style_size:
        raise SessionError(
            f"{directory} holds a model of style size {stored.style_size}, not "
            f"{asked.style_size}: name another --ckpt-dir, or go on with "
            f"--feature-size {stored.style_size}"
        )
    if stored.classes != asked.classes:  # of the images themselves the digest tells
        if stored.data == asked.data:
            raise SessionError(
                f"{directory} was trained on {stored.classes} classes, and {asked.data} has "
                f"{asked.classes} now: name another --ckpt-dir"
            )
        raise SessionError(
            f"{directory} was trained on {stored.data}, not {asked.data}: name another "
            f"--ckpt-dir, or go on with --data {stored.data}"
        )


def _check_run(
    directory: Path, state: TrainerState, objective: Objective, data: str, elsewhere: str | None
) -> None:
    if state.data != data:
        where = f", or with --data the images that it is of ({elsewhere})" if elsewhere else ""
        raise SessionError(
            f"{directory} was trained on other images than these: name another --ckpt-dir{where}"
        )
    if state.config.objective == "aae" and objective == "sae":
        raise SessionError(
            f"{directory} holds an adversarial auto-encoder, whose Gaussian style space simple "
            "training would undo: name another --ckpt-dir"
        )
