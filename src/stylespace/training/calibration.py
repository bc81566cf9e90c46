"""The last step to the prior: each digit's codes get mean 0 and covariance I, in closed form."""

from __future__ import annotations

import torch
from torch import Tensor

from stylespace.data.images import LabelledImages
from stylespace.networks import StyleAutoencoder

__all__ = ["calibrate"]

LEAST_OF_A_DIGIT = 10  # images a style dimension, below which a digit's covariance is not known
WIDEST = 4.0  # times that a direction is stretched or squeezed at most; what is dead stays dead
ROWS = 5000


@torch.no_grad()
def calibrate(model: StyleAutoencoder, seen: LabelledImages, unseen: LabelledImages) -> None:
    """Set a model's calibration.

    Codes of images that the networks were trained on reach farther than those of others, by some
    per cent. Which way a digit's codes lie is measured on the many seen images, how far they
    reach on the unseen ones: those are what the model is for.

    Args:
        model: in eval mode; its calibration is replaced.
        seen: images that it was trained on.
        unseen: images that it was not trained on, held out for this; may be none.
    """
    _reset(model)
    calibration = model.calibration
    codes = _styles(model, seen)
    for digit in range(model.config.classes):
        own = codes[seen.digits == digit].double()
        if len(own) >= LEAST_OF_A_DIGIT * model.style_size:
            spreads, directions = torch.linalg.eigh(torch.cov(own.T).view(own.shape[1], -1))
            spreads = spreads.clamp(min=0).sqrt().clamp(1 / WIDEST, WIDEST)
            calibration.mean[digit] = own.mean(dim=0)
            calibration.to_style[digit] = (directions / spreads) @ directions.T
            calibration.to_code[digit] = (directions * spreads) @ directions.T
    if len(unseen):
        reach = _styles(model, unseen).square().mean().sqrt().clamp(1 / WIDEST, WIDEST)
        calibration.to_style /= reach
        calibration.to_code *= reach


def _reset(model: StyleAutoencoder) -> None:
    model.calibration.mean.zero_()
    for matrices in (model.calibration.to_style, model.calibration.to_code):
        matrices.copy_(torch.eye(model.style_size).expand_as(matrices))


def _styles(model: StyleAutoencoder, data: LabelledImages) -> Tensor:
    blocks = [data.subset(slice(start, start + ROWS)) for start in range(0, len(data), ROWS)]
    return torch.cat([model.encode(block.floats(), block.digits) for block in blocks])
