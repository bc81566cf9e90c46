"""Files of pictures that are refused, or read over, in one line at most."""

import struct
import zlib

import numpy as np
import pytest

from stylespace.data.prepare import prepare_file, read_picture
from stylespace.errors import DataError
from tests.data.drawn import read_or_refused, ring


def png(width, height):
    """The head of a picture that would have so many pixels."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(20_000, 20_000), (2**31 - 1, 2**31 - 1), (15_000, 13_000)])
def test_a_picture_with_too_many_pixels_is_refused_unread(tmp_path, size):
    (tmp_path / "huge.png").write_bytes(png(*size))
    with pytest.raises(DataError, match=r"huge\.png has too many pixels; make it smaller first"):
        read_picture(tmp_path / "huge.png")


def test_a_file_with_too_many_bytes_is_refused_unread(tmp_path):
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(DataError, match=r"huge\.png is larger than 50 MiB; make it smaller first"):
        read_picture(tmp_path / "huge.png")


@pytest.mark.parametrize(
    "content",
    [b"", b"no picture", b"%PDF-1.7\n", png(30, 30), png(30, 30)[:40], b"GIF89a" + bytes(20)],
)
def test_what_is_no_whole_picture_is_refused(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError, match=r"cannot read .*a\.png: not a picture, or a damaged one$"):
        prepare_file(tmp_path / "a.png")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "WEBP", "BMP", "PPM", "ICO"])
def test_damage_anywhere_is_refused_or_read_over_without_a_word(tmp_path, kind, recwarn):
    path = tmp_path / "picture"
    ring(8, side=64).save(path, kind)
    whole, random = path.read_bytes(), np.random.default_rng(0)
    for _ in range(40):
        content = bytearray(whole)
        for place in random.integers(min(len(content), 300), size=3):
            content[place] = random.integers(256)
        path.write_bytes(content[: random.integers(1, 2 * len(content))])
        assert read_or_refused(prepare_file, path)
    assert [str(warning.message) for warning in recwarn] == []


def test_a_missing_file_and_a_directory_are_told_apart(tmp_path):
    with pytest.raises(DataError, match=r"there is no file .*a\.png"):
        prepare_file(tmp_path / "a.png")
    with pytest.raises(DataError, match=r"cannot read .*: Is a directory"):
        prepare_file(tmp_path)
