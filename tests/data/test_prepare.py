import itertools
import math
import struct

import numpy as np
import pytest
import torch
from PIL import Image

from stylespace.data.prepare import prepare, prepare_file
from stylespace.errors import DataError
from tests.data.drawn import read_or_refused, ring

Resampling = Image.Resampling
SOME = range(0, 400, 23)


@pytest.fixture(scope="module")
def digits(mnist):
    """Some of MNIST's test images, uint8 `[n, 28, 28]`."""
    return mnist[1].images[list(SOME)]


def drawing(image, scale, how=Resampling.NEAREST):
    """Dark ink on white, enlarged."""
    return Image.fromarray(255 - image.numpy()).resize((28 * scale, 28 * scale), how)


def photograph(image, seed, *, light_ink=False, size=(450, 360), noise=0.01, scale=None):
    """A digit somewhere on a sheet of coloured paper under light from one side."""
    random = np.random.default_rng(seed)
    (width, height), scale = size, scale or 10 + seed % 3
    ink = np.zeros((height, width))
    enlarged = Image.fromarray(image.numpy()).resize((28 * scale,) * 2, Resampling.BICUBIC)
    top, left = random.integers(0, height - 28 * scale), random.integers(0, width - 28 * scale)
    ink[top : top + 28 * scale, left : left + 28 * scale] = np.asarray(enlarged) / 255
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    slope = random.uniform(-0.2, 0.2, 2)
    light = 0.7 + slope[0] * x + slope[1] * y
    shown = light * (0.25 + 0.7 * ink if light_ink else 1 - 0.7 * ink)
    shown = shown + noise * random.standard_normal(shown.shape)
    tint = np.array([[1, 0.93, 0.85], [0.88, 0.95, 1]][seed % 2])
    return Image.fromarray((255 * shown[..., None] * tint).clip(0, 255).astype(np.uint8))


def centre(image):
    ink, place = image.float(), torch.arange(28.0)
    return torch.stack([ink.sum(dim=1) @ place, ink.sum(dim=0) @ place]) / ink.sum()


def centred(image):
    """An image with its centre of mass in the middle, moved between pixels."""
    moved = image.float()
    for axis, way in enumerate((14 - centre(image)).tolist()):
        whole = math.floor(way)
        moved = moved.roll(whole, axis).lerp(moved.roll(whole + 1, axis), way - whole)
    return moved


def difference(one, other):
    """Mean absolute difference, in shares of full ink."""
    return ((one.float() - other.float()).abs().mean() / 255).item()


