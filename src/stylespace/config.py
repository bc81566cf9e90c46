"""The one description of a model and of a training run, from the command line to the checkpoint.

Every default lives here; the command line reads its defaults from these classes.
"""

from __future__ import annotations

import dataclasses
import math
import numbers
import unicodedata
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Literal, TypeVar

from stylespace.errors import SessionError, UsageError

__all__ = [
    "DEFAULT_EPOCHS",
    "DEVICES",
    "IMAGE_SIDE",
    "MOST_CLASSES",
    "PRECISIONS",
    "ModelConfig",
    "Objective",
    "TrainConfig",
    "check_seed",
    "from_dict",
    "is_short",
    "is_text",
    "run_config",
    "session_name",
]

Objective = Literal["sae", "aae"]
DEFAULT_EPOCHS: dict[Objective, int] = {"sae": 5, "aae": 24}
DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "bf16")
IMAGE_SIDE = 28  # pixels
MOST_CLASSES = 1000
LARGEST_SEED = 2**31 - 1
MOST_EPOCHS = 1_000_000

SHORT = 6  # epochs, below which a run is a short one
WIDEST = 16_384  # units of a hidden layer
DEEPEST = 64  # hidden layers
LONGEST_NAME = 200  # characters of a class's name
LATER: dict[str, dict[str, Any]] = {
    "ModelConfig": {"class_names": [], "flow_layers": 0, "flow_widths": []},
    "TrainConfig": {"code_noise": 0.0, "warm_up": 0.05, "beta2": 0.99},
}
"""Settings that older sessions lack, as those were made."""

IN_SHORT_RUNS = {
    "deformation": 0.0,
    "same_hand_weight": 0.0,
    "discriminator_rate": 0.4,
    "warm_up": 0.2,
    "beta2": 0.95,
}
"""Settings of a run that leaves no time for more than the images as they are."""

PLAIN: dict[Any, tuple[str, type, type]] = {
    "int": ("a whole number", numbers.Integral, int),
    "float": ("a number", numbers.Real, float),
}
"""Of a setting's type: its name, what will do, and what it becomes."""

Config = TypeVar("Config", bound="ModelConfig | TrainConfig")


