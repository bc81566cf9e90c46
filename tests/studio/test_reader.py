"""The studio's reader: it reads, it is kept, and what is kept and no good is replaced."""

import dataclasses

import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from stylespace.checkpoint import TrainerState
from stylespace.config import TrainConfig
from stylespace.data.prepare import prepare
from stylespace.errors import DataError
from stylespace.evaluation.reader import ReaderRecipe, train_reader
from stylespace.studio import reader as module
from stylespace.studio.reader import READER_FILE, PageReader, save_reader, session_reader
from tests.small import strokes

SMALL = ReaderRecipe(channels=4, epochs=3, batch_size=50, augment=False, deformation=0.5)


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """A cache of its own, and a reader that trains in a second."""
    monkeypatch.setenv("STYLESPACE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(module, "RECIPE", SMALL)


@pytest.fixture
def session(tmp_path):
    (tmp_path / "s.ckpt").mkdir()
    return tmp_path / "s.ckpt"


def never():
    raise DataError("no images")


def same(one, other):
    return all(map(torch.equal, one.state_dict().values(), other.state_dict().values()))


def read(directory, train, classes=10):
    """The session's reader, and what was said about it."""
    said = []
    return session_reader(directory, classes, train, say=said.append), said


@pytest.mark.usefixtures("quick")
def test_reads_as_the_network_that_it_was_folded_from(session):
    data = strokes(600, 0)
    reader, _ = read(session, lambda: data)
    whole = train_reader(data, SMALL, seed=0)
    with torch.no_grad():
        wanted = whole(data.floats()).softmax(dim=1)
    assert (reader.shares(data.images) - wanted).abs().max() < 1e-5
    other = strokes(300, 1)
    right = reader.shares(other.images).argmax(dim=1) == other.digits
    assert right.float().mean() > 0.6


@pytest.mark.usefixtures("quick")
def test_is_trained_once_and_kept_in_session_and_cache(session, tmp_path):
    data = strokes(200, 0)
    first, said = read(session, lambda: data)
    assert [line.split(",")[0] for line in said] == ["training the studio's reader"]
    again, said = read(session, never)
    assert said == []
    assert same(first, again)
    (tmp_path / "other.ckpt").mkdir()
    other, said = read(tmp_path / "other.ckpt", lambda: data)
    assert said == []
    assert same(first, other)
    assert (tmp_path / "other.ckpt" / READER_FILE).read_bytes() == (
        session / READER_FILE
    ).read_bytes()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[: len(content) // 2],
        lambda _: b"",
        lambda _: b"no reader at all",
        lambda content: content.replace(b'"reader":"1"', b'"reader":"0"'),
        lambda content: content.replace(b"layers.0.bias", b"layers.9.bias"),
        lambda content: content[:-4] + b"\x00\x00\xc0\x7f",  # not a number
    ],
)
def test_a_kept_file_that_is_no_good_is_replaced(session, damage):
    data = strokes(200, 0)
    first, _ = read(session, lambda: data)
    path = session / READER_FILE
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    assert path.read_bytes() != whole
    assert same(read(session, lambda: data)[0], first)
    assert path.read_bytes() == whole


@pytest.mark.usefixtures("quick")
def test_a_reader_of_other_classes_is_replaced(session):
    save_reader(PageReader(3), session / READER_FILE)
    with pytest.raises(DataError, match="no images"):
        read(session, never)
    assert read(session, lambda: strokes(200, 0))[0].layers[-1].out_features == 10


@pytest.mark.usefixtures("quick")
def test_images_of_other_classes_are_refused(session):
    with pytest.raises(DataError, match=r"s.ckpt is for 3 classes, but its images have 10"):
        read(session, lambda: strokes(200, 0), classes=3)


@pytest.mark.usefixtures("quick")
def test_a_session_that_cannot_be_written_has_a_reader_all_the_same(session):
    data = strokes(200, 0)
    (session / READER_FILE).mkdir()
    reader, said = read(session, lambda: data)
    assert isinstance(reader, PageReader)
    assert said[-1].startswith("the reader is not kept in the session: cannot write ")


@pytest.fixture(scope="session")
def others_digits():
    """Handwriting from other writers' forms, small pictures of 8 by 8 pixels, as photographs."""
    bunch = load_digits()
    images = []
    for small in bunch.images[::6]:
        large = Image.fromarray((255 - small * 255 / 16).astype("uint8"))
        sheet = Image.new("L", (240, 240), "white")
        sheet.paste(large.resize((160, 160), Image.Resampling.BICUBIC), (40, 40))
        images.append(prepare(sheet))
    return torch.stack(images), torch.from_numpy(bunch.target[::6])


def test_reads_mnist_and_other_peoples_handwriting(session, mnist, others_digits):
    """The reader as people get it, from the user's cache where it has been trained before."""
    reader = session_reader(session, 10, lambda: mnist[0])
    right = reader.shares(mnist[1].images).argmax(dim=1) == mnist[1].digits
    assert right.float().mean() >= 0.99
    images, digits = others_digits
    right = reader.shares(images).argmax(dim=1) == digits
    assert right.float().mean() >= 0.9


@pytest.mark.usefixtures("quick")
def test_it_is_not_put_into_a_session_that_took_the_place_of_its_own(session, monkeypatch):
    position = TrainerState(config=TrainConfig(), step=1, steps=1, data="the first images")
    found = [position, dataclasses.replace(position, data="others")]
    monkeypatch.setattr("stylespace.checkpoint.position_of", lambda _: found.pop(0))
    read(session, lambda: strokes(200, 0))
    assert not (session / READER_FILE).exists()


@pytest.mark.usefixtures("quick")
def test_of_images_that_are_named_it_is_for_this_once(session, tmp_path):
    own, others = strokes(200, 0), strokes(200, 7)
    first, _ = read(session, lambda: own)
    bytes_ = (session / READER_FILE).read_bytes()
    named = session_reader(session, 10, lambda: others, named=True)
    assert not same(first, named)
    assert (session / READER_FILE).read_bytes() == bytes_
    (tmp_path / "none.ckpt").mkdir()
    session_reader(tmp_path / "none.ckpt", 10, lambda: others, named=True)
    assert not (tmp_path / "none.ckpt" / READER_FILE).exists()