def moved(image):
    """An image and those a pixel beside it: rounding may put a centre on either side."""
    return [image.roll((y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)]


def nearest(image, others):
    """Which of the others is most alike, moved by a pixel at most."""
    apart = [(others.float() - one).abs().mean(dim=(1, 2)) for one in moved(image)]
    return int(torch.stack(apart).amin(dim=0).argmin())


def test_mnists_own_images_come_back_as_they_are(digits):
    for image in digits:
        found = prepare(drawing(image, 1))
        assert difference(found, image) < 0.006
        assert (centre(found) - centre(image)).abs().max() < 0.05


@pytest.mark.parametrize("scale", [2, 5, 12, 18])
def test_mnists_own_images_come_back_from_drawings_of_any_size_in_the_middle(digits, scale):
    for image in digits:
        found = prepare(drawing(image, scale))
        assert difference(found, centred(image)) < 0.006
        assert (centre(found) - 14).abs().max() < 0.05


def test_a_drawing_hardly_changed_is_hardly_another_image(digits):
    """However small the steps are, one of them takes the ink over the edge of a pixel."""
    for image in digits[:6]:
        large = drawing(image, 20, Resampling.BICUBIC)
        widths = range(large.width, large.width * 11 // 10, 4)
        found = [prepare(large.resize((width, large.height))) for width in widths]
        assert max(difference(*pair) for pair in itertools.pairwise(found)) < 0.012


@pytest.mark.parametrize("scale", [25, 40, 73])
def test_a_drawing_larger_than_is_worked_on_comes_back_nearly_as_well(digits, scale):
    for image in digits:
        found = prepare(drawing(image, scale))
        assert difference(found, centred(image)) < 0.02
        assert (centre(found) - 14).abs().max() < 0.05


@pytest.mark.parametrize("how", [Resampling.BILINEAR, Resampling.BICUBIC, Resampling.LANCZOS])
def test_soft_edges_change_little(digits, how):
    for index, image in enumerate(digits):
        found = prepare(drawing(image, 9, how))
        assert difference(found, image) < 0.1
        assert (centre(found) - centre(image)).abs().max() < 1
        assert nearest(found, digits) == index


@pytest.mark.parametrize("mode", ["L", "RGB", "1", "P", "CMYK", "YCbCr", "HSV", "LA", "RGBA"])
def test_light_on_dark_is_the_same_digit_in_every_mode(digits, mode):
    for image in digits[:4]:
        solid = image.gt(127).to(torch.uint8) * 255
        dark = drawing(solid, 6)
        light = Image.eval(dark, lambda value: 255 - value)
        expected = prepare(dark)
        assert difference(prepare(dark.convert(mode)), expected) < 0.003
        assert difference(prepare(light.convert(mode)), expected) < 0.003


def test_a_picture_in_lab_colours(digits):
    dark = drawing(digits[0], 6)
    plain = Image.new("L", dark.size, 128)
    assert torch.equal(prepare(Image.merge("LAB", [dark, plain, plain])), prepare(dark))


@pytest.mark.parametrize(
    ("ink", "paper"),
    [("navy", "ivory"), ("yellow", "black"), ("red", "white"), ("#ffff66", "white")],
)
def test_coloured_ink_is_ink(digits, ink, paper):
    mask = Image.eval(drawing(digits[1], 6), lambda value: 255 - value)
    picture = Image.new("RGB", mask.size, paper)
    picture.paste(ink, mask=mask)
    assert difference(prepare(picture), centred(digits[1])) < 0.01


def in_yellow(image, seed, **how):
    """A photograph of ink that is as bright as paper, but for its blue."""
    red, green, _ = photograph(torch.zeros_like(image), seed, **how).split()
    return Image.merge("RGB", [red, green, photograph(image, seed, **how).getchannel("B")])


def test_yellow_ink_on_a_photograph_is_ink(digits):
    for index, image in enumerate(digits[:8]):
        found = prepare(in_yellow(image, index))
        assert difference(found, image) < 0.12
        assert nearest(found, digits) == index


@pytest.mark.parametrize(("left", "top"), [(0, 0), (150, 0), (0, 170), (97, 61)])
def test_where_the_digit_lies_does_not_matter(digits, left, top):
    for image in digits[:6]:
        digit = drawing(image, 6)
        sheet = Image.new("L", (digit.width + 150, digit.height + 170), 255)
        sheet.paste(digit, (left, top))
        assert torch.equal(prepare(sheet), prepare(digit))


@pytest.mark.parametrize("light_ink", [False, True])
@pytest.mark.parametrize("noise", [0.0, 0.01, 0.03])
def test_a_photograph_under_uneven_light_comes_back_as_the_digit(digits, light_ink, noise):
    for index, image in enumerate(digits[:8]):
        found = prepare(photograph(image, index, light_ink=light_ink, noise=noise))
        assert difference(found, image) < 0.12
        assert (centre(found) - centre(image)).abs().max() < 1.1
        assert nearest(found, digits) == index


@pytest.mark.parametrize("light_ink", [False, True])
def test_a_small_digit_alone_on_a_large_sheet_is_found(digits, light_ink):
    for index, image in enumerate(digits[:8]):
        sheet = photograph(image, index, size=(1600, 1200), scale=4, light_ink=light_ink)
        assert difference(prepare(sheet), image) < 0.12


def test_the_digit_fills_twenty_pixels_around_the_middle():
    for width in (4, 20, 40):
        found = prepare(ring(width))
        rows, columns = (np.flatnonzero((found > 0).any(dim=axis)) for axis in (1, 0))
        assert len(rows) == rows[-1] - rows[0] + 1 == 21  # half of the first and of the last
        assert columns[-1] - columns[0] + 1 in (16, 17)
        assert (centre(found) - 14).abs().max() < 0.05


@pytest.mark.parametrize(("scale", "quality"), [(3, 85), (6, 85), (6, 75), (10, 75)])
def test_a_drawing_with_hard_edges_is_as_large_from_a_jpeg(digits, tmp_path, quality, scale):
    for image in digits[:8]:
        hard = drawing(image, scale).point(lambda grey: 0 if grey < 128 else 255)
        hard.save(tmp_path / "a.jpg", quality=quality)
        assert difference(prepare_file(tmp_path / "a.jpg"), prepare(hard)) < 0.005


def test_a_thin_pen_is_widened_and_a_thick_one_is_not():
    ink = {width: (prepare(ring(width)) > 127).sum().item() for width in (1, 2, 6, 24, 48)}
    assert ink[1] > 60  # one pixel of 240 would be a grey shade
    assert abs(ink[1] - ink[2]) < 0.35 * ink[1]
    assert ink[1] < 1.4 * ink[24]
    assert ink[24] < ink[48]


@pytest.mark.parametrize("where", [(3, 3), (290, 150), (150, 295)])
def test_specks_are_removed(where):
    clean = ring(20)
    dirty = clean.copy()
    x, y = where
    dirty.paste(0, (x, y, x + 4, y + 4))
    assert torch.equal(prepare(dirty), prepare(clean))


def test_separate_strokes_of_one_digit_stay():
    five = Image.new("L", (200, 240), 255)
    five.paste(0, (90, 60, 110, 220))
    without = prepare(five)
    five.paste(0, (60, 10, 150, 30))  # its bar does not touch it
    assert (prepare(five)[:8] > 127).sum() > (without[:8] > 127).sum()


@pytest.mark.parametrize("ink", ["black", "white", "crimson"])
def test_what_is_transparent_is_paper(digits, ink):
    alpha = Image.eval(drawing(digits[2], 6), lambda value: 255 - value)
    for below in ("black", "white"):  # what transparent pixels hide does not count
        picture = Image.new("RGBA", alpha.size, below)
        picture.paste(ink, mask=alpha.point(lambda value: 255 * (value > 0)))
        picture.putalpha(alpha)
        assert difference(prepare(picture), centred(digits[2])) < 0.01


@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize(("low", "high"), [(0, 65535), (1000, 5000), (0, 255)])
def test_sixteen_bits_whatever_range_they_use(digits, tmp_path, low, high, invert):
    share = digits[3].numpy() / 255
    values = low + (high - low) * (share if invert else 1 - share)
    picture = Image.fromarray(np.rint(values).astype(np.uint16).repeat(6, 0).repeat(6, 1))
    picture.save(tmp_path / "scan.png")
    assert difference(prepare_file(tmp_path / "scan.png"), centred(digits[3])) < 0.01


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_in_a_float_picture(odd):
    values = np.asarray(ring(20), dtype=np.float32)
    expected = prepare(Image.fromarray(values))
    values[:3] = odd if odd != -np.inf else 255
    assert difference(prepare(Image.fromarray(values)), expected) < 0.2
    with pytest.raises(DataError, match="blank"):
        prepare(Image.fromarray(np.full((40, 40), odd, np.float32)))


TURNS = {3: 180, 6: 90, 8: 270}


@pytest.mark.parametrize("orientation", TURNS)
def test_a_picture_is_turned_as_its_camera_was_held(digits, tmp_path, orientation):
    upright = Image.new("L", (200, 240), "white")
    upright.paste(drawing(digits[4], 6))
    exif = Image.Exif()
    exif[0x0112] = orientation
    for name in ("a.png", "a.tif"):
        upright.rotate(TURNS[orientation], expand=True).save(tmp_path / name, exif=exif)
        assert torch.equal(prepare_file(tmp_path / name), prepare(upright))


@pytest.mark.parametrize(
    "name", ["a.png", "a.gif", "a.bmp", "a.tif", "a.webp", "a.jpg", "no-ending"]
)
def test_every_format_that_people_have(digits, tmp_path, name):
    kind = {"jpg": "JPEG", "tif": "TIFF", "no-ending": "PNG"}.get(name.split(".")[-1])
    drawing(digits[5], 6).save(tmp_path / name, kind)
    found = prepare_file(tmp_path / name)
    assert difference(found, centred(digits[5])) < 0.03


def test_grey_that_was_multiplied_by_its_opacity(digits, tmp_path):
    drawing = Image.fromarray(255 - digits[0].numpy()).resize((140, 140))
    drawing.save(tmp_path / "plain.png")
    drawing.convert("LA").save(tmp_path / "clear.tif")
    content = (tmp_path / "clear.tif").read_bytes()
    kind = struct.Struct("<HHII")  # of the second channel: by itself 2, multiplied 1
    assert kind.pack(338, 3, 1, 2) in content
    content = content.replace(kind.pack(338, 3, 1, 2), kind.pack(338, 3, 1, 1))
    (tmp_path / "clear.tif").write_bytes(content)
    assert torch.equal(prepare_file(tmp_path / "clear.tif"), prepare_file(tmp_path / "plain.png"))


def test_a_large_photograph_is_read():
    large, small = prepare(ring(200, side=3000)), prepare(ring(20))
    assert min(difference(one, small) for one in moved(large)) < 0.02


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (1, 500), (200, 200)])
@pytest.mark.parametrize("shade", [0, 90, 255])
@pytest.mark.parametrize("mode", ["L", "RGBA", "F"])
def test_a_blank_picture_is_refused_whatever_its_shade(size, shade, mode, recwarn):
    with pytest.raises(DataError, match=r"^photo is blank: there is no ink on it$"):
        prepare(Image.new("L", size, shade).convert(mode), "photo")
    assert len(recwarn) == 0


