"""The IDX files of a data set in a directory: found by their usual names, and checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from stylespace.data.catalog import NamedSet
from stylespace.data.idx import (
    FILES,
    GZIP_MAGIC,
    Contents,
    count_of,
    decode,
    labels_of_rows,
    largest_label,
    smallest_label,
)
from stylespace.data.mapped import Content
from stylespace.data.progress import say
from stylespace.errors import DataError
from stylespace.files import reason

__all__ = [
    "ONE_PART",
    "fact",
    "find",
    "is_genuine",
    "plain",
    "read_file",
    "read_folder",
    "read_one_part",
]

ONE_PART = ("images-idx3-ubyte", "labels-idx1-ubyte")
"""The two files of a set that is not parted, as `generate-digits --export` writes them."""


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
    contents = {name: read_file(path, name, known) for name, path in paths.items()}
    _check_numbers(paths, contents, (FILES[:2], FILES[2:]))
    _check_labels(paths, contents, known)
    if known is not None:
        _check_origin(paths, contents, known)
    return contents


def read_one_part(directory: Path) -> Contents:
    """Read and check the two files of a set that is not parted, by the names of `ONE_PART`.

    Raises:
        DataError: as `read_folder`.
    """
    paths = {name: _must_find(directory, name, None) for name in ONE_PART}
    contents = {name: read_file(path, name) for name, path in paths.items()}
    _check_numbers(paths, contents, (ONE_PART,))
    return contents


def find(directory: Path, name: str, known: NamedSet | None = None) -> Path | None:
    """Where one of the four files is in a directory, under any of its usual spellings."""
    for path in _spellings(directory, name, known):
        if path.is_file():
            return path
    return None


def read_file(path: Path, name: str, known: NamedSet | None = None) -> Content:
    """The decompressed content of one of the files in its plain form, its format checked.

    Raises:
        DataError: it cannot be read, or is malformed.
    """
    try:
        with path.open("rb") as stream:
            own = name if known is None else known.file(name)
            return plain(decode(stream, own, str(path)), own, str(path))
    except OSError as error:
        raise DataError(f"cannot read {path}: {reason(error)}") from None


def plain(content: Content, own: str, source: str) -> Content:
    """A decompressed content as `FILES` have it, whatever form the set itself has it in.

    Raises:
        DataError: it holds a label that the plain form cannot.
    """
    return labels_of_rows(content, source) if own.endswith("idx2-int") else content


def is_genuine(path: Path, name: str, content: Content, known: NamedSet) -> bool | None:
    """Whether a file is, to the bit, the named set's; None where no SHA-256 is known to tell.

    Raises:
        OSError: it cannot be read.
    """
    if known.sha256:
        return known.owns(name, content)
    if known.gz_sha256:
        with path.open("rb") as stream:
            if stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC:
                return known.owns_packed(name, path.read_bytes())
    return None


def fact(error: DataError) -> str:
    """What is wrong, without the remedy behind the last semicolon."""
    text = str(error)
    return text.rpartition("; ")[0] or text


def _spellings(directory: Path, name: str, known: NamedSet | None) -> Iterator[Path]:
    below = ["", "raw"] if known is None else ["", f"{known.folder}/raw", "raw", "gzip"]
    own = name if known is None else known.file(name)
    endings = ("", ".gz") if known is None or known.sha256 else (".gz", "")  # checked if it can be
    for folder in below:
        for base in dict.fromkeys((own, own.replace("-idx", ".idx"), name)):
            for ending in endings:
                yield directory / folder / (base + ending)


def _must_find(directory: Path, name: str, known: NamedSet | None) -> Path:
    try:
        if not directory.is_dir():
            raise DataError(
                f"{directory} is not a directory; give the one with the IDX files or pictures, or "
                "an .npz file"
            )
        path = find(directory, name, known)
    except OSError as error:
        raise DataError(f"cannot read {directory}: {reason(error)}") from None
    if path is None:
        _refuse_pictures(directory, known)
        own = name if known is None else known.file(name)
        other = ""
        if known is not None:
            leave_out = ", or leave --data-dir out to have it fetched"
            other = leave_out if known.fetchable else f"; {known.title} is at {known.page}"
        raise DataError(f"there is no {own} (raw or .gz) in {directory}; put it there{other}")
    return path


def _refuse_pictures(directory: Path, known: NamedSet | None) -> None:
    """Say how pictures must lie, where IDX files are looked for and there are pictures."""
    from stylespace.data.pictures import has_pictures, nested_picture

    with suppress(OSError):
        picture = nested_picture(directory) if known is None else None
        if picture is not None and has_pictures(directory):
            raise DataError(
                f"{directory} has pictures, as {picture.relative_to(directory)}, and IDX files "
                "beside them, but not all; take either away"
            )
        if picture is not None:
            raise DataError(
                f"{directory} has pictures, as {picture.relative_to(directory)}, but not in a "
                "subfolder for each class; put them into CLASS/, or train/CLASS/ and test/CLASS/"
            )


def _check_numbers(
    paths: Mapping[str, Path], contents: Contents, pairs: Iterable[Sequence[str]]
) -> None:
    for images, labels in pairs:
        n_images, n_labels = (count_of(name, contents[name]) for name in (images, labels))
        if n_images != n_labels:
            raise DataError(
                f"{paths[images]} holds {n_images} images, but {paths[labels]} {n_labels} labels; "
                "they must be as many"
            )


def _check_labels(paths: Mapping[str, Path], contents: Contents, known: NamedSet | None) -> None:
    largest = {name: largest_label(contents[name]) for name in FILES[1::2]}
    last = largest[FILES[1]]
    if known is not None:
        last = known.first_label + len(known.class_names) - 1
    for name, label in largest.items():
        if label > last:
            whose = "the training labels end" if known is None else f"{known.title}'s labels end"
            raise DataError(
                f"{paths[name]} has a label {label}, but {whose} at {last}; correct it"
            )
        if known is not None and smallest_label(contents[name]) < known.first_label:
            raise DataError(
                f"{paths[name]} has a label below {known.first_label}, where {known.title}'s "
                "labels begin; get it again"
            )


def _check_origin(paths: Mapping[str, Path], contents: Contents, known: NamedSet) -> None:
    unsure = list[str]()
    for name, path in paths.items():
        genuine = is_genuine(path, name, contents[name], known)
        if genuine is False or count_of(name, contents[name]) != known.count(name):
            raise DataError(
                f"{path} is not {known.title}'s {known.file(name)} ({_difference(genuine)}); get "
                "it again, or give images of your own with --data DIRECTORY"
            )
        if genuine is None:
            unsure.append(path.name)
    if unsure:
        of = "" if not known.gz_sha256 else " unpacked; give the .gz to have it checked"
        say(f"{known.name}: taken as it is, no SHA-256 is known of {', '.join(unsure)}{of}")


def _difference(genuine: bool | None) -> str:
    return "its SHA-256 differs" if genuine is False else "its number of images differs"
