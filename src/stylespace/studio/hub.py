"""A folder in Hugging Face's layout: the model, its configuration and its model card."""

from __future__ import annotations

import dataclasses
import io
import json
import re

from safetensors.torch import save

from stylespace.checkpoint import CONFIG, MODEL, config_text
from stylespace.data.catalog import SETS
from stylespace.evaluation.results import public_name
from stylespace.generation import class_names, draw_rows, random_styles
from stylespace.networks import StyleAutoencoder
from stylespace.sheets import tile
from stylespace.studio.assets import Shown, model_weights
from stylespace.studio.card import Row

__all__ = ["CARD_FILE", "hub_files"]

CARD_FILE = "README.md"
PICTURE = "digits.png"
ROWS = 4
MOST_COLUMNS = 26
SIMPLE = (
    "It is a simple auto-encoder, whose styles are no Gaussian: not all that is drawn from random "
    "ones need be a digit."
)
KINDS = {"sae": "simple auto-encoder", "aae": "adversarial auto-encoder"}


def hub_files(shown: Shown) -> dict[str, bytes]:
    """The folder's files by name: float32 weights, so that nothing is lost.

    Args:
        shown: the session.
    """
    config = shown.model.config
    # its path is nobody else's affair
    config = dataclasses.replace(config, data=public_name(config.data))
    weights = save(model_weights(shown.model, half=False), metadata={"format": "pt"})
    return {
        CONFIG: config_text(config).encode(),
        MODEL: weights,
        PICTURE: _picture(shown.model),
        CARD_FILE: model_card(shown, config.data).encode(),
    }


def model_card(shown: Shown, data: str) -> str:
    """The model card: what the model is, how it is used, what was measured.

    Args:
        shown: the session.
        data: name of the data set.
    """
    model = shown.model
    title = shown.name.removesuffix(".ckpt")
    kind = KINDS.get(shown.objective or "", "auto-encoder")
    return "\n".join(
        [
            *_front_matter(data),
            "",
            f"# {title}",
            "",
            f"A style-based {kind} of {data} with {model.style_size} style dimensions: an encoder "
            "that is told the class of an image turns it into a style vector, and a decoder draws "
            "any class in that style.",
            "",
            f"![A row for each random style, a column for each class]({PICTURE})",
            "",
            *_usage(model, title, simple=shown.objective == "sae"),
            "",
            *_measures(shown.card),
        ]
    )


def _front_matter(data: str) -> list[str]:
    tags = ["handwriting", "style", "autoencoder", "safetensors"]
    return [
        "---",
        "library_name: stylespace",
        "pipeline_tag: unconditional-image-generation",
        "# license: say here under which one you share it",
        *(["datasets:", f"- {json.dumps(data)}"] if data in SETS else []),
        "tags:",
        *(f"- {tag}" for tag in tags),
        "---",
    ]


def _usage(model: StyleAutoencoder, title: str, simple: bool) -> list[str]:
    classes, name = model.config.classes, re.sub(r"[^\w.-]+", "-", title)
    return [
        "## Use",
        "",
        "```python",
        "import torch",
        "from stylespace.hub import StyleAutoencoder  # pip install 'stylespace[hub]'",
        "",
        f'model = StyleAutoencoder.from_pretrained("you/{name}")  # or this folder',
        f"style = torch.randn(1, {model.style_size}).expand({classes}, -1)",
        f"images = model.decode(style, torch.arange({classes}))  # [{classes}, 1, 28, 28] in 0..1",
        "```",
        "",
        *([SIMPLE, ""] if simple else []),
        "`stylespace.load` opens the folder too, and so do `stylespace studio` and the other "
        "commands. There is no pickle in it.",
    ]


def _measures(card: list[Row] | None) -> list[str]:
    if not card:
        return []
    lines = ["## Measured", "", "On the test images, by `stylespace evaluate`.", ""]
    lines += ["| | measure | value | perfect | chance |", "|---|---|---|---|---|"]
    group = ""
    for row in card:
        head = "" if row["group"] == group else row["group"]
        group = row["group"]
        marks = [row["perfect"] or "", row["chance"] or ""]
        cells = [head, row["name"], row["text"], *marks]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return [*lines, ""]


def _picture(model: StyleAutoencoder) -> bytes:
    names = class_names(model.config)[:MOST_COLUMNS]
    images = draw_rows(model, random_styles(ROWS, model.style_size), range(len(names)))
    content = io.BytesIO()
    tile(images, column_labels=names).save(content, "PNG")
    return content.getvalue()
