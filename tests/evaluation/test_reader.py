"""The independent reader: it learns, is kept, and kept files that are no good are replaced."""

import dataclasses

import pytest
import torch

from stylespace.errors import DataError
from stylespace.evaluation.reader import READER, Reader, ReaderRecipe, cached_reader, train_reader
from tests.small import strokes

SMALL = ReaderRecipe(channels=4, epochs=3, batch_size=50)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("STYLESPACE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "readers"


def reader_of(data):
    """The cached reader, and what was said about it."""
    said = []
    reader = cached_reader(data, lambda _: None, said.append)
    return reader, said


def same(one, other):
    return all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))


def test_learns_the_strokes():
    """Of strokes whose directions overlap by their noise, 0.88 can be told apart at best."""
    shares = []
    reader = train_reader(strokes(1200, 0), READER, seed=0, advance=shares.append)
    assert reader.accuracy(strokes(600, 1)) > 0.8
    assert not reader.training
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_is_trained_once_for_a_set_and_then_read():
    data = strokes(200, 0)
    first, said = reader_of(data)
    assert len(said) == 1
    assert said[0].startswith("training the independent reader")
    second, said = reader_of(data)
    assert said == []
    assert same(first, second)


@pytest.mark.parametrize("change", ["images", "digits", "class_names"])
def test_other_images_have_another_reader(cache, change):
    data = strokes(200, 0)
    other = {
        "images": data.images.flip(1),
        "digits": data.digits.flip(0),
        "class_names": (*data.class_names, "ten"),
    }
    reader_of(data)
    _, said = reader_of(dataclasses.replace(data, **{change: other[change]}))
    assert len(said) == 1
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda _: b"",
        lambda _: b"not a reader at all",
        lambda content: content.replace(b"name.weight", b"game.weight"),
    ],
)
def test_a_damaged_file_is_replaced_by_the_same_reader(cache, damage):
    data = strokes(200, 0)
    first, _ = reader_of(data)
    (path,) = cache.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    second, said = reader_of(data)
    assert len(said) == 1
    assert same(first, second)
    assert reader_of(data)[1] == []


def test_a_cache_that_cannot_be_written_costs_time_alone(cache):
    cache.parent.write_text("a file where the directory should be")
    reader, said = reader_of(strokes(200, 0))
    assert isinstance(reader, Reader)
    assert said[1].startswith("the reader is not kept: cannot write ")


def test_the_same_seed_gives_the_same_reader_whatever_else_was_drawn():
    data = strokes(200, 0)
    torch.manual_seed(1)
    one = train_reader(data, SMALL, seed=3)
    torch.manual_seed(2)
    assert same(train_reader(data, SMALL, seed=3), one)
    assert not same(train_reader(data, SMALL, seed=4), one)


def test_features_are_what_the_digit_is_read_from():
    data = strokes(150, 0)
    reader = train_reader(data, SMALL, seed=0)
    features = reader.features(data.images)
    assert features.shape == (150, 128)
    with torch.no_grad():
        assert torch.equal(reader.name(features).argmax(dim=1), reader.read(data.images))


def test_no_images_no_reader():
    with pytest.raises(DataError, match="no images"):
        train_reader(strokes(10, 0).subset(slice(0)), SMALL, seed=0)
