"""In which order images are trained on: a function of seed and epoch, held-out images apart."""

from __future__ import annotations

import bisect

import torch
from torch import Tensor

from stylespace.data.mapped import release, will_need
from stylespace.noise import generator

__all__ = ["LARGE", "Shuffled", "Windows", "order_of"]

LARGE = 2**20
"""A set of more images is shuffled window by window."""

BLOCK = 4096  # images that lie side by side
WINDOW = 16  # blocks that are shuffled together


def order_of(images: Tensor, unseen: Tensor, seed: int) -> Shuffled | Windows:
    """The order in which a set of this size is trained on."""
    if len(images) <= LARGE:
        return Shuffled(len(images), unseen, seed)
    return Windows(images, unseen, seed)


class Shuffled:
    """Each epoch a new permutation of all images but the unseen; others take their places.

    Args:
        count: how many images there are.
        unseen: `[m]` int64, those that never come.
        seed: of the order.
    """

    def __init__(self, count: int, unseen: Tensor, seed: int) -> None:
        seen = torch.ones(count, dtype=torch.bool)
        seen[unseen] = False
        self.seen, self.seed, self.count = seen.nonzero()[:, 0], seed, count
        self._epoch, self._order = -1, self.seen

    def rows(self, epoch: int, start: int, stop: int) -> Tensor:
        """The images from one place to another of an epoch's order, `[stop - start]` int64."""
        if epoch != self._epoch:
            random = generator(self.seed, "order", epoch)
            order = self.seen[torch.randperm(len(self.seen), generator=random)]
            self._epoch, self._order = epoch, torch.cat([order, order[: self.count - len(order)]])
        return self._order[start:stop]


class Windows:
    """The same for a set too large for a permutation: its memory does not grow with the set.

    Blocks of neighbouring images come in a new order each epoch, and sixteen blocks at a time (a
    window) are shuffled together. So a set that is mapped from a file is read in long stretches,
    one window ahead.

    Args:
        images: `[n, ...]`.
        unseen: `[m]` int64, those that never come.
        seed: of the order.
    """

    def __init__(self, images: Tensor, unseen: Tensor, seed: int) -> None:
        self.images, self.seed = images, seed
        self.unseen = unseen
        self._epoch, self._number = -1, -1
        self._blocks, self._starts = unseen, [0]
        self._index = unseen

    def rows(self, epoch: int, start: int, stop: int) -> Tensor:
        """The images from one place to another of an epoch's order, `[stop - start]` int64."""
        if epoch != self._epoch:
            self._begin(epoch)
        parts = []
        while start < stop:
            number = bisect.bisect_right(self._starts, start) - 1
            begin, end = self._starts[number], min(stop, self._starts[number + 1])
            parts.append(self._window(number)[start - begin : end - begin])
            start = end
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _begin(self, epoch: int) -> None:
        count = len(self.images)
        blocks = -(-count // BLOCK)
        self._blocks = torch.randperm(blocks, generator=generator(self.seed, "blocks", epoch))
        sizes = (count - BLOCK * self._blocks).clamp(max=BLOCK)
        ends = [int(part.sum()) for part in torch.split(sizes, WINDOW)]
        self._starts = [0, *torch.tensor(ends).cumsum(0).tolist()]
        self._epoch, self._number = epoch, -1

    def _window(self, number: int) -> Tensor:
        if number == self._number:
            return self._index
        release(self.images)
        for coming in (number, number + 1):
            for start, stop in self._stretches(coming):
                will_need(self.images, start, stop)
        index = torch.cat([torch.arange(*stretch) for stretch in self._stretches(number)])
        seen = index[torch.isin(index, self.unseen, invert=True)]
        random = generator(self.seed, f"window of epoch {self._epoch}", number)
        seen = seen[torch.randperm(len(seen), generator=random)]
        self._number, self._index = number, torch.cat([seen, seen[: len(index) - len(seen)]])
        return self._index

    def _stretches(self, number: int) -> list[tuple[int, int]]:
        """From where to where the blocks of a window go."""
        chosen = self._blocks[WINDOW * number : WINDOW * (number + 1)].tolist()
        return [(BLOCK * one, min(BLOCK * (one + 1), len(self.images))) for one in chosen]
