"""Files that arrive whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stylespace.errors import StylespaceError

__all__ = ["replaced", "replaced_files"]


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Write a file so that nobody ever sees a part of it.

    Yields:
        A name beside `path` to write to. What is there when the block ends takes the place of
        `path`; if the block fails, it is removed.

    Raises:
        StylespaceError: the file cannot be written; then nothing is left behind.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "note.txt"
        >>> with replaced(path) as part:
        ...     _ = part.write_text("all of it")
        >>> path.read_text(), len(list(path.parent.iterdir()))
        ('all of it', 1)
    """
    part = _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except OSError as error:
        raise _cannot_write(path, error) from None
    finally:
        with suppress(OSError):
            part.unlink()


@contextmanager
def replaced_files(directory: Path) -> Iterator[Path]:
    """The same for some files of a directory, which may be there already and hold others.

    Yields:
        A directory to write the files to; they move into `directory` when the block ends.

    Raises:
        StylespaceError: they cannot be written; then nothing is left behind.
    """
    part = _beside(directory)
    try:
        part.mkdir(parents=True)
        yield part
        directory.mkdir(exist_ok=True)
        for file in part.iterdir():
            file.replace(directory / file.name)
    except OSError as error:
        raise _cannot_write(directory, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _beside(path: Path) -> Path:
    path = path.absolute()  # "." has no name of its own
    return path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")


def _cannot_write(path: Path, error: OSError) -> StylespaceError:
    return StylespaceError(f"cannot write {path}: {error.strerror or error}")
