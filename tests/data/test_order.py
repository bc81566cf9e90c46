"""A set too large for a permutation is trained on window by window, and still all of it."""

import pytest
import torch

from stylespace.data import batches as batches_module
from stylespace.data import order
from stylespace.data.batches import Batches, held_out
from stylespace.data.images import LabelledImages
from stylespace.data.order import Shuffled, Windows, order_of

COUNTS = [4000, 4001, 4159, 4160]  # of blocks of 160 and windows of 640


@pytest.fixture(autouse=True)
def small_windows(monkeypatch):
    monkeypatch.setattr(order, "BLOCK", 160)
    monkeypatch.setattr(order, "WINDOW", 4)
    for module in (order, batches_module):
        monkeypatch.setattr(module, "LARGE", 3000)


def numbered(count):
    number = torch.arange(count)
    images = torch.zeros(count, 28, 28, dtype=torch.uint8)
    images[:, 0, 0], images[:, 0, 1] = number // 256, number % 256
    return LabelledImages(images, number % 10)


def numbers(images):
    return 256 * images[:, 0, 0].long() + images[:, 0, 1]


def test_the_size_decides():
    unseen = torch.empty(0, dtype=torch.int64)
    assert isinstance(order_of(torch.zeros(3000, 1), unseen, 0), Shuffled)
    assert isinstance(order_of(torch.zeros(3001, 1), unseen, 0), Windows)


def test_other_images_take_the_places_of_the_held_out_ones_in_each_epoch():
    shuffled = Shuffled(100, torch.arange(0, 100, 5), seed=3)
    fillers = [set(shuffled.rows(epoch, 80, 100).tolist()) for epoch in range(3)]
    assert all(len(one) == 20 for one in fillers)
    assert fillers[0] != fillers[1] != fillers[2] != fillers[0]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("batch_size", [50, 700])
def test_an_epoch_shows_every_image_once_and_no_held_out_one(count, batch_size):
    batches, kept_back = Batches(numbered(count), batch_size, seed=3), held_out(count)
    assert len(kept_back) > 0
    orders = []
    for epoch in (0, 1):
        steps = range(epoch * batches.per_epoch, (epoch + 1) * batches.per_epoch)
        shown = torch.cat([numbers(batches.at(step)[0]) for step in steps])
        assert len(shown) == count // batch_size * batch_size
        images, times = shown.unique(return_counts=True)
        assert not torch.isin(shown, kept_back).any()
        assert (times > 1).sum() <= len(kept_back)
        assert len(images) >= len(shown) - len(kept_back)
        orders.append(shown)
    assert not torch.equal(*orders)


def test_neighbours_in_the_file_are_no_neighbours_in_the_order():
    batches = Batches(numbered(4160), 50, seed=0)
    shown = torch.cat([numbers(batches.at(step)[0]) for step in range(batches.per_epoch)])
    assert ((shown[1:] - shown[:-1]).abs() < 5).float().mean() < 0.05
    assert len((shown[:640] // 160).unique()) == 4  # a window's blocks, from all over the file


def test_the_order_is_a_function_of_seed_and_step():
    data = numbered(4159)
    forward, mixed, other = (Batches(data, 100, seed) for seed in (2, 2, 4))
    in_order = [numbers(forward.at(step)[0]) for step in range(90)]
    for step in (85, 0, 39, 41, 6, 7, 85):
        assert torch.equal(numbers(mixed.at(step)[0]), in_order[step])
    assert not torch.equal(numbers(other.at(0)[0]), in_order[0])


@pytest.mark.parametrize("count", [4160, 160])
def test_blocks_and_what_is_in_them_come_in_an_order_of_each_seed_and_epoch(count):
    """Of 160 there is but one block."""
    unseen, images = torch.empty(0, dtype=torch.int64), torch.zeros(count, 1)
    rows = [
        Windows(images, unseen, seed).rows(epoch, 0, 150) for seed in (1, 2) for epoch in (0, 1)
    ]
    blocks = [tuple(shown.div(160, rounding_mode="floor").unique().tolist()) for shown in rows]
    assert len(set(blocks)) == (4 if count > 160 else 1)
    assert len({tuple(shown.tolist()) for shown in rows}) == 4


@pytest.mark.parametrize("count", [3000, 4159])
def test_parts_of_a_batch_are_the_same_places_of_the_whole(count):
    data, places = numbered(count), (slice(0, 10), slice(70, 85))
    whole, parts = Batches(data, 100, seed=2), Batches(data, 100, seed=2, parts=places)
    for step in (0, 6, 29):
        images, digits = whole.at(step)
        for found, wanted in zip(parts.at(step), (images, digits), strict=True):
            assert torch.equal(found, torch.cat([wanted[place] for place in places]))


def test_what_is_looked_at_of_a_large_set_does_not_grow_with_it(monkeypatch):
    monkeypatch.setattr(batches_module, "SAMPLE", 500)
    batches = Batches(numbered(4159), 100, seed=0)
    seen, unseen = numbers(batches.seen().images), numbers(batches.unseen().images)
    assert 400 < len(seen.unique()) == len(seen) <= 500
    assert 40 < len(unseen.unique()) == len(unseen) <= 50
    assert not torch.isin(seen, unseen).any()
    assert torch.equal(batches.seen().digits, seen % 10)
    assert torch.equal(unseen, held_out(4159))
