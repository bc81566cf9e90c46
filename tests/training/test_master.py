"""Adam on one flat buffer takes the steps that Adam takes on the parameters."""

import copy

import pytest
import torch
from torch import nn

from stylespace.training.master import MasterWeights, flatten

BETAS = (0.9, 0.99)
TYPES = [torch.float32, torch.bfloat16]


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(5, 7), nn.SiLU(), nn.Linear(7, 3))


def loss_of(model, step):
    random = torch.Generator().manual_seed(step)
    dtype = next(model.parameters()).dtype
    inputs, targets = torch.randn(2, 20, 5, generator=random).to(dtype)
    return (model(inputs) - targets[:, :3]).float().square().mean()


def backward(loss, model):
    for value in model.parameters():
        value.grad.zero_()
    loss.backward()


def descend(master, steps):
    for step in steps:
        backward(loss_of(master.network, step), master.network)
        master.descend(0.01 / (1 + step))


def weights(model):
    return torch.cat([value.detach().flatten() for value in model.parameters()])


def copied(state):
    return {name: value.clone() for name, value in state.items()}


@pytest.mark.parametrize("dtype", TYPES)
def test_the_network_computes_on_one_buffer_and_keeps_its_weights(dtype):
    model = network()
    before = weights(model)
    flat = flatten(model, dtype)
    assert flat.dtype == dtype
    assert torch.equal(flat, before.to(dtype))
    flat.zero_()
    assert all((value == 0).all() for value in model.parameters())


def test_in_float32_it_is_adam_on_the_parameters():
    plain = network()
    adam = torch.optim.Adam(plain.parameters(), betas=BETAS)
    master = MasterWeights(copy.deepcopy(plain), BETAS, torch.float32)
    for step in range(30):
        adam.param_groups[0]["lr"] = 0.01 / (1 + step)
        adam.zero_grad()
        loss_of(plain, step).backward()
        adam.step()
        descend(master, [step])
        assert torch.allclose(weights(master.network), weights(plain), atol=1e-6)
    assert torch.equal(weights(master.network), master.flat)


def test_in_bfloat16_the_network_has_the_rounded_masters():
    master = MasterWeights(network(), BETAS, torch.bfloat16)
    for step in range(5):
        before = master.flat.detach().clone()
        descend(master, [step])
        assert master.flat.dtype == torch.float32
        assert torch.equal(weights(master.network), master.flat.to(torch.bfloat16))
        assert (master.flat != before).all()
    assert not torch.equal(master.flat.to(torch.bfloat16).float(), master.flat)


def test_in_bfloat16_steps_too_small_for_it_add_up():
    """Near 1 its numbers are 2**-8 apart: each of these steps by itself would be rounded away."""
    model = nn.Linear(1, 1, bias=False)
    model.weight.data.fill_(1)
    master = MasterWeights(model, BETAS, torch.bfloat16)
    for _ in range(200):
        backward(model.weight.float().sum(), model)
        master.descend(1e-4)
    assert master.flat.item() == pytest.approx(1 - 200e-4, abs=1e-4)
    assert model.weight.item() == pytest.approx(0.98, abs=2**-8)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("taken", [0, 1, 6])
def test_another_network_goes_on_from_the_state_to_the_same_bits(dtype, taken):
    first = MasterWeights(network(), BETAS, dtype)
    descend(first, range(taken))
    other = MasterWeights(network(seed=1), BETAS, dtype)
    other.restore(copied(first.state()))
    assert torch.equal(weights(other.network), weights(first.network))
    assert other.state().keys() == first.state().keys()
    for steps in (range(taken, taken + 1), range(taken + 1, 12)):
        descend(first, steps)
        descend(other, steps)
        for name, value in first.state().items():
            assert torch.equal(other.state()[name], value), name


@pytest.mark.parametrize("dtype", TYPES)
def test_weights_can_be_taken_over(dtype):
    master, given = MasterWeights(network(), BETAS, dtype), weights(network(seed=1))
    master.load(given)
    assert torch.equal(master.flat, given)
    assert torch.equal(weights(master.network), given.to(dtype))


def test_a_state_that_does_not_fit_is_refused():
    master = MasterWeights(network(), BETAS, torch.float32)
    with pytest.raises(KeyError):
        master.restore({})
    with pytest.raises(RuntimeError):
        master.restore({"weights": torch.zeros(len(master.flat) + 1)})
