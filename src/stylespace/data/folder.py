"""The four IDX files of a data set in a directory: found by their usual names, and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from stylespace.data.catalog import NamedSet
from stylespace.data.idx import FILES, Contents, count_of, decode, largest_label
from stylespace.errors import DataError

__all__ = ["fact", "find", "read_file", "read_folder"]


def read_folder(directory: Path, known: NamedSet | None = None) -> Contents:
    """Read and check the four files.

    Args:
        directory: where they are, directly or as torchvision lays them out.
        known: the set that they must be; None for a set of the user's own.

    Raises:
        DataError: a file is missing, unreadable, malformed or of another data set, or two files
            do not fit each other; the text names the file.
    """
    paths = {name: _must_find(directory, name, known) for name in FILES}
    contents = {name: read_file(path, name) for name, path in paths.items()}
    _check_numbers(paths, contents)
    _check_labels(paths, contents, known)
    if known is not None:
        for name in FILES:
            _check_origin(paths[name], name, contents[name], known)
    return contents


def find(directory: Path, name: str, known: NamedSet | None = None) -> Path | None:
    """Where one of the four files is in a directory, under any of its usual spellings."""
    for path in _spellings(directory, name, known):
        if path.is_file():
            return path
    return None


def read_file(path: Path, name: str) -> bytearray:
    """The decompressed content of one of the four files, its format checked.

    Raises:
        DataError: it cannot be read, or is malformed.
    """
    try:
        with path.open("rb") as stream:
            return decode(stream, name, str(path))
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from None


def fact(error: DataError) -> str:
    """What is wrong, without the remedy behind the last semicolon."""
    text = str(error)
    return text.rpartition("; ")[0] or text


def _spellings(directory: Path, name: str, known: NamedSet | None) -> Iterator[Path]:
    below = ["", "raw"] if known is None else ["", f"{known.folder}/raw", "raw"]
    for folder in below:
        for base in (name, name.replace("-idx", ".idx")):
            for ending in ("", ".gz"):
                yield directory / folder / (base + ending)


def _must_find(directory: Path, name: str, known: NamedSet | None) -> Path:
    try:
        if not directory.is_dir():
            raise DataError(f"{directory} is not a directory; give the one with the IDX files")
        path = find(directory, name, known)
    except OSError as error:
        raise DataError(f"cannot read {directory}: {error.strerror or error}") from None
    if path is None:
        fetched = "" if known is None else ", or leave --data-dir out to have it fetched"
        raise DataError(f"there is no {name} (raw or .gz) in {directory}; put it there{fetched}")
    return path


def _check_numbers(paths: Mapping[str, Path], contents: Contents) -> None:
    for images, labels in (FILES[:2], FILES[2:]):
        n_images, n_labels = (count_of(name, contents[name]) for name in (images, labels))
        if n_images != n_labels:
            raise DataError(
                f"{paths[images]} holds {n_images} images, but {paths[labels]} {n_labels} labels; "
                "they must be as many"
            )


def _check_labels(paths: Mapping[str, Path], contents: Contents, known: NamedSet | None) -> None:
    largest = {name: largest_label(contents[name]) for name in FILES[1::2]}
    classes = largest[FILES[1]] + 1 if known is None else len(known.class_names)
    for name, label in largest.items():
        if label >= classes:
            whose = "the training labels end" if known is None else f"{known.title}'s labels end"
            raise DataError(
                f"{paths[name]} has a label {label}, but {whose} at {classes - 1}; correct it"
            )


def _check_origin(path: Path, name: str, content: bytearray, known: NamedSet) -> None:
    if not known.owns(name, content):
        raise DataError(
            f"{path} is not {known.title}'s {name} (its SHA-256 differs); get it again, or give "
            "images of your own with --data DIRECTORY"
        )
