"""From a picture to its ink: how much of each pixel is ink, whatever the light, paper and pen.

What MNIST's scanner did not meet: uneven light, paper that is not white, light ink on a dark
ground, grain and shadows.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter

from stylespace.data.grey import Grey, best_in_window, shrunk
from stylespace.data.sheet import whiteness, without_surroundings
from stylespace.errors import DataError

__all__ = ["WORKING_SIDE", "as_grey", "find_ink", "on_paper"]

WORKING_SIDE = 512
GROUND_WINDOW = 0.2  # of a photograph's longer side; no stroke on it is as thick
ONE_SHADE = 0.3  # of a drawing's pixels have the shade of its ground
EXACTLY, NEARLY = 0.25 / 255, 1.5 / 255  # to the bit; smoothed, or packed with a loss
LEAST_CONTRAST = 0.1  # between ink and ground, in shares of the ground's brightness
SOFT = 0.3  # of the way from ground to ink is not counted on a photograph, half that from ink
OPAQUE = 0.99  # of what lies behind is hidden, at least, where nothing is transparent
RAREST = 0.0005  # of a picture's pixels are ink, where a digit stands alone on a sheet
LEAST_DISTANCE = 4.0  # between ink and ground, in standard deviations of the ground


def find_ink(
    picture: Image.Image, name: str, side: int = WORKING_SIDE, *, on_table: bool = False
) -> Grey:
    """How much of each pixel is ink, 0..1.

    Args:
        picture: of any size and mode; dark ink on a light ground or the reverse.
        name: what to call it in an error's text.
        side: pixels of the result's longer side, at most.
        on_table: whether it may show a table around the sheet.

    Raises:
        DataError: it shows no ink.
    """
    grey, white = _light_and_colour(picture, side)
    try:
        return _ink(grey, white, name, on_table, LEAST_CONTRAST)
    except DataError:
        if white is None:
            raise
    # a pale colour may be as bright as paper; whiteness lacks it twice, and so does its grain
    return _ink(white, grey, name, on_table, 2 * LEAST_CONTRAST)


def _light_and_colour(picture: Image.Image, side: int) -> tuple[Grey, Grey | None]:
    """Brightness and whiteness, 0..1; no whiteness without colours, or with transparent parts."""
    if picture.mode in ("PA", "LA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    grey = shrunk(as_grey(picture), side)
    if picture.mode == "RGBA":
        alpha = shrunk(picture.getchannel("A").convert("F"), side) / 255
        if alpha.min() <= OPAQUE:
            return on_paper(grey, alpha), None
    if picture.mode not in ("RGB", "RGBA", "P", "CMYK", "YCbCr", "HSV"):
        return grey, None
    colours = picture if picture.mode in ("RGB", "RGBA") else picture.convert("RGB")
    bands = (colours.getchannel(band).convert("F") for band in "RGB")  # one by one: it is large
    return grey, whiteness(*(shrunk(band, side) / 255 for band in bands))


def _ink(grey: Grey, other: Grey | None, name: str, on_table: bool, contrast: float) -> Grey:
    """By one map of light, a sheet on a table by the other one as well."""
    light, shade = _ground_and_ink(grey, other, on_table)
    ground = _ground(light) if shade is None else np.float64(shade)
    # rounded once, as the page does it: shades that lie on a limit lie on the same side of it
    dark = (1 - light / np.maximum(ground, np.float64(0.1))).astype(np.float32)
    low, high = _levels(dark, shade is None, name, contrast)
    ink: Grey = np.clip((dark - low) / (high - low), 0, 1)
    return ink


def _ground_and_ink(grey: Grey, other: Grey | None, on_table: bool) -> tuple[Grey, float | None]:
    """Light ground and dark ink, 0..1, and the ground's one shade; a photograph has none."""
    shade = _one_shade(grey)
    # a table may be of one shade, nearly
    if on_table and (shade is None or not _has(shade, grey, EXACTLY)):
        sheet = without_surroundings(grey, other)
        grey, shade = (grey, shade) if sheet is None else (sheet, None)
    if not _is_light_on_dark(grey, shade):
        return grey, shade
    return 1 - grey, None if shade is None else 1 - shade


def _is_light_on_dark(grey: Grey, ground: float | None) -> bool:
    """Whether the lightest pixels are farther from the ground; a photograph's border shows it."""
    values = grey
    if ground is None:
        # in logarithms light is a term that can be taken away
        values = np.log(np.maximum(grey, 0.05))
        values = values - _light(values)
        ground = float(np.median(_border(values)))
    darkest, lightest = np.quantile(values, [RAREST, 1 - RAREST])
    return bool(lightest - ground > ground - darkest)


def _border(grey: Grey) -> Grey:
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def _one_shade(grey: Grey) -> float | None:
    """The ground's brightness in a drawing, where it is the same everywhere; else None."""
    levels, counts = np.unique(np.rint(_border(grey) * 255), return_counts=True)
    shade = float(levels[counts.argmax()]) / 255
    return shade if _has(shade, grey, NEARLY) else None


def _has(shade: float, grey: Grey, within: float) -> bool:
    """Whether so many pixels are of that shade that it is the ground's, as it was drawn."""
    return bool((abs(grey - shade) < within).mean() > ONE_SHADE)


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


def as_grey(picture: Image.Image) -> Image.Image:
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


def on_paper(grey: Grey, alpha: Grey) -> Grey:
    """Lay a picture with transparent parts on paper that its ink shows on."""
    if alpha.min() > OPAQUE:
        return grey
    ink = float((grey * alpha).sum() / max(float(alpha.sum()), 1e-6))
    paper = 1.0 if ink < 0.5 else 0.0
    return grey * alpha + paper * (1 - alpha)


def _levels(dark: Grey, photograph: bool, name: str, contrast: float) -> tuple[float, float]:
    """Where ink begins and where it is full, in the light that the ground lacks."""
    limit = _otsu(np.clip(dark, 0, 1))  # below 0 is grain that is lighter than the ground
    paper, ink = dark[dark <= limit], dark[dark > limit]
    if not len(ink) or not len(paper) or ink.mean() - paper.mean() < contrast:
        raise DataError(f"{name} is blank: there is no ink on it")
    level, high = float(np.median(paper)), float(np.quantile(ink, 0.75))
    # its lighter half tells the paper's grain: the darkest pixels are the ink's grey edges
    grain = level - float(np.quantile(paper, 0.16))
    if ink.mean() - level < LEAST_DISTANCE * grain:
        raise DataError(f"{name} is too noisy: no ink stands out from the ground")
    if not photograph:
        return level, high
    # what is left of shadows is cut off with the grain
    return level + SOFT * (high - level), high - SOFT / 2 * (high - level)


def _ground(brightness: Grey) -> Grey:
    """The brightness that a photograph's ground has, or would have where ink lies on it.

    A morphological closing: structures thinner than its window vanish, shades and the edges of
    shadows stay. In float64.
    """
    radius = max(1, int(GROUND_WINDOW * max(brightness.shape)) // 2)
    grainless = Image.fromarray(np.rint(brightness * 255).astype(np.uint8)).filter(
        ImageFilter.MedianFilter(5)
    )
    # continued as it rises or falls, so that a shade keeps its slope to the picture's edge
    smooth = np.asarray(grainless, dtype=np.float32) / 255
    wide = np.pad(smooth, 2 * radius, mode="reflect", reflect_type="odd").clip(0, 1)
    for best in (np.maximum, np.minimum):
        for axis in (0, 1):
            wide = best_in_window(wide, 2 * radius + 1, axis, best)
    return wide.astype(np.float64)


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
