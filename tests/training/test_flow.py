"""The flow brings codes of any shape to the prior's, and keeps one style one hand."""

import pytest
import torch

from stylespace.config import ModelConfig
from stylespace.networks import Flow, StyleAutoencoder
from stylespace.training.calibration import Calibrator
from stylespace.training.flow import LEAST_UNSEEN, Codes, FlowPass, fit_flow
from stylespace.training.master import flatten
from tests.small import bend, strokes, vivid_model

SMALL = {"encoder_widths": (32,), "decoder_widths": (32,), "classes": 2, "flow_widths": (32,)}


def model_of(size, **more):
    return vivid_model(style_size=size, **SMALL | more)


def bananas(count, seed):
    """Two digits' codes, of mean 0 and covariance I, curved to opposite sides."""
    random = torch.Generator().manual_seed(seed)
    digits = torch.arange(count) % 2
    x, y = torch.randn(2, count, generator=random)
    y = (0.5 * y + (2 * digits - 1) * (x.square() - 1) / 2) / 0.75**0.5
    return Codes(torch.stack([x, y], dim=1), digits)


def curved(style, digits):
    """How much of the curve is left, by digit: 0 is none."""
    x, y = (style - style.mean(dim=0)).T
    return torch.tensor(
        [float((x.square() * y)[digits == digit].mean()) for digit in (0, 1)]
    ).abs()


@pytest.fixture(scope="module")
def fitted():
    model, codes = model_of(2), bananas(20_000, 0)
    fit_flow(model, codes, torch.zeros(20_000, 3), bananas(500, 1), 1.0, seed=0)
    return model


def test_other_codes_of_that_shape_become_the_priors(fitted):
    codes = bananas(5000, 2)
    style = fitted.flow(*codes)
    assert curved(*codes).min() > 0.9
    assert curved(style, codes.digits).max() < 0.3
    assert (torch.cov(style.T) - torch.eye(2)).abs().max() < 0.15
    assert style.mean(dim=0).abs().max() < 0.1


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_way_back_is_exact(size):
    model = model_of(size)
    bend(model)
    style, digits = torch.randn(100, size), torch.arange(100) % 2
    codes = model.flow.inverse(style, digits)
    assert torch.allclose(model.flow(codes, digits), style, atol=1e-5)
    assert torch.equal(codes, style) == (size == 1)  # one dimension has no halves


@pytest.mark.parametrize("size", [2, 5])
def test_the_written_derivative_is_autograds(size):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        flow = Flow(ModelConfig(style_size=size, flow_widths=(7, 9))).double()
        for layer in flow.layers:
            torch.nn.init.normal_(layer.dense[-1].weight)
        vectors, digits = torch.randn(20, size).double(), torch.arange(20) % 10

    def one(vector, digit):
        return flow(vector[None], digit[None])[0]

    parameters = list(flow.requires_grad_().parameters())
    jacobians = torch.vmap(torch.func.jacrev(one))(vectors, digits)
    stretch = torch.linalg.slogdet(jacobians).logabsdet
    loss = flow(vectors, digits).cos().sum() - stretch.mean()
    wanted = torch.autograd.grad(loss, parameters)
    for value in parameters:
        value.grad = torch.full_like(value, torch.nan)
    through = FlowPass(flow)
    with torch.no_grad():
        style, logarithms = through.forward(vectors, digits)
        through.backward(-style.sin())
    assert torch.allclose(logarithms, stretch, atol=1e-5)
    for value, gradient in zip(parameters, wanted, strict=True):
        assert torch.allclose(value.grad, gradient)


def test_the_first_dimension_follows_the_measure_in_all_digits():
    random = torch.Generator().manual_seed(0)
    vectors, digits = torch.randn(20_000, 2, generator=random), torch.arange(20_000) % 2
    measure = vectors[torch.arange(20_000), digits][:, None]  # another dimension in each digit
    model = model_of(2)
    curve = bananas(20_000, 0).vectors - bananas(20_000, 3).vectors
    codes = Codes(vectors + 0.3 * curve, digits)
    fit_flow(model, codes, measure, Codes(codes.vectors[:2000], digits[:2000]), 1.0, seed=0)
    style = model.flow(*codes)
    for digit in (0, 1):
        own = digits == digit
        follows = torch.corrcoef(torch.stack([style[own, 0], measure[own, 0]]))[0, 1]
        assert follows > 0.6


def unchanged(flow):
    vectors = torch.randn(50, 2)
    return torch.allclose(flow(vectors, torch.arange(50) % 2), vectors, atol=1e-5)


def test_without_enough_unseen_codes_there_is_no_flow():
    model, codes = model_of(2), bananas(5000, 0)
    few = bananas(LEAST_UNSEEN - 1, 1)
    fit_flow(model, codes, torch.zeros(5000, 3), few, 1.0, seed=0)
    assert unchanged(model.flow)


def test_a_flow_that_does_not_suit_unseen_codes_is_dropped():
    model, codes = model_of(2), bananas(5000, 0)
    flat = Codes(torch.randn(500, 2) * torch.tensor([1.0, 0.2]), torch.arange(500) % 2)
    fit_flow(model, codes, torch.zeros(5000, 3), flat, 1.0, seed=0)
    assert unchanged(model.flow)


def test_the_seed_decides():
    codes, other = bananas(3000, 0), bananas(500, 1)
    flows = []
    for seed in (0, 0, 1):
        model = model_of(2)
        torch.manual_seed(len(flows))
        fit_flow(model, codes, torch.zeros(3000, 3), other, 1.0, seed)
        flows.append(flatten(model.flow, torch.float32))
    assert torch.equal(flows[0], flows[1])
    assert not torch.equal(flows[0], flows[2])


def test_the_last_calibration_has_a_flow_and_draws_the_same_images():
    data, unseen = strokes(4000, 0), strokes(500, 1)
    model = model_of(3, classes=10)
    calibrator = Calibrator(data, unseen)
    calibrator.calibrate(model)
    images, digits = unseen.floats(), unseen.digits
    before = model.encode(images, digits)
    drawn = model.decode(before, digits)
    calibrator.calibrate(model, last=True)
    style = model.encode(images, digits)
    assert (style - before).abs().max() > 0.1
    assert torch.allclose(model.decode(style, digits), drawn, atol=1e-3)
    calibrator.calibrate(model)  # as when training goes on
    assert torch.allclose(model.encode(images, digits), before, atol=1e-5)


def test_a_flow_does_not_change_the_first_weights_of_what_is_made_after_it():
    def next_random(**config):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            StyleAutoencoder(ModelConfig(**config))
            return torch.randn(1)

    assert torch.equal(next_random(), next_random(flow_layers=0))


def test_a_flow_that_only_reaches_farther_is_dropped():
    """What seen codes are meant to have beyond the prior says nothing for unseen ones."""
    model, random = model_of(2), torch.Generator().manual_seed(0)
    seen, unseen = (
        Codes(torch.randn(count, 2, generator=random), torch.arange(count) % 2)
        for count in (5000, 1000)
    )
    fit_flow(model, seen, torch.zeros(5000, 3), unseen, 1.4, seed=0, epochs=4)
    assert unchanged(model.flow)
