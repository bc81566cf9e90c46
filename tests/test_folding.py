"""A model folded for one digit draws what the whole model draws."""

import pytest
import torch

from stylespace.folding import FoldedDigit
from stylespace.generation import random_styles
from tests.small import bend, vivid_model

KINDS = [
    {},
    {"flow_layers": 0},
    {"style_size": 1},
    {"style_size": 5, "classes": 47, "flow_layers": 3, "decoder_widths": (16,)},
]


def model_of(kind):
    model = vivid_model(**kind)
    random = torch.Generator().manual_seed(0)
    model.calibration.mean.normal_(generator=random)
    model.calibration.to_code.add_(0.1)
    bend(model)
    return model


def both(model, digit, dtype=torch.float32):
    """What it draws folded and whole, in levels of 255."""
    styles = random_styles(300, model.style_size)
    whole = 255 * model.decode(styles, torch.full((300,), digit)).flatten(1)
    return FoldedDigit(model, digit, dtype).draw(styles), whole


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("digit", [0, 9])
def test_a_folded_digit_is_drawn_to_the_nearest_grey(kind, digit):
    folded, whole = both(model_of(kind), digit)
    assert folded.dtype == torch.uint8
    assert (folded - whole).abs().max() < 0.51
    assert whole.std(dim=0).mean() > 10  # or it could not fail


def test_its_digit_and_its_style_matter():
    model = model_of({})
    (seven, _), (one, _) = both(model, 7), both(model, 1)
    assert not torch.equal(seven, one)
    assert len(seven.unique(dim=0)) == len(seven)


def test_in_bfloat16_pixels_are_near():
    model = vivid_model()
    for value in model.decoder.parameters():
        value.data /= 2  # its edges are otherwise much sharper than a trained model's
    folded, whole = both(model, 3, torch.bfloat16)
    assert (folded - whole).abs().mean() < 1
    assert (folded - whole).abs().max() < 16


@pytest.mark.parametrize("digit", [-1, 10])
def test_a_digit_that_the_model_has_not_is_refused(digit):
    with pytest.raises(IndexError):
        FoldedDigit(vivid_model(), digit)
