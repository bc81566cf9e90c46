"""Data sets in an .npz file."""

import dataclasses
import zipfile

import numpy as np
import pytest
import torch

from stylespace.data.arrays import classes_of
from stylespace.data.loading import left_out
from stylespace.datasets import load
from stylespace.errors import DataError
from tests.small import strokes

COUNT = 140


@pytest.fixture
def drawn():
    return strokes(COUNT, 0)


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """Save arrays as set.npz in the current directory."""
    monkeypatch.chdir(tmp_path)

    def save(**arrays: object) -> str:
        np.savez(tmp_path / "set.npz", **arrays)
        return "set.npz"

    return save


def refused(data: str) -> str:
    with pytest.raises(DataError) as caught:
        load(data)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def both(train, test):
    """Images and digits of both parts together, in an order that does not depend on the parts."""
    images = torch.cat([train.images, test.images]).flatten(1)
    digits = torch.cat([train.digits, test.digits])
    return sorted(zip(digits.tolist(), map(bytes, images.numpy()), strict=True))


@pytest.mark.parametrize(
    "form",
    [
        lambda images: images,
        lambda images: images[:, None],
        lambda images: images[..., None],
        lambda images: images.reshape(-1, 784),
        lambda images: images.reshape(-1, 1, 784),
        lambda images: images.astype(np.int64),
        lambda images: images.astype(np.float64),
        lambda images: (images / 255).astype(np.float32),
        lambda images: np.asfortranarray(images),
    ],
)
def test_images_of_every_usual_kind_are_the_same_images(saved, drawn, form):
    images, labels = drawn.images.numpy(), drawn.digits.numpy()
    train, test = load(saved(images=form(images), labels=labels))
    assert (len(train), len(test)) == (120, 20)
    assert both(train, test) == both(drawn, drawn.subset(slice(0)))


def test_every_seventh_of_a_class_is_for_testing(saved, drawn):
    train, test = load(saved(images=drawn.images.numpy(), digits=drawn.digits.numpy()))
    assert train.digits.bincount().tolist() == [12] * 10
    assert test.digits.bincount().tolist() == [2] * 10
    assert torch.equal(test.images[0], drawn.images[60])  # the seventh 0


def test_a_set_that_is_parted_already(saved, drawn):
    arrays = {"x_train": drawn.images.numpy(), "y_train": drawn.digits.numpy()}
    later = strokes(30, 1)
    arrays |= {"x_test": later.images.numpy(), "y_test": later.digits.numpy()}
    train, test = load(saved(**arrays))
    assert torch.equal(train.images, drawn.images)
    assert torch.equal(test.images, later.images)


def test_labels_in_words_name_the_classes(saved, drawn):
    words = np.array(["cat", "ant", "bee", "dog", "eel"])[drawn.digits.numpy() % 5]
    train, _ = load(saved(images=drawn.images.numpy(), labels=words))
    assert train.class_names == ("ant", "bee", "cat", "dog", "eel")


def test_labels_may_be_a_column(saved, drawn):
    images, labels = drawn.images.numpy(), drawn.digits.numpy()
    column, row = (load(saved(images=images, labels=one)) for one in (labels[:, None], labels))
    assert all(torch.equal(a.digits, b.digits) for a, b in zip(column, row, strict=True))


def test_labels_that_are_numbers_in_words_are_in_their_order(saved, drawn):
    words = np.array(["1", "2", "3", "10", "x"])[drawn.digits.numpy() % 5]
    arrays = {"images": drawn.images.numpy(), "labels": words}
    train, _ = load(saved(**arrays))
    assert train.class_names == ("1", "2", "3", "10", "x")
    parts = {"test_images": 255 - arrays["images"][:8], "test_labels": words[:8]}
    train, _ = load(saved(**arrays, **parts))
    assert train.class_names == ("1", "2", "3", "10", "x")


