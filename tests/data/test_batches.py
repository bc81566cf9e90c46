"""Batches: an order that a seed and a step decide, and images that never come up in it."""

import pytest
import torch

from stylespace.data.batches import Batches, held_out
from stylespace.data.images import LabelledImages
from stylespace.errors import DataError

COUNTS = [(60_000, 100), (60_000, 37), (6000, 100), (5999, 100), (250, 100), (250, 50)]


def numbered(count):
    """Images that carry their own number; the digit is its last figure."""
    number = torch.arange(count)
    images = torch.zeros(count, 28, 28, dtype=torch.uint8)
    images[:, 0, 0], images[:, 0, 1] = number // 256, number % 256
    return LabelledImages(images, number % 10)


def numbers(images):
    return 256 * images[:, 0, 0].long() + images[:, 0, 1]


def epoch(batches, index):
    """The numbers of the images of all batches of an epoch."""
    steps = range(index * batches.per_epoch, (index + 1) * batches.per_epoch)
    return torch.cat([numbers(batches.at(step)[0]) for step in steps])


@pytest.mark.parametrize(("count", "batch_size"), COUNTS)
def test_an_epoch_has_as_many_batches_as_are_full_and_shows_no_held_out_image(count, batch_size):
    batches, kept_back = Batches(numbered(count), batch_size, seed=3), held_out(count)
    assert batches.per_epoch == count // batch_size
    for index in (0, 1):
        shown, times = epoch(batches, index).unique(return_counts=True)
        assert times.sum() == count // batch_size * batch_size
        assert not torch.isin(shown, kept_back).any()
        assert (times > 1).sum() <= len(kept_back)  # only held-out images' places are taken twice
        assert times.max() <= 2
        left_over = count % batch_size
        assert len(shown) >= count - len(kept_back) - max(0, left_over - len(kept_back))


@pytest.mark.parametrize(("count", "expected"), [(60_000, 1000), (6000, 100), (5999, 0), (1, 0)])
def test_one_image_in_sixty_is_held_out_unless_the_set_is_small(count, expected):
    chosen = held_out(count)
    assert len(chosen.unique()) == len(chosen) == expected
    assert torch.equal(chosen, held_out(count))


@pytest.mark.parametrize("count", [6000, 250])
def test_seen_and_unseen_part_the_data(count):
    data = numbered(count)
    batches = Batches(data, 50, seed=1)
    seen, unseen = numbers(batches.seen().images), numbers(batches.unseen().images)
    assert torch.equal(torch.cat([seen, unseen]).sort().values, torch.arange(count))
    assert torch.equal(batches.seen().digits, seen % 10)
    assert torch.equal(batches.unseen().digits, unseen % 10)
    assert torch.equal(epoch(batches, 0).unique(), seen)


def test_another_seed_holds_out_the_same_images():
    one, other = (Batches(numbered(6000), 50, seed) for seed in (0, 1))
    assert torch.equal(one.unseen().images, other.unseen().images)
    assert not torch.equal(epoch(one, 0), epoch(other, 0))


def test_a_batch_is_whole_and_its_digits_are_its_images():
    images, digits = Batches(numbered(250), 40, seed=0).at(7)
    assert images.shape == (40, 28, 28)
    assert images.dtype == torch.uint8
    assert digits.dtype == torch.int64
    assert torch.equal(digits, numbers(images) % 10)


def test_the_order_is_a_function_of_seed_and_step():
    """Whoever resumes in the middle, or goes back, sees the same."""
    data = numbered(6000)
    forward = Batches(data, 100, seed=2)
    in_order = [numbers(forward.at(step)[0]) for step in range(130)]
    mixed = Batches(data, 100, seed=2)
    for step in (129, 0, 59, 60, 1, 129):
        assert torch.equal(numbers(mixed.at(step)[0]), in_order[step])
    assert not torch.equal(torch.cat(in_order[:60]), torch.cat(in_order[60:120]))


def test_a_run_after_another_goes_on_with_its_orders():
    data = numbered(250)
    first, after = Batches(data, 50, seed=2), Batches(data, 50, seed=2, first_epoch=3)
    assert torch.equal(epoch(after, 0), epoch(first, 3))
    assert not torch.equal(epoch(after, 0), epoch(first, 0))


def test_torchs_own_random_numbers_have_no_say():
    torch.manual_seed(1)
    before = torch.get_rng_state()
    one = epoch(Batches(numbered(250), 50, seed=0), 0)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(epoch(Batches(numbered(250), 50, seed=0), 0), one)


def test_fewer_images_than_a_batch_are_refused():
    with pytest.raises(DataError, match=r"99 training images .* one batch of 100: .*--batch-size"):
        Batches(numbered(99), 100, seed=0)
