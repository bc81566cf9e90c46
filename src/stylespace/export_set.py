"""Labelled synthetic data sets of any size, written block by block.

Sample `i` shows the digit `i % classes` in the style `random_styles(...)[i]`: the digits are
balanced, and the first samples of a large set are a small set.

As one `.npz` file, for `numpy.load`: `images` uint8 `[n, 28, 28]`, `digits` int64 `[n]` and
`styles` float32 `[n, style_size]`; where the digits' names are not their numbers, they are there
too, as `class_names`. As a directory of IDX files: `images-idx3-ubyte`,
`labels-idx1-ubyte` and `styles-idx2-float32`, which is the format's own form of float32 (type
0x0D, big-endian).
"""

from __future__ import annotations

import io
import itertools
import shutil
import struct
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from stylespace.config import IMAGE_SIDE
from stylespace.data.idx import images_header, labels_header
from stylespace.errors import UsageError
from stylespace.generation import (
    AT_ONCE,
    BLOCK,
    Drawing,
    are_numbers,
    class_names,
    style_blocks,
)
from stylespace.networks import StyleAutoencoder
from stylespace.output import replaced, replaced_files

__all__ = ["SampleSet", "is_npz", "set_size", "write_set"]

Array = np.ndarray[Any, Any]
LARGEST_IDX = 2**32 - 1  # its header counts in 32 bits
LABELS = 256  # and its labels are bytes


@dataclass(frozen=True, kw_only=True)
class SampleSet:
    """A data set before it is drawn.

    Attributes:
        model: in eval mode.
        count: of samples.
        seed: of their styles.
        digit: the only digit, where not all are wanted.
        dtype: in which they are drawn, as `Drawing` takes it.
    """

    model: StyleAutoencoder
    count: int
    seed: int = 0
    digit: int | None = None
    dtype: torch.dtype = torch.float32

    def styles(self) -> Iterator[Tensor]:
        """`[m, style_size]` float32 at a time."""
        return style_blocks(self.count, self.model.style_size, self.seed)

    def digits(self) -> Iterator[Tensor]:
        """`[m]` int64 at a time."""
        for start in range(0, self.count, BLOCK):
            index = torch.arange(start, min(start + BLOCK, self.count))
            if self.digit is None:
                yield index % self.model.config.classes
            else:
                yield torch.full_like(index, self.digit)

    def images(self) -> Iterator[Tensor]:
        """`[m, 28, 28]` uint8 at a time."""
        drawing = Drawing(self.model, self.dtype)
        blocks = zip(self.styles(), self.digits(), strict=True)
        while some := list(itertools.islice(blocks, AT_ONCE // BLOCK)):
            styles, digits = map(torch.cat, zip(*some, strict=True))
            yield drawing.draw(styles, digits)


@dataclass(frozen=True)
class _Part:
    """One array of a set: its name, what comes before its numbers, and how those are stored."""

    name: str
    header: bytes
    blocks: Callable[[], Iterator[Tensor]]
    dtype: str

    def write(self, file: io.BufferedIOBase | Any, advance: Callable[[int], None]) -> None:  # noqa: ANN401
        file.write(self.header)
        for block in self.blocks():
            numbers = np.ascontiguousarray(block.numpy(), dtype=self.dtype)
            file.write(numbers.data)
            advance(numbers.nbytes)


def is_npz(path: Path) -> bool:
    """Whether a path names a set in one file; any other names a directory."""
    return path.suffix.lower() == ".npz"


def set_size(samples: SampleSet, path: Path) -> int:
    """Bytes of the set's numbers, as they are stored at `path`."""
    label = 8 if is_npz(path) else 1
    return samples.count * (IMAGE_SIDE**2 + label + 4 * samples.model.style_size)


def write_set(
    samples: SampleSet, path: Path, advance: Callable[[int], None] = lambda _: None
) -> None:
    """Write a data set, in memory that does not grow with it.

    Args:
        samples: what to draw.
        path: a `.npz` file, else a directory for IDX files.
        advance: is told the bytes written since it was told last.

    Raises:
        UsageError: the format or the disk cannot hold so much.
        StylespaceError: it cannot be written; then nothing is left behind.
    """
    _check_room(path, set_size(samples, path))
    if is_npz(path):
        with replaced(path) as part:
            _write_npz(samples, part, advance)
        return
    if samples.model.config.classes > LABELS or samples.count > LARGEST_IDX:
        raise UsageError(
            f"IDX files hold at most {LABELS} digits and {LARGEST_IDX} images; export to a "
            ".npz file"
        )
    with replaced_files(path) as directory:
        for idx in _idx_parts(samples):
            with (directory / idx.name).open("wb") as file:
                idx.write(file, advance)


def _write_npz(samples: SampleSet, path: Path, advance: Callable[[int], None]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for part in _npz_parts(samples):
            # a ZipInfo of its own has no clock time: the same set is the same file
            with archive.open(zipfile.ZipInfo(part.name), "w", force_zip64=True) as member:
                part.write(member, advance)


def _npz_parts(samples: SampleSet) -> list[_Part]:
    count, side, size = samples.count, IMAGE_SIDE, samples.model.style_size
    return [
        _Part("images.npy", _npy_header("|u1", (count, side, side)), samples.images, "|u1"),
        _Part("digits.npy", _npy_header("<i8", (count,)), samples.digits, "<i8"),
        _Part("styles.npy", _npy_header("<f4", (count, size)), samples.styles, "<f4"),
        *_names_part(class_names(samples.model.config)),
    ]


def _names_part(names: tuple[str, ...]) -> Iterator[_Part]:
    """What the digits are called, where their numbers do not say so."""
    if not are_numbers(names):
        array = np.array(names, dtype=np.dtype(np.str_).newbyteorder("<"))
        content = _npy_header(array.dtype.str, array.shape) + array.tobytes()
        yield _Part("class_names.npy", content, lambda: iter(()), "|u1")


def _idx_parts(samples: SampleSet) -> list[_Part]:
    count = samples.count
    styles = struct.pack(">3I", 0x00000D02, count, samples.model.style_size)
    return [
        _Part("images-idx3-ubyte", images_header(count), samples.images, "|u1"),
        _Part("labels-idx1-ubyte", labels_header(count), samples.digits, "|u1"),
        _Part("styles-idx2-float32", styles, samples.styles, ">f4"),
    ]


def _npy_header(dtype: str, shape: tuple[int, ...]) -> bytes:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": dtype, "fortran_order": False, "shape": shape}
    )
    return header.getvalue()


def _check_room(path: Path, needed: int) -> None:
    """Refuse at once what would fill the disk hours later."""
    place = path.absolute()
    try:
        while not place.exists():
            place = place.parent
        free = shutil.disk_usage(place).free
    except OSError:  # then writing will tell what is wrong there
        return
    if needed > free:
        raise UsageError(
            f"{path} would take {needed / 1e9:.1f} GB, and there is room for {free / 1e9:.1f}; "
            "make room or ask for a smaller --count"
        )
