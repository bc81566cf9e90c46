"""`load`: labelled images from a name or a directory."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor

from stylespace.data.cache import cached
from stylespace.data.catalog import SETS, names
from stylespace.data.folder import read_folder
from stylespace.data.idx import FILES, IMAGES_HEADER, LABELS_HEADER, SIDE, Contents
from stylespace.data.images import LabelledImages
from stylespace.errors import DataError

__all__ = ["load"]

StrPath = str | os.PathLike[str]


def load(
    data: StrPath = "mnist", data_dir: StrPath | None = None
) -> tuple[LabelledImages, LabelledImages]:
    """Load the training and the test images of a data set.

    A named set is read from `data_dir` if that is given, else from the user's cache directory,
    which is filled from the network on first use. Its bytes are checked against SHA-256 each
    time.

    Args:
        data: one of `names()`, or the directory with the four IDX files of a set of your own (a
            name wins over a directory of the same name: write `./mnist` for that one). The number
            of its classes is the largest training label + 1.
        data_dir: where the named set's four IDX files are, raw or `.gz`.

    Returns:
        Training images and test images.

    Raises:
        DataError: a file is missing, damaged or of another kind, or cannot be fetched.

    Example:
        >>> train, test = load("mnist")
        >>> train.images.shape, test.digits[:4]
        (torch.Size([60000, 28, 28]), tensor([7, 2, 1, 0]))
    """
    known = SETS.get(os.fspath(data))
    if known is None:
        return _labelled(read_folder(_own_directory(data, data_dir)), None)
    if data_dir is None:
        return _labelled(cached(known), known.class_names)
    return _labelled(read_folder(_expand(data_dir), known), known.class_names)


def _own_directory(data: StrPath, data_dir: StrPath | None) -> Path:
    text, directory = os.fspath(data), _expand(data)
    is_path = any(mark in text for mark in (os.sep, os.altsep) if mark)
    with suppress(OSError):
        is_path = is_path or directory.is_dir()
    if not is_path:
        raise DataError(
            f"no data set is called {text!r}; there are {', '.join(names())}, or give the path "
            "of a directory with four IDX files"
        )
    if data_dir is not None:
        raise DataError(f"{text} is a directory already; leave --data-dir out")
    return directory


def _expand(path: StrPath) -> Path:
    with suppress(RuntimeError):  # no such user's home: then the name is meant as it stands
        return Path(path).expanduser()
    return Path(path)


def _labelled(
    contents: Contents, class_names: tuple[str, ...] | None
) -> tuple[LabelledImages, LabelledImages]:
    train_images, test_images = (_images(contents[name]) for name in FILES[::2])
    train_digits, test_digits = (_digits(contents[name]) for name in FILES[1::2])
    if class_names is None:
        class_names = tuple(str(digit) for digit in range(int(train_digits.max()) + 1))
    return (
        LabelledImages(train_images, train_digits, class_names),
        LabelledImages(test_images, test_digits, class_names),
    )


def _images(content: bytearray) -> Tensor:
    flat = torch.frombuffer(content, dtype=torch.uint8, offset=IMAGES_HEADER)  # no copy
    return flat.view(-1, SIDE, SIDE)


def _digits(content: bytearray) -> Tensor:
    flat = torch.frombuffer(content, dtype=torch.uint8, offset=LABELS_HEADER)
    return flat.to(torch.int64)
