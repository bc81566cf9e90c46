"""Encoder and decoder as an ONNX model; the only file that imports onnx."""

from __future__ import annotations

import contextlib
import copy
import importlib.util
import io
import json
import logging
import math
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from stylespace import __version__
from stylespace.errors import StylespaceError, UsageError
from stylespace.generation import class_names, random_styles
from stylespace.networks import StyleAutoencoder
from stylespace.output import replaced

__all__ = ["TOLERANCE", "require_onnx", "write_onnx"]

TOLERANCE = 1e-5  # of a value, or of 1 if that is more
CHECKED = (0, 1, 7, 100)  # images at once
OPSET = 20
INPUTS = {"images": "n", "digits": "n", "styles": "m", "drawn_digits": "m"}
"""What the model takes, and how the number of each is called."""

OUTPUTS = ("style", "drawn")
LIBRARIES = ("onnx", "onnxscript", "onnxruntime")


class _Encoding(nn.Module):
    """What becomes of images, as a module that `functional_call` takes."""

    def __init__(self, model: StyleAutoencoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor, digits: Tensor) -> Tensor:
        return self.model.encode(images, digits)


class _Both(nn.Module):
    """One graph of two parts that have nothing in common but the file.

    Encoding computes in float64, with float32 weights: where codes lie close together the flow
    enlarges their rounding errors some ten times.
    """

    def __init__(self, model: StyleAutoencoder) -> None:
        super().__init__()
        self.encoding = _Encoding(model)

    def forward(
        self, images: Tensor, digits: Tensor, styles: Tensor, drawn_digits: Tensor
    ) -> tuple[Tensor, Tensor]:
        encoding = self.encoding
        exact = {name: value.double() for name, value in encoding.state_dict().items()}
        style = torch.func.functional_call(encoding, exact, (images.double(), digits))
        return style.float(), encoding.model.decode(styles, drawn_digits)


def require_onnx() -> None:
    """Refuse before anything slow begins where the libraries are missing.

    Raises:
        UsageError: they are.
    """
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        raise UsageError(
            f"an ONNX model needs {' and '.join(missing)}: pip install {' '.join(missing)}"
        )


def write_onnx(model: StyleAutoencoder, path: Path) -> float:
    """Write a model, after checking that ONNX Runtime computes what PyTorch does.

    `images` `[n, 1, 28, 28]` and `digits` `[n]` give `style` `[n, style_size]`; `styles`
    `[m, style_size]` and `drawn_digits` `[m]` give `drawn` `[m, 1, 28, 28]`, for any n and m;
    who wants only one of the two gives the other an n or m of 0.

    Args:
        model: in eval mode.
        path: of the file.

    Returns:
        The largest difference from PyTorch's float64 found, as `TOLERANCE` counts it.

    Raises:
        StylespaceError: libraries are missing, the file cannot be written, or it computes
            something else; then there is no file.
    """
    require_onnx()
    with replaced(path) as part:
        with _telling_memory():
            with _quiet():
                _export(model, part)
            difference = _difference(model, part)
        if not difference <= TOLERANCE:
            raise StylespaceError(f"{path} would be off by {difference:.0e}: it is not written")
    return difference


def _example(model: StyleAutoencoder, count: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images that the model itself drew, and style vectors, one more of them."""
    styles = random_styles(count + 1, model.style_size)
    drawn = torch.arange(count + 1) % model.config.classes
    digits = drawn[:count].clone()  # the exporter fails on inputs that share their memory
    return model.decode(styles[:count], digits), digits, styles, drawn


def _export(model: StyleAutoencoder, path: Path) -> None:
    program = torch.onnx.export(
        _Both(model).eval(),
        _example(model, 2),  # a batch of 1 would be taken for one that never changes
        dynamo=True,
        external_data=False,
        dynamic_shapes={name: {0: torch.export.Dim(size)} for name, size in INPUTS.items()},
        input_names=list(INPUTS),
        output_names=list(OUTPUTS),
        opset_version=OPSET,
        verbose=False,
    )
    assert program is not None
    for node in program.model.graph.all_nodes():
        node.metadata_props.clear()  # where the exporter's code lies is nobody else's affair
    program.model.metadata_props.update(
        class_names=json.dumps(class_names(model.config), ensure_ascii=False),
        images="0 is paper, 1 is ink",
        stylespace=__version__,
    )
    program.save(path)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """The exporter tells on stderr and stdout of libraries that it does not need."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


@contextlib.contextmanager
def _telling_memory() -> Iterator[None]:
    """What both libraries raise where memory ends, as Python's own error."""
    try:
        yield
    except Exception as error:
        chain: list[BaseException] = [error]
        while (cause := chain[-1].__cause__ or chain[-1].__context__) and cause not in chain:
            chain.append(cause)
        if any(isinstance(one, MemoryError) or "bad_alloc" in str(one) for one in chain):
            raise MemoryError from error
        raise


def _difference(model: StyleAutoencoder, path: Path) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    exact = copy.deepcopy(model).double()
    largest = 0.0
    for count in CHECKED:
        example = _example(model, count)
        inputs = {name: value.numpy() for name, value in zip(INPUTS, example, strict=True)}
        found = [torch.from_numpy(value) for value in session.run(list(OUTPUTS), inputs)]
        images, digits, styles, drawn = example
        wanted = exact.encode(images.double(), digits), exact.decode(styles.double(), drawn)
        for one, other in zip(found, wanted, strict=True):
            if one.shape != other.shape:
                return math.inf
            error = (one - other).abs() / other.abs().clamp(min=1)
            largest = max([largest, *error.flatten().tolist()])
    return largest
