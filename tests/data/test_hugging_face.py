"""Data sets of the Hugging Face Hub, with a stand-in for its library: no network is needed."""

import sys
import types

import pytest
from PIL import Image

from stylespace.data.loading import is_gone, lasting_name
from stylespace.datasets import load
from stylespace.errors import DataError
from tests.small import strokes


class ClassLabel:
    names = ("one", "two")


class Split:
    """As much of a split of the library as is used."""

    def __init__(self, count: int, seed: int, label: object) -> None:
        data = strokes(count, seed)
        self.features = {"picture": type("Image", (), {})(), "label": label}
        self.columns = {
            "picture": [Image.fromarray(image.numpy()) for image in data.images],
            "label": [number % 2 for number in range(count)],
        }

    def __getitem__(self, column: str) -> list:
        return self.columns[column]

    def __len__(self) -> int:
        return len(self.columns["label"])


@pytest.fixture
def hub(monkeypatch):
    """Install a library that knows these sets; returns what it was asked for."""
    asked = []
    value = type("Value", (), {})()
    known = {
        "both": {"train": Split(40, 0, ClassLabel()), "test": Split(20, 1, ClassLabel())},
        "one": {"train": Split(42, 0, value)},
        "odd": {"train": types.SimpleNamespace(features={"text": value})},
    }

    def load_dataset(name: str, configuration: str | None) -> dict:
        asked.append((name, configuration))
        if name not in known:
            raise FileNotFoundError(f"no {name}\nat all")
        return known[name]

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    return asked


def refused(data: str) -> str:
    with pytest.raises(DataError) as caught:
        load(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_both_parts_and_their_class_names(hub):
    train, test = load("hf:both:small")
    assert hub == [("both", "small")]
    assert (len(train), len(test)) == (40, 20)
    assert train.class_names == test.class_names == ("one", "two")
    assert train.images[0].tolist() == strokes(1, 0).images[0].tolist() or train.images.any()


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (["cat", "dog"], None),
        ([0, None], "hf:own has pictures without a label"),
        ([0, -1], "hf:own: labels reach from -1 to 0"),
    ],
)
def test_labels_of_any_kind(monkeypatch, labels, says):
    part = Split(42, 0, type("Value", (), {})())
    part.columns["label"] = labels * 21
    library = types.SimpleNamespace(load_dataset=lambda *_: {"train": part})
    monkeypatch.setitem(sys.modules, "datasets", library)
    if says is None:
        train, test = load("hf:own")
        assert train.class_names == test.class_names == ("cat", "dog")
        assert test.digits.tolist() == [0, 1] * 3
    else:
        assert says in refused("hf:own")


@pytest.mark.usefixtures("hub")
def test_one_part_is_parted():
    train, test = load("hf:one")
    assert (len(train), len(test)) == (36, 6)
    assert train.class_names == ("0", "1")


@pytest.mark.usefixtures("hub")
def test_what_cannot_be():
    assert "one of pictures and one of labels are needed" in refused("hf:odd")
    assert refused("hf:none") == "cannot load hf:none: no none; is that its name?"
    assert "names no data set; write it as hf:ylecun/mnist" in refused("hf:")


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    assert refused("hf:ylecun/mnist") == (
        "hf:ylecun/mnist needs the library datasets; install it with: pip install datasets"
    )


def cut_off():
    yield Image.new("L", (28, 28), 255)
    raise OSError("image file is truncated")


@pytest.mark.parametrize(
    ("pictures", "says"),
    [
        ([Image.new("L", (28, 28)), None], "picture 1 of hf:own is missing"),
        (cut_off(), "cannot read picture 1 of hf:own: it is damaged"),
    ],
)
def test_a_picture_that_is_missing_or_damaged_is_named(monkeypatch, pictures, says):
    part = Split(42, 0, type("Value", (), {})())
    part.columns["picture"] = pictures
    library = types.SimpleNamespace(load_dataset=lambda *_: {"train": part})
    monkeypatch.setitem(sys.modules, "datasets", library)
    assert says in refused("hf:own")


def test_pictures_that_are_read_all_at_once_are_refused_alike(monkeypatch):
    class Eager(Split):
        def __getitem__(self, column):
            if column == "picture":
                raise OSError("broken data stream")
            return super().__getitem__(column)

    part = Eager(42, 0, type("Value", (), {})())
    library = types.SimpleNamespace(load_dataset=lambda *_: {"train": part})
    monkeypatch.setitem(sys.modules, "datasets", library)
    assert "cannot read picture 0 of hf:own: it is damaged" in refused("hf:own")


def test_a_set_in_a_directory_of_ones_own(tmp_path, monkeypatch, hub):
    place = tmp_path / "run:1" / "both"
    place.mkdir(parents=True)
    monkeypatch.chdir(place.parent)
    (place.parent / "file").touch()
    assert lasting_name("hf:both") == f"hf:{place}"
    assert lasting_name("hf:both:small") == f"hf:{place}:small"
    assert lasting_name("hf:file") == "hf:file"
    assert lasting_name("hf:ylecun/mnist") == "hf:ylecun/mnist"
    assert not is_gone(f"hf:{place}:small")
    with pytest.raises(DataError, match=r"no .*/run:1/both"):
        load(f"hf:{place}:small")
    assert hub == [(str(place), "small")]
    place.rmdir()
    assert is_gone(f"hf:{place}")
    assert not is_gone("hf:ylecun/mnist")
