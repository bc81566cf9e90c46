import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from stylespace import sheets
from stylespace.cli import generate
from stylespace.generation import draw, draw_rows, random_styles
from tests.cli.drawing import SESSION, left_behind, save_session, tiles

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, ROOT / "generate-digits.py"],
        [sys.executable, "-m", "stylespace", "generate"],
    ],
)
def test_the_default_sheet_has_eight_random_styles_and_ten_digits(here, model, command):
    done = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "10 digits in 8 styles written to digits.png\n"
    assert left_behind(here) == ["digits.png"]
    expected = draw_rows(model, random_styles(8, 4, seed=0), range(10))
    assert torch.equal(tiles(here / "digits.png", 10), expected)


def test_count_seed_and_output(generate_digits, model):
    code, out, _ = generate_digits("--count", 3, "--seed", 7, "--output", "new/sheet.webp")
    assert (code, out) == (0, "10 digits in 3 styles written to new/sheet.webp\n")
    generate_digits("--count", 3, "--seed", 7, "--output", "sheet.PNG")
    assert torch.equal(
        tiles("sheet.PNG", 10), draw_rows(model, random_styles(3, 4, seed=7), range(10))
    )
    with Image.open("new/sheet.webp") as one, Image.open("sheet.PNG") as other:
        assert one.size == other.size


@pytest.mark.parametrize("flags", [[], ["--text", "90125"]])
def test_the_same_seed_gives_the_same_pixels_whatever_the_count(generate_digits, flags):
    columns = 5 if flags else 10
    for count in (1, 4, 30):
        generate_digits("--count", count, "--output", f"{count}.png", *flags)
    generate_digits("--count", 4, "--output", "other.png", "--seed", 1, *flags)
    most = tiles("30.png", columns)
    assert len(most) == 30
    for count in (1, 4):
        assert torch.equal(tiles(f"{count}.png", columns), most[:count])
    assert not torch.equal(tiles("other.png", columns), most[:4])


def test_random_styles_of_a_simple_session_are_drawn_with_a_warning(tmp_path, generate_digits):
    save_session(tmp_path / "simple.ckpt", objective="sae")
    flags = ["--ckpt-dir", tmp_path / "simple.ckpt", "--output", tmp_path / "sheet.png"]
    code, out, err = generate_digits(*flags)
    assert (code, err.count("\n")) == (0, 1)
    assert "holds a simple auto-encoder" in err
    assert out.startswith("10 digits in 8 styles")
    assert generate_digits(*flags, "--style", "0,0,0,0")[2] == ""


@pytest.mark.parametrize("flag", [["--style", "-1,0.5,2,0.25"], ["--style=-1, .5, 2, 25e-2"]])
def test_an_exact_style_may_start_with_a_minus(generate_digits, model, flag):
    code, out, _ = generate_digits(*flag, "--style", "0,0,0,0")
    assert (code, out) == (0, "10 digits in 2 styles written to digits.png\n")
    styles = torch.tensor([[-1, 0.5, 2, 0.25], [0, 0, 0, 0]])
    assert torch.equal(tiles("digits.png", 10), draw_rows(model, styles, range(10)))


def test_a_number_is_written_in_one_style_a_row(generate_digits, model):
    code, out, _ = generate_digits("--text", "20 26", "--count", 5)
    assert (code, out) == (0, "20 26 in 5 styles written to digits.png\n")
    found = tiles("digits.png", 5)
    assert torch.equal(found, draw_rows(model, random_styles(5, 4), [2, 0, -1, 2, 6]))
    assert (found[:, 2] == 0).all()


@pytest.mark.parametrize(
    ("flags", "digit", "centre"),
    [([], 2, (0, 0, 0, 0)), (["--digit", 7, "--style", "1,2,-1,0"], 7, (1, 2, -1, 0))],
)
def test_traverse_goes_along_each_dimension_and_keeps_the_others(
    generate_digits, model, flags, digit, centre
):
    code, out, _ = generate_digits("--traverse", *flags)
    assert code == 0
    assert out == f"The digit {digit} along 4 style dimensions written to digits.png\n"
    found = tiles("digits.png", 11).int()
    assert found.shape[:2] == (4, 11)
    styles = torch.tensor(centre, dtype=torch.float32).repeat(4, 11, 1)
    for row in range(4):
        styles[row, :, row] = torch.linspace(-2.5, 2.5, 11)
    expected = draw(model, styles.flatten(0, 1), torch.full((44,), digit)).view(4, 11, 28, 28)
    assert (found - expected.int()).abs().max() <= 1


