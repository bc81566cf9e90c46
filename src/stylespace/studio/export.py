"""A session for others: a folder for any host, one file that opens from disk, a Hub folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from stylespace.errors import UsageError
from stylespace.files import start_of
from stylespace.output import replaced, replaced_files
from stylespace.studio.assets import INFO_FILE, Shown
from stylespace.studio.hub import CARD_FILE, hub_files
from stylespace.studio.page_files import single_page, site_files

__all__ = ["check_folder", "kind_of", "write_hub", "write_page", "write_site"]

FILES = {".html": "page", ".htm": "page", ".onnx": "onnx"}
MARKS = {
    "site": (INFO_FILE, '{"format":'),
    "hub": (CARD_FILE, "\nlibrary_name: stylespace\n"),
}
"""The file by which a folder is known as an earlier export, and what stands near its start."""


def kind_of(to: str) -> str:
    """What is meant by the name of an export.

    A file's ending says it. A folder that an earlier export made stays of its kind; else it is a
    Hub folder if its name has the word `hub` in it, and a site if not.

    Args:
        to: the path as it was given.

    Raises:
        UsageError: it has the ending of some other file.

    Example:
        >>> [kind_of(to) for to in ("site/", "a.html", "model.onnx", "hub-folder/", "my_hub")]
        ['site', 'page', 'onnx', 'hub', 'hub']
    """
    path = Path(to)
    if path.is_dir() or to.endswith("/"):
        return _kind_of_folder(path)
    if path.suffix.lower() in FILES:
        return FILES[path.suffix.lower()]
    if path.suffix and not path.suffix[1:].isdigit():
        raise UsageError(
            f"--to {to} must end in .html or .onnx, or be a folder, as {to}/; --as says which kind"
        )
    return _kind_of_folder(path)


def _kind_of_folder(path: Path) -> str:
    for kind in MARKS:
        if _is_export(path, kind):
            return kind
    words = re.split(r"[-_.\s]+", path.name.lower())
    return "hub" if "hub" in words or "huggingface" in words else "site"


def _is_export(folder: Path, kind: str) -> bool:
    name, mark = MARKS[kind]
    return mark in start_of(folder / name)


def check_folder(kind: str, folder: Path) -> None:
    """Refuse a folder that holds something else, a session above all.

    Raises:
        UsageError: it does, or is a file.
    """
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"cannot write {folder}: it is a file; name a folder")
    if not any(folder.iterdir()):
        return
    if not _is_export(folder, kind):
        raise UsageError(f"{folder} holds other files; name a new folder, or an empty one")


def write_site(folder: Path, assets: Mapping[str, bytes]) -> None:
    """Write the page as a folder that any host serves.

    Args:
        folder: made if need be; other files in it stay.
        assets: from `studio_files`.

    Raises:
        StylespaceError: it cannot be written; then nothing is left behind.
    """
    _write_folder(folder, site_files(assets))


def write_page(path: Path, assets: Mapping[str, bytes]) -> None:
    """Write the page as one file that opens from disk.

    Raises:
        StylespaceError: it cannot be written; then nothing is left behind.
    """
    content = single_page(assets)
    with replaced(path) as part:
        part.write_bytes(content)


def write_hub(folder: Path, shown: Shown) -> None:
    """Write a folder in Hugging Face's layout.

    Args:
        folder: made if need be; other files in it stay.
        shown: the session.

    Raises:
        StylespaceError: it cannot be written; then nothing is left behind.
    """
    _write_folder(folder, hub_files(shown))


def _write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    with replaced_files(folder) as part:
        for name, content in files.items():
            (part / name).write_bytes(content)
