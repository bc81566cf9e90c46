"""The networks: encoder, decoder, both together, and the discriminator. No losses here."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from stylespace.config import IMAGE_SIDE, ModelConfig
from stylespace.rows import check_greys, check_rows, check_styles

__all__ = [
    "Calibration",
    "Decoder",
    "Discriminator",
    "Encoder",
    "Flow",
    "StyleAutoencoder",
    "state_size",
]

PIXELS = IMAGE_SIDE * IMAGE_SIDE
TOLD_SPREAD = 0.4  # of the first gains and biases
PAPER = -2.0  # logit of a pixel at first: that of the share of ink in an image
STRETCH = 0.25  # largest logarithm of what a coupling layer of the flow multiplies with


class ConditionedLayers(nn.Module):
    """Dense layers of which each hidden one is told the digit.

    The digit sets a gain and the bias of every hidden unit (FiLM, Perez et al. 2018): all digits
    share the weights, and each bends them to its own shapes. First weights are such that what
    goes through the layers neither fades nor grows (He et al. 2015).

    Args:
        widths: of input, hidden layers and output.
        classes: number of digits.

    Attributes:
        told: `[classes, 2 * units]`: for each digit what is added to 1 for the gains of all hidden
            units, layer by layer, then all their biases.
    """

    def __init__(self, widths: list[int], classes: int) -> None:
        super().__init__()
        self.hidden = widths[1:-1]
        layers = [nn.Linear(*fans, bias=False) for fans in pairwise(widths[:-1])]
        self.dense = nn.ModuleList([*layers, nn.Linear(widths[-2], widths[-1])])
        for hidden in layers:
            nn.init.kaiming_uniform_(hidden.weight, nonlinearity="relu")
        self.told = nn.Parameter(TOLD_SPREAD * torch.randn(classes, 2 * sum(self.hidden)))

    def forward(self, values: Tensor, digits: Tensor) -> Tensor:
        """`[n, widths[0]]` and `[n]` int64 to `[n, widths[-1]]`."""
        gains, biases = self.of_each_layer(self.told.index_select(0, digits))
        for dense, gain, bias in zip(self.dense, gains, biases, strict=False):
            values = nn.functional.silu(torch.addcmul(bias, dense(values), 1 + gain))
        last: Tensor = self.dense[-1](values)
        return last

    @torch.no_grad()
    def silence(self) -> None:
        """Have the outputs be 0, whatever comes in."""
        for value in self.dense[-1].parameters():
            value.zero_()

    def of_each_layer(self, told: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """The gains and the biases of each hidden layer, views of `[n, 2 * units]`."""
        gains, biases = told.chunk(2, dim=1)
        return torch.split(gains, self.hidden, dim=1), torch.split(biases, self.hidden, dim=1)


def _halves(style_size: int) -> list[int]:
    return [style_size // 2, style_size - style_size // 2]


def _couplings(config: ModelConfig) -> int:
    """Layers of the flow; a style of one dimension has no halves, and needs none."""
    return config.flow_layers if config.style_size > 1 else 0


def _widths(config: ModelConfig) -> dict[str, list[int]]:
    """Of input, hidden layers and output; the flow's of each of its layers."""
    size, (first, second) = config.style_size, _halves(config.style_size)
    return {
        "encoder": [PIXELS, *config.encoder_widths, size],
        "decoder": [size, *config.decoder_widths, PIXELS],
        "flow": [first, *config.flow_widths, 2 * second],
    }


def state_size(config: ModelConfig) -> int:
    """How many numbers a model's `state_dict` holds, told without making one.

    Example:
        >>> from stylespace.config import ModelConfig
        >>> state_size(ModelConfig(style_size=4))
        1144092
    """
    size, couplings = config.style_size, _couplings(config)
    total = config.classes * (size + 2 * size**2) + couplings * size**2
    for name, widths in _widths(config).items():
        products = sum(inputs * outputs for inputs, outputs in pairwise(widths))
        own = products + widths[-1] + 2 * config.classes * sum(widths[1:-1])
        total += own * (couplings if name == "flow" else 1)
    return total


