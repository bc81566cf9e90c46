"""The user's cache of the named sets: raw IDX files, checked each time they are read."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from stylespace.data.catalog import NamedSet
from stylespace.data.folder import fact, find, is_genuine, read_file
from stylespace.data.idx import FILES, Contents
from stylespace.data.mapped import Content
from stylespace.data.progress import say
from stylespace.errors import DataError
from stylespace.files import expanded, reason
from stylespace.lock import locked

__all__ = ["ENVIRONMENT", "cache_directory", "cached"]

ENVIRONMENT = "STYLESPACE_CACHE"


def cache_directory() -> Path:
    """Where the named sets are kept: `$STYLESPACE_CACHE`, else the system's place for caches."""
    chosen = os.environ.get(ENVIRONMENT)
    if chosen:
        return expanded(chosen)
    from platformdirs import user_cache_dir

    return Path(user_cache_dir("stylespace", appauthor=False))


def cached(known: NamedSet) -> Contents:
    """A named set's files from the cache, which is filled where it lacks one.

    Raises:
        DataError: they are not all there and cannot be fetched, or the cache cannot be written.
    """
    if not known.fetchable:
        raise DataError(
            f"{known.name} cannot be fetched, as no SHA-256 of its files is known; get it from "
            f"{known.page} and name its folder with --data-dir"
        )
    directory = cache_directory() / known.name
    try:
        contents, _ = _whole_files(directory, known)
        if len(contents) < len(FILES):
            with _lock(directory, known) as alone:
                if alone:
                    _remove_leftovers(directory)
                contents = _filled(directory, known)
    except OSError as error:
        raise DataError(
            f"cannot use the cache {directory}: {reason(error)}; mend that, or "
            f"name another directory with {ENVIRONMENT}"
        ) from None
    return contents


def _filled(directory: Path, known: NamedSet) -> Contents:
    """The files, fetched where they are not there: whoever held the lock before may have."""
    contents, damaged = _whole_files(directory, known)
    for text in damaged:
        say(f"{known.name}: {text}; the cache gets a new one")
    missing = [name for name in FILES if name not in contents]
    if missing:
        from stylespace.data.fetch import fetch  # the parts that speak to the network load slowly

        for name, packed, content in fetch(known, missing, directory):
            if known.sha256:
                _write(directory / name, content)
            else:  # only as it came can it be checked again
                _write(directory / f"{known.file(name)}.gz", packed)
            contents[name] = content
    return contents


def _whole_files(directory: Path, known: NamedSet) -> tuple[Contents, list[str]]:
    """The files that are there and whole, and what is wrong with the others that are there."""
    contents, damaged = Contents(), list[str]()
    for name in FILES:
        path = find(directory, name, known)
        if path is None:
            continue
        try:
            content = read_file(path, name, known)
        except DataError as error:
            damaged.append(fact(error))
            continue
        genuine = is_genuine(path, name, content, known)
        if genuine:
            contents[name] = content
        elif genuine is None:
            damaged.append(f"{path} cannot be checked unpacked")
        else:
            damaged.append(f"{path} is damaged (its SHA-256 differs)")
    return contents, damaged


@contextmanager
def _lock(directory: Path, known: NamedSet) -> Iterator[bool]:
    """Keep other processes from fetching the same; yields whether that could be done."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("w") as handle:
        alone = locked(handle.fileno())
        if alone is False:
            say(f"{known.name}: waiting for another process that is fetching it")
            alone = locked(handle.fileno(), wait=True)
        # without a lock all is fetched twice, and the files still arrive whole
        yield alone is True


def _remove_leftovers(directory: Path) -> None:
    for path in directory.glob(".*.part"):
        path.unlink(missing_ok=True)


def _write(path: Path, content: bytes | Content) -> None:
    """Write a file so that nobody ever sees a part of it."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
