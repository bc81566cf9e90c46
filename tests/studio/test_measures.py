"""What a style dimension is said to change."""

import pytest
import torch

from stylespace.data.deform import Deformation
from stylespace.evaluation.morphology import handwriting_measures
from stylespace.studio import measures
from stylespace.studio.measures import MEASURES, measure, name_dimensions
from tests.small import vivid_model


@pytest.mark.parametrize(
    ("name", "least"), [("slant", 0.99), ("thickness", 0.97), ("width", 0.98), ("height", 0.9)]
)
def test_agrees_with_the_evaluations_measures(mnist, name, least):
    images = mnist[1].images[:300]
    place = MEASURES.index(name)
    both = torch.stack([measure(images)[:, place], handwriting_measures(images)[:, place]])
    assert torch.corrcoef(both)[0, 1] > least


def test_an_empty_image_measures_nothing():
    assert measure(torch.zeros(2, 28, 28, dtype=torch.uint8)).tolist() == [[0.0] * 4] * 2


class Slanting:
    """A model of one hand, of which one dimension slants, and one thickens, every digit."""

    style_size = 4
    config = vivid_model().config

    def __init__(self, images):
        self.images = images

    def draw(self, style, digits):
        images = self.images[digits]
        still = Deformation.draw(len(images), 0, torch.Generator())
        grid = still.grid.clone()
        grid[..., 0] += 0.2 * style[:, 2, None, None] * grid[..., 1]
        ink = (0.3 * style[:, 1]).clamp(-0.8, 0.8).view(-1, 1, 1, 1)
        drawn = Deformation(grid, ink).apply(images)[:, 0]
        return drawn.mul_(255).round_().to(torch.uint8)


def test_names_the_dimensions_that_slant_and_thicken(mnist, monkeypatch):
    monkeypatch.setattr(measures, "draw", Slanting.draw)
    test = mnist[1]
    ones = torch.stack([test.images[test.digits == digit][3] for digit in range(10)])
    found = name_dimensions(Slanting(ones[:, None] / 255))
    assert [one.name for one in found] == [None, "thickness", "slant", None]
    assert found[2].correlation > 0.9
    assert abs(found[0].correlation) < 0.5


def test_a_dimension_that_changes_nothing_has_no_name():
    model = vivid_model()
    for weights in model.decoder.parameters():
        weights.data.zero_()
    assert [one.name for one in name_dimensions(model)] == [None] * 4
