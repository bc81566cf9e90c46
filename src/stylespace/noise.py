"""Randomness as a function of (seed, stream, step): resuming needs no generator's state."""

from __future__ import annotations

import hashlib

import torch

__all__ = ["generator"]


def generator(seed: int, stream: str, step: int = 0) -> torch.Generator:
    """A CPU generator that depends on nothing but its arguments.

    Args:
        seed: the run's seed.
        stream: what the numbers are for, `"order"` say; streams are independent of each other.
        step: which step, epoch or block.

    Example:
        >>> a, b = generator(0, "noise", 7), generator(0, "noise", 7)
        >>> bool((torch.rand(3, generator=a) == torch.rand(3, generator=b)).all())
        True
    """
    digest = hashlib.blake2b(f"{seed}/{stream}/{step}".encode(), digest_size=8).digest()
    # torch takes seeds up to 2**63 - 1
    return torch.Generator().manual_seed(int.from_bytes(digest, "little") >> 1)
