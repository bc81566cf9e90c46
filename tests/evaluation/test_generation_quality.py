"""Readable, varied, new: against plain definitions."""

import pytest
import torch

from stylespace.evaluation.generation_quality import (
    CoverageDensity,
    coverage_density,
    nearest_images,
    readable,
)


def vectors(count, seed, size=8):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed))


def plain_coverage_density(reference, samples, k):
    """Naeem et al. 2020, equations 5 and 6, a vector at a time."""
    among = [sorted((one - other).norm().item() for other in reference) for one in reference]
    reach = [distances[k] for distances in among]  # the first is its own, 0
    inside = [
        [(one - sample).norm().item() <= radius for sample in samples]
        for one, radius in zip(reference, reach, strict=True)
    ]
    coverage = sum(any(row) for row in inside) / len(reference)
    return coverage, sum(map(sum, inside)) / (k * len(samples))


@pytest.mark.parametrize("k", [1, 5])
@pytest.mark.parametrize("scale", [0.3, 1.0, 1.6])
def test_coverage_and_density_are_the_papers(k, scale):
    reference, samples = vectors(60, 0), scale * vectors(50, 1)
    found = coverage_density(reference, samples, k)
    expected = plain_coverage_density(reference, samples, k)
    assert (found.coverage, found.density) == pytest.approx(expected)


def test_blocks_do_not_change_the_figures():
    reference, samples = vectors(2300, 0), vectors(2100, 1)
    reach = torch.cdist(reference, reference).kthvalue(6, dim=1).values
    inside = torch.cdist(samples, reference) <= reach
    found = coverage_density(reference, samples)
    assert found.coverage == pytest.approx(inside.any(dim=0).float().mean().item(), abs=1e-3)
    assert found.density == pytest.approx(inside.sum().item() / (5 * 2100), rel=1e-3)


def test_where_samples_come_from_the_references_own_distribution():
    """The paper's expectations: density 1, coverage 1 - (1 - n/(n + m)...) = 1 - 2^-k."""
    found = coverage_density(vectors(3000, 0), vectors(3000, 1))
    assert found.density == pytest.approx(1, abs=0.05)
    assert found.coverage == pytest.approx(1 - 0.5**5, abs=0.02)


def test_one_mode_covers_little_and_far_samples_nothing():
    reference = torch.cat([vectors(100, 0), vectors(300, 1) + 30])
    one_mode = coverage_density(reference, vectors(400, 2))
    assert one_mode.coverage <= 0.25
    assert one_mode.density > 0.9
    far = coverage_density(reference, vectors(400, 2) - 100)
    assert (far.coverage, far.density) == (0, 0)


def test_readable_counts_what_was_asked_for():
    asked = torch.tensor([0, 0, 0, 0, 1, 1, 1, 1])
    found = readable(torch.tensor([0, 0, 0, 1, 1, 1, 0, 0]), asked, 3)
    assert found.share == 5 / 8
    assert found.per_class[:2] == (0.75, 0.5)
    assert found.per_class[2] != found.per_class[2]  # nobody asked for it
    assert found.spread == pytest.approx((5 / 8 * 3 / 8 / 8) ** 0.5)


@pytest.fixture(scope="module")
def many():
    random = torch.Generator().manual_seed(0)
    return torch.randint(256, (10_040, 28, 28), generator=random).to(torch.uint8)


@pytest.mark.parametrize("place", [0, 9999, 10_000, 10_039])
def test_a_copied_image_is_found_wherever_it_is(many, place):
    found = nearest_images(many[place : place + 1], many)
    assert (found.index.item(), found.distance.item()) == (place, 0)


def test_the_nearest_image_is_that_of_the_plain_definition(many):
    close = many[[5, 10_020]].clone()
    close[0, 3, 3] ^= 64
    close[1] = 255 - close[1]
    differences = (close[:, None].double() - many[None].double()).flatten(2) / 255
    expected = differences.norm(dim=2).min(dim=1)
    found = nearest_images(close, many)
    assert found.index.tolist() == expected.indices.tolist()
    assert found.distance.tolist() == pytest.approx(expected.values.tolist())
    assert found.distance[0].item() == pytest.approx(64 / 255)


@pytest.mark.parametrize("samples", [1000, 3000])
def test_what_is_perfect_is_what_two_samples_of_one_distribution_have(samples):
    found = coverage_density(vectors(3000, 0), vectors(samples, 1))
    assert found.coverage == pytest.approx(found.alike, abs=0.03)


@pytest.mark.parametrize(("k", "alike"), [(1, 1 - 2 / 4), (2, 1 - 2 / 4 * 1 / 3)])
def test_what_is_perfect_is_counted_exactly(k, alike):
    """Of three of a reference and two samples, each order of distances is as likely."""
    found = CoverageDensity(coverage=0, density=0, k=k, reference=3, samples=2)
    assert found.alike == pytest.approx(alike)