@pytest.mark.parametrize("dtype", [np.int64, np.float64, np.str_])
def test_no_labels_are_no_classes(dtype):
    with pytest.raises(DataError, match="hf:me/set has no images"):
        classes_of(np.zeros(0, dtype), ("a", "b"), "hf:me/set")


def test_labels_in_bytes_are_words_too_where_there_are_test_images(saved, drawn):
    words = np.array([b"b", b"a", b"c", b"d"])[drawn.digits.numpy() % 4]
    arrays = {"images": drawn.images.numpy(), "labels": words}
    arrays |= {"test_images": 255 - arrays["images"][:8], "test_labels": words[:8]}
    train, test = load(saved(**arrays))
    assert train.class_names == test.class_names == ("a", "b", "c", "d")
    assert test.digits[:2].tolist() == [1, 0]


def test_names_and_numbers_do_not_go_together(saved, drawn):
    words = np.array(["zero", "one", "two", "three", "four"])[drawn.digits.numpy() % 5]
    images, numbers = drawn.images.numpy(), drawn.digits.numpy() % 5
    parts = {"images": images, "labels": words, "test_images": 255 - images}
    assert "names as training labels and numbers" in refused(saved(**parts, test_labels=numbers))


def test_floats_a_hair_beyond_their_range_are_what_they_nearly_are(saved, drawn):
    images = drawn.images.numpy() / np.float32(255)
    images[0, 0, 0], images[1, 0, 0] = 1.0000001, -1e-7
    train, test = load(saved(images=images, labels=drawn.digits.numpy()))
    exact = drawn.images.clone()
    exact[0, 0, 0], exact[1, 0, 0] = 255, 0
    expected = dataclasses.replace(drawn, images=exact)
    assert both(train, test) == both(expected, expected.subset(slice(0)))


def test_class_names_of_their_own(saved, drawn):
    names = [f"class {number}" for number in range(10)]
    arrays = {"images": drawn.images.numpy(), "labels": drawn.digits.numpy()}
    assert load(saved(class_names=names, **arrays))[0].class_names == tuple(names)


def test_a_thousand_classes_and_one(saved):
    images = strokes(4000, 0).images.numpy()
    train, _ = load(saved(images=images, labels=np.arange(4000) % 1000))
    assert len(train.class_names) == 1000
    assert load(saved(images=images, labels=np.zeros(4000, int)))[0].class_names == ("0",)
    assert "not from 0 to 999" in refused(saved(images=images, labels=np.arange(4000) % 1001))


def changed(images: np.ndarray, value: float) -> np.ndarray:
    copy = images.astype(np.float32)
    copy[3, 5, 7] = value
    return copy


