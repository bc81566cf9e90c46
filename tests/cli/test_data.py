"""`stylespace data inspect`, and class names on their way from a folder to the figures."""

import json

import numpy as np
import pytest
from PIL import Image

from tests.data.test_pictures import folder


def test_a_set_as_a_table_and_a_sheet(stylespace, strokes_dir, tmp_path):
    done = stylespace("data", "inspect", strokes_dir, "--output", "sheet.png")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{strokes_dir}: 10 classes"
    counts = next(line for line in lines if line.startswith("images "))
    assert counts.split() == ["images", "1,200", "300"]
    assert "- nothing is odd" in lines
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 12 * 84
        assert sheet.getextrema() == (1, 255)


def test_what_is_odd_is_told_once_and_in_words(stylespace, tmp_path):
    folder(tmp_path / "runes")
    done = stylespace("data", "inspect", "runes")
    assert (done.returncode, done.stderr) == (0, "")
    assert "- fewer than 20 training images of 'a', 'b'; more would help much" in done.stdout
    assert done.stdout.endswith("each picture above what became of it: runes.png\n")
    with Image.open(tmp_path / "runes.png") as sheet:
        assert sheet.height > 4 * 84  # two rows a class


def test_the_tables_figures_are_those_of_the_images(stylespace, tmp_path):
    train, test = np.zeros((2, 40, 28, 28), np.uint8)
    for images, ink in ((train, 100), (test, 200)):
        images[:, 13] = ink  # a line from side to side, over 2 of 108 pixels of the border
        images[np.arange(40), 20, 5] = np.arange(40)
    train[7], test[9] = train[8], train[3]
    labels = {"labels": np.arange(40) % 2, "test_labels": np.arange(40) % 2}
    np.savez(tmp_path / "lines.npz", images=train, test_images=test, **labels)
    lines = stylespace("data", "inspect", "lines.npz").stdout.splitlines()
    assert lines[-1] == "some images of each class: lines.png"

    def cells(name):
        return next(line for line in lines if line.startswith(name)).removeprefix(name).split()

    assert cells("mean ink, of 255") == [f"{part.mean():.1f}" for part in (train, test)]
    assert cells("mean of the border") == ["1.9", "3.7"]  # of the last, one has half the ink
    assert cells("there a second time") == ["1", "0"]
    assert cells("also training images") == ["1"]
    assert cells("fewest of a class") == ["20", "(0)", "20", "(0)"]


def test_faint_images_and_torn_labels_are_told(stylespace, tmp_path):
    random = np.random.default_rng(0)
    images = random.integers(0, 2, (60, 28, 28), dtype=np.uint8)
    np.savez(tmp_path / "faint.npz", images=images, labels=np.arange(60) % 2)
    done = stylespace("data", "inspect", "faint.npz")
    assert "- the darkest ink is 1 of 255; multiply the images" in done.stdout
    images = np.concatenate([200 * images, 200 * images[:3]])
    labels = np.concatenate([np.arange(60) % 2, (np.arange(3) + 1) % 2])
    np.savez(
        tmp_path / "torn.npz",
        train_images=images,
        train_labels=labels,
        test_images=images[:40],
        test_labels=labels[:40],
    )
    done = stylespace("data", "inspect", "torn.npz")
    assert "- 3 images are there again under another label; correct them" in done.stdout
    assert "darkest" not in done.stdout


def test_the_sheet_is_none_of_the_pictures(stylespace, tmp_path):
    folder(tmp_path / "runes")
    picture = next((tmp_path / "runes" / "a").iterdir())
    before = picture.read_bytes()
    done = stylespace("data", "inspect", "runes", "--output", picture)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "would be one of the pictures of runes; name another --output" in done.stderr
    assert picture.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["inspect", "nowhere/at-all"], "nowhere/at-all is not a directory"),
        (["inspect", "minst"], "no data set is called 'minst'"),
        (["inspect", "runes", "--output", "x.bmp"], "x.bmp must end in one of"),
        (["inspect", ".."], "what should the sheet of .. be called? Say it with --output"),
    ],
)
def test_what_cannot_be_is_one_line(stylespace, arguments, says):
    done = stylespace("data", *arguments)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_class_names_travel_with_the_model(stylespace, tmp_path):
    folder(tmp_path / "runes", ("thorn", "ash", "wynn"))
    flags = ("--epochs", 1, "--batch-size", 7, "--data", "runes")
    done = stylespace("train", "--objective", "sae", *flags)
    assert done.returncode == 0, done.stderr
    config = json.loads((tmp_path / "runes4.ckpt" / "config.json").read_text())
    assert config["class_names"] == ["ash", "thorn", "wynn"]
    drawn = stylespace("vis", "--ckpt-dir", "runes4.ckpt", "--output", "vis.svg")
    assert drawn.returncode == 0, drawn.stderr
    sheet = stylespace("generate", "--ckpt-dir", "runes4.ckpt", "--count", 1)
    assert sheet.stdout == "3 digits in 1 style written to digits.png\n"
    (tmp_path / "elsewhere").mkdir()
    away = stylespace("vis", "--ckpt-dir", "../runes4.ckpt", cwd=tmp_path / "elsewhere")
    assert away.returncode == 0, away.stderr  # a set's path holds wherever one is
    (tmp_path / "runes" / "ash").rename(tmp_path / "runes" / "yew")
    other = stylespace("vis", "--ckpt-dir", "runes4.ckpt", "--output", "vis.svg")
    assert other.returncode == 1
    assert "the model's class 'ash' is 'thorn' in runes; name its own set" in other.stderr
