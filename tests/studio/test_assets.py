"""What the page is told of a session."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load

from stylespace import checkpoint
from stylespace.checkpoint import TrainerState
from stylespace.config import TrainConfig
from stylespace.errors import DataError, SessionError
from stylespace.evaluation.results import FORMAT
from stylespace.evaluation.session import weights_digest
from stylespace.studio.assets import open_session, studio_files
from stylespace.studio.reader import PageReader
from tests.small import strokes, vivid_model


@pytest.fixture
def session(tmp_path):
    def make(name="mnist4.ckpt", objective="aae", **config):
        model = vivid_model(**config)
        state = TrainerState(config=TrainConfig(objective=objective), step=1, steps=1, data="")
        checkpoint.save(tmp_path / name, model, state)
        return tmp_path / name

    return make


def info_of(*arguments, **options):
    return json.loads(studio_files(*arguments, **options)["studio.json"])


def test_tells_what_the_model_is_and_which_files_it_needs(session):
    shown = open_session(session(), strokes(50, 1))
    files = studio_files(shown, PageReader(10))
    info = json.loads(files["studio.json"])
    assert sorted(files) == ["model.safetensors", "reader.safetensors", "studio.json"]
    expected = {
        "format": 1,
        "name": "mnist4.ckpt",
        "objective": "aae",
        "style_size": 4,
        "classes": 10,
        "class_names": list("0123456789"),
        "encoder_widths": [384, 384],
        "decoder_widths": [256, 384, 384],
        "dtype": "float32",
        "model": "model.safetensors",
        "reader": "reader.safetensors",
        "card": None,
        "compare": [],
    }
    assert {name: info[name] for name in expected} == expected
    assert len(info["dimensions"]) == 4


def test_points_and_errors_are_those_of_the_test_images(session):
    test = strokes(2500, 1)
    shown = open_session(session(), test)
    info = info_of(shown, None)
    points = info["points"]
    assert points["count"] == len(points["style"]) == len(points["digits"]) == 834
    some = test.subset(slice(None, None, 3))
    assert points["digits"] == some.digits.tolist()
    style = shown.model.encode(some.floats(), some.digits)
    assert (torch.tensor(points["style"]) - style).abs().max() < 6e-4
    images = test.floats()
    drawn = shown.model.decode(shown.model.encode(images, test.digits), test.digits)
    errors = (drawn - images).square().mean(dim=(1, 2, 3))
    assert info["reconstruction"]["p95"] == pytest.approx(errors.quantile(0.95).item(), abs=1e-5)
    assert sorted(info["reconstruction"]) == ["p50", "p95", "p99"]


def test_points_are_of_all_digits_though_they_come_in_turn(session):
    info = info_of(open_session(session(), strokes(10_000, 1)), None)
    counts = torch.tensor(info["points"]["digits"]).bincount(minlength=10)
    assert 900 < info["points"]["count"] <= 1000
    assert counts.min() > 80


def test_without_images_and_reader_the_page_is_told_so(session):
    info = info_of(open_session(session(), None), None)
    assert info["points"] == {"count": 0, "style": [], "digits": []}
    assert info["reconstruction"] is info["reader"] is None


def test_weights_are_the_models_own_and_half_as_large_in_float16(session):
    shown = open_session(session(), None)
    whole, half = (
        studio_files(shown, None, half=half)["model.safetensors"] for half in (False, True)
    )
    state = shown.model.state_dict()
    assert all(torch.equal(load(whole)[name], weight) for name, weight in state.items())
    assert len(half) < 0.55 * len(whole)
    for name, weight in load(half).items():
        exact = name.startswith(("calibration.", "flow."))
        assert weight.dtype == (torch.float32 if exact else torch.float16)
        assert torch.allclose(weight.float(), state[name], rtol=1e-3, atol=1e-4)


def test_a_weight_that_float16_cannot_hold_stays_as_it_is(session):
    shown = open_session(session(), None)
    shown.model.decoder.layers.dense[0].weight.data[0, 0] = 1e5
    weights = load(studio_files(shown, None, half=True)["model.safetensors"])
    assert weights["decoder.layers.dense.0.weight"][0, 0] == 1e5


def test_others_stand_beside_it(session):
    test = strokes(50, 1)
    own = open_session(session(), test)
    other = open_session(session("simple.ckpt", objective="sae", style_size=2), test)
    (beside,) = info_of(own, None, [other])["compare"]
    assert (beside["name"], beside["objective"]) == ("simple.ckpt", "sae")
    assert len(beside["points"]["style"][0]) == 2


def write_report(directory, **changes):
    model = checkpoint.load(directory)
    lines = {
        "mse": {
            "label": "mean squared error",
            "value": 0.02123,
            "style": ".4f",
            "perfect": 0,
            "chance": 0.0674,
            "meaning": "of a pixel",
        },
        "read": {"label": "read as asked", "value": None, "style": "share", "perfect": 1},
        "coverage": {
            "label": "coverage",
            "value": 0.4,
            "style": "share",
            "meaning": "as it is seen",
            "chance_is": "training images",
        },
    }
    report = {
        "format": FORMAT,
        "weights_digest": weights_digest(model),
        "sections": {"reconstruction": {"measures": lines}},
    }
    (directory / "report.json").write_text(json.dumps({**report, **changes}))


def test_the_report_card_is_shown(session):
    directory = session()
    write_report(directory)
    card = info_of(open_session(directory, None), None)["card"]
    assert card[0] == {
        "group": "Reconstruction",
        "name": "mean squared error",
        "value": 0.02123,
        "text": "0.0212",
        "perfect": "0.0000",
        "chance": "0.0674",
        "meaning": "of a pixel",
    }
    assert card[2]["meaning"] == "as it is seen; under chance: training images"
    assert (card[1]["value"], card[1]["text"]) == (None, "-")
    assert (card[1]["perfect"], card[1]["chance"]) == ("100.0 %", None)


@pytest.mark.parametrize(
    "changes",
    [
        {"weights_digest": "of another model"},
        {"format": FORMAT + 1},
        {"sections": []},
        {"sections": {"a": {"measures": {"b": {"label": "c"}}}}},
        {"sections": {"a": {"measures": {"b": {"label": "c", "style": "q", "value": 1}}}}},
        {"sections": {"a": {"measures": {"b": {"label": "c", "style": "9999", "value": 1}}}}},
        {"sections": {"a": {"measures": {"b": {"label": "c", "style": ".1f", "value": 10**400}}}}},
    ],
)
def test_a_card_of_another_model_or_a_damaged_one_is_not(session, changes):
    directory = session()
    write_report(directory, **changes)
    assert open_session(directory, None).card is None


def test_a_model_by_itself_does_not_say_how_it_was_trained(session):
    directory = session()
    (directory / "trainer.json").unlink()
    assert open_session(directory, None).objective is None


def test_a_session_named_by_a_dot_has_its_name(session, monkeypatch):
    monkeypatch.chdir(session())
    assert open_session(Path(), None).name == "mnist4.ckpt"


def test_images_that_are_not_the_models_and_no_session_are_refused(session, tmp_path):
    test = strokes(50, 1)
    with pytest.raises(DataError, match="is for 3 classes"):
        open_session(session("three.ckpt", classes=3), test)
    with pytest.raises(DataError):
        open_session(session(), dataclasses.replace(test, class_names=("0", "1")))
    with pytest.raises(SessionError, match="is no session"):
        open_session(tmp_path / "none.ckpt", test)
