"""Slant, thickness, width and height of drawings whose measures are known."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage import morphology, transform

from stylespace.evaluation.morphology import handwriting_measures
from tests.small import strokes

SLANT, THICKNESS, WIDTH, HEIGHT = range(4)
FINE = 8


def bar(wide=3.0, high=18.0, shear=0.0):
    """An upright bar, sheared to the right, as a pixel's share of ink."""
    place = (torch.arange(28.0 * FINE) + 0.5) / FINE - 14
    y, x = torch.meshgrid(place, place, indexing="ij")
    ink = ((x + shear * y).abs() < wide / 2) & (y.abs() < high / 2)
    pixels = ink.float().view(28, FINE, 28, FINE).mean(dim=(1, 3))
    return (255 * pixels).round().to(torch.uint8)


def measure(image):
    return handwriting_measures(image.unsqueeze(0))[0].tolist()


def definition(image, scale=4):
    """Morpho-MNIST's measures, step by step, with the image library's own enlargement."""
    image = image.double().numpy() / 255
    fine = np.floor(255 * transform.pyramid_expand(image, scale, order=3, channel_axis=None))
    y, x = np.mgrid[: len(fine), : len(fine)]
    total = fine.sum()
    x_mean, y_mean = (x * fine).sum() / total, (y * fine).sum() / total
    shear = ((x - x_mean) * (y - y_mean) * fine).sum() / ((y - y_mean) ** 2 * fine).sum()
    stroke = fine >= (fine.min() + fine.max()) / 2
    distance = ndimage.distance_transform_edt(np.pad(stroke, 1))[1:-1, 1:-1]
    thickness = 2 * distance[morphology.skeletonize(stroke)].mean() / scale

    def extent(places):
        edges = np.arange(len(fine))
        below = [(fine * (places < edge)).sum() / total for edge in edges]
        low, high = np.interp([0.01, 0.99], below, edges)
        return (high - low) / scale

    width = extent(x + 0.5 - shear * (y - y_mean))
    return [np.arctan(-shear), thickness, width, extent(y)]


@pytest.mark.parametrize("index", range(0, 20, 3))
def test_the_measures_are_those_of_the_definition(index):
    image = strokes(20, 3).images[index]
    assert measure(image) == pytest.approx(definition(image), abs=0.02)


@pytest.mark.parametrize("shear", [-0.6, -0.2, 0.0, 0.2, 0.6])
def test_slant_is_the_angle_and_leans_to_the_right_above_0(shear):
    found = measure(bar(shear=shear))
    assert found[SLANT] == pytest.approx(math.atan(shear), abs=0.01)
    assert found[HEIGHT] == pytest.approx(18, abs=0.1)


@pytest.mark.parametrize("wide", [2, 3, 4, 5])
def test_thickness_of_an_upright_bar_is_its_width(wide):
    assert measure(bar(wide))[THICKNESS] == pytest.approx(wide, abs=0.05)


@pytest.mark.parametrize("angle", [0, 20, 45, 70, 90])
@pytest.mark.parametrize("wide", [2, 4])
def test_thickness_is_taken_across_the_stroke_whichever_way_it_goes(wide, angle):
    place = (torch.arange(28.0 * FINE) + 0.5) / FINE - 14
    y, x = torch.meshgrid(place, place, indexing="ij")
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    along, across = x * cos + y * sin, y * cos - x * sin
    beyond = (along.abs() - 8).clamp(min=0)  # round ends: the skeleton has no branches there
    ink = (across**2 + beyond**2 < (wide / 2) ** 2).float()
    pixels = ink.view(28, FINE, 28, FINE).mean(dim=(1, 3))
    image = (255 * pixels).round().to(torch.uint8)
    assert measure(image)[THICKNESS] == pytest.approx(wide, abs=0.25)  # an enlarged pixel


@pytest.mark.parametrize(("wide", "high"), [(10, 16), (16, 10), (14, 20)])
def test_width_and_height_hold_the_ink(wide, high):
    found = measure(bar(wide, high))
    assert found[WIDTH] == pytest.approx(wide, abs=0.5)
    assert found[HEIGHT] == pytest.approx(high, abs=0.5)


@pytest.mark.parametrize("shear", [0.2, 0.5])
def test_width_is_taken_along_the_slant(shear):
    upright, slanted = measure(bar(8)), measure(bar(8, shear=shear))
    assert slanted[WIDTH] == pytest.approx(upright[WIDTH], abs=0.5)


def test_a_dilated_stroke_is_thicker_and_leans_as_before():
    image = bar(2, shear=0.3)
    thick = torch.from_numpy(ndimage.grey_dilation(image.numpy(), size=(3, 3)))
    assert measure(thick)[THICKNESS] > measure(image)[THICKNESS] + 1
    assert measure(thick)[SLANT] == pytest.approx(measure(image)[SLANT], abs=0.06)


@pytest.mark.parametrize("index", range(0, 10, 2))
def test_a_mirrored_image_leans_to_the_other_side_and_is_else_the_same(index):
    image = strokes(10, 5).images[index]
    there, back = measure(image), measure(image.flip(1))
    assert back[SLANT] == pytest.approx(-there[SLANT], abs=1e-4)
    assert back[THICKNESS:] == pytest.approx(there[THICKNESS:], abs=0.1)


@pytest.mark.parametrize("image", [torch.zeros(28, 28), torch.full((28, 28), 9)])
def test_nothing_to_measure_is_nan_and_does_not_spoil_its_neighbours(image):
    found = handwriting_measures(torch.stack([bar(), image.to(torch.uint8), bar(4)]))
    assert found[1].isnan().all()
    assert found[[0, 2], THICKNESS].tolist() == pytest.approx([3, 4], abs=0.05)


@pytest.mark.parametrize(("darkest", "shown"), [(15, False), (20, True)])
def test_a_faint_drawing_is_measured_if_it_shows_at_all(darkest, shown):
    faint = (bar(8) / 255 * darkest).round().to(torch.uint8)
    found = measure(faint)
    assert math.isfinite(found[THICKNESS]) == shown
    if shown:
        assert found == pytest.approx(measure(bar(8)), abs=0.3)


def test_strange_drawings_have_finite_measures_or_none():
    dot, edge = torch.zeros(28, 28), torch.zeros(28, 28)
    dot[13, 13] = 255
    edge[:, 0] = 255
    random = torch.Generator().manual_seed(0)
    snow = torch.randint(256, (28, 28), generator=random)
    stack = torch.stack([dot, edge, snow, 255 - bar().float()]).to(torch.uint8)
    found = handwriting_measures(stack)
    assert (found.isfinite().all(dim=1) | found.isnan().all(dim=1)).all()
    assert found[1, THICKNESS] < 2  # the image's edge bounds a stroke that lies along it


def test_many_are_measured_as_one_is():
    images = strokes(510, 0).images
    together = handwriting_measures(images)
    assert together[505].tolist() == pytest.approx(measure(images[505]))
    assert handwriting_measures(images[:0]).shape == (0, 4)
