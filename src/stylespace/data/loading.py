"""`load`: labelled images from a name, a directory, a file or the Hugging Face Hub."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor

from stylespace.config import IMAGE_SIDE, ModelConfig
from stylespace.data.cache import cached
from stylespace.data.catalog import HUB, SETS, NamedSet, names
from stylespace.data.checks import examine, remarks
from stylespace.data.folder import ONE_PART, find, read_folder, read_one_part
from stylespace.data.idx import FILES, IMAGES_HEADER, LABELS_HEADER, Contents
from stylespace.data.images import LabelledImages
from stylespace.data.mapped import Content, bytes_of
from stylespace.data.progress import say
from stylespace.data.split import parted
from stylespace.errors import DataError
from stylespace.files import expanded, is_there

__all__ = [
    "has_idx",
    "is_gone",
    "is_picture_folder",
    "lasting_name",
    "left_out",
    "load",
    "load_again",
    "load_for",
    "read",
]

StrPath = str | os.PathLike[str]
Sets = tuple[LabelledImages, LabelledImages]


def load(data: StrPath = "mnist", data_dir: StrPath | None = None, *, remark: bool = True) -> Sets:
    """Load the training and the test images of a data set.

    A named set is read from `data_dir` if that is given, else from the user's cache directory,
    which is filled from the network on first use. Its bytes are checked against SHA-256 each
    time, where one is known. A set of your own is looked over instead: what no model can be
    trained on is refused, what is merely odd is told on stderr.

    Args:
        data: one of `names()`; a directory with IDX files, or with pictures in a subfolder for
            each class; an `.npz` file; or `hf:NAME`, a data set of the Hugging Face Hub. (A name
            wins over a directory of the same name: write `./mnist` for that one.)
        data_dir: where the named set's four IDX files are, raw or `.gz`.
        remark: tell what is odd about a set of your own.

    Returns:
        Training images and test images; of a set that is not parted every seventh image of a
        class is for testing.

    Raises:
        DataError: a file is missing, damaged or of another kind, or cannot be fetched; or the
            set cannot be trained on.

    Example:
        >>> train, test = load("mnist")
        >>> train.images.shape, test.digits[:4]
        (torch.Size([60000, 28, 28]), tensor([7, 2, 1, 0]))
    """
    name = os.fspath(data)
    train, test = read(data, data_dir)
    known = SETS.get(name)
    if known is not None and (data_dir is None or known.sha256):
        return train, test
    findings = examine(train, test, name)
    for line in (*remarks(findings, train.class_names), *left_out(name)) if remark else ():
        say(f"{name}: {line}")
    return train, test


def read(data: StrPath, data_dir: StrPath | None = None) -> Sets:
    """The same without looking a set of your own over: that is for `checks.examine`.

    Raises:
        DataError: a file is missing, damaged or of another kind, or cannot be fetched.
    """
    known = SETS.get(os.fspath(data))
    if known is None:
        return _own(data, data_dir)
    contents = cached(known) if data_dir is None else read_folder(expanded(data_dir), known)
    return _named(contents, known)


def load_again(name: str, data_dir: StrPath | None = None, *, remark: bool = True) -> Sets:
    """Load what a session was trained on; the arguments are those of `load`.

    Raises:
        DataError: as `load`; of a set of one's own it says why that was looked for.
    """
    try:
        return load(_from_here(name), data_dir, remark=remark)
    except DataError as error:
        if data_dir is not None or name in SETS:
            raise
        raise DataError(f"{error} (the session was trained on it; --data names another)") from None


def load_for(config: ModelConfig, data: str | None, data_dir: StrPath | None) -> Sets:
    """Load the images that a model is looked at with.

    Args:
        config: of the model.
        data: as `load` takes it; None is what the model was trained on.
        data_dir: as `load` takes it.

    Raises:
        DataError: as `load`; or the classes are not the model's.
    """
    name = _from_here(config.data) if data is None else data
    train, test = load_again(config.data, data_dir) if data is None else load(data, data_dir)
    classes, found = config.classes, len(test.class_names)
    if classes != found:
        raise DataError(f"the model is for {classes} classes, but {name} has {found}")
    own = config.class_names or train.class_names
    odd = next(
        (pair for pair in zip(own, train.class_names, strict=True) if len({*pair}) > 1), None
    )
    if odd is not None:
        raise DataError(
            f"the model's class {odd[0]!r} is {odd[1]!r} in {name}; name its own set with --data"
        )
    return train, test


def lasting_name(data: str) -> str:
    """The name by which a session remembers its data set: a path holds wherever one is.

    Example:
        >>> lasting_name("mnist"), Path(lasting_name("./runes")).is_absolute()
        ('mnist', True)
    """
    if data.startswith(HUB):  # what the library finds on the disk it takes from there
        from stylespace.data.hugging_face import hub_name

        name, configuration = hub_name(data)
        tail = f":{configuration}" if configuration else ""
        return f"{HUB}{Path(name).resolve()}{tail}" if name and Path(name).is_dir() else data
    path = expanded(data)
    return data if data in SETS or not _is_path(data, path) else str(path.resolve())


def is_gone(name: str) -> bool:
    """Whether there is nothing any more where `lasting_name` says that a set is."""
    if name in SETS:
        return False
    if name.startswith(HUB):
        from stylespace.data.hugging_face import hub_name

        name = hub_name(name)[0]
        if not Path(name).is_absolute():
            return False
    with suppress(PermissionError):  # what may not be looked at may be there
        return not is_there(expanded(name))
    return False


def _from_here(name: str) -> str:
    """A path of `lasting_name` as one would type it here."""
    path = Path(name)
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        short = str(path.relative_to(Path.cwd()))
        return short if _is_path(short, path) and short not in SETS else f"./{short}"
    return name


def is_picture_folder(data: StrPath) -> bool:
    """Whether `load` would read pictures there."""
    from stylespace.data.pictures import has_pictures

    path = expanded(data)
    with suppress(OSError):
        return data not in SETS and path.is_dir() and not has_idx(path) and has_pictures(path)
    return False


def left_out(data: StrPath) -> list[str]:
    """What of a folder of pictures or an `.npz` file `load` passes over, though it may count."""
    from stylespace.data.arrays import unread
    from stylespace.data.pictures import passed_over

    path = expanded(data)
    with suppress(OSError):
        if is_picture_folder(data):
            return passed_over(path)
        if data not in SETS and path.suffix.lower() == ".npz" and path.is_file():
            return unread(path)
    return []


def _own(data: StrPath, data_dir: StrPath | None) -> Sets:
    text, path = os.fspath(data), expanded(data)
    if data_dir is not None and (text.startswith(HUB) or _is_path(text, path)):
        what = "a directory" if path.is_dir() else "a data set of its own"
        raise DataError(f"{text} is {what} already; leave --data-dir out")
    if text.startswith(HUB):
        from stylespace.data.hugging_face import read_hub

        return read_hub(text)
    if not _is_path(text, path):
        raise DataError(
            f"no data set is called {text!r}; there are {', '.join(names())}, or give the path "
            "of a directory of IDX files or pictures, or of an .npz file"
        )
    if path.suffix.lower() == ".npz" and not path.is_dir():
        from stylespace.data.arrays import read_npz

        return read_npz(path)
    return _directory(path)


def _is_path(text: str, path: Path) -> bool:
    if not text:  # an unset variable of a shell, not the current directory
        return False
    if any(mark in text for mark in (os.sep, os.altsep) if mark) or text.endswith(".npz"):
        return True
    with suppress(OSError, ValueError):
        return path.exists()
    return False


def _directory(path: Path) -> Sets:
    try:
        if path.is_dir() and not has_idx(path):
            if any(find(path, name) for name in ONE_PART):
                return _one_part(read_one_part(path))
            from stylespace.checkpoint import CONFIG, MODEL
            from stylespace.data.pictures import has_pictures, read_pictures

            # its images/ would pass for a class
            if all(is_there(path / name) for name in (CONFIG, MODEL)):
                raise DataError(f"{path} is a session, not a data set; name the images themselves")
            if has_pictures(path):
                return read_pictures(path)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', error)}") from None
    return _four(read_folder(path))


def has_idx(path: Path) -> bool:
    """Whether a directory has a file of a set that is parted into training and test images."""
    return any(find(path, name) for name in FILES)


def _named(contents: Contents, known: NamedSet) -> Sets:
    sets = []
    for images, labels in (FILES[:2], FILES[2:]):
        pixels = _images(contents[images])
        if known.transposed:
            pixels = pixels.transpose(1, 2).contiguous()
        digits = _digits(contents[labels]) - known.first_label
        sets.append(LabelledImages(pixels, digits, known.class_names))
    return sets[0], sets[1]


def _four(contents: Contents) -> Sets:
    classes = _numbers(_digits(contents[FILES[1]]))
    train, test = (
        LabelledImages(_images(contents[images]), _digits(contents[labels]), classes)
        for images, labels in (FILES[:2], FILES[2:])
    )
    return train, test


def _one_part(contents: Contents) -> Sets:
    digits = _digits(contents[ONE_PART[1]])
    return parted(LabelledImages(_images(contents[ONE_PART[0]]), digits, _numbers(digits)))


def _numbers(digits: Tensor) -> tuple[str, ...]:
    return tuple(str(digit) for digit in range(int(digits.max()) + 1))


def _images(content: Content) -> Tensor:
    return bytes_of(content, IMAGES_HEADER).view(-1, IMAGE_SIDE, IMAGE_SIDE)


def _digits(content: Content) -> Tensor:
    return bytes_of(content, LABELS_HEADER).to(torch.int64)
