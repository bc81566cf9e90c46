"""The font of a sheet's labels: one that has their characters."""

from __future__ import annotations

import functools
import importlib.util
from pathlib import Path

from PIL import ImageFont

__all__ = ["Font", "font_for", "legible"]

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont

SIZE = 13
OTHERS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial Unicode.ttf", "arial.ttf")
"""Looked for where a label has characters that Pillow's own font lacks, beyond ASCII mostly."""

NO_CHARACTER = "\U0010ffff"  # what fonts draw for it, they draw for all that they lack


def font_for(text: str) -> Font:
    """Pillow's own font where it has all characters of a label, else one that has most of them."""
    fonts = (_own(), *_others()) if any(_lacks(_own(), one) for one in text) else (_own(),)
    return min(fonts, key=lambda font: sum(_lacks(font, one) for one in text))


def legible(text: str) -> str:
    """A label in which each character that no font here has is told by its Unicode number."""
    font = font_for(text)
    return "".join(f"{ord(one):x}" if _lacks(font, one) else one for one in text)


@functools.cache
def _own() -> Font:
    return ImageFont.load_default(SIZE)


@functools.cache
def _others() -> tuple[Font, ...]:
    """Of the system, or the one that matplotlib brings along."""
    spec = importlib.util.find_spec("matplotlib")
    places = [Path(place) for place in (spec and spec.submodule_search_locations) or ()]
    carried = [str(place / "mpl-data/fonts/ttf/DejaVuSans.ttf") for place in places]
    found = []
    for name in (*OTHERS, *carried):
        try:
            found.append(ImageFont.truetype(name, SIZE))
        except OSError:
            continue
    return tuple(found)


@functools.cache
def _lacks(font: Font, character: str) -> bool:
    if character.isspace():
        return False
    if isinstance(font, ImageFont.ImageFont):  # Pillow's where FreeType is not built in
        return not character.isascii()
    missing, mask = font.getmask(NO_CHARACTER), font.getmask(character)
    return mask.size == missing.size and bytes(mask) == bytes(missing)
