"""Large raw files are mapped: their images are the file's, and take memory only while in use."""

import gzip
import io
import subprocess
import sys

import pytest
import torch

from stylespace.data import mapped
from stylespace.data.idx import FILES, decode, images_header
from stylespace.data.loading import load
from stylespace.data.mapped import bytes_of, release, will_need
from tests.small import strokes, write_idx

IMAGES = FILES[0]


@pytest.fixture
def all_mapped(monkeypatch):
    monkeypatch.setattr(mapped, "MAPPED_FROM", 1)


@pytest.fixture
def directory(tmp_path):
    return write_idx(tmp_path / "set", strokes(600, 0), strokes(300, 1))


@pytest.mark.usefixtures("all_mapped")
def test_a_mapped_set_is_the_set(directory):
    for found, written in zip(load(directory), (strokes(600, 0), strokes(300, 1)), strict=True):
        assert torch.equal(found.images, written.images)
        assert torch.equal(found.digits, written.digits)


@pytest.mark.usefixtures("all_mapped")
def test_only_large_raw_files_of_images_are_mapped(directory, monkeypatch):
    def kind(name, pack=bytes):
        path = directory / name
        path.write_bytes(pack(path.read_bytes()))
        with path.open("rb") as stream:
            return type(decode(stream, name, "x")).__name__

    assert kind(IMAGES) == "mmap"
    assert kind(FILES[1]) == "bytearray"
    monkeypatch.setattr(mapped, "MAPPED_FROM", 2**20)
    assert kind(IMAGES) == "bytearray"
    monkeypatch.setattr(mapped, "MAPPED_FROM", 1)
    assert kind(IMAGES, gzip.compress) == "bytearray"


@pytest.mark.usefixtures("all_mapped")
def test_what_is_in_memory_already_is_not_mapped():
    content = images_header(1) + bytes(784)
    assert decode(io.BytesIO(content), IMAGES, "x") == content


@pytest.mark.usefixtures("all_mapped")
def test_pages_given_back_are_read_anew(directory):
    images = load(directory)[0].images
    before = images.clone()
    release(images)
    will_need(images, 0, 600)
    assert torch.equal(images, before)
    own = torch.ones(3, 4)
    release(own)
    will_need(own, 0, 3)
    assert torch.equal(own, torch.ones(3, 4))


@pytest.mark.usefixtures("all_mapped")
def test_a_mapped_image_may_be_changed_and_the_file_stays(directory):
    images, kept = load(directory)[0].images, (directory / IMAGES).read_bytes()
    images[0] = 255 - images[0]
    assert torch.equal(images[0], 255 - strokes(600, 0).images[0])
    assert (directory / IMAGES).read_bytes() == kept


@pytest.mark.usefixtures("all_mapped")
def test_a_file_removed_while_it_is_mapped_is_still_there(directory):
    images = load(directory)[0].images
    (directory / IMAGES).unlink()
    assert torch.equal(images, strokes(600, 0).images)


def test_bytes_of_a_content_are_no_copy():
    content = bytearray(b"abcd")
    flat = bytes_of(content, 2)
    content[2:] = b"xy"
    assert bytes(flat.tolist()) == b"xy"


WALK = """
import resource, sys
import torch
from stylespace.data.batches import Batches
from stylespace.data.idx import FILES, decode
from stylespace.data.images import LabelledImages
from stylespace.data.mapped import bytes_of
from stylespace.training.plan import digest

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

with open(sys.argv[1], "rb") as stream:
    images = bytes_of(decode(stream, FILES[0], "x"), 16).view(-1, 28, 28)
data = LabelledImages(images, torch.zeros(len(images), dtype=torch.int64))
before = peak()
digest(data)
batches = Batches(data, 4096, 0)
copied = sum(part().images.nbytes for part in (batches.seen, batches.unseen))
assert copied < 100e6
for step in range(batches.per_epoch):
    batches.at(step)
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts resident memory as Linux does")
def test_an_epoch_of_a_large_set_takes_little_memory(tmp_path):
    count = 1_200_000
    path = tmp_path / "images"
    with path.open("wb") as stream:  # 0.9 GB that take no room on the disk
        stream.write(images_header(count))
        stream.truncate(16 + 784 * count)
    command = [sys.executable, "-c", WALK, path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 250
