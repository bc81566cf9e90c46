"""MNIST from the pickle of float arrays in which a Python package carries it.

The only pickle that this project reads: its SHA-256 is checked first, and it may name nothing but
what makes NumPy arrays.
"""

from __future__ import annotations

import gzip
import importlib
import io
import pickle
from typing import TYPE_CHECKING, Any

from stylespace.data.idx import FILES, images_header, labels_header

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["idx_files"]

_ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it names {module}.{name}")
        try:
            return getattr(importlib.import_module(module.replace(".core.", "._core.")), name)
        except ImportError:  # NumPy 1 has no numpy._core
            return getattr(importlib.import_module(module), name)


def idx_files(zipped: bytes) -> dict[str, bytes]:
    """The four IDX files, by name.

    Args:
        zipped: a gzipped pickle of three pairs (images `float32 [n, 784]` of k/256, digits
            `int64 [n]`): 50,000 for training, 10,000 that MNIST has behind these, 10,000 to test.

    Raises:
        pickle.UnpicklingError: the pickle holds anything else than arrays.
    """
    # its strings are bytes of Python 2, which the default encoding refuses
    pairs = _ArraysOnly(io.BytesIO(gzip.decompress(zipped)), encoding="bytes").load()
    (first, first_digits), (last, last_digits), (test, test_digits) = pairs
    return {
        FILES[0]: images_header(len(first) + len(last)) + _ink(first) + _ink(last),
        FILES[1]: labels_header(len(first) + len(last)) + _byte(first_digits) + _byte(last_digits),
        FILES[2]: images_header(len(test)) + _ink(test),
        FILES[3]: labels_header(len(test)) + _byte(test_digits),
    }


def _ink(images: NDArray[np.float32]) -> bytes:
    return _byte((images * 256).round())  # 256, not 255: else not MNIST's bytes


def _byte(values: NDArray[Any]) -> bytes:
    return values.astype("uint8").tobytes()