def test_a_picture_of_light_and_shade_alone_is_refused():
    ramp = Image.linear_gradient("L").resize((300, 200))
    with pytest.raises(DataError, match=r"blank|noisy"):
        prepare(Image.eval(ramp, lambda value: 128 + value // 3))


@pytest.mark.parametrize("light_ink", [False, True])
@pytest.mark.parametrize("noise", [0.003, 0.01, 0.03, 0.05, 0.08, 0.12])
def test_the_grain_of_a_blank_photograph_is_no_ink(noise, light_ink):
    for seed in range(3):
        blank = torch.zeros(28, 28, dtype=torch.uint8)
        with pytest.raises(DataError, match=r"is blank|is too noisy"):
            prepare(photograph(blank, seed, light_ink=light_ink, noise=noise))


def test_a_lone_speck_is_refused():
    picture = Image.new("L", (300, 300), 255)
    picture.paste(0, (150, 150, 153, 153))
    with pytest.raises(DataError, match="shows a speck, but no digit"):
        prepare(picture)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "P", "I", "F", "CMYK", "LAB"])
@pytest.mark.parametrize("size", [(1, 2), (2, 1), (5, 3), (9, 700)])
def test_tiny_and_narrow_pictures_are_read_or_refused(mode, size):
    random = np.random.default_rng(1)
    bands = len(Image.new(mode, (1, 1)).getbands())
    grey = [
        Image.fromarray(random.integers(256, size=size[::-1]).astype(np.uint8))
        for _ in range(bands)
    ]
    picture = grey[0].convert(mode) if bands == 1 else Image.merge(mode, grey)
    assert read_or_refused(prepare, picture)
