"""The size study: what is refused, what is done again and what is not."""

import contextlib
import dataclasses
import json
import signal
from pathlib import Path

import pytest
from PIL import Image

from stylespace import checkpoint, datasets
from stylespace.cli.evaluate import main
from stylespace.cli.train import main_sae
from stylespace.errors import DataError, SessionError
from stylespace.evaluation import card, study
from stylespace.evaluation.study import Study, check_study, train_sessions
from stylespace.evaluation.study_table import COLUMNS
from stylespace.networks import StyleAutoencoder
from tests.evaluation.test_session import stub_report
from tests.small import strokes

SLOW = ("stylespace.data.loading.load", "stylespace.evaluation.study.fit")


@contextlib.contextmanager
def silent(progress=lambda _name, _share: None):
    yield progress, lambda _line: None


def never(*_args, **_kwargs):
    raise AssertionError("this was not to be done")


@pytest.fixture
def nothing_slow(monkeypatch):
    for name in SLOW:
        monkeypatch.setattr(name, never)


# --- what is refused -----------------------------------------------------------------------------


def refusal(capsys, *arguments):
    assert main([str(word) for word in arguments], prog="stylespace evaluate") == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith("stylespace evaluate: ")
    assert told.err.count("\n") == 1
    return told.err


@pytest.mark.usefixtures("nothing_slow")
@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ("0", "0: the style size must be between 1 and 512"),
        ("2,600", "600: the style size must be between 1 and 512"),
        ("-4", "between 1 and 512"),
        ("x", "'x' is no whole number"),
        ("2.5", "'2.5' is no whole number"),
        ("", "'' is no whole number"),
        ("2,,4", "'' is no whole number"),
        ("4,2,4", "once"),
    ],
)
def test_a_wrong_size_is_refused_before_anything_slow(capsys, monkeypatch, tmp_path, sizes, said):
    monkeypatch.chdir(tmp_path)
    assert said in refusal(capsys, f"--study={sizes}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("nothing_slow")
@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--study", "2", "--seeds", "0,0"], "once"),
        (["--study", "2", "--seeds", ""], "'' is no whole number"),
        (["--study", "2", "--seeds=-1"], "--seed must be between"),
        (["--study", "2", "--epochs", "0"], "--epochs must be at least 1"),
        (["--study", "2", "--seed=-1"], "--seed must be between"),
        (["--study", "2", "mnist4.ckpt"], "leave it out"),
        (["--study", "2", "--ckpt-dir", "mnist4.ckpt"], "leave it out"),
        (["--study", "2", "--feature-size", "4"], "leave it out"),
        (["--study", "2", "--output", "."], "is a directory"),
        (["--study", "2", "--output", "note.txt/results.md"], "note.txt is a file"),
        (["--study", "2", "--study-dir", "note.txt"], "note.txt is a file"),
        (["mnist4.ckpt", "--seeds", "0"], "--seeds belongs to a study"),
        (["mnist4.ckpt", "--epochs", "1"], "--epochs belongs to a study"),
        (["mnist4.ckpt", "--study-dir", "s"], "--study-dir belongs to a study"),
        (["mnist4.ckpt", "--output", "results.md"], "--output belongs to a study"),
    ],
)
def test_flags_that_cannot_be_meant_are_refused_before_anything_slow(
    capsys, monkeypatch, tmp_path, flags, said
):
    monkeypatch.chdir(tmp_path)
    Path("note.txt").touch()
    assert said in refusal(capsys, *flags)


# --- what is done again --------------------------------------------------------------------------


@pytest.fixture
def images(strokes_dir):
    return datasets.load(strokes_dir)


@pytest.fixture
def small(strokes_dir, tmp_path):
    return Study(
        sizes=(1, 2), directory=tmp_path / "study", data=str(strokes_dir), epochs=1, quick=True
    )


def test_each_size_and_seed_has_a_session_trained_with_it(small, images):
    small = dataclasses.replace(small, seeds=(0, 3))
    assert train_sessions(small, *images, silent) is None
    found = {}
    for directory in small.directory.iterdir():
        state = checkpoint.read_trainer(directory)
        assert state.finished
        found[directory.name] = (checkpoint.load(directory).style_size, state.config.seed)
    assert found == {
        "size1-seed0.ckpt": (1, 0),
        "size1-seed3.ckpt": (1, 3),
        "size2-seed0.ckpt": (2, 0),
        "size2-seed3.ckpt": (2, 3),
    }


def test_a_half_trained_session_goes_on_to_the_same_bits_and_a_finished_one_is_left(small, images):
    whole = dataclasses.replace(small, epochs=2)
    stopped = dataclasses.replace(whole, directory=small.directory / "stopped")
    assert train_sessions(whole, *images, silent) is None

    sent = []

    def stop_in_the_second(_name, share):
        if share == 0.5 and len(sent) < 2:
            sent.append(share)
            if len(sent) == 2:
                signal.raise_signal(signal.SIGTERM)

    assert train_sessions(stopped, *images, lambda: silent(stop_in_the_second)) == signal.SIGTERM
    first, second = (session.directory for session in stopped.sessions)
    assert checkpoint.read_trainer(first).finished
    assert not checkpoint.read_trainer(second).finished
    before = (first / "trainer.json").stat()

    check_study(stopped, *images)
    assert train_sessions(stopped, *images, silent) is None
    assert (first / "trainer.json").stat() == before
    for one, other in zip(whole.sessions, stopped.sessions, strict=True):
        for name in ("model.safetensors", "trainer.safetensors", "history.jsonl"):
            assert (one.directory / name).read_bytes() == (other.directory / name).read_bytes()


