"""The IDX format: a big-endian header (magic number and dimensions), then unsigned bytes."""

from __future__ import annotations

import gzip
import io
import math
import os
import struct
import zlib
from dataclasses import dataclass

from stylespace.config import IMAGE_SIDE
from stylespace.data.mapped import Content, map_stream
from stylespace.errors import DataError

__all__ = [
    "FILES",
    "GZIP_MAGIC",
    "IMAGES_HEADER",
    "LABELS_HEADER",
    "Contents",
    "count_of",
    "decode",
    "images_header",
    "labels_header",
    "labels_of_rows",
    "largest_label",
    "size_of",
    "smallest_label",
]

IMAGES_HEADER, LABELS_HEADER = 16, 8
"""Bytes before the first image, before the first label."""

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
"""The four files of a data set."""

Contents = dict[str, Content]
"""Of each of `FILES` its whole content, decompressed; of large images a map of the file."""

GZIP_MAGIC = b"\x1f\x8b"
GZIP_ALWAYS = 64 * 2**20  # bytes that a small .gz may unpack to
GZIP_RATIO = 100  # how many times its own size a larger one may; MNIST's is 5


@dataclass(frozen=True)
class _Kind:
    word: str
    magic: int
    item: tuple[int, ...]  # the shape of one element
    header: int  # bytes
    bytes_each: int = 1  # of one number

    @property
    def size(self) -> int:
        """Bytes of one element."""
        return math.prod(self.item) * self.bytes_each


_IMAGES = _Kind("images", 0x00000803, (IMAGE_SIDE, IMAGE_SIDE), IMAGES_HEADER)
_LABELS = _Kind("labels", 0x00000801, (), LABELS_HEADER)
_ROWS = _Kind("rows of labels", 0x00000C02, (8,), 12, 4)  # QMNIST's


def images_header(count: int) -> bytes:
    """What an IDX file of `count` images starts with; `count * 784` bytes follow it."""
    return struct.pack(">4I", _IMAGES.magic, count, IMAGE_SIDE, IMAGE_SIDE)


def labels_header(count: int) -> bytes:
    """What an IDX file of `count` labels starts with; `count` bytes follow it."""
    return struct.pack(">2I", _LABELS.magic, count)


def size_of(name: str, count: int) -> int:
    """Bytes that one of `FILES` has decompressed if it holds `count` images or labels."""
    kind = _kind(name)
    return kind.header + count * kind.size


def count_of(name: str, content: Content) -> int:
    """How many images or labels the decoded content of one of `FILES` holds."""
    kind = _kind(name)
    return (len(content) - kind.header) // kind.size


def labels_of_rows(content: Content, source: str) -> bytearray:
    """A file of labels, made of QMNIST's: rows of eight 32-bit numbers, the first the label.

    Raises:
        DataError: a label is no byte.
    """
    start, row = _ROWS.header, _ROWS.size
    if any(any(content[start + byte :: row]) for byte in range(3)):
        raise DataError(f"{source} has a label that is not from 0 to 255; get it again")
    count = (len(content) - start) // row
    return bytearray(labels_header(count)) + content[start + 3 :: row]


def largest_label(content: Content) -> int:
    """The largest label in the decoded content of a file of labels."""
    return max(memoryview(content)[LABELS_HEADER:])


def smallest_label(content: Content) -> int:
    """The smallest label in the decoded content of a file of labels."""
    return min(memoryview(content)[LABELS_HEADER:])


def decode(stream: io.BufferedIOBase, name: str, source: str, most: int | None = None) -> Content:
    """Read an IDX file, raw or gzipped (told by its first bytes, not by its name).

    Args:
        stream: the file, open and seekable.
        name: which of `FILES` it should be; that says whether it holds images or labels.
        source: what to call it in an error's text.
        most: bytes that a gzipped file may unpack to; by default 64 MiB, or a hundred times its
            own size where that is more.

    Returns:
        The whole decompressed content, header included; of a large raw file of images a map.

    Raises:
        DataError: it is not an IDX file of that kind, or one too short, too long or too large.
    """
    own_size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    zipped = stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    stream.seek(0)
    if not zipped:
        return _read(stream, _kind(name), source, own_size)
    limit = max(GZIP_ALWAYS, GZIP_RATIO * own_size) if most is None else most
    try:
        with gzip.GzipFile(fileobj=stream) as unzipped:
            return _read(unzipped, _kind(name), source, None, limit)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise DataError(f"{source} is a damaged or cut-off .gz file; get it again") from None


def _kind(name: str) -> _Kind:
    if name.endswith("idx2-int"):
        return _ROWS
    return _IMAGES if "images" in name else _LABELS


def _read(
    stream: io.BufferedIOBase,
    kind: _Kind,
    source: str,
    own_size: int | None,
    limit: float = math.inf,
) -> Content:
    """The checked content of a stream; nothing large is set up for what cannot be there."""
    header = stream.read(kind.header)
    size = _size_by_header(header, kind, source)
    if own_size is not None and own_size != size:
        raise _wrong_length(source, kind, size, "short" if own_size < size else "long")
    if size > limit:
        raise DataError(f"{source} would unpack to {size} bytes, which is refused; get it again")
    if own_size is not None and kind is _IMAGES and (mapped := map_stream(stream, size)):
        return mapped
    content = bytearray(size)
    content[: len(header)] = header
    if stream.readinto(memoryview(content)[len(header) :]) < size - len(header):
        raise _wrong_length(source, kind, size, "short")
    if stream.read(1):
        raise _wrong_length(source, kind, size, "long")
    return content


def _size_by_header(header: bytes, kind: _Kind, source: str) -> int:
    if len(header) < kind.header:
        raise DataError(f"{source} is too short for an IDX file of {kind.word}; get it again")
    magic, count, *item = struct.unpack(f">{len(header) // 4}I", header)
    if magic != kind.magic:
        raise DataError(_wrong_magic(magic, kind, source))
    if tuple(item) != kind.item:
        shape = "x".join(map(str, item))
        if kind is _ROWS:
            raise DataError(f"{source} has rows of {shape} numbers, not of 8; get it again")
        raise DataError(
            f"{source} holds images of {shape}; bring them to {IMAGE_SIDE}x{IMAGE_SIDE} first"
        )
    if count == 0:
        raise DataError(f"{source} holds no {kind.word}; at least one is needed")
    return int(kind.header + count * kind.size)


def _wrong_magic(magic: int, kind: _Kind, source: str) -> str:
    other = _IMAGES if kind is _LABELS else _LABELS
    if magic == other.magic and kind is not _ROWS:
        return f"{source} holds {other.word}, not {kind.word}; swap the files if they are swapped"
    return (
        f"{source} is not an IDX file of {kind.word} "
        f"(magic number 0x{magic:08x}, not 0x{kind.magic:08x}); get it again"
    )


def _wrong_length(source: str, kind: _Kind, size: int, how: str) -> DataError:
    count = (size - kind.header) // kind.size
    return DataError(
        f"{source} is too {how} for the {count} {kind.word} that its header tells of; get it again"
    )
