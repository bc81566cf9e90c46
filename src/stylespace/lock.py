"""Locks: one process at a time trains in a session, fills the cache or moves files in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stylespace.errors import SessionError
from stylespace.files import reason

__all__ = ["held", "locked", "require_held"]

LOCK = ".lock"

_held: dict[Path, int] = {}  # file descriptors of the locks that this process holds


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Hold a directory, which is made if need be; where nothing comes of it, none is left.

    Raises:
        SessionError: another process holds it, or it cannot be written.
    """
    try:
        made = [place for place in (directory, *directory.parents) if not place.exists()]
        directory.mkdir(parents=True, exist_ok=True)
        # never through a link: a session may come from a stranger
        follow_no_link = getattr(os, "O_NOFOLLOW", 0)
        number = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | follow_no_link, 0o666)
        handle = os.fdopen(number, "w")
    except OSError as error:
        raise SessionError(f"cannot write to {directory}: {reason(error)}") from None
    with handle:
        if locked(handle.fileno()) is False or not _is_own(handle.fileno(), directory):
            raise SessionError(f"another process is training in {directory}; wait for it")
        _held[directory] = handle.fileno()
        try:
            yield
        finally:
            if _is_own(_held.pop(directory), directory):
                _clear(directory, made)


def locked(number: int, *, wait: bool = False) -> bool | None:
    """Lock an open file.

    Args:
        number: its descriptor.
        wait: where another process has locked it, until that lets go.

    Returns:
        Whether it is locked now, and not by another process; None where there are no locks.
    """
    try:
        import fcntl

        fcntl.flock(number, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except (ImportError, OSError):  # Windows, or a file system without locks
        return None
    return True


def _is_own(number: int, directory: Path) -> bool:
    """Whether an open file is the directory's lock still, and not one that was taken away."""
    with suppress(OSError):
        return os.path.samestat(os.fstat(number), (directory / LOCK).stat())
    return False


def _clear(directory: Path, made: list[Path]) -> None:
    """Take away an empty directory's lock and the directories `made` for it, deepest first."""
    with suppress(OSError):
        if [place.name for place in directory.iterdir()] == [LOCK]:
            (directory / LOCK).unlink()
            for place in made:
                place.rmdir()


def require_held(directory: Path) -> None:
    """Refuse to write to a directory that is no longer the one whose lock this process holds.

    Raises:
        SessionError: it was removed or replaced since.
    """
    own = _held.get(directory)
    if own is not None and not _is_own(own, directory):
        raise SessionError(
            f"{directory} was removed or replaced while training; what was saved there before is "
            "all there is"
        )
