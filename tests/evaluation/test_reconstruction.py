"""Reconstruction error: a plain mean, by digit, and where it is worst."""

import math

import pytest
import torch

from stylespace.evaluation.reconstruction import reconstruction


def test_errors_of_known_size():
    images = torch.full((6, 1, 28, 28), 0.5)
    digits = torch.tensor([0, 0, 0, 1, 1, 1])
    off = torch.tensor([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])
    found = reconstruction(images, images + off.view(6, 1, 1, 1), digits, 3, worst=2)
    squares = off.square()
    assert found.mse == pytest.approx(squares.mean().item())
    assert found.spread == pytest.approx(squares.std().item() / math.sqrt(6))
    assert found.per_class[:2] == pytest.approx((0.05 / 3, 0.5 / 3))
    assert math.isnan(found.per_class[2])
    assert found.worst == (5, 4)
    assert found.worst_mse == pytest.approx((0.25, 0.16))


def test_chance_is_each_digits_average_image():
    black, white = torch.zeros(1, 28, 28), torch.ones(1, 28, 28)
    images = torch.stack([black, white, white, white])
    found = reconstruction(images, images, torch.tensor([0, 0, 1, 1]), 2)
    assert found.mse == 0
    assert found.chance == pytest.approx((0.25 + 0.25) / 4)
    assert found.samples == len(found.worst) == 4
