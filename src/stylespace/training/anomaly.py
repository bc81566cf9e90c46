"""Which layer makes a number that is none: what `--detect-anomaly` looks for in each step."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stylespace.errors import TrainingError
from stylespace.networks import Discriminator, StyleAutoencoder

__all__ = ["require_finite"]

Named = dict[nn.Module, str]


@torch.no_grad()
def require_finite(
    model: StyleAutoencoder, discriminator: Discriminator | None, images: Tensor, digits: Tensor
) -> None:
    """Look at a step's gradients before they are used, and where they come from.

    Args:
        model: in training; its parameters hold their gradients.
        discriminator: likewise, if there is one.
        images: `[n, 784]` of the step, of the model's type.
        digits: `[n]` int64.

    Raises:
        TrainingError: a gradient is infinite or no number; it names the first layer where a
            forward pass of these images goes wrong or, if none does, the first on the way back.
    """
    layers = _layers(model, discriminator)
    back = [name for layer, name in reversed(layers.items()) if not _gradients_finite(layer)]
    if back:
        there = _outputs_not_finite(layers, model, discriminator, images, digits)
        what = f"output of the {there[0]}" if there else f"gradient of the {back[0]}"
        raise TrainingError(f"the {what} has values that are infinite or no number")


def _layers(model: StyleAutoencoder, discriminator: Discriminator | None) -> Named:
    """What holds parameters, in an order whose reverse is that of the way back."""
    networks = {"encoder": model.encoder.layers}
    if discriminator is not None:
        networks["discriminator"] = discriminator.layers
    networks["decoder"] = model.decoder.layers
    found: Named = {}
    for name, network in networks.items():
        found[network] = f"{name}'s gains and biases"
        for place, layer in enumerate(network.dense, start=1):
            found[layer] = f"{name}'s layer {place} of {len(network.dense)}"
    return found


def _outputs_not_finite(
    layers: Named,
    model: StyleAutoencoder,
    discriminator: Discriminator | None,
    images: Tensor,
    digits: Tensor,
) -> list[str]:
    found: list[str] = []

    def look(layer: nn.Module, _: object, output: Tensor) -> None:
        if not output.isfinite().all():
            found.append(layers[layer])

    hooks = [layer.register_forward_hook(look) for layer in layers]
    code = model.encoder(images, digits)
    model.decoder(code, digits)
    if discriminator is not None:
        discriminator(code, digits)
    for hook in hooks:
        hook.remove()
    return found


def _gradients_finite(layer: nn.Module) -> bool:
    gradients = (value.grad for value in layer.parameters(recurse=False))
    return all(bool(gradient.isfinite().all()) for gradient in gradients if gradient is not None)
