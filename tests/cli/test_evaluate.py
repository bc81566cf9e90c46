"""`stylespace evaluate` as a user runs it."""

import ctypes
import json
import os
import re
import resource
import shutil
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from stylespace import checkpoint
from stylespace.checkpoint import TrainerState
from stylespace.cli import evaluate
from stylespace.config import ModelConfig, TrainConfig
from stylespace.networks import StyleAutoencoder
from stylespace.studio.card import card_rows
from tests.evaluation.test_session import stub_report

DROP_BOUND, OVERRIDE_PERMISSIONS = 24, 1  # of prctl(2) and capabilities(7)


@pytest.fixture(scope="module")
def evaluated(strokes_dir, tmp_path_factory):
    """A session of one epoch, a cache with its reader, and what evaluating it said."""
    home = tmp_path_factory.mktemp("evaluated")
    environment = {**os.environ, "STYLESPACE_CACHE": str(home / "cache"), "COLUMNS": "100"}

    def run(*arguments):
        command = [sys.executable, "-m", "stylespace", *map(str, arguments)]
        return subprocess.run(
            command, cwd=home, env=environment, capture_output=True, text=True, check=True
        )

    run("train", "--epochs", 1, "--data", strokes_dir, "--ckpt-dir", "s.ckpt")
    return home, run("evaluate", "s.ckpt", "--quick")


@pytest.fixture
def session(evaluated, tmp_path, monkeypatch):
    """A copy of the session without its report; its reader is in the cache."""
    home, _ = evaluated
    monkeypatch.setenv("STYLESPACE_CACHE", str(home / "cache"))
    shutil.copytree(home / "s.ckpt", tmp_path / "s.ckpt")
    for name in ("report.json", "report.html"):
        (tmp_path / "s.ckpt" / name).unlink()
    return tmp_path / "s.ckpt"


def files(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


def refused(done, *says):
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("stylespace evaluate: ")
    assert done.stderr.count("\n") == 1
    for text in says:
        assert text in done.stderr


def test_prints_the_card_and_writes_the_report(evaluated):
    home, done = evaluated
    assert done.stdout.startswith("s.ckpt: quick report on 300 test images of ")
    for title in ("Reconstruction", "Gaussianity", "Leak", "Generation", "Handwriting", "Use"):
        assert f"\n{title}\n" in done.stdout
    assert max(map(len, done.stdout.splitlines()[2:-2])) <= 100
    assert done.stdout.endswith("\nwritten to s.ckpt/report.html and report.json\n")
    assert done.stderr.startswith("training the independent reader, once for this data set")
    assert done.stderr.count("\n") == 1
    report = json.loads((home / "s.ckpt" / "report.json").read_text())
    assert (report["session"], report["quick"], report["seed"]) == ("s.ckpt", True, 0)
    assert report["training"]["objective"] in ("aae", "sae")
    assert report["training"]["step"] == report["training"]["steps"] > 0
    assert (home / "s.ckpt" / "report.html").read_text().startswith("<!doctype html>")


def test_again_says_the_same_and_trains_no_reader(evaluated, stylespace, session):
    home, first = evaluated
    done = stylespace("evaluate", "--ckpt-dir", "s.ckpt", "--quick")
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout == first.stdout
    reports = [
        json.loads((place / "s.ckpt/report.json").read_text()) for place in (home, session.parent)
    ]
    assert reports[0]["sections"] == reports[1]["sections"]


def test_a_quick_report_does_not_take_the_place_of_a_full_one(evaluated, stylespace, session):
    home, _ = evaluated
    report = json.loads((home / "s.ckpt" / "report.json").read_text())
    (session / "report.json").write_text(json.dumps(report | {"quick": False}))
    before = files(session)
    done = stylespace("evaluate", "s.ckpt", "--quick", "--seed", 1)
    assert done.returncode == 0
    assert "not written: s.ckpt/report.html is the full report already" in done.stdout
    assert files(session) == before


def test_a_card_says_that_its_figures_are_quick_ones(evaluated):
    home, _ = evaluated
    rows = card_rows(home / "s.ckpt", checkpoint.load(home / "s.ckpt"))
    assert {row["name"].rpartition(", ")[2] for row in rows} == {"quick"}


def test_a_model_by_itself_with_another_seed_says_about_the_same(evaluated, stylespace, session):
    """`config.json` and `model.safetensors` are all that using it needs."""
    home, _ = evaluated
    for name in ("trainer.json", "trainer.safetensors", "history.jsonl"):
        (session / name).unlink()
    assert stylespace("evaluate", "s.ckpt", "--quick", "--seed", 7).returncode == 0
    first = json.loads((home / "s.ckpt" / "report.json").read_text())
    other = json.loads((session / "report.json").read_text())
    assert other["seed"] == 7
    assert first["sections"] != other["sections"]
    mse = [report["sections"]["reconstruction"]["measures"]["mse"] for report in (first, other)]
    assert mse[0]["value"] == mse[1]["value"]  # nothing random in it


def test_of_a_session_removed_meanwhile_the_card_is_shown_and_the_report_does_not_bring_it_back(
    session, monkeypatch, capsys
):
    def while_it_is_removed(model, *_, **facts):
        shutil.rmtree(session)
        return stub_report(model, **facts)

    monkeypatch.setattr("stylespace.evaluation.card.evaluate", while_it_is_removed)
    assert evaluate.main([str(session), "--quick"]) == 1
    out, err = capsys.readouterr()
    assert "quick report on" in out
    assert "removed, replaced or trained on meanwhile" in err
    assert not session.exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nothing.ckpt"], "nothing.ckpt is no session"),
        (["."], ". is no session"),
        ([], "mnist4.ckpt is no session"),
        (["s.ckpt", "--ckpt-dir", "t.ckpt"], "s.ckpt and --ckpt-dir t.ckpt: name one session"),
        (["s.ckpt", "--feature-size", 9], "s.ckpt holds a model of style size 4, not 9"),
        (["s.ckpt", "--seed", -1], "--seed must be between 0 and 2147483647"),
        (["s.ckpt", "--data-dir", "nowhere"], "leave --data-dir out"),
    ],
)
def test_what_cannot_be_meant_is_one_line(stylespace, session, arguments, says):
    before = files(session)
    refused(stylespace("evaluate", "--quick", *arguments), says)
    assert files(session) == before


