"""The leak: what the digit can be read off, and what not."""

import pytest
import torch
from torch.nn.functional import one_hot

from stylespace.evaluation.leak import leak
from stylespace.evaluation.probe import fit_probes

DIGITS = torch.arange(2000) % 10


def noise(count=2000, size=4):
    return torch.randn(count, size, generator=torch.Generator().manual_seed(3))


def test_a_style_that_names_the_digit_is_read():
    found = leak(one_hot(DIGITS).float() + 0.1 * noise(size=10), DIGITS, repeats=2)
    assert found.accuracy > 0.99
    assert min(found.per_class) > 0.97
    assert found.largest_class == 0.1


@pytest.mark.parametrize("often", [200, 800])
def test_a_style_that_tells_nothing_gives_no_more_than_the_largest_class(often):
    digits = torch.cat([torch.zeros(often, dtype=torch.int64), DIGITS[: 2000 - often] % 9 + 1])
    found = leak(noise(), digits, repeats=3)
    shares = digits.bincount() / 2000
    assert found.largest_class == pytest.approx(shares.max().item())
    # between naming each digit as often as it comes and always naming the commonest
    assert shares.square().sum() - 0.02 < found.accuracy < shares.max() + 0.02


def test_a_digit_kept_in_a_ring_is_found():
    """No line tells it: mean and direction are those of all the others."""
    codes = noise(size=2)
    ring = DIGITS == 7
    codes[ring] *= 4 / codes[ring].norm(dim=1, keepdim=True)
    found = leak(codes, DIGITS, repeats=2)
    assert found.per_class[7] > 0.9


def test_scale_and_place_of_the_codes_do_not_matter():
    codes = noise() + one_hot(DIGITS % 4)
    plain = leak(codes, DIGITS, repeats=2).accuracy
    assert leak(100 * codes - 700, DIGITS, repeats=2).accuracy == pytest.approx(plain, abs=0.01)


def test_the_splits_follow_the_seed(monkeypatch):
    learnt_from = []

    def watch(inputs, digits, *rest):
        learnt_from.append(inputs)
        return fit_probes(inputs, digits, *rest)

    monkeypatch.setattr("stylespace.evaluation.leak.fit_probes", watch)
    codes = noise(400)
    found = leak(codes, DIGITS[:400], repeats=2, seed=5)
    assert found == leak(codes, DIGITS[:400], repeats=2, seed=5)
    assert found != leak(codes, DIGITS[:400], repeats=2, seed=6)
    assert torch.equal(learnt_from[0], learnt_from[1])
    assert not torch.equal(learnt_from[0], learnt_from[2])


def test_a_dead_dimension_does_no_harm():
    codes = torch.cat([one_hot(DIGITS).float(), torch.full((2000, 1), 3.0)], dim=1)
    assert leak(codes, DIGITS, repeats=1).accuracy > 0.99
