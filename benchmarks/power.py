"""How much of a known difference the two-sample test finds, by the length of the style vector.

Codes that are Gaussian but for a mean `SHIFT` from 0, in all dimensions alike; the best classifier
would tell them from the prior at Phi(SHIFT / 2), whatever their length. Takes some minutes.

.venv/bin/python -m benchmarks.power
"""

from __future__ import annotations

import math
from statistics import NormalDist

import torch

from benchmarks.table import Row, of_runs, text
from stylespace.evaluation.two_sample import two_sample
from stylespace.noise import generator

SIZES = (2, 4, 8, 16, 32)
SHIFT = 0.2
CODES, DRAWS, REPEATS = 10_000, 4, 3


def told(size: int, draw: int) -> float:
    """The test's accuracy on one draw of codes."""
    codes = torch.randn(CODES, size, generator=generator(draw, "power"))
    codes += SHIFT / math.sqrt(size)
    return two_sample(codes, torch.arange(CODES) % 10, repeats=REPEATS, seed=draw).accuracy


def rows() -> list[Row]:
    """A row for each size, below what would be best."""
    best = Row("the best classifier", NormalDist().cdf(SHIFT / 2), "")
    found = [
        of_runs(f"style size {size}", [told(size, draw) for draw in range(DRAWS)], "")
        for size in SIZES
    ]
    return [best, *found]


if __name__ == "__main__":
    print(text(f"Told from the prior at a mean {SHIFT} from 0", rows()))
