"""The one description of a model and of a run: what it refuses, and that JSON keeps it."""

import dataclasses
import json

import numpy as np
import pytest

from stylespace.config import (
    DEFAULT_EPOCHS,
    LATER,
    ModelConfig,
    TrainConfig,
    from_dict,
    run_config,
    session_name,
)
from stylespace.errors import SessionError, UsageError

CONFIGS = [
    ModelConfig(),
    ModelConfig(classes=3, class_names=("alpha", "beta", "omega")),
    ModelConfig(style_size=7, classes=24, encoder_widths=(), decoder_widths=(5,), data="a/b"),
    TrainConfig(),
    TrainConfig(objective="sae", epochs=1, batch_size=2, lr=0.1, seed=2**31 - 1),
]


def stored(config):
    return json.loads(json.dumps(dataclasses.asdict(config)))


@pytest.mark.parametrize("config", CONFIGS)
def test_json_gives_back_the_same_configuration(config):
    again = from_dict(type(config), stored(config), "config.json")
    assert again == config
    assert hash(again) == hash(config)  # its lists are tuples again


@pytest.mark.parametrize("config", [ModelConfig(), TrainConfig()])
def test_an_unknown_setting_and_a_missing_one_are_named(config):
    values = stored(config)
    with pytest.raises(SessionError, match=r"x/config\.json: .*\(colour\); written by another"):
        from_dict(type(config), {**values, "colour": 1}, "x/config.json")
    for name in set(values) - set(LATER[type(config).__name__]):  # older sessions lack those
        rest = {other: value for other, value in values.items() if other != name}
        with pytest.raises(SessionError, match=rf"unknown or missing settings \({name}\)"):
            from_dict(type(config), rest, "config.json")


@pytest.mark.parametrize(
    ("config", "change"),
    [
        (ModelConfig(), {"style_size": "five"}),
        (ModelConfig(), {"style_size": None}),
        (ModelConfig(), {"style_size": 0}),
        (ModelConfig(), {"classes": [10]}),
        (ModelConfig(), {"encoder_widths": 512}),
        (ModelConfig(), {"decoder_widths": None}),
        (TrainConfig(), {"objective": "vae"}),
        (TrainConfig(), {"objective": ["aae"]}),
        (TrainConfig(), {"epochs": "24"}),
        (TrainConfig(), {"lr": "fast"}),
        (TrainConfig(), {"lr": float("nan")}),
        (TrainConfig(), {"seed": -1}),
        (ModelConfig(), {"style_size": 2.5}),
        (ModelConfig(), {"class_names": "0123456789"}),
        (ModelConfig(), {"class_names": ["a", "b"]}),
        (ModelConfig(), {"class_names": [5] * 10}),
        (ModelConfig(), {"class_names": [""] * 10}),
        (ModelConfig(), {"data": 5}),
        (ModelConfig(), {"encoder_widths": "512"}),
        (ModelConfig(), {"encoder_widths": [-1]}),
        (ModelConfig(), {"decoder_widths": ["a"]}),
        (TrainConfig(), {"batch_size": 10.5}),
        (TrainConfig(), {"deformation": "x"}),
        (TrainConfig(), {"adversarial_weight": float("nan")}),
        (TrainConfig(), {"epochs": True}),
        (TrainConfig(), {"beta2": 1.0}),
        (TrainConfig(), {"warm_up": 1.0}),
    ],
)
def test_a_value_that_cannot_be_is_one_line_with_the_files_name(config, change):
    with pytest.raises(SessionError, match=r"^x/trainer\.json: .+") as caught:
        from_dict(type(config), {**stored(config), **change}, "x/trainer.json")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"epochs": 0}, "--epochs must be at least 1"),
        ({"epochs": 10**20}, "--epochs must be at most 1000000"),
        ({"batch_size": 1}, "--batch-size must be at least 2"),
        ({"lr": 0.0}, "--lr must be a positive number"),
        ({"lr": float("inf")}, "--lr must be a positive number"),
        ({"seed": 2**31}, "--seed must be between 0 and 2147483647"),
    ],
)
def test_a_flag_that_cannot_be_meant_is_named(change, says):
    with pytest.raises(UsageError, match=says):
        TrainConfig(**change)


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: ModelConfig(class_names=None), "class_names must be a list of texts"),
        (lambda: ModelConfig(class_names="abcdefghij"), "class_names must be a list of texts"),
        (lambda: ModelConfig(class_names=["a"] * 10), "class_names must differ"),
        (lambda: TrainConfig(objective=["sae"]), r"unknown objective \['sae'\]"),
    ],
)
def test_what_no_configuration_can_be_is_one_line(build, says):
    with pytest.raises(UsageError, match=says):
        build()


