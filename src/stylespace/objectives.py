"""The losses, each a mean over the batch, and their derivatives: pure functions of tensors."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = [
    "Loss",
    "adversarial_gradient",
    "discriminator_gradient",
    "gradient_penalty",
    "reconstruction_loss",
]

LARGEST = 60.0  # logit of which the exponential is still a number


class Loss(NamedTuple):
    """A loss and its derivative.

    Attributes:
        value: one number, float32.
        gradient: by the function's first argument, of its shape and type.
    """

    value: Tensor
    gradient: Tensor


def reconstruction_loss(logits: Tensor, images: Tensor, share: float = 1.0) -> Loss:
    """Mean squared error of the pixels, `((sigmoid(logits) - images) ** 2).mean()`.

    Args:
        logits: `[n, ...]`, the decoder's output before its sigmoid.
        images: of the same shape and type, in [0, 1].
        share: of the images whose mean it is; the losses of all shares sum up to that mean.
    """
    drawn = torch.sigmoid(logits)
    error = drawn - images
    pixels = error.numel() / share
    value = torch.linalg.vector_norm(error, dtype=torch.float32).square() / pixels
    gradient = torch.ops.aten.sigmoid_backward(error, drawn).mul_(2 / pixels)
    return Loss(value, gradient)


def discriminator_gradient(logits: Tensor, share: float = 1.0) -> Tensor:
    """The gradient of what the discriminator lowers: prior above 0, code below 0.

    The loss is `softplus(-prior).mean() + softplus(code).mean()` (Goodfellow et al. 2014).

    Args:
        logits: `[2 * n]`, first for style vectors drawn from the prior, then for as many codes.
        share: of the style vectors whose mean the loss is.

    Returns:
        `[2 * n]`, by the logits.
    """
    count = len(logits) // 2
    gradient = torch.sigmoid(logits)
    gradient[:count].sub_(1)
    return gradient.div_(count / share)


def adversarial_gradient(by_code: Tensor, logits: Tensor) -> Tensor:
    """The gradient of the encoder's adversarial loss, from that of the discriminator's.

    The encoder lowers `softplus(-logits).mean()`: its codes should be taken for the prior (the
    non-saturating form). The discriminator lowers `softplus(logits).mean()` of the same codes, and
    the slopes of the two by a logit differ by the factor `-exp(-logit)`; so one way back through
    the discriminator serves both.

    Args:
        by_code: `[n, style_size]`, of the discriminator's loss by the codes.
        logits: `[n]`, the discriminator's for them.

    Returns:
        `[n, style_size]`.
    """
    return by_code * -torch.exp(-logits.clamp(min=-LARGEST)).unsqueeze(1)


def gradient_penalty(logits: Tensor, style: Tensor) -> Tensor:
    """Mean squared norm of the discriminator's gradient (R1, Mescheder et al. 2018).

    Args:
        logits: `[n]`, computed from `style`.
        style: `[n, style_size]`, requires grad.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), style, create_graph=True)
    return gradient.square().sum(dim=1).mean()