CASES = {
    "NaN": ({"images": lambda i: changed(i, np.nan)}, "hold NaN or infinity; replace"),
    "infinity": ({"images": lambda i: changed(i, np.inf)}, "hold NaN or infinity; replace"),
    "negative": ({"images": lambda i: changed(i, -1)}, "reach from -1 to "),
    "too large": ({"images": lambda i: i.astype(int) * 2}, "bring them to 0..255 or 0..1"),
    "other size": ({"images": lambda i: i[:, :20, :20]}, "bring them to 28x28, or give them as"),
    "colour": ({"images": lambda i: np.stack([i] * 3, -1)}, r"shape [140, 28, 28, 3] are not"),
    "complex": ({"images": lambda i: i.astype(complex)}, "no plain numbers or text"),
    "pickled": ({"images": lambda i: i.astype(object)}, "no plain numbers or text"),
    "text": ({"images": lambda i: i.astype(str)}, "images must be numbers"),
    "none": ({"images": lambda i: i[:0], "labels": lambda y: y[:0]}, "holds no images"),
    "constant": ({"images": lambda i: i * 0 + 9}, "nothing but images of one shade"),
    "fewer labels": ({"labels": lambda y: y[:-1]}, "need labels of shape [140], not [139]"),
    "one-hot": ({"labels": lambda y: np.eye(10)[y]}, "give each image one label"),
    "negative label": ({"labels": lambda y: y - 1}, "labels reach from -1 to 8"),
    "broken label": ({"labels": lambda y: y / 2}, "labels must be whole numbers"),
    "NaN label": ({"labels": lambda y: y * np.nan}, "labels must be whole numbers"),
    "gap": ({"labels": lambda y: y * 2}, "fewer than 2 training images of '1', '3', '5' and 6"),
    "rare": ({"labels": lambda y: (np.arange(len(y)) == 0) * 1}, "fewer than 2 training images"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_trained_on_is_refused_in_a_line(saved, drawn, case):
    changes, message = CASES[case]
    arrays = {"images": drawn.images.numpy(), "labels": drawn.digits.numpy()}
    for name, change in changes.items():
        arrays[name] = change(arrays[name])
    told = refused(saved(**arrays))
    assert message in told
    assert "set.npz" in told


@pytest.mark.parametrize("missing", ["images", "labels"])
def test_a_missing_array_is_named(saved, drawn, missing):
    arrays = {"images": drawn.images.numpy(), "labels": drawn.digits.numpy()}
    del arrays[missing]
    assert refused(saved(**arrays)) == (
        f"set.npz has no array '{missing}'; store the {missing} under that name"
    )


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["a"] * 10, "two classes called 'a'"),
        ([""] * 10, "two classes called ''"),
        (["a", "b"], "labels reach from 0 to 9, not from 0 to 1"),
        ([["a"]], "class_names must be a list of texts"),
        (["\x1b[2J", *"abcdefghi"], r"a class called '\x1b[2J', which is no text; rename it"),
        ([str(number) * 101 for number in range(10)], "use 1 to 100 characters"),
    ],
)
def test_class_names_that_cannot_be(saved, drawn, names, says):
    arrays = {"images": drawn.images.numpy(), "labels": drawn.digits.numpy()}
    assert says in refused(saved(class_names=np.array(names), **arrays))


def test_test_images_that_are_training_images_are_told_of(saved, drawn, capfd):
    arrays = {"images": drawn.images.numpy(), "labels": drawn.digits.numpy()}
    arrays |= {"test_images": arrays["images"][:15], "test_labels": arrays["labels"][:15]}
    load(saved(**arrays))
    lines = capfd.readouterr().err.splitlines()
    assert "set.npz: 15 images are for testing also for training" in "".join(lines)


def test_a_light_ground_and_a_blank_image_are_told_of(saved, drawn, capfd):
    images = 255 - drawn.images.numpy()
    images[0] = 7
    load(saved(images=images, labels=drawn.digits.numpy()))
    told = capfd.readouterr().err
    assert "the ground is light" in told
    assert "1 image is of one shade all over; take them out" in told


