"""Rates and weights as functions of progress, so that any number of epochs ends well."""

from __future__ import annotations

__all__ = ["averaging_weight", "learning_rate"]

AVERAGED_SHARE = 0.02


def learning_rate(progress: float, floor: float = 0.0, warm_up: float = 0.05) -> float:
    """Share of the highest rate: a linear rise, then a linear fall down to a floor.

    Args:
        progress: share of the run's steps that are done, in [0, 1].
        floor: where the fall ends.
        warm_up: share of the run in which it rises, less than 1.

    Example:
        >>> [round(learning_rate(p), 2) for p in (0.0, 0.05, 0.5, 1.0)]
        [0.0, 1.0, 0.53, 0.0]
    """
    if progress < warm_up:
        return progress / warm_up
    return floor + (1 - floor) * (1 - progress) / (1 - warm_up)


def averaging_weight(step: int, every: int) -> float:
    """The weight of the current weights in their running average.

    The average reaches back over a fixed share of the steps so far, so it forgets the start of a
    short run and of a long one alike (Karras et al. 2024 call this a power-function average).

    Args:
        step: steps done, from 0.
        every: steps between two updates.

    Example:
        >>> averaging_weight(0, 4), averaging_weight(10_000, 4) < 0.05
        (1.0, True)
    """
    return min(1.0, every / (1 + AVERAGED_SHARE * step))