def session_name(style_size: int, data: str = "mnist") -> str:
    """The default session directory for a style size, `mnistN.ckpt` as the seed has it.

    Example:
        >>> session_name(4), session_name(8, "pictures/runes"), session_name(4, "a/kanji.npz")
        ('mnist4.ckpt', 'runes8.ckpt', 'kanji4.ckpt')
    """
    if data.startswith("hf:"):
        name = data.removeprefix("hf:").replace("/", "-").replace(":", "-")
        return f"{name.strip('-.')}{style_size}.ckpt"
    path = PurePath(data)
    if path.name in ("", ".."):
        path = Path(data).resolve()
    return f"{path.stem if path.suffix.lower() == '.npz' else path.name}{style_size}.ckpt"


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """All that is needed to build a `StyleAutoencoder`; stored as `config.json`.

    Attributes:
        style_size: dimensions of the style vector.
        classes: number of digits (classes).
        encoder_widths: hidden layers of the encoder, from the image to the style vector.
        decoder_widths: hidden layers of the decoder, from the style vector to the image.
        flow_layers: coupling layers of the flow between codes and style vectors.
        flow_widths: hidden layers of each of these.
        data: name of the data set that the model is for.
        class_names: what the digits are called; sessions older than this setting have none.
    """

    style_size: int = 4
    classes: int = 10
    encoder_widths: tuple[int, ...] = (384, 384)
    decoder_widths: tuple[int, ...] = (256, 384, 384)
    flow_layers: int = 8
    flow_widths: tuple[int, ...] = (96, 96)
    data: str = "mnist"
    class_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _make_plain(self)
        _require(1 <= self.style_size <= 512, "the style size must be between 1 and 512")
        words = f"the number of classes must be between 1 and {MOST_CLASSES}"
        _require(1 <= self.classes <= MOST_CLASSES, words)
        _require(0 <= self.flow_layers <= 64, "flow_layers must be between 0 and 64")
        for name in ("encoder_widths", "decoder_widths", "flow_widths"):
            given = getattr(self, name)
            widths = tuple(given) if isinstance(given, Sequence) else (None,)
            fit = all(type(width) is int and 1 <= width <= WIDEST for width in widths)
            _require(fit, f"{name} must be whole numbers from 1 to {WIDEST}")
            _require(len(widths) <= DEEPEST, f"{name} must be {DEEPEST} at most")
            object.__setattr__(self, name, widths)
        listed = isinstance(self.class_names, Iterable) and not isinstance(self.class_names, str)
        names = tuple(self.class_names) if listed else (None,)
        _require(all(_is_name(name) for name in names), "class_names must be a list of texts")
        _require(len(set(names)) == len(names), "class_names must differ from each other")
        _require(len(names) in (0, self.classes), "class_names must be as many as the classes")
        object.__setattr__(self, "class_names", names)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How a model is trained; stored with the trainer's state.

    Attributes:
        objective: `"sae"` (reconstruction alone) or `"aae"` (the codes also match the prior).
        epochs: passes over the training images.
        batch_size: images a step.
        lr: the highest learning rate of the schedule.
        seed: of the first weights, the order of the images and all noise.
        warm_up: share of the run in which the rate rises.
        beta2: how much of the squared gradients AdamW keeps in the auto-encoder's step.
        weight_decay: of the auto-encoder's weights, AdamW's.
        adversarial_weight: of the encoder's adversarial loss, beside the mean squared error, at
            style size 4; at four times that it is half as much.
        code_noise: standard deviation of what is added to codes before they are drawn in
            adversarial training, at style size 16; up to 4 it is none.
        gradient_penalty: of the discriminator's squared gradient.
        deformation: how strongly a part of the images is deformed in adversarial training.
        same_hand_weight: of the loss that keeps the same style vector the same hand.
        discriminator_rate: the discriminator's learning rate as a share of `lr`.
    """

    objective: Objective = "aae"
    epochs: int = DEFAULT_EPOCHS["aae"]
    batch_size: int = 100
    lr: float = 0.005
    seed: int = 0
    warm_up: float = 0.05
    beta2: float = 0.99
    weight_decay: float = 0.05
    adversarial_weight: float = 0.005
    code_noise: float = 0.14
    gradient_penalty: float = 0.005
    discriminator_rate: float = 0.2
    deformation: float = 0.25
    same_hand_weight: float = 0.3

    def __post_init__(self) -> None:
        _make_plain(self)
        known = isinstance(self.objective, str) and self.objective in DEFAULT_EPOCHS
        _require(known, f"unknown objective {self.objective!r:.60}")
        _require(self.epochs >= 1, "--epochs must be at least 1")
        _require(self.epochs <= MOST_EPOCHS, f"--epochs must be at most {MOST_EPOCHS}")
        _require(self.batch_size >= 2, "--batch-size must be at least 2")
        _require(0 < self.lr < math.inf, "--lr must be a positive number")
        check_seed(self.seed)
        _require(self.warm_up < 1 and self.beta2 < 1, "warm_up and beta2 must be less than 1")
        for field in dataclasses.fields(self):
            if field.type == "float":
                value = getattr(self, field.name)
                _require(0 <= value < math.inf, f"{field.name} must be a number from 0")


def check_seed(seed: int) -> None:
    """Refuse a seed that a run cannot have.

    Raises:
        UsageError: it is below 0 or above 2147483647.
    """
    _require(0 <= seed <= LARGEST_SEED, f"--seed must be between 0 and {LARGEST_SEED}")


def is_short(epochs: int) -> bool:
    """Whether so many epochs leave no time for more than the images as they are."""
    return epochs < SHORT


def run_config(objective: Objective, asked: dict[str, Any], before: int = 0) -> TrainConfig:
    """The settings of a run, the defaults where none is asked for.

    In a short run nothing is deformed, and `IN_SHORT_RUNS` has what else is its own.

    Args:
        objective: `"sae"` or `"aae"`.
        asked: settings by their names.
        before: epochs that the model was trained for already.

    Example:
        >>> run_config("aae", {}).deformation, run_config("aae", {"epochs": 2}).deformation
        (0.25, 0.0)
    """
    epochs = asked.get("epochs", DEFAULT_EPOCHS[objective])
    own = IN_SHORT_RUNS if is_short(before + epochs) else {}
    return TrainConfig(objective=objective, **{"epochs": epochs, **own, **asked})


def from_dict(kind: type[Config], values: dict[str, Any], source: str) -> Config:
    """Build a configuration from its JSON form.

    Args:
        kind: `ModelConfig` or `TrainConfig`.
        values: what `dataclasses.asdict` gave, through JSON.
        source: the file's name, for the error text.

    Raises:
        SessionError: an unknown, missing or impossible value.
    """
    values = {**LATER[kind.__name__], **values}
    known = {field.name for field in dataclasses.fields(kind)}
    if set(values) != known:
        odd = ", ".join(sorted(set(values) ^ known))[:200]
        raise SessionError(
            f"{source}: unknown or missing settings ({odd}); written by another version?"
        )
    for field in dataclasses.fields(kind):
        _check_type(source, field.name, values[field.name], type(field.default))
    try:
        return kind(**values)
    except (TypeError, ValueError, UsageError) as error:
        raise SessionError(f"{source}: {error}") from None


def _is_name(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and is_text(name)


def is_text(name: str) -> bool:
    """Whether a name can be written as UTF-8, and by it nothing that moves a terminal.

    Not all that a file may be called can. XML, and so an SVG, has no control characters either.

    Example:
        >>> is_text("ö"), is_text(chr(0xDCFF)), is_text(chr(27) + "[2J")
        (True, False, False)
    """
    return not any(unicodedata.category(letter) in ("Cs", "Cc") for letter in name)


def _check_type(source: str, name: str, value: object, wanted: type) -> None:
    """Refuse what JSON may hold and the setting may not; a whole number will do for a float."""
    allowed = {float: (float, int), tuple: (list,)}.get(wanted, (wanted,))
    if type(value) not in allowed:
        raise SessionError(f"{source}: {name} cannot be {value!r:.60}")


def _make_plain(config: ModelConfig | TrainConfig) -> None:
    """Make whole numbers `int` and others `float`, NumPy's too: JSON knows no other."""
    for field in dataclasses.fields(config):
        if field.type in PLAIN:
            value = getattr(config, field.name)
            object.__setattr__(config, field.name, _plain(field.name, value, *PLAIN[field.type]))


def _plain(name: str, value: object, words: str, kind: type, plain: type) -> object:
    with suppress(OverflowError):  # a whole number may be too large for a float
        if isinstance(value, kind):
            return plain(value)
    raise UsageError(f"{name} must be {words}, not {value!r:.60}")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise UsageError(message)
