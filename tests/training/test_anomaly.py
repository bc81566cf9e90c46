"""A training whose numbers run away stops at once, says where, and spoils nothing."""

import re

import pytest
import torch

from stylespace import load
from stylespace.config import ModelConfig, TrainConfig
from stylespace.errors import TrainingError
from stylespace.training.adversarial import make_trainer
from tests.small import strokes

SMALL = ModelConfig(style_size=2, encoder_widths=(16,), decoder_widths=(12, 16))
FILES = ("config.json", "model.safetensors", "trainer.json", "trainer.safetensors")


def watched(objective):
    trainer = make_trainer(SMALL, TrainConfig(objective=objective), steps=10)
    trainer.detect_anomaly = True
    return trainer


def parameters(trainer, network, layer):
    owner = trainer if network == "discriminator" else trainer.model
    return getattr(owner, network).layers.dense[layer].weight


@pytest.mark.parametrize(
    ("network", "layer", "name"),
    [
        ("encoder", 0, "encoder's layer 1 of 2"),
        ("decoder", 1, "decoder's layer 2 of 3"),
        ("discriminator", 2, "discriminator's layer 3 of 3"),
    ],
)
@pytest.mark.parametrize("poison", [torch.nan, torch.inf])
def test_the_layer_where_numbers_go_wrong_is_named(network, layer, name, poison):
    trainer, data = watched("aae"), strokes(50, 0)
    trainer.step(0, data.images, data.digits)
    parameters(trainer, network, layer).data[0, 0] = poison
    with pytest.raises(TrainingError, match=f"output of the {name} has values"):
        trainer.step(1, data.images, data.digits)


@pytest.mark.parametrize("objective", ["sae", "aae"])
def test_so_is_one_where_only_the_gradient_does(objective, monkeypatch):
    trainer, data = watched(objective), strokes(50, 0)
    way_back = trainer.encoder.backward

    def broken(gradient):
        result = way_back(gradient)
        parameters(trainer, "encoder", 0).grad[0, 0] = torch.inf
        return result

    monkeypatch.setattr(trainer.encoder, "backward", broken)
    before = trainer.masters["model"].flat.clone()
    with pytest.raises(TrainingError, match="gradient of the encoder's layer 1 of 2 has values"):
        trainer.step(0, data.images, data.digits)
    assert torch.equal(trainer.masters["model"].flat, before)


def test_looking_changes_nothing():
    data, flats = strokes(50, 0), []
    for look in (False, True):
        trainer = watched("aae")
        trainer.detect_anomaly = look
        for step in range(3):
            trainer.step(step, data.images, data.digits)
        flats.append(trainer.masters["model"].flat)
    assert torch.equal(*flats)


@pytest.mark.parametrize("objective", ["sae", "aae"])
def test_a_run_stops_at_once_and_says_what_to_do(stylespace, strokes_dir, tmp_path, objective):
    flags = ["train", "--objective", objective, "--data", strokes_dir, "--ckpt-dir", "s.ckpt"]
    wild = [*flags, "--epochs", 2, "--lr", 1e30]
    done = stylespace(*wild)
    assert done.returncode == 1
    assert done.stdout == ""
    said = re.fullmatch(
        r"stylespace train: epoch 1, batch \d+: the squared error is .*\n", done.stderr
    )
    assert said
    assert "nothing was saved; start in another --ckpt-dir with a lower --lr than 1e+30" in said[0]
    assert "--detect-anomaly" in said[0]
    assert not (tmp_path / "s.ckpt" / "model.safetensors").exists()

    done = stylespace(*wild, "--detect-anomaly")
    assert done.returncode == 1
    assert re.search(r"epoch 1, batch \d+: the (output|gradient) of the \w+'s ", done.stderr)
    assert "Traceback" not in done.stderr


def test_weights_that_only_the_last_step_spoilt_are_not_saved(stylespace, strokes_dir, tmp_path):
    one_batch = ["train", "--data", strokes_dir, "--batch-size", 1100, "--epochs", 1]
    flags = [*one_batch, "--ckpt-dir", "s.ckpt"]
    assert stylespace(*flags, "--lr", 1e30).returncode == 0  # large, but numbers
    done = stylespace(*flags, "--lr", 0.001)
    assert done.returncode == 1
    assert re.search(r"epoch 2, batch 1: .* s\.ckpt stays as it was saved;", done.stderr)
    assert "healthy" not in done.stdout
    assert load(tmp_path / "s.ckpt")  # it refuses what is not finite


def test_the_last_save_stays(stylespace, strokes_dir, tmp_path):
    flags = ["train", "--data", strokes_dir, "--ckpt-dir", "s.ckpt", "--epochs", 1]
    assert stylespace(*flags).returncode == 0
    before = [(tmp_path / "s.ckpt" / name).read_bytes() for name in FILES]
    done = stylespace(*flags, "--lr", 1e30)
    assert done.returncode == 1
    assert re.search(r"epoch 2, batch \d+: .* s\.ckpt stays as it was saved;", done.stderr)
    assert [(tmp_path / "s.ckpt" / name).read_bytes() for name in FILES] == before
