"""Files that are mapped into memory, not read: their pages come and go as they are needed.

The pages that were touched count as the process's own memory until the system wants them back.
Whoever has walked through a mapped tensor gives them back at once, so that a set of any size takes
no more memory than the part that is worked on.
"""

from __future__ import annotations

import io
import mmap
import platform
import sys
import warnings
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["MAPPED_FROM", "Content", "bytes_of", "map_stream", "release", "will_need"]

Content = bytearray | mmap.mmap
"""The content of a file, read or mapped."""

MAPPED_FROM = 2**26
"""Bytes of a file from which on it is mapped: a smaller one is read, and may change afterwards."""

_LINUX = sys.platform == "linux" and platform.machine() in ("x86_64", "aarch64")
UNRESERVED: int = getattr(mmap, "MAP_NORESERVE", 0x4000 if _LINUX else 0)
"""A flag that older Pythons do not name; without it a map larger than memory is read-only."""

PIECE = 2**19  # bytes; of one larger request the system reads only the start

_maps: weakref.WeakValueDictionary[int, mmap.mmap] = weakref.WeakValueDictionary()


def map_stream(stream: io.BufferedIOBase, size: int) -> mmap.mmap | None:
    """Map a file that is open, if it is a file and large.

    Raises:
        OSError: the system cannot map it.
    """
    if size < MAPPED_FROM:
        return None
    try:
        number = stream.fileno()
    except io.UnsupportedOperation:  # no file, it is in memory already
        return None
    with suppress(OSError, AttributeError):  # AttributeError: no POSIX
        # private, so that whoever changes an image changes memory, as with a file that is read;
        # unreserved, or a set beyond the memory's size would be refused
        flags = mmap.MAP_PRIVATE | UNRESERVED
        return mmap.mmap(number, size, flags=flags, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    return mmap.mmap(number, size, access=mmap.ACCESS_READ)


def bytes_of(content: Content, offset: int) -> Tensor:
    """`[n]` uint8, a content from an offset on, without a copy; who changes it clones it first."""
    import torch  # the format of files is known without it

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given buffer is not writable")
        flat = torch.frombuffer(content, dtype=torch.uint8, offset=offset)
    if isinstance(content, mmap.mmap):
        _maps[flat.untyped_storage().data_ptr()] = content
    return flat


def release(tensor: Tensor) -> None:
    """Give back the memory of a mapped tensor's pages; they are read anew when needed.

    What was changed in them is lost then. Of any other tensor nothing happens.
    """
    mapped = _map_of(tensor)
    if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def will_need(tensor: Tensor, start: int, stop: int) -> None:
    """Have the system begin to read some rows of a mapped tensor, which is contiguous."""
    mapped = _map_of(tensor)
    if mapped is None or not hasattr(mmap, "MADV_WILLNEED"):
        return
    row = tensor[0].nbytes
    header = len(mapped) - len(tensor) * row
    first = (header + start * row) // mmap.PAGESIZE * mmap.PAGESIZE
    for place in range(first, min(header + stop * row, len(mapped)), PIECE):
        mapped.madvise(mmap.MADV_WILLNEED, place, min(PIECE, len(mapped) - place))


def _map_of(tensor: Tensor) -> mmap.mmap | None:
    return _maps.get(tensor.untyped_storage().data_ptr())
