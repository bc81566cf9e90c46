"""A session that goes on while the images it is of were moved, renamed or changed."""

import json
import shutil

import pytest
from PIL import Image

from tests.small import strokes


def test_images_that_were_moved_are_remembered_where_they_are_found(
    stylespace, strokes_dir, tmp_path
):
    def place():
        return json.loads((tmp_path / "s.ckpt" / "config.json").read_text())["data"]

    first = shutil.copytree(strokes_dir, tmp_path / "first")
    flags = ["--objective", "sae", "--epochs", 1, "--ckpt-dir", "s.ckpt"]
    stylespace("train", *flags, "--data", first)
    again = stylespace("train", *flags, "--data", strokes_dir)  # the same, and the first are there
    assert again.stdout.startswith("s.ckpt has finished 1 epoch; training 1 more.\n")
    assert place() == str(first)
    first.rename(tmp_path / "second")
    stylespace("train", *flags, "--data", "second")
    assert place() == str(tmp_path / "second")


@pytest.fixture
def runes(tmp_path):
    """A folder of pictures in three classes."""
    data = strokes(60, 0)
    for digit, name in enumerate("abc"):
        (tmp_path / "runes" / name).mkdir(parents=True)
        for number, image in enumerate(data.images[data.digits == digit]):
            Image.fromarray(image.numpy()).save(tmp_path / "runes" / name / f"{number}.png")
    return tmp_path / "runes"


@pytest.fixture
def train_runes(stylespace, runes):
    flags = ["--data", runes, "--epochs", 1, "--batch-size", 5, "--ckpt-dir", "r.ckpt"]

    def train():
        return stylespace("train", *flags)

    assert train().returncode == 0
    return train


def test_a_class_more_and_a_picture_less_are_named_for_what_they_are(runes, train_runes):
    shutil.copytree(runes / "c", runes / "d")
    error = train_runes().stderr.splitlines()[-1]
    assert error.endswith(
        f"r.ckpt was trained on 3 classes, and {runes} has 4 now: name another --ckpt-dir"
    )
    shutil.rmtree(runes / "d")
    (runes / "a" / "0.png").unlink()
    error = train_runes().stderr.splitlines()[-1]
    assert error.endswith("was trained on other images than these: name another --ckpt-dir")


def test_a_class_of_another_name_is_the_same_class(stylespace, runes, train_runes):
    (runes / "c").rename(runes / "omega")
    assert "Its classes have other names now." in train_runes().stdout
    assert "other names" not in train_runes().stdout
    shown = stylespace("vis", "--ckpt-dir", "r.ckpt", "--sample-size", 20, "--output", "a.svg")
    assert shown.returncode == 0
    assert "omega" in (runes.parent / "a.svg").read_text()
