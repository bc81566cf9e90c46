"""The same training as a good PyTorch user would write it: DataLoader, eager, float32, Adam.

The networks and losses are the package's own; what is compared is everything around them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from stylespace import objectives
from stylespace.config import TrainConfig
from stylespace.data.deform import Deformation
from stylespace.datasets import LabelledImages
from stylespace.networks import Discriminator, StyleAutoencoder
from stylespace.training.adversarial import DEFORMED, HAND_EVERY, JUDGE_EVERY, PENALTY_EVERY

__all__ = ["train"]


def train(
    data: LabelledImages, model: StyleAutoencoder, config: TrainConfig, steps: int | None = None
) -> Iterator[int]:
    """Train a model for ever, yielding the number of each step when it is done.

    Args:
        data: the images.
        model: changed in place.
        config: of the losses, the batches and the rate.
        steps: if it is known when to end: then the rate rises for a tenth of them and falls to 0.
    """
    loader = DataLoader(
        TensorDataset(data.floats(), data.digits), batch_size=config.batch_size, shuffle=True
    )
    discriminator = Discriminator(model.config)
    of_model = torch.optim.Adam(model.parameters(), lr=config.lr)
    of_discriminator = torch.optim.Adam(discriminator.parameters(), lr=config.lr)
    trained = (of_model,) if config.objective == "sae" else (of_model, of_discriminator)
    courses = [
        torch.optim.lr_scheduler.LambdaLR(one, functools.partial(course, steps=steps))
        for one in trained
    ]
    random, step = torch.Generator(), 0
    while True:
        for images, digits in loader:
            if config.objective == "sae":
                logits = model.decoder(model.encoder(images, digits), digits)
                descend(of_model, F.mse_loss(logits.sigmoid(), images))
            else:
                kept = len(images)
                if config.deformation:
                    kept -= int(DEFORMED * len(images))
                    deformation = Deformation.draw(len(images) - kept, config.deformation, random)
                    shown = torch.cat([images[:kept], deformation.apply(images[kept:])])
                else:
                    shown = images
                style = model.encoder(shown, digits)
                loss = F.mse_loss(model.decoder(style, digits).sigmoid(), shown)
                judges = step % JUDGE_EVERY == 0
                if judges:
                    fooled = F.softplus(-discriminator(style[:kept], digits[:kept])).mean()
                    loss = loss + JUDGE_EVERY * config.adversarial_weight * fooled
                if config.deformation and step % HAND_EVERY == 0:
                    others = torch.randint(10, (len(images) - kept,))
                    with torch.no_grad():
                        code = model.encoder(images[kept:], digits[kept:])
                        drawn = model.decoder(code, others).sigmoid()
                    hand = model.decoder(style[kept:], others).sigmoid()
                    hand = F.mse_loss(hand, deformation.apply(drawn))
                    loss = loss + HAND_EVERY * config.same_hand_weight * hand
                descend(of_model, loss)
                if judges:
                    codes, penalized = style[:kept].detach(), step % PENALTY_EVERY == 0
                    loss = verdict(discriminator, codes, digits[:kept], config, penalized)
                    descend(of_discriminator, loss)
            for one in courses:
                one.step()
            step += 1
            yield step


def course(step: int, steps: int | None) -> float:
    """The share of the highest rate."""
    if steps is None:
        return 1.0
    return min((step + 1) / (0.1 * steps), max(0.0, (steps - step) / (0.9 * steps)))


def verdict(
    discriminator: Discriminator,
    codes: torch.Tensor,
    digits: torch.Tensor,
    config: TrainConfig,
    penalized: bool,
) -> torch.Tensor:
    """The discriminator's loss: on prior samples and codes, and now and then on its gradient."""
    both = torch.cat([torch.randn_like(codes), codes]).requires_grad_()
    judged = discriminator(both, digits.repeat(2))
    on_prior, on_code = judged.chunk(2)
    loss = F.softplus(-on_prior).mean() + F.softplus(on_code).mean()
    if penalized:
        penalty = objectives.gradient_penalty(judged, both)
        loss = loss + PENALTY_EVERY * config.gradient_penalty * penalty
    return loss


def descend(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """One step down the gradient."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
