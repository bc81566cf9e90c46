import pytest
import torch

from stylespace.data.deform import Deformation
from tests.small import strokes

POSITION = (torch.arange(28) + 0.5) / 14 - 1


def deformation(count, amount=1.0, seed=0):
    return Deformation.draw(count, amount, torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def images():
    return strokes(60, 0).floats()


def centres(images, axis):
    """Centre of mass along an axis, in [-1, 1]: `[n]`."""
    mass = images.sum(dim=(1, 5 - axis))
    return (mass * POSITION).sum(dim=1) / mass.sum(dim=1)


def test_amount_0_moves_nothing_and_hardly_changes_anything(images):
    result = deformation(60, amount=0).apply(images)
    assert (result - images).abs().mean() < 0.02
    for axis in (2, 3):
        assert (centres(result, axis) - centres(images, axis)).abs().max() < 0.005


@pytest.mark.parametrize("amount", [0.0, 0.5, 1.0, 3.0])
def test_images_stay_images(images, amount):
    before = images.clone()
    result = deformation(60, amount).apply(images)
    assert result.shape == images.shape
    assert result.dtype == torch.float32
    assert result.min() >= 0
    assert result.max() <= 1
    assert torch.equal(images, before)


def test_moved_images_are_no_softer_than_others(images):
    drawn = deformation(60, amount=0.25)
    moved = Deformation(drawn.grid, torch.zeros_like(drawn.ink)).apply(images)
    before, after = (
        float(one.diff(dim=2).square().mean() + one.diff(dim=3).square().mean())
        for one in (images, moved)
    )
    assert after == pytest.approx(before, rel=0.1)


def test_more_is_stronger(images):
    changes = [
        (deformation(60, amount).apply(images) - images).abs().mean().item()
        for amount in (0, 0.25, 0.5, 1)
    ]
    assert changes == sorted(changes)
    assert changes[-1] > 3 * changes[0]


def test_the_same_random_numbers_give_the_same_deformation(images):
    same, again, other = deformation(60, seed=1), deformation(60, seed=1), deformation(60, seed=2)
    assert torch.equal(same.apply(images), again.apply(images))
    assert not torch.equal(same.apply(images), other.apply(images))


def test_rows_move_against_each_other_as_far_as_the_slant_says():
    bar = torch.zeros(200, 1, 28, 28)
    bar[..., 13:15] = 1
    drawn = deformation(200, 0.5)
    rows = drawn.apply(bar)[:, 0, 4:24].clamp(min=1e-6)
    found = (rows * POSITION).sum(-1) / rows.sum(-1)
    # the bar is where the grid comes from x = 0, on each row's straight line
    start, end = drawn.grid[:, 4:24, 0, 0], drawn.grid[:, 4:24, -1, 0]
    expected = POSITION[0] - start * (POSITION[-1] - POSITION[0]) / (end - start)
    assert (found - expected).abs().max() < 0.02
    slant = found[:, -1] - found[:, 0]
    assert slant.std() > 0.05
    assert slant.min() < 0 < slant.max()


@pytest.mark.parametrize("seed", range(3))
def test_one_deformation_does_the_same_to_every_image(seed):
    """Two dots at a place, in whatever company, are at one place afterwards."""
    drawn = deformation(1, seed=seed)
    dot, company = torch.zeros(2, 1, 1, 28, 28)
    dot[..., 8:11, 8:11] = 1
    company[..., 8:11, 8:11] = 1
    company[..., 20:24, 18:25] = 0.7
    alone, beside = drawn.apply(dot), drawn.apply(company)
    assert torch.equal(alone[..., :14, :14], beside[..., :14, :14])


def test_each_image_of_a_batch_has_a_deformation_of_its_own(images):
    drawn = deformation(60)
    together = drawn.apply(images)
    for index in (0, 31, 59):
        one = Deformation(drawn.grid[index : index + 1], drawn.ink[index : index + 1])
        assert torch.allclose(one.apply(images[index : index + 1])[0], together[index], atol=1e-6)
    same = images[:1].expand(60, -1, -1, -1)
    assert len(drawn.apply(same).flatten(1).unique(dim=0)) == 60


def test_ink_thickens_and_thins(images):
    grid = deformation(60, amount=0).grid
    totals = torch.stack(
        [
            Deformation(grid, torch.full((60, 1, 1, 1), ink)).apply(images).sum(dim=(1, 2, 3))
            for ink in (-0.8, -0.4, 0.0, 0.4, 0.8)
        ]
    )
    assert (totals.diff(dim=0) > 0.04 * totals[2]).all()


def test_ink_never_goes_all_the_way():
    ink = deformation(500, amount=3).ink
    assert (float(ink.min()), float(ink.max())) == pytest.approx((-0.8, 0.8))


def test_ink_thickens_no_paper_and_thins_no_solid_ink():
    grid = deformation(2, amount=0).grid
    plain = torch.stack([torch.zeros(1, 28, 28), torch.ones(1, 28, 28)])
    for ink in (-0.8, 0.8):
        result = Deformation(grid, torch.full((2, 1, 1, 1), ink)).apply(plain)
        assert (result[..., 2:-2, 2:-2] - plain[..., 2:-2, 2:-2]).abs().max() < 1e-6