def test_names_may_come_from_numpy():
    assert ModelConfig(classes=2, class_names=np.array(["a", "b"])).class_names == ("a", "b")


def test_every_objective_has_a_default_number_of_epochs():
    assert all(
        TrainConfig(objective=kind, epochs=epochs) for kind, epochs in DEFAULT_EPOCHS.items()
    )
    assert TrainConfig().epochs == DEFAULT_EPOCHS[TrainConfig().objective]


@pytest.mark.parametrize(
    ("asked", "before", "deforms"),
    [
        ({}, 0, True),
        ({"epochs": 5}, 0, False),
        ({"epochs": 6}, 0, True),
        ({"epochs": 2}, 24, True),  # a good session stays so
        ({"epochs": 2, "deformation": 0.1}, 0, True),
    ],
)
def test_a_short_run_leaves_the_images_as_they_are(asked, before, deforms):
    config = run_config("aae", asked, before)
    assert (config.deformation > 0) == deforms
    assert config.epochs == asked.get("epochs", 24)


def test_a_run_from_before_the_rise_was_a_setting_goes_on_as_it_was():
    short = run_config("aae", {"epochs": 2})
    assert short.warm_up > TrainConfig().warm_up
    values = stored(short)
    del values["warm_up"], values["beta2"]
    read = from_dict(TrainConfig, values, "trainer.json")
    assert (read.warm_up, read.beta2) == (0.05, 0.99)
    assert read.lr == short.lr


def test_a_session_from_before_class_names_is_read():
    values = stored(ModelConfig(classes=3))
    del values["class_names"]
    assert from_dict(ModelConfig, values, "config.json") == ModelConfig(classes=3)


@pytest.mark.parametrize(("data", "name"), [(".", "runes8.ckpt"), ("letters/..", "runes8.ckpt")])
def test_a_set_that_is_named_by_dots_gives_its_session_its_own_name(
    tmp_path, monkeypatch, data, name
):
    (tmp_path / "runes" / "letters").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "runes")
    assert session_name(8, data) == name


def test_numbers_of_numpy_are_plain_numbers():
    config = TrainConfig(seed=np.int64(3), epochs=np.int32(2), lr=np.float32(0.5), warm_up=0)
    assert json.loads(json.dumps(dataclasses.asdict(config))) == dataclasses.asdict(config)
    assert config == TrainConfig(seed=3, epochs=2, lr=0.5, warm_up=0.0)
    assert ModelConfig(style_size=np.int64(2)) == ModelConfig(style_size=2)


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (TrainConfig, {"seed": 0.5}),
        (TrainConfig, {"epochs": 1.5}),
        (TrainConfig, {"lr": "0.01"}),
        (TrainConfig, {"lr": 10**400}),
        (ModelConfig, {"style_size": "4"}),
        (ModelConfig, {"style_size": 4.0}),
        (ModelConfig, {"encoder_widths": 384}),
    ],
)
def test_a_setting_of_another_type_is_named(kind, change):
    (name,) = change
    with pytest.raises(UsageError, match=f"^{name} must be "):
        kind(**change)
