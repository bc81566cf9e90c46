"""`generate-digits --like`: the hand of a photograph's digits."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from stylespace.cli import generate
from stylespace.data.prepare import prepare_file
from stylespace.generation import draw_rows
from stylespace.studio.reader import READER_FILE, PageReader, save_reader
from tests.cli.drawing import SESSION, save_session, tiles
from tests.data.test_prepare import centre, difference, drawing, nearest, photograph


@pytest.mark.parametrize("light_ink", [False, True])
@pytest.mark.parametrize("name", ["photo.png", "photo.jpg"])
def test_a_photographed_digit_gives_its_style(generate_digits, mnist, light_ink, name):
    test = mnist[1]
    sevens = test.images[test.digits == 7][:10]
    photograph(sevens[2], 4, light_ink=light_ink).save(name)
    code, out, err = generate_digits("--like", name, "--digit", 7)
    assert (code, err) == (0, "")
    seen = tiles("digits.png", 11, lead=True)[0, 0]
    assert difference(seen, sevens[2]) < 0.1
    assert (centre(seen) - centre(sevens[2])).abs().max() < 1
    assert nearest(seen, sevens) == 2
    assert out.splitlines()[1:] == ["10 digits in 1 style written to digits.png"]


def test_the_style_of_a_picture_is_told_in_a_form_that_draws_the_same(
    generate_digits, model, mnist
):
    image, digit = mnist[1].images[1], int(mnist[1].digits[1])
    drawing(image, 9).save("photo.png")
    _, out, _ = generate_digits("--like", "photo.png", "--digit", digit)
    like = tiles("digits.png", 11, lead=True)
    assert torch.equal(like[0, 0], prepare_file("photo.png"))
    encoded = model.encode(like[:, :1] / 255, torch.tensor([digit]))
    assert torch.equal(like[:, 1:], draw_rows(model, encoded, range(10)))
    told = out.splitlines()[0].removeprefix("The style of photo.png is --style ")
    generate_digits("--style", told)
    assert (tiles("digits.png", 10).int() - like[:, 1:].int()).abs().max() <= 3


@pytest.mark.parametrize(
    ("flags", "rows", "columns"), [(["--traverse"], 4, 12), (["--text", "31"], 1, 3)]
)
def test_what_was_seen_stands_beside_the_first_row_of_other_forms_too(
    generate_digits, mnist, flags, rows, columns
):
    drawing(mnist[1].images[0], 9).save("photo.png")
    code, _, _ = generate_digits("--like", "photo.png", "--digit", 7, *flags)
    found = tiles("digits.png", columns, lead=True)
    assert code == 0
    assert len(found) == rows
    assert torch.equal(found[0, 0], prepare_file("photo.png"))
    assert (found[1:, 0] == 0).all()
    assert (found[:, 1:].flatten(2).float().std(dim=2) > 0).all()


@pytest.fixture
def reads_as(here):
    """Gives the session a reader that takes everything for one digit, more or less surely."""

    def put(digit, sure=9.0):
        reader = PageReader(classes=10)
        for weights in reader.parameters():
            weights.data.zero_()
        reader.layers[-1].bias.data[digit] = sure
        save_reader(reader, here / SESSION / READER_FILE)

    return put


def test_the_studios_reader_says_which_digit_a_picture_shows(generate_digits, reads_as, mnist):
    reads_as(7)
    drawing(mnist[1].images[0], 9).save("photo.png")
    code, out, _ = generate_digits("--like", "photo.png")
    read, *told = out.splitlines()
    assert code == 0
    assert read == "photo.png is taken for 7 (100% sure); --digit says otherwise"
    sheet = tiles("digits.png", 11, lead=True)
    _, out, _ = generate_digits("--like", "photo.png", "--digit", 7)
    assert out.splitlines() == told
    assert torch.equal(tiles("digits.png", 11, lead=True), sheet)


def side_by_side(images, path):
    """One picture of several digits, and each of them as it is prepared alone."""
    row = Image.new("L", (9 * 40 * len(images), 9 * 28), "white")
    for place, image in enumerate(images):
        row.paste(drawing(image, 9), (9 * 40 * place, 0))
    row.save(path)


def test_several_digits_of_a_picture_make_one_hand(generate_digits, reads_as, model, mnist):
    reads_as(7)
    side_by_side(mnist[1].images[[0, 17, 26]], "photo.png")
    code, out, _ = generate_digits("--like", "photo.png")
    assert code == 0
    read, told, _ = out.splitlines()
    assert read == "photo.png is taken for 7 7 7 (each at least 100% sure)"
    seen = tiles("digits.png", 13, lead=3)
    # each by itself, as the command does: several at once may be rounded differently
    encoded = [model.encode(image[None, None] / 255, torch.tensor([7])) for image in seen[0, :3]]
    mean = torch.cat(encoded).mean(dim=0, keepdim=True)
    assert torch.equal(seen[:, 3:], draw_rows(model, mean, range(10)))
    style = [float(x) for x in told.removeprefix("The style of photo.png is --style ").split(",")]
    assert style == pytest.approx(mean[0].tolist(), abs=2e-3)


def test_what_is_like_no_digit_is_refused_with_a_way_out(
    generate_digits, reads_as, mnist, monkeypatch
):
    reads_as(7)
    usual = {"p50": 0.0, "p95": 0.0, "p99": 0.0}
    monkeypatch.setattr("stylespace.studio.session.usual_errors", lambda *_: usual)
    drawing(mnist[1].images[0], 9).save("photo.png")
    code, out, err = generate_digits("--like", "photo.png")
    assert (code, out) == (1, "")
    assert "photo.png looks like nothing this model draws" in err
    assert "say which with --digit" in err
    assert not Path("digits.png").exists()
    code, _, _ = generate_digits("--like", "photo.png", "--digit", 7)
    assert code == 0


def test_a_second_picture_does_not_silently_replace_the_first(generate_digits, capsys):
    with pytest.raises(SystemExit, match="2"):
        generate_digits("--like", "seven.png", "--like", "five.png")
    assert "argument --like: give it once" in capsys.readouterr().err


def test_where_no_reader_can_be_had_the_digit_is_asked_for(tmp_path, monkeypatch, capsys, mnist):
    monkeypatch.chdir(tmp_path)
    save_session(tmp_path / "s.ckpt", decoder_widths=(16,), data="nowhere/images")
    drawing(mnist[1].images[0], 9).save("photo.png")
    assert generate.main(["--ckpt-dir", "s.ckpt", "--like", "photo.png"]) == 1
    assert "which digit does photo.png show? Say it with --digit (" in capsys.readouterr().err
    assert generate.main(["--ckpt-dir", "s.ckpt", "--like", "photo.png", "--digit", "7"]) == 0


def test_a_blank_picture_is_refused_before_a_reader_is_trained(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    save_session(tmp_path / "s.ckpt", decoder_widths=(16,), data="nowhere/images")  # none to train
    Image.new("L", (80, 60), 255).save("photo.png")
    assert generate.main(["--ckpt-dir", "s.ckpt", "--like", "photo.png"]) == 1
    assert "photo.png is blank: there is no ink on it" in capsys.readouterr().err
