"""What training computes on is chosen by flags, and no session depends on it."""

import pytest
import torch

from stylespace.config import ModelConfig, TrainConfig
from stylespace.data.batches import Batches
from stylespace.errors import UsageError
from stylespace.hardware import Hardware, choose
from stylespace.training.adversarial import make_trainer
from tests.small import strokes

SMALL = ModelConfig(style_size=2, encoder_widths=(32,), decoder_widths=(24, 32))
both = pytest.mark.parametrize("objective", ["sae", "aae"])


def trainer_of(objective, device="cpu", dtype=torch.float32):
    hardware = Hardware(torch.device(device), dtype)
    return make_trainer(SMALL, TrainConfig(objective=objective), 20, hardware)


@pytest.fixture
def slow_processor(monkeypatch):
    monkeypatch.setattr("stylespace.hardware.fast_dtype", lambda: torch.float32)


@pytest.fixture
def fast_processor(monkeypatch):
    monkeypatch.setattr("stylespace.hardware.fast_dtype", lambda: torch.bfloat16)


@pytest.mark.usefixtures("slow_processor")
def test_bf16_is_refused_where_it_is_only_emulated():
    with pytest.raises(UsageError, match="this processor only emulates bf16") as caught:
        choose("cpu", "bf16")
    assert "\n" not in str(caught.value)
    assert choose("cpu", "auto").dtype == torch.float32


@pytest.mark.usefixtures("fast_processor")
def test_bf16_is_chosen_where_it_is_the_faster():
    assert choose("cpu", "auto") == choose("cpu", "bf16")
    assert choose("cpu", "bf16").dtype == torch.bfloat16
    assert choose("cpu", "float32").dtype == torch.float32


@pytest.mark.parametrize("device", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused(device, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    with pytest.raises(UsageError, match=f"there is no {device} device here, only cpu"):
        choose(device)
    assert choose("auto").device == torch.device("cpu")


def test_each_process_has_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda _: (8, 0))
    assert choose("auto", "auto", local_rank=1) == Hardware(torch.device("cuda:1"), torch.bfloat16)
    with pytest.raises(UsageError, match="process 2 of this machine has no GPU of its own"):
        choose("auto", "auto", local_rank=2)
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda _: (7, 5))
    with pytest.raises(UsageError, match="this GPU only emulates bf16"):
        choose("cuda", "bf16")


@both
def test_a_run_goes_on_in_another_precision(objective):
    batches = Batches(strokes(1200, 0), 50, 0)
    first = trainer_of(objective)
    for step in range(5):
        first.step(step, *batches.at(step))
    state = {name: value.clone() for name, value in first.state().items()}
    other = trainer_of(objective, dtype=torch.bfloat16)
    other.restore(state, first.averaged)
    assert all(torch.equal(other.state()[name], value) for name, value in state.items())
    for trainer in (first, other):
        trainer.sums.zero_()
        trainer.step(5, *batches.at(5))
    assert other.figures(1).mse == pytest.approx(first.figures(1).mse, rel=0.02)


@both
def test_a_step_is_all_on_its_device_and_reads_nothing_from_it(objective, monkeypatch):
    """On "meta" what mixes devices, and what waits for a value, fails."""
    monkeypatch.setattr("torch._fused_adamw_", lambda *_, **__: None)  # none is there for "meta"
    trainer = trainer_of(objective, "meta")
    batches = Batches(strokes(1200, 0), 50, 0, device=torch.device("meta"))
    for step in range(10):
        trainer.step(step, *batches.at(step))
    assert {value.device.type for value in trainer.state().values()} == {"meta"}
    with pytest.raises((RuntimeError, NotImplementedError)):
        trainer.figures(10)
