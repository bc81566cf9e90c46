"""The lock by which one process at a time trains in a session's directory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stylespace.errors import SessionError
from stylespace.files import reason

__all__ = ["held", "require_held"]

LOCK = ".lock"

_held: dict[Path, int] = {}  # file descriptors of the locks that this process holds


@contextmanager
def held(directory: Path) -> Iterator[None]:
    """Hold a directory, which is made if need be.

    Raises:
        SessionError: another process holds it, or it cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        # never through a link: a session may come from a stranger
        follow_no_link = getattr(os, "O_NOFOLLOW", 0)
        number = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | follow_no_link, 0o666)
        handle = os.fdopen(number, "w")
    except OSError as error:
        raise SessionError(f"cannot write to {directory}: {reason(error)}") from None
    with handle:
        try:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SessionError(
                f"another process is training in {directory}; wait for it"
            ) from None
        except (ImportError, OSError):  # Windows, or a file system without locks
            pass  # there a second process is not noticed
        _held[directory] = handle.fileno()
        try:
            yield
        finally:
            del _held[directory]


def require_held(directory: Path) -> None:
    """Refuse to write to a directory that is no longer the one whose lock this process holds.

    Raises:
        SessionError: it was removed or replaced since.
    """
    own = _held.get(directory)
    with suppress(OSError):
        if own is None or os.path.samestat(os.fstat(own), (directory / LOCK).stat()):
            return
    raise SessionError(
        f"{directory} was removed or replaced while training; what was saved there before is all "
        "there is"
    )
