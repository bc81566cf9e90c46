"""A session to draw with, and what it drew, for the tests of the drawing commands."""

import numpy as np
import torch
from PIL import Image

from stylespace import checkpoint, sheets
from stylespace.config import TrainConfig
from tests.small import vivid_model

SESSION = "mnist4.ckpt"


def save_session(directory, objective="aae", **config):
    """A session that has not been trained; it draws in all greys nevertheless."""
    model = vivid_model(**config)
    trained = TrainConfig(objective=objective)
    state = checkpoint.TrainerState(config=trained, step=0, steps=1, data="")
    checkpoint.save(directory, model, state)
    return model


def left_behind(directory):
    return sorted(path.name for path in directory.iterdir() if path.name != SESSION)


def tiles(path, columns, lead=0):
    """The images of a sheet, uint8 `[rows, columns, 28, 28]`, read off its bottom right corner.

    The first `lead` of them stand apart.
    """
    with Image.open(path) as picture:
        sheet = 255 - np.asarray(picture.convert("L"))
    side, gap, margin = 28 * sheets.SCALE, sheets.GAP, sheets.MARGIN
    rows = (len(sheet) - 2 * margin + gap) // (side + gap)
    found = np.zeros((rows, columns, 28, 28), np.uint8)
    for row in range(rows):
        for column in range(columns):
            top = len(sheet) - margin - (rows - row) * (side + gap) + gap
            left = sheet.shape[1] - margin - (columns - column) * (side + gap) + gap
            left -= sheets.LEAD_GAP if column < lead else 0
            large = sheet[top : top + side, left : left + side]
            small = large[1 :: sheets.SCALE, 1 :: sheets.SCALE]
            assert np.array_equal(small.repeat(sheets.SCALE, 0).repeat(sheets.SCALE, 1), large)
            found[row, column] = small
    return torch.from_numpy(found)