def label_ink(sheet, left, right, top, bottom):
    """Ink of a part of a sheet, a number a line of pixels."""
    return (255 - np.asarray(sheet, dtype=int))[top:bottom, left:right].sum(axis=1)


def test_labels_of_negative_numbers_have_a_short_stroke_in_front_and_no_odd_sign(
    generate_digits,
):
    generate_digits("--style", "1,1,1,1", "--style", "-1,-1,-1,-1")
    with Image.open("digits.png") as sheet:
        side = 28 * sheets.SCALE
        bottom, left = sheet.height - sheets.MARGIN, sheet.width - sheets.MARGIN
        left -= 10 * (side + sheets.GAP) - sheets.GAP
        step = side + sheets.GAP
        plain = label_ink(sheet, 0, left, bottom - step - side, bottom - step)
        minus = label_ink(sheet, 0, left, bottom - side, bottom)
    lines = np.flatnonzero(minus != plain)
    assert (minus >= plain).all()
    assert 4 <= len(lines) <= 8  # a stroke of a line or two for each of four numbers


@pytest.mark.parametrize(
    ("value", "label"), [(-0.001, "0.00"), (-1.257, "-1.26"), (2, "2.00"), (-1e30, "-1e+30")]
)
def test_labels_are_short(value, label):
    assert generate._label([value]) == label


