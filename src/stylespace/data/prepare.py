"""A photograph or drawing of a digit, brought to the form of MNIST's images.

As MNIST was made: the ink is cropped, scaled into 20x20 pixels keeping its aspect, with grey
edges, and put into 28x28 with its centre of mass in the middle (LeCun et al. 1998); MNIST's
images have it there to within half a pixel, these exactly. Before that, what MNIST's scanner did
not meet: specks, and pens so thin that their lines would vanish at this size.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import Tensor

from stylespace.config import IMAGE_SIDE
from stylespace.data.grey import Grey, connected, pooled, spread
from stylespace.data.ink import WORKING_SIDE, find_ink
from stylespace.errors import DataError

__all__ = [
    "PIECE",
    "Box",
    "bounds",
    "prepare",
    "prepare_file",
    "prepare_ink",
    "read_picture",
    "without_specks",
]

MOST_BYTES = 50 * 2**20
MOST_PIXELS = 50_000_000  # that are decoded; of a large JPEG that is fewer than it has
BOX = 20  # pixels of an MNIST image that the ink may fill
MIDDLE = 14.5  # where MNIST's images have their centre of mass: the middle of pixel 14
PIECE = 0.3  # more ink than this hangs together
SPECK = 0.03  # of the largest connected piece's ink
LEAST_SIZE = 0.02  # of the picture's longer side
EDGE = 0.1  # ink that still counts when cropping; hard edges ring with less in a JPEG
# line widths in the final image: up to the first widened to the last, less and less up to ENOUGH
THINNEST, ENOUGH, THIN = 1.0, 1.2, 2.0


def prepare_file(path: str | os.PathLike[str]) -> Tensor:
    """Read a picture of one digit and bring it to the form of MNIST's images.

    Args:
        path: a picture in any format that Pillow reads.

    Returns:
        `[28, 28]` uint8, 0 is paper and 255 is ink.

    Raises:
        DataError: it cannot be read, is too large, or shows no ink.
    """
    return prepare(read_picture(path), os.fspath(path))


def read_picture(path: str | os.PathLike[str]) -> Image.Image:
    """Read a picture, turned as its camera was held.

    Raises:
        DataError: it cannot be read, or is too large.
    """
    file = Path(path)
    try:
        if file.is_fifo():  # it may never end
            raise DataError(
                f"{path} is a pipe, which for all one knows is larger than {MOST_BYTES >> 20} "
                "MiB; save the picture to a file first"
            )
        if file.stat().st_size > MOST_BYTES:
            raise DataError(f"{path} is larger than {MOST_BYTES >> 20} MiB; make it smaller first")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a large picture, a damaged tag: read it all the same
            # by its path Pillow would map a grey TIFF, and turn what it mapped wrongly
            with file.open("rb") as stream, Image.open(stream) as picture:
                picture.draft("L", (2 * WORKING_SIDE, 2 * WORKING_SIDE))
                if picture.width * picture.height > MOST_PIXELS:
                    raise Image.DecompressionBombError
                upright = ImageOps.exif_transpose(picture)
                # grey times its opacity, as some TIFFs have it, converts to nothing but this
                return upright.convert("LA") if upright.mode == "La" else upright
    except DataError:
        raise
    except FileNotFoundError:
        raise DataError(f"there is no file {path}") from None
    except Image.DecompressionBombError:  # Pillow's own limit comes later
        raise DataError(f"{path} has too many pixels; make it smaller first") from None
    except Exception as error:  # what a damaged picture raises is each format's own affair
        reason = getattr(error, "strerror", None) or "not a picture, or a damaged one"
        raise DataError(f"cannot read {path}: {reason}") from None


def prepare(picture: Image.Image, name: str = "the picture") -> Tensor:
    """Bring a picture of one digit to the form of MNIST's images.

    Args:
        picture: of any size and mode; dark ink on a light ground or the reverse.
        name: what to call it in an error's text.

    Returns:
        `[28, 28]` uint8, 0 is paper and 255 is ink.

    Raises:
        DataError: it shows no ink.

    Example:
        >>> picture = Image.new("RGB", (200, 100), "white")
        >>> picture.paste("navy", (90, 20, 110, 80))
        >>> image = prepare(picture)
        >>> image.shape, image[14, 14].item(), image[:4].max().item()
        (torch.Size([28, 28]), 255, 0)
    """
    return prepare_ink(find_ink(picture, name), name)


def prepare_ink(given: Grey, name: str = "the picture") -> Tensor:
    """The same from ink, as `find_ink` gives it.

    Raises:
        DataError: it is a speck.
    """
    ink = without_specks(given)
    box = bounds(ink)
    if box is None:
        raise DataError(f"{name} is blank: there is no ink on it")
    if box.longer_side < max(3, LEAST_SIZE * max(ink.shape)):
        raise DataError(f"{name} shows a speck, but no digit")
    ink = _widened(ink, box.longer_side)
    wide = bounds(ink)
    assert wide is not None
    return _placed(wide.cut(ink))


def without_specks(ink: Grey) -> Grey:
    """Remove pieces with next to no ink, which would spoil the cropping."""
    factor = -(-max(ink.shape) // 128)
    small = pooled(ink, factor)
    labels = connected(small > PIECE)
    weight = torch.zeros(int(labels.max()) + 1, dtype=small.dtype)
    weight.index_add_(0, labels.flatten(), small.flatten())
    weight[0] = 0
    keep = (weight >= SPECK * weight.max())[labels][0, 0].float().numpy()
    # a piece's grey edges lie outside it, in a picture enlarged without smoothing far outside
    reach = max(ink.shape) // BOX + factor
    near = spread(keep.repeat(factor, 0).repeat(factor, 1), reach)
    kept: Grey = ink * near[: ink.shape[0], : ink.shape[1]]
    return kept


@dataclass(frozen=True)
class Box:
    """A part of a picture, in pixels; `bottom` and `right` are the first outside."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    @property
    def longer_side(self) -> int:
        """The larger of both."""
        return max(self.height, self.width)

    def cut(self, ink: Grey) -> Grey:
        """This part of it, which shares its memory."""
        return ink[self.top : self.bottom, self.left : self.right]


