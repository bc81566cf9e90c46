"""Hugging Face's conventions: `from_pretrained`, `save_pretrained` and `push_to_hub`.

The only file that imports huggingface_hub, the extra `hub`. Nothing else needs it: a session
directory has the layout that these conventions ask for.
"""

# Without `from __future__ import annotations`: the mixin looks at the annotation of `config`, and
# would find a text in place of the class.

import dataclasses
from pathlib import Path
from typing import Any

try:
    from huggingface_hub import PyTorchModelHubMixin
except ImportError as error:
    raise ImportError(
        "stylespace.hub needs huggingface_hub: pip install huggingface_hub"
    ) from error

from stylespace import networks
from stylespace.checkpoint import FORMAT
from stylespace.config import ModelConfig
from stylespace.evaluation.results import public_name

__all__ = ["StyleAutoencoder"]


class StyleAutoencoder(
    networks.StyleAutoencoder,
    PyTorchModelHubMixin,
    library_name="stylespace",
    tags=["handwriting", "style", "autoencoder"],
):
    """`stylespace.networks.StyleAutoencoder` that also comes from the Hub, and goes there.

    Example:
        >>> model = StyleAutoencoder.from_pretrained("mnist4.ckpt")  # doctest: +SKIP
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.requires_grad_(False)  # as `stylespace.load` has it

    def save_pretrained(
        self,
        save_directory: str | Path,
        *,
        config: Any = None,  # noqa: ANN401 - the mixin's own type is private
        **more: Any,  # noqa: ANN401
    ) -> str | None:
        """Write a folder that `stylespace.load` opens too, if the weights are float32.

        Args:
            save_directory: made if need be.
            config: in place of the model's own; a `ModelConfig` or its settings by name.
            more: what the mixin's `save_pretrained` takes besides.

        Returns:
            Where it was pushed to, if it was.
        """
        given = config or self.config
        settings = dict(dataclasses.asdict(given) if isinstance(given, ModelConfig) else given)
        if "data" in settings:  # its path is nobody else's affair
            settings["data"] = public_name(settings["data"])
        pushed: str | None = super().save_pretrained(
            save_directory, config={"format": FORMAT, **settings}, **more
        )
        return pushed
