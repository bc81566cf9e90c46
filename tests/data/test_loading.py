"""`load`: from a directory of one's own, or where --data-dir says."""

import gzip
from pathlib import Path

import pytest
import torch
from PIL import Image

from stylespace.data.catalog import SETS
from stylespace.data.idx import FILES, images_header, labels_header
from stylespace.datasets import load, names
from stylespace.errors import DataError
from tests.data.conftest import TEST, TRAIN, put


def refused(data: object, data_dir: object = None) -> str:
    with pytest.raises(DataError) as caught:
        load(data, data_dir)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_mnist_is_mnist(mnist):
    train, test = mnist
    assert train.digits.bincount().tolist() == [
        5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949
    ]  # fmt: skip
    assert test.digits[:5].tolist() == [7, 2, 1, 0, 4]
    assert train.images.float().mean().item() == pytest.approx(0.1307 * 255, abs=0.02)
    assert train.class_names == tuple("0123456789")


def test_a_directory_of_ones_own(tmp_path, files):
    train, test = load(put(tmp_path / "own", files))
    assert (len(train), len(test)) == (TRAIN, TEST)
    assert train.images.numpy().tobytes() == files[FILES[0]][16:]
    assert test.digits.tolist() == list(files[FILES[3]][8:])
    assert test.digits.dtype == torch.int64


def test_the_classes_of_ones_own_set_go_to_its_largest_training_label(tmp_path, files):
    files[FILES[1]] = labels_header(TRAIN) + bytes(i % 12 for i in range(TRAIN))
    train, test = load(put(tmp_path / "own", files))
    assert train.class_names == test.class_names == tuple(map(str, range(12)))


def test_a_path_may_start_at_home(tmp_path, files, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    put(tmp_path / "own", files)
    assert len(load("~/own")[0]) == TRAIN


def test_an_unknown_user_in_a_path_is_no_crash():
    assert "~nobody-of-that-name/x is not a directory" in refused("~nobody-of-that-name/x")


@pytest.mark.parametrize("folder", ["", "MNIST/raw", "raw"])
@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("joint", ["-idx", ".idx"])
def test_a_named_set_under_its_usual_spellings(tmp_path, files, tiny, folder, ending, joint):
    spelled = {name.replace("-idx", joint): content for name, content in files.items()}
    put(tmp_path / folder, spelled, ending)
    train, _ = load(tiny.name, tmp_path)
    assert train.images.numpy().tobytes() == files[FILES[0]][16:]


def test_another_sets_torchvision_folder_is_not_taken(tmp_path, files, tiny):
    put(tmp_path / "FashionMNIST" / "raw", files)
    assert f"there is no {FILES[0]} (raw or .gz) in {tmp_path}" in refused(tiny.name, tmp_path)


@pytest.mark.usefixtures("tiny")
def test_a_name_wins_over_a_directory_of_that_name(tmp_path, files, monkeypatch):
    thirteen = bytes(i % 13 for i in range(TRAIN))
    put(tmp_path / "data", files)
    put(tmp_path / "tiny", {**files, FILES[1]: labels_header(TRAIN) + thirteen})
    monkeypatch.chdir(tmp_path)
    assert len(load("tiny", "data")[0].class_names) == 10
    assert len(load("./tiny")[0].class_names) == 13


def test_a_directory_needs_no_separator(tmp_path, files, monkeypatch):
    put(tmp_path / "own", files)
    monkeypatch.chdir(tmp_path)
    assert len(load("own")[0]) == TRAIN


def test_an_unknown_name_is_told_the_known_ones():
    message = refused("minst")
    assert message.startswith("no data set is called 'minst'")
    assert all(name in message for name in names())


def test_an_empty_name_is_not_the_current_directory():
    assert refused("").startswith("no data set is called ''")


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named_with_its_folder(tmp_path, files, tiny, name):
    put(tmp_path, {other: files[other] for other in FILES if other != name})
    missing = f"there is no {name} (raw or .gz) in {tmp_path}; put it there"
    assert refused(tmp_path) == missing
    assert refused(tiny.name, tmp_path) == f"{missing}, or leave --data-dir out to have it fetched"


def test_of_a_set_in_one_part_the_lacking_file_is_named(tmp_path, files):
    put(tmp_path, {"images-idx3-ubyte": files[FILES[0]]})
    assert f"there is no labels-idx1-ubyte (raw or .gz) in {tmp_path}" in refused(tmp_path)


def test_a_session_is_no_data_set(tmp_path):
    (tmp_path / "images").mkdir()
    Image.new("L", (28, 28)).save(tmp_path / "images/epoch-1.png")
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).touch()
    told = refused(tmp_path)
    assert told == f"{tmp_path} is a session, not a data set; name the images themselves"


