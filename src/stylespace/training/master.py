"""Weights in one flat float32 buffer, with Adam on it, under a network that computes in bfloat16.

A step of Adam is then one pass over memory instead of one a layer, and casting the weights for
the next step is one more. Where bfloat16 brings nothing, the network computes on the masters.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

__all__ = ["MasterWeights", "flatten"]


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
    """

    def __init__(
        self,
        network: nn.Module,
        betas: tuple[float, float],
        dtype: torch.dtype,
        decay: float = 0.0,
    ) -> None:
        self.network = network
        self.flat = nn.Parameter(flatten(network, torch.float32))
        self.flat.grad = torch.zeros_like(self.flat)
        self._copy = self._gradient = None
        gradient = self.flat.grad
        if dtype != torch.float32:
            self._copy = flatten(network, dtype)
            self._gradient = gradient = torch.zeros_like(self._copy)
        parameters = list(network.parameters())
        for value, part in zip(parameters, _parts(gradient, parameters), strict=True):
            value.grad = part
        self._adam = torch.optim.AdamW([self.flat], betas=betas, weight_decay=decay, fused=True)

    def descend(self, loss: Tensor, rate: float) -> None:
        """Take one step down the gradient of a loss of the network."""
        assert self.flat.grad is not None
        gradient = self.flat.grad if self._gradient is None else self._gradient
        gradient.zero_()
        loss.backward()  # type: ignore[no-untyped-call]
        if self._gradient is not None:
            self.flat.grad.copy_(self._gradient)
        self._adam.param_groups[0]["lr"] = rate
        self._adam.step()
        self._refresh()

    def state(self) -> dict[str, Tensor]:
        """All tensors that going on needs."""
        moments: dict[str, Tensor] = self._adam.state_dict()["state"].get(0, {})
        return {"weights": self.flat.detach(), **moments}

    def restore(self, saved: Mapping[str, Tensor]) -> None:
        """Take over what `state` gave.

        Raises:
            KeyError, RuntimeError: the tensors are not of such a network.
        """
        self.load(saved["weights"])
        moments = {name: value for name, value in saved.items() if name != "weights"}
        groups = self._adam.state_dict()["param_groups"]
        state = {0: moments} if moments else {}
        self._adam.load_state_dict({"state": state, "param_groups": groups})

    @torch.no_grad()
    def load(self, weights: Tensor) -> None:
        """Take over weights, `[n]` float32 in the order of the network's parameters."""
        self.flat.copy_(weights)
        self._refresh()

    @torch.no_grad()
    def _refresh(self) -> None:
        if self._copy is not None:
            self._copy.copy_(self.flat)


def _parts(flat: Tensor, parameters: list[nn.Parameter]) -> list[Tensor]:
    parts = torch.split(flat, [value.numel() for value in parameters])
    return [part.view(value.shape) for part, value in zip(parts, parameters, strict=True)]
