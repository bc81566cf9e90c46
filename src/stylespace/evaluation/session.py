"""A session's report: made, and recognised again while session and images are the same."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from stylespace import __version__
from stylespace.checkpoint import exists, load, position_of
from stylespace.data.images import LabelledImages
from stylespace.errors import SessionError
from stylespace.evaluation import card
from stylespace.evaluation.reader import READER, Reader
from stylespace.evaluation.results import FORMAT, Report
from stylespace.files import text_of
from stylespace.networks import StyleAutoencoder
from stylespace.training.plan import digest

__all__ = [
    "MOST_REPORT",
    "check_same",
    "evaluate_session",
    "has_full",
    "read_report",
    "stored_report",
    "weights_digest",
]

MOST_REPORT = 2**24
"""Bytes of a `report.json`."""


def evaluate_session(
    directory: Path,
    model: StyleAutoencoder,
    train: LabelledImages,
    test: LabelledImages,
    reader: Reader,
    *,
    data: str | None = None,
    quick: bool = False,
    seed: int = 0,
    progress: Callable[[str, float], None] = lambda _name, _share: None,
) -> Report:
    """Evaluate a session's model; the report also says what it was made from.

    It is not written: that is for `card.write_report`.

    Args:
        directory: the session, for its name and how it was trained.
        model: as `checkpoint.load` gave it.
        train: the images that it was trained on.
        test: the images that it is judged on.
        reader: an independent classifier, from `cached_reader`.
        data: the images' name; None is that of the set that the model was trained on.
        quick: fewer samples and repeats.
        seed: of all samples, splits and probes.
        progress: told each section's name and the share of it that is done.

    Raises:
        DataError: the images do not fit the model, or are too few to say anything.
        StylespaceError: the extra `evaluate` is not installed.
    """
    training = _training(directory)
    report = card.evaluate(
        model,
        train,
        test,
        reader,
        name=directory.name or str(directory),
        data=data,
        quick=quick,
        seed=seed,
        progress=progress,
    )
    facts = {**report.facts, "training": training, **_origin(model, train, test)}
    return dataclasses.replace(report, facts=facts)


def stored_report(
    directory: Path,
    model: StyleAutoencoder,
    train: LabelledImages,
    test: LabelledImages,
    *,
    quick: bool = False,
    seed: int = 0,
) -> dict[str, Any] | None:
    """The session's `report.json`, if evaluating now would only say the same again.

    A quick report does where one is asked for; a full one always does.

    Args:
        directory: the session.
        model: as `checkpoint.load` gave it.
        train: the images that it was trained on.
        test: the images that it is judged on.
        quick: whether a quick report would do.
        seed: of the evaluation.

    Returns:
        The report; None where there is none, it is damaged, or it is of another model, other
        images, another seed or another version.
    """
    report = read_report(directory)
    wanted = {"format": FORMAT, "seed": seed, "stylespace": __version__}
    wanted |= _origin(model, train, test)
    same = all(report.get(name) == value for name, value in wanted.items())
    return report if same and (quick or report.get("quick") is False) else None


def _training(directory: Path) -> dict[str, Any] | None:
    """How the weights came to be, as far as the session tells."""
    position = position_of(directory)
    if position is None:
        return None
    found = {name: getattr(position, name) for name in ("step", "steps", "epochs_before")}
    return {**dataclasses.asdict(position.config), **found}


def check_same(directory: Path, report: Report) -> None:
    """Refuse to write a report where no session is any more, or one of other weights.

    Raises:
        SessionError: it was removed, replaced or trained on while it was evaluated, or cannot be
            read.
    """
    if not exists(directory) or weights_digest(load(directory)) != report.facts["weights_digest"]:
        raise SessionError(
            f"{directory} was removed, replaced or trained on meanwhile: the report is not written"
        )


def has_full(
    directory: Path, model: StyleAutoencoder, train: LabelledImages, test: LabelledImages
) -> bool:
    """Whether a session's report is a full one of this model and these images."""
    report = read_report(directory)
    wanted = {"format": FORMAT, "quick": False, **_origin(model, train, test)}
    del wanted["reader"]  # by another reader, or of another seed, it is worth as much
    return all(report.get(name) == value for name, value in wanted.items())


def read_report(directory: Path) -> dict[str, Any]:
    """A session's report, empty where there is none, or none that is whole."""
    try:
        report = json.loads(text_of(directory / "report.json", MOST_REPORT))
    except (OSError, ValueError, RecursionError):
        return {}
    whole = isinstance(report, dict) and isinstance(report.get("sections"), dict)
    return report if whole else {}


def weights_digest(model: StyleAutoencoder) -> str:
    """A fingerprint of all weights: two models have the same one only if they are the same."""
    hashed = hashlib.sha256()
    for name, weight in model.state_dict().items():
        hashed.update(f"{name} {tuple(weight.shape)} ".encode())
        hashed.update(weight.cpu().contiguous().numpy().data)
    return hashed.hexdigest()[:16]


def _origin(
    model: StyleAutoencoder, train: LabelledImages, test: LabelledImages
) -> dict[str, Any]:
    """What a report depends on, beside its seed and the version."""
    return {
        "weights_digest": weights_digest(model),
        "reader": READER.version,
        "train_digest": digest(train),
        "test_digest": digest(test),
    }
