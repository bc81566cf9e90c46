"""Several processes' shares of a batch add up to what one process does with all of it."""

import pytest
import torch

from stylespace.config import ModelConfig, TrainConfig, run_config
from stylespace.data.batches import Batches
from stylespace.errors import DataError, UsageError
from stylespace.hardware import Hardware
from stylespace.training.adversarial import JUDGE_EVERY, make_trainer
from stylespace.training.distributed import Group, launched
from tests.small import strokes

SMALL = ModelConfig(style_size=2, encoder_widths=(32,), decoder_widths=(24, 32))
TOLD = {
    "RANK": "1",
    "WORLD_SIZE": "4",
    "LOCAL_RANK": "1",
    "MASTER_ADDR": "127.0.0.1",
    "MASTER_PORT": "29500",
}
EXACT = Hardware(dtype=torch.float32)


@pytest.mark.parametrize("size", [1, 2, 4, 5, 25])
def test_each_row_of_a_batch_is_one_processs(size):
    shares = [Group(rank, size).parts(100, 75) for rank in range(size)]
    for part, count in ((0, 75), (1, 25)):
        rows = [row for share in shares for row in range(count)[share[part]]]
        assert rows == list(range(count))
        assert all(len(range(count)[share[part]]) >= count // size for share in shares)
    assert {sum(part.stop - part.start for part in share) for share in shares} == {100 // size}


@pytest.mark.parametrize("objective", ["sae", "aae"])
@pytest.mark.parametrize("size", [2, 5])
@pytest.mark.parametrize("step", [0, 1, 2])  # some losses are there every few steps only
@pytest.mark.parametrize("epochs", [1, 24])
def test_the_gradients_of_all_shares_add_up_to_the_whole_batchs(objective, size, step, epochs):
    data = strokes(1200, 0)
    config = run_config(objective, {"epochs": epochs, "batch_size": 100})

    def gradients(group):
        trainer = make_trainer(SMALL, config, 20 * epochs, EXACT, group)
        parts = trainer.places() if group.size > 1 else ()
        trainer.step(step, *Batches(data, 100, 0, parts=parts).at(step))
        found = {name: master.gradient for name, master in trainer.masters.items()}
        return {**found, "sums": trainer.sums}

    whole = gradients(Group())
    shares = [gradients(Group(rank, size)) for rank in range(size)]
    if objective == "aae" and step % JUDGE_EVERY:
        assert not whole.pop("discriminator").any()
    for name, wanted in whole.items():
        summed = sum(share[name] for share in shares)
        assert (summed - wanted).norm() < 1e-5 * wanted.norm(), name
        assert not torch.allclose(shares[0][name], wanted, rtol=0.01), name


@pytest.mark.parametrize(
    ("objective", "batch", "size", "says"),
    [
        ("aae", 100, 3, "3 processes cannot share batches of 100 evenly"),
        ("sae", 100, 3, "3 processes cannot share batches of 100 evenly"),
        ("aae", 8, 4, "4 processes cannot share batches of 8, of which 2 are deformed"),
    ],
)
def test_batches_that_cannot_be_shared_are_refused(objective, batch, size, says):
    config = TrainConfig(objective=objective, batch_size=batch)
    with pytest.raises(UsageError, match=says) as caught:
        make_trainer(SMALL, config, 20, EXACT, Group(0, size))
    assert "\n" not in str(caught.value)


def test_an_even_batch_is_shared_though_its_parts_are_not():
    make_trainer(SMALL, TrainConfig(batch_size=100), 20, EXACT, Group(0, 2))


@pytest.mark.parametrize("environment", [{}, {"MASTER_ADDR": "a", "MASTER_PORT": "1"}])
def test_without_a_launcher_a_process_is_alone(environment):
    assert launched(environment) == Group()


def test_a_launcher_says_which_process_this_is():
    group = launched(TOLD)
    assert (group.rank, group.size, group.local_rank) == (1, 4, 1)
    assert launched({**TOLD, "RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}) == Group()


@pytest.mark.parametrize("name", sorted(TOLD))
def test_a_half_set_environment_is_refused(name):
    half = {key: value for key, value in TOLD.items() if key != name}
    with pytest.raises(UsageError, match=f"but not {name}: start several processes with torchrun"):
        launched(half)


@pytest.mark.parametrize(
    "change",
    [
        {"RANK": "4"},
        {"RANK": "-1"},
        {"WORLD_SIZE": "0"},
        {"LOCAL_RANK": "one"},
        {"MASTER_PORT": "0"},
    ],
)
def test_an_impossible_environment_is_refused(change):
    with pytest.raises(UsageError, match=next(iter(change))) as caught:
        launched({**TOLD, **change})
    assert "torchrun" in str(caught.value)


def test_machines_with_other_images_are_refused():
    class Two(Group):
        def gather(self, value):
            return ["0123", None, value]

    assert Two().alike("0123", "d") == "0123"
    with pytest.raises(DataError, match="d holds other images on one machine"):
        Two().alike("4567", "d")
