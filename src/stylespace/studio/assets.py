"""What the page asks for: `studio.json` and weights, made from a session.

The page runs the model itself. `studio.json` tells it the rest: names, what the style dimensions
change, where the test images lie in the style space, and the report card where there is one.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from stylespace import __version__, checkpoint
from stylespace.data.images import LabelledImages
from stylespace.errors import DataError
from stylespace.evaluation.session import weights_digest
from stylespace.figures.look import PALETTE
from stylespace.generation import class_names
from stylespace.networks import StyleAutoencoder
from stylespace.studio.card import Row, card_rows
from stylespace.studio.measures import name_dimensions
from stylespace.studio.reader import READER_FILE, PageReader

__all__ = [
    "INFO_FILE",
    "MODEL_FILE",
    "Shown",
    "model_weights",
    "open_session",
    "studio_files",
    "usual_errors",
]

INFO_FILE, MODEL_FILE = "studio.json", checkpoint.MODEL
FORMAT = 1
POINTS = 1000
ROWS = 2000
HALF_LARGEST = 65_504  # what float16 can hold


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """A session as the studio shows it.

    Attributes:
        name: of its directory.
        objective: `"sae"` or `"aae"`; None where the directory does not say.
        model: in eval mode, on the CPU.
        card: the rows of its report card, None where it has none.
        test: the images that it is shown on, None where they cannot be had.
    """

    name: str
    objective: str | None
    model: StyleAutoencoder
    card: list[Row] | None
    test: LabelledImages | None


def open_session(directory: Path, test: LabelledImages | None) -> Shown:
    """Open a session to show it.

    Args:
        directory: the session.
        test: test images of its data set.

    Raises:
        SessionError: no session there, or a damaged one.
        DataError: the images are not for its model.
    """
    model = checkpoint.load(directory)
    classes = model.config.classes
    if test is not None and len(test.class_names) != classes:
        raise DataError(
            f"{directory} is for {classes} classes, but {model.config.data} has "
            f"{len(test.class_names)}"
        )
    position = checkpoint.position_of(directory)
    return Shown(
        name=directory.resolve().name or str(directory),
        objective=position.config.objective if position else None,
        model=model,
        card=card_rows(directory, model),
        test=test,
    )


def studio_files(
    own: Shown,
    reader: PageReader | None,
    others: Sequence[Shown] = (),
    *,
    half: bool = False,
) -> dict[str, bytes]:
    """The files that the page asks for, by name.

    Args:
        own: the session whose model the page runs.
        reader: reads what is drawn; without one a person says the digit.
        others: sessions that are shown beside it.
        half: whether the weights are float16, half as large.

    Returns:
        `studio.json`, `model.safetensors` and, with a reader, `reader.safetensors`.
    """
    files = {MODEL_FILE: save(model_weights(own.model, half=half))}
    if reader is not None:
        files[READER_FILE] = save(dict(reader.state_dict()))
    info = _info(own, reader is not None, others, half)
    text = json.dumps(info, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return {INFO_FILE: text.encode(), **files}


def model_weights(model: StyleAutoencoder, *, half: bool) -> dict[str, Tensor]:
    """The model's weights by their names, as float16 where that is asked for and holds them.

    Calibration and flow stay float32: they are small, and the flow enlarges what is rounded off.
    """
    return {
        name: weight.half() if half and _fits_half(name, weight) else weight.contiguous()
        for name, weight in model.state_dict().items()
    }


def _fits_half(name: str, weight: Tensor) -> bool:
    exact = name.startswith(("calibration.", "flow."))
    return not exact and weight.abs().max().item() <= HALF_LARGEST


def _info(own: Shown, reads: bool, others: Sequence[Shown], half: bool) -> dict[str, Any]:
    config = own.model.config
    return {
        "format": FORMAT,
        "version": __version__,
        **_beside(own),
        "style_size": config.style_size,
        "classes": config.classes,
        "class_names": list(class_names(config)),
        "encoder_widths": list(config.encoder_widths),
        "decoder_widths": list(config.decoder_widths),
        "dtype": "float16" if half else "float32",
        "weights_digest": weights_digest(own.model),  # of the session's, however they are stored
        "model": MODEL_FILE,
        "reader": READER_FILE if reads else None,
        "reconstruction": None if own.test is None else usual_errors(own.model, own.test),
        "palette": list(PALETTE),
        "dimensions": [dataclasses.asdict(one) for one in name_dimensions(own.model)],
        "compare": [_beside(other) for other in others],
    }


def _beside(shown: Shown) -> dict[str, Any]:
    """What is known of each session on the page."""
    return {
        "name": shown.name,
        "objective": shown.objective,
        "points": _points(shown),
        "card": shown.card,
    }


def _points(shown: Shown) -> dict[str, Any]:
    """Style vectors of test images from all over the set, and their digits."""
    if shown.test is None or len(shown.test) == 0:
        return {"count": 0, "style": [], "digits": []}
    every = -(-len(shown.test) // POINTS)
    while math.gcd(every, shown.model.config.classes) > 1:  # digits in turn would be one digit
        every += 1
    some = shown.test.subset(slice(None, None, every))
    style = shown.model.encode(some.floats(), some.digits)
    return {
        "count": len(some),
        "style": [[round(value, 3) for value in row] for row in style.tolist()],
        "digits": some.digits.tolist(),
    }


@torch.no_grad()
def usual_errors(model: StyleAutoencoder, test: LabelledImages) -> dict[str, float] | None:
    """The mean squared error that 50, 95 and 99 of 100 test images' reconstructions stay below.

    Returns:
        As `p50`, `p95` and `p99`; None where there are no images.
    """
    found = []
    for start in range(0, len(test), ROWS):
        block = test.subset(slice(start, start + ROWS))
        images = block.floats()
        drawn = model.decode(model.encode(images, block.digits), block.digits)
        found.append((drawn - images).square().mean(dim=(1, 2, 3)))
    if not found:
        return None
    errors = torch.cat(found)
    return {f"p{share}": round(errors.quantile(share / 100).item(), 6) for share in (50, 95, 99)}
