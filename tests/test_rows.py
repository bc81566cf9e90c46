"""What a model cannot work on is refused in one line, not answered with something else."""

import pytest
import torch

from stylespace.errors import UsageError
from stylespace.generation import draw
from tests.small import vivid_model

MODEL = vivid_model(style_size=3)
IMAGES, STYLES, DIGITS = torch.rand(4, 1, 28, 28), torch.randn(4, 3), torch.arange(4)


def refused(work, *arguments):
    with pytest.raises(UsageError) as caught:
        work(*arguments)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("digits", [torch.tensor([3]), torch.arange(3), torch.arange(5)])
def test_a_digit_for_each_row(digits):
    for work, rows in ((MODEL.encode, IMAGES), (MODEL.decode, STYLES)):
        assert f"but {len(digits)} digits" in refused(work, rows, digits)
    assert f"4 rows of styles, but {len(digits)} digits" in refused(draw, MODEL, STYLES, digits)


@pytest.mark.parametrize("wrong", [-1, 10])
def test_digits_that_there_are_not(wrong):
    digits = torch.tensor([0, 1, wrong, 2])
    for work, rows in ((MODEL.encode, IMAGES), (MODEL.decode, STYLES)):
        assert f"no digit {wrong}: they go from 0 to 9" in refused(work, rows, digits)


@pytest.mark.parametrize(
    ("images", "told"),
    [
        (IMAGES.double(), "float64"),
        ((255 * IMAGES).to(torch.uint8), "uint8"),
        (IMAGES.view(4, 1, 14, 56), "[4, 1, 14, 56]"),
        (IMAGES[:, 0], "[4, 28, 28]"),
        (IMAGES.numpy(), "ndarray"),
    ],
)
def test_images_of_another_kind(images, told):
    text = refused(MODEL.encode, images, DIGITS)
    assert text.startswith("images must be a tensor [n, 1, 28, 28] of torch.float32, not ")
    assert told in text


def test_styles_of_another_size_and_digits_of_another_type():
    assert "[n, 3]" in refused(MODEL.decode, torch.randn(4, 2), DIGITS)
    assert "digits must be a tensor [n] of torch.int64" in refused(
        MODEL.decode, STYLES, DIGITS.float()
    )


def test_no_rows_are_no_rows():
    assert MODEL.encode(IMAGES[:0], DIGITS[:0]).shape == (0, 3)
    assert MODEL.decode(STYLES[:0], DIGITS[:0]).shape == (0, 1, 28, 28)


@pytest.mark.parametrize("scale", [255.0, -1.0, float("nan")])
def test_images_of_another_scale(scale):
    images = scale * torch.rand(2, 1, 28, 28)
    text = refused(MODEL.encode, images, torch.tensor([1, 2]))
    assert text.startswith("images must be in [0, 1], 0 paper and 1 ink; these reach from ")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1e31])
def test_styles_that_nothing_can_be_drawn_from(value):
    styles = torch.zeros(2, MODEL.style_size)
    styles[1, 0] = value
    digits = torch.tensor([1, 2])
    for text in (refused(draw, MODEL, styles, digits), refused(MODEL.decode, styles, digits)):
        assert text == "styles have numbers that are not finite, or too large"


def test_rows_may_be_mapped_one_by_one():
    encoded = torch.func.vmap(lambda image, digit: MODEL.encode(image[None], digit[None])[0])
    decoded = torch.func.vmap(lambda style, digit: MODEL.decode(style[None], digit[None])[0])
    found, wanted = encoded(IMAGES, DIGITS), MODEL.encode(IMAGES, DIGITS)
    assert torch.allclose(found, wanted, atol=1e-5)
    assert torch.allclose(decoded(STYLES, DIGITS), MODEL.decode(STYLES, DIGITS), atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_drawings_are_the_same_where_products_are_cast(dtype):
    drawn = draw(MODEL, STYLES, DIGITS, dtype)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(draw(MODEL, STYLES, DIGITS, dtype), drawn)
