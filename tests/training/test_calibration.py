"""After calibration each digit's style vectors are the prior's, and nothing is drawn otherwise."""

import pytest
import torch

from stylespace.data.images import LabelledImages
from stylespace.networks import Calibration
from stylespace.training import calibration
from stylespace.training.calibration import LEAST_OF_A_DIGIT, WIDEST, Calibrator
from tests.small import vivid_model

SIZE, CLASSES = 3, 4
CONFIG = {"encoder_widths": (32,), "decoder_widths": (32,), "classes": CLASSES}


def noisy(count, seed, contrast=0.5, digits=None):
    """Images whose codes lie in every direction."""
    random = torch.Generator().manual_seed(seed)
    noise = torch.randn(count, 28, 28, generator=random)
    digits = torch.arange(count) % CLASSES if digits is None else digits
    images = (127 + 127 * contrast * noise).clamp(0, 255).to(torch.uint8)
    return LabelledImages(images, digits, tuple(map(str, range(CLASSES))))


def codes(model, data):
    with torch.no_grad():
        return model.encoder(data.floats(), data.digits)


def styles(model, data):
    return model.encode(data.floats(), data.digits)


def drawn_again(model, data):
    return model.decode(styles(model, data), data.digits)


def skewed_model(size=SIZE, last=1.0):
    """Its codes are neither centred nor round; the last of their directions is `last` times."""
    model = vivid_model(style_size=size, **CONFIG)
    sample = noisy(2000, 0)
    layer = model.encoder.layers.dense[-1]
    with torch.no_grad():
        of_digits = [codes(model, sample)[sample.digits == digit] for digit in range(CLASSES)]
        deviation = torch.stack([own.std(dim=0) for own in of_digits]).mean(dim=0)
        mean = torch.cat(of_digits).mean(dim=0)
        layer.weight /= deviation[:, None]
        layer.bias.copy_((layer.bias - mean) / deviation)
        scales = torch.linspace(2.0, 1.2, size)
        scales[-1] *= last
        mix = torch.eye(size) + 0.3 * torch.ones(size, size).tril(-1)
        layer.weight.copy_(torch.diag(scales) @ mix @ layer.weight)
        layer.bias.copy_(torch.diag(scales) @ mix @ layer.bias + 0.5)
    return model


def covariance(vectors):
    return torch.cov(vectors.T).view(vectors.shape[1], -1)


@pytest.fixture(scope="module")
def seen():
    return noisy(4000, 1)


NONE = noisy(0, 2)


@pytest.mark.parametrize("size", [1, SIZE])
@pytest.mark.parametrize("unseen", [NONE, noisy(500, 2, contrast=0.8)], ids=["none", "some"])
def test_each_digits_codes_get_mean_0_and_one_covariance(seen, size, unseen):
    model = skewed_model(size)
    Calibrator(seen, unseen).calibrate(model)
    style = styles(model, seen)
    reach = float(style.square().mean().sqrt())  # the same for all digits and all directions
    assert (reach == pytest.approx(1, abs=1e-3)) == (len(unseen) == 0)
    for digit in range(CLASSES):
        own = style[seen.digits == digit]
        assert own.mean(dim=0).abs().max() < 1e-4
        assert (covariance(own / reach) - torch.eye(size)).abs().max() < 2e-3


def furthest_mean(model, data):
    """0 if all images of the data were looked at."""
    style = styles(model, data)
    means = [style[data.digits == digit].mean(dim=0) for digit in range(CLASSES)]
    return float(torch.stack(means).abs().max())


def test_until_training_is_over_a_sample_is_enough(seen, monkeypatch):
    monkeypatch.setattr(calibration, "SAMPLE", 1000)
    model = skewed_model()
    calibrator = Calibrator(seen, NONE)
    calibrator.calibrate(model)
    assert 1e-4 < furthest_mean(model, seen) < 0.2
    calibrator.calibrate(model, last=True)
    assert furthest_mean(model, seen) < 1e-4


@pytest.mark.parametrize(
    ("epochs", "sample", "all_"), [(2, 1000, False), (6, 1000, True), (2, 2000, True)]
)
def test_a_short_run_does_with_half_of_many_images(seen, monkeypatch, epochs, sample, all_):
    monkeypatch.setattr(calibration, "SAMPLE", sample)
    model = skewed_model()
    Calibrator(seen, NONE, epochs=epochs).calibrate(model, last=True)
    furthest = furthest_mean(model, seen)
    assert (furthest < 1e-4) == all_
    assert furthest < 0.1