def test_sessions_that_were_trained_otherwise_are_refused(small, images):
    train_sessions(small, *images, silent)
    check_study(small, *images)
    with pytest.raises(SessionError, match=r"size1-seed0\.ckpt is a run of 1 epochs, not 5"):
        check_study(dataclasses.replace(small, epochs=5), *images)
    with pytest.raises(SessionError, match="other images"):
        check_study(small, strokes(1200, 5), images[1])

    first, second = (session.directory for session in small.sessions)
    state = json.loads((first / "trainer.json").read_text())
    state["config"]["adversarial_weight"] = 0.5
    (first / "trainer.json").write_text(json.dumps(state))
    with pytest.raises(SessionError, match=r"size1-seed0\.ckpt was trained with other settings"):
        check_study(small, *images)

    first.rename(small.directory / "aside")
    second.rename(first)  # a model of size 2 under the other's name
    with pytest.raises(SessionError, match=r"size1-seed0\.ckpt was trained with other settings"):
        check_study(small, *images)


def test_a_simple_session_in_the_way_is_refused(small, images, strokes_dir):
    directory = small.sessions[0].directory
    size = ["--feature-size", "1", "--epochs", "1"]
    main_sae([*size, "--data", str(strokes_dir), "--ckpt-dir", str(directory)])
    with pytest.raises(SessionError, match="other settings"):
        check_study(small, *images)


def test_too_few_images_are_refused_before_training(small, images):
    with pytest.raises(DataError, match="too few"):
        check_study(small, images[0], images[1].subset(slice(50)))


def test_only_the_session_that_changed_is_evaluated_again(small, images, monkeypatch):
    train_sessions(small, *images, silent)
    done = []
    monkeypatch.setattr(study, "cached_reader", lambda *_: "reader")
    monkeypatch.setattr(
        card, "evaluate", lambda model, *_, **how: done.append(model) or stub_report(model, **how)
    )
    first = study.evaluate_sessions(small, *images, silent)
    assert [model.style_size for model in done] == [1, 2]
    done.clear()
    assert study.evaluate_sessions(small, *images, silent) == first
    assert done == []

    changed = small.sessions[1].directory
    (changed / "model.safetensors").rename(changed / "kept")
    other = StyleAutoencoder(checkpoint.read_config(changed))
    checkpoint.save(changed, other, checkpoint.read_trainer(changed))
    study.evaluate_sessions(small, *images, silent)
    assert [model.style_size for model in done] == [2]


# --- all of it -----------------------------------------------------------------------------------


def rows(text):
    """The page's tables, a list of cells a row."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[part.strip() for part in line.strip("|").split("|")] for line in lines]


@pytest.fixture(scope="module")
def studied(strokes_dir, tmp_path_factory):
    """A directory in which a quick study has been made, and what makes it again."""
    home = tmp_path_factory.mktemp("studied")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        patch.setenv("STYLESPACE_CACHE", str(home / "cache"))
        asked = ["--study", "2,1", "--epochs", "1", "--quick", "--data", str(strokes_dir)]
        asked += ["--output", "docs/results.md"]
        assert main(asked) == 0
        yield home, asked


def test_the_command_writes_the_page_and_its_picture(studied, strokes_dir):
    home, _ = studied
    text = (home / "docs" / "results.md").read_text(encoding="utf-8")
    assert f"--study 2,1 --epochs 1 --output docs/results.md --data {strokes_dir} --quick" in text
    assert "quick figures" in text
    table = {row[0]: row for row in rows(text)}
    for size in (1, 2):
        report = json.loads((home / f"study/size{size}-seed0.ckpt/report.json").read_text())
        mse = report["sections"]["reconstruction"]["measures"]["mse"]["value"]
        assert report["quick"]
        assert len(table[str(size)]) == len(COLUMNS) + 2
        assert table[str(size)][2].startswith(f"{mse:.4f} ± ")
        assert table[str(size)][1] == f"{report['parameters']:,}"
    with Image.open(home / "docs" / "images" / "results.png") as picture:
        assert picture.format == "PNG"
        assert picture.width > picture.height > 500


def test_the_same_command_again_only_writes_the_page(studied, monkeypatch, capsys):
    home, asked = studied
    path = home / "docs" / "results.md"
    before = path.read_bytes()
    path.unlink()
    monkeypatch.setattr(study, "fit", never)
    monkeypatch.setattr(study, "cached_reader", never)
    monkeypatch.setattr(card, "evaluate", never)
    assert main(asked) == 0
    assert path.read_bytes() == before
    assert "written to docs/results.md and docs/images/results.png" in capsys.readouterr().out


def test_other_studies_are_linked_and_other_pages_are_not(studied, monkeypatch):
    home, asked = studied
    path, other = home / "docs" / "results.md", home / "docs" / "results-again.md"
    before = path.read_text(encoding="utf-8")
    other.write_text(before, encoding="utf-8")
    (home / "docs" / "results-notes.md").write_text("# Notes\n")
    monkeypatch.setattr(study, "fit", never)
    assert main(asked) == 0
    assert "Other studies: [results-again](results-again.md)." in path.read_text(encoding="utf-8")
    other.unlink()
    assert main(asked) == 0
    assert path.read_text(encoding="utf-8") == before


def test_other_epochs_than_the_sessions_are_refused_with_the_way_out(studied, capsys):
    _, asked = studied
    assert "name another --study-dir" in refusal(capsys, *asked, "--epochs", "2")


def test_where_nobody_listens_any_more_a_study_saves_its_epoch(small, images):
    @contextlib.contextmanager
    def lost():
        def say(_):
            raise OSError(5, "Input/output error")

        yield lambda *_: None, say

    with pytest.raises(OSError, match="Input/output"):
        train_sessions(small, *images, lost)
    assert checkpoint.read_trainer(small.directory / "size1-seed0.ckpt").finished
