"""Distances from the prior, against closed forms and scipy."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from stylespace.evaluation.gaussianity import (
    bootstrap,
    ks_statistics,
    moments,
    sliced_wasserstein,
)


def sample(count=2000, size=3, seed=0):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("size", [1, 3, 16])
def test_sliced_wasserstein_of_a_shift(size):
    """A shift m is seen as u.m in the direction u, whose mean square is |m|^2 / d."""
    shift = torch.linspace(-1, 2, size) if size > 1 else torch.tensor([2.0])
    expected = shift.norm().item() / math.sqrt(size)
    found = sliced_wasserstein(sample(size=size), sample(size=size) + shift, directions=2000)
    assert found == pytest.approx(expected, rel=0.06)


@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_sliced_wasserstein_of_another_spread(factor):
    """Sorted projections of a sample and its multiple differ by the multiple of each."""
    one = sample(20_000)
    assert sliced_wasserstein(one, factor * one) == pytest.approx(abs(factor - 1), rel=0.02)


def test_sliced_wasserstein_is_a_distance():
    one, other = sample(seed=1), 2 * sample(seed=2) + 1
    assert sliced_wasserstein(one, one[torch.randperm(len(one))]) == 0
    assert sliced_wasserstein(one, other) == pytest.approx(sliced_wasserstein(other, one))


@pytest.mark.parametrize(("size", "shift"), [(1.0, 0.25), (0.3, -0.9)])
def test_moments_are_numpys(size, shift):
    mixed = size * torch.tensor([[1.0, 0.3, 0], [0, 2, 0], [0.1, 0, 0.5]])
    codes = sample() @ mixed + shift
    found = moments(codes)
    covariance = np.cov(codes.numpy().T)
    assert found.mean == pytest.approx(codes.numpy().mean(axis=0), abs=1e-5)
    assert found.spread == pytest.approx(np.sqrt(covariance.diagonal()), rel=1e-4)
    assert found.largest_mean == pytest.approx(max(np.abs(found.mean)))
    assert found.largest_covariance == pytest.approx(abs(covariance - np.eye(3)).max(), rel=1e-4)


@pytest.mark.parametrize("count", [2, 7, 2000])
def test_ks_statistics_are_scipys(count):
    codes = sample(count) * torch.tensor([1.0, 0.7, 3]) + torch.tensor([0, 0.4, -8])
    expected = [stats.kstest(line, "norm").statistic for line in codes.numpy().T]
    assert ks_statistics(codes).tolist() == pytest.approx(expected, abs=1e-6)


def test_ks_statistic_of_a_dead_dimension():
    assert ks_statistics(torch.zeros(50, 1)).item() == pytest.approx(0.5)


def test_bootstrap_draws_with_replacement():
    resamples = bootstrap(1000, 20)
    distinct = np.mean([len(index.unique()) for index in resamples]) / 1000
    assert distinct == pytest.approx(1 - math.exp(-1), abs=0.01)
    assert not torch.equal(resamples[0], resamples[1])