def test_style_vectors_of_unseen_images_have_the_priors_size(seen):
    unseen = noisy(500, 2, contrast=0.8)
    model = skewed_model()
    Calibrator(seen, unseen).calibrate(model)
    assert styles(model, unseen).square().mean().sqrt() == pytest.approx(1, abs=1e-5)


def test_the_flow_is_judged_by_style_vectors_as_the_model_gives_them(seen, monkeypatch):
    given = []
    monkeypatch.setattr(calibration, "fit_flow", lambda *arguments: given.extend(arguments))
    unseen, model = noisy(500, 2, contrast=0.8), skewed_model()
    Calibrator(seen, unseen).calibrate(model, last=True)
    judges = given[3].vectors
    assert torch.allclose(judges, styles(model, unseen), atol=1e-4)
    assert judges.square().mean().sqrt() == pytest.approx(1, abs=1e-5)


def test_no_image_is_drawn_otherwise(seen):
    model, unseen = skewed_model(), noisy(500, 2, contrast=0.8)
    before, code = drawn_again(model, unseen), styles(model, unseen)
    Calibrator(seen, unseen).calibrate(model)
    assert (styles(model, unseen) - code).abs().max() > 0.1
    assert (drawn_again(model, unseen) - before).abs().max() < 1e-4
    assert before.std(dim=0).mean() > 0.01  # or nothing could have been seen


@pytest.mark.parametrize("rare", [0, 1, LEAST_OF_A_DIGIT * SIZE - 1, LEAST_OF_A_DIGIT * SIZE])
def test_a_digit_of_which_too_few_images_are_known_keeps_its_shape(rare):
    count = 3000
    digits = torch.arange(count) % (CLASSES - 1)
    digits[:rare] = CLASSES - 1
    model, seen = skewed_model(), noisy(count, 3, digits=digits)
    Calibrator(seen, NONE).calibrate(model)
    others = noisy(400, 4, digits=torch.full((400,), CLASSES - 1))
    kept = torch.allclose(
        styles(model, others).norm(dim=1), codes(model, others).norm(dim=1), rtol=1e-4
    )
    assert kept == (rare < LEAST_OF_A_DIGIT * SIZE)
    well_known = noisy(400, 4, digits=torch.zeros(400, dtype=torch.int64))
    assert styles(model, well_known).square().mean().sqrt() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("last", [0.0, 1e-3])
def test_a_dead_direction_is_not_blown_up(seen, last):
    model = skewed_model(last=last)
    before = drawn_again(model, seen)
    Calibrator(seen, NONE).calibrate(model)
    style = styles(model, seen)
    assert style.isfinite().all()
    for digit in range(CLASSES):
        own = seen.digits == digit
        dead = torch.linalg.eigvalsh(covariance(codes(model, seen)[own]))[0].clamp(min=0).sqrt()
        spreads = torch.linalg.eigvalsh(covariance(style[own])).clamp(min=0).sqrt()
        assert spreads[0] <= 1.01 * WIDEST * dead + 1e-3
        assert spreads[1:].tolist() == pytest.approx([1] * (SIZE - 1), abs=1e-3)
    assert (drawn_again(model, seen) - before).abs().max() < 1e-4


def test_doing_it_again_gives_the_same(seen):
    unseen = noisy(500, 2, contrast=0.8)
    model, calibrator = skewed_model(), Calibrator(seen, unseen)
    calibrator.calibrate(model)
    first = {name: value.clone() for name, value in model.calibration.state_dict().items()}
    calibrator.calibrate(model)
    for name, value in model.calibration.state_dict().items():
        assert torch.equal(first[name], value), name


def test_nothing_but_the_calibration_is_changed(seen):
    model = skewed_model()
    before = {name: value.clone() for name, value in model.named_parameters()}
    Calibrator(seen, NONE).calibrate(model)
    for name, value in model.named_parameters():
        assert torch.equal(before[name], value), name


def test_codes_of_many_images_are_calibrated_in_parts(seen, monkeypatch):
    monkeypatch.setattr(calibration, "ROWS", 70)
    rows, style = [], Calibration.style
    monkeypatch.setattr(
        Calibration,
        "style",
        lambda self, codes, digits: rows.append(len(codes)) or style(self, codes, digits),
    )
    Calibrator(seen, NONE).calibrate(skewed_model(), last=True)
    assert max(rows) == 70
    assert sum(rows) == len(seen)


def test_the_sample_has_all_digits_where_images_lie_class_by_class(monkeypatch):
    monkeypatch.setattr(calibration, "SAMPLE", 200)
    data = noisy(1000, 0, digits=torch.arange(10).repeat_interleave(100))
    sample = Calibrator(data, data.subset(slice(0))).sample
    assert len(sample) == 200
    assert sample.digits.bincount(minlength=10).min() > 5
