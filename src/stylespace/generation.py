"""Style vectors in, digits out.

All drawing goes through `Drawing`, digit by digit in blocks of one size: the same vectors give the
same pixels, bit for bit, however many others are asked for after them.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from stylespace.config import IMAGE_SIDE, ModelConfig
from stylespace.data.catalog import SETS
from stylespace.errors import UsageError, few
from stylespace.folding import FoldedDigit, Scratch
from stylespace.networks import StyleAutoencoder
from stylespace.noise import generator
from stylespace.rows import LARGEST, check_rows, check_styles

__all__ = [
    "AT_ONCE",
    "BLOCK",
    "TRAVERSED",
    "Drawing",
    "are_numbers",
    "class_names",
    "draw",
    "draw_rows",
    "named_digit",
    "parse_style",
    "random_styles",
    "style_blocks",
    "text_digits",
    "traverse",
]

BLOCK = 2000
"""Style vectors that are random by themselves, whatever comes before them."""

AT_ONCE = 10 * BLOCK
"""Images that are best drawn by one call, if all digits are as many."""

TRAVERSED = tuple(step / 2 for step in range(-5, 6))
"""The values that `traverse` gives a style dimension: 99 % of the prior lies between the ends."""

SPACE = -1
MOST_FOLDED = 64  # digits whose weights are kept, some 3 MB each
NAMED = 30  # digits that a message names


def random_styles(count: int, style_size: int, seed: int = 0) -> Tensor:
    """Style vectors from the prior N(0, I).

    Args:
        count: of vectors; fewer are the first ones of more.
        style_size: dimensions of each.
        seed: same seed, same vectors.

    Returns:
        `[count, style_size]` float32.

    Example:
        >>> few, many = random_styles(2, 4), random_styles(5000, 4)
        >>> few.shape, torch.equal(few, many[:2])
        (torch.Size([2, 4]), True)
    """
    return torch.cat(
        [torch.empty(0, style_size, dtype=torch.float32), *style_blocks(count, style_size, seed)]
    )


def style_blocks(count: int, style_size: int, seed: int = 0) -> Iterator[Tensor]:
    """The vectors of `random_styles`, at most `BLOCK` at a time."""
    for block, start in enumerate(range(0, count, BLOCK)):
        source = generator(seed, "style", block)
        noise = torch.randn(BLOCK, style_size, generator=source, dtype=torch.float32)
        yield noise[: count - start]


class Drawing:
    """Draws digits of one model, call after call in the same memory, for one thread at a time.

    Args:
        model: in eval mode, float32 and on the CPU; its weights are taken as they are when a
            digit is first drawn.
        dtype: of the decoder's products; bfloat16, where it is fast, is for large numbers of
            images, whose pixels it changes by some levels at most.

    Raises:
        UsageError: the model is elsewhere or of another type.
    """

    def __init__(self, model: StyleAutoencoder, dtype: torch.dtype = torch.float32) -> None:
        own = model.calibration.mean
        if own.dtype != torch.float32 or own.device.type != "cpu":
            raise UsageError(
                f"digits are drawn by a model of float32 on the CPU, not of {own.dtype} on "
                f"{own.device}; model.float().cpu() makes it one"
            )
        scratch, self._config = Scratch(), model.config
        self._turn = threading.Lock()
        # a folded digit is a copy of the decoder's weights
        self._folded = functools.lru_cache(maxsize=MOST_FOLDED)(
            lambda digit: FoldedDigit(model, digit, dtype, scratch)
        )
        self._rows = _rows_at_once(model.config.classes, dtype)

    def draw(self, styles: Tensor, digits: Tensor) -> Tensor:
        """What `generation.draw` returns."""
        shape, classes = (self._config.style_size,), self._config.classes
        check_rows("styles", styles, shape, torch.float32, digits, classes)
        check_styles(styles)
        with self._turn, torch.autocast("cpu", enabled=False):
            return self._draw(styles, digits)

    def _draw(self, styles: Tensor, digits: Tensor) -> Tensor:
        images = torch.empty(len(styles), IMAGE_SIDE * IMAGE_SIDE, dtype=torch.uint8)
        for digit in torch.unique(digits).tolist():
            for places in torch.split((digits == digit).nonzero().squeeze(1), self._rows):
                block = styles.new_zeros(self._rows, styles.shape[1])
                block[: len(places)] = styles[places]
                drawn = self._folded(digit).draw(block)[: len(places)]
                images.numpy()[places.numpy()] = drawn.numpy()  # a seventh of torch's own time
        return images.view(-1, IMAGE_SIDE, IMAGE_SIDE)


def draw(
    model: StyleAutoencoder, styles: Tensor, digits: Tensor, dtype: torch.dtype = torch.float32
) -> Tensor:
    """Draw digits in given styles.

    Args:
        model: as `Drawing` takes it.
        styles: `[n, style_size]` float32.
        digits: `[n]` int64, which digit to draw from each row.
        dtype: as `Drawing` takes it.

    Returns:
        `[n, 28, 28]` uint8, 0 is paper and 255 is ink.

    Raises:
        UsageError: they are of another type or shape, not finite, or there are no such digits.

    Example:
        >>> model = StyleAutoencoder(ModelConfig(style_size=4))
        >>> draw(model, random_styles(10, 4), torch.arange(10)).shape
        torch.Size([10, 28, 28])
    """
    return Drawing(model, dtype).draw(styles, digits)


def _rows_at_once(classes: int, dtype: torch.dtype) -> int:
    """Images of one digit; a matrix product of another size may round differently.

    In float32, as sheets are drawn, they are fewer, so that a few images take no longer than need
    be.
    """
    most = BLOCK if dtype == torch.bfloat16 else BLOCK // 4
    return min(max(AT_ONCE // classes, 50), most)


def draw_rows(model: StyleAutoencoder, styles: Tensor, digits: Sequence[int]) -> Tensor:
    """A row for each style and a column for each digit.

    Args:
        model: as `Drawing` takes it.
        styles: `[rows, style_size]` float32.
        digits: which digit each column shows; -1 is a space.

    Returns:
        `[rows, columns, 28, 28]` uint8. A row does not change when rows are added below it.
    """
    row = torch.tensor(digits, dtype=torch.int64)
    images = draw(
        model,
        styles.repeat_interleave(len(row), dim=0),
        torch.where(row == SPACE, 0, row).repeat(len(styles)),
    ).view(len(styles), len(row), IMAGE_SIDE, IMAGE_SIDE)
    images[:, row == SPACE] = 0
    return images


def traverse(centre: Tensor, values: Sequence[float] = TRAVERSED) -> Tensor:
    """Styles that differ from one in a single dimension.

    Args:
        centre: `[style_size]` float32.
        values: for the dimension that is moved.

    Returns:
        `[style_size, len(values), style_size]` float32; row `i` moves dimension `i`.

    Example:
        >>> traverse(torch.tensor([5.0, 7.0]), [-1, 1])
        tensor([[[-1.,  7.],
                 [ 1.,  7.]],
        <BLANKLINE>
                [[ 5., -1.],
                 [ 5.,  1.]]])
    """
    styles = centre.repeat(len(centre), len(values), 1)
    dimension = torch.arange(len(centre))
    styles[dimension, :, dimension] = torch.tensor(values, dtype=styles.dtype)
    return styles


def parse_style(text: str, style_size: int) -> Tensor:
    """Read a style vector that a person wrote.

    Args:
        text: numbers with commas between them.
        style_size: how many there must be.

    Returns:
        `[style_size]` float32.

    Raises:
        UsageError: something is no finite number, or there are more or fewer of them.

    Example:
        >>> parse_style("0.5,-1", 2)
        tensor([ 0.5000, -1.0000])
    """
    example = ",".join("0.5" for _ in range(min(style_size, 4)))
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(
            f"the style {text!r} is not numbers with commas between them, as {example}"
        ) from None
    if len(values) != style_size:
        raise UsageError(
            f"the style {text!r} has {len(values)} numbers; this model's styles have {style_size}"
        )
    if not all(abs(value) <= LARGEST for value in values):
        raise UsageError(f"the style {text!r} has a number that is not finite, or too large")
    return torch.tensor(values, dtype=torch.float32)


def class_names(config: ModelConfig) -> tuple[str, ...]:
    """What the model's digits are called.

    Example:
        >>> class_names(ModelConfig())[:3], class_names(ModelConfig(classes=12, data="own"))[-1]
        (('0', '1', '2'), '11')
    """
    if config.class_names:
        return config.class_names
    known = SETS.get(config.data)
    if known is not None and len(known.class_names) == config.classes:
        return known.class_names
    return tuple(str(digit) for digit in range(config.classes))


def are_numbers(names: Sequence[str]) -> bool:
    """Whether the digits' names are their numbers, so that these say it all."""
    return list(names) == [str(number) for number in range(len(names))]