class Encoder(nn.Module):
    """An image and its digit to a code."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layers = ConditionedLayers(_widths(config)["encoder"], config.classes)

    def forward(self, images: Tensor, digits: Tensor) -> Tensor:
        """`[n, 1, 28, 28]` in [0, 1] and `[n]` int64 to `[n, style_size]`."""
        code: Tensor = self.layers(images.flatten(1), digits)
        return code


class Decoder(nn.Module):
    """A code and a digit to the image of that digit in that style."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layers = ConditionedLayers(_widths(config)["decoder"], config.classes)
        nn.init.constant_(self.layers.dense[-1].get_parameter("bias"), PAPER)

    def forward(self, code: Tensor, digits: Tensor) -> Tensor:
        """`[n, style_size]` and `[n]` int64 to logits `[n, 1, 28, 28]` of the image."""
        logits: Tensor = self.layers(code, digits)
        return logits.view(-1, 1, IMAGE_SIDE, IMAGE_SIDE)


class Calibration(nn.Module):
    """The affine map, one a digit, between the networks' own codes and style vectors.

    What the discriminator leaves of each digit's mean and covariance is taken out here, exactly:
    the style vectors have mean 0 and covariance I, digit by digit. Reconstructions do not change.
    Until it is set it changes nothing.

    Attributes:
        mean: `[classes, style_size]`, of the codes.
        to_style: `[classes, style_size, style_size]`, applied to a code minus its mean.
        to_code: the inverse of `to_style`.
    """

    mean: Tensor
    to_style: Tensor
    to_code: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        classes, size = config.classes, config.style_size
        identity = torch.eye(size).repeat(classes, 1, 1)
        self.register_buffer("mean", torch.zeros(classes, size))
        self.register_buffer("to_style", identity)
        self.register_buffer("to_code", identity.clone())

    def style(self, code: Tensor, digits: Tensor) -> Tensor:
        """Codes `[n, style_size]` to style vectors."""
        return _of_each_digit(code - self.mean[digits], self.to_style, digits)

    def code(self, style: Tensor, digits: Tensor) -> Tensor:
        """Style vectors `[n, style_size]` to codes."""
        return _of_each_digit(style, self.to_code, digits) + self.mean[digits]


def _of_each_digit(vectors: Tensor, matrices: Tensor, digits: Tensor) -> Tensor:
    """Each vector times its digit's matrix; a matrix gathered for each vector would be large."""
    products = torch.einsum("ni,cij->ncj", vectors, matrices)
    index = digits.view(-1, 1, 1).expand(-1, 1, vectors.shape[1])
    return products.gather(1, index).squeeze(1)


class Flow(nn.Module):
    """The invertible map, told the digit, that bends calibrated codes into the prior's shape.

    Affine coupling layers (Real NVP, Dinh et al. 2017): in a layer one half of a vector says how
    the other half is stretched and shifted, so that the way back is as exact as the way there.
    Each layer turns the vector first, for other halves, and back afterwards. Reconstructions do
    not change. Until it is fitted it changes nothing.

    Attributes:
        turns: `[layers, style_size, style_size]`, orthogonal.
    """

    turns: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        size, count = config.style_size, _couplings(config)
        self.halves = _halves(size)
        widths = _widths(config)["flow"]
        with torch.random.fork_rng(devices=[]):  # the other networks' first weights stay theirs
            layers = [ConditionedLayers(widths, config.classes) for _ in range(count)]
            turns = torch.linalg.qr(torch.randn(count, size, size)).Q.contiguous()
        self.layers = nn.ModuleList(layers)
        self.register_buffer("turns", turns, persistent=count > 0)  # files older than it have none
        self.reset()
        self.requires_grad_(False)  # it is fitted once the networks are trained

    def reset(self) -> None:
        """Change nothing."""
        for layer in self.layers:
            if isinstance(layer, ConditionedLayers):
                layer.silence()

    def forward(self, vectors: Tensor, digits: Tensor) -> Tensor:
        """Calibrated codes `[n, style_size]` to style vectors."""
        for layer, turn in zip(self.layers, self.turns, strict=True):
            first, second = (vectors @ turn).split(self.halves, dim=1)
            shift, stretch = self.bend(layer(first, digits))
            vectors = torch.cat([first, second * stretch.exp() + shift], dim=1) @ turn.T
        return vectors

    def inverse(self, style: Tensor, digits: Tensor) -> Tensor:
        """Style vectors `[n, style_size]` to calibrated codes."""
        for layer, turn in zip(reversed(self.layers), self.turns.flip(0), strict=True):
            first, second = (style @ turn).split(self.halves, dim=1)
            shift, stretch = self.bend(layer(first, digits))
            style = torch.cat([first, (second - shift) * (-stretch).exp()], dim=1) @ turn.T
        return style

    @staticmethod
    def bend(raw: Tensor) -> tuple[Tensor, Tensor]:
        """A layer's output to the shift and the logarithm of the stretch."""
        shift, stretch = raw.chunk(2, dim=1)
        return shift, STRETCH * stretch.tanh()


