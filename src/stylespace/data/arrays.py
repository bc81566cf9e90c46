"""A data set in one `.npz` file: images, labels and, if there are, their names.

Nothing is unpickled, and nothing large is set up for what cannot be there.
"""

from __future__ import annotations

import itertools
import math
import zipfile
import zlib
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import torch
from torch import Tensor

from stylespace.config import IMAGE_SIDE, MOST_CLASSES
from stylespace.data.checks import check_names, in_order
from stylespace.data.idx import GZIP_ALWAYS, GZIP_RATIO
from stylespace.data.images import LabelledImages
from stylespace.data.split import parted
from stylespace.errors import DataError, few
from stylespace.files import reason

__all__ = ["classes_of", "labelled", "read_npz", "unread"]

Array = np.ndarray[Any, Any]

IMAGES = ("images", "train_images", "x_train")
LABELS = ("labels", "digits", "train_labels", "y_train")
TESTS = (("test_images", "x_test"), ("test_labels", "test_digits", "y_test"))
VALIDATIONS = (("val_images", "x_val"), ("val_labels", "val_digits", "y_val"))
NAMES = ("class_names",)
OWN = "styles"  # an export has them beside its images
MOST_HEADER = 10_000
TOLD, LONGEST = 3, 40  # arrays that a message names, and letters of a name
ROWS = 4096
ROUNDING = 1e-3  # that floats may lie beside 0, 1 or 255


def read_npz(path: Path) -> tuple[LabelledImages, LabelledImages]:
    """Read training and test images from an `.npz` file.

    `images` and `labels` (or `digits`), and `test_images` and `test_labels` where the set is
    parted already (or `x_val` and `y_val`, where there is no such part); else every seventh image
    of a class is for testing. `class_names` may name the classes; labels that are text name them
    too.

    Raises:
        DataError: the file or an array in it is missing, damaged, or of another kind.
    """
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{path} is no file; give the path of one")
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            found = {
                name: _read(archive, members[name], f"{name} in {path}")
                for name in itertools.chain(IMAGES, LABELS, *_test_names(members), NAMES)
                if name in members
            }
    except FileNotFoundError:
        raise DataError(f"there is no file {path}; give the path of a data set") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ):
        raise DataError(f"{path} is no .npz file, or a damaged one; write it again") from None
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None
    return _sets(found, path)


def unread(path: Path) -> list[str]:
    """What `read_npz` passes over, in a line: of arrays that say the same the first counts."""
    with zipfile.ZipFile(path) as archive:
        names = [name.removesuffix(".npy") for name in archive.namelist()]
    groups = (IMAGES, LABELS, *_test_names(names), NAMES)
    counted = {OWN, *(_first(names, group) for group in groups)}
    others = [repr(name[:LONGEST]) for name in names if name not in counted]
    return [f"passed over, as such arrays are not read: {few(others, TOLD)}"] if others else []


