"""The same training as a good PyTorch user would write it: DataLoader, eager, float32, Adam.

The networks and losses are the package's own; what is compared is everything around them.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch.utils.data import DataLoader, TensorDataset

from stylespace import objectives
from stylespace.config import ModelConfig, TrainConfig
from stylespace.datasets import LabelledImages
from stylespace.networks import Discriminator, StyleAutoencoder

__all__ = ["train"]


def train(data: LabelledImages, model_config: ModelConfig, config: TrainConfig) -> Iterator[int]:
    """Train for ever, yielding the number of each step when it is done."""
    loader = DataLoader(
        TensorDataset(data.floats(), data.digits), batch_size=config.batch_size, shuffle=True
    )
    model, discriminator = StyleAutoencoder(model_config), Discriminator(model_config)
    of_model = torch.optim.Adam(model.parameters(), lr=config.lr)
    of_discriminator = torch.optim.Adam(discriminator.parameters(), lr=config.lr)
    step = 0
    while True:
        for images, digits in loader:
            style = model.encoder(images, digits)
            logits = model.decoder(style, digits)
            loss = objectives.reconstruction_loss(logits, images)
            if config.objective == "aae":
                fooled = objectives.adversarial_loss(discriminator(style, digits))
                loss = loss + config.adversarial_weight * fooled
            of_model.zero_grad()
            loss.backward()
            of_model.step()
            if config.objective == "aae":
                prior = torch.randn_like(style).requires_grad_()
                on_prior = discriminator(prior, digits)
                on_code = discriminator(style.detach(), digits)
                loss = objectives.discriminator_loss(on_prior, on_code)
                if step % 4 == 0:
                    penalty = objectives.gradient_penalty(on_prior, prior)
                    loss = loss + 4 * config.gradient_penalty * penalty
                of_discriminator.zero_grad()
                loss.backward()
                of_discriminator.step()
            step += 1
            yield step
