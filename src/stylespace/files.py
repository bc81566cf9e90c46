"""Reading files that may be a stranger's."""

from __future__ import annotations

import errno
import stat
from pathlib import Path

__all__ = ["require_file", "text_of"]


def require_file(path: Path, most: int) -> None:
    """Refuse a link to a device or a pipe, which would never end, and what is too large.

    Args:
        path: of the file.
        most: bytes.

    Raises:
        OSError: it cannot be read, or is no file.
        ValueError: it is too large.
    """
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no file")
    if found.st_size > most:
        raise ValueError(f"it is larger than {most} bytes")


def text_of(path: Path, most: int = 2**20) -> str:
    """A text file of so many bytes at most; it raises what `require_file` does."""
    require_file(path, most)
    return path.read_text(encoding="utf-8")
