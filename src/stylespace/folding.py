"""A model folded for one digit: what `StyleAutoencoder.decode` computes, in fewer operations.

Where all rows show the same digit, what that tells a layer is part of the layer: gains go into its
weights, and nothing is looked up row by row. `docs/performance.md` has the figures.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from stylespace.networks import ConditionedLayers, Flow, StyleAutoencoder

__all__ = ["FoldedDigit", "Scratch"]

Steps = list[tuple[Tensor, Tensor]]  # weights, transposed, and biases


class Scratch:
    """Memory for what is between the layers, for block after block of the same size.

    Fetched anew from the system with each block, it can take a sixth of the time of drawing.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[int, tuple[int, ...], torch.dtype], Tensor] = {}

    def room(self, place: int, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        """Room for a tensor; the next of the same place, shape and type takes the same room."""
        key = (place, shape, dtype)
        if key not in self._kept:
            self._kept[key] = torch.empty(shape, dtype=dtype)
        return self._kept[key]


class FoldedDigit:
    """Draws one digit.

    Args:
        model: in eval mode, on the CPU.
        digit: which.
        dtype: of the decoder's products. In bfloat16 a pixel is off by some levels at most; the
            flow stays float32, since it enlarges what is rounded off.
        scratch: that digits drawn in turn can share; by default its own.

    Raises:
        IndexError: the model has no such digit.
    """

    @torch.inference_mode()
    def __init__(
        self,
        model: StyleAutoencoder,
        digit: int,
        dtype: torch.dtype = torch.float32,
        scratch: Scratch | None = None,
    ) -> None:
        chosen, self._dtype = torch.tensor([digit]), dtype
        self._scratch = scratch or Scratch()
        flow, calibration = model.flow, model.calibration
        layers = [layer for layer in flow.layers if isinstance(layer, ConditionedLayers)]
        self._first = flow.halves[0]
        self._bends = [_folded(layer, chosen, torch.float32) for layer in reversed(layers)]
        to_code = calibration.to_code.index_select(0, chosen)[0]
        # each turn together with the one back that the layer before ends with
        ends = [torch.eye(len(to_code), dtype=to_code.dtype), *flow.turns.flip(0), to_code]
        *self._turns, self._to_code = [back.T @ turn for back, turn in pairwise(ends)]
        self._mean = calibration.mean.index_select(0, chosen)[0]
        self._decoder = _folded(model.decoder.layers, chosen, dtype)

    @torch.inference_mode()
    def draw(self, styles: Tensor) -> Tensor:
        """Style vectors `[n, style_size]` float32 to images `[n, 784]` uint8, 255 is ink.

        They are in the scratch memory: the next block that is drawn there overwrites them.
        """
        for bend, turn in zip(self._bends, self._turns, strict=True):
            styles = styles @ turn
            first, second = styles.tensor_split([self._first], dim=1)
            shift, stretch = Flow.bend(self._through(bend, first))
            second.sub_(shift).mul_((-stretch).exp_())
        code = torch.addmm(self._mean, styles, self._to_code).to(self._dtype)
        return self._greys(self._through(self._decoder, code))

    def _through(self, steps: Steps, values: Tensor) -> Tensor:
        """What the layers make of the values, in scratch memory."""
        for place, (weight, bias) in enumerate(steps):
            room = self._scratch.room(place, (len(values), len(bias)), bias.dtype)
            values = torch.addmm(bias, values, weight, out=room)
            if place < len(steps) - 1:
                nn.functional.silu(values, inplace=True)
        return values

    def _greys(self, logits: Tensor) -> Tensor:
        """Logits, which are overwritten, to the nearest of 256 greys, uint8."""
        if logits.dtype != torch.float32:
            logits = self._scratch.room(0, logits.shape, torch.float32).copy_(logits)
        # torch is nine times as fast at int8 as at uint8, and 128 less than a grey fits in there
        less = logits.sigmoid_().mul_(255).sub_(128).round_()
        bytes_ = self._scratch.room(0, logits.shape, torch.int8).copy_(less)
        return bytes_.view(torch.uint8).bitwise_xor_(128)


def _folded(layers: ConditionedLayers, digit: Tensor, dtype: torch.dtype) -> Steps:
    """The dense layers as they are for the digit, `[1]` int64."""
    gains, biases = layers.of_each_layer(layers.told.index_select(0, digit))
    *hidden, last = (layer for layer in layers.dense if isinstance(layer, nn.Linear))
    steps = [
        (dense.weight * (1 + gain).T, bias[0])
        for dense, gain, bias in zip(hidden, gains, biases, strict=True)
    ]
    steps.append((last.weight, last.bias))
    return [(weight.to(dtype).T, bias.to(dtype)) for weight, bias in steps]
