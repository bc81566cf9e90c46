"""The way through a network and back, with the derivative written out.

It computes what `ConditionedLayers.forward` and autograd do, in fewer and larger operations: on a
CPU, at a hundred images a step, autograd's bookkeeping and its many small tensors take as long as
the products. `docs/performance.md` has the figures.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from stylespace.networks import ConditionedLayers

__all__ = ["Pass"]


class _Kept(NamedTuple):
    """What the derivative of a hidden layer needs."""

    values: Tensor  # what came in
    product: Tensor
    conditioned: Tensor  # gain and bias applied, the activation's input
    gain: Tensor


class Pass:
    """A pass through conditioned layers, and back.

    Args:
        layers: whose parameters have their final type, and a `grad` that the way back writes into,
            so that a step goes back once.
    """

    def __init__(self, layers: ConditionedLayers) -> None:
        self.layers = layers
        self._dense = [layer for layer in layers.dense if isinstance(layer, nn.Linear)]
        self._kept: list[_Kept] = []
        told = layers.told.detach()
        self._added = torch.zeros_like(told[0])
        self._added.chunk(2)[0].fill_(1)  # to the gains
        self._one_hot = torch.eye(len(told), dtype=told.dtype, device=told.device)

    @torch.no_grad()
    def forward(self, values: Tensor, digits: Tensor) -> Tensor:
        """As the layers' own `forward`, keeping what the way back needs.

        Args:
            values: `[n, widths[0]]`, of the parameters' type.
            digits: `[n]` int64.

        Returns:
            `[n, widths[-1]]`.
        """
        layers = self.layers
        self._digit = self._one_hot.index_select(0, digits)
        told = (layers.told + self._added).index_select(0, digits)
        gains, biases = layers.of_each_layer(told)
        self._kept.clear()
        for dense, gain, bias in zip(self._dense, gains, biases, strict=False):
            product = values @ dense.weight.t()
            conditioned = torch.addcmul(bias, product, gain)
            self._kept.append(_Kept(values, product, conditioned, gain))
            values = torch.nn.functional.silu(conditioned)
        self._last = values
        return torch.addmm(self._dense[-1].bias, values, self._dense[-1].weight.t())

    @torch.no_grad()
    def backward(self, gradient: Tensor) -> Tensor:
        """Write the gradients of all parameters.

        Args:
            gradient: `[m, widths[-1]]`, of a loss by the first m rows of what `forward` returned;
                the other rows it does not depend on.

        Returns:
            `[m, widths[1]]`, of the loss by the first layer's products: for `to_input`.
        """
        rows = len(gradient)
        told = gradient.new_empty(rows, self.layers.told.shape[1])
        gains, biases = self.layers.of_each_layer(told)
        torch.sum(gradient, 0, out=self._dense[-1].bias.grad)
        torch.mm(gradient.t(), self._last[:rows], out=self._dense[-1].weight.grad)
        for layer in reversed(range(len(self._kept))):
            values, product, conditioned, gain = (kept[:rows] for kept in self._kept[layer])
            gradient = gradient @ self._dense[layer + 1].weight
            _through_silu(gradient, conditioned, out=biases[layer])
            torch.mul(biases[layer], product, out=gains[layer])
            gradient = biases[layer] * gain
            torch.mm(gradient.t(), values, out=self._dense[layer].weight.grad)
        torch.mm(self._digit[:rows].t(), told, out=self.layers.told.grad)
        return gradient

    @torch.no_grad()
    def to_input(self, gradient: Tensor) -> Tensor:
        """From what `backward` returned to the gradient by `values`, `[n, widths[0]]`."""
        return gradient @ self._dense[0].weight


def _through_silu(gradient: Tensor, values: Tensor, out: Tensor) -> None:
    torch.ops.aten.silu_backward.grad_input(gradient, values, grad_input=out)
