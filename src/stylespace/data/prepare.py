"""A photograph or drawing of a digit, brought to the form of MNIST's images.

As MNIST was made: the ink is cropped, scaled into 20x20 pixels keeping its aspect, with grey
edges, and put into 28x28 with its centre of mass in the middle (LeCun et al. 1998). Before that,
what MNIST's scanner did not meet: uneven light, paper that is not white, light ink on a dark
ground, specks, and pens so thin that their lines would vanish at this size.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageFilter, ImageOps
from torch import Tensor

from stylespace.data.idx import SIDE
from stylespace.errors import DataError

__all__ = ["prepare", "prepare_file", "read_picture"]

MOST_BYTES = 50 * 2**20
MOST_PIXELS = 50_000_000  # that are decoded; of a large JPEG that is fewer than it has
WORKING_SIDE = 512
BOX = 20  # pixels of an MNIST image that the ink may fill
MIDDLE = 14.5  # where MNIST's images have their centre of mass: the middle of pixel 14

GROUND_WINDOW = 0.2  # of a photograph's longer side; no stroke on it is as thick
ONE_SHADE = 0.3  # of a drawing's pixels have, to the bit or nearly, the shade of its ground
LEAST_CONTRAST = 0.1  # between ink and ground, in shares of the ground's brightness
SOFT = 0.3  # of the way from ground to ink is not counted on a photograph, half that from ink
LEAST_DISTANCE = 4.0  # between ink and ground, in standard deviations of the ground
SPECK = 0.03  # of the largest connected piece's ink
LEAST_SIZE = 0.02  # of the picture's longer side
EDGE = 0.05  # ink that still counts when cropping; a sharpened edge rings with less
THINNEST, THIN = 1.2, 2.0  # line widths in the final image: widened below, and to what

Grey = np.ndarray[Any, np.dtype[np.floating[Any]]]


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
        if file.stat().st_size > MOST_BYTES or file.is_fifo():  # a pipe may never end
            raise DataError(f"{path} is larger than {MOST_BYTES >> 20} MiB; make it smaller first")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a large picture, a damaged tag: read it all the same
            with Image.open(file) as picture:
                picture.draft("L", (2 * WORKING_SIDE, 2 * WORKING_SIDE))
                if picture.width * picture.height > MOST_PIXELS:
                    raise Image.DecompressionBombError
                return ImageOps.exif_transpose(picture)
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
        >>> image.shape, image[14, 14].item(), (image > 0).any(dim=1).sum().item()
        (torch.Size([28, 28]), 255, 20)
    """
    ink = _without_specks(_ink(_brightness(picture), name))
    box = _bounds(ink > EDGE)
    if box.longer_side < max(3, LEAST_SIZE * max(ink.shape)):
        raise DataError(f"{name} shows a speck, but no digit")
    ink = _widened(ink, box.longer_side)
    return _centred(_scaled(_bounds(ink > EDGE).cut(ink)))


