"""Whether generated digits teach: copies do, lies do not."""

import dataclasses

import pytest

from stylespace.evaluation.reader import ReaderRecipe, train_reader
from stylespace.evaluation.usefulness import usefulness
from tests.small import strokes

RECIPE = ReaderRecipe(channels=8, epochs=6, batch_size=50, augment=False)
TRAIN, TEST = strokes(600, 0), strokes(300, 1)


def test_copies_teach_as_much_as_what_they_are_copies_of():
    shares = []
    found = usefulness(TRAIN, TRAIN, TEST, recipe=RECIPE, advance=shares.append)
    assert found.generated == found.real > 0.7
    assert (found.samples, found.test) == (600, 300)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_lies_do_not_teach():
    lies = dataclasses.replace(TRAIN, digits=(TRAIN.digits + 5) % 10)
    found = usefulness(lies, TRAIN, TEST, recipe=RECIPE)
    assert found.generated < 0.1
    assert found.real > 0.7


@pytest.mark.parametrize("count", [100, 250])
def test_both_learn_from_equally_many(count):
    """The first of the training images: with these as generated digits, both are the same."""
    found = usefulness(TRAIN.subset(slice(count)), TRAIN, TEST, recipe=RECIPE)
    assert found.generated == found.real
    assert found.samples == count


def test_as_many_of_a_set_that_is_sorted_are_of_all_its_digits():
    in_order = TRAIN.subset(TRAIN.digits.argsort(stable=True))
    found = usefulness(TRAIN.subset(slice(200)), in_order, TEST, recipe=RECIPE)
    assert found.real > 0.5


def test_a_reader_of_all_training_images_is_not_trained_again():
    reader = train_reader(TRAIN, RECIPE, seed=7)
    found = usefulness(TRAIN, TRAIN, TEST, reader=reader, recipe=RECIPE)
    assert found.real == reader.accuracy(TEST)
    fewer = TRAIN.subset(slice(100))
    assert usefulness(fewer, TRAIN, TEST, reader=reader, recipe=RECIPE).real < found.real
