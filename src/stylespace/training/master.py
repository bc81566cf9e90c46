"""Weights in one flat float32 buffer, with Adam on it, under a network that computes in bfloat16.

A step of Adam is then a few large operations instead of many a layer, and piece by piece it also
casts the gradient and, for the next step, the weights. Where bfloat16 brings nothing, the network
computes on the masters.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

__all__ = ["MasterWeights", "flatten"]

PIECE = 2**19
"""Weights that are updated at once: so many that what was just computed is still in the cache."""


def flatten(network: nn.Module, dtype: torch.dtype) -> Tensor:
    """Make a network's parameters views of one buffer of that type, and return the buffer."""
    parameters = list(network.parameters())
    flat = torch.cat([value.detach().flatten() for value in parameters]).to(dtype)
    for value, part in zip(parameters, _parts(flat, parameters), strict=True):
        value.data = part
    return flat


class MasterWeights:
    """Float32 weights of a network and their optimizer, AdamW (Loshchilov & Hutter 2019).

    Args:
        network: in float32; from now on it computes in `dtype`.
        betas: the optimizer's.
        dtype: of the network's own copy of the weights.
        decay: the optimizer's weight decay; 0 makes it Adam.

    Attributes:
        flat: `[n]` float32, all the network's weights in the order of its parameters.
        gradient: `[n]`, likewise, of the network's type: its parameters' `grad` are views of it.
    """

    def __init__(
        self,
        network: nn.Module,
        betas: tuple[float, float],
        dtype: torch.dtype,
        decay: float = 0.0,
    ) -> None:
        self.network, self._betas, self._decay = network, betas, decay
        self.flat = flatten(network, torch.float32)
        self._copy = flatten(network, dtype) if dtype != torch.float32 else self.flat
        self.gradient = torch.zeros_like(self._copy)
        parameters = list(network.parameters())
        for value, part in zip(parameters, _parts(self.gradient, parameters), strict=True):
            value.grad = part
        self._first, self._second = torch.zeros_like(self.flat), torch.zeros_like(self.flat)
        self._scratch = torch.empty_like(self.flat[:PIECE])
        self._taken = self.flat.new_zeros(-(-len(self.flat) // PIECE))

    @torch.no_grad()
    def descend(self, rate: float) -> None:
        """Take one step down the gradient that the network's parameters hold."""
        flats = self.flat, self.gradient, self._first, self._second, self._copy
        pieces = zip(
            *(torch.split(flat, PIECE) for flat in flats), self._taken.unbind(), strict=True
        )
        for weights, gradient, first, second, copy, taken in pieces:
            if gradient.dtype != weights.dtype:
                gradient = self._scratch[: len(gradient)].copy_(gradient)
            # what torch.optim does around this call takes as long as the call
            torch._fused_adamw_(
                [weights],
                [gradient],
                [first],
                [second],
                [],
                [taken.add_(1)],
                lr=rate,
                beta1=self._betas[0],
                beta2=self._betas[1],
                weight_decay=self._decay,
                eps=1e-8,
                amsgrad=False,
                maximize=False,
            )
            if copy.dtype != weights.dtype:
                copy.copy_(weights)

    def state(self) -> dict[str, Tensor]:
        """All tensors that going on needs."""
        return {
            "weights": self.flat,
            "first": self._first,
            "second": self._second,
            "taken": self._taken,
        }

    @torch.no_grad()
    def restore(self, saved: Mapping[str, Tensor]) -> None:
        """Take over what `state` gave.

        Raises:
            KeyError, RuntimeError: the tensors are not of such a network.
        """
        for name, value in self.state().items():
            _take(value, saved[name])
        self._copy.copy_(self.flat)

    @torch.no_grad()
    def load(self, weights: Tensor) -> None:
        """Take over weights, `[n]` float32 in the order of the network's parameters."""
        _take(self.flat, weights)
        self._copy.copy_(self.flat)


def _parts(flat: Tensor, parameters: list[nn.Parameter]) -> list[Tensor]:
    parts = torch.split(flat, [value.numel() for value in parameters])
    return [part.view(value.shape) for part, value in zip(parts, parameters, strict=True)]


def _take(value: Tensor, given: Tensor) -> None:
    """Copy, but never broadcast: that would hide a file that does not fit."""
    if given.shape != value.shape:
        raise RuntimeError(f"{tuple(given.shape)} where {tuple(value.shape)} is needed")
    value.copy_(given)
