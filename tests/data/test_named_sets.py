"""Each named set from a directory made for the purpose, in the form its makers hand it out."""

import dataclasses
import gzip
import hashlib
import struct
from pathlib import Path

import pytest
import torch

from stylespace.data import catalog
from stylespace.data.idx import images_header, labels_header
from stylespace.datasets import load
from stylespace.errors import DataError

EACH = 3  # images of a class in each part


def written(name: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A small set in the same form under the same name; returns its files by their own names."""
    row = catalog.SETS[name]
    classes, random = len(row.class_names), torch.Generator().manual_seed(0)
    count = EACH * classes
    files = {}
    for role, own in zip(catalog.FILES, row.files, strict=True):
        if "images" in role:
            pixels = torch.randint(256, (count * 784,), generator=random, dtype=torch.uint8)
            files[own] = images_header(count) + pixels.numpy().tobytes()
        elif own.endswith("idx2-int"):
            rows = [[i % classes, 4, 2100 + i, i, 30, i, 0, 0] for i in range(count)]
            numbers = [number for one in rows for number in one]
            files[own] = struct.pack(f">3I{len(numbers)}I", 0xC02, count, 8, *numbers)
        else:
            labels = bytes(row.first_label + i % classes for i in range(count))
            files[own] = labels_header(count) + labels
    packed = {own: gzip.compress(content) for own, content in files.items()}
    sums = {
        role: hashlib.sha256(packed[own]).hexdigest()
        for role, own in zip(catalog.FILES, row.files, strict=True)
    }
    plain = {
        role: hashlib.sha256(files[own]).hexdigest()
        for role, own in zip(catalog.FILES, row.files, strict=True)
    }
    small = dataclasses.replace(
        row,
        counts=(count, count),
        sha256=plain if row.sha256 else {},
        gz_sha256=sums if row.gz_sha256 else {},
    )
    monkeypatch.setitem(catalog.SETS, name, small)
    directory.mkdir(parents=True, exist_ok=True)
    for own, content in packed.items():
        (directory / f"{own}.gz").write_bytes(content)
    return files


@pytest.mark.parametrize("name", catalog.names())
@pytest.mark.parametrize("folder", ["", "{}/raw"])
def test_a_set_as_its_makers_hand_it_out(tmp_path, monkeypatch, name, folder):
    row = catalog.SETS[name]
    files = written(name, tmp_path / folder.format(row.folder), monkeypatch)
    train, test = load(name, tmp_path)
    classes = len(row.class_names)
    assert train.class_names == test.class_names == row.class_names
    assert train.digits.tolist() == test.digits.tolist() == list(range(classes)) * EACH
    stored = torch.frombuffer(bytearray(files[row.files[0]][16:]), dtype=torch.uint8)
    stored = stored.view(-1, 28, 28)
    assert torch.equal(train.images, stored.transpose(1, 2) if row.transposed else stored)


def test_emnists_images_stand_upright(tmp_path, monkeypatch):
    written("emnist-letters", tmp_path, monkeypatch)
    upright = torch.zeros(28, 28, dtype=torch.uint8)
    upright[4:24, 14] = 255  # an I
    content = images_header(78) + upright.T.contiguous().numpy().tobytes() * 78
    (tmp_path / "emnist-letters-train-images-idx3-ubyte.gz").write_bytes(gzip.compress(content))
    train, _ = load("emnist-letters", tmp_path)
    assert torch.equal(train.images[0], upright)
    assert train.class_names[int(train.digits[0])] == "A"


@pytest.mark.parametrize("name", ["kmnist", "qmnist"])
def test_a_gz_that_is_not_the_sets_is_refused_and_an_unpacked_file_is_told_of(
    tmp_path, monkeypatch, capfd, name
):
    files = written(name, tmp_path, monkeypatch)
    own = catalog.SETS[name].files[0]
    changed = files[own][:-1] + bytes([files[own][-1] ^ 1])
    (tmp_path / f"{own}.gz").write_bytes(gzip.compress(changed))
    with pytest.raises(DataError, match=rf"{own} \(its SHA-256 differs\)"):
        load(name, tmp_path)
    (tmp_path / f"{own}.gz").unlink()
    (tmp_path / own).write_bytes(files[own])
    capfd.readouterr()
    load(name, tmp_path)
    told = capfd.readouterr().err
    assert f"{name}: taken as it is, no SHA-256 is known of {own} unpacked" in told


@pytest.mark.parametrize("name", ["emnist-letters", "emnist-digits"])
def test_a_set_that_cannot_be_checked_is_not_fetched(cache, name):
    with pytest.raises(
        DataError, match=r"cannot be fetched, as no SHA-256.*nist\.gov.*--data-dir"
    ):
        load(name)
    assert not cache.exists()


def test_what_is_missing_is_called_by_its_own_name(tmp_path):
    with pytest.raises(DataError, match=r"there is no emnist-digits-train-images.*nist\.gov"):
        load("emnist-digits", tmp_path)
    with pytest.raises(DataError, match=r"qmnist-train-images.*leave --data-dir out"):
        load("qmnist", tmp_path)


@pytest.mark.parametrize("name", ["emnist-letters", "emnist-digits"])
def test_another_count_of_images_is_another_set(tmp_path, monkeypatch, name):
    written(name, tmp_path, monkeypatch)
    row = catalog.SETS[name]
    monkeypatch.setitem(catalog.SETS, name, dataclasses.replace(row, counts=(5, 5)))
    with pytest.raises(DataError, match="its number of images differs"):
        load(name, tmp_path)


def test_a_label_below_the_first_is_refused(tmp_path, monkeypatch):
    written("emnist-letters", tmp_path, monkeypatch)
    path = tmp_path / "emnist-letters-test-labels-idx1-ubyte.gz"
    path.write_bytes(gzip.compress(labels_header(78) + bytes(78)))
    with pytest.raises(
        DataError, match="has a label below 1, where EMNIST Letters's labels begin"
    ):
        load("emnist-letters", tmp_path)


@pytest.mark.parametrize("name", ["kmnist", "qmnist"])
def test_a_set_known_by_its_gz_is_fetched_kept_and_checked_again(
    tmp_path, monkeypatch, cache, mirror, name
):
    files = written(name, tmp_path / "made", monkeypatch)
    address = f"{mirror.address}/good/"
    for path in (tmp_path / "made").iterdir():
        mirror.pages[f"/good/{path.name}"] = (200, {}, path.read_bytes())
    row = dataclasses.replace(catalog.SETS[name], mirrors=(address,))
    monkeypatch.setitem(catalog.SETS, name, row)
    first, _ = load(name)
    again, _ = load(name)
    assert len(mirror.asked) == 4
    assert sorted(path.name for path in (cache / name).glob("*.gz")) == sorted(
        f"{own}.gz" for own in files
    )
    assert torch.equal(first.images, again.images)
    (cache / name / f"{row.files[0]}.gz").write_bytes(b"damaged")
    load(name)
    assert len(mirror.asked) == 5


def test_a_qmnist_label_that_is_no_digit(tmp_path, monkeypatch):
    written("qmnist", tmp_path, monkeypatch)
    row = struct.pack(">3I", 0xC02, 1, 8) + struct.pack(">8I", 70_000, *range(7))
    for path in tmp_path.glob("*labels*"):
        path.write_bytes(gzip.compress(row))
    with pytest.raises(DataError, match="has a label that is not from 0 to 255"):
        load("qmnist", tmp_path)
