"""The losses: pure functions of tensors, each a mean over the batch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["adversarial_loss", "discriminator_loss", "gradient_penalty", "reconstruction_loss"]


def reconstruction_loss(logits: Tensor, images: Tensor) -> Tensor:
    """Mean squared error of the pixels.

    Args:
        logits: `[n, 1, 28, 28]`, the decoder's output before its sigmoid.
        images: `[n, 1, 28, 28]` in [0, 1].
    """
    return F.mse_loss(torch.sigmoid(logits), images)


def discriminator_loss(prior: Tensor, code: Tensor) -> Tensor:
    """What the discriminator lowers: prior above 0, code below 0 (Goodfellow et al. 2014).

    Args:
        prior: `[n]` logits for style vectors drawn from the prior.
        code: `[n]` logits for the encoder's style vectors.
    """
    return F.softplus(-prior).mean() + F.softplus(code).mean()


def adversarial_loss(code: Tensor) -> Tensor:
    """What the encoder lowers: its codes should be taken for the prior (non-saturating form).

    Args:
        code: `[n]` logits for the encoder's style vectors.
    """
    return F.softplus(-code).mean()


def gradient_penalty(logits: Tensor, style: Tensor) -> Tensor:
    """Mean squared norm of the discriminator's gradient (R1, Mescheder et al. 2018).

    Args:
        logits: `[n]`, computed from `style`.
        style: `[n, style_size]`, requires grad.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), style, create_graph=True)
    return gradient.square().sum(dim=1).mean()
