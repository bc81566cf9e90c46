"""Folders of pictures in a subfolder for each class."""

import os
import sys

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from stylespace.data.pictures import (
    image_of,
    on_dark_ground,
    read_picture,
    shown_paths,
    thumbnails,
)
from stylespace.datasets import load
from stylespace.errors import DataError
from tests.small import strokes

EACH = 8


def folder(
    directory, classes=("b", "a"), each=EACH, ending=".png", change=lambda picture: picture
):
    """Strokes, dark on white and five times as large, a direction for each class."""
    data = strokes(10 * each, 0)
    for number, name in enumerate(classes):
        (directory / name).mkdir(parents=True, exist_ok=True)
        for at, image in enumerate(data.images[data.digits == number]):
            picture = Image.fromarray(255 - image.numpy()).resize((140, 140))
            change(picture).save(directory / name / f"{at}{ending}")
    return directory


def refused(data) -> str:
    with pytest.raises(DataError) as caught:
        load(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_subfolders_are_classes_and_every_seventh_picture_is_for_testing(tmp_path):
    train, test = load(folder(tmp_path / "runes"))
    assert train.class_names == ("a", "b")
    assert train.digits.tolist() == [0] * 7 + [1] * 7
    assert test.digits.tolist() == [0, 1]


@pytest.mark.parametrize("each", [3, 5, 8])
def test_the_pictures_shown_are_those_that_are_trained_on(tmp_path, each):
    runes = folder(tmp_path / "runes", each=each, ending=".bmp")
    train, _ = load(runes)
    for digit, paths in enumerate(shown_paths(runes, 100).values()):
        images = [image_of(read_picture(path), path.name)[0] for path in paths]
        assert torch.equal(torch.stack(images), train.images[train.digits == digit])


def test_numbers_are_classes_in_their_order(tmp_path):
    train, _ = load(folder(tmp_path / "runes", ("10", "9", "x", "2")))
    assert train.class_names == ("2", "9", "10", "x")


def test_parts_that_are_there_already(tmp_path):
    folder(tmp_path / "runes" / "train")
    folder(tmp_path / "runes" / "test", each=3)
    train, test = load(tmp_path / "runes")
    assert (len(train), len(test)) == (16, 6)
    (tmp_path / "runes" / "test" / "a").rename(tmp_path / "runes" / "test" / "c")
    assert "is a class that" in refused(tmp_path / "runes")


@pytest.mark.parametrize(
    ("ending", "change"),
    [
        (".jpg", lambda picture: picture.convert("RGB")),
        (".png", lambda picture: Image.fromarray(255 - np.asarray(picture))),
        (".PNG", lambda picture: picture.convert("1", dither=Image.Dither.NONE)),
        (".gif", lambda picture: picture.convert("P")),
        (".webp", lambda picture: ImageOps.colorize(picture, "navy", "wheat")),
        (".png", lambda picture: picture.resize((300, 300))),
        (".jfif", lambda picture: picture),
        (".pbm", lambda picture: picture.convert("1", dither=Image.Dither.NONE)),
    ],
)
def test_size_colour_format_and_polarity_do_not_matter(tmp_path, ending, change):
    plain, _ = load(folder(tmp_path / "plain"))
    other, _ = load(folder(tmp_path / "other", ending=ending, change=change))
    difference = (plain.images.float() - other.images.float()).abs().mean()
    ink = float(plain.images.float().mean())
    assert float(difference) < ink / 2
    assert float(other.images.float().mean()) == pytest.approx(ink, rel=0.25)


def sixteen_bits(picture):
    return Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)


@pytest.mark.parametrize("light", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        lambda picture: picture,
        lambda picture: picture.convert("RGBA"),
        lambda picture: picture.convert("LA"),
        sixteen_bits,
    ],
    ids=["grey", "opaque RGBA", "opaque LA", "sixteen bits"],
)
def test_a_picture_of_28x28_is_ready(tmp_path, light, change):
    data = strokes(140, 0)
    for name in "01":
        (tmp_path / name).mkdir()
        for at, image in enumerate(data.images[data.digits == int(name)]):
            pixels = 255 - image if light else image
            change(Image.fromarray(pixels.numpy())).save(tmp_path / name / f"{at:02}.png")
    train, _ = load(tmp_path)
    assert torch.equal(train.images[0], data.images[data.digits == 0][0])


@pytest.mark.parametrize("count", [10, 20])
@pytest.mark.parametrize("light", [False, True])
def test_a_ready_picture_whose_border_says_otherwise_goes_with_nearly_all(light, count):
    images = strokes(count, 0).images
    images[7, 0] = images[7, -1] = images[7, :, 0] = images[7, :, -1] = 255  # a frame of ink
    given = 255 - images if light else images
    assert torch.equal(on_dark_ground(given), images)


def test_pictures_that_cannot_be_used_are_named_together(tmp_path):
    folder(tmp_path / "runes")
    (tmp_path / "runes" / "a" / "0.png").write_bytes(b"no picture")
    assert refused(tmp_path / "runes") == (
        f"cannot read {tmp_path / 'runes' / 'a' / '0.png'}: not a picture, or a damaged one; mend "
        "it or take it away"
    )
    Image.new("L", (50, 50), 255).save(tmp_path / "runes" / "b" / "1.png")
    told = refused(tmp_path / "runes")
    assert told.startswith("2 of 16 pictures cannot be used (cannot read ")
    assert "1.png is blank" in told


