"""Randomness that depends on its three arguments and on nothing else."""

from itertools import combinations

import pytest
import torch

from stylespace.noise import generator

SEVERAL = [(0, "a", 0), (0, "a", 1), (0, "b", 0), (1, "a", 0), (1, "b", 1), (2**31 - 1, "a", 0)]


def draw(arguments, count=4000):
    return torch.randn(count, generator=generator(*arguments))


@pytest.mark.parametrize("arguments", SEVERAL)
def test_the_same_arguments_give_the_same_numbers_whatever_was_drawn_before(arguments):
    torch.manual_seed(1)
    one = draw(arguments)
    torch.manual_seed(2)
    torch.rand(5)
    draw((7, "c", 7))
    assert torch.equal(draw(arguments), one)


def test_seeds_streams_and_steps_are_independent_of_each_other():
    for one, other in combinations(map(draw, SEVERAL), 2):
        assert abs(float((one * other).mean())) < 5 / len(one) ** 0.5


def test_steps_in_a_row_are_independent_of_each_other():
    first = torch.stack([draw((0, "a", step), 1)[0] for step in range(2000)])
    assert abs(float(first.mean())) < 5 / 2000**0.5
    assert float(first.std()) == pytest.approx(1, abs=0.1)
    assert abs(float((first[1:] * first[:-1]).mean())) < 5 / 2000**0.5


def test_torchs_own_random_numbers_are_left_alone():
    before = torch.get_rng_state()
    draw((0, "a", 0))
    assert torch.equal(torch.get_rng_state(), before)
