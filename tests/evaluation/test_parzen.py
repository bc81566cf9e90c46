"""Parzen windows, against closed forms, plain double precision and scipy."""

import math

import pytest
import torch
from scipy import stats

from stylespace.config import ModelConfig
from stylespace.data.images import LabelledImages
from stylespace.evaluation.drawing_sections import likelihood_section
from stylespace.evaluation.parzen import BANDWIDTHS, log_likelihoods, parzen
from stylespace.evaluation.reader import Reader
from stylespace.evaluation.subject import Subject
from stylespace.networks import StyleAutoencoder


def images(count, seed=0):
    return torch.rand(count, 1, 28, 28, generator=torch.Generator().manual_seed(seed))


def plain(centres, judged, bandwidth):
    """The definition, in double precision."""
    centres, judged = centres.flatten(1).double(), judged.flatten(1).double()
    squares = (judged[:, None] - centres[None]).square().sum(dim=2)
    volume = centres.shape[1] * math.log(bandwidth * math.sqrt(2 * math.pi))
    density = torch.logsumexp(-squares / (2 * bandwidth**2), dim=1)
    return density - math.log(len(centres)) - volume


@pytest.mark.parametrize("bandwidth", [0.08, 0.2, 0.7])
def test_the_definition(bandwidth):
    centres, judged = images(40), images(300, 1) * 0.5
    judged[0] = centres[3]  # a copy
    found = log_likelihoods(centres, judged, [bandwidth, 0.5])[0]
    assert found.tolist() == pytest.approx(plain(centres, judged, bandwidth).tolist(), abs=0.05)


def test_one_dimension_is_scipys_gaussian_kde():
    centres, judged = images(1)[0, 0].reshape(-1, 1), torch.linspace(-1, 2, 30).unsqueeze(1)
    scott = 0.1 / centres.std().item()
    expected = stats.gaussian_kde(centres.squeeze(1).numpy(), bw_method=scott).logpdf(
        judged.squeeze(1).numpy()
    )
    assert log_likelihoods(centres, judged, [0.1])[0].tolist() == pytest.approx(expected, abs=1e-3)


def test_a_density_has_a_volume_of_one():
    grid = torch.linspace(-3, 4, 7001).unsqueeze(1)
    density = log_likelihoods(torch.tensor([[0.0], [0.9]]), grid, [0.2])[0].exp()
    assert density.sum().item() * 0.001 == pytest.approx(1, abs=1e-4)


def test_a_far_image_is_unlikely_but_not_infinitely():
    found = log_likelihoods(torch.zeros(5, 784), torch.ones(1, 784), [0.08])
    expected = -784 / (2 * 0.08**2) - 784 * math.log(0.08 * math.sqrt(2 * math.pi))
    assert found.item() == pytest.approx(expected, rel=1e-6)


def test_the_bandwidth_is_chosen_on_the_held_out_images_alone():
    centres = torch.zeros(10, 784)
    held_out, judged = 0.2 * torch.randn(50, 784), 0.5 * torch.randn(60, 784)
    found = parzen(centres, held_out, judged)
    # of windows around 0, that of the images' own spread is the likeliest
    assert found.bandwidth == min(BANDWIDTHS, key=lambda value: abs(math.log(value / 0.2)))
    own = plain(centres, judged, found.bandwidth)
    assert found.log_likelihood == pytest.approx(own.mean().item(), rel=1e-4)
    assert found.standard_error == pytest.approx(own.std().item() / math.sqrt(60), rel=1e-3)
    assert (found.samples, found.test, found.held_out) == (10, 60, 50)


def test_in_a_small_set_too_no_held_out_image_is_its_own_window():
    """Noise: where each had a window of its own, the narrowest bandwidth would seem the best."""
    random = torch.Generator().manual_seed(0)
    pixels = torch.randint(256, (300, 28, 28), generator=random).to(torch.uint8)
    data = LabelledImages(pixels, torch.arange(300) % 10)
    model = StyleAutoencoder(ModelConfig(style_size=2)).eval()
    subject = Subject(model, data.subset(slice(200)), data.subset(slice(200, 300)), Reader(10, 1))
    (line,) = likelihood_section(subject, lambda _: None).measures
    centres, held_out, judged = data.floats().split(100)
    best = max(BANDWIDTHS, key=lambda value: plain(centres, held_out, value).mean().item())
    assert line.chance == pytest.approx(plain(centres, judged, best).mean().item(), abs=0.1)
