"""A folder of pictures, in a subfolder for each class, as labelled images.

`FOLDER/CLASS/picture.png`, or `FOLDER/train/CLASS/...` and `FOLDER/test/CLASS/...` where it is
parted already (`training`, `testing`, `validation` and `val` will do, and capitals). The
subfolders' names are the classes' names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from stylespace.config import IMAGE_SIDE
from stylespace.data.checks import check_names, in_order
from stylespace.data.images import LabelledImages
from stylespace.data.ink import as_grey, on_paper
from stylespace.data.prepare import prepare, read_picture
from stylespace.data.progress import bar
from stylespace.data.split import for_testing, parted
from stylespace.errors import DataError, few
from stylespace.files import reason

__all__ = [
    "ENDINGS",
    "as_images",
    "has_pictures",
    "image_of",
    "nested_picture",
    "on_dark_ground",
    "passed_over",
    "picture_paths",
    "read_pictures",
    "shown_paths",
    "thumbnails",
]

ENDINGS = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".tif", ".tiff", ".webp"}
    | {".bmp", ".tga", ".pbm", ".pgm", ".ppm", ".pnm"}
)
UNREAD = frozenset({".heic", ".heif", ".avif", ".jp2", ".svg", ".pdf", ".dng"})
TRAIN, TEST = ("train", "training"), ("test", "testing", "validation", "val")
"""What the folders of the two parts are called; the first that is there counts."""

DEEPEST = 4  # folders below which no pictures are looked for
READY_MODES = ("1", "L", "P", "RGB", "CMYK", "YCbCr", "HSV")
MOST_PICTURES = 5_000_000
MIXED = 0.9  # of the ready pictures agree on which is the ground, or each is judged by itself
TOLD = 3  # unusable pictures that a message names

Paths = dict[str, list[Path]]


def has_pictures(directory: Path) -> bool:
    """Whether a directory has a subfolder with a picture in it, or is parted so.

    Raises:
        OSError: it cannot be read.
    """
    return any(_has_classes(place) for place in (directory, _part(directory, TRAIN)))


def _has_classes(directory: Path | None) -> bool:
    """The same as whether there are `_classes`, but looking no farther than the first picture."""
    if directory is None or not directory.is_dir():
        return False
    return any(any(map(_is_picture, place.iterdir())) for place in _folders(directory))


def nested_picture(directory: Path) -> Path | None:
    """Some picture in or below a directory, for the text of an error; None if there is none.

    Raises:
        OSError: it cannot be read.
    """
    depths = ("*/" * depth + "*" for depth in range(DEEPEST))
    found = (path for pattern in depths for path in directory.glob(pattern))
    return next((path for path in found if _is_picture(path)), None)


def _part(directory: Path, names: Sequence[str]) -> Path | None:
    """The subfolder of one of these names, in small letters or capitals."""
    if not directory.is_dir():
        return None
    there = {place.name.lower(): place for place in _folders(directory)}
    return next((there[name] for name in names if name in there), None)


def read_pictures(directory: Path) -> tuple[LabelledImages, LabelledImages]:
    """Read all pictures, and bring them to 28x28 as MNIST was.

    Pictures of exactly 28x28 are ready: they stay as they are, inverted where their ground is
    light.

    Raises:
        DataError: a picture cannot be used, or a class has too few.
    """
    try:
        train, test = picture_paths(directory)
    except OSError as error:
        raise DataError(f"cannot read {directory}: {reason(error)}") from None
    names = tuple(train)
    everything = [*_flat(train), *_flat(test)]
    images = as_images([path for path, _ in everything])
    digits = torch.tensor([names.index(name) for _, name in everything])
    data = LabelledImages(images, digits, names)
    if not test:
        return parted(data)
    count = sum(map(len, train.values()))
    return data.subset(slice(count)), data.subset(slice(count, None))


def picture_paths(directory: Path) -> tuple[Paths, Paths]:
    """The pictures of each class for training and for testing, by class name in order.

    Returns:
        Two dictionaries; the second is empty where the folder is not parted.

    Raises:
        DataError: there are too many classes, or the two parts have different ones.
        OSError: it cannot be read.
    """
    shown, asked = _part(directory, TRAIN), _part(directory, TEST)
    train, test = _classes(shown), _classes(asked)
    if not train:
        train, test = _classes(directory), {}
    check_names(list(train), str(directory))
    odd = next((name for name in test if name not in train), None)
    if odd is not None:
        raise DataError(
            f"{asked}/{odd} is a class that {shown} lacks; add it there, or take it away here"
        )
    return train, test


def passed_over(directory: Path) -> list[str]:
    """Subfolders with pictures that are in no class, each kind with what to do about it.

    Raises:
        OSError: it cannot be read.
    """
    shown, asked = _part(directory, TRAIN), _part(directory, TEST)
    if not _has_classes(shown):
        shown = asked = None
    places = [*_folders(shown or directory), *(_folders(asked) if asked else [])]
    lines = []
    if bare := [place for place in places if _is_bare(place)]:
        lines.append(
            "passed over, as no pictures that can be read lie right in them: "
            f"{_few(bare, directory)}; put those of a class there, as PNG or JPEG"
        )
    return lines + (_beside(directory, shown, asked) if shown else [])


def _beside(directory: Path, shown: Path, asked: Path | None) -> list[str]:
    """The same of what lies beside the parts."""
    beside = [place for place in _folders(directory) if place not in (shown, asked)]
    others = list(filter(nested_picture, beside))
    parts = dict.fromkeys(TRAIN, shown) | (dict.fromkeys(TEST, asked) if asked else {})
    lines = [
        f"{place.name}/ is passed over, as {part.name}/ is there too"
        for place in others
        if (part := parts.get(place.name.lower()))
    ]
    if classes := [place for place in others if place.name.lower() not in parts]:
        lines.append(
            f"passed over, as they lie beside {shown.name}/: {_few(classes, directory)}; move "
            "what is a class into it"
        )
    return lines


def _is_bare(place: Path) -> bool:
    """Whether there are pictures, but below it or of a kind that is not read."""
    endings = {path.suffix.lower() for path in place.iterdir()}
    return not endings & ENDINGS and bool(endings & UNREAD or nested_picture(place))


def _few(places: Sequence[Path], directory: Path) -> str:
    return few([repr(place.relative_to(directory).as_posix()) for place in places], TOLD)


def _flat(paths: Paths) -> Iterator[tuple[Path, str]]:
    return ((path, name) for name, own in paths.items() for path in own)


def _classes(directory: Path | None) -> Paths:
    """The subfolders that hold pictures, in the order of their names."""
    if directory is None or not directory.is_dir():
        return {}
    found = {place.name: _pictures(place) for place in _folders(directory)}
    return {name: found[name] for name in in_order(found) if found[name]}


def _folders(directory: Path) -> list[Path]:
    return [
        place
        for place in sorted(directory.iterdir())
        if place.is_dir() and not place.name.startswith((".", "__MACOSX"))
    ]


def _pictures(directory: Path) -> list[Path]:
    return sorted(
        (path for path in directory.iterdir() if _is_picture(path)), key=lambda path: path.name
    )


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in ENDINGS and not path.name.startswith(".")


def as_images(paths: Sequence[Path]) -> Tensor:
    """Pictures of any size, colour and polarity as images.

    Returns:
        `[n, 28, 28]` uint8, 0 is paper and 255 is ink.

    Raises:
        DataError: some cannot be used; the text names the first.
    """
    if len(paths) > MOST_PICTURES:
        raise DataError(f"{len(paths)} pictures are too many; bring them to IDX files first")
    images = torch.zeros(len(paths), IMAGE_SIDE, IMAGE_SIDE, dtype=torch.uint8)
    ready = torch.zeros(len(paths), dtype=torch.bool)
    unusable = list[str]()
    with bar("reading pictures", len(paths), "pictures") as advance:
        for number, path in enumerate(paths):
            try:
                images[number], ready[number] = image_of(read_picture(path), str(path))
            except DataError as error:
                unusable.append(str(error))
            advance(1)
    if unusable:
        raise DataError(_complaint(unusable, len(paths)))
    images[ready] = on_dark_ground(images[ready])
    return images


def image_of(picture: Image.Image, name: str) -> tuple[Tensor, bool]:
    """An image `[28, 28]`, and whether it was ready, so that its ground is still to be told.

    Raises:
        DataError: it shows no ink.
    """
    ready = _ready(picture) if picture.size == (IMAGE_SIDE, IMAGE_SIDE) else None
    if ready is None:
        return prepare(picture, name), False
    return torch.from_numpy(np.array(ready)), True


def _ready(picture: Image.Image) -> Image.Image | None:
    """A picture of the right size in grey, as it is; None if it is to be prepared."""
    if picture.mode.startswith("I;16"):
        values = np.asarray(picture)
        if values.max() < 2**15:  # fewer bits than that, and nobody says how many
            return None
        return Image.fromarray((values / 257).round().astype(np.uint8))
    if _has_alpha(picture):
        clear = picture.convert("RGBA")
        if clear.getchannel("A").getextrema() != (255, 255):
            return None
        return clear.convert("L")
    return picture.convert("L") if picture.mode in READY_MODES else None


def _has_alpha(picture: Image.Image) -> bool:
    return "A" in picture.getbands() or "transparency" in picture.info


def on_dark_ground(images: Tensor) -> Tensor:
    """Invert ready images `[n, 28, 28]` whose ground is light: all alike if nearly all agree."""
    if not len(images):
        return images
    border = torch.ones(IMAGE_SIDE, IMAGE_SIDE, dtype=torch.bool)
    border[1:-1, 1:-1] = False
    light = images[:, border].float().median(dim=1).values > 127
    share = int(light.sum()) / len(light)  # in float32 nine of ten are less than 0.9
    if max(share, 1 - share) >= MIXED:
        light = torch.full_like(light, share >= MIXED)
    return torch.where(light[:, None, None], 255 - images, images)


def _complaint(unusable: Sequence[str], count: int) -> str:
    if len(unusable) == 1:
        return f"{unusable[0]}; mend it or take it away"
    told = "; ".join(unusable[:TOLD])
    more = "; ..." if len(unusable) > TOLD else ""
    return (
        f"{len(unusable)} of {count} pictures cannot be used ({told}{more}); mend them or take "
        "them away"
    )


def thumbnails(paths: Sequence[Path], side: int) -> Tensor:
    """Pictures as they are, in grey, small and on white, to stand beside what became of them.

    Returns:
        `[n, side, side]` uint8, where 255 is black, as of images.
    """
    small = torch.zeros(len(paths), side, side, dtype=torch.uint8)
    for number, path in enumerate(paths):
        picture = read_picture(path)
        if _has_alpha(picture):
            picture = picture.convert("RGBA")
            picture.thumbnail((side, side))
            alpha = np.asarray(picture.getchannel("A"), dtype=np.float32) / 255
            laid = on_paper(np.asarray(as_grey(picture)), alpha)
            picture = Image.fromarray((255 * laid + 0.5).astype(np.uint8))
        grey = as_grey(picture).point(lambda value: value * 255 + 0.5).convert("L")
        grey.thumbnail((side, side))
        sheet = Image.new("L", (side, side), 255)
        sheet.paste(grey, ((side - grey.width) // 2, (side - grey.height) // 2))
        small[number] = 255 - torch.from_numpy(np.array(sheet))
    return small


def shown_paths(directory: Path, per_class: int) -> dict[str, list[Path]]:
    """The first training pictures of each class, those that `read_pictures` trains on first."""
    train, test = picture_paths(directory)
    if not test:
        train = {name: _for_training(own) for name, own in train.items()}
    return {name: own[:per_class] for name, own in train.items()}


def _for_training(paths: list[Path]) -> list[Path]:
    """What is left of a class for training, as `parted` does it."""
    tested = for_testing(torch.zeros(len(paths), dtype=torch.int64)).tolist()
    return [path for path, away in zip(paths, tested, strict=True) if not away]
