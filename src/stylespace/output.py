"""Files that arrive whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from stylespace.errors import StylespaceError
from stylespace.files import reason
from stylespace.lock import locked

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["replaced", "replaced_files", "save_file"]


def save_file(
    tensors: Mapping[str, Tensor], path: Path, metadata: dict[str, str] | None = None
) -> None:
    """Write tensors of any device and layout as a safetensors file.

    Whoever may read its neighbours may read it too; those that safetensors itself writes are their
    owner's alone, whatever the umask.

    Raises:
        OSError: it cannot be written.
    """
    from safetensors.torch import save

    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    path.write_bytes(save(plain, metadata))


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
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "it is a directory")
        with _made(path.parent):
            part = path.with_name(_part_name(path))
            try:
                yield part
                part.replace(path)
            finally:
                with suppress(OSError):
                    part.unlink()
    except OSError as error:
        raise _cannot_write(path, error) from None


@contextmanager
def replaced_files(directory: Path) -> Iterator[Path]:
    """The same for some files of a directory, which may be there already and hold others.

    Yields:
        A directory to write the files to; they move into `directory` when the block ends.

    Raises:
        StylespaceError: they cannot be written; then nothing is left behind.
    """
    try:
        with _made(directory):
            # inside it: the directory above may be another disk, or not ours to write to
            part = directory / _part_name(directory)
            try:
                part.mkdir()
                yield part
                for file in part.iterdir():  # nothing moves if one of them could not
                    if (directory / file.name).is_dir():
                        raise IsADirectoryError(errno.EISDIR, f"{file.name} is a directory")
                with _alone(directory):  # two writers' files shall not mix
                    for file in part.iterdir():
                        file.replace(directory / file.name)
            finally:
                shutil.rmtree(part, ignore_errors=True)
    except OSError as error:
        raise _cannot_write(directory, error) from None


@contextmanager
def _made(directory: Path) -> Iterator[None]:
    """Make a directory and those above it; if the block fails, remove those that were not there.

    Raises:
        OSError: it cannot be made.
    """
    missing = [place for place in (directory, *directory.parents) if not place.exists()]
    try:
        directory.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for place in missing:
            with suppress(OSError):
                place.rmdir()
        raise


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Let other writers to a directory wait; where there are no locks, none does."""
    number = -1
    with suppress(OSError):  # not every system opens a directory
        number = os.open(directory, os.O_RDONLY)
        locked(number, wait=True)
    try:
        yield
    finally:
        if number >= 0:
            os.close(number)


def _part_name(path: Path) -> str:
    return f".{path.name[:50]}.{secrets.token_hex(4)}.part"


def _cannot_write(path: Path, error: OSError) -> StylespaceError:
    return StylespaceError(f"cannot write {path}: {reason(error)}")
