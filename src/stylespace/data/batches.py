"""Batches: the images are on the device once, if they fit, and a batch is an index."""

from __future__ import annotations

import dataclasses

import torch
from torch import Tensor

from stylespace.data.images import LabelledImages
from stylespace.data.mapped import release
from stylespace.data.order import LARGE, Shuffled, order_of
from stylespace.errors import DataError
from stylespace.hardware import sent
from stylespace.noise import generator

__all__ = ["Batches", "held_out"]

HELD_OUT = 60  # one image in so many
LEAST_HELD_OUT = 100  # fewer would tell nothing
SAMPLE = 100_000  # of the images of a large set
COPIED = 100  # of them at once
CPU = torch.device("cpu")
SHARED_MEMORY = 2**31  # bytes of images at most, where a device has no memory of its own


def held_out(count: int) -> Tensor:
    """Which of `count` training images are never trained on: one in sixty, none of a small set.

    Of a large set they are some 17,000, however large it is. They tell how codes of unseen images
    differ from those of seen ones. The choice is always the same, so that no run after another
    has seen them.

    Example:
        >>> len(held_out(60_000)), len(held_out(5000))
        (1000, 0)
    """
    if count > LARGE:
        return _some(count, LARGE // HELD_OUT, "held out")
    chosen = count // HELD_OUT
    if chosen < LEAST_HELD_OUT:
        chosen = 0
    return torch.randperm(count, generator=generator(0, "held out"))[:chosen]


def _some(count: int, wanted: int, stream: str) -> Tensor:
    """Some of `count` numbers in ascending order, a few less than are wanted."""
    drawn = torch.randint(count, (wanted,), generator=generator(0, stream))
    chosen: Tensor = drawn.unique()  # type: ignore[no-untyped-call]
    return chosen


class Batches:
    """The training images in an order that is a function of (seed, step).

    Each epoch is a new permutation of all but the held-out images, whose places in it others
    take a second time (of a large set: window by window, see `order.Windows`). The images left
    over when the batch size does not divide their number sit that epoch out.

    Args:
        data: the images and their digits.
        batch_size: images a step.
        seed: of the order.
        first_epoch: number of the first epoch, so that a run after another sees new orders.
        device: where batches are wanted; the images go there too if half of what is free will do.
        parts: which places of a batch to take; all by default.

    Raises:
        DataError: there are fewer images than one batch has.

    Example:
        >>> digits = torch.arange(10)
        >>> data = LabelledImages(torch.zeros(10, 28, 28, dtype=torch.uint8), digits)
        >>> batches = Batches(data, batch_size=5, seed=0)
        >>> both = torch.cat([batches.at(0)[1], batches.at(1)[1]])
        >>> both.sort().values.tolist()
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    """

    def __init__(
        self,
        data: LabelledImages,
        batch_size: int,
        seed: int,
        first_epoch: int = 0,
        device: torch.device = CPU,
        parts: tuple[slice, ...] = (),
    ) -> None:
        self.data, self.batch_size, self.parts = data, batch_size, parts
        self.first_epoch = first_epoch
        self.per_epoch = len(data) // batch_size
        if self.per_epoch == 0:
            raise DataError(
                f"{len(data)} training images are fewer than one batch of {batch_size}: "
                "ask for a smaller --batch-size"
            )
        self._unseen = held_out(len(data))
        self._order = order_of(data.images, self._unseen, seed)
        self.device = device
        there = device if _fit(data.images, device) else CPU
        self._images, self._digits = data.images.to(there), data.digits.to(there)

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """Images `[batch_size, 28, 28]` uint8 and digits `[batch_size]` int64 of a step from 0."""
        epoch, batch = divmod(step, self.per_epoch)
        start = batch * self.batch_size
        index = self._order.rows(self.first_epoch + epoch, start, start + self.batch_size)
        if self.parts:
            index = torch.cat([index[part] for part in self.parts])
        index = sent(index, self._images.device)
        images, digits = (all_.index_select(0, index) for all_ in (self._images, self._digits))
        if images.device == self.device:
            return images, digits
        # from pinned memory a copy to a GPU goes on while the host does
        images, digits = images.pin_memory(), digits.pin_memory()
        return sent(images, self.device), sent(digits, self.device)

    def seen(self) -> LabelledImages:
        """A copy of the images that batches are made of; of a large set some 100,000 of them."""
        if isinstance(self._order, Shuffled):
            return self._copied(self._order.seen)
        sample = _some(len(self.data), SAMPLE, "seen")
        return self._copied(sample[torch.isin(sample, self._unseen, invert=True)])

    def unseen(self) -> LabelledImages:
        """A copy of the held-out images."""
        return self._copied(self._unseen)

    def _copied(self, index: Tensor) -> LabelledImages:
        parts = []
        for rows in torch.split(index, COPIED):
            parts.append(self.data.images.index_select(0, rows))
            release(self.data.images)  # an image of a mapped file brings up to 0.5 MB along
        return dataclasses.replace(
            self.data, images=torch.cat(parts), digits=self.data.digits.index_select(0, index)
        )


def _fit(images: Tensor, device: torch.device) -> bool:
    if device.type == "cuda":
        return images.nbytes < torch.cuda.mem_get_info(device)[0] / 2
    return device.type == "cpu" or images.nbytes < SHARED_MEMORY
