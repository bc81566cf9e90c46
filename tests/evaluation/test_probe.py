"""Probes: that they learn what is there, and always the same."""

import dataclasses
import math

import pytest
import torch

from stylespace.evaluation.probe import Probes, Recipe, fit_probes, spread

RECIPE = Recipe(width=32, epochs=20, batch_size=50)


def quadrants(probes=2, count=500):
    """Whether two coordinates have the same sign: nothing that a line could tell."""
    inputs = torch.randn(probes, count, 2, generator=torch.Generator().manual_seed(1))
    return inputs, (inputs.prod(dim=2) > 0).long()


def test_learns_what_no_line_tells():
    nets = fit_probes(*quadrants(), 2, RECIPE)
    inputs, labels = quadrants(count=2000)
    assert (nets.read(inputs) == labels).float().mean(dim=1).min() > 0.93


def test_each_probe_learns_from_its_own_vectors():
    inputs, labels = quadrants()
    labels[1] = 1 - labels[1]
    first, second = fit_probes(inputs, labels, 2, RECIPE).read(inputs[:1].expand(2, -1, -1))
    assert (first == second).float().mean() < 0.1


def test_the_same_seed_gives_the_same_probe_whatever_else_was_drawn():
    inputs, labels = quadrants()
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = fit_probes(inputs, labels, 2, RECIPE, seed=3)(inputs)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(fit_probes(inputs, labels, 2, RECIPE, seed=3)(inputs), one)
    assert not torch.equal(fit_probes(inputs, labels, 2, RECIPE, seed=4)(inputs), one)


@pytest.mark.parametrize("count", [1, 49, 51])
def test_fewer_vectors_than_a_batch_or_a_few_more_are_enough(count):
    inputs, labels = quadrants(count=count)
    assert fit_probes(inputs, labels, 2, RECIPE).read(inputs).shape == (2, count)


def test_all_members_have_a_say():
    nets = Probes(1, (1, 2), torch.Generator(), members=2)
    nets.biases[0].data = torch.tensor([[[1.0, 0.0]], [[0.0, 3.0]]])
    assert nets.read(torch.zeros(1, 1, 1)).tolist() == [[1]]


def test_weights_decay_unless_told_otherwise():
    sizes = []
    for recipe in (Recipe(), Recipe(weight_decay=0.0)):
        nets = fit_probes(*quadrants(), 2, dataclasses.replace(recipe, epochs=20, batch_size=50))
        sizes.append(sum(float(weight.detach().square().sum()) for weight in nets.weights))
    assert sizes[0] < 0.99 * sizes[1]


def test_spread_is_that_of_a_sample():
    assert spread([1.0, 3.0]) == pytest.approx(math.sqrt(2))
    assert math.isnan(spread([1.0]))