def _test_names(given: Container[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a test part's images and labels may be called: a validation part will do for one."""
    return TESTS if any(name in given for name in itertools.chain(*TESTS)) else VALIDATIONS


def _sets(found: Mapping[str, Array], path: Path) -> tuple[LabelledImages, LabelledImages]:
    images, labels = _must(found, IMAGES, path), _must(found, LABELS, path)
    given = _first(found, NAMES)
    names = None if given is None else _names(found[given], path)
    parts = _test_names(found)
    if all(_first(found, part) is None for part in parts):
        return parted(labelled(images, labels, names, str(path)))
    test_images, test_labels = (_must(found, part, path) for part in parts)
    if names is None and labels.dtype.kind in "US":
        if test_labels.dtype.kind not in "US":
            raise DataError(
                f"{path} has names as training labels and numbers as test labels; store one kind, "
                "or class_names"
            )
        names = in_order(set(_texts(labels.ravel(), str(path))))
    train = labelled(images, labels, names, f"{path}, training")
    return train, labelled(test_images, test_labels, train.class_names, f"{path}, test")


def _first(given: Container[str], names: Sequence[str]) -> str | None:
    """Which of names that say the same is there, and counts."""
    return next((name for name in names if name in given), None)


def _must(found: Mapping[str, Array], names: Sequence[str], path: Path) -> Array:
    name = _first(found, names)
    if name is None:
        raise DataError(f"{path} has no array {names[0]!r}; store the {names[0]} under that name")
    return found[name]


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, source: str) -> Array:
    if info.file_size > max(GZIP_ALWAYS, GZIP_RATIO * info.compress_size):
        raise DataError(
            f"{source} would unpack to {info.file_size} bytes, which is refused; "
            "store it with np.savez"
        )
    with archive.open(info) as stream:
        shape, fortran, dtype = _header(stream, source)
        content = bytearray(info.file_size - stream.tell())
        if dtype.hasobject or dtype.kind not in "biufUS":
            raise DataError(f"{source} holds no plain numbers or text; store it as such")
        if math.prod(shape) * dtype.itemsize != len(content):
            raise DataError(f"{source} is not as long as its header tells; write it again")
        if stream.readinto(content) != len(content):  # type: ignore[attr-defined]
            raise DataError(f"{source} is cut off; write it again")
    flat = np.frombuffer(content, dtype=dtype) if len(content) else np.empty(0, dtype)
    return flat.reshape(shape, order="F" if fortran else "C")


def _header(stream: IO[bytes], source: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    try:
        version = np.lib.format.read_magic(stream)
        read = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        return read(stream, max_header_size=MOST_HEADER)
    except Exception:  # a header is Python's text, and its parsers raise what each of them raises
        raise DataError(f"{source} is no array, or a damaged one; write it again") from None


def labelled(
    images: Array, labels: Array, names: Sequence[str] | None, source: str
) -> LabelledImages:
    """Arrays of any usual kind as labelled images.

    Args:
        images: `[n, 28, 28]`, with an axis of length 1 more, or `[n, 784]`; whole numbers from 0
            to 255, or others from 0 to 1 or to 255; 0 is paper.
        labels: `[n]` whole numbers from 0, or text.
        names: of the classes; None names them by their numbers or texts.
        source: what to call them in an error's text.

    Raises:
        DataError: they are of another type, shape or range.
    """
    pixels = _bytes(_shaped(images, source), source)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.shape != (len(pixels),):
        raise DataError(
            f"{source}: {len(pixels)} images need labels of shape [{len(pixels)}], not "
            f"{list(labels.shape)}; give each image one label"
        )
    digits, names = classes_of(labels, names, source)
    return LabelledImages(pixels, digits, tuple(names))


def _shaped(images: Array, source: str) -> Array:
    shape = images.shape
    if len(shape) > 2 and 1 in (shape[1], shape[-1]):
        images = images[:, 0] if shape[1] == 1 else images[..., 0]
    if images.ndim == 2 and images.shape[1] == IMAGE_SIDE * IMAGE_SIDE:
        images = images.reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
    if images.ndim != 3 or images.shape[1:] != (IMAGE_SIDE, IMAGE_SIDE):
        raise DataError(
            f"{source}: images of shape {list(shape)} are not [n, {IMAGE_SIDE}, {IMAGE_SIDE}]; "
            f"bring them to {IMAGE_SIDE}x{IMAGE_SIDE}, or give them as pictures in a folder for "
            "each class"
        )
    if not len(images):
        raise DataError(f"{source} holds no images; at least two of each class are needed")
    return images


def _bytes(images: Array, source: str) -> Tensor:
    """`[n, 28, 28]` uint8, checked and converted a block at a time."""
    if images.dtype == np.uint8:
        return torch.from_numpy(np.array(images, order="C"))
    if images.dtype.kind not in "biuf":
        raise DataError(f"{source}: images must be numbers, not {images.dtype}")
    blocks = range(0, len(images), ROWS)
    ranges = [_range(images[start : start + ROWS], source) for start in blocks]
    low, high = min(low for low, _ in ranges), max(high for _, high in ranges)
    rounding = ROUNDING if images.dtype.kind == "f" else 0
    if low < -rounding or high > 255 + rounding:
        raise DataError(
            f"{source}: images reach from {low:g} to {high:g}; bring them to 0..255 or 0..1"
        )
    scale = 255 if high <= 1 + rounding and images.dtype.kind in "bf" else 1
    pixels = torch.empty(len(images), IMAGE_SIDE, IMAGE_SIDE, dtype=torch.uint8)
    for start in blocks:
        block = images[start : start + ROWS].astype(np.float32) * scale
        whole = np.rint(block).clip(0, 255).astype(np.uint8)
        pixels[start : start + ROWS] = torch.from_numpy(whole)
    return pixels


def _range(block: Array, source: str) -> tuple[float, float]:
    if block.dtype.kind == "f" and not np.isfinite(block).all():
        raise DataError(f"{source}: images hold NaN or infinity; replace or remove them")
    return float(block.min()), float(block.max())


def classes_of(
    labels: Array, names: Sequence[str] | None, source: str
) -> tuple[Tensor, Sequence[str]]:
    """Labels as digits `[n]` int64, and what these are called.

    Args:
        labels: `[n]` whole numbers from 0, or text.
        names: of the classes; None names them by their numbers or texts.
        source: what to call them in an error's text.

    Raises:
        DataError: a label is none of the classes, or there are none or too many.
    """
    if not len(labels):
        raise DataError(f"{source} has no images; leave it out, or fill it")
    if labels.dtype.kind in "US":
        texts = _texts(labels, source)
        known = names if names is not None else in_order(set(texts))
        check_names(known, source)
        index = {name: number for number, name in enumerate(known)}
        odd = next((text for text in texts if text not in index), None)
        if odd is not None:
            raise DataError(f"{source}: a label {odd!r} is none of the class names; correct it")
        return torch.tensor([index[text] for text in texts], dtype=torch.int64), known
    if labels.dtype.kind == "f" and not (np.isfinite(labels).all() and (labels % 1 == 0).all()):
        raise DataError(f"{source}: labels must be whole numbers from 0; correct them")
    low, high = float(labels.min()), float(labels.max())
    most = (len(names) if names is not None else MOST_CLASSES) - 1
    if low < 0 or high > most:
        raise DataError(
            f"{source}: labels reach from {low:g} to {high:g}, not from 0 to {most} at most; "
            "number the classes from 0"
        )
    names = names or [str(number) for number in range(int(high) + 1)]
    check_names(names, source)
    return torch.from_numpy(labels.astype(np.int64)), names


def _texts(labels: Array, source: str) -> list[str]:
    try:
        return [text.decode() if isinstance(text, bytes) else text for text in labels.tolist()]
    except UnicodeDecodeError:
        raise DataError(f"{source}: a text is no UTF-8; store it as Unicode") from None


def _names(array: Array, path: Path) -> tuple[str, ...]:
    if array.dtype.kind not in "US" or array.ndim != 1:
        raise DataError(f"{path}: class_names must be a list of texts; store it as such")
    names = tuple(_texts(array, f"class_names in {path}"))
    check_names(names, str(path))
    return names
