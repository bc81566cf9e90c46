"""From a session to what the page asks for: images fetched, reader trained if need be."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from pathlib import Path

from stylespace import checkpoint
from stylespace.config import ModelConfig
from stylespace.data.images import LabelledImages
from stylespace.data.loading import load_for
from stylespace.errors import DataError, SessionError
from stylespace.networks import StyleAutoencoder
from stylespace.studio.assets import open_session, studio_files, usual_errors
from stylespace.studio.hand import HandReader
from stylespace.studio.reader import PageReader, session_reader

__all__ = ["hand_reader", "studio_assets"]

Progress = Callable[[str, float], None]
Say = Callable[[str], None]
Images = tuple[LabelledImages, LabelledImages]


def studio_assets(
    directory: Path,
    compared: Sequence[Path] = (),
    *,
    data: str | None = None,
    data_dir: Path | None = None,
    half: bool = False,
    progress: Progress = lambda _name, _share: None,
    say: Say = lambda _: None,
) -> dict[str, bytes]:
    """The files that the page asks for, by name.

    Without the session's images the page lacks the map of its style space, and the reader if the
    session has none yet; it works all the same.

    Args:
        directory: the session.
        compared: sessions of the same data set to show beside it.
        data: the images to show it on, and to learn to read from; None is what the session was
            trained on.
        data_dir: where the data set's own files are.
        half: whether the weights are float16.
        progress: told what is being done, and the share of it that is.
        say: told what takes long, and what is missing.

    Raises:
        SessionError: a session is missing, damaged or of other images.
        DataError: the images that were asked for cannot be had, or are not for the model.
    """
    config = checkpoint.read_config(directory)
    for other in compared:
        found = checkpoint.read_config(other)
        alike = found.data == config.data or _same_images(directory, other)
        if not alike or found.classes != config.classes:
            raise SessionError(f"{other} is of {found.data}, not of {config.data}: no comparison")
    images = _images(config, data, data_dir, say)
    test = None if images is None else images[1]
    own, *others = [open_session(path, test) for path in (directory, *compared)]
    advance = functools.partial(progress, "reader")
    named = _named(data, data_dir)
    reader = _reader(directory, config.classes, images, named, advance, say)
    return studio_files(own, reader, others, half=half)


def _same_images(one: Path, other: Path) -> bool:
    """Whether two sessions were trained on the same images, wherever those were then."""
    positions = [checkpoint.position_of(directory) for directory in (one, other)]
    digests = {position.data if position else "" for position in positions}
    return len(digests) == 1 and all(digests)


def hand_reader(
    directory: Path,
    model: StyleAutoencoder,
    *,
    data: str | None = None,
    data_dir: Path | None = None,
    progress: Progress = lambda _name, _share: None,
    say: Say = lambda _: None,
) -> HandReader:
    """What reads digits as the page does.

    Without the session's images it takes nothing for strange.

    Args:
        directory: the session.
        model: its model.
        data: images to learn from; None is what the session was trained on.
        data_dir: where the data set's own files are.
        progress: told what is being done, and the share of it that is.
        say: told what takes long.

    Raises:
        DataError: the session has no reader, and no images to train one on.
    """
    images = functools.cache(lambda: load_for(model.config, data, data_dir))
    named = _named(data, data_dir)
    reader = session_reader(
        directory,
        model.config.classes,
        lambda: images()[0],
        named=named,
        advance=functools.partial(progress, "reader"),
        say=say,
    )
    usual = None
    with nullcontext() if named else suppress(DataError):
        usual = usual_errors(model, images()[1])
    return HandReader(model, reader, usual)


def _named(data: str | None, data_dir: Path | None) -> bool:
    """Whether images were asked for, so that they must be there, and fit."""
    return data is not None or data_dir is not None


def _images(
    config: ModelConfig, data: str | None, data_dir: Path | None, say: Say
) -> Images | None:
    try:
        return load_for(config, data, data_dir)
    except DataError as error:
        if _named(data, data_dir):
            raise
        say(f"the page goes without test images: {error}")
        return None


def _reader(
    directory: Path,
    classes: int,
    images: Images | None,
    named: bool,
    advance: Callable[[float], None],
    say: Say,
) -> PageReader | None:
    def train() -> LabelledImages:
        if images is None:
            raise DataError("no images to train a reader on")
        return images[0]

    try:
        return session_reader(directory, classes, train, named=named, advance=advance, say=say)
    except DataError as error:
        say(f"the page does not read what is drawn: {error}")
        return None
