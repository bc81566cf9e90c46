"""`generate-digits --like`: the hand of a photograph or drawing."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stylespace.cli.common import session_directory
from stylespace.errors import DataError, UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from stylespace.networks import StyleAutoencoder
    from stylespace.studio.hand import Sample

__all__ = ["Hand", "hand_like"]

MOST_SHOWN = 10  # digits beside the sheet's first row


@dataclass(frozen=True, eq=False)
class Hand:
    """What a picture gave.

    Attributes:
        images: `[n, 28, 28]` uint8, of its digits as the model saw them.
        digit: the first one's.
        style: `[style_size]`, their styles' mean.
    """

    images: Tensor
    digit: int
    style: Tensor


def hand_like(args: argparse.Namespace, model: StyleAutoencoder) -> Hand:
    """The hand of the `--like` picture; says which digits it is taken for, and its style.

    Raises:
        DataError: the picture cannot be used.
        UsageError: it is open which digit it shows.
    """
    if args.digit is not None:
        hand = _as_told(args.like, args.digit, model)
    else:
        samples = _read(args, model)
        _tell(args.like, samples, model)
        hand = _together([sample for sample in samples if sample.doubt != "strange"])
    written = ",".join(f"{number:.4g}" for number in hand.style.tolist())
    print(f"The style of {args.like} is --style {written}")
    return hand


def _as_told(path: Path, digit: int, model: StyleAutoencoder) -> Hand:
    """The whole picture as one digit."""
    import torch

    from stylespace.data.prepare import prepare_file

    image = prepare_file(path)
    style = model.encode(image[None, None] / 255, torch.tensor([digit]))
    return Hand(image[None], digit, style[0])


def _read(args: argparse.Namespace, model: StyleAutoencoder) -> list[Sample]:
    from stylespace.cli.progress import parts
    from stylespace.data.prepare import read_picture
    from stylespace.data.segment import find_digits
    from stylespace.studio.session import hand_reader

    name, picture = str(args.like), read_picture(args.like)
    found = find_digits(picture, name)  # a blank picture is refused before a reader is trained
    try:
        with parts() as (progress, say):
            reader = hand_reader(
                session_directory(args),
                model,
                data=args.data,
                data_dir=args.data_dir,
                progress=progress,
                say=say,
            )
    except DataError as error:  # no images to train a reader on
        raise UsageError(
            f"which digit does {args.like} show? Say it with --digit ({error}; --data names "
            "others to learn from)"
        ) from None
    return reader.read_found(found, picture, name)


def _tell(path: Path, samples: list[Sample], model: StyleAutoencoder) -> None:
    from stylespace.generation import class_names

    names = class_names(model.config)
    read = [sample for sample in samples if sample.doubt != "strange"]
    if not read:
        what = "looks" if len(samples) == 1 else f"has {len(samples)} pieces of ink that look"
        raise UsageError(
            f"{path} {what} like nothing this model draws; if it is one of "
            f"{names[0]} to {names[-1]}, say which with --digit"
        )
    sure = min(sample.share for sample in read)
    taken = " ".join(names[sample.digit] for sample in read)
    if len(samples) == 1:
        print(f"{path} is taken for {taken} ({sure:.0%} sure); --digit says otherwise")
        return
    left = len(samples) - len(read)
    besides = f"; {left} more left out, like nothing this model draws" if left else ""
    print(f"{path} is taken for {taken} (each at least {sure:.0%} sure{besides})")


def _together(samples: list[Sample]) -> Hand:
    import torch

    return Hand(
        torch.stack([sample.image for sample in samples[:MOST_SHOWN]]),
        samples[0].digit,
        torch.stack([sample.style for sample in samples]).mean(dim=0),
    )
