"""The page's own model, reader and preparation, held against Python's."""

import io

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.Image import Resampling

from stylespace.config import ModelConfig
from stylespace.data.prepare import prepare
from stylespace.networks import StyleAutoencoder
from stylespace.studio.assets import open_session, studio_files
from tests.data.test_prepare import drawing, photograph, ring
from tests.small import bend
from tests.studio import browser as tools

ENCODE_AND_DECODE = """([images, digits]) => {
  const {model} = Stylespace.studio;
  const style = model.encode(Float32Array.from(images), digits);
  return [[...style], [...model.decode(style, digits)]];
}"""


def both_ways(page, some):
    """The page's style vectors and reconstructions of images."""
    given = [some.floats().flatten().tolist(), some.digits.tolist()]
    style, images = page.evaluate(ENCODE_AND_DECODE, given)
    return torch.tensor(style).view(len(some), -1), torch.tensor(images).view(-1, 1, 28, 28)


@torch.no_grad()
def test_styles_and_pixels_are_pytorchs(page, trained, mnist):
    some = mnist[1].subset(slice(33))
    style, images = both_ways(page, some)
    expected = trained.model.encode(some.floats(), some.digits)
    assert (style - expected).abs().max() < 1e-4
    assert (images - trained.model.decode(expected, some.digits)).abs().max() < 1e-4


@torch.no_grad()
def test_half_precision_changes_no_pixel_by_more_than_two_levels(opened, trained, mnist):
    some = mnist[1].subset(slice(0, 10_000, 25))
    middle = torch.zeros(10, 4)
    assert not torch.equal(trained.model.flow(middle, torch.arange(10)), middle)
    own = open_session(trained.session, mnist[1])
    with tools.served(studio_files(own, trained.reader, half=True)) as address:
        _, images = both_ways(opened(address), some)
    expected = trained.model.decode(trained.model.encode(some.floats(), some.digits), some.digits)
    assert (images - expected).abs().max() <= 2 / 255


@pytest.mark.parametrize(
    "config",
    [
        {"style_size": 16},
        {"style_size": 1, "encoder_widths": (7,), "decoder_widths": (3, 5)},
        {"style_size": 2, "encoder_widths": (9, 11, 13)},
    ],
)
def test_models_of_any_shape(opened, mnist, tmp_path, config):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = StyleAutoencoder(ModelConfig(**config)).eval()
        for table in model.calibration.buffers():  # else nothing would tell it from none
            table.add_(0.1 * torch.randn_like(table))
        bend(model)
    some = mnist[1].subset(slice(11))
    session = tools.bare_session(tmp_path / "m.ckpt", model)
    with tools.served(studio_files(open_session(session, some), None)) as address:
        page = opened(address)
        style, images = both_ways(page, some)
        tools.draw(page, tools.SEVEN)
        assert tools.row(page).shape == (10, 28, 28)
    expected = model.encode(some.floats(), some.digits)
    assert (style - expected).abs().max() < 1e-4
    assert (images - model.decode(expected, some.digits)).abs().max() < 1e-4


@torch.no_grad()
def test_the_reader_is_pytorchs(page, trained, mnist):
    images = mnist[1].images[:20]
    shares = page.evaluate(
        "(images) => images.map((image) => [...Stylespace.studio.reader.read("
        "Float32Array.from(image))])",
        (images.flatten(1) / 255).tolist(),
    )
    assert (torch.tensor(shares) - trained.reader.shares(images)).abs().max() < 1e-4


def pictures(mnist):
    """Drawings, scans and photographs of digits, of many sizes."""
    digits = mnist[1].images[list(range(0, 400, 23))]
    yield from (drawing(digits[i], scale) for i, scale in enumerate([1, 2, 3, 5, 12, 18, 25, 40]))
    yield from (drawing(digits[i], 9, Resampling.BICUBIC) for i in range(4))
    yield from (photograph(digits[i], i, noise=0.01 * (i % 3)) for i in range(5))
    yield from (photograph(digits[i], i, light_ink=True) for i in range(3))
    yield from (ring(width) for width in (1, 2, 24, 48))
    yield photograph(digits[3], 1, size=(900, 450)).resize((1200, 300))
    alpha = Image.eval(drawing(digits[2], 6), lambda value: 255 - value)
    see_through = Image.new("RGBA", alpha.size, "crimson")
    see_through.putalpha(alpha.point(lambda value: 255 * (value > 127)))
    yield see_through


