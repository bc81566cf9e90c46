"""Which number format matrix products use."""

from __future__ import annotations

import torch

__all__ = ["fast_dtype"]


def fast_dtype() -> torch.dtype:
    """bfloat16 where this processor multiplies it faster than float32, else float32.

    That is where it has AMX tiles or AVX-512 bf16 products; elsewhere bfloat16 is emulated, and
    slower. Weights, sums and the optimizer stay float32 either way.
    """
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    fast = capabilities.get("amx_bf16") or capabilities.get("avx512_bf16")
    return torch.bfloat16 if fast else torch.float32
