"""Where training computes, and in which number format its matrix products are."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

import torch
from torch import Tensor

from stylespace.errors import UsageError

__all__ = ["Hardware", "choose", "fast_dtype", "sent"]


def fast_dtype() -> torch.dtype:
    """bfloat16 where this processor multiplies it faster than float32, else float32.

    That is where it has AMX tiles or AVX-512 bf16 products; elsewhere bfloat16 is emulated, and
    slower. Weights, sums and the optimizer stay float32 either way.
    """
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    fast = capabilities.get("amx_bf16") or capabilities.get("avx512_bf16")
    return torch.bfloat16 if fast else torch.float32


def sent(values: Tensor, device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """Values on a device, and of a type; to a GPU they go while the host does other things.

    Not to mps: there a copy that nobody waits for may read memory that is in other use by then.
    """
    return values.to(device, dtype or values.dtype, non_blocking=device.type == "cuda")


@dataclass(frozen=True)
class Hardware:
    """What a training process computes on; no session depends on it.

    Attributes:
        device: where networks, optimizer and, if they fit, the images are.
        dtype: of matrix products.
    """

    device: torch.device = field(default_factory=functools.partial(torch.device, "cpu"))
    dtype: torch.dtype = field(default_factory=fast_dtype)


def choose(
    device: str = "auto", precision: str = "auto", local_rank: int = 0, alone: bool = True
) -> Hardware:
    """The hardware that the flags ask for.

    Args:
        device: one of `config.DEVICES`; `"auto"` is a GPU where there is one.
        precision: one of `config.PRECISIONS`; `"auto"` is bf16 where it is the faster.
        local_rank: number of this process on its machine; each takes the GPU of that number.
        alone: whether this process trains by itself; on mps it must.

    Raises:
        UsageError: there is no such device, or it only emulates bf16.
    """
    kind = _kind(device, alone)
    native = _multiplies_bf16(kind, local_rank)
    if precision == "bf16" and not native:
        raise UsageError(
            f"{_NAMES[kind]} only emulates bf16, slower than float32: leave --precision out"
        )
    wanted = {"float32": False, "bf16": True}.get(precision, native)
    place = f"cuda:{local_rank}" if kind == "cuda" else kind
    return Hardware(torch.device(place), torch.bfloat16 if wanted else torch.float32)


_NAMES = {"cpu": "this processor", "cuda": "this GPU", "mps": "mps"}


def _kind(device: str, alone: bool) -> str:
    mps = bool(torch.backends.mps.is_available()) and alone
    found = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": mps}
    if device == "auto":
        return next(kind for kind in ("cuda", "mps", "cpu") if found[kind])
    if not found[device]:
        there = ", ".join(kind for kind, there in found.items() if there)
        several = "" if alone else " for several processes"
        raise UsageError(
            f"there is no {device} device here{several}, only {there}: leave --device out"
        )
    return device


def _multiplies_bf16(kind: str, index: int) -> bool:
    if kind == "cuda":
        if index >= torch.cuda.device_count():
            raise UsageError(
                f"process {index} of this machine has no GPU of its own, there are "
                f"{torch.cuda.device_count()}: start as many processes as there are GPUs"
            )
        return torch.cuda.get_device_capability(index) >= (8, 0)  # Ampere
    return kind == "cpu" and fast_dtype() == torch.bfloat16
