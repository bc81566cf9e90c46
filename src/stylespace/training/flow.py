"""Fits a model's flow once training is over: what is left between its codes and the prior."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from stylespace.networks import STRETCH, ConditionedLayers, Flow, StyleAutoencoder
from stylespace.noise import generator
from stylespace.training import schedule
from stylespace.training.master import MasterWeights
from stylespace.training.passes import Pass

__all__ = ["BATCH", "MOST_EPOCHS", "Codes", "FlowPass", "fit_flow"]

MOST_EPOCHS = 8
BATCH = 1000
LR = 0.01
WEIGHT_DECAY = 0.05
ALIGNED = 8.0  # weight at first of the correlations with what is measured, beside the likelihood
ALIGNED_UNTIL = 0.95  # share of the steps after which that is 0
LEAST_UNSEEN = 100  # images, below which nobody could tell whether a flow does any good


class Codes(NamedTuple):
    """Calibrated codes: vectors `[n, style_size]` float32, and the digits `[n]` int64."""

    vectors: Tensor
    digits: Tensor


@torch.inference_mode()
def fit_flow(
    model: StyleAutoencoder,
    seen: Codes,
    measures: Tensor,
    unseen: Codes,
    spread: float,
    seed: int,
    epochs: int = MOST_EPOCHS,
    batch: int = BATCH,
) -> None:
    """Fit a model's flow by maximum likelihood, so that style vectors are the prior's.

    Of the many flows that do this one is wanted in which a style vector is the same hand in all
    digits: in the first part of the fit the first dimensions are also drawn to the measures.

    Args:
        model: whose flow is to change nothing yet, and is replaced; its calibration is set.
        seen: codes of the images that the networks were trained on.
        measures: `[n, k]` float32, of these images, of mean 0 and spread 1 within each digit.
        unseen: codes of others. If the fit is no likelier for these than none, there is none.
        spread: that the style vectors of the seen images should have.
        seed: of first weights and order.
        epochs: passes over the codes.
        batch: codes a step.
    """
    if len(model.flow.layers) == 0 or len(unseen.vectors) < LEAST_UNSEEN:
        return
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        flow = Flow(model.config)
    fit = _Fit(flow, spread)
    per_epoch = -(-len(seen.vectors) // batch)
    steps = epochs * per_epoch
    for step in range(steps):
        epoch, place = divmod(step, per_epoch)
        if place == 0:
            order = torch.randperm(len(seen.vectors), generator=generator(seed, "flow", epoch))
        index = order[place * batch : (place + 1) * batch]
        rows = Codes(seen.vectors[index], seen.digits[index])
        fit.step(rows, measures[index], (step + 1) / steps)
    before = _mismatch(unseen.vectors, torch.zeros(1))
    if _mismatch(*fit.through.forward(*unseen)) < before:
        model.flow.load_state_dict(flow.state_dict())


def _mismatch(style: Tensor, stretch: Tensor) -> float:
    """Negative log-likelihood, by the prior, of what style vectors came from, but for a constant.

    In nats. It is for unseen images: their style vectors are to be the prior's, while those of
    seen ones reach farther.
    """
    return float((0.5 * style.square().sum(dim=1) - stretch).mean())


class _Kept(NamedTuple):
    """What the way back through a coupling layer needs."""

    second: Tensor
    tanh: Tensor
    stretched: Tensor


class FlowPass:
    """A pass through a flow, and back, with the derivative written out.

    Args:
        flow: whose parameters have a `grad` that the way back writes into.
    """

    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.passes = [
            Pass(layer) for layer in flow.layers if isinstance(layer, ConditionedLayers)
        ]
        self._kept: list[_Kept] = []

    def forward(self, vectors: Tensor, digits: Tensor) -> tuple[Tensor, Tensor]:
        """As the flow's own, and `[n]`, the logarithms of the Jacobian's determinants."""
        self._kept.clear()
        total = vectors.new_zeros(len(vectors))
        for layer, turn in zip(self.passes, self.flow.turns, strict=True):
            first, second = (vectors @ turn).split(self.flow.halves, dim=1)
            shift, tanh = layer.forward(first, digits).chunk(2, dim=1)
            tanh = tanh.tanh()
            stretched = (STRETCH * tanh).exp()
            self._kept.append(_Kept(second, tanh, stretched))
            total += STRETCH * tanh.sum(dim=1)
            vectors = torch.cat([first, second * stretched + shift], dim=1) @ turn.T
        return vectors, total

    def backward(self, gradient: Tensor) -> None:
        """Write the gradients of a loss less the mean of the logarithms.

        Args:
            gradient: `[n, style_size]`, of the loss by the vectors that `forward` returned.
        """
        share = STRETCH / len(gradient)
        for layer, turn, kept in zip(
            reversed(self.passes), self.flow.turns.flip(0), reversed(self._kept), strict=True
        ):
            by_first, by_second = (gradient @ turn).split(self.flow.halves, dim=1)
            by_stretch = STRETCH * by_second * kept.second * kept.stretched - share
            by_output = torch.cat([by_second, by_stretch * (1 - kept.tanh.square())], dim=1)
            by_first = by_first + layer.to_input(layer.backward(by_output))
            gradient = torch.cat([by_first, by_second * kept.stretched], dim=1) @ turn.T


class _Fit:
    """A flow, its optimizer and its objective."""

    def __init__(self, flow: Flow, spread: float) -> None:
        self.spread = spread
        self.master = MasterWeights(flow, (0.9, 0.99), torch.float32, WEIGHT_DECAY)
        self.through = FlowPass(flow)

    def step(self, codes: Codes, measures: Tensor, progress: float) -> None:
        style, _ = self.through.forward(*codes)
        gradient = style / (self.spread**2 * len(style))
        weight = ALIGNED * max(0.0, 1 - progress / ALIGNED_UNTIL) ** 2
        if weight:
            count = min(measures.shape[1], style.shape[1])
            ascent = _by_correlation(style[:, :count], measures[:, :count])
            gradient[:, :count] -= weight * ascent
        self.through.backward(gradient)
        self.master.descend(LR * schedule.learning_rate(progress))


def _by_correlation(values: Tensor, others: Tensor) -> Tensor:
    """The gradient of the sum of each column's correlation with the same column of others."""
    deviation, mean = torch.std_mean(values, dim=0, correction=0)
    unit = (values - mean) / deviation.clamp(min=1e-6)
    other = others - others.mean(dim=0)
    other = other / other.square().mean(dim=0).sqrt().clamp(min=1e-6)
    along = (unit * other).mean(dim=0)
    return (other - along * unit) / (deviation.clamp(min=1e-6) * len(values))