def test_no_directory_there(tmp_path, tiny):
    missing = tmp_path / "none"
    assert refused(missing).startswith(f"{missing} is not a directory; ")
    assert refused(tiny.name, missing).startswith(f"{missing} is not a directory; ")


def test_a_directory_twice_is_refused(tmp_path, files):
    put(tmp_path, files)
    assert (
        refused(tmp_path, tmp_path) == f"{tmp_path} is a directory already; leave --data-dir out"
    )


def test_images_and_labels_that_disagree_in_number(tmp_path, files, tiny):
    files[FILES[3]] = labels_header(TEST - 1) + bytes(TEST - 1)
    put(tmp_path, files)
    for message in (refused(tmp_path), refused(tiny.name, tmp_path)):
        assert f"{tmp_path / FILES[2]} holds 20 images, but {tmp_path / FILES[3]} 19" in message


def test_a_label_beyond_the_classes(tmp_path, files, tiny):
    files[FILES[3]] = labels_header(TEST) + bytes([10] * TEST)
    path = put(tmp_path, files) / FILES[3]
    assert f"{path} has a label 10, but the training labels end at 9" in refused(tmp_path)
    assert f"{path} has a label 10, but Tiny's labels end at 9" in refused(tiny.name, tmp_path)


@pytest.mark.parametrize("name", FILES)
def test_other_bytes_than_the_named_sets_are_refused_by_file(tmp_path, files, tiny, name):
    files[name] = files[name][:-1] + bytes([files[name][-1] ^ 1])
    path = put(tmp_path, files, ".gz") / f"{name}.gz"
    message = refused(tiny.name, tmp_path)
    assert message.startswith(f"{path} is not Tiny's {name} (its SHA-256 differs)")
    assert "--data DIRECTORY" in message
    assert len(load(tmp_path)[0]) == TRAIN  # as one's own set it is as good as any


def test_a_malformed_file_is_told_as_such_before_its_checksum(tmp_path, files, tiny):
    files[FILES[0]] = files[FILES[0]][:-5]
    put(tmp_path, files)
    assert f"{tmp_path / FILES[0]} is too short for the 30 images" in refused(tiny.name, tmp_path)


def test_a_gz_name_on_a_raw_file_is_no_obstacle(tmp_path, files, tiny):
    for name, content in files.items():
        (tmp_path / f"{name}.gz").write_bytes(content)
    assert len(load(tiny.name, tmp_path)[0]) == TRAIN


def test_an_unreadable_file_is_named(tmp_path, files, monkeypatch):
    # root may read everything: so the refusal is the operating system's in name only
    path = put(tmp_path, files) / FILES[0]
    ordinary = Path.open

    def deny(self, *arguments, **options):
        if self == path:
            raise PermissionError(13, "Permission denied")
        return ordinary(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", deny)
    assert refused(tmp_path) == f"cannot read {path}: Permission denied"


def test_a_bomb_among_ones_own_files(tmp_path, files):
    path = put(tmp_path, files) / FILES[0]
    path.write_bytes(gzip.compress(images_header(2**31) + bytes(1000)))
    assert refused(tmp_path).startswith(f"{path} would unpack to 1683627180048 bytes")


@pytest.mark.parametrize("name", names())
def test_the_catalog_tells_all_of_a_set(name):
    row = SETS[name]
    assert row.name == name
    known = [{sums[file] for file in FILES} for sums in (row.sha256, row.gz_sha256) if sums]
    assert all(len(sums) == 4 and {len(one) for one in sums} == {64} for sums in known)
    assert all(mirror.endswith("/") for mirror in row.mirrors)
    assert bool(known) == bool(row.mirrors)  # what nobody can check, nobody fetches
    assert row.page
    assert row.licence
    assert row.citation
    assert len(row.class_names) == (26 if name == "emnist-letters" else 10)