def named_digit(name: str, names: Sequence[str]) -> int:
    """Which digit a name means.

    Args:
        name: what the digit is called.
        names: what the model's digits are called.

    Raises:
        UsageError: none is called so.

    Example:
        >>> named_digit("C", ["B", "C"])
        1
    """
    if name in names:
        return names.index(name)
    if are_numbers(names):
        raise UsageError(f"--digit must be between 0 and {len(names) - 1}")
    known = few(names, NAMED)
    raise UsageError(f"--digit must be one of {known}: this model draws no {name[:40]!r}")


def text_digits(text: str, names: Sequence[str]) -> list[int]:
    """The digits of a text, -1 for a space.

    Args:
        text: what to write.
        names: what the model's digits are called; those of one character can be written.

    Raises:
        UsageError: nothing to write, or a character that the model has no digit for.

    Example:
        >>> text_digits("20 6", "0123456789")
        [2, 0, -1, 6]
    """
    digits = {name: digit for digit, name in enumerate(names) if len(name) == 1} | {" ": SPACE}
    odd = next((character for character in text if character not in digits), None)
    if odd is not None or not text.strip():
        known = "".join(sorted(name for name in digits if name != " "))
        wrong = f"{odd!r} cannot be written" if odd is not None else "there is no text to write"
        raise UsageError(f"{wrong}; this model writes {known or 'no single characters'}")
    return [digits[character] for character in text]
