"""The last steps to the prior, digit by digit: mean 0 and covariance I in closed form, a flow."""

from __future__ import annotations

import torch
from torch import Tensor

from stylespace.config import is_short
from stylespace.data.images import LabelledImages
from stylespace.networks import Calibration, StyleAutoencoder
from stylespace.noise import generator
from stylespace.training.alignment import rotations, stroke_measures
from stylespace.training.flow import BATCH, MOST_EPOCHS, Codes, fit_flow

__all__ = ["Calibrator"]

LEAST_OF_A_DIGIT = 10  # images a style dimension, below which a digit's covariance is not known
WIDEST = 4.0  # times that a direction is stretched or squeezed at most; what is dead stays dead
SAMPLE = 12_000  # images that are enough while training goes on
ROWS = 2000


class Calibrator:
    """Sets a model's calibration and flow by the codes of its training images.

    Codes of images that the networks were trained on reach farther than those of others, by some
    per cent. How a digit's codes lie is measured on the many seen images, how far they reach on
    the unseen ones: those are what the model is for.

    Args:
        seen: images that models are trained on.
        unseen: images that they are not trained on, held out for this; may be none.
        seed: of the flow.
        epochs: that the networks are trained for; the flow takes no more. A short run leaves
            half of many seen images out.
    """

    def __init__(
        self,
        seen: LabelledImages,
        unseen: LabelledImages,
        seed: int = 0,
        epochs: int = MOST_EPOCHS,
    ) -> None:
        self.seen, self.unseen = seen, unseen
        self.seed, self.epochs = seed, min(epochs, MOST_EPOCHS)
        # at random, since images may lie class by class, or the classes in turn
        mixed = torch.randperm(len(seen), generator=generator(self.seed, "calibration sample"))
        self.sample = seen.subset(mixed[:SAMPLE].sort().values)
        self.batch = BATCH
        if is_short(epochs) and len(seen) > 2 * SAMPLE:
            self.seen = seen.subset(mixed[: len(seen) // 2].sort().values)
            self.batch = BATCH // 2  # as many steps with half the images
        self.measures = stroke_measures(self.sample.images)

    @torch.no_grad()
    def calibrate(self, model: StyleAutoencoder, last: bool = False) -> None:
        """Replace a model's calibration and flow; the model must be in eval mode.

        Args:
            model: on any device.
            last: whether training is over. Until then a sample of the images does, and there is
                no flow; it takes seconds to fit.
        """
        own, data = Calibration(model.config), self.seen if last else self.sample
        codes, digits = _codes(model, data), data.digits
        measures = stroke_measures(data.images) if last else self.measures
        standard = _round(own, codes, digits, measures)
        unseen = own.style(_codes(model, self.unseen), self.unseen.digits)
        reach = unseen.square().mean().sqrt().clamp(1 / WIDEST, WIDEST) if len(unseen) else 1.0
        own.to_style /= reach
        own.to_code *= reach
        model.calibration.load_state_dict(own.state_dict())
        model.flow.reset()
        if last:
            # in parts: of each row it takes as many numbers as there are classes times dimensions
            parts = zip(torch.split(codes, ROWS), torch.split(digits, ROWS), strict=True)
            seen = Codes(torch.cat([own.style(*part) for part in parts]), digits)
            others = Codes(unseen / reach, self.unseen.digits)
            spread = 1 / float(reach)
            fit_flow(model, seen, standard, others, spread, self.seed, self.epochs, self.batch)


def _round(own: Calibration, codes: Tensor, digits: Tensor, measures: Tensor) -> Tensor:
    """Whiten each digit's codes and turn them all; return the measures, standardized."""
    classes, size = own.mean.shape
    standard = torch.zeros_like(measures)
    loadings = torch.zeros(classes, measures.shape[1], size)
    for digit in range(classes):
        shown = digits == digit
        if int(shown.sum()) >= LEAST_OF_A_DIGIT * size:
            styles = _whiten(own, digit, codes[shown])
            standard[shown] = _standardized(measures[shown])
            loadings[digit] = standard[shown].T @ styles / len(styles)
    turns = rotations(loadings)
    own.to_style.copy_(own.to_style @ turns)
    own.to_code.copy_(turns.transpose(1, 2) @ own.to_code)
    return standard


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


def _standardized(measures: Tensor) -> Tensor:
    """`[n, measures]` brought to mean 0 and spread 1."""
    deviation, mean = torch.std_mean(measures, dim=0)
    return (measures - mean) / deviation.clamp(min=1e-6)


def _codes(model: StyleAutoencoder, data: LabelledImages) -> Tensor:
    """Computed where the model is, and brought to the CPU: `[n, style_size]`."""
    device = model.calibration.mean.device
    blocks = [data.subset(slice(start, start + ROWS)) for start in range(0, len(data), ROWS)]
    codes = [model.encoder(b.floats().to(device), b.digits.to(device)) for b in blocks]
    return torch.cat([model.calibration.mean[:0], *codes]).cpu()
