"""The Hub folder: its model card, and that Hugging Face's library and ours both load it."""

import dataclasses
import json
import subprocess
import sys

import pytest
import torch
from PIL import Image

import stylespace
from stylespace.config import ModelConfig
from stylespace.studio.assets import Shown
from stylespace.studio.export import write_hub
from stylespace.studio.hub import hub_files, model_card
from tests.small import vivid_model

ROW = {
    "group": "Reconstruction",
    "name": "mean | squared",
    "value": 0.0212,
    "text": "0.0212",
    "perfect": "0.0000",
    "chance": None,
    "meaning": "of a pixel",
}


def shown(card=None, **config):
    return Shown(
        name="mnist4.ckpt", objective="aae", model=vivid_model(**config), card=card, test=None
    )


@pytest.fixture
def folder(tmp_path):
    write_hub(tmp_path / "hub", shown())
    return tmp_path / "hub"


def same(one, other):
    return one.config == other.config and all(
        map(torch.equal, one.state_dict().values(), other.state_dict().values())
    )


def test_holds_what_the_hub_expects_and_opens_as_a_session(folder):
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["README.md", "config.json", "digits.png", "model.safetensors"]
    assert same(stylespace.load(folder), vivid_model())
    with Image.open(folder / "digits.png") as picture:
        assert picture.width > picture.height > 100


def test_loads_with_from_pretrained(folder, monkeypatch):
    pytest.importorskip("huggingface_hub")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    from stylespace.hub import StyleAutoencoder

    model = StyleAutoencoder.from_pretrained(folder)
    assert same(model, vivid_model())
    assert not model.training
    assert model.decode(torch.zeros(2, 4), torch.tensor([3, 4])).shape == (2, 1, 28, 28)


def test_what_the_mixin_saves_opens_as_a_session(folder, tmp_path):
    pytest.importorskip("huggingface_hub")
    from stylespace.hub import StyleAutoencoder

    StyleAutoencoder.from_pretrained(folder).save_pretrained(tmp_path / "saved")
    assert same(stylespace.load(tmp_path / "saved"), vivid_model())
    assert same(StyleAutoencoder.from_pretrained(tmp_path / "saved"), vivid_model())


def test_what_the_mixin_saves_tells_no_path(tmp_path):
    pytest.importorskip("huggingface_hub")
    from stylespace.hub import StyleAutoencoder

    model = StyleAutoencoder(ModelConfig(data="/home/ada/runes.npz"))
    model.save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["data"] == "runes.npz"


def test_the_card_of_a_simple_model_says_that_random_styles_may_fail():
    simple = dataclasses.replace(shown(), objective="sae")
    assert "whose styles are no Gaussian" in model_card(simple, "mnist")
    assert "no Gaussian" not in model_card(shown(), "mnist")


def test_without_the_library_that_is_named():
    code = "import sys; sys.modules['huggingface_hub'] = None; import stylespace.hub"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip().endswith(
        "ImportError: stylespace.hub needs huggingface_hub: pip install huggingface_hub"
    )


def test_the_model_card_has_the_report_cards_figures():
    pytest.importorskip("huggingface_hub")
    from huggingface_hub import ModelCard

    card = ModelCard(model_card(shown([ROW]), "mnist"), ignore_metadata_errors=False)
    assert card.data.library_name == "stylespace"
    assert card.data.datasets == ["mnist"]
    assert "# mnist4\n" in card.text
    assert "| Reconstruction | mean \\| squared | 0.0212 | 0.0000 |  |" in card.text
    assert "## Measured" not in model_card(shown(), "mnist")


@pytest.mark.parametrize("data", ["/home/me/secret/runes", "hf:/home/me/secret/runes"])
def test_the_path_of_ones_own_images_stays_at_home(data):
    files = hub_files(shown(data=data))
    assert json.loads(files["config.json"])["data"] == "runes"
    assert all(b"secret" not in content for content in files.values())
    card = files["README.md"].decode()
    assert "of runes with 4 style dimensions" in card
    assert "datasets:" not in card
