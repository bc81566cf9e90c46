import copy
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from stylespace.config import ModelConfig
from stylespace.errors import UsageError
from stylespace.generation import (
    BLOCK,
    TRAVERSED,
    Drawing,
    class_names,
    draw,
    draw_rows,
    parse_style,
    random_styles,
    style_blocks,
    text_digits,
    traverse,
)
from tests.small import vivid_model


@pytest.fixture(scope="module")
def model():
    return vivid_model()


@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1])
def test_fewer_styles_are_the_first_of_more(count):
    assert torch.equal(
        random_styles(count, 3, seed=5), random_styles(2 * BLOCK, 3, seed=5)[:count]
    )


def test_random_styles_follow_the_prior():
    count = 10 * BLOCK
    styles = random_styles(count, 3)
    assert styles.mean(dim=0).abs().max() < 4 / count**0.5
    assert (styles.T.cov() - torch.eye(3)).abs().max() < 4 * (2 / count) ** 0.5
    assert len(styles.unique(dim=0)) == count  # no block repeats another
    assert not torch.equal(styles[:9], random_styles(9, 3, seed=1))


def test_styles_come_in_blocks_of_one_size_and_a_rest():
    assert [len(block) for block in style_blocks(2 * BLOCK + 5, 4)] == [BLOCK, BLOCK, 5]
    assert list(style_blocks(0, 4)) == []


@pytest.mark.parametrize("count", [0, 1, 7, BLOCK, BLOCK + 3])
def test_a_digit_has_the_same_pixels_whatever_else_is_drawn(model, count):
    styles, digits = random_styles(2 * BLOCK, 4), torch.arange(2 * BLOCK) % 10
    many = draw(model, styles, digits)
    assert torch.equal(draw(model, styles[:count], digits[:count]), many[:count])


def test_drawing_on_leaves_what_was_drawn_as_it_is(model):
    styles, digits = random_styles(40, 4), torch.arange(40) % 10
    drawing = Drawing(model)
    first = drawing.draw(styles, digits)
    kept = first.clone()
    assert not torch.equal(drawing.draw(-styles, digits), kept)
    assert torch.equal(first, kept)
    assert torch.equal(drawing.draw(styles, digits), kept)


def test_what_is_drawn_is_what_the_model_decodes_to_the_nearest_grey(model):
    styles, digits = random_styles(50, 4), torch.arange(50) % 10
    drawn = draw(model, styles, digits)
    assert drawn.dtype == torch.uint8
    assert (drawn / 255 - model.decode(styles, digits)[:, 0]).abs().max() < 0.502 / 255
    assert drawn.float().std(dim=0).mean() > 25  # or the tests above could not fail


def test_rows_have_one_style_and_columns_one_digit(model):
    styles = random_styles(3, 4)
    rows = draw_rows(model, styles, [7, -1, 2])
    assert rows.shape == (3, 3, 28, 28)
    for column, digit in ((0, 7), (2, 2)):
        alone = draw(model, styles, torch.full((3,), digit)).int()
        assert (rows[:, column].int() - alone).abs().max() <= 1
    assert (rows[:, 1] == 0).all()


def test_a_column_of_no_digit_is_refused(model):
    with pytest.raises(UsageError, match="there is no digit -2"):
        draw_rows(model, random_styles(1, 4), [-2])


@pytest.mark.parametrize("more", [2, 20, 300])
def test_a_row_stays_as_it_is_when_rows_are_added_below(model, more):
    styles = random_styles(more, 4)
    assert torch.equal(
        draw_rows(model, styles, range(10))[:2], draw_rows(model, styles[:2], range(10))
    )


