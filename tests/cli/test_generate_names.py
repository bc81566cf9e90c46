"""Digits that are called otherwise than by their numbers: every flag means the name."""

import numpy as np
import pytest
import torch

from stylespace import checkpoint
from stylespace.cli import generate
from stylespace.datasets import load
from stylespace.generation import draw, random_styles
from tests.cli.drawing import save_session
from tests.data.test_prepare import drawing

ONES = {"classes": 3, "class_names": ("1", "2", "3"), "data": "one23"}
LETTERS = {"classes": 4, "class_names": ("A", "B", "C", "ee"), "data": "letters"}


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run `generate-digits` on a session of these classes: exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def call(config, *arguments):
        if not (tmp_path / "s.ckpt").exists():
            save_session(tmp_path / "s.ckpt", **config)
        flags = ["--ckpt-dir", "s.ckpt", *map(str, arguments)]
        code = generate.main(flags, prog="generate-digits")
        return code, *capsys.readouterr()

    return call


def test_one_digit_is_the_one_of_that_name(run):
    as_sheets = ["--precision", "float32"]
    code, out, _ = run(ONES, "--export", "set.npz", "--count", 4, "--digit", "1", *as_sheets)
    assert (code, out.split(",")[0]) == (0, "4 images of the digit 1")
    model = checkpoint.load("s.ckpt")
    first = draw(model, random_styles(4, model.style_size), torch.zeros(4, dtype=torch.int64))
    with np.load("set.npz") as content:
        assert (content["images"] == first.numpy()).all()
        assert content["class_names"].tolist() == ["1", "2", "3"]


def test_an_exported_set_is_read_again_under_its_names(run):
    run(LETTERS, "--export", "set.npz", "--count", 40)
    train, test = load("set.npz")
    assert train.class_names == test.class_names == LETTERS["class_names"]
    assert len(train) + len(test) == 40


def test_the_last_name_can_be_traversed_and_a_number_is_none(run):
    code, out, _ = run(LETTERS, "--traverse", "--digit", "ee")
    assert (code, out.split(" along")[0]) == (0, "The digit ee")
    for name in ("3", "e", ""):
        code, out, err = run(LETTERS, "--traverse", "--digit", name)
        assert (code, out, err.count("\n")) == (1, "", 1)
        assert "--digit must be one of A, B, C, ee: " in err


def test_of_few_classes_the_last_is_traversed(run):
    two = {"classes": 2, "class_names": ("A", "B"), "data": "letters"}
    code, out, _ = run(two, "--traverse")
    assert (code, out.split(" along")[0]) == (0, "The digit B")


def test_a_picture_is_taken_for_the_digit_of_that_name(run, mnist):
    drawing(mnist[1].images[0], 9).save("photo.png")
    styles = {}
    for name in ("1", "3"):
        code, out, _ = run(ONES, "--like", "photo.png", "--digit", name)
        styles[name] = out.splitlines()[0]
        assert code == 0
    assert styles["1"] != styles["3"]


def test_the_sheet_does_not_replace_the_photograph(run, mnist, tmp_path):
    picture = tmp_path / "digits.png"
    drawing(mnist[1].images[0], 9).save(picture)
    before = picture.read_bytes()
    code, out, err = run(ONES, "--like", "digits.png", "--digit", "1")
    assert (code, out) == (1, "")
    assert "would replace digits.png; name another --output" in err
    assert picture.read_bytes() == before


def test_other_images_go_with_a_picture(run):
    code, _, err = run(ONES, "--data", "mnist")
    assert (code, err.count("\n")) == (1, 1)
    assert "--data and --data-dir go with --like" in err