def bounds(ink: Grey) -> Box | None:
    """Where there is ink; None where there is none."""
    mask = ink > EDGE
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    return Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def _widened(ink: Grey, longer_side: int) -> Grey:
    """Thicken lines that would be no wider than a grey shade in the final image."""
    mask = ink > 0.5
    padded = np.pad(mask, 1)
    outline = sum(int((padded != np.roll(padded, 1, axis)).sum()) for axis in (0, 1))
    # a line of length l and width w: an area of w * l, an outline of 2 * l in straight steps,
    # of about 4 / pi as many where it runs in all directions
    pixel = longer_side / BOX
    width = 2 * mask.sum() / max(outline * np.pi / 4, 1) / pixel
    missing = (THIN - width) * min(1.0, max(0.0, (ENOUGH - width) / (ENOUGH - THINNEST)))
    if missing <= 0:
        return ink
    radius = missing / 2 * pixel
    within, share = int(radius), radius - int(radius)
    ink = np.pad(ink, within + 1)  # of two whole radii a mean, so that no step is seen
    wide: Grey = (1 - share) * spread(ink, within) + share * spread(ink, within + 1)
    return wide


def _placed(ink: Grey) -> Tensor:
    """Scale into 20x20, keeping the aspect, into 28x28 with the centre of mass in the middle.

    That is as far as there is room. Neither goes by whole pixels, or a style would jump where a
    drawing hardly changes.
    """
    pixel = max(ink.shape) / BOX
    # of whole numbers, which have the same centre wherever it is computed
    mass = np.rint(ink * 255).astype(np.int64)
    rows, columns = (_shares(mass.sum(axis=axis), pixel) for axis in (1, 0))
    image = rows @ ink.astype(np.float64) @ columns.T
    return torch.from_numpy(np.rint(image * 255).astype(np.uint8))


def _shares(mass: np.ndarray[Any, np.dtype[np.int64]], pixel: float) -> Grey:
    """What each new pixel takes from the old ones along an axis, `[28, n]`.

    All that it covers when shrinking, its two neighbours when enlarging.
    """
    old = np.arange(len(mass))
    centre = int((mass * (2 * old + 1)).sum()) / (2 * int(mass.sum()))
    start = min(max(centre - MIDDLE * pixel, len(mass) - IMAGE_SIDE * pixel), 0)
    if pixel == 1:  # as large as it should be: between pixels it would only get blurred
        start = round(start)
    edges = start + pixel * np.arange(IMAGE_SIDE)[:, None]
    if pixel < 1:
        shares: Grey = 1 - np.abs(edges + pixel / 2 - (old + 0.5))
    else:
        shares = (np.minimum(edges + pixel, old + 1) - np.maximum(edges, old)) / pixel
    return np.clip(shares, 0, None)