PREPARE = """async (address) => {
  const blob = await (await fetch(address)).blob();
  return [...Stylespace.prepare(await Stylespace.readPicture(blob))];
}"""


def test_a_picture_is_prepared_as_in_python(page, mnist):
    page.route(
        "**/picture.png", lambda route: route.fulfill(body=current, content_type="image/png")
    )
    for picture in pictures(mnist):
        file = io.BytesIO()
        picture.save(file, "PNG")
        current = file.getvalue()
        found = np.reshape(page.evaluate(PREPARE, "picture.png"), (28, 28)) * 255
        expected = prepare(picture).numpy().astype(float)
        assert abs(found - expected).max() <= 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "not a picture, or a damaged one"),
        (b"GIF89a" + bytes(20), "not a picture, or a damaged one"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "cannot open HEIC pictures; save it as JPEG"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "cannot open HEIC pictures; save it as JPEG"),
        (bytes(51 * 2**20), "larger than 50 MiB"),
    ],
)
def test_what_is_no_picture_is_refused_in_a_line(page, content, says, tmp_path):
    (tmp_path / "photo.png").write_bytes(content)
    page.set_input_files("#photo-file", tmp_path / "photo.png")
    assert says in tools.notice(page)
    assert page.is_visible("#pad")


@pytest.mark.parametrize(("shade", "says"), [(255, "no ink"), (0, "no ink")])
def test_a_blank_picture_is_refused_in_a_line(page, tmp_path, shade, says):
    Image.new("L", (300, 200), shade).save(tmp_path / "photo.png")
    page.set_input_files("#photo-file", tmp_path / "photo.png")
    assert says in tools.notice(page)


@pytest.mark.parametrize("content", [b"", bytes(8), b"\xff" * 80, bytes([99, *bytes(7), 123])])
def test_a_damaged_model_is_told_in_a_line(chromium, files, content):
    with tools.served({**files, "model.safetensors": content}) as address:
        page = chromium.new_page()
        page.goto(address)
        assert "The model cannot be loaded" in tools.notice(page)
        page.close()


@pytest.mark.parametrize("name", ["model.safetensors", "reader.safetensors"])
@pytest.mark.parametrize("kept", [0.3, 0.999])
def test_weights_cut_short_are_told_in_a_line(chromium, files, name, kept):
    cut = files[name][: int(kept * len(files[name])) | 1]
    with tools.served({**files, name: cut}) as address:
        page = chromium.new_page()
        page.goto(address)
        assert "file is damaged" in tools.notice(page)
        assert page.evaluate("document.querySelector('main').inert")
        page.close()


@pytest.mark.parametrize("content", [b"<html>sign in</html>", b"{}", b"null"])
def test_what_came_instead_of_the_facts_is_told_in_a_line(chromium, files, content):
    with tools.served({**files, "studio.json": content}) as address:
        page = chromium.new_page()
        page.goto(address)
        assert tools.notice(page) == "The model cannot be loaded: studio.json is damaged."
        page.close()


def test_until_the_model_is_there_the_page_says_so(chromium, site):
    page = chromium.new_page()
    waiting = []
    page.route("**/model.safetensors", lambda route: waiting.append(route))
    page.goto(site)
    tools.until(page, lambda: page.is_visible("#loading"))
    assert page.evaluate("document.querySelector('main').inert")
    tools.until(page, lambda: waiting)
    waiting[0].continue_()
    page.wait_for_selector("html[data-ready]")
    assert page.is_hidden("#loading")
    assert not page.evaluate("document.querySelector('main').inert")
    page.close()
