"""Measures of strokes against shapes that are known, and turns against turns that are known."""

import math

import pytest
import torch

from stylespace.training.alignment import MEASURES, rotations, stroke_measures


def bars(*, slant: float = 0.0, thickness: float = 3.0, apart: float = 0.0) -> torch.Tensor:
    """One image of two upright strokes, `apart` pixels from each other."""
    y, x = torch.meshgrid(torch.arange(28.0) - 13.5, torch.arange(28.0) - 13.5, indexing="ij")
    ink = torch.zeros(28, 28)
    for place in (-apart / 2, apart / 2):
        across = (x + slant * y - place).abs()
        ink = torch.maximum(ink, (thickness / 2 + 0.5 - across).clamp(0, 1) * (y.abs() < 9))
    return (255 * ink).round().to(torch.uint8)[None]


def measured(**shape: float) -> dict[str, float]:
    return dict(zip(MEASURES, stroke_measures(bars(**shape))[0].tolist(), strict=True))


@pytest.mark.parametrize("slant", [-0.4, 0.0, 0.3])
def test_slant_is_that_of_the_strokes(slant):
    assert measured(slant=slant)["slant"] == pytest.approx(math.atan(slant), abs=0.03)


def test_thickness_is_the_strokes_and_not_the_digits():
    thin, thick = measured(thickness=2, apart=8), measured(thickness=4, apart=8)
    assert thick["thickness"] - thin["thickness"] == pytest.approx(0.69, abs=0.15)
    assert measured(thickness=2, apart=12)["thickness"] == pytest.approx(
        thin["thickness"], abs=0.02
    )
    for one in (2, 3, 4):  # one stroke and two are as thick
        of_one, of_two = (measured(thickness=one, apart=apart)["thickness"] for apart in (0, 12))
        assert of_one == pytest.approx(of_two, abs=0.02)
        assert math.exp(of_one) == pytest.approx(18 * one / (18 + one), abs=0.1)  # ends count


def test_width_does_not_change_with_slant():
    upright, leaning = measured(apart=8), measured(apart=8, slant=0.4)
    assert leaning["width"] == pytest.approx(upright["width"], abs=0.03)
    assert measured(apart=12)["width"] > upright["width"] + 0.3


@pytest.mark.parametrize("slant", [0.0, 0.3])
def test_width_is_how_far_the_ink_reaches(slant):
    widths = [math.exp(measured(apart=apart, slant=slant)["width"]) for apart in (6, 10)]
    assert widths == pytest.approx([9, 13], abs=1)  # pixels are taken for points
    assert widths[1] - widths[0] == pytest.approx(4, abs=0.3)


def test_an_image_that_shows_nothing_has_finite_measures():
    blank = torch.zeros(2, 28, 28, dtype=torch.uint8)
    blank[1] = 255
    assert stroke_measures(blank).isfinite().all()


@pytest.mark.parametrize("size", [1, 2, 3, 4, 16])
def test_digits_that_were_turned_are_turned_back(size):
    random = torch.Generator().manual_seed(size)
    same = torch.diag(torch.tensor([0.9, 0.8, 0.7])) @ torch.eye(3, size)
    turned = torch.linalg.qr(torch.eye(size) + 0.3 * torch.randn(10, size, size, generator=random))
    found = rotations(same @ turned.Q)
    aligned = same @ turned.Q @ found
    assert torch.allclose(found @ found.transpose(1, 2), torch.eye(size), atol=1e-5)
    assert torch.allclose(aligned, same.expand_as(aligned), atol=0.02)


def test_a_digit_of_which_nothing_is_known_is_still_only_turned():
    loadings = torch.randn(10, 3, 4, generator=torch.Generator().manual_seed(0))
    loadings[7] = 0
    found = rotations(loadings)
    assert torch.allclose(found @ found.transpose(1, 2), torch.eye(4), atol=1e-5)


def test_directions_that_follow_no_measure_turn_no_farther_than_they_must():
    random = torch.Generator().manual_seed(1)
    turned = torch.linalg.qr(torch.eye(6) + 0.3 * torch.randn(6, 6, generator=random)).Q
    turned = turned * turned.diagonal().sign()
    loadings = torch.diag(torch.tensor([0.9, 0.8, 0.7])) @ torch.eye(3, 6) @ turned
    left = rotations(loadings.repeat(10, 1, 1))[:, 3:, 3:]
    assert torch.allclose(left, left.transpose(1, 2), atol=0.01)  # nothing turns among them
    assert torch.linalg.eigvalsh(left).min() > 0
