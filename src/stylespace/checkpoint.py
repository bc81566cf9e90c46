"""Session directories: the only door to a trained model, in and out.

A session holds `config.json` and `model.safetensors` (all that using the model needs),
`trainer.safetensors` and `trainer.json` (all that resuming needs) and `history.jsonl` (a line an
epoch). There is no pickle anywhere.

A save is atomic although it is several files. They are written into `.saving/`, which is then
renamed to `.saved/`: that rename is the moment at which the save holds. The files are then moved
to their places. Whoever finds a `.saved/` finishes the moving first, so a run killed at any
moment leaves the last whole save.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from stylespace.config import ModelConfig, TrainConfig, from_dict
from stylespace.errors import SessionError
from stylespace.files import is_there, reason
from stylespace.files import require_file as _require_file
from stylespace.lock import held, require_held
from stylespace.networks import StyleAutoencoder, state_size
from stylespace.output import save_file

__all__ = [
    "TrainerState",
    "config_text",
    "exists",
    "load",
    "position_of",
    "read_config",
    "read_position",
    "read_trainer",
    "require_held",
    "save",
    "session_lock",
]

FORMAT = 1
CONFIG, MODEL = "config.json", "model.safetensors"
TRAINER, TENSORS = "trainer.json", "trainer.safetensors"
HISTORY = "history.jsonl"
SAVING, SAVED = ".saving", ".saved"

OF_THE_SYSTEM = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO)
MOST_SETTINGS, MOST_HISTORY, MOST_TENSORS = 2**20, 2**26, 2**33  # bytes of a file

Content = TypeVar("Content")


@dataclass(frozen=True, kw_only=True)
class TrainerState:
    """All that going on with a training run needs, beside the model.

    Attributes:
        config: of the run that is under way, or that ended last.
        step: optimizer steps taken in this run.
        steps: optimizer steps that the whole run takes.
        data: digest of the training images, to notice another set.
        epochs_before: epochs of the same objective that ended before this run.
        tensors: weights in training, optimizer state and the sums of the current epoch.
        history: one dictionary an epoch, as `history.jsonl` has them.
    """

    config: TrainConfig
    step: int
    steps: int
    data: str
    epochs_before: int = 0
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    history: tuple[dict[str, Any], ...] = ()

    @property
    def finished(self) -> bool:
        """Whether the run has taken all its steps."""
        return self.step >= self.steps


def load(session: str | os.PathLike[str], device: str | torch.device = "cpu") -> StyleAutoencoder:
    """Open a trained model.

    Args:
        session: a session directory, as a training command made it; `~` is one's home.
        device: where the model's weights go.

    Returns:
        The model in eval mode, its weights frozen: they ask for no gradient.

    Raises:
        SessionError: no session there, or a damaged one.

    Example:
        >>> import stylespace
        >>> model = stylespace.load("mnist4.ckpt")  # doctest: +SKIP
    """
    directory = Path(session)
    if directory.parts[:1] == ("~",) and not exists(directory):
        directory = directory.expanduser()
    config = read_config(directory)
    model = _filled(config, read_tensors(directory, MODEL), directory / MODEL)
    return model.to(device).eval().requires_grad_(False)


def exists(session: str | os.PathLike[str]) -> bool:
    """Whether the directory holds a session, whole or damaged."""
    directory, names = Path(session), (CONFIG, MODEL, TRAINER, TENSORS, SAVED)
    with suppress(PermissionError):  # something is there; who reads it is told what is wrong
        return any(is_there(directory / name) for name in names)
    return True


def read_config(directory: Path) -> ModelConfig:
    """The model's configuration.

    Raises:
        SessionError: no session there, or a damaged one.
    """
    _require_name(directory)
    if not directory.is_dir() or not exists(directory):
        raise SessionError(
            f"{directory} is no session; make one with mnist-aae, or name one with --ckpt-dir"
        )
    values = _read_json(directory, CONFIG)
    if values.pop("format", None) != FORMAT:
        raise SessionError(
            f"{directory / CONFIG}: not of format {FORMAT}; a newer stylespace wrote it?"
        )
    return from_dict(ModelConfig, values, str(directory / CONFIG))


def read_position(directory: Path) -> TrainerState:
    """The trainer's state without its tensors and its history: what `trainer.json` holds.

    Raises:
        SessionError: it is missing or damaged.
    """
    values = _read_json(directory, TRAINER)
    try:
        state = TrainerState(
            config=from_dict(TrainConfig, values["config"], str(directory / TRAINER)),
            step=int(values["step"]),
            steps=int(values["steps"]),
            data=str(values["data"]),
            epochs_before=int(values["epochs_before"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _damaged(directory / TRAINER, error) from None
    if min(state.step, state.epochs_before) < 0:
        raise _damaged(directory / TRAINER, f"step {state.step} of {state.steps}")
    return state


def read_trainer(directory: Path) -> TrainerState:
    """The trainer's state.

    Raises:
        SessionError: it is missing or damaged.
    """
    position = read_position(directory)
    # copies: Windows replaces no file that is mapped, as the next save must
    tensors = {name: value.clone() for name, value in read_tensors(directory, TENSORS).items()}
    history = _read(directory, HISTORY, MOST_HISTORY, _json_lines)
    return dataclasses.replace(position, tensors=tensors, history=history)


def position_of(directory: Path) -> TrainerState | None:
    """The same as `read_position`; None of a model by itself, from elsewhere, or a damaged one."""
    with suppress(SessionError):
        return read_position(directory)
    return None


def save(directory: Path, model: StyleAutoencoder, trainer: TrainerState) -> None:
    """Write model and trainer state, all or nothing.

    Raises:
        SessionError: the directory cannot be written; the last whole save is still there.
    """
    require_held(directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _finish_save(directory)
        saving = directory / SAVING
        shutil.rmtree(saving, ignore_errors=True)
        saving.mkdir()
        _write_files(saving, model, trainer)
        saving.rename(directory / SAVED)
        _finish_save(directory)
    except OSError as error:
        shutil.rmtree(directory / SAVING, ignore_errors=True)
        raise SessionError(f"cannot save to {directory}: {reason(error)}") from None


@contextmanager
def session_lock(directory: Path) -> Iterator[None]:
    """Hold the session for one training process, and finish the save that another one left.

    Raises:
        SessionError: another process is training in it, or it cannot be written.
    """
    _require_name(directory)
    with held(directory):
        try:
            _finish_save(directory)
        except OSError as error:
            raise SessionError(f"cannot write to {directory}: {reason(error)}") from None
        yield


def config_text(config: ModelConfig) -> str:
    """What `config.json` holds."""
    return json.dumps({"format": FORMAT, **dataclasses.asdict(config)}, indent=2) + "\n"


def read_tensors(directory: Path, name: str) -> dict[str, Tensor]:
    """The tensors of one of the session's safetensors files.

    Raises:
        SessionError: the file is missing or damaged.
    """
    return _read(directory, name, MOST_TENSORS, load_file)


def _write_files(target: Path, model: StyleAutoencoder, trainer: TrainerState) -> None:
    position = {
        "config": dataclasses.asdict(trainer.config),
        "step": trainer.step,
        "steps": trainer.steps,
        "data": trainer.data,
        "epochs_before": trainer.epochs_before,
    }
    (target / CONFIG).write_text(config_text(model.config))
    (target / TRAINER).write_text(json.dumps(position, indent=2) + "\n")
    (target / HISTORY).write_text("".join(json.dumps(line) + "\n" for line in trainer.history))
    save_file(model.state_dict(), target / MODEL, {"format": "pt"})
    save_file(trainer.tensors, target / TENSORS)
    for path in target.iterdir():
        with path.open("rb+") as handle:  # Windows flushes only what may be written to
            os.fsync(handle.fileno())


def _require_name(directory: Path) -> None:
    """Refuse a name that safetensors would not open, before anything is stored under it."""
    try:
        str(directory).encode()
    except UnicodeEncodeError:
        raise SessionError(f"{directory} is no UTF-8; give the session another name") from None


def _finish_save(directory: Path) -> None:
    saved = directory / SAVED
    if saved.is_symlink():
        raise OSError(errno.ELOOP, "its .saved is a link; remove that")
    if saved.is_dir():
        for path in saved.iterdir():
            path.replace(directory / path.name)
        saved.rmdir()


def _read(
    directory: Path, name: str, most: int, read: Callable[[Path], Content], tries: int = 3
) -> Content:
    """Read one of the session's files, though a save may be moving it at this moment.

    Raises:
        SessionError: it is missing, not to be read, damaged or larger than `most` bytes.
    """
    path = directory / name
    try:
        pending = directory / SAVED / name
        path = pending if pending.exists() else path
        _require_file(path, most)
        path.open("rb").close()  # safetensors calls missing what it may not read
        return read(path)
    except (OSError, SafetensorError, ValueError, KeyError, RuntimeError) as error:
        if tries > 1 and not isinstance(error, PermissionError) and not path.exists():
            return _read(directory, name, most, read, tries - 1)
        raise _damaged(path, error) from None


def _read_json(directory: Path, name: str) -> dict[str, Any]:
    return _read(directory, name, MOST_SETTINGS, lambda path: _json_object(path.read_text()))


def _json_lines(path: Path) -> tuple[dict[str, Any], ...]:
    return tuple(_json_object(line) for line in path.read_text().splitlines())


def _json_object(text: str) -> dict[str, Any]:
    values = json.loads(text)
    if not isinstance(values, dict):
        raise ValueError("not a JSON object")
    return values


def _filled(config: ModelConfig, tensors: dict[str, Tensor], path: Path) -> StyleAutoencoder:
    misfit = _damaged(path, f"its tensors do not fit {CONFIG}")
    # first of all, since a stranger's configuration may ask for more than there is memory
    if state_size(config) != sum(value.numel() for value in tensors.values()):
        raise misfit
    with torch.random.fork_rng(devices=[]):  # first weights, which are replaced
        model = StyleAutoencoder(config).float()
    expected = {name: (value.shape, value.dtype) for name, value in model.state_dict().items()}
    if expected != {name: (value.shape, value.dtype) for name, value in tensors.items()}:
        raise misfit
    if not all(bool(value.isfinite().all()) for value in tensors.values()):
        raise _damaged(path, "it holds weights that are not finite")
    model.load_state_dict(tensors)
    return model


def _damaged(path: Path, reason: object) -> SessionError:
    if isinstance(reason, FileNotFoundError):
        return SessionError(f"{path} is missing: the session is damaged; train anew elsewhere")
    if isinstance(reason, PermissionError):
        return SessionError(f"cannot read {path}: {reason.strerror}; ask its owner for the right")
    if isinstance(reason, OSError) and reason.errno in OF_THE_SYSTEM:
        return SessionError(f"cannot read {path}: {reason.strerror}; the session may be whole")
    text = " ".join(str(reason).split())
    return SessionError(f"{path} is damaged ({text}); restore it or train anew elsewhere")
