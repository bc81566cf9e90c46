"""A session's report: when the one that is there serves again, and when it does not."""

import json

import pytest
import torch

from stylespace import __version__, datasets
from stylespace.checkpoint import TrainerState, save, session_lock
from stylespace.config import ModelConfig, TrainConfig
from stylespace.errors import SessionError
from stylespace.evaluation import card
from stylespace.evaluation.results import Measure, Report, Section
from stylespace.evaluation.session import (
    check_same,
    evaluate_session,
    has_full,
    stored_report,
    weights_digest,
)
from stylespace.networks import StyleAutoencoder


@pytest.fixture
def images(strokes_dir):
    return datasets.load(strokes_dir)


def stub_report(model, *_images, quick=False, seed=0, **_):
    line = Measure(key="mse", label="", value=0.5, style=".4f", meaning="", samples="")
    facts = {"session": "s", "data": "strokes", "style_size": model.style_size, "seconds": 0.0}
    facts |= {"quick": quick, "seed": seed, "stylespace": __version__, "torch": "2"}
    facts |= {"parameters": 1, "train_images": 1, "test_images": 1}
    part = Section(key="reconstruction", title="", question="", measures=(line,))
    return Report(facts=facts, class_names=tuple("0123456789"), sections=(part,))


@pytest.fixture
def reported(monkeypatch, tmp_path, images):
    """A directory, its model and its images, with a report of seed 7."""
    monkeypatch.setattr(card, "evaluate", stub_report)

    def report(quick):
        model = StyleAutoencoder(ModelConfig(style_size=2)).eval()
        report = evaluate_session(tmp_path, model, *images, None, quick=quick, seed=7)
        card.write_report(tmp_path, report)
        return tmp_path, model, *images

    return report


@pytest.mark.parametrize(
    ("made", "asked", "serves"),
    [
        ("full", "full", True),
        ("quick", "quick", True),
        ("full", "quick", True),
        ("quick", "full", False),
    ],
)
def test_a_report_serves_again_unless_a_full_one_is_asked_for(reported, made, asked, serves):
    given = reported(made == "quick")
    found = stored_report(*given, quick=asked == "quick", seed=7)
    assert (found is not None) == serves
    if serves:
        assert found["sections"]["reconstruction"]["measures"]["mse"]["value"] == 0.5


def test_a_session_that_was_removed_or_has_other_weights_gets_no_report(tmp_path):
    model = StyleAutoencoder(ModelConfig(style_size=2)).eval()
    state = TrainerState(config=TrainConfig(), step=1, steps=1, data="0")
    with session_lock(tmp_path / "s.ckpt"):
        save(tmp_path / "s.ckpt", model, state)
    report = stub_report(model)
    report.facts["weights_digest"] = weights_digest(model)
    check_same(tmp_path / "s.ckpt", report)
    with pytest.raises(SessionError, match="removed, replaced or trained on meanwhile: the rep"):
        check_same(tmp_path / "gone.ckpt", report)
    report.facts["weights_digest"] = "another"
    with pytest.raises(SessionError, match="removed, replaced or trained on meanwhile: the rep"):
        check_same(tmp_path / "s.ckpt", report)


def test_a_full_report_is_known_whatever_its_seed(reported):
    given = reported(quick=False)
    assert has_full(*given)
    directory, model, _, test = given
    assert not has_full(directory, model, test, test)
    assert not has_full(*reported(quick=True))


def test_a_full_report_of_another_format_is_none(reported):
    given = reported(quick=False)
    path = given[0] / "report.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 1}))
    assert not has_full(*given)


def test_a_report_of_another_model_or_other_images_or_another_seed_does_not_serve(reported):
    directory, model, train, test = reported(quick=False)
    assert stored_report(directory, model, train, test, seed=8) is None
    assert stored_report(directory, model, test, test, seed=7) is None
    assert stored_report(directory, model, train, train, seed=7) is None
    with torch.no_grad():
        next(model.parameters()).view(-1)[0] += 1e-3
    assert stored_report(directory, model, train, test, seed=7) is None


def test_a_report_of_another_version_does_not_serve(reported):
    given = reported(quick=False)
    path = given[0] / "report.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"stylespace": "0.0.1"}))
    assert stored_report(*given, seed=7) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}'])
def test_a_damaged_report_does_not_serve(reported, text):
    given = reported(quick=False)
    (given[0] / "report.json").write_text(text)
    assert stored_report(*given, seed=7) is None
