"""Style-based auto-encoder: what handwriting style is, apart from which digit is written.

`stylespace.load` opens a trained model, `stylespace.datasets.load` a set of labelled images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stylespace import datasets as datasets
    from stylespace.checkpoint import load as load

__all__ = ["datasets", "load"]
__version__ = "0.1.0"


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def __getattr__(name: str) -> object:
    # torch takes a second to import; `--help` and the version must not wait for it
    import importlib

    if name == "load":
        return importlib.import_module("stylespace.checkpoint").load
    if name == "datasets":
        return importlib.import_module("stylespace.datasets")
    raise AttributeError(f"module 'stylespace' has no attribute {name!r}")
