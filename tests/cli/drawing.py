"""A session to draw with, for the tests of the drawing commands."""

from stylespace import checkpoint
from stylespace.config import TrainConfig
from tests.small import vivid_model

SESSION = "mnist4.ckpt"


def save_session(directory, **config):
    """A session that has not been trained; it draws in all greys nevertheless."""
    model = vivid_model(**config)
    state = checkpoint.TrainerState(config=TrainConfig(), step=0, steps=1, data="")
    checkpoint.save(directory, model, state)
    return model


def left_behind(directory):
    return sorted(path.name for path in directory.iterdir() if path.name != SESSION)