@pytest.mark.parametrize(
    ("odd", "says"),
    [
        ({"test_images": lambda i: 255 - i}, "the ground of 12 of 12 test images is light"),
        ({"images": lambda i: 255 - i}, "the ground of 30 of 30 training images is light"),
        (
            {"test_images": lambda i: i // 200},
            "the darkest ink of the test images is 1 of 255, of",
        ),
    ],
)
def test_parts_that_are_not_alike_are_told_of(saved, drawn, capfd, odd, says):
    whole = {"images": drawn.images.numpy()[:30], "test_images": drawn.images.numpy()[30:42]}
    whole |= {name: change(whole[name]) for name, change in odd.items()}
    labels = drawn.digits.numpy()
    load(saved(**whole, labels=labels[:30], test_labels=labels[30:42]))
    told = capfd.readouterr().err
    assert says in " ".join(told.split())
    assert told.count("the ground") + told.count("the darkest") == 1


def test_a_bold_image_in_hundreds_is_no_light_ground(saved, drawn, capfd):
    often = 300 // len(drawn) + 1
    images, labels = np.tile(drawn.images.numpy(), (often, 1, 1)), np.tile(drawn.digits, often)
    images[4] = 255 - images[4]
    load(saved(images=images, labels=labels))
    assert "the ground" not in capfd.readouterr().err


def test_single_images_on_a_light_ground_are_told_of(saved, drawn, capfd):
    images = drawn.images.numpy().copy()
    images[3:6] = 255 - images[3:6]
    load(saved(images=images, labels=drawn.digits.numpy()))
    assert "the ground of 3 of " in capfd.readouterr().err


def test_a_single_image_a_class_is_too_few(saved, drawn):
    told = refused(saved(images=drawn.images.numpy()[:10], labels=np.arange(10)))
    assert told.startswith("set.npz has fewer than 2 training images of '0', '1', '2' and 7 more")


def test_a_part_without_images_is_refused(saved, drawn):
    arrays = {"images": drawn.images.numpy(), "labels": drawn.digits.numpy()}
    none = {"test_images": arrays["images"][:0], "test_labels": arrays["labels"][:0]}
    assert "set.npz, test holds no images" in refused(saved(**arrays, **none))


def test_a_file_that_is_no_npz(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "set.npz").write_bytes(b"no zip")
    assert refused("set.npz") == "set.npz is no .npz file, or a damaged one; write it again"
    assert refused("other.npz") == "there is no file other.npz; give the path of a data set"


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "set.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", bytes(200 * 2**20))
    assert "would unpack to 209715200 bytes, which is refused" in refused(
        str(tmp_path / "set.npz")
    )


def test_a_header_that_promises_too_much_takes_no_memory(tmp_path):
    header = "{'descr': '|u1', 'fortran_order': False, 'shape': (10000000000000, 28, 28), }"
    header = header.ljust(117) + "\n"
    content = b"\x93NUMPY\x01\x00v\x00" + header.encode() + bytes(784)
    with zipfile.ZipFile(tmp_path / "set.npz", "w") as archive:
        archive.writestr("images.npy", content)
    assert "is not as long as its header tells" in refused(str(tmp_path / "set.npz"))


def test_what_generate_exports_can_be_trained_on(tmp_path):
    from stylespace.export_set import SampleSet, write_set
    from tests.small import vivid_model

    samples = SampleSet(model=vivid_model(), count=140)
    write_set(samples, tmp_path / "set.npz")
    write_set(samples, tmp_path / "idx")
    first, second = load(tmp_path / "set.npz"), load(tmp_path / "idx")
    assert len(first[0]) == 120
    assert all(torch.equal(a.images, b.images) for a, b in zip(first, second, strict=True))


def test_a_part_for_validation_is_for_testing_where_there_is_no_other(saved, drawn):
    parts = {"x_train": drawn.images[:100], "y_train": drawn.digits[:100]}
    held_out = {"x_val": drawn.images[100:], "y_val": drawn.digits[100:]}
    train, test = load(saved(**parts, **held_out))
    assert (len(train), len(test)) == (100, 40)


def test_arrays_that_are_not_read_are_told_of(saved, drawn):
    parts = {"x_train": drawn.images[:100], "y_train": drawn.digits[:100]}
    tests = {"x_test": drawn.images[100:120], "y_test": drawn.digits[100:120]}
    held_out = {"x_val": drawn.images[120:], "y_val": drawn.digits[120:]}
    name = saved(**parts, **tests, **held_out, styles=np.zeros(3))
    _, test = load(name)
    assert len(test) == 20
    assert left_out(name) == ["passed over, as such arrays are not read: 'x_val', 'y_val'"]


def test_a_test_parts_images_are_not_given_the_labels_of_another_part(saved, drawn):
    parts = {"x_train": drawn.images[:100], "y_train": drawn.digits[:100]}
    mixed = {"x_test": drawn.images[100:120], "x_val": drawn.images[120:]}
    assert "has no array 'test_labels'" in refused(
        saved(**parts, **mixed, y_val=drawn.digits[120:])
    )
