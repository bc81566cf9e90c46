"""The same hand: correlations and cycle error where they are known."""

import itertools
import math

import numpy as np
import pytest
import torch

from stylespace.evaluation.handwriting import cycle_error, pair_correlations, same_hand
from stylespace.evaluation.morphology import MEASURES


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def shared(share, styles=400, digits=10):
    """Measures of which `share` of the variance is the style's, the rest each digit's own."""
    common = noise(styles, 1, 4, seed=1) * math.sqrt(share)
    return common + noise(styles, digits, 4, seed=2) * math.sqrt(1 - share)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9])
def test_the_correlation_is_the_share_of_what_is_common(share):
    found = same_hand(shared(share))
    assert [hand.measure for hand in found] == list(MEASURES)
    for hand in found:
        assert hand.mean == pytest.approx(share, abs=0.05)
        assert hand.null == pytest.approx(0, abs=0.03)
        assert hand.worst <= hand.mean


def test_digits_that_differ_by_scale_and_place_alone_are_one_hand():
    measured = noise(50, 1, 4) * (1 + torch.arange(10.0)).view(1, 10, 1) + 7
    for hand in same_hand(measured):
        assert hand.mean == pytest.approx(1)
        assert hand.worst == pytest.approx(1)
        assert hand.spread == pytest.approx(0, abs=1e-6)


def test_the_worst_pair_is_named():
    measured = shared(0.9)
    measured[:, 8] = -measured[:, 3]
    for hand in same_hand(measured):
        assert hand.worst_pair == (3, 8)
        assert hand.worst == pytest.approx(-1)


def test_styles_that_could_not_be_measured_are_left_out():
    measured = shared(0.5)
    spoilt = torch.cat([measured, noise(3, 10, 4)])
    spoilt[400, 2] = torch.nan
    spoilt[401, [0, 9]] = torch.nan
    spoilt[402, 5] = torch.nan
    for hand, whole in zip(same_hand(spoilt), same_hand(measured), strict=True):
        assert (hand.mean, hand.styles, hand.failed) == (whole.mean, 400, 4)


@pytest.mark.parametrize("left", [0, 1])
def test_where_nothing_can_be_measured_nothing_is_claimed(left):
    measured = torch.full((20, 10, 4), torch.nan)
    measured[:left] = 1.0
    for hand in same_hand(measured):
        assert math.isnan(hand.mean)
        assert hand.styles == left


def test_four_times_the_styles_halve_the_spread():
    few, many = same_hand(shared(0.5, styles=150)), same_hand(shared(0.5, styles=600))
    ratios = [one.spread / other.spread for one, other in zip(few, many, strict=True)]
    assert np.mean(ratios) == pytest.approx(2, rel=0.2)


def test_pair_correlations_are_numpys():
    values = noise(30, 5) @ noise(5, 5, seed=1)
    expected = np.corrcoef(values.numpy().T)
    pairs = itertools.combinations(range(5), 2)
    assert pair_correlations(values).tolist() == pytest.approx([expected[pair] for pair in pairs])


def test_low_and_high_hold_nine_tenths():
    measured = torch.linspace(0, 1, 1000).view(100, 10, 1).expand(-1, -1, 4)
    hand = same_hand(measured)[0]
    assert (hand.low, hand.high) == pytest.approx((0.05, 0.95), abs=0.002)


def test_cycle_error_of_known_size():
    style, off = noise(2000, 4), torch.arange(10.0).view(1, 10, 1) / 10
    found = cycle_error(style, style.unsqueeze(1) + off)
    assert found.per_class == pytest.approx([digit / 10 for digit in range(10)], abs=1e-5)
    assert found.error == pytest.approx(math.sqrt(0.285))
    assert found.spread == pytest.approx(0, abs=1e-5)  # the same for each style vector
    assert found.samples == 20_000


def test_the_cycles_null_is_another_style_vector_not_another_digit_of_the_same():
    style = noise(3000, 4)
    found = cycle_error(style, style.unsqueeze(1).expand(-1, 10, -1))
    assert found.error == 0
    assert found.null == pytest.approx(math.sqrt(2), rel=0.02)  # of two vectors of the prior


def test_the_cycles_spread_counts_style_vectors_not_drawings():
    """Ten digits that err alike say no more than one."""
    style, off = noise(500, 4), noise(500, 1, 4, seed=1)
    one = cycle_error(style, style.unsqueeze(1) + off)
    ten = cycle_error(style, style.unsqueeze(1) + off.expand(-1, 10, -1))
    assert ten.spread == pytest.approx(one.spread, rel=1e-3)
    # four squared normals in each mean: its standard error is half of sqrt(2 / (4 * 500))
    assert one.spread == pytest.approx(math.sqrt(2 / 2000) / 2, rel=0.15)
