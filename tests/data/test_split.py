"""Parts of a set that all digits are in, in whatever order it lies."""

import torch

from stylespace.data.split import evenly


def test_any_stretch_has_each_digit_by_its_share():
    digits = torch.tensor([0] * 600 + [1] * 300 + [2] * 100)
    order = evenly(digits)
    assert order.sort().values.tolist() == list(range(1000))
    for stretch in digits[order].split(100):
        shares = stretch.bincount(minlength=3) / 100
        assert torch.allclose(shares, torch.tensor([0.6, 0.3, 0.1]), atol=0.02)


def test_the_first_of_each_digit_come_first():
    digits = torch.arange(30) % 3
    assert evenly(digits).tolist() == list(range(30))
    by_class = digits.sort(stable=True).indices
    assert torch.equal(by_class[evenly(digits[by_class])], torch.arange(30))


def test_a_rare_digit_comes_in_the_middle():
    assert evenly(torch.tensor([0, 0, 0, 0, 1])).tolist() == [0, 1, 4, 2, 3]


def test_digits_that_are_missing_and_sets_that_are_empty():
    assert evenly(torch.tensor([7, 7, 2])).sort().values.tolist() == [0, 1, 2]
    assert len(evenly(torch.empty(0, dtype=torch.int64))) == 0
