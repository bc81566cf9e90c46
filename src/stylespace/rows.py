"""What a model is asked to work on: refused in one line where it does not fit."""

from __future__ import annotations

from contextlib import suppress

import torch
from torch import Tensor

from stylespace.errors import UsageError

__all__ = ["LARGEST", "check_greys", "check_rows", "check_styles"]

LOOSE = 0.01  # by which greys may leave [0, 1]: rounding, and no other scale
LARGEST = 1e30
"""Of a style's numbers: from larger ones a model draws what is no number."""


def check_rows(
    name: str,
    rows: Tensor,
    shape: tuple[int, ...],
    dtype: torch.dtype,
    digits: Tensor,
    classes: int,
) -> None:
    """Refuse what a model would fail on, or worse, would answer with other rows than were asked.

    Args:
        name: of the rows, for the text.
        rows: to be `[n, *shape]` of the type `dtype`.
        shape: of a row.
        dtype: the model's.
        digits: to be `[n]` int64, from 0 to `classes - 1`.
        classes: number of digits that the model knows.

    Raises:
        UsageError: they are not.
    """
    if torch.compiler.is_compiling():
        return
    _require_tensor(name, rows, dtype, shape)
    _require_tensor("digits", digits, torch.int64, ())
    if len(rows) != len(digits):
        raise UsageError(f"{len(rows)} rows of {name}, but {len(digits)} digits: one for each row")
    low, high = _ends(digits) or (0, 0)
    if low < 0 or high >= classes:
        wrong = int(low if low < 0 else high)
        raise UsageError(f"there is no digit {wrong}: they go from 0 to {classes - 1}")


def check_greys(images: Tensor) -> None:
    """Refuse images of another scale than [0, 1], from which a model makes styles all the same.

    Raises:
        UsageError: some grey is elsewhere, or no number.
    """
    low, high = _ends(images) or (0, 1)
    if not (low >= -LOOSE and high <= 1 + LOOSE):
        raise UsageError(
            f"images must be in [0, 1], 0 paper and 1 ink; these reach from {low:g} to {high:g}"
        )


def check_styles(styles: Tensor) -> None:
    """Refuse style vectors from which nothing can be drawn.

    Raises:
        UsageError: a number is not finite, or above `LARGEST`.
    """
    low, high = _ends(styles) or (0, 0)
    if not -LARGEST <= low <= high <= LARGEST:  # what is no number is not, either
        raise UsageError("styles have numbers that are not finite, or too large")


def _ends(values: Tensor) -> tuple[float, float] | None:
    """The least and the largest value, where there are any and they can be looked at."""
    # on a GPU looking would mean waiting
    if torch.compiler.is_compiling() or values.device.type != "cpu" or not values.numel():
        return None
    with suppress(RuntimeError):  # `torch.func.vmap` does not let one look
        low, high = values.detach().aminmax()
        return float(low), float(high)
    return None


def _require_tensor(name: str, value: object, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    sides = ", ".join(["n", *map(str, shape)])
    wanted = f"{name} must be a tensor [{sides}] of {dtype}"
    if not isinstance(value, Tensor):
        raise UsageError(f"{wanted}, not a {type(value).__name__}")
    if value.ndim != len(shape) + 1 or value.shape[1:] != shape or value.dtype != dtype:
        raise UsageError(f"{wanted}, not {list(value.shape)} of {value.dtype}")
