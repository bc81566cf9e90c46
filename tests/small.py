"""A data set small enough to train on in a second, models and readers that need no training."""

import struct
from pathlib import Path

import torch

from stylespace.config import ModelConfig
from stylespace.data.images import LabelledImages
from stylespace.networks import StyleAutoencoder
from stylespace.studio.reader import PageReader


def strokes(count: int, seed: int) -> LabelledImages:
    """Bars through the middle whose direction is the digit; thickness and slant vary."""
    random = torch.Generator().manual_seed(seed)
    digits = torch.arange(count) % 10
    angle = digits * torch.pi / 10 + 0.1 * torch.randn(count, generator=random)
    width = 1.5 + 0.4 * torch.randn(count, generator=random)
    y, x = torch.meshgrid(torch.arange(28.0) - 13.5, torch.arange(28.0) - 13.5, indexing="ij")
    across = x * angle.sin()[:, None, None] - y * angle.cos()[:, None, None]
    ink = torch.exp(-((across / width[:, None, None]) ** 2)) * (x**2 + y**2 < 100)
    return LabelledImages((255 * ink).to(torch.uint8), digits)


def write_idx(directory: Path, train: LabelledImages, test: LabelledImages) -> Path:
    """The four files of a set, as `--data DIR` reads them."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, data in (("train", train), ("t10k", test)):
        count = len(data)
        images = struct.pack(">4i", 2051, count, 28, 28) + data.images.numpy().tobytes()
        labels = struct.pack(">2i", 2049, count) + bytes(data.digits.tolist())
        (directory / f"{name}-images-idx3-ubyte").write_bytes(images)
        (directory / f"{name}-labels-idx1-ubyte").write_bytes(labels)
    return directory


def vivid_model(**config: object) -> StyleAutoencoder:
    """An untrained model whose images use all greys and differ from style to style."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = StyleAutoencoder(ModelConfig(**config)).eval()
    for weights in model.parameters():
        weights.data.mul_(2)
    for network in (model.encoder, model.decoder):
        network.layers.dense[-1].weight.data.mul_(2)
    model.decoder.layers.dense[-1].bias.data.zero_()  # or else most of the paper is white
    return model


def certain_reader(digit: int, sure: float = 9.0) -> PageReader:
    """A reader that takes everything for one digit; how surely, by its logit."""
    reader = PageReader(classes=10)
    for weights in reader.parameters():
        weights.data.zero_()
    reader.layers[-1].bias.data[digit] = sure
    return reader


@torch.no_grad()
def bend(model: StyleAutoencoder) -> None:
    """Give a model a flow that changes something."""
    random = torch.Generator().manual_seed(0)
    for layer in model.flow.layers:
        last = layer.dense[-1].weight
        last.copy_(0.05 * torch.randn(last.shape, generator=random) / last.shape[1] ** 0.5)
