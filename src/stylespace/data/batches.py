"""Batches: the images are on the device once, and a batch is an index."""

from __future__ import annotations

import torch
from torch import Tensor

from stylespace.data.images import LabelledImages
from stylespace.errors import DataError
from stylespace.noise import generator

__all__ = ["Batches", "held_out"]

HELD_OUT = 60  # one image in so many
LEAST_HELD_OUT = 100  # fewer would tell nothing


def held_out(count: int) -> Tensor:
    """Which of `count` training images are never trained on: one in sixty, none of a small set.

    They tell how codes of unseen images differ from those of seen ones. The choice is always the
    same, so that no run after another has seen them.

    Example:
        >>> len(held_out(60_000)), len(held_out(5000))
        (1000, 0)
    """
    chosen = count // HELD_OUT
    if chosen < LEAST_HELD_OUT:
        chosen = 0
    return torch.randperm(count, generator=generator(0, "held out"))[:chosen]


class Batches:
    """The training images in an order that is a function of (seed, step).

    Each epoch is a new permutation of all but the held-out images, whose places in it others
    take a second time. The images left over when the batch size does not divide their number sit
    that epoch out.

    Args:
        data: the images and their digits.
        batch_size: images a step.
        seed: of the order.
        first_epoch: number of the first epoch, so that a run after another sees new orders.

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
        self, data: LabelledImages, batch_size: int, seed: int, first_epoch: int = 0
    ) -> None:
        self.data, self.batch_size, self.seed = data, batch_size, seed
        self.first_epoch = first_epoch
        self.per_epoch = len(data) // batch_size
        if self.per_epoch == 0:
            raise DataError(
                f"{len(data)} training images are fewer than one batch of {batch_size}"
            )
        self._unseen = held_out(len(data))
        seen = torch.ones(len(data), dtype=torch.bool)
        seen[self._unseen] = False
        self._seen = seen.nonzero()[:, 0]
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.int64)

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """Images `[batch_size, 28, 28]` uint8 and digits `[batch_size]` int64 of a step from 0."""
        epoch, batch = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            random = generator(self.seed, "order", self.first_epoch + epoch)
            order = self._seen[torch.randperm(len(self._seen), generator=random)]
            again = order[: len(self.data) - len(order)]
            self._epoch, self._order = epoch, torch.cat([order, again])
        index = self._order[batch * self.batch_size : (batch + 1) * self.batch_size]
        return self.data.images.index_select(0, index), self.data.digits.index_select(0, index)

    def seen(self) -> LabelledImages:
        """A copy of the images that batches are made of."""
        return self.data.subset(self._seen)

    def unseen(self) -> LabelledImages:
        """A copy of the held-out images."""
        return self.data.subset(self._unseen)