def _brightness(picture: Image.Image) -> Grey:
    """`[height, width]` in 0..1, at most `WORKING_SIDE` long, light ground and dark ink."""
    if picture.mode in ("PA", "LA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    grey = _shrunk(_grey(picture))
    if alpha is not None:
        grey = _on_paper(grey, _shrunk(alpha.convert("F")) / 255)
    return 1 - grey if _is_light_on_dark(grey) else grey


def _is_light_on_dark(grey: Grey) -> bool:
    """Whether the lightest pixels are farther from the ground, as the border shows it."""
    ground, values = _one_shade(grey), grey
    if ground is None:
        # in logarithms light is a term that can be taken away
        values = np.log(np.maximum(grey, 0.05))
        values = values - _light(values)
        ground = float(np.median(_border(values)))
    darkest, lightest = np.quantile(values, [0.003, 0.997])
    return bool(lightest - ground > ground - darkest)


def _border(grey: Grey) -> Grey:
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def _one_shade(grey: Grey) -> float | None:
    """The ground's brightness in a drawing, where it is the same everywhere; else None."""
    levels, counts = np.unique(np.rint(_border(grey) * 255), return_counts=True)
    shade = float(levels[counts.argmax()]) / 255
    return shade if (abs(grey - shade) < 1.5 / 255).mean() > ONE_SHADE else None


def _light(grey: Grey) -> Grey:
    """The quadratic surface nearest to the brightness, by the sum of absolute differences."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, length) for length in grey.shape), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    every = max(1, max(grey.shape) // 64)
    some, values = terms[::every, ::every].reshape(-1, 6), grey[::every, ::every].ravel()
    weights = np.ones_like(values)
    for _ in range(10):  # reweighted least squares
        root = np.sqrt(weights)
        factors = np.linalg.lstsq(some * root[:, None], values * root, rcond=None)[0]
        weights = 1 / np.maximum(abs(values - some @ factors), 0.01)
    light: Grey = (terms @ factors).astype(np.float32)
    return light


def _grey(picture: Image.Image) -> Image.Image:
    """Mode F, 0..1; pictures of more than eight bits use the range that they fill."""
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        return Image.fromarray(_whole_range(np.asarray(picture, dtype=np.float64)))
    if picture.mode == "LAB":  # Pillow converts it to nothing else
        picture = picture.getchannel("L")
    return picture.convert("L").convert("F").point(lambda value: value / 255 + 0)


def _whole_range(values: Grey) -> Grey:
    """Brightness in 0..1, whatever the darkest and the lightest pixel are."""
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if len(finite) else (0.0, 0.0)
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    return ((values - low) / max(high - low, 1e-6)).astype(np.float32)


def _shrunk(picture: Image.Image) -> Grey:
    factor = -(-max(picture.size) // WORKING_SIDE)
    return np.asarray(picture.reduce(factor) if factor > 1 else picture, dtype=np.float32)


def _on_paper(grey: Grey, alpha: Grey) -> Grey:
    """Lay a picture with transparent parts on paper that its ink shows on."""
    if alpha.min() > 0.99:
        return grey
    ink = float((grey * alpha).sum() / max(float(alpha.sum()), 1e-6))
    paper = 1.0 if ink < 0.5 else 0.0
    return grey * alpha + paper * (1 - alpha)


def _ink(brightness: Grey, name: str) -> Grey:
    """How much of each pixel is ink, 0..1: light that the ground lacks, between two levels."""
    dark = 1 - brightness / np.maximum(_ground(brightness), 0.1)
    limit = _otsu(np.clip(dark, 0, 1))  # below 0 is grain that is lighter than the ground
    paper, ink = dark[dark <= limit], dark[dark > limit]
    if not len(ink) or not len(paper) or ink.mean() - paper.mean() < LEAST_CONTRAST:
        raise DataError(f"{name} is blank: there is no ink on it")
    level, high = float(np.median(paper)), float(np.quantile(ink, 0.75))
    # its lighter half tells the paper's grain: the darkest pixels are the ink's grey edges
    grain = level - float(np.quantile(paper, 0.16))
    if ink.mean() - level < LEAST_DISTANCE * grain:
        raise DataError(f"{name} is too noisy: no ink stands out from the ground")
    if _one_shade(brightness) is None:  # what is left of shadows is cut off with the grain
        level, high = level + SOFT * (high - level), high - SOFT / 2 * (high - level)
    return np.clip((dark - level) / (high - level), 0, 1)


def _ground(brightness: Grey) -> Grey:
    """The brightness that the ground has, or would have where ink lies on it.

    Of a photograph a morphological closing: structures thinner than its window vanish, shades
    and the edges of shadows stay.
    """
    shade = _one_shade(brightness)
    if shade is not None:
        return np.full_like(brightness, shade)
    radius = max(1, int(GROUND_WINDOW * max(brightness.shape)) // 2)
    grainless = Image.fromarray(np.rint(brightness * 255).astype(np.uint8)).filter(
        ImageFilter.MedianFilter(5)
    )
    # continued as it rises or falls, so that a shade keeps its slope to the picture's edge
    smooth = np.asarray(grainless, dtype=np.float32) / 255
    wide = np.pad(smooth, 2 * radius, mode="reflect", reflect_type="odd").clip(0, 1)
    for best in (np.maximum, np.minimum):
        for axis in (0, 1):
            wide = _best_in_window(wide, 2 * radius + 1, axis, best)
    return wide


def _best_in_window(values: Grey, size: int, axis: int, best: np.ufunc) -> Grey:
    """The largest or smallest of each `size` neighbours, in log(size) passes."""
    values, reach = np.moveaxis(values, axis, 0), 1
    while reach < size:
        step = min(reach, size - reach)
        values = best(values[:-step], values[step:])
        reach += step
    return np.asarray(np.moveaxis(values, 0, axis))


def _spread(values: Grey, radius: int) -> Grey:
    """The largest of each square of neighbours, at most `radius` away; 0 is outside."""
    wide = np.pad(values, radius)
    for axis in (0, 1):
        wide = _best_in_window(wide, 2 * radius + 1, axis, np.maximum)
    return wide


def _otsu(values: Grey) -> float:
    """The limit that best parts values in 0..1 into two groups (Otsu 1979)."""
    counts, edges = np.histogram(values, bins=256, range=(0, 1))
    middle = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = counts.sum() - below
    sums = np.cumsum(counts * middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = sums[:-1] / below - (sums[-1] - sums[:-1]) / above
    between = np.nan_to_num(below * above * apart**2)
    return float(edges[1:-1][between.argmax()])


def _without_specks(ink: Grey) -> Grey:
    """Remove pieces with next to no ink, which would spoil the cropping."""
    factor = -(-max(ink.shape) // 128)
    small = F.max_pool2d(torch.from_numpy(ink)[None, None], factor, ceil_mode=True)
    labels = _connected(small > 0.3)
    weight = torch.zeros(int(labels.max()) + 1)
    weight.index_add_(0, labels.flatten(), small.flatten())
    weight[0] = 0
    keep = (weight >= SPECK * weight.max())[labels][0, 0].float().numpy()
    # a piece's grey edges lie outside it, in a picture enlarged without smoothing far outside
    reach = max(ink.shape) // BOX + factor
    near = _spread(keep.repeat(factor, 0).repeat(factor, 1), reach)
    kept: Grey = ink * near[: ink.shape[0], : ink.shape[1]]
    return kept


def _connected(mask: Tensor) -> Tensor:
    """A number for each connected piece of a mask `[1, 1, h, w]`, 0 outside."""
    inside = mask.float()
    # each pixel takes its neighbours' largest number until nothing changes
    numbers = torch.arange(1, mask.numel() + 1, dtype=torch.float32).view_as(inside) * inside
    while True:
        spread = F.max_pool2d(numbers, 3, 1, 1) * inside
        if torch.equal(spread, numbers):
            return numbers.long()
        numbers = spread


@dataclass(frozen=True)
class _Box:
    top: int
    bottom: int
    left: int
    right: int

    @property
    def longer_side(self) -> int:
        return max(self.bottom - self.top, self.right - self.left)

    def cut(self, ink: Grey) -> Grey:
        return ink[self.top : self.bottom, self.left : self.right]


def _bounds(mask: np.ndarray[Any, np.dtype[np.bool_]]) -> _Box:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return _Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def _widened(ink: Grey, longer_side: int) -> Grey:
    """Thicken lines that would be no wider than a grey shade in the final image."""
    mask = ink > 0.5
    padded = np.pad(mask, 1)
    outline = sum(int((padded != np.roll(padded, 1, axis)).sum()) for axis in (0, 1))
    # a line of length l and width w: an area of w * l, an outline of 2 * l in straight steps,
    # of about 4 / pi as many where it runs in all directions
    width = 2 * mask.sum() / max(outline * np.pi / 4, 1)
    pixel = longer_side / BOX
    if width >= THINNEST * pixel:
        return ink
    radius = max(1, round((THIN * pixel - width) / 2))
    return _spread(np.pad(ink, radius), radius)


def _scaled(ink: Grey) -> Grey:
    """Scale into 20x20, keeping the aspect; each new pixel is the mean of what it covers."""
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(ink).resize(size, method), dtype=np.float32)


def _centred(ink: Grey) -> Tensor:
    """Put into 28x28 with the centre of mass in the middle, as far as there is room."""
    image = torch.zeros(SIDE, SIDE, dtype=torch.uint8)
    corner = []
    for axis, length in enumerate(ink.shape):
        mass = ink.sum(axis=1 - axis)
        centre = float((mass * (np.arange(length) + 0.5)).sum() / mass.sum())
        corner.append(min(max(round(MIDDLE - centre), 0), SIDE - length))
    pixels = torch.from_numpy(np.rint(ink * 255).astype(np.uint8))
    image[corner[0] : corner[0] + ink.shape[0], corner[1] : corner[1] + ink.shape[1]] = pixels
    return image