REFUSED = {
    "short style": (["--style", "1,2,3"], "has 3 numbers; this model's styles have 4"),
    "no number": (["--style", "1,2,3,nan"], "not finite"),
    "words": (["--style", "1,2,x,4"], "is not numbers with commas between them"),
    "empty style": (["--style", ""], "is not numbers with commas"),
    "letters": (["--text", "20a6"], "'a' cannot be written; this model writes 0123456789"),
    "newline": (["--text", "20\n6"], "cannot be written"),
    "no text": (["--text", ""], "there is no text to write"),
    "long text": (["--text", "7" * 121], "a sheet of 8 rows and 121 columns is too large"),
    "no rows": (["--count", "0"], "--count must be at least 1"),
    "minus one": (["--count", "-1"], "--count must be at least 1"),
    "too many rows": (["--count", "501"], "a sheet of 501 rows and 10 columns is too large"),
    "endless rows": (["--count", "9" * 400], "--count must be at most"),
    "seed": (["--seed", "-1"], "--seed must be between 0 and 2147483647"),
    "large seed": (["--seed", str(2**31)], "--seed must be between"),
    "gif": (["--output", "a.gif"], "a.gif must end in one of .png, .jpg, .jpeg, .webp"),
    "no ending": (["--output", "a"], "a must end in one of"),
    "tall webp": (["--output", "a.webp", "--count", "200"], "a.webp cannot hold"),
    "through a file": (["--output", "file/a.png"], "cannot write file/a.png"),
    "onto a directory": (["--output", "d.png"], "cannot write d.png: it is a directory"),
    "line break": (["--output", "a\nb.gif"], "a b.gif must end in one of"),
    "nowhere": (["--output", "/dev/null/a.png"], "cannot write /dev/null/a.png"),
    "export nothing": (["--export", "a.npz", "--count", "0"], "--count must be at least 1"),
    "export how many": (["--export", "a.npz"], "how many images should --export write?"),
    "export for ever": (
        ["--export", "a.npz", "--count", str(10**12)],
        "would take 808000.0 GB, and there is room",
    ),
    "export IDX for ever": (["--export", "a", "--count", str(10**12)], "GB, and there is room"),
    "export beyond": (["--export", "a.npz", "--count", "9" * 400], "--count must be at most"),
    "export onto a file": (["--export", "file", "--count", "9"], "cannot write file: File exists"),
    "export through it": (["--export", "file/a.npz", "--count", "9"], "cannot write file/a.npz"),
    "export a style": (
        ["--export", "a.npz", "--count", "9", "--style", "1,2,3,4"],
        "--export and --style do not go together",
    ),
    "export a sheet": (
        ["--export", "a.npz", "--count", "9", "--output", "a.png"],
        "--export and --output do not go together",
    ),
    "blank": (["--like", "blank.png", "--digit", "7"], "blank.png is blank: there is no ink"),
    "black": (["--like", "black.png", "--digit", "7"], "black.png is blank: there is no ink"),
    "no picture": (["--like", "file", "--digit", "7"], "cannot read file: not a picture"),
    "missing": (["--like", "none.png", "--digit", "7"], "there is no file none.png"),
    "directory": (["--like", "d.png", "--digit", "7"], "cannot read d.png: Is a directory"),
    "which digit": (["--like", "blank.png"], "blank.png is blank: there is no ink"),
    "no such digit": (["--like", "blank.png", "--digit", "10"], "--digit must be between 0 and 9"),
    "digit of what": (["--digit", "3"], "--digit goes with --like, --traverse or --export"),
    "two styles": (
        ["--style", "1,2,3,4", "--like", "blank.png", "--digit", "1"],
        "--style and --like both give the style",
    ),
    "style and count": (["--style", "1,2,3,4", "--count", "2"], "--style and --count do not go"),
    "traverse two": (
        ["--traverse", "--style", "1,2,3,4", "--style", "1,2,3,4"],
        "--traverse starts from one style",
    ),
    "no session": (["--ckpt-dir", "none.ckpt"], "none.ckpt is no session"),
    "other size": (["--feature-size", "5"], "mnist5.ckpt is no session"),
    "wrong size": (
        ["--feature-size", "5", "--ckpt-dir", SESSION],
        "holds a model of style size 4, not 5",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_one_line_with_exit_code_1_and_leaves_nothing_behind(
    generate_digits, here, case, recwarn
):
    flags, says = REFUSED[case]
    (here / "file").write_text("no picture")
    (here / "d.png").mkdir()
    Image.new("L", (80, 60), 255).save("blank.png")
    Image.new("L", (80, 60), 0).save("black.png")
    before = left_behind(here)
    code, out, err = generate_digits(*flags)
    assert code == 1
    assert out == ""
    assert err.startswith("generate-digits: ")
    assert says in err
    assert err.count("\n") == 1
    assert left_behind(here) == before
    assert len(recwarn) == 0


def test_a_refusal_ends_the_command_itself_with_1(here, stylespace):
    done = stylespace("generate", "--style", "1,2,3")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "stylespace generate: the style '1,2,3' has 3 numbers; this model's styles have 4\n"
    )
    assert left_behind(here) == []


def test_a_refused_sheet_leaves_the_one_that_was_there(generate_digits):
    generate_digits()
    before = Path("digits.png").read_bytes()
    generate_digits("--style", "1")
    generate_digits("--like", "none.png", "--digit", "7")
    assert Path("digits.png").read_bytes() == before


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"style_size": 300}, "10 digits in 8 styles"),
        ({"classes": 3, "style_size": 1}, "3 digits in 8 styles"),
        ({"data": "fashion-mnist"}, "10 digits in 8 styles"),
    ],
)
def test_models_of_other_sizes_and_sets(tmp_path, monkeypatch, capsys, config, says):
    monkeypatch.chdir(tmp_path)
    save_session(tmp_path / "s.ckpt", decoder_widths=(16,), **config)
    assert generate.main(["--ckpt-dir", "s.ckpt"]) == 0
    assert generate.main(["--ckpt-dir", "s.ckpt", "--traverse"]) == 0
    assert capsys.readouterr().out.startswith(says)


def test_help_answers_without_loading_the_model():
    code = "import sys; from stylespace.cli.generate import main\ntry: main(['--help'])\n"
    code += "except SystemExit: sys.exit('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    for flag in ("--count", "--seed", "--output", "--style", "--like", "--text", "--export"):
        assert flag in done.stdout
