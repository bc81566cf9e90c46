"""The last step to the prior: each digit's codes get mean 0 and covariance I, in closed form."""

from __future__ import annotations

import torch
from torch import Tensor

from stylespace.data.images import LabelledImages
from stylespace.networks import Calibration, StyleAutoencoder
from stylespace.training.alignment import rotations, stroke_measures

__all__ = ["Calibrator"]

LEAST_OF_A_DIGIT = 10  # images a style dimension, below which a digit's covariance is not known
WIDEST = 4.0  # times that a direction is stretched or squeezed at most; what is dead stays dead
ROWS = 5000


class Calibrator:
    """Sets a model's calibration by the codes of its training images.

    Codes of images that the networks were trained on reach farther than those of others, by some
    per cent. How a digit's codes lie is measured on the many seen images, how far they reach on
    the unseen ones: those are what the model is for.

    Args:
        seen: images that models are trained on.
        unseen: images that they are not trained on, held out for this; may be none.
    """

    def __init__(self, seen: LabelledImages, unseen: LabelledImages) -> None:
        self.seen, self.unseen = seen, unseen
        blocks = torch.split(seen.images, ROWS)
        self.measures = torch.cat([stroke_measures(block) for block in blocks])

    @torch.no_grad()
    def calibrate(self, model: StyleAutoencoder) -> None:
        """Replace a model's calibration; the model must be in eval mode."""
        own = _reset(model)
        codes = _styles(model, self.seen)
        loadings = torch.zeros(model.config.classes, self.measures.shape[1], model.style_size)
        for digit in range(model.config.classes):
            shown = self.seen.digits == digit
            if int(shown.sum()) >= LEAST_OF_A_DIGIT * model.style_size:
                styles = _whiten(own, digit, codes[shown])
                loadings[digit] = _correlations(self.measures[shown], styles)
        turns = rotations(loadings)
        own.to_style.copy_(own.to_style @ turns)
        own.to_code.copy_(turns.transpose(1, 2) @ own.to_code)
        model.calibration.load_state_dict(own.state_dict())
        if len(self.unseen):
            reach = _styles(model, self.unseen).square().mean().sqrt().clamp(1 / WIDEST, WIDEST)
            model.calibration.to_style /= reach
            model.calibration.to_code *= reach


def _whiten(calibration: Calibration, digit: int, codes: Tensor) -> Tensor:
    """Set one digit's calibration and return the style vectors of its codes."""
    exact = codes.double()
    covariance = torch.cov(exact.T).view(codes.shape[1], -1)
    variances, directions = torch.linalg.eigh(covariance)
    spreads = variances.clamp(min=0).sqrt().clamp(1 / WIDEST, WIDEST)
    calibration.mean[digit] = exact.mean(dim=0)
    calibration.to_style[digit] = (directions / spreads) @ directions.T
    calibration.to_code[digit] = (directions * spreads) @ directions.T
    return (codes - calibration.mean[digit]) @ calibration.to_style[digit]


def _correlations(measures: Tensor, styles: Tensor) -> Tensor:
    """`[n, measures]` and style vectors of spread 1 to `[measures, style_size]`."""
    deviation, mean = torch.std_mean(measures, dim=0)
    standard = (measures - mean) / deviation.clamp(min=1e-6)
    return standard.T @ styles / len(styles)


def _reset(model: StyleAutoencoder) -> Calibration:
    """Have the calibration change nothing, and return another such, on the CPU."""
    fresh = Calibration(model.config)
    model.calibration.load_state_dict(fresh.state_dict())
    return fresh


def _styles(model: StyleAutoencoder, data: LabelledImages) -> Tensor:
    """Computed where the model is, and brought to the CPU: `[n, style_size]`."""
    device = model.calibration.mean.device
    blocks = [data.subset(slice(start, start + ROWS)) for start in range(0, len(data), ROWS)]
    styles = [model.encode(b.floats().to(device), b.digits.to(device)) for b in blocks]
    return torch.cat(styles).cpu()
