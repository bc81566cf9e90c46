"""The losses against their closed forms."""

import math

import pytest
import torch
import torch.nn.functional as F

from stylespace.objectives import (
    adversarial_gradient,
    discriminator_gradient,
    gradient_penalty,
    reconstruction_loss,
)


def derivative(loss, *values):
    """Autograd's."""
    return torch.autograd.grad(loss, values)


def test_reconstruction_is_the_mean_squared_pixel_error():
    logits = torch.tensor([0.0, math.log(3)]).view(2, 1).expand(2, 784)
    value = reconstruction_loss(logits, torch.zeros(2, 784)).value
    assert value.item() == pytest.approx((0.25 + 0.5625) / 2)


def test_the_gradient_of_reconstruction():
    logits, images = torch.randn(5, 784, requires_grad=True), torch.rand(5, 784)
    value, gradient = reconstruction_loss(logits.detach(), images)
    plain = F.mse_loss(logits.sigmoid(), images)
    assert value.item() == pytest.approx(plain.item())
    assert torch.allclose(gradient, *derivative(plain, logits))


def test_the_gradient_of_the_discriminators_loss():
    logits = torch.randn(12, requires_grad=True)
    plain = F.softplus(-logits[:6]).mean() + F.softplus(logits[6:]).mean()
    assert torch.allclose(discriminator_gradient(logits.detach()), *derivative(plain, logits))


@pytest.mark.parametrize("size", [1.0, 10.0])
def test_the_encoders_gradient_is_that_of_being_taken_for_the_prior(size):
    torch.manual_seed(0)
    code, slope = torch.randn(8, 3, requires_grad=True), size * torch.tensor([1.0, -0.5, 0.2])
    logits = code @ slope
    (by_code,) = derivative(F.softplus(logits).mean(), code)
    logits = code @ slope
    (wanted,) = derivative(F.softplus(-logits).mean(), code)
    assert torch.allclose(adversarial_gradient(by_code, logits.detach()), wanted, rtol=1e-3)


def test_a_discriminator_beyond_doubt_still_gives_numbers():
    logits = torch.tensor([-500.0, 500.0])
    assert adversarial_gradient(torch.ones(2, 3), logits).isfinite().all()


def test_the_penalty_of_a_linear_discriminator_is_its_squared_slope():
    slope = torch.tensor([3.0, 4.0], requires_grad=True)
    style = torch.randn(7, 2, requires_grad=True)
    penalty = gradient_penalty(style @ slope, style)
    assert math.isclose(penalty.item(), 25, rel_tol=1e-6)
    penalty.backward()
    assert torch.allclose(slope.grad, 2 * slope)
