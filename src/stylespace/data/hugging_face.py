"""Data sets of the Hugging Face Hub, by the library `datasets`, which is imported only here.

`hf:NAME`, or `hf:NAME:CONFIGURATION`. No code of a data set is run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stylespace.config import IMAGE_SIDE
from stylespace.data.arrays import classes_of
from stylespace.data.catalog import HUB
from stylespace.data.images import LabelledImages
from stylespace.data.pictures import image_of, on_dark_ground
from stylespace.data.progress import bar
from stylespace.data.split import parted
from stylespace.errors import DataError, first_line

__all__ = ["read_hub"]


def read_hub(text: str) -> tuple[LabelledImages, LabelledImages]:
    """Read the training and test images of a data set of the Hub.

    Args:
        text: `hf:NAME` or `hf:NAME:CONFIGURATION`; it needs a column of pictures and one of
            labels.

    Raises:
        DataError: the library is not installed, the set cannot be had, or has other columns.
    """
    name, configuration = hub_name(text)
    if not name:
        raise DataError(f"{text!r} names no data set; write it as {HUB}ylecun/mnist")
    parts = _loaded(text, name, configuration)
    train = parts.get("train", next(iter(parts.values())))
    test = next((parts[part] for part in ("test", "validation") if part in parts), None)
    if test is None or test is train:
        return parted(_labelled(train, text, None))
    first = _labelled(train, text, None)
    return first, _labelled(test, text, first.class_names)


def hub_name(text: str) -> tuple[str, str | None]:
    """The name of a set, or the directory that the library finds it in, and its configuration.

    Example:
        >>> hub_name("hf:ylecun/mnist"), hub_name("hf:me/letters:latin")
        (('ylecun/mnist', None), ('me/letters', 'latin'))
    """
    name = text.removeprefix(HUB)
    before, _, last = name.rpartition(":")
    if Path(name).is_dir():
        return name, None
    if before and Path(before).is_dir():  # whose own name may have a colon
        return before, last or None
    name, _, configuration = name.partition(":")
    return name, configuration or None


def _loaded(text: str, name: str, configuration: str | None) -> dict[str, Any]:
    try:
        import datasets
    except ImportError:
        raise DataError(
            f"{text} needs the library datasets; install it with: pip install datasets"
        ) from None
    try:
        return dict(datasets.load_dataset(name, configuration))
    except Exception as error:  # the library raises what each of its own libraries raises
        reason = first_line(error)[:200]
        raise DataError(f"cannot load {text}: {reason}; is that its name?") from None


def _labelled(part: Any, text: str, names: tuple[str, ...] | None) -> LabelledImages:  # noqa: ANN401
    kinds = {column: type(kind).__name__ for column, kind in part.features.items()}
    picture = next((column for column, kind in kinds.items() if kind == "Image"), None)
    label = next((column for column, kind in kinds.items() if kind == "ClassLabel"), None)
    if label is None and "label" in kinds:
        label = "label"
    if picture is None or label is None:
        raise DataError(
            f"{text} has the columns {', '.join(kinds)[:200]}: one of pictures and one of labels "
            "are needed; choose another set"
        )
    stored = getattr(part.features[label], "names", None)
    values = list(part[label])
    if any(value is None for value in values):
        raise DataError(f"{text} has pictures without a label; choose another set")
    digits, called = classes_of(np.array(values), names or stored, text)
    return LabelledImages(_images(_column(part, picture), len(part), text), digits, tuple(called))


def _column(part: Any, name: str) -> Iterator[Image.Image | None]:  # noqa: ANN401
    yield from part[name]  # which reads them all at once in older versions, or each when asked


def _images(pictures: Iterator[Image.Image | None], count: int, text: str) -> Tensor:
    images = torch.zeros(count, IMAGE_SIDE, IMAGE_SIDE, dtype=torch.uint8)
    ready = torch.zeros(count, dtype=torch.bool)
    with bar("reading pictures", count, "pictures") as advance:
        for number in range(count):
            name = f"picture {number} of {text}"
            images[number], ready[number] = image_of(_next(pictures, name), name)
            advance(1)
    images[ready] = on_dark_ground(images[ready])
    return images


def _next(pictures: Iterator[Image.Image | None], name: str) -> Image.Image:
    try:
        picture = next(pictures)
    except MemoryError:
        raise
    except Exception as error:  # what a damaged picture raises is each format's own affair
        raise DataError(f"cannot read {name}: it is damaged; choose another set") from error
    if picture is None:
        raise DataError(f"{name} is missing; choose another set")
    return picture