def test_other_files_and_hidden_ones_are_no_pictures(tmp_path):
    folder(tmp_path / "runes")
    (tmp_path / "runes" / "a" / "notes.txt").write_text("notes")
    (tmp_path / "runes" / "a" / ".0.png").write_text("hidden")
    (tmp_path / "runes" / ".hidden").mkdir()
    (tmp_path / "runes" / "empty").mkdir()
    assert load(tmp_path / "runes")[0].class_names == ("a", "b")


def test_folders_of_pictures_that_are_no_classes_are_told_of(tmp_path, capfd):
    runes = folder(tmp_path / "runes", ("a", "b", "c/pages"))
    for name in ("photos/1.heic", "scripts/draw.py"):
        (runes / name).parent.mkdir()
        (runes / name).write_bytes(b"not read")
    assert load(runes)[0].class_names == ("a", "b")
    told = capfd.readouterr().err
    assert "lie right in them: 'c', 'photos'; put those of a class there" in told
    load(runes, remark=False)
    assert not capfd.readouterr().err


def test_classes_beside_those_for_training_are_told_of(tmp_path, capfd):
    folder(tmp_path / "train")
    folder(tmp_path / "test", ("a", "b/scans"))
    folder(tmp_path, ("c", "val/a"))
    (tmp_path / "notes").mkdir()
    assert load(tmp_path)[0].class_names == ("a", "b")
    told = capfd.readouterr().err
    assert "as they lie beside train/: 'c'; move what is a class into it" in told
    assert "lie right in them: 'test/b'; put" in told
    assert "val/ is passed over, as test/ is there too" in told


def test_files_and_dead_links_are_no_parts_whatever_their_names(tmp_path):
    folder(tmp_path)
    (tmp_path / "test").write_text("notes")
    (tmp_path / "train").symlink_to(tmp_path / "gone")
    assert load(tmp_path)[0].class_names == ("a", "b")


def test_idx_files_beside_pictures_are_told_apart(tmp_path):
    folder(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").touch()
    assert ", and IDX files beside them, but not all; take either away" in refused(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_a_class_whose_name_is_no_unicode_is_refused(tmp_path):
    folder(tmp_path, ("a", os.fsdecode(b"\xff")))
    assert "a class called '\\udcff', which is no Unicode" in refused(tmp_path)


def test_a_class_of_one_picture_is_refused(tmp_path):
    folder(tmp_path / "runes")
    folder(tmp_path / "runes", ("lonely",), each=1)
    assert "fewer than 2 training images of 'lonely'; add some" in refused(tmp_path / "runes")


def test_more_than_a_thousand_classes(tmp_path):
    for number in range(1001):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "0.png").write_bytes(b"")
    assert "has 1001 classes; a model takes from 1 to 1000" in refused(tmp_path)


@pytest.mark.parametrize(
    ("shown", "asked"), [("train", "test"), ("Training", "testing"), ("train", "val")]
)
def test_parts_of_the_usual_names_are_found(tmp_path, shown, asked):
    folder(tmp_path / "runes" / shown, each=6)
    folder(tmp_path / "runes" / asked, each=2)
    train, test = load(tmp_path / "runes")
    assert (len(train), len(test)) == (12, 4)
    assert train.class_names == test.class_names == ("a", "b")


def test_training_pictures_alone_are_parted(tmp_path):
    folder(tmp_path / "runes" / "train")
    train, test = load(tmp_path / "runes")
    assert (len(train), len(test)) == (14, 2)


@pytest.mark.parametrize("place", ["", "pictures/all/a"])
def test_pictures_that_lie_otherwise_are_told_how_to_lie(tmp_path, place):
    flat = tmp_path / "runes" / place
    flat.mkdir(parents=True)
    Image.new("L", (28, 28)).save(flat / "1.png")
    assert "has pictures, as " in refused(tmp_path / "runes")
    assert "put them into CLASS/, or train/CLASS/ and test/CLASS/" in refused(tmp_path / "runes")


def test_a_thumbnail_of_sixteen_bits_has_its_greys(tmp_path):
    grey = Image.linear_gradient("L").resize((40, 40))
    grey.save(tmp_path / "a.png")
    sixteen_bits(grey).save(tmp_path / "b.png")
    one, other = thumbnails([tmp_path / "a.png", tmp_path / "b.png"], 40).int()
    assert one.max() - one.min() > 200
    assert (one - other).abs().max() <= 4


def test_a_thumbnail_shows_light_ink_that_has_no_ground(tmp_path):
    ink = Image.new("L", (40, 40))
    ink.paste(255, (10, 10, 30, 30))
    clear = Image.new("RGBA", (40, 40), "white")
    clear.putalpha(ink)
    clear.save(tmp_path / "a.png")
    thumbnail = thumbnails([tmp_path / "a.png"], 40)[0]
    assert thumbnail.min() == 0
    assert thumbnail.max() == 255


@pytest.mark.parametrize("light", [False, True])
def test_twelve_of_sixteen_bits_are_brought_to_ink_on_paper(tmp_path, light):
    for name, image in zip("ab", strokes(2, 0).images, strict=True):
        (tmp_path / name).mkdir()
        values = (255 - image if light else image).numpy().astype(np.uint16) * 16
        for number in range(8):
            Image.fromarray(values).save(tmp_path / name / f"{number}.png")
    train, _ = load(tmp_path)
    assert train.images[:, 0].max() < 50
    assert train.images.amax(dim=(1, 2)).min() > 200