def test_an_untrained_session_is_refused(stylespace, strokes_dir, tmp_path):
    model = StyleAutoencoder(ModelConfig(data=str(strokes_dir)))
    state = TrainerState(
        config=TrainConfig(),
        step=0,
        steps=100,
        data="abc",
        tensors={"sums": torch.zeros(1)},
        history=(),
    )
    checkpoint.save(tmp_path / "new.ckpt", model, state)
    before = files(tmp_path / "new.ckpt")
    refused(stylespace("evaluate", "new.ckpt"), "new.ckpt is not trained yet: train it first")
    assert files(tmp_path / "new.ckpt") == before


def test_a_model_for_other_classes_than_the_images_is_refused(stylespace, session, strokes_dir):
    config = json.loads((session / "config.json").read_text())
    (session / "config.json").write_text(json.dumps({**config, "classes": 12, "class_names": []}))
    model = StyleAutoencoder(ModelConfig(classes=12, data=str(strokes_dir)))
    save_file(model.state_dict(), session / "model.safetensors")
    refused(stylespace("evaluate", "s.ckpt"), "the model is for 12 classes")


def as_any_user():
    """Root may write everywhere; give that up, so that permissions count."""
    if os.geteuid() == 0:
        ctypes.CDLL(None).prctl(DROP_BOUND, OVERRIDE_PERMISSIONS, 0, 0, 0)


def test_a_read_only_session_is_refused_before_anything_slow(stylespace, session):
    session.chmod(0o555)
    done = stylespace("evaluate", "s.ckpt", preexec_fn=as_any_user, timeout=20)
    session.chmod(0o755)
    refused(done, "cannot write the report into s.ckpt: it is read-only")


def test_a_session_in_a_read_only_directory_gets_its_report(stylespace, session, tmp_path):
    """Only the session itself is written to."""
    tmp_path.chmod(0o555)
    done = stylespace("evaluate", "s.ckpt", "--quick", preexec_fn=as_any_user)
    tmp_path.chmod(0o755)
    assert done.returncode == 0
    assert (session / "report.html").is_file()


def test_a_full_disk_leaves_nothing_half_written_and_the_card_is_told(stylespace, session):
    """There is room for `report.json`, but not for the page."""
    before = files(session)
    room = 40_000

    def fill():
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    done = stylespace("evaluate", "s.ckpt", "--quick", preexec_fn=fill)
    assert done.returncode == 1
    assert done.stdout.startswith("s.ckpt: quick report on 300 test images of ")
    assert "\nUse\n" in done.stdout
    assert "written to" not in done.stdout
    assert re.fullmatch(
        r"stylespace evaluate: cannot write s\.ckpt/report\.html: .+\n", done.stderr
    )
    assert files(session) == before


def test_a_report_on_other_images_says_so_and_is_not_the_sessions_card(session, strokes_dir):
    other = shutil.copytree(strokes_dir, session.parent / "other")
    command = [sys.executable, "-m", "stylespace", "evaluate", "s.ckpt", "--quick"]
    done = subprocess.run(
        [*command, "--data", "other"], cwd=session.parent, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "test images of other, " in done.stdout
    report = json.loads((session / "report.json").read_text())
    assert (report["data"], report["trained_on"]) == (str(other), str(strokes_dir))
    assert card_rows(session, checkpoint.load(session)) is None
