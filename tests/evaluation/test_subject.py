"""What is evaluated: parts of a set that are drawn at random."""

import torch

from stylespace.data.images import LabelledImages
from stylespace.evaluation.subject import Subject
from tests.small import vivid_model


def numbered(count):
    number = torch.arange(count)
    images = torch.zeros(count, 28, 28, dtype=torch.uint8)
    images[:, 0, 0], images[:, 0, 1] = number // 256, number % 256
    return LabelledImages(images, number % 10)


def test_which_images_are_chosen_of_a_digit_says_nothing_of_another():
    data = numbered(1000)
    subject = Subject(vivid_model(decoder_widths=(4,)), data, data, None)
    found = subject.real(torch.arange(200) % 10)
    numbers = 256 * found.images[:, 0, 0].long() + found.images[:, 0, 1]
    chosen = {tuple((numbers[found.digits == digit] // 10).tolist()) for digit in range(10)}
    assert all(len(places) == 20 for places in chosen)
    assert len(chosen) == 10  # by their places among the digit's images
