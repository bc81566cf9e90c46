"""The studio's reader: which digit a drawing shows, small enough to run in a page.

It learns as the evaluation's reader does, with a third of its channels, from deformed training
images, so that it also reads handwriting that is unlike theirs. It is kept in the session, as
`reader.safetensors`, and in the user's cache.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from stylespace import checkpoint
from stylespace.data.images import LabelledImages
from stylespace.errors import DataError, StylespaceError
from stylespace.evaluation.reader import Reader, ReaderRecipe, cached_reader
from stylespace.files import require_file
from stylespace.output import replaced, save_file
from stylespace.training.plan import digest

__all__ = ["READER_FILE", "RECIPE", "PageReader", "save_reader", "session_reader"]

READER_FILE = "reader.safetensors"
VERSION = "1"  # of that file
MOST_BYTES = 2**26  # of it

RECIPE = ReaderRecipe(
    version=1,
    channels=12,
    epochs=5,
    batch_size=200,
    augment=False,
    deformation=1.0,
    batch_norms=True,
)
"""How the reader is built and trained: in less than a minute on two cores."""

TRAINING = "training the studio's reader, once for this data set; about half a minute"
ROWS = 1000

Advance = Callable[[float], None]


class PageReader(nn.Module):
    """Two convolutions and two dense layers, about 0.7 million multiplications an image.

    The page computes the same from the file of its weights, layer by layer: `layers.{i}.weight`
    of four axes is a convolution, followed by ReLU and a 2x2 maximum; one of two axes is dense,
    followed by ReLU but for the last.

    Args:
        classes: number of digits.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        first, second = RECIPE.channels, 2 * RECIPE.channels
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(1, first, 5),
                nn.Conv2d(first, second, 5),
                nn.Linear(16 * second, 128),
                nn.Linear(128, classes),
            ]
        )

    def forward(self, images: Tensor) -> Tensor:
        """`[n, 1, 28, 28]` in [0, 1] to logits `[n, classes]`."""
        first, second, dense, last = self.layers
        seen = F.max_pool2d(F.relu(first(images)), 2)
        seen = F.max_pool2d(F.relu(second(seen)), 2)
        logits: Tensor = last(F.relu(dense(seen.flatten(1))))
        return logits

    @torch.no_grad()
    def shares(self, images: Tensor) -> Tensor:
        """uint8 `[n, 28, 28]` to how sure it is of each digit, `[n, classes]`, summing to 1."""
        blocks = torch.split(images.unsqueeze(1), ROWS)
        return torch.cat([self(block.float() / 255).softmax(dim=1) for block in blocks])


def session_reader(
    directory: Path,
    classes: int,
    train: Callable[[], LabelledImages],
    *,
    named: bool = False,
    advance: Advance = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> PageReader:
    """The reader of a session: kept there, else from the user's cache, else trained.

    Wherever it comes from, it is in the session afterwards, if that can be written. A reader of
    other images than the session's own is for this once: those that are named are learnt from.

    Args:
        directory: the session.
        classes: number of digits that its model knows.
        train: gives the training images, should they be needed.
        named: whether they were asked for by name, and so may be others than the session's.
        advance: told the share of the training that is done.
        say: told that a reader is being trained, or that it cannot be kept.

    Raises:
        DataError: the training images cannot be had, or do not fit the session.
    """
    path = directory / READER_FILE
    kept = _stored(path, classes)
    if kept is not None and not named:
        return kept
    data = train()
    if len(data.class_names) != classes:
        raise DataError(
            f"{directory} is for {classes} classes, but its images have {len(data.class_names)}"
        )
    before = checkpoint.position_of(directory)
    own = not named or (before is not None and before.data == digest(data))
    if kept is not None and own:
        return kept
    reader = _folded(cached_reader(data, advance, say, RECIPE, TRAINING))
    now = checkpoint.position_of(directory)  # meanwhile another session may have taken its place
    if (before and before.data) != (now and now.data):
        say(f"the reader is not kept in the session: another is in {directory} by now")
    elif own:
        try:
            save_reader(reader, path)
        except StylespaceError as error:
            say(f"the reader is not kept in the session: {error}")
    return reader


def save_reader(reader: PageReader, path: Path) -> None:
    """Write a reader, as a session keeps it.

    Raises:
        StylespaceError: the file cannot be written.
    """
    with replaced(path) as part:
        # more entries than one would come in any order, and the bytes differ
        save_file(reader.state_dict(), part, {"reader": VERSION})


def _stored(path: Path, classes: int) -> PageReader | None:
    """The reader of a file; whatever is wrong with it, another can be had."""
    reader = PageReader(classes)
    with suppress(OSError, SafetensorError, RuntimeError, ValueError, KeyError):
        require_file(path, MOST_BYTES)
        with safe_open(path, "pt") as file:
            if (file.metadata() or {}).get("reader") != VERSION:
                return None
            reader.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118
        finite = all(bool(weight.isfinite().all()) for weight in reader.parameters())
        return reader.eval() if finite else None
    return None


@torch.no_grad()
def _folded(reader: Reader) -> PageReader:
    """The same without batch norms: the layer before each can do as it does."""
    found: list[tuple[Tensor, Tensor]] = []
    for layer in (*reader.look, reader.name):
        if isinstance(layer, nn.Conv2d):
            bias = torch.zeros(layer.out_channels) if layer.bias is None else layer.bias
            found.append((layer.weight, bias))
        elif isinstance(layer, nn.Linear):
            found.append((layer.weight, layer.bias))
        elif isinstance(layer, nn.BatchNorm2d):
            found[-1] = _with_norm(found[-1][0], layer)
    weights = {
        f"layers.{index}.{name}": value
        for index, pair in enumerate(found)
        for name, value in zip(("weight", "bias"), pair, strict=True)
    }
    folded = PageReader(reader.name.out_features)
    folded.load_state_dict(weights)
    return folded.eval()


def _with_norm(weight: Tensor, norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Weight and bias of a convolution and its batch norm together."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    return weight * scale.view(-1, 1, 1, 1), norm.bias - norm.running_mean * scale
