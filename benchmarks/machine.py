"""What this machine can do at best: products a second, bytes a second."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import torch

from benchmarks.table import Row

__all__ = ["product_rate", "rows"]

SIDE = 2048
COPIED = 2**26  # float32 numbers, far more than a cache holds


def rows() -> list[Row]:
    """The machine's ceilings."""
    source, target = torch.ones(COPIED), torch.empty(COPIED)
    seconds = timed(lambda: target.copy_(source), times=5)
    return [
        Row("bfloat16 products", product_rate(torch.bfloat16) / 1e12, "TFLOP/s"),
        Row("float32 products", product_rate(torch.float32) / 1e12, "TFLOP/s"),
        Row("memory, read and written", 8 * COPIED / seconds / 1e9, "GB/s"),
    ]


def product_rate(dtype: torch.dtype) -> float:
    """Floating-point operations a second of a large matrix product."""
    left, right = torch.randn(2, SIDE, SIDE).to(dtype)
    return 2 * SIDE**3 / timed(lambda: left @ right, times=5)


def timed(work: Callable[[], object], times: int) -> float:
    """Median seconds of a piece of work, after one run that does not count."""
    work()
    return statistics.median(once(work) for _ in range(times))


def once(work: Callable[[], object]) -> float:
    """Seconds of a piece of work."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
