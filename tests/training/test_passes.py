"""The way written out is autograd's."""

import pytest
import torch

from stylespace.networks import ConditionedLayers
from stylespace.training.passes import Pass

SHAPES = [([6, 8, 5, 3], 4), ([4, 7, 1], 1), ([3, 16, 16, 16, 9], 12)]


def layers_of(widths, classes, dtype=torch.float64):
    torch.manual_seed(0)
    layers = ConditionedLayers(widths, classes).to(dtype)
    for value in layers.parameters():
        value.grad = torch.full_like(value, 9)  # what was there must not matter
    return layers


def batch(widths, classes, rows=10, dtype=torch.float64):
    random = torch.Generator().manual_seed(1)
    values = torch.randn(rows, widths[0], generator=random).to(dtype)
    digits = torch.randint(classes, (rows,), generator=random)
    return values, digits, torch.randn(rows, widths[-1], generator=random).to(dtype)


@pytest.mark.parametrize(("widths", "classes"), SHAPES)
@pytest.mark.parametrize("rows", [10, 7])
def test_it_is_the_gradient_of_the_plain_network(widths, classes, rows):
    layers = layers_of(widths, classes)
    values, digits, gradient = batch(widths, classes)
    plain = layers(values.requires_grad_(), digits)
    expected = torch.autograd.grad(plain[:rows], [values, *layers.parameters()], gradient[:rows])
    a_pass = Pass(layers)
    assert torch.allclose(a_pass.forward(values.detach(), digits), plain)
    by_values = a_pass.to_input(a_pass.backward(gradient[:rows]))
    assert torch.allclose(by_values, expected[0][:rows])
    for (name, value), wanted in zip(layers.named_parameters(), expected[1:], strict=True):
        assert torch.allclose(value.grad, wanted), name


def test_each_pass_is_its_own():
    widths, classes = SHAPES[0]
    layers = layers_of(widths, classes)
    a_pass = Pass(layers)
    a_pass.backward(a_pass.forward(*batch(widths, classes, rows=30)[:2]))
    values, digits, gradient = batch(widths, classes)
    a_pass.forward(values, digits)
    a_pass.backward(gradient)
    once = [value.grad.clone() for value in layers.parameters()]
    fresh = Pass(layers)
    fresh.forward(values, digits)
    fresh.backward(gradient)
    for value, wanted in zip(layers.parameters(), once, strict=True):
        assert torch.equal(value.grad, wanted)


def test_in_bfloat16_it_is_the_same_but_for_rounding():
    widths, classes = SHAPES[2]
    layers = layers_of(widths, classes, torch.bfloat16)
    values, digits, gradient = batch(widths, classes, 100, torch.bfloat16)
    a_pass = Pass(layers)
    a_pass.forward(values, digits)
    a_pass.backward(gradient)
    exact = layers_of(widths, classes)
    exact.load_state_dict(layers.state_dict())
    in_full = exact(values.double(), digits)
    wanted = torch.autograd.grad(in_full, list(exact.parameters()), gradient.double())
    for value, gradient in zip(layers.parameters(), wanted, strict=True):
        off = (value.grad.double() - gradient).norm() / gradient.norm()
        assert off < 0.02
