"""The losses against their closed forms."""

import math

import torch

from stylespace.objectives import (
    adversarial_loss,
    discriminator_loss,
    gradient_penalty,
    reconstruction_loss,
)


def test_reconstruction_is_the_mean_squared_pixel_error():
    logits = torch.tensor([0.0, math.log(3)]).view(2, 1, 1, 1).expand(2, 1, 28, 28)
    images = torch.zeros(2, 1, 28, 28)
    assert reconstruction_loss(logits, images).item() == torch.tensor((0.25 + 0.5625) / 2).item()


def test_the_discriminator_pays_log_four_when_it_cannot_tell():
    nothing = torch.zeros(5)
    assert math.isclose(discriminator_loss(nothing, nothing).item(), math.log(4), rel_tol=1e-6)


def test_the_discriminator_is_paid_for_prior_above_and_code_below_zero():
    right = discriminator_loss(torch.full((5,), 9.0), torch.full((5,), -9.0))
    wrong = discriminator_loss(torch.full((5,), -9.0), torch.full((5,), 9.0))
    assert right < 1e-3
    assert wrong > 17


def test_the_encoder_is_paid_for_codes_taken_for_the_prior():
    assert adversarial_loss(torch.full((5,), 9.0)) < 1e-3
    assert adversarial_loss(torch.full((5,), -9.0)) > 8


def test_the_penalty_of_a_linear_discriminator_is_its_squared_slope():
    slope = torch.tensor([3.0, 4.0], requires_grad=True)
    style = torch.randn(7, 2, requires_grad=True)
    penalty = gradient_penalty(style @ slope, style)
    assert math.isclose(penalty.item(), 25, rel_tol=1e-6)
    penalty.backward()
    assert torch.allclose(slope.grad, 2 * slope)
