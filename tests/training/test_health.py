"""The line on the style space's health says what is off, and only that."""

import math
from types import SimpleNamespace

import pytest
import torch

from stylespace.config import ModelConfig
from stylespace.networks import StyleAutoencoder
from stylespace.training.health import Health, describe, measure, remark

WELL = {"mean": 0.03, "spread": (0.97, 1.02), "dead": (), "detection": 0.53}


def test_a_good_style_space_is_called_healthy():
    line = describe(Health(**WELL))
    assert line.endswith("healthy")
    assert "mean within 0.03 of 0, spread 0.97 to 1.02 of the prior's 1" in line


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"spread": (0.2, 1.0)}, "collapsing"),
        ({"spread": (0.9, 3.0)}, "do not match the prior yet"),
        ({"mean": 0.9}, "do not match the prior yet"),
        ({"detection": 0.95}, "tells codes from the prior"),
        ({"detection": 0.82}, "tells codes from the prior"),
        ({"detection": 0.503, "spread": (0.9, 3.0)}, "the discriminator is stuck"),
        ({"detection": 0.5, "mean": 0.9}, "the discriminator is stuck"),
        ({"mean": math.nan, "spread": (math.nan, math.nan)}, "do not match the prior"),
        ({"dead": (2, 5)}, "the decoder ignores dimension 2, 5"),
    ],
)
def test_what_is_off_is_said_with_a_hint(change, says):
    line = describe(Health(**{**WELL, **change}))
    assert says in line
    assert not line.endswith("healthy")


def test_of_many_ignored_dimensions_some_are_named():
    line = describe(Health(**{**WELL, "dead": tuple(range(1, 65))}))
    assert "the decoder ignores dimension 1, 2, 3, 4, 5, 6, 7, 8 and 56 more:" in line


def test_a_few_test_images_are_no_ground_for_a_verdict():
    torch.manual_seed(0)
    model = StyleAutoencoder(ModelConfig(style_size=1)).eval()
    line = describe(measure(model, torch.randn(1, 1), torch.tensor([3]), (0.4, 0.8)))
    assert "spread 0.00 to 0.00" in line
    assert line.endswith("too few test images to judge it by")
    assert remark(Health(**{**WELL, "mean": 0.9, "enough": False})) is None


def test_figures_are_measured_on_the_codes():
    torch.manual_seed(0)
    model = StyleAutoencoder(ModelConfig(style_size=3)).eval()
    with torch.no_grad():
        model.decoder.layers.dense[0].weight[:, 1] = 0  # the decoder cannot see dimension 2
    code = torch.randn(20_000, 3) * torch.tensor([1.0, 1.0, 2.0]) + torch.tensor([0.5, 0, 0])
    health = measure(model, code, torch.arange(20_000) % 10, (0.4, 0.8))
    assert health.mean == pytest.approx(0.5, abs=0.05)
    assert health.spread == pytest.approx((1, 2), abs=0.05)
    assert health.detection == pytest.approx(0.6)
    assert 2 in health.dead


def test_a_dimension_that_changes_little_is_not_dead():
    def decode(style, _):
        return style @ torch.tensor([0.01, 0.001])  # mean squared changes of 1e-4 and 1e-6

    style = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    model = SimpleNamespace(decode=decode, style=lambda code, _: code)
    health = measure(model, style, torch.arange(500) % 10, None)
    assert health.dead == (2,)
