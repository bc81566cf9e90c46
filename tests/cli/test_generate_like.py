"""`generate-digits --like`: the hand of a photograph's digits."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from stylespace.cli import generate
from stylespace.data.prepare import prepare_file
from stylespace.generation import draw, draw_rows, traverse
from stylespace.studio.hand import STRANGE
from stylespace.studio.reader import READER_FILE, PageReader, save_reader
from tests.cli.drawing import SESSION, save_session, tiles
from tests.data.test_prepare import centre, difference, drawing, nearest, photograph
from tests.small import certain_reader


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


def test_a_traverse_starts_from_the_hand_and_shows_its_digit(
    generate_digits, reads_as, model, mnist
):
    reads_as(7)
    drawing(mnist[1].images[0], 9).save("photo.png")
    code, out, _ = generate_digits("--like", "photo.png", "--traverse")
    assert code == 0
    assert out.splitlines()[2] == "The digit 7 along 4 style dimensions written to digits.png"
    found = tiles("digits.png", 12, lead=True)
    hand = model.encode(found[:1, :1] / 255, torch.tensor([7]))[0]
    styles = traverse(hand).flatten(0, 1)
    drawn = draw(model, styles, torch.full((len(styles),), 7))
    assert torch.equal(found[:, 1:].flatten(0, 1), drawn)


@pytest.fixture
def reads_as(here):
    """Gives the session a reader that takes everything for one digit, more or less surely."""

    def put(digit, sure=9.0):
        save_reader(certain_reader(digit, sure), here / SESSION / READER_FILE)

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


def told_style(out):
    """The numbers of a hand's style, as the command prints them."""
    told = out.splitlines()[1].removeprefix("The style of photo.png is --style ")
    return [float(number) for number in told.split(",")]


def test_several_digits_of_a_picture_make_one_hand(generate_digits, reads_as, model, mnist):
    reads_as(7)
    side_by_side(mnist[1].images[[0, 17, 26]], "photo.png")
    code, out, _ = generate_digits("--like", "photo.png")
    assert code == 0
    assert out.splitlines()[0] == "photo.png is taken for 7 7 7 (each at least 100% sure)"
    seen = tiles("digits.png", 13, lead=3)
    # each by itself, as the command does: several at once may be rounded differently
    encoded = [model.encode(image[None, None] / 255, torch.tensor([7])) for image in seen[0, :3]]
    mean = torch.cat(encoded).mean(dim=0, keepdim=True)
    assert torch.equal(seen[:, 3:], draw_rows(model, mean, range(10)))
    assert told_style(out) == pytest.approx(mean[0].tolist(), abs=2e-3)


def test_of_many_digits_all_make_the_hand_and_ten_are_shown(
    generate_digits, reads_as, model, mnist
):
    reads_as(7)
    images = mnist[1].images[[0, 17, 26, 34, 36, 41, 60, 64, 70, 75, 0]]
    side_by_side(images, "photo.png")
    code, out, _ = generate_digits("--like", "photo.png")
    assert code == 0
    assert out.startswith("photo.png is taken for 7 7 7 7 7 7 7 7 7 7 7 (")
    seen = tiles("digits.png", 20, lead=10)
    assert (seen[0].flatten(1).float().std(dim=1) > 0).all()
    shown = [model.encode(one[None, None] / 255, torch.tensor([7])) for one in seen[0, :10]]
    of_ten = torch.cat(shown).mean(dim=0).tolist()
    of_all = torch.cat([*shown, shown[0]]).mean(dim=0).tolist()
    assert told_style(out) == pytest.approx(of_all, abs=0.05)
    assert told_style(out) != pytest.approx(of_ten, abs=0.2)


def test_what_is_like_no_digit_among_others_is_left_out(
    generate_digits, reads_as, model, mnist, monkeypatch
):
    reads_as(7)
    side_by_side(mnist[1].images[[0, 17, 26]], "photo.png")
    generate_digits("--like", "photo.png")
    seen = tiles("digits.png", 13, lead=3)[0, :3, None] / 255
    sevens = torch.full((3,), 7)
    styles = model.encode(seen, sevens)
    errors = (model.decode(styles, sevens) - seen).square().mean(dim=(1, 2, 3))
    order = errors.argsort()
    usual = float(errors[order[1:]].mean()) / STRANGE
    everything = {"p50": usual, "p95": usual, "p99": usual}
    monkeypatch.setattr("stylespace.studio.session.usual_errors", lambda *_: everything)
    code, out, _ = generate_digits("--like", "photo.png")
    assert code == 0
    besides = "each at least 100% sure; 1 more left out, like nothing this model draws"
    assert out.splitlines()[0] == f"photo.png is taken for 7 7 ({besides})"
    assert torch.equal(
        tiles("digits.png", 12, lead=2)[0, :2], (seen[order[:2].sort().values, 0] * 255).byte()
    )
    assert told_style(out) == pytest.approx(styles[order[:2]].mean(dim=0).tolist(), rel=1e-3)


def test_how_sure_a_reading_is_is_said_of_the_least_sure_digit(generate_digits, here, mnist):
    reader = PageReader(classes=10)
    for weights in reader.parameters():
        weights.data.fill_(0.01)
    reader.layers[-1].weight.data[7] += 0.05  # the more ink, the surer
    save_reader(reader, here / SESSION / READER_FILE)
    side_by_side(mnist[1].images[[17, 5, 0]], "photo.png")
    _, out, _ = generate_digits("--like", "photo.png")
    shares = reader.shares(tiles("digits.png", 13, lead=3)[0, :3])[:, 7]
    assert shares.max() - shares.min() > 0.01
    assert f"(each at least {shares.min():.0%} sure)" in out


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
