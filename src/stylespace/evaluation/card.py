"""The whole evaluation: every section of the report card, one after the other."""

from __future__ import annotations

import functools
import importlib
import json
import time
from collections.abc import Callable
from pathlib import Path

import torch

from stylespace import __version__
from stylespace.config import ModelConfig
from stylespace.data.checks import has_only
from stylespace.data.images import LabelledImages
from stylespace.errors import DataError, StylespaceError
from stylespace.evaluation.drawing_sections import (
    generation_section,
    handwriting_section,
    likelihood_section,
    use_section,
)
from stylespace.evaluation.page import page
from stylespace.evaluation.reader import Reader
from stylespace.evaluation.results import Report, Section
from stylespace.evaluation.style_sections import (
    gaussianity_section,
    leak_section,
    reconstruction_section,
)
from stylespace.evaluation.subject import FULL, QUICK, Advance, Subject
from stylespace.networks import StyleAutoencoder
from stylespace.output import replaced

__all__ = ["SECTIONS", "check_data", "check_installed", "evaluate", "write_report"]

SECTIONS: dict[str, Callable[[Subject, Advance], Section]] = {
    "reconstruction": reconstruction_section,
    "gaussianity": gaussianity_section,
    "leak": leak_section,
    "generation": generation_section,
    "handwriting": handwriting_section,
    "use": use_section,
    "likelihood": likelihood_section,
}
LEAST_IMAGES = 100

Progress = Callable[[str, float], None]


def evaluate(
    model: StyleAutoencoder,
    train: LabelledImages,
    test: LabelledImages,
    reader: Reader,
    *,
    name: str = "model",
    data: str | None = None,
    quick: bool = False,
    seed: int = 0,
    progress: Progress = lambda _name, _share: None,
) -> Report:
    """Measure what a trained model really does.

    Args:
        model: in eval mode, on the CPU.
        train: the images that it was trained on.
        test: the images that it is judged on.
        reader: an independent classifier, from `cached_reader`.
        name: the session's, for the report.
        data: the images', likewise; None is that of the set that the model was trained on.
        quick: fewer samples and repeats, under half a minute; not for comparing models.
        seed: of all samples, splits and probes. The same seed gives the same figures on the same
            machine.
        progress: told each section's name and the share of it that is done.

    Raises:
        DataError: the images do not fit the model, or are too few to say anything.
        StylespaceError: a library of the extra `evaluate` is not installed.
    """
    check_installed()
    check_data(model.config, train, test, data)
    sizes = QUICK if quick else FULL
    subject = Subject(model, train, test, reader, sizes, seed)
    started = time.monotonic()
    sections = []
    for title, measure in SECTIONS.items():
        progress(title, 0)
        sections.append(measure(subject, functools.partial(progress, title)))
        progress(title, 1)
    facts = {
        "session": name,
        "data": data or model.config.data,
        "trained_on": model.config.data,
        "style_size": model.style_size,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "train_images": len(train),
        "test_images": len(test),
        "quick": quick,
        "seed": seed,
        "seconds": round(time.monotonic() - started, 1),
        "stylespace": __version__,
        "torch": torch.__version__,
    }
    return Report(facts=facts, class_names=test.class_names, sections=tuple(sections))


def check_data(
    config: ModelConfig,
    train: LabelledImages,
    test: LabelledImages,
    data: str | None = None,
) -> None:
    """Refuse images that the model is not for.

    Args:
        config: of the model.
        train: the images that it was trained on.
        test: the images that it is judged on.
        data: what they are called; None is the set that the model was trained on.

    Raises:
        DataError: another number of classes, a digit beyond them, or too few images.
    """
    data = data or config.data
    classes, found = config.classes, len(test.class_names)
    if classes != found:
        raise DataError(f"the model is for {classes} classes, but {data} has {found}")
    if classes < 2:
        raise DataError("with a single class there is nothing to tell apart; train on two or more")
    if min(len(train), len(test)) < LEAST_IMAGES:
        raise DataError(
            f"{len(train)} training and {len(test)} test images are too few to measure anything; "
            f"{LEAST_IMAGES} of each are the least"
        )
    if not (has_only(train, classes) and has_only(test, classes)):
        raise DataError(f"{data} has labels beyond its {classes} classes")


def check_installed() -> None:
    """Refuse to begin what would fail at its end.

    Raises:
        StylespaceError: a library of the extra `evaluate` is not installed.
    """
    try:
        importlib.import_module("skimage.morphology")
    except ImportError:
        raise StylespaceError("evaluating needs scikit-image: pip install scikit-image") from None


def write_report(directory: Path, report: Report) -> None:
    """Write `report.json` and `report.html` into a session, both or neither.

    Raises:
        StylespaceError: they cannot be written.
    """
    text = json.dumps(report.as_json(), indent=2, ensure_ascii=False, allow_nan=False)
    with replaced(directory / "report.json") as figures:
        figures.write_text(text + "\n", encoding="utf-8")
        # neither moves to its place before both are whole
        with replaced(directory / "report.html") as shown:
            shown.write_text(page(report), encoding="utf-8")
