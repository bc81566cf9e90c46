"""What a user sees of the training commands, run as a user runs them."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

AAE_EPOCH = r"""\[Epoch 1 Batch 100\] Training: mse=0\.\d{4}
\[Epoch 1\] Training:
  AutoEncoder: mse=0\.\d{4}
  GaussDiscriminator: actual gauss detection accuracy=[01]\.\d{4}
  GaussDiscriminator: feature space detection accuracy=[01]\.\d{4}
\[Epoch 1\] Validation:
  AutoEncoder: mse=0\.\d{4}
  GaussDiscriminator: feature space satisfaction accuracy=[01]\.\d{4}
  test images written to .*images
  Style space: mean within .* spread .*
Model parameters and trainer state saved\.
"""
SAE_EPOCH = "".join(
    line for line in AAE_EPOCH.splitlines(keepends=True) if "GaussDiscriminator" not in line
)
STOPPING = [signal.SIGTERM, signal.SIGINT]
if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
    STOPPING.append(signal.SIGHUP)
SESSION_FILES = {
    "config.json",
    "model.safetensors",
    "trainer.json",
    "trainer.safetensors",
    "history.jsonl",
}


def files(session: Path) -> dict[str, bytes]:
    return {name: (session / name).read_bytes() for name in SESSION_FILES}


@pytest.mark.parametrize(("objective", "epoch"), [("sae", SAE_EPOCH), ("aae", AAE_EPOCH)])
def test_prints_the_seeds_lines_and_nothing_else(stylespace, strokes_dir, objective, epoch):
    flags = ["--epochs", 1, "--batch-size", 12, "--ckpt-dir", "s.ckpt", "--data", strokes_dir]
    done = stylespace("train", "--objective", objective, *flags)
    assert done.returncode == 0
    assert done.stderr == ""
    assert re.fullmatch(epoch + r"(At the end: .*\n)?", done.stdout)


def test_the_session_is_named_after_set_and_size_and_keeps_what_the_design_lists(
    stylespace, strokes_dir, tmp_path
):
    done = stylespace("train", "--epochs", 1, "--feature-size", 3, "--data", strokes_dir)
    session = tmp_path / f"{strokes_dir.name}3.ckpt"
    assert done.returncode == 0
    assert {path.name for path in session.iterdir()} - {".lock"} == SESSION_FILES | {"images"}
    assert json.loads((session / "config.json").read_text())["style_size"] == 3
    assert [path.name for path in (session / "images").iterdir()] == ["epoch-001.png"]


def test_image_dir(stylespace, strokes_dir, tmp_path):
    done = stylespace("train", "--epochs", 1, "--data", strokes_dir, "--image-dir", "shown")
    assert "test images written to shown" in done.stdout
    assert (tmp_path / "shown" / "epoch-001.png").is_file()


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_an_image_dir_that_cannot_be_is_refused_at_once(stylespace, strokes_dir, tmp_path, place):
    (tmp_path / "file").write_text("text")
    done = stylespace("train", "--data", strokes_dir, "--image-dir", place)
    assert done.returncode == 1
    assert done.stderr == f"stylespace train: --image-dir {place}: file is no directory\n"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


OBJECTIVES = ["sae", "aae"]
THREADS = {**os.environ, "OMP_NUM_THREADS": "2"}  # as a user's run has them


def three_epochs(objective: str, data: Path, session: Path | str) -> list[str]:
    """A training command, of 120 steps an epoch."""
    flags = ["--objective", objective, "--epochs", 3, "--batch-size", 10, "--data", data]
    command = [sys.executable, "-m", "stylespace", "train", *flags, "--ckpt-dir", session]
    return list(map(str, command))


@pytest.fixture(scope="module")
def never_stopped(strokes_dir, tmp_path_factory):
    """For each objective, the files of the run that others are stopped in."""
    home, kept = tmp_path_factory.mktemp("whole"), {}
    for objective in OBJECTIVES:
        session = home / f"{objective}.ckpt"
        command = three_epochs(objective, strokes_dir, session)
        subprocess.run(command, env=THREADS, capture_output=True, check=True)
        kept[objective] = files(session)
    return kept


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("number", STOPPING)
def test_a_stopped_run_goes_on_to_the_same_bits(
    strokes_dir, tmp_path, never_stopped, objective, number
):
    command = three_epochs(objective, strokes_dir, "stopped.ckpt")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, env=THREADS, **pipes) as process:
        for line in process.stdout:
            if line.startswith("[Epoch 2 Batch 100]"):
                process.send_signal(number)
                break
        rest = process.stdout.read()
        assert process.stderr.read() == ""
    assert process.returncode == 128 + number
    assert "goes on" in rest
    state = json.loads((tmp_path / "stopped.ckpt" / "trainer.json").read_text())
    assert state["step"] % 120 != 0

    again = subprocess.run(command, cwd=tmp_path, env=THREADS, capture_output=True, text=True)
    assert again.returncode == 0
    assert "Going on in stopped.ckpt: epoch " in again.stdout
    assert files(tmp_path / "stopped.ckpt") == never_stopped[objective]


def test_a_finished_session_trains_as_many_epochs_more(stylespace, strokes_dir, tmp_path):
    flags = ["--epochs", 2, "--data", strokes_dir, "--ckpt-dir", "s.ckpt"]
    stylespace("train", *flags)
    again = stylespace("train", *flags)
    assert again.returncode == 0
    assert again.stdout.startswith("s.ckpt has finished 2 epochs; training 2 more.\n")
    assert "[Epoch 4] Validation:" in again.stdout
    history = (tmp_path / "s.ckpt" / "history.jsonl").read_text().splitlines()
    assert [json.loads(line)["epoch"] for line in history] == [1, 2, 3, 4]


def test_adversarial_training_starts_from_a_simple_sessions_weights(
    stylespace, strokes_dir, tmp_path
):
    flags = ["--data", strokes_dir, "--ckpt-dir", "s.ckpt"]
    simple = stylespace("train", "--objective", "sae", "--epochs", 5, *flags)
    adversarial = stylespace("train", "--objective", "aae", "--epochs", 1, "--lr", "1e-6", *flags)
    assert "starting from its weights" in adversarial.stdout
    lines = map(json.loads, (tmp_path / "s.ckpt" / "history.jsonl").read_text().splitlines())
    told = [(line["objective"], line["epoch"]) for line in lines]
    assert told == [*(("sae", epoch) for epoch in range(1, 6)), ("aae", 1)]
    left = float(re.search(r"\[Epoch 5\] Validation:\n.*mse=(.*)", simple.stdout)[1])
    found = float(re.search(r"\[Epoch 1\] Validation:\n.*mse=(.*)", adversarial.stdout)[1])
    assert found == pytest.approx(left, abs=0.001)


@pytest.fixture
def session(stylespace, strokes_dir, tmp_path):
    """A finished adversarial session."""
    stylespace("train", "--epochs", 1, "--data", strokes_dir, "--ckpt-dir", "s.ckpt")
    return tmp_path / "s.ckpt"


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--objective", "sae"], "holds an adversarial auto-encoder"),
        (["--feature-size", 5], "holds a model of style size 4, not 5"),
        (["--data", "mnist"], "was trained on"),
    ],
)
def test_what_would_spoil_a_session_is_refused(stylespace, strokes_dir, session, flags, says):
    before = files(session)
    done = stylespace("train", "--ckpt-dir", "s.ckpt", "--data", strokes_dir, *flags)
    assert done.returncode == 1
    assert done.stderr.startswith("stylespace train: s.ckpt ")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert files(session) == before


@pytest.mark.parametrize("name", sorted(SESSION_FILES))
def test_a_damaged_file_is_named_and_refused(stylespace, strokes_dir, session, name):
    path = session / name
    path.write_bytes(path.read_bytes()[: len(path.read_bytes()) // 2])
    done = stylespace("train", "--ckpt-dir", "s.ckpt", "--data", strokes_dir)
    assert done.returncode == 1
    assert f"s.ckpt/{name}" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_model_without_its_trainers_state_is_for_use_alone(stylespace, strokes_dir, session):
    for name in ("trainer.json", "trainer.safetensors"):
        (session / name).unlink()
    done = stylespace("train", "--ckpt-dir", "s.ckpt", "--data", strokes_dir)
    assert done.returncode == 1
    assert "it can be used, but not trained on" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_run_of_fewer_steps_than_epochs_is_refused(stylespace, strokes_dir, session):
    path = session / "trainer.json"
    values = json.loads(path.read_text())
    epochs = values["config"]["epochs"] = 3
    path.write_text(json.dumps(values | {"step": 0, "steps": epochs - 1}))
    done = stylespace("train", "--ckpt-dir", "s.ckpt", "--data", strokes_dir)
    assert done.returncode == 1
    assert "s.ckpt is damaged (2 steps of 3 epochs)" in done.stderr
    assert done.stderr.count("\n") == 1


def test_settings_that_were_changed_by_hand_are_refused(stylespace, strokes_dir, session):
    path = session / "trainer.json"
    values = json.loads(path.read_text())
    values["config"]["batch_size"] = 50
    path.write_text(json.dumps(values | {"step": 3}))
    done = stylespace("train", "--ckpt-dir", "s.ckpt", "--data", strokes_dir)
    assert done.returncode == 1
    assert "s.ckpt is damaged: it is in a run of 12 steps, but its settings make 24" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_session_goes_on_with_its_own_images(stylespace, session):
    done = stylespace("train", "--ckpt-dir", "s.ckpt", "--epochs", 1)
    assert done.returncode == 0
    assert "s.ckpt has finished 1 epoch; training 1 more." in done.stdout
    config = json.loads((session / "config.json").read_text())
    gone = f"{config['data']}-that-was"
    (session / "config.json").write_text(json.dumps(config | {"data": gone}))
    done = stylespace("train", "--ckpt-dir", "s.ckpt", "--epochs", 1)
    assert done.returncode == 1
    assert "(the session was trained on it; --data names another)" in done.stderr


def test_where_nobody_listens_any_more_the_epoch_is_saved(strokes_dir, tmp_path):
    command = three_epochs("aae", strokes_dir, "s.ckpt")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, env=THREADS, **pipes) as process:
        for line in process.stdout:
            if line.startswith("[Epoch 2] Training:"):
                break
        process.stdout.close()
        assert process.stderr.read() == ""
    assert json.loads((tmp_path / "s.ckpt" / "trainer.json").read_text())["step"] >= 240


def test_without_standard_output_there_is_training_all_the_same(stylespace, strokes_dir, tmp_path):
    flags = ["--epochs", 1, "--data", strokes_dir, "--ckpt-dir", "s.ckpt"]
    done = stylespace("train", *flags, preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "s.ckpt" / "images" / "epoch-001.png").is_file()


def test_another_setting_in_the_middle_of_a_run_is_refused(stylespace, strokes_dir, tmp_path):
    command = [sys.executable, "-m", "stylespace", "train", "--data", str(strokes_dir)]
    command += ["--epochs", "200", "--ckpt-dir", "s.ckpt"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if "saved" in line:
                process.send_signal(signal.SIGTERM)
                break
        process.stdout.read()
    done = stylespace("train", "--data", strokes_dir, "--ckpt-dir", "s.ckpt", "--epochs", 5)
    assert done.returncode == 1
    assert "in the middle of a run with --epochs 200" in done.stderr


def test_two_processes_on_one_session(stylespace, strokes_dir, tmp_path):
    command = [sys.executable, "-m", "stylespace", "train", "--data", str(strokes_dir)]
    command += ["--epochs", "500", "--ckpt-dir", "s.ckpt"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        done = stylespace("train", "--data", strokes_dir, "--ckpt-dir", "s.ckpt")
        process.terminate()
        process.stdout.read()
    assert done.returncode == 1
    assert "another process is training in s.ckpt" in done.stderr


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--epochs", "0"], "--epochs must be at least 1"),
        (["--lr", "nan"], "--lr must be a positive number"),
        (["--lr", "-1"], "--lr must be a positive number"),
        (["--batch-size", "1"], "--batch-size must be at least 2"),
        (["--batch-size", "5000"], "fewer than one batch of 5000"),
        (["--feature-size", "0"], "the style size must be between 1 and 512"),
        (["--seed", "-1"], "--seed must be between"),
        (["--ckpt-dir", "/dev/null/s.ckpt"], "cannot write to /dev/null/s.ckpt"),
    ],
)
def test_flags_that_cannot_be_meant(stylespace, strokes_dir, flags, says):
    done = stylespace("train", "--data", strokes_dir, *flags)
    assert done.returncode == 1
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("flag", ["--image-dir", "--ckpt-dir", "--data-dir"])
def test_an_empty_path_is_not_the_current_directory(stylespace, tmp_path, flag):
    done = stylespace("train", flag, "")
    assert done.returncode == 2
    assert done.stderr.endswith(f"argument {flag}: it needs a name\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "script", ["mnist-sae.py", "mnist-aae.py", "encoder-vis.py", "generate-digits.py"]
)
def test_a_script_of_the_checkout_without_the_package_says_how_to_get_it(script):
    command = [sys.executable, "-S", Path(__file__).parents[2] / script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("stylespace is not installed for this Python: source .venv/")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("script", ["mnist-sae.py", "mnist-aae.py"])
def test_help_has_the_seeds_flags_first_and_answers_at_once(script):
    root = Path(__file__).parents[2]
    command = [sys.executable, "-X", "importtime", root / script, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not re.search(r"\| +(torch|numpy|rich)$", done.stderr, re.MULTILINE)  # seconds each
    seed, _, further = done.stdout.partition("further arguments:")
    epochs = 5 if script == "mnist-sae.py" else 24
    assert re.sub(r"\s+", " ", seed).endswith(
        "optional arguments: -h, --help show this help message and exit "
        "--batch-size B batch size for training and testing (default: 100) "
        f"--epochs E number of epochs to train (default: {epochs}) "
        "--lr LR learning rate with adam optimizer (default: 0.005) "
        "--feature-size N dimensions of the latent feature vector (default: 4) "
        "--ckpt-dir ckpt training session directory (default: mnistN.ckpt) for storing model "
        "parameters and trainer states "
    )
    assert "--data-dir" in further
