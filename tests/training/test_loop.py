"""What `fit` refuses, and what a run after another sees."""

import dataclasses
import itertools
import json
import os
import re
import signal

import pytest
import torch

import stylespace
from stylespace import checkpoint
from stylespace.config import ModelConfig, run_config
from stylespace.data.batches import Batches
from stylespace.errors import DataError
from stylespace.training.adversarial import AdversarialTrainer
from stylespace.training.loop import fit
from stylespace.training.plan import digest, make_plan
from stylespace.training.report import Report
from tests.small import strokes

MODEL = ModelConfig(style_size=2, encoder_widths=(8,), decoder_widths=(8,), flow_layers=0)
TRAIN, TEST = strokes(200, 0), strokes(20, 1)
ASKED = {"epochs": 1, "batch_size": 20}


def run(session, train=TRAIN, test=TEST, asked=ASKED):
    with checkpoint.session_lock(session):
        plan = make_plan(session, MODEL, "aae", asked, digest(train))
        return fit(session, plan, train, test, Report(lambda _: None))


@pytest.mark.parametrize("wrong", [-1, 10])
@pytest.mark.parametrize("part", ["train", "test"])
def test_digits_that_the_model_does_not_have(tmp_path, part, wrong):
    sets = {"train": TRAIN, "test": TEST}
    digits = sets[part].digits.clone()
    digits[3] = wrong
    sets[part] = dataclasses.replace(sets[part], digits=digits)
    with pytest.raises(DataError, match="digits beyond the model's 10 classes"):
        run(tmp_path / "s.ckpt", **sets)


def test_no_test_images(tmp_path):
    with pytest.raises(DataError, match="there are no test images"):
        run(tmp_path / "s.ckpt", test=TEST.subset(slice(0)))


def test_a_run_after_another_sees_new_noise(tmp_path, monkeypatch):
    seen = []
    judge = AdversarialTrainer._judge

    def watch(self, step, prior, *rest):
        seen.append(prior.clone())
        return judge(self, step, prior, *rest)

    monkeypatch.setattr(AdversarialTrainer, "_judge", watch)
    assert run(tmp_path / "s.ckpt").finished
    first = len(seen)
    assert run(tmp_path / "s.ckpt", asked={**ASKED, "batch_size": 50}).finished
    assert first > 2
    assert len(seen) > first
    for before, after in itertools.product(seen[:first], seen[first:]):
        assert not (before[:, None] == after).all(dim=2).any()


def test_each_epoch_has_its_own_figures_and_order(tmp_path, monkeypatch):
    shown = []
    at = Batches.at

    def watch(self, step):
        found = at(self, step)
        shown.append(tuple(found[1].tolist()))
        return found

    monkeypatch.setattr(Batches, "at", watch)
    session = tmp_path / "s.ckpt"
    for _ in range(2):
        assert run(session, asked={**ASKED, "epochs": 2}).finished
    assert len(shown) == len(set(shown)) > 4 * 8
    lines = map(json.loads, (session / "history.jsonl").read_text().splitlines())
    errors = [line["training"]["mse"] for line in lines]
    assert errors == pytest.approx(4 * [errors[0]], rel=0.3)


def test_a_few_epochs_more_are_no_short_run(tmp_path):
    session = tmp_path / "s.ckpt"
    run(session, asked={**ASKED, "epochs": 6})
    more = make_plan(session, MODEL, "aae", ASKED, digest(TRAIN)).config
    assert more == run_config("aae", ASKED, before=6) != run_config("aae", ASKED)


def test_what_a_stopped_run_leaves_is_calibrated(tmp_path, monkeypatch):
    session, train = tmp_path / "s.ckpt", strokes(1200, 0)
    step = AdversarialTrainer.step

    def interrupted(self, number, *rest):
        if number == 40:
            os.kill(os.getpid(), signal.SIGINT)
        return step(self, number, *rest)

    monkeypatch.setattr(AdversarialTrainer, "step", interrupted)
    assert run(session, train).signal == signal.SIGINT
    codes = stylespace.load(session).encode(train.floats(), train.digits)
    for digit in range(10):
        assert codes[train.digits == digit].mean(dim=0).abs().max() < 0.1


def test_a_setting_that_is_no_flag_is_named_too(tmp_path):
    session = tmp_path / "s.ckpt"
    run(session)
    state = checkpoint.read_trainer(session)
    model = checkpoint.load(session)
    with checkpoint.session_lock(session):
        checkpoint.save(session, model, dataclasses.replace(state, step=state.steps - 1))
        with pytest.raises(checkpoint.SessionError, match=re.escape("with warm_up 0.2: let that")):
            make_plan(session, MODEL, "aae", ASKED | {"warm_up": 0.3}, digest(TRAIN))


def test_health_is_that_of_the_codes_before_they_are_calibrated(tmp_path):
    session, train = tmp_path / "s.ckpt", strokes(600, 0)  # enough to calibrate each digit
    run(session, train)
    [line] = (session / "history.jsonl").read_text().splitlines()
    found = json.loads(line)["validation"]["health"]
    model = stylespace.load(session)
    with torch.no_grad():
        code = model.encoder(TEST.floats(), TEST.digits)
    assert found["mean"] == pytest.approx(float(code.mean(dim=0).abs().max()), abs=1e-3)
    deviation = code.std(dim=0, correction=0)
    assert found["spread"] == pytest.approx(
        [float(deviation.min()), float(deviation.max())], abs=1e-3
    )