class StyleAutoencoder(nn.Module):
    """Encoder and decoder together: what a session's `model.safetensors` holds.

    Example:
        >>> import torch
        >>> from stylespace.config import ModelConfig
        >>> model = StyleAutoencoder(ModelConfig(style_size=4))
        >>> model.decode(torch.zeros(10, 4), torch.arange(10)).shape
        torch.Size([10, 1, 28, 28])
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.calibration = Calibration(config)
        self.flow = Flow(config)

    @property
    def style_size(self) -> int:
        """Dimensions of the style vector."""
        return self.config.style_size

    @property
    def _dtype(self) -> torch.dtype:
        return self.calibration.mean.dtype

    def encode(self, images: Tensor, digits: Tensor) -> Tensor:
        """The style vectors of images. Gradients flow to images that require them.

        Args:
            images: `[n, 1, 28, 28]` float32 in [0, 1].
            digits: `[n]` int64, which digit each image shows.

        Returns:
            `[n, style_size]` float32.

        Raises:
            UsageError: they are of another type or shape, not in [0, 1], or there are no such
                digits.
        """
        shape = (1, IMAGE_SIDE, IMAGE_SIDE)
        check_rows("images", images, shape, self._dtype, digits, self.config.classes)
        check_greys(images)
        with _graph_for(images):
            return self.style(self.encoder(images, digits), digits)

    def style(self, code: Tensor, digits: Tensor) -> Tensor:
        """The style vectors of the encoder's codes, both `[n, style_size]`."""
        with _graph_for(code):
            style: Tensor = self.flow(self.calibration.style(code, digits), digits)
        return style

    def decode(self, style: Tensor, digits: Tensor) -> Tensor:
        """Draw digits in given styles. Gradients flow to styles that require them.

        Args:
            style: `[n, style_size]` float32.
            digits: `[n]` int64, which digit to draw from each row.

        Returns:
            `[n, 1, 28, 28]` float32 in [0, 1].

        Raises:
            UsageError: they are of another type or shape, not finite, or there are no such digits.
        """
        shape = (self.style_size,)
        check_rows("styles", style, shape, self._dtype, digits, self.config.classes)
        check_styles(style)
        with _graph_for(style):
            code = self.calibration.code(self.flow.inverse(style, digits), digits)
            return torch.sigmoid(self.decoder(code, digits))


def _graph_for(values: Tensor) -> torch.set_grad_enabled:
    """Keep a graph for values that ask for their gradient, but none for the weights' sake."""
    return torch.set_grad_enabled(torch.is_grad_enabled() and values.requires_grad)


class Discriminator(nn.Module):
    """Tells style vectors drawn from the prior from codes, knowing the digit.

    Told the digit, it holds every digit's codes against the prior; a discriminator that sees only
    the pooled codes is content when each digit has a corner of its own.
    """

    def __init__(self, config: ModelConfig, widths: tuple[int, ...] = (256, 256)) -> None:
        super().__init__()
        self.layers = ConditionedLayers([config.style_size, *widths, 1], config.classes)

    def forward(self, style: Tensor, digits: Tensor) -> Tensor:
        """`[n, style_size]` and `[n]` int64 to `[n]` logits: above 0 is prior, below 0 is code."""
        logits: Tensor = self.layers(style, digits)
        return logits.squeeze(1)