def test_traversing_moves_one_dimension_over_the_values_and_no_other():
    centre = torch.tensor([0.25, -3.0, 1.0])
    styles = traverse(centre)
    assert TRAVERSED[0] == -2.5
    assert TRAVERSED[-1] == 2.5
    assert styles.shape == (3, len(TRAVERSED), 3)
    for dimension in range(3):
        others = [other for other in range(3) if other != dimension]
        assert styles[dimension, :, dimension].tolist() == list(TRAVERSED)
        assert (styles[dimension][:, others] == centre[others]).all()
    assert centre.tolist() == [0.25, -3.0, 1.0]


@pytest.mark.parametrize(
    ("text", "style"),
    [("0.3,-1,0.5,2", [0.3, -1, 0.5, 2]), (" 1 , 2e-1,+3,.5", [1, 0.2, 3, 0.5])],
)
def test_a_style_is_read_as_a_person_writes_it(text, style):
    assert torch.equal(parse_style(text, 4), torch.tensor(style))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,2,3", "has 3 numbers; this model's styles have 4"),
        ("1,2,3,4,5", "has 5 numbers; this model's styles have 4"),
        ("", "is not numbers with commas between them, as 0.5,0.5,0.5,0.5"),
        ("1,2,3,", "is not numbers"),
        ("1;2;3;4", "is not numbers"),
        ("1,2,\n3,x", "is not numbers"),
        ("1,2,3,nan", "not finite"),
        ("1,2,3,inf", "not finite"),
        ("1,2,3,1e39", "not finite, or too large"),
        ("1e38,1e38,1e38,1e38", "not finite, or too large"),
    ],
)
def test_a_style_that_is_none_is_refused_in_one_line(text, says):
    with pytest.raises(UsageError, match=says) as caught:
        parse_style(text, 4)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "digits"), [("2026", [2, 0, 2, 6]), ("0", [0]), (" 1 2", [-1, 1, -1, 2])]
)
def test_a_text_is_written_digit_by_digit(text, digits):
    assert text_digits(text, "0123456789") == digits


@pytest.mark.parametrize(
    ("text", "names", "says"),
    [
        ("20a6", "0123456789", "'a' cannot be written; this model writes 0123456789"),
        ("2\n6", "0123456789", r"'\\n' cannot be written"),
        ("-1", "0123456789", "'-' cannot be written"),
        ("", "0123456789", "no text to write"),
        ("  ", "0123456789", "no text to write"),
        ("9", "012", "'9' cannot be written; this model writes 012"),
        ("1", ["Bag", "Coat"], "'1' cannot be written; this model writes no single characters"),
    ],
)
def test_a_text_that_the_model_cannot_write_is_refused(text, names, says):
    with pytest.raises(UsageError, match=says):
        text_digits(text, names)


@pytest.mark.parametrize(
    ("config", "first", "last"),
    [
        ({}, "0", "9"),
        ({"data": "fashion-mnist"}, "T-shirt/top", "Ankle boot"),
        ({"data": "fashion-mnist", "classes": 3}, "0", "2"),
        ({"data": "runes", "classes": 24}, "0", "23"),
    ],
)
def test_digits_are_called_as_their_set_calls_them(config, first, last):
    names = class_names(ModelConfig(**config))
    assert (names[0], names[-1]) == (first, last)
    assert len(names) == config.get("classes", 10)


def test_threads_may_share_a_drawing(model):
    styles, digits = random_styles(64, model.style_size), torch.arange(64) % 10
    drawing, expected = Drawing(model), draw(model, styles, digits)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: drawing.draw(styles, digits), range(40)))
    assert all(torch.equal(images, expected) for images in found)


def test_a_model_of_another_type_is_refused(model):
    with pytest.raises(UsageError, match="by a model of float32 on the CPU"):
        Drawing(copy.deepcopy(model).double())


def test_torchs_default_type_does_not_matter(model):
    styles = random_styles(3, model.style_size)
    images = draw(model, styles, torch.arange(3))
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.equal(random_styles(3, model.style_size), styles)
        assert torch.equal(draw(model, styles, torch.arange(3)), images)
    finally:
        torch.set_default_dtype(torch.float32)
