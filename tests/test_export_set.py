import io
import shutil
import struct
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from stylespace.data.idx import FILES, IMAGES_HEADER, LABELS_HEADER, count_of, decode
from stylespace.errors import StylespaceError, UsageError
from stylespace.export_set import SampleSet, is_npz, set_size, write_set
from stylespace.generation import AT_ONCE, BLOCK, draw, random_styles
from tests.small import vivid_model


@pytest.fixture(scope="module")
def model():
    return vivid_model(decoder_widths=(32,))


def read_npz(path):
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in ("images", "digits", "styles")}


def read_idx(directory):
    """Images and labels by the package's own reader, styles by the format's description."""
    images = (directory / "images-idx3-ubyte").read_bytes()
    labels = (directory / "labels-idx1-ubyte").read_bytes()
    pixels = decode(io.BytesIO(images), FILES[0], "images")
    digits = decode(io.BytesIO(labels), FILES[1], "labels")
    styles = (directory / "styles-idx2-float32").read_bytes()
    magic, count, size = struct.unpack_from(">3I", styles)
    assert magic == 0x00000D02
    assert count == count_of(FILES[0], pixels)
    return {
        "images": np.frombuffer(pixels, np.uint8, offset=IMAGES_HEADER).reshape(-1, 28, 28),
        "digits": np.frombuffer(digits, np.uint8, offset=LABELS_HEADER),
        "styles": np.frombuffer(styles, ">f4", offset=12).reshape(count, size),
    }


FORMS = {"set.npz": read_npz, "set": read_idx}


@pytest.fixture(params=FORMS)
def form(request, tmp_path):
    """A path of each form and what reads it."""
    return tmp_path / request.param, FORMS[request.param]


@pytest.mark.parametrize("count", [1, 25, BLOCK + 10, AT_ONCE + 10])
def test_the_styles_in_a_set_draw_its_images(model, form, count):
    path, read = form
    write_set(SampleSet(model=model, count=count, seed=3), path)
    found = read(path)
    assert found["images"].shape == (count, 28, 28)
    assert found["images"].dtype == np.uint8
    assert np.array_equal(found["digits"], np.arange(count) % 10)
    styles = torch.from_numpy(found["styles"].astype(np.float32))
    assert torch.equal(styles, random_styles(count, 4, seed=3))
    drawn = draw(model, styles, torch.from_numpy(found["digits"].astype(np.int64)))
    assert np.array_equal(drawn.numpy(), found["images"])


def test_npz_keeps_the_types_that_its_description_names(model, tmp_path):
    write_set(SampleSet(model=model, count=20), tmp_path / "set.npz")
    found = read_npz(tmp_path / "set.npz")
    assert {name: array.dtype.str for name, array in found.items()} == {
        "images": "|u1",
        "digits": "<i8",
        "styles": "<f4",
    }
    with zipfile.ZipFile(tmp_path / "set.npz") as archive:
        assert archive.testzip() is None
        # no names where they are the numbers
        assert archive.namelist() == ["images.npy", "digits.npy", "styles.npy"]


def test_a_small_set_is_the_beginning_of_a_large_one(model, form):
    path, read = form
    found = {}
    for count in (30, BLOCK + 30):
        write_set(SampleSet(model=model, count=count), path)
        found[count] = read(path)
    for name, array in found[30].items():
        assert np.array_equal(array, found[BLOCK + 30][name][:30])


def test_one_digit_alone(model, form):
    path, read = form
    write_set(SampleSet(model=model, count=12, digit=4), path)
    found = read(path)
    assert found["digits"].tolist() == [4] * 12
    assert len(np.unique(found["styles"], axis=0)) == 12


def test_the_same_set_is_the_same_bytes_and_another_seed_is_not(model, tmp_path):
    for name, seed in (("a.npz", 1), ("b.npz", 1), ("c.npz", 2)):
        write_set(SampleSet(model=model, count=40, seed=seed), tmp_path / name)
    a, b, c = ((tmp_path / name).read_bytes() for name in ("a.npz", "b.npz", "c.npz"))
    assert a == b
    assert a != c


def test_progress_ends_at_the_size_that_was_told(model, form):
    path, _ = form
    samples = SampleSet(model=model, count=AT_ONCE + 7)
    told = []
    write_set(samples, path, told.append)
    assert sum(told) == set_size(samples, path)
    blocks = AT_ONCE // BLOCK + 1
    assert len(told) == 2 + 2 * blocks  # images, digits and styles
    files = [path] if is_npz(path) else list(path.iterdir())
    written = sum(file.stat().st_size for file in files)
    assert set_size(samples, path) < written < set_size(samples, path) + 2000


@pytest.mark.parametrize("there", [True, False])
def test_a_stopped_export_leaves_what_was_there(model, form, there, tmp_path):
    path, read = form
    if there:
        write_set(SampleSet(model=model, count=11), path)

    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_set(SampleSet(model=model, count=50), path, stop)
    assert [item.name for item in tmp_path.iterdir()] == ([path.name] if there else [])
    if there:
        assert len(read(path)["images"]) == 11


@pytest.mark.parametrize(("room", "fits"), [(-1, False), (0, True)])
def test_a_set_larger_than_the_free_space_is_refused_at_once(
    model, form, room, fits, tmp_path, monkeypatch
):
    path, _ = form
    samples = SampleSet(model=model, count=100)
    free = SimpleNamespace(free=set_size(samples, path) + room)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    if fits:
        write_set(samples, path)
        return
    with pytest.raises(UsageError, match=r"set.* would take .* GB, and there is room for"):
        write_set(samples, path)
    assert list(tmp_path.iterdir()) == []


def test_idx_labels_are_bytes_and_no_more_classes_than_that_go_in(tmp_path):
    samples = SampleSet(model=vivid_model(decoder_widths=(4,), classes=257), count=257)
    with pytest.raises(UsageError, match=r"at most 256 digits .*export to a \.npz file"):
        write_set(samples, tmp_path / "set")
    assert list(tmp_path.iterdir()) == []
    write_set(samples, tmp_path / "set.npz")
    assert read_npz(tmp_path / "set.npz")["digits"].tolist() == list(range(257))


@pytest.mark.parametrize("name", ["file/set.npz", "file/set", "file"])
def test_a_place_that_cannot_be_written_is_named(model, tmp_path, name):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(StylespaceError, match=f"cannot write .*{name}"):
        write_set(SampleSet(model=model, count=10), tmp_path / name)
    assert (tmp_path / "file").read_text() == "kept"
    assert len(list(tmp_path.iterdir())) == 1
