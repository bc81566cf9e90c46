"""The independent reader: a classifier that the networks under test never saw.

It is trained on the training images once for a data set and kept in the user's cache.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from stylespace.data.cache import cache_directory
from stylespace.data.deform import Deformation
from stylespace.data.images import LabelledImages
from stylespace.errors import DataError, StylespaceError
from stylespace.hardware import fast_dtype
from stylespace.noise import generator
from stylespace.output import replaced, save_file
from stylespace.training.plan import digest

__all__ = ["READER", "Reader", "ReaderRecipe", "cached_reader", "train_reader"]

Advance = Callable[[float], None]
ROWS = 100  # what a convolution makes of so many stays in the cache


@dataclass(frozen=True, kw_only=True)
class ReaderRecipe:
    """How a reader is built and trained.

    Attributes:
        version: part of the cached file's name; a change of anything here or below raises it.
        channels: of the first convolution; the second has twice as many.
        epochs: passes over the images.
        batch_size: images a step.
        lr: AdamW's highest rate.
        augment: whether images are turned, sheared, scaled and shifted a little.
        deformation: how strongly they are deformed besides, `data.deform.Deformation`'s amount.
        batch_norms: whether there are any. Their statistics are those of the images that a reader
            learns from: one that learns from drawn digits would read real ones with wrong ones.
    """

    version: int = 2
    channels: int = 32
    epochs: int = 8
    batch_size: int = 250
    lr: float = 3e-3
    augment: bool = True
    deformation: float = 0.0
    batch_norms: bool = False


READER = ReaderRecipe()
"""The reader of the evaluation."""

TRAINING = "training the independent reader, once for this data set; this takes minutes"


class Reader(nn.Module):
    """A small convolutional network.

    Args:
        classes: number of digits.
        channels: of the first convolution.
        batch_norms: whether there is one behind each convolution.
    """

    def __init__(self, classes: int, channels: int, batch_norms: bool = False) -> None:
        super().__init__()
        self.look = nn.Sequential(
            *_convolution(1, channels, batch_norms),
            *_convolution(channels, 2 * channels, batch_norms),
            nn.Flatten(),
            nn.Linear(2 * channels * 16, 128),
            nn.ReLU(),
        )
        self.name = nn.Linear(128, classes)

    def forward(self, images: Tensor) -> Tensor:
        """`[n, 1, 28, 28]` in [0, 1] to logits `[n, classes]`."""
        logits: Tensor = self.name(self.look(images))
        return logits

    @torch.no_grad()
    def features(self, images: Tensor) -> Tensor:
        """uint8 `[n, 28, 28]` to the last hidden layer, float32 `[n, 128]`."""
        return torch.cat([self.look(_floats(block)) for block in torch.split(images, ROWS)])

    @torch.no_grad()
    def read(self, images: Tensor) -> Tensor:
        """uint8 `[n, 28, 28]` to the digits seen, int64 `[n]`."""
        return torch.cat(
            [self(_floats(block)).argmax(dim=1) for block in torch.split(images, ROWS)]
        )

    def accuracy(self, data: LabelledImages) -> float:
        """Share of images that are read right."""
        return (self.read(data.images) == data.digits).float().mean().item()


def _convolution(inputs: int, outputs: int, batch_norm: bool) -> list[nn.Module]:
    norms = [nn.BatchNorm2d(outputs)] if batch_norm else []
    return [nn.Conv2d(inputs, outputs, 5, bias=not norms), *norms, nn.ReLU(), nn.MaxPool2d(2)]


def cached_reader(
    train: LabelledImages,
    advance: Advance,
    say: Callable[[str], None],
    recipe: ReaderRecipe = READER,
    training: str = TRAINING,
) -> Reader:
    """A reader for a data set: from the user's cache, or trained and put there.

    Args:
        train: the training images.
        advance: told the share of the training that is done.
        say: told that a reader is being trained, or that it cannot be kept.
        recipe: of the reader.
        training: what is said when it is trained.
    """
    classes = str(len(train.class_names)).encode()
    name = f"{digest(train, classes)}-{recipe.channels}-{recipe.version}.safetensors"
    path = cache_directory() / "readers" / name
    reader = _stored(path, train, recipe)
    if reader is None:
        say(training)
        reader = train_reader(train, recipe, seed=0, advance=advance)
        try:
            with replaced(path) as part:
                save_file(reader.state_dict(), part)
        except StylespaceError as error:
            say(f"the reader is not kept: {error}")
    return reader


def train_reader(
    train: LabelledImages, recipe: ReaderRecipe, seed: int, advance: Advance = lambda _: None
) -> Reader:
    """Train a reader.

    Args:
        train: images and digits.
        recipe: how.
        seed: of weights, order and augmentation; the same seed gives the same reader.
        advance: told the share of the training that is done.

    Returns:
        The reader, in eval mode.

    Raises:
        DataError: there are no images.
    """
    if len(train) == 0:
        raise DataError("there are no images to train a reader on")
    reader = _laid_out(_fresh(len(train.class_names), recipe, seed))
    batch = min(recipe.batch_size, len(train))
    per_epoch = len(train) // batch
    steps = recipe.epochs * per_epoch
    optimizer = torch.optim.AdamW(
        reader.parameters(), recipe.lr, betas=(0.9, 0.99), weight_decay=0.01, fused=True
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.lr, total_steps=steps + 1, pct_start=0.15, cycle_momentum=False
    )
    for step in range(steps):
        epoch, place = divmod(step, per_epoch)
        if place == 0:
            order = torch.randperm(len(train), generator=generator(seed, "reader order", epoch))
        index = order[place * batch : (place + 1) * batch]
        images = _floats(train.images[index])
        if recipe.augment:
            images = _moved(images, generator(seed, "reader augmentation", step))
        if recipe.deformation:
            random = generator(seed, "reader deformation", step)
            images = Deformation.draw(batch, recipe.deformation, random).apply(images)
        _step(reader, images, train.digits[index], optimizer)
        schedule.step()
        advance((step + 1) / steps)
    return reader.eval()


def _step(
    reader: Reader, images: Tensor, digits: Tensor, optimizer: torch.optim.Optimizer
) -> None:
    dtype = fast_dtype()
    with torch.autocast("cpu", dtype, enabled=dtype != torch.float32):
        logits = reader(images)
    loss = F.cross_entropy(logits.float(), digits, label_smoothing=0.05)
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _fresh(classes: int, recipe: ReaderRecipe, seed: int) -> Reader:
    reader = Reader(classes, recipe.channels, recipe.batch_norms)
    random = generator(seed, "reader weights")
    for layer in reader.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            # torch's own way draws from the global state, which other code shares
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=random)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
    nn.init.zeros_(reader.name.weight)
    return reader.train()


def _moved(images: Tensor, random: torch.Generator) -> Tensor:
    """Images turned, sheared, scaled and shifted a little, each in its own way."""
    noise = torch.randn(6, len(images), generator=random)
    turn, shear = 0.12 * noise[0], 0.1 * noise[1]
    wide, high = 1 + 0.06 * noise[2], 1 + 0.06 * noise[3]
    right, down = 0.07 * noise[4], 0.07 * noise[5]
    rows = [torch.stack([wide, turn + shear, right], 1), torch.stack([-turn, high, down], 1)]
    grid = F.affine_grid(torch.stack(rows, 1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def _floats(images: Tensor) -> Tensor:
    floats = images.unsqueeze(1).float().div_(255)
    return floats.contiguous(memory_format=torch.channels_last)


def _stored(path: Path, train: LabelledImages, recipe: ReaderRecipe) -> Reader | None:
    """The cached reader; whatever is wrong with it, another can be trained."""
    reader = Reader(len(train.class_names), recipe.channels, recipe.batch_norms)
    with suppress(OSError, SafetensorError, RuntimeError, ValueError, KeyError):
        reader.load_state_dict(load_file(path))
        return _laid_out(reader).eval()
    return None


def _laid_out(reader: Reader) -> Reader:
    """As the images are: otherwise each pass converts them, and takes several times as long."""
    return reader.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
