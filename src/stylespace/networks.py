"""The networks: encoder, decoder, both together, and the discriminator. No losses here."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from stylespace.config import ModelConfig

__all__ = ["IMAGE_SIDE", "Decoder", "Discriminator", "Encoder", "StyleAutoencoder"]

IMAGE_SIDE = 28
PIXELS = IMAGE_SIDE * IMAGE_SIDE
Activation = nn.SiLU


def mlp(widths: list[int]) -> nn.Sequential:
    """Dense layers with an activation between them, none after the last."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise(widths):
        layers += [nn.Linear(fan_in, fan_out), Activation()]
    return nn.Sequential(*layers[:-1])


class Encoder(nn.Module):
    """An image and its digit to the style vector."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.classes = config.classes
        self.layers = mlp([PIXELS + config.classes, *config.encoder_widths, config.style_size])

    def forward(self, images: Tensor, digits: Tensor) -> Tensor:
        """`[n, 1, 28, 28]` in [0, 1] and `[n]` int64 to `[n, style_size]`."""
        digit = nn.functional.one_hot(digits, self.classes).to(images.dtype)
        style: Tensor = self.layers(torch.cat([images.flatten(1), digit], dim=1))
        return style


class Decoder(nn.Module):
    """A style vector and a digit to the image of that digit in that style."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.classes = config.classes
        self.layers = mlp([config.style_size + config.classes, *config.decoder_widths, PIXELS])

    def forward(self, style: Tensor, digits: Tensor) -> Tensor:
        """`[n, style_size]` and `[n]` int64 to logits `[n, 1, 28, 28]` of the image."""
        digit = nn.functional.one_hot(digits, self.classes).to(style.dtype)
        logits: Tensor = self.layers(torch.cat([style, digit], dim=1))
        return logits.view(-1, 1, IMAGE_SIDE, IMAGE_SIDE)


class StyleAutoencoder(nn.Module):
    """Encoder and decoder together: what a session's `model.safetensors` holds.

    Example:
        >>> import torch
        >>> from stylespace.config import ModelConfig
        >>> model = StyleAutoencoder(ModelConfig(style_size=4))
        >>> model.decode(torch.zeros(10, 4), torch.arange(10)).shape
        torch.Size([10, 1, 28, 28])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    @property
    def style_size(self) -> int:
        """Dimensions of the style vector."""
        return self.config.style_size

    @torch.no_grad()
    def encode(self, images: Tensor, digits: Tensor) -> Tensor:
        """The style vectors of images.

        Args:
            images: `[n, 1, 28, 28]` float32 in [0, 1].
            digits: `[n]` int64, which digit each image shows.

        Returns:
            `[n, style_size]` float32.
        """
        style: Tensor = self.encoder(images, digits)
        return style

    @torch.no_grad()
    def decode(self, style: Tensor, digits: Tensor) -> Tensor:
        """Draw digits in given styles.

        Args:
            style: `[n, style_size]` float32.
            digits: `[n]` int64, which digit to draw from each row.

        Returns:
            `[n, 1, 28, 28]` float32 in [0, 1].
        """
        return torch.sigmoid(self.decoder(style, digits))


class Discriminator(nn.Module):
    """Tells style vectors drawn from the prior from codes, knowing the digit.

    Told the digit, it holds every digit's codes against the prior; a discriminator that sees only
    the pooled codes is content when each digit has a corner of its own.
    """

    def __init__(self, config: ModelConfig, widths: tuple[int, ...] = (256, 256)) -> None:
        super().__init__()
        self.classes = config.classes
        self.layers = mlp([config.style_size + config.classes, *widths, 1])

    def forward(self, style: Tensor, digits: Tensor) -> Tensor:
        """`[n, style_size]` and `[n]` int64 to `[n]` logits: above 0 is prior, below 0 is code."""
        digit = nn.functional.one_hot(digits, self.classes).to(style.dtype)
        logits: Tensor = self.layers(torch.cat([style, digit], dim=1))
        return logits.squeeze(1)
