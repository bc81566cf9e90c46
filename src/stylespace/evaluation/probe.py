"""Fresh classifiers that probe what a set of vectors tells.

Several are trained at once, as one batch of matrix products: a repeat or a null costs little more
than the first, and all are measured in exactly the same way.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from stylespace.noise import generator

__all__ = ["Probes", "Recipe", "fit_probes", "spread"]

WARM_UP = 0.1  # share of the steps in which the rate rises
LEAST_STEPS = 200  # so that few vectors are learnt from too


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a probe is trained; fixed once, so that figures of different models compare.

    Attributes:
        width: of both hidden layers.
        epochs: passes over the training vectors; more over few of them.
        batch_size: vectors a step.
        lr: AdamW's highest rate; it rises for a tenth of the steps, then falls as a cosine.
        weight_decay: AdamW's.
        members: networks whose logits are averaged to one probe.
    """

    width: int = 64
    epochs: int = 30
    batch_size: int = 250
    lr: float = 3e-3
    weight_decay: float = 0.1
    members: int = 2


class Probes(nn.Module):
    """A batch of multilayer perceptrons with two hidden layers, each for inputs of its own.

    Args:
        probes: how many.
        sizes: of input, hidden and output vectors.
        random: of the first weights.
        members: networks whose logits make up one probe.
    """

    def __init__(
        self, probes: int, sizes: tuple[int, ...], random: torch.Generator, members: int = 1
    ) -> None:
        super().__init__()
        self.probes, self.members = probes, members
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for fan_in, fan_out in pairwise(sizes):
            spread = math.sqrt(2 / fan_in)
            weight = torch.randn(probes * members, fan_in, fan_out, generator=random) * spread
            self.weights.append(nn.Parameter(weight))
            self.biases.append(nn.Parameter(torch.zeros(probes * members, 1, fan_out)))

    def forward(self, inputs: Tensor) -> Tensor:
        """`[probes, n, features]` to the members' logits, `[probes, members, n, classes]`."""
        hidden = inputs.repeat_interleave(self.members, dim=0)
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = torch.baddbmm(bias, hidden, weight)
            if layer < last:
                hidden = torch.relu_(hidden)
        return hidden.view(self.probes, self.members, *hidden.shape[1:])

    @torch.no_grad()
    def read(self, inputs: Tensor) -> Tensor:
        """What each probe takes its inputs for: `[probes, n, features]` to int64 `[probes, n]`."""
        blocks = [self(block).mean(1).argmax(-1) for block in torch.split(inputs, 1000, dim=1)]
        return torch.cat(blocks, dim=1)


def fit_probes(
    inputs: Tensor, labels: Tensor, classes: int, recipe: Recipe, seed: int = 0
) -> Probes:
    """Train a batch of probes.

    Args:
        inputs: `[probes, n, features]` float32; features should have a spread near 1.
        labels: `[probes, n]` int64, below `classes`.
        classes: number of classes.
        recipe: how.
        seed: of first weights and order.

    Returns:
        The trained probes.
    """
    probes, count, features = inputs.shape
    sizes = (features, recipe.width, recipe.width, classes)
    nets = Probes(probes, sizes, generator(seed, "probe weights"), recipe.members)
    per_epoch = max(count // recipe.batch_size, 1)
    steps = max(recipe.epochs * per_epoch, LEAST_STEPS)
    optimizer = torch.optim.AdamW(
        nets.parameters(), recipe.lr, weight_decay=recipe.weight_decay, fused=True
    )
    batch = min(recipe.batch_size, count)
    for step in range(steps):
        epoch, place = divmod(step, per_epoch)
        if place == 0:
            order = torch.randperm(count, generator=generator(seed, "probe order", epoch))
        index = order[place * batch : (place + 1) * batch]
        optimizer.param_groups[0]["lr"] = recipe.lr * _rate(step / steps)
        loss = _loss(nets(inputs[:, index]), labels[:, index])
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return nets


def spread(repeats: Sequence[float]) -> float:
    """Standard deviation over repeats, as of a sample; NaN for a single one.

    Example:
        >>> spread([1.0, 2.0, 3.0]), spread([0.5])
        (1.0, nan)
    """
    return statistics.stdev(repeats) if len(repeats) > 1 else math.nan


def _rate(done: float) -> float:
    if done < WARM_UP:
        return 0.02 + 0.98 * done / WARM_UP
    return 0.5 + 0.5 * math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))


def _loss(logits: Tensor, labels: Tensor) -> Tensor:
    probes, members, _, classes = logits.shape
    target = labels.unsqueeze(1).expand(-1, members, -1)
    mean = nn.functional.cross_entropy(logits.reshape(-1, classes), target.reshape(-1))
    return mean * (probes * members)  # each network's gradient as if it were alone
