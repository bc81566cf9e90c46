import gzip
import io
import struct
import tracemalloc

import pytest

from stylespace.data.idx import FILES, decode, images_header, labels_header, labels_of_rows
from stylespace.errors import DataError

IMAGES, LABELS = FILES[:2]
TWO_IMAGES = images_header(2) + bytes(range(256)) * 6 + bytes(32)
TWO_LABELS = labels_header(2) + b"\x07\x09"


@pytest.mark.parametrize(("name", "content"), [(IMAGES, TWO_IMAGES), (LABELS, TWO_LABELS)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_content_is_the_files_whatever_its_packing(name, content, pack):
    assert decode(io.BytesIO(pack(content)), name, "x") == content


HEADER = struct.Struct(">4I")
MALFORMED = {
    "empty": (IMAGES, b"", "x is too short for an IDX file of images; get it again"),
    "header cut off": (IMAGES, TWO_IMAGES[:15], "x is too short for an IDX file of images"),
    "wrong magic": (
        IMAGES,
        b"<html>" + TWO_IMAGES,
        r"x is not an IDX .*0x3c68746d, not 0x00000803",
    ),
    "floats": (IMAGES, HEADER.pack(0xD03, 2, 28, 28), "magic number 0x00000d03"),
    "labels for images": (IMAGES, TWO_LABELS * 2, "x holds labels, not images; swap"),
    "images for labels": (LABELS, TWO_IMAGES, "x holds images, not labels; swap"),
    "other size": (IMAGES, HEADER.pack(0x803, 2, 32, 32), "x holds images of 32x32; bring them"),
    "none": (LABELS, labels_header(0), "x holds no labels"),
    "short": (IMAGES, TWO_IMAGES[:-1], "x is too short for the 2 images that its header"),
    "long": (IMAGES, TWO_IMAGES + b"\0", "x is too long for the 2 images that its header"),
    "long labels": (LABELS, TWO_LABELS + b"\0", "x is too long for the 2 labels"),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_file_is_named_in_one_line(case, pack):
    name, content, message = MALFORMED[case]
    with pytest.raises(DataError, match=message) as caught:
        decode(io.BytesIO(pack(content)), name, "x")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "damage",
    [lambda z: z[:-1], lambda z: z[:40], lambda z: z[:60] + b"\xff" * 9 + z[69:], lambda z: z[:3]],
)
def test_a_damaged_gz_is_named(damage):
    packed = gzip.compress(TWO_IMAGES)
    with pytest.raises(DataError, match=r"x is a damaged or cut-off \.gz file; get it again"):
        decode(io.BytesIO(damage(packed)), IMAGES, "x")


def refused_with_little_memory(packed: bytes, message: str, most: int | None = None) -> bool:
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match=message):
            decode(io.BytesIO(packed), IMAGES, "x", most)
        return tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


def test_a_gz_bomb_is_refused_before_it_grows():
    bomb = gzip.compress(images_header(100_000) + bytes(2**20))
    assert refused_with_little_memory(bomb, "x would unpack to 78400016 bytes, which is refused")


def test_a_gz_that_goes_on_after_its_images_is_not_read_on():
    bomb = gzip.compress(images_header(1) + bytes(2**26), 1)
    assert refused_with_little_memory(bomb, "x is too long for the 1 images")


def test_no_more_is_unpacked_than_the_caller_allows():
    packed = gzip.compress(TWO_IMAGES)
    assert decode(io.BytesIO(packed), IMAGES, "x", most=len(TWO_IMAGES)) == TWO_IMAGES
    assert refused_with_little_memory(packed, "would unpack", most=len(TWO_IMAGES) - 1)


def test_a_raw_header_that_promises_too_much_takes_no_memory():
    assert refused_with_little_memory(images_header(2**32 - 1) + bytes(784), "too short")


def test_a_small_gz_of_blank_images_is_read_however_well_it_packs():
    content = images_header(5000) + bytes(5000 * 784)
    packed = gzip.compress(content)
    assert len(content) > 500 * len(packed)
    assert decode(io.BytesIO(packed), FILES[0], "blank.gz") == content


@pytest.mark.parametrize("label", [256, 65_536, -1])
def test_a_row_whose_label_is_no_byte_is_refused(label):
    rows = struct.pack(">4i", 7, 0, 0, 0) + bytes(16) + struct.pack(">4i", label, 0, 0, 0)
    content = struct.pack(">3i", 0x0C02, 2, 8) + rows + bytes(16)
    with pytest.raises(DataError, match="a label that is not from 0 to 255"):
        labels_of_rows(content, "labels")
    assert labels_of_rows(content[:44], "labels") == labels_header(1) + bytes([7])
