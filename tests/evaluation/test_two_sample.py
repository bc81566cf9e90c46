"""The two-sample test: what it says where the right answer is known."""

import math
import statistics

import pytest
import torch

from stylespace.evaluation.two_sample import tell_apart, two_sample, two_sample_null

DIGITS = torch.arange(3000) % 10


def prior(count=3000, size=4, seed=7):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed))


def corners():
    """Each digit has a tenth of the first dimension to itself; all together are N(0, I)."""
    codes = prior()
    order = codes[:, 0].argsort()
    digits = torch.empty(len(codes), dtype=torch.int64)
    digits[order] = torch.arange(len(codes)) * 10 // len(codes)
    return codes, digits


@pytest.mark.parametrize("size", [1, 4, 32])
def test_the_prior_cannot_be_told_from_itself(size):
    found = two_sample(prior(size=size), DIGITS, repeats=3)
    null = two_sample_null(size, DIGITS, repeats=3)
    assert found.accuracy == pytest.approx(0.5, abs=0.025)
    assert null.accuracy == pytest.approx(0.5, abs=0.025)
    assert len(null.per_class) == 10


@pytest.mark.parametrize("shift", [1.0, 2.0])
def test_shifted_codes_are_told_as_well_as_can_be(shift):
    """No classifier does better than the normal distribution function of half the shift."""
    codes = prior() + shift * torch.tensor([1.0, 0, 0, 0])
    best = statistics.NormalDist().cdf(shift / 2)
    assert two_sample(codes, DIGITS, repeats=3).accuracy == pytest.approx(best, abs=0.03)


def test_corners_are_found_although_all_codes_together_are_the_prior():
    codes, digits = corners()
    pooled = two_sample(codes, torch.zeros_like(digits), 1, repeats=2).accuracy
    assert pooled == pytest.approx(0.5, abs=0.03)
    # the best there is: right on every code, wrong on the tenth of the prior in the digit's corner
    assert 0.87 < two_sample(codes, digits, repeats=2).accuracy < 0.96


def test_the_digit_that_is_off_is_named():
    codes = prior()
    codes[DIGITS == 3] += 3
    told = two_sample(codes, DIGITS, repeats=3).per_class
    assert told[3] > 0.9
    assert statistics.mean(told[:3] + told[4:]) == pytest.approx(0.5, abs=0.03)


def test_the_figures_go_together_and_follow_the_seed():
    found = two_sample(prior(600), DIGITS[:600], repeats=4, seed=5)
    assert found.accuracy == pytest.approx(statistics.mean(found.repeats))
    assert found.spread == pytest.approx(statistics.stdev(found.repeats))
    assert statistics.mean(found.per_class) == pytest.approx(found.accuracy, abs=0.01)
    assert found == two_sample(prior(600), DIGITS[:600], repeats=4, seed=5)
    assert found != two_sample(prior(600), DIGITS[:600], repeats=4, seed=6)


def test_the_null_and_its_prior_samples_follow_the_seed(monkeypatch):
    told = []

    def watch(pairs, *rest, **how):
        told.append(torch.stack([torch.stack(pair) for pair in pairs]))
        return tell_apart(pairs, *rest, **how)

    monkeypatch.setattr("stylespace.evaluation.two_sample.tell_apart", watch)
    found = [two_sample_null(4, DIGITS[:400], repeats=2, seed=seed) for seed in (5, 5, 6)]
    assert found[0] == found[1] != found[2]
    assert torch.equal(told[0], told[1])
    for one, other in zip(told[0].flatten(0, 1), told[2].flatten(0, 1), strict=True):
        assert not torch.equal(one, other)


def test_each_repeat_has_a_split_and_a_prior_sample_of_its_own(monkeypatch):
    told = []
    monkeypatch.setattr(
        "stylespace.evaluation.two_sample.tell_apart",
        lambda pairs, orders, *_, **__: told.append((pairs, orders)),
    )
    two_sample(prior(200), DIGITS[:200], repeats=3)
    ((pairs, orders),) = told
    assert len({tuple(order.tolist()) for order in orders}) == 3
    assert len({float(sample[0, 0]) for _, sample in pairs}) == 3


def test_few_codes_are_told_too():
    codes, digits = 2 * prior()[:400], DIGITS[:400]
    assert two_sample(codes, digits).accuracy > 0.7


def test_a_digit_that_is_missing_has_no_figure():
    told = two_sample(prior(400), DIGITS[:400] % 9, repeats=1).per_class
    assert [math.isnan(value) for value in told] == [False] * 9 + [True]
