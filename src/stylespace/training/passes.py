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
        layers: whose parameters have their final type and place, and a `grad` that the way back
            writes into, so that a step goes back once.
    """

    def __init__(self, layers: ConditionedLayers) -> None:
        self.layers = layers
        # each look at a module's attribute takes as long as a small operation
        dense = [layer for layer in layers.dense if isinstance(layer, nn.Linear)]
        self._weights = [layer.weight.detach() for layer in dense]
        self._transposed = [weight.t() for weight in self._weights]
        told = self._told = layers.told.detach()
        self._bias = dense[-1].bias.detach()
        self._by_weights = [_gradient(layer.weight) for layer in dense]
        self._by_told, self._by_bias = _gradient(layers.told), _gradient(dense[-1].bias)
        self._kept: list[_Kept] = []
        self._added = torch.zeros_like(told[0])
        self._added.chunk(2)[0].fill_(1)  # to the gains
        self._one_hot = torch.eye(len(told), dtype=told.dtype, device=told.device)

    def forward(self, values: Tensor, digits: Tensor) -> Tensor:
        """As the layers' own `forward`, keeping what the way back needs.

        Args:
            values: `[n, widths[0]]`, of the parameters' type, without a graph.
            digits: `[n]` int64.

        Returns:
            `[n, widths[-1]]`.
        """
        self._digit = self._one_hot.index_select(0, digits)
        told = (self._told + self._added).index_select(0, digits)
        gains, biases = self.layers.of_each_layer(told)
        self._kept.clear()
        for weight, gain, bias in zip(self._transposed, gains, biases, strict=False):
            product = values @ weight
            conditioned = torch.addcmul(bias, product, gain)
            self._kept.append(_Kept(values, product, conditioned, gain))
            values = torch.nn.functional.silu(conditioned)
        self._last = values
        return torch.addmm(self._bias, values, self._transposed[-1])

    def backward(self, gradient: Tensor) -> Tensor:
        """Write the gradients of all parameters.

        Args:
            gradient: `[m, widths[-1]]`, of a loss by the first m rows of what `forward` returned;
                the other rows it does not depend on.

        Returns:
            `[m, widths[1]]`, of the loss by the first layer's products: for `to_input`.
        """
        rows = len(gradient)
        self._forget(rows)
        told = gradient.new_empty(rows, len(self._added))
        gains, biases = self.layers.of_each_layer(told)
        torch.sum(gradient, 0, out=self._by_bias)
        torch.mm(gradient.t(), self._last, out=self._by_weights[-1])
        for layer in reversed(range(len(self._kept))):
            values, product, conditioned, gain = self._kept[layer]
            gradient = gradient @ self._weights[layer + 1]
            _through_silu(gradient, conditioned, out=biases[layer])
            torch.mul(biases[layer], product, out=gains[layer])
            gradient = biases[layer] * gain
            torch.mm(gradient.t(), values, out=self._by_weights[layer])
        torch.mm(self._digit.t(), told, out=self._by_told)
        return gradient

    def _forget(self, rows: int) -> None:
        """Keep the first rows only."""
        if rows < len(self._last):
            self._last, self._digit = self._last[:rows], self._digit[:rows]
            self._kept = [_Kept(*(kept[:rows] for kept in layer)) for layer in self._kept]

    def to_input(self, gradient: Tensor) -> Tensor:
        """From what `backward` returned to the gradient by `values`, `[n, widths[0]]`."""
        return gradient @ self._weights[0]


def _gradient(value: Tensor) -> Tensor:
    if value.grad is None:
        raise ValueError("a parameter has no gradient to write into")
    return value.grad


def _through_silu(gradient: Tensor, values: Tensor, out: Tensor) -> None:
    torch.ops.aten.silu_backward.grad_input(gradient, values, grad_input=out)
