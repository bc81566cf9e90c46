import numpy as np
import pytest
import torch
from PIL import Image

from stylespace.errors import StylespaceError, UsageError
from stylespace.lettering import legible
from stylespace.sheets import check_picture_path, check_sheet_size, tile, write_picture


def grey_tiles(rows, columns):
    """Each tile of one shade of its own, all darker than labels."""
    shades = 255 - torch.arange(rows * columns, dtype=torch.uint8).view(rows, columns, 1, 1)
    return shades.expand(rows, columns, 28, 28)


def boxes(picture, rows, columns):
    """Where each tile is: `[rows, columns, (top, bottom, left, right)]`."""
    pixels = np.asarray(picture)
    found = []
    for shade in range(rows * columns):
        y, x = np.nonzero(pixels == shade)
        found.append((y.min(), y.max() + 1, x.min(), x.max() + 1))
        assert len(y) == (found[-1][1] - found[-1][0]) * (found[-1][3] - found[-1][2])
    return np.array(found).reshape(rows, columns, 4)


def inked(picture, top=0, bottom=None, left=0, right=None):
    """The box of what is not paper in a part of a sheet."""
    y, x = np.nonzero(np.asarray(picture)[top:bottom, left:right] < 255)
    return top + y.min(), top + y.max() + 1, left + x.min(), left + x.max() + 1


@pytest.mark.parametrize("scale", [1, 3])
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (8, 10), (2, 3)])
def test_tiles_lie_in_even_rows_and_columns_that_do_not_touch(rows, columns, scale):
    picture = tile(grey_tiles(rows, columns), scale=scale)
    place = boxes(picture, rows, columns)
    side = 28 * scale
    assert (place[..., 1] - place[..., 0] == side).all()
    assert (place[..., 3] - place[..., 2] == side).all()
    assert (place[:, :, 0] == place[:, :1, 0]).all()
    assert (place[:, :, 2] == place[:1, :, 2]).all()
    for step in (*np.diff(place[:, 0, 0]), *np.diff(place[0, :, 2])):
        assert side < step < side + 5
    assert place[0, 0, 0] == place[0, 0, 2] == picture.height - place[-1, -1, 1]
    assert picture.width - place[-1, -1, 3] == place[0, 0, 2]


def test_an_image_is_dark_ink_on_white_paper_each_pixel_a_square():
    image = torch.arange(784, dtype=torch.int64).remainder(251).to(torch.uint8).view(1, 1, 28, 28)
    picture = np.asarray(tile(image, scale=3))
    margin = (len(picture) - 84) // 2
    inner = picture[margin:-margin, margin:-margin]
    assert np.array_equal(inner, (255 - image[0, 0].numpy()).repeat(3, 0).repeat(3, 1))
    assert np.array_equal(np.asarray(tile(image / 255, scale=3)), picture)


def test_leading_columns_are_set_apart():
    place = boxes(tile(grey_tiles(2, 5), lead=2), 2, 5)
    steps = np.diff(place[0, :, 2])
    assert steps[0] == steps[2] == steps[3]
    assert steps[1] > steps[0] + 10
    plain = tile(grey_tiles(2, 5))
    assert [tile(grey_tiles(2, 5), lead=lead).size for lead in (0, 5)] == [plain.size] * 2


def test_labels_stand_above_their_column_and_left_of_their_row_and_touch_nothing():
    rows, columns = ["0.5\n-1.25\n2", "7"], ["zero", "1", "a very long name for a class"]
    images = grey_tiles(2, 3)
    picture = tile(images, row_labels=rows, column_labels=columns)
    place = boxes(picture, 2, 3)
    first = place[0, 0]
    for column in range(3):
        _, _, left, right = place[0, column]
        start = 0 if column == 0 else place[0, column - 1][3]
        top, bottom, begin, end = inked(picture, 0, first[0], start, right + 1)
        assert 3 < top < bottom < first[0]
        assert left <= begin < end <= right
        assert abs((begin + end) - (left + right)) <= 4
    for row in range(2):
        top, bottom, _, _ = place[row, 0]
        box = inked(picture, top - 1, bottom + 1, 0, first[2])
        assert 3 < box[2] < box[3] < first[2]
        assert abs((box[0] + box[1]) - (top + bottom)) <= 8


@pytest.mark.parametrize("names", [["é", "½"], ["ж", "Ω"], ["日本", "月"], ["a…", "b…"]])
def test_labels_beyond_ascii_can_be_told_apart(names):
    one, other = (np.asarray(tile(grey_tiles(1, 1), column_labels=[name])) for name in names)
    assert one.shape == other.shape
    assert (one != other).any()


def test_what_no_font_here_has_is_told_by_its_number():
    assert legible("a\U0010fffd") == "a10fffd"
    assert legible("plain 7") == "plain 7"


def test_labels_of_five_lines_do_not_run_into_each_other():
    picture = tile(grey_tiles(2, 1), row_labels=["8\n8\n8\n8\n8"] * 2)
    place = boxes(picture, 2, 1)
    strip = np.asarray(picture)[:, : place[0, 0, 2]]
    assert (strip[place[0, 0, 1] : place[1, 0, 0]] == 255).all()
    assert (strip[place[0, 0, 0] : place[0, 0, 1]] < 255).any()


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (500, 40), (166, 120)])
def test_a_sheet_that_programs_show_is_let_through(rows, columns):
    check_sheet_size(rows, columns)


@pytest.mark.parametrize(("rows", "columns"), [(501, 1), (1, 121), (500, 41), (10**9, 10)])
def test_a_sheet_that_no_program_would_show_is_refused(rows, columns):
    with pytest.raises(UsageError, match=f"{rows} rows and {columns} columns is too large"):
        check_sheet_size(rows, columns)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.JPEG", "a.WebP"])
def test_a_picture_is_of_the_format_that_its_name_says(tmp_path, name):
    sheet = tile(torch.rand(2, 3, 28, 28), column_labels="012")
    write_picture(tmp_path / "new" / name, sheet)
    with Image.open(tmp_path / "new" / name) as found:
        assert found.format == {"P": "PNG", "J": "JPEG", "W": "WEBP"}[name[2].upper()]
        difference = np.abs(np.asarray(found.convert("L"), float) - np.asarray(sheet, float))
    assert difference.mean() < (1e-9 if name == "a.png" else 12)
    assert [path.name for path in (tmp_path / "new").iterdir()] == [name]


@pytest.mark.parametrize("name", ["a", "a.pdf", "a.gif", "png", ".png", "a.png.txt"])
def test_a_name_of_no_known_format_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match=r"must end in one of \.png, \.jpg, \.jpeg, \.webp"):
        check_picture_path(tmp_path / name)
    with pytest.raises(UsageError, match="must end in"):
        write_picture(tmp_path / name, Image.new("L", (9, 9)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "height"), [("a.webp", 16_384), ("a.jpg", 65_501)])
def test_a_picture_too_large_for_its_format_is_refused(tmp_path, name, height):
    with pytest.raises(UsageError, match=rf"8x{height} pixels.*end the name in \.png"):
        write_picture(tmp_path / name, Image.new("L", (8, height)))
    assert list(tmp_path.iterdir()) == []
    write_picture(tmp_path / name, Image.new("L", (8, height - 1)))
    write_picture(tmp_path / "a.png", Image.new("L", (8, height)))


def test_a_directory_in_the_place_of_the_picture_stays(tmp_path):
    (tmp_path / "a.png").mkdir()
    with pytest.raises(StylespaceError, match=r"cannot write .*a\.png: it is a directory"):
        write_picture(tmp_path / "a.png", Image.new("L", (9, 9)))
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
