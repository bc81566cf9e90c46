"""Finding files where a user means them, and reading those that may be a stranger's."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

__all__ = ["expanded", "is_there", "reason", "require_file", "start_of", "text_of"]


def expanded(path: str | os.PathLike[str]) -> Path:
    """A path with `~` as one's home; where there is no such home, it is meant as it stands."""
    with suppress(RuntimeError):
        return Path(path).expanduser()
    return Path(path)


def is_there(path: Path) -> bool:
    """Whether there is anything of that name.

    Raises:
        PermissionError: it may not be looked at; of `Path.exists` that depends on the Python.
    """
    try:
        path.stat()
    except PermissionError:
        raise
    except (OSError, ValueError):
        return False
    return True


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


def start_of(path: Path, most: int = 2**12) -> str:
    """The first bytes of a text file; none of what is no file, or cannot be read."""
    with suppress(OSError):
        if path.is_file():
            with path.open("rb") as file:
                return file.read(most).decode(errors="replace")
    return ""


def reason(error: OSError) -> str:
    """What the system had against it, in a line."""
    return error.strerror or " ".join(str(error).split())
