import pytest
import torch

from stylespace.data.images import LabelledImages
from stylespace.errors import DataError

IMAGES = torch.arange(4 * 784).remainder(256).to(torch.uint8).view(4, 28, 28)
DIGITS = torch.tensor([3, 1, 0, 2])


def test_floats_are_what_the_networks_take():
    floats = LabelledImages(IMAGES, DIGITS).floats()
    assert floats.dtype == torch.float32
    assert floats.shape == (4, 1, 28, 28)
    assert (floats.min(), floats.max()) == (0, 1)
    assert torch.equal((floats * 255).round().to(torch.uint8)[:, 0], IMAGES)


def test_a_slice_shares_memory_and_keeps_the_names():
    data = LabelledImages(IMAGES, DIGITS, ("a", "b", "c", "d"))
    part = data.subset(slice(1, 3))
    assert part.images.data_ptr() == IMAGES[1].data_ptr()
    assert part.digits.tolist() == [1, 0]
    assert part.class_names == data.class_names


@pytest.mark.parametrize("index", [torch.tensor([3, 0]), torch.tensor([True, False, False, True])])
def test_an_index_or_a_mask_selects(index):
    part = LabelledImages(IMAGES, DIGITS).subset(index)
    assert len(part) == 2
    assert sorted(part.digits.tolist()) == [2, 3]
    assert torch.equal(part.images, IMAGES[index])


@pytest.mark.parametrize(
    ("images", "digits", "message"),
    [
        (IMAGES.float(), DIGITS, r"images must be uint8 \[n, 28, 28\], not float32 \[4, 28, 28\]"),
        (IMAGES[:, None], DIGITS, r"images must be .*, not uint8 \[4, 1, 28, 28\]"),
        (IMAGES, DIGITS.int(), r"digits must be int64 \[n\], not int32 \[4\]"),
        (IMAGES, DIGITS[:3], "4 images, but 3 digits"),
    ],
)
def test_other_tensors_are_refused(images, digits, message):
    with pytest.raises(DataError, match=message):
        LabelledImages(images, digits)


@pytest.mark.parametrize("digits", [[0, 1], torch.arange(2).numpy()])
def test_what_is_no_tensor_is_said(digits):
    with pytest.raises(DataError, match=r"^digits must be a tensor, not a (list|ndarray)$"):
        LabelledImages(torch.zeros(2, 28, 28, dtype=torch.uint8), digits)
