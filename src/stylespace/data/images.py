"""Labelled images: the one form in which pictures and their digits travel."""

from __future__ import annotations

import dataclasses
import operator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.data import Dataset

from stylespace.config import IMAGE_SIDE
from stylespace.errors import DataError

__all__ = ["LabelledImages"]


@dataclass(frozen=True, eq=False)  # tensors have no single truth value to compare by
class LabelledImages(Dataset[tuple[Tensor, int]]):
    """Images at rest, and which digit each one shows.

    Attributes:
        images: `uint8 [n, 28, 28]`, 0 is paper and 255 is ink. Those of an IDX file of 64 MiB or
            more lie on the disk; clone them before you change them.
        digits: `int64 [n]`, each from 0 to `len(class_names) - 1`.
        class_names: what the digits are called; its length is the number of classes.

    Raises:
        DataError: a tensor of another type or shape, or tensors that disagree in length.

    Example:
        >>> data = LabelledImages(torch.full((3, 28, 28), 255, dtype=torch.uint8), torch.arange(3))
        >>> len(data), data.floats().shape, data.floats().max().item()
        (3, torch.Size([3, 1, 28, 28]), 1.0)
        >>> data.subset(slice(1, 3)).digits
        tensor([1, 2])
        >>> from torch.utils.data import DataLoader
        >>> images, digits = next(iter(DataLoader(data, batch_size=2)))
        >>> images.shape, digits
        (torch.Size([2, 1, 28, 28]), tensor([0, 1]))
    """

    images: Tensor
    digits: Tensor
    class_names: tuple[str, ...] = tuple("0123456789")

    def __post_init__(self) -> None:
        _require("images", self.images, torch.uint8, (-1, IMAGE_SIDE, IMAGE_SIDE))
        _require("digits", self.digits, torch.int64, (-1,))
        if len(self.images) != len(self.digits):
            raise DataError(f"{len(self.images)} images, but {len(self.digits)} digits")

    def __len__(self) -> int:
        return len(self.digits)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        """An image, `float32 [1, 28, 28]` in [0, 1], and its digit: what a `DataLoader` asks for.

        Raises:
            IndexError: there is none of that number.
            TypeError: it is no single number; `subset` takes several.
        """
        index = operator.index(index)
        return self.images[index].unsqueeze(0).to(torch.float32).div_(255), int(self.digits[index])

    def floats(self) -> Tensor:
        """The images as the networks take them, `float32 [n, 1, 28, 28]` in [0, 1]."""
        return self.images.unsqueeze(1).to(torch.float32).div_(255)

    def subset(self, index: slice | Tensor) -> LabelledImages:
        """Some of the images: a slice shares their memory, an index or a mask copies them."""
        return dataclasses.replace(self, images=self.images[index], digits=self.digits[index])


def _require(name: str, tensor: object, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    if not isinstance(tensor, Tensor):
        raise DataError(f"{name} must be a tensor, not a {type(tensor).__name__}")
    fits = tensor.ndim == len(shape) and tensor.shape[1:] == shape[1:]
    if tensor.dtype != dtype or not fits:
        wanted = ", ".join(["n", *map(str, shape[1:])])
        raise DataError(
            f"{name} must be {_word(dtype)} [{wanted}], "
            f"not {_word(tensor.dtype)} {list(tensor.shape)}"
        )


def _word(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
