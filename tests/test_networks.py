"""Shapes, ranges, and that every weight learns, over many configurations."""

import pytest
import torch

from stylespace.config import ModelConfig
from stylespace.networks import Discriminator, StyleAutoencoder, state_size
from tests.small import bend, vivid_model

CONFIGS = [
    ModelConfig(),
    ModelConfig(style_size=1, classes=1),
    ModelConfig(style_size=32),
    ModelConfig(style_size=3, classes=47, encoder_widths=(16,), decoder_widths=(16, 24)),
]


@pytest.mark.parametrize(
    "config", [*CONFIGS, ModelConfig(flow_layers=0), ModelConfig(flow_layers=3)]
)
def test_a_models_size_is_known_beforehand(config):
    held = StyleAutoencoder(config).state_dict().values()
    assert state_size(config) == sum(value.numel() for value in held)


@pytest.mark.parametrize("config", CONFIGS)
def test_shapes_and_ranges(config):
    model = StyleAutoencoder(config)
    digits = torch.arange(6) % config.classes
    style = model.encode(torch.rand(6, 1, 28, 28), digits)
    images = model.decode(style, digits)
    assert model.style_size == config.style_size
    assert style.shape == (6, config.style_size)
    assert images.shape == (6, 1, 28, 28)
    assert images.dtype == torch.float32
    assert 0 <= images.min() <= images.max() <= 1
    assert Discriminator(config)(style, digits).shape == (6,)


@pytest.mark.parametrize("config", CONFIGS)
def test_every_weight_gets_a_gradient(config):
    model, discriminator = StyleAutoencoder(config), Discriminator(config)
    digits = torch.arange(50) % config.classes
    style = model.encoder(torch.rand(50, 1, 28, 28), digits)
    (model.decoder(style, digits).sum() + discriminator(style, digits).sum()).backward()
    for name, value in [*model.named_parameters(), *discriminator.named_parameters()]:
        if name.startswith("flow."):
            continue  # it is fitted afterwards
        assert value.grad is not None, name
        assert value.grad.abs().sum() > 0, name


def test_the_digit_matters_to_all_three():
    model, discriminator = StyleAutoencoder(ModelConfig()), Discriminator(ModelConfig())
    images, style = torch.rand(1, 1, 28, 28), torch.randn(1, 4)
    three, eight = torch.tensor([3]), torch.tensor([8])
    assert not torch.equal(model.encode(images, three), model.encode(images, eight))
    assert not torch.equal(model.decode(style, three), model.decode(style, eight))
    assert not torch.equal(discriminator(style, three), discriminator(style, eight))


def test_at_most_two_million_weights_at_every_style_size():
    for size in (2, 32):
        model = StyleAutoencoder(ModelConfig(style_size=size))
        assert sum(value.numel() for value in model.parameters()) <= 2_000_000


@pytest.fixture
def drawn():
    model = vivid_model(style_size=3)
    bend(model)
    digits = torch.arange(5)
    style = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    return model, style, digits


def test_gradients_flow_to_styles_and_images_that_ask_for_them(drawn):
    model, style, digits = drawn
    for work, given in ((model.decode, style), (model.encode, model.decode(style, digits))):
        asking = given.clone().requires_grad_()
        work(asking, digits)[2].sum().backward()
        assert asking.grad[2].abs().max() > 0
        assert not asking.grad[3].any()
        functional = torch.func.grad(lambda some, work=work: work(some, digits)[2].sum())(given)
        assert torch.allclose(functional, asking.grad, atol=1e-4)


def test_a_style_is_found_by_its_image(drawn):
    model, style, digits = drawn
    image, found = model.decode(style, digits), torch.zeros_like(style, requires_grad=True)
    optimizer = torch.optim.Adam([found], 0.1)
    errors = []
    for _ in range(30):
        optimizer.zero_grad()
        error = (model.decode(found, digits) - image).square().mean()
        error.backward()
        optimizer.step()
        errors.append(error.item())
    assert errors[-1] < errors[0] / 2


def test_without_being_asked_no_graph_is_kept(drawn):
    model, style, digits = drawn
    image = model.decode(style, digits)
    assert not image.requires_grad
    assert not model.encode(image, digits).requires_grad
    with torch.no_grad():
        assert not model.decode(style.requires_grad_(), digits).requires_grad
