"""What a training step does: it moves every weight, lowers the loss, and can be gone on from."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F
from torch.nn import ModuleList

from stylespace.config import ModelConfig, TrainConfig, run_config
from stylespace.data.batches import Batches
from stylespace.data.deform import Deformation
from stylespace.hardware import Hardware
from stylespace.networks import StyleAutoencoder
from stylespace.noise import generator
from stylespace.training.adversarial import (
    DEFORMED,
    HAND_EVERY,
    JUDGE_EVERY,
    PENALTY_EVERY,
    AdversarialTrainer,
    make_trainer,
)
from stylespace.training.steps import Trainer
from tests.small import strokes

SMALL = ModelConfig(style_size=2, encoder_widths=(32,), decoder_widths=(24, 32))
BATCH = 50
both = pytest.mark.parametrize("objective", ["sae", "aae"])


def trainer_of(objective, steps=20, seed=0, model_config=SMALL, hardware=None):
    config = TrainConfig(objective=objective, seed=seed, epochs=1)
    return make_trainer(model_config, config, steps, hardware)


@pytest.fixture(scope="module")
def batches():
    return Batches(strokes(1200, 0), BATCH, seed=0)


def train(trainer, batches, steps):
    for step in steps:
        trainer.step(step, *batches.at(step))


@both
def test_the_averaged_model_is_up_to_date_when_it_is_looked_at(objective, batches):
    config = TrainConfig(objective=objective, epochs=5)
    trainer = make_trainer(SMALL, config, steps=5 * 3)
    looked = [copied(trainer.averaged.state_dict())]
    for step in range(trainer.steps):
        train(trainer, batches, [step])
        if step == 0 or step % 3 == 2:  # a run may be stopped at its start; an epoch ends
            looked.append(copied(trainer.averaged.state_dict()))
            assert not same(*looked[-2:])


def copied(tensors):
    """As a file would give them back: no memory in common."""
    return {name: value.clone() for name, value in tensors.items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def networks(trainer):
    found = {"model": ModuleList([trainer.model.encoder, trainer.model.decoder])}
    if isinstance(trainer, AdversarialTrainer):
        found["discriminator"] = trainer.discriminator
    return found


def test_the_objective_chooses_the_trainer():
    assert type(trainer_of("sae")) is Trainer
    assert type(trainer_of("aae")) is AdversarialTrainer


@both
@pytest.mark.parametrize("step", [0, 1])  # some losses are there every few steps only
def test_a_step_changes_every_weight(objective, step, batches):
    trainer = trainer_of(objective)
    before = {
        kind: copied(dict(net.named_parameters())) for kind, net in networks(trainer).items()
    }
    trainer.step(step, *batches.at(0))  # its digits are all ten
    for kind, network in networks(trainer).items():
        for name, value in network.named_parameters():
            changed = value != before[kind][name]
            if kind == "discriminator" and step % JUDGE_EVERY:
                assert not changed.any(), name
                continue
            assert changed.any(), (kind, name)
            if "told" in name:
                assert changed.any(dim=1).all(), (kind, name)  # each digit has a row


def test_a_simple_step_goes_down_the_gradient_of_the_squared_error(batches):
    trainer = trainer_of("sae", steps=500)
    batch = batches.at(0)
    errors = []
    for step in range(40):
        trainer.step(step, *batch)
        errors.append(trainer.figures(1).mse)
        trainer.sums.zero_()
    assert errors[-1] < 0.8 * errors[0]
    assert max(errors) < 1.1 * errors[0]


@pytest.mark.parametrize("setting", [{"warm_up": 0.5}, {"beta2": 0.5}])
def test_a_setting_of_the_optimizer_changes_the_steps(setting, batches):
    config = TrainConfig(objective="sae", epochs=1)
    weights = []
    for one in (config, dataclasses.replace(config, **setting)):
        trainer = make_trainer(SMALL, one, 20)
        train(trainer, batches, range(3))
        weights.append(trainer.masters["model"].flat)
    assert not torch.equal(*weights)


def losses_of(trainer, step, images, digits):
    """The auto-encoder's loss and the discriminator's, if it looks, as sums for autograd."""
    config, model, judge = trainer.config, trainer.model, trainer.discriminator
    random = generator(config.seed, "step", step)
    images = images.unsqueeze(1) / 255
    left = len(images) - (int(DEFORMED * len(images)) if config.deformation else 0)
    same_hand = left < len(images) and step % HAND_EVERY == 0
    deformation = Deformation.draw(len(images) - left, config.deformation, random)
    shown = torch.cat([images[:left], deformation.apply(images[left:])])
    code = model.encoder(shown, digits)
    spread = config.code_noise * max(0, (code.shape[1] / 4) ** 0.5 - 1)

    def noisy(code):
        return code + spread * torch.randn(code.shape, generator=random) if spread else code

    if same_hand:
        others = torch.randint(10, (len(images) - left,), generator=random)
    noisy_code = torch.cat([noisy(code[:left]), noisy(code[left:])])
    loss = F.mse_loss(model.decoder(noisy_code, digits).sigmoid(), shown)
    if same_hand:
        original = noisy(model.encoder(images[left:], digits[left:]))
        hand = deformation.apply(model.decoder(original, others).sigmoid().detach())
        drawn = model.decoder(noisy_code[left:], others).sigmoid()
        loss = loss + HAND_EVERY * config.same_hand_weight * F.mse_loss(drawn, hand)
    code, digits = code[:left], digits[:left]
    if step % JUDGE_EVERY:
        return loss, None
    weight = JUDGE_EVERY * config.adversarial_weight / (code.shape[1] / 4) ** 0.5
    loss = loss + weight * F.softplus(-judge(code, digits)).mean()
    style = torch.cat([torch.randn(code.shape, generator=random), code.detach()])
    logits = judge(style.requires_grad_(), digits.repeat(2))
    judged = F.softplus(-logits[:left]).mean() + F.softplus(logits[left:]).mean()
    if step % PENALTY_EVERY == 0:
        (slope,) = torch.autograd.grad(logits.sum(), style, create_graph=True)
        penalty = slope.square().sum(dim=1).mean()
        judged = judged + PENALTY_EVERY * config.gradient_penalty * penalty
    return loss, judged


@pytest.mark.parametrize(
    ("step", "size", "epochs"),
    [(0, 2, 24), (1, 2, 24), (2, 2, 24), (2, 9, 24), (3, 9, 24), (2, 2, 1), (1, 2, 1), (2, 9, 1)],
)
def test_an_adversarial_step_goes_down_the_gradients_of_the_losses(step, size, epochs, batches):
    model_config = dataclasses.replace(SMALL, style_size=size)
    config = run_config("aae", {"epochs": epochs})
    trainer = make_trainer(model_config, config, 20 * epochs, Hardware(dtype=torch.float32))
    train(trainer, batches, range(10, 15))  # no longer at its first weights
    batch = batches.at(step)
    wanted = {}
    for (kind, network), loss in zip(
        networks(trainer).items(), losses_of(trainer, step, *batch), strict=True
    ):
        if loss is not None:
            wanted[kind] = torch.autograd.grad(loss, list(network.parameters()))
    trainer.step(step, *batch)
    for kind, gradients in wanted.items():
        named = networks(trainer)[kind].named_parameters()
        for (name, value), gradient in zip(named, gradients, strict=True):
            assert torch.allclose(value.grad, gradient, rtol=1e-3, atol=1e-6), (kind, name)


@pytest.fixture(scope="module")
def trained(batches):
    """A trainer of each objective after a short run."""
    trainers = {objective: trainer_of(objective, steps=80) for objective in ("sae", "aae")}
    for trainer in trainers.values():
        train(trainer, batches, range(80))
    return trainers


@both
def test_training_lowers_the_error_of_images_that_it_has_not_seen(objective, trained):
    data = strokes(300, 1)
    images = data.floats()

    def error(model):
        drawn = model.decode(model.encode(images, data.digits), data.digits)
        return float((drawn - images).square().mean())

    untrained = error(trainer_of(objective).averaged)
    assert error(trained[objective].averaged) < 0.4 * untrained


def test_adversarial_training_brings_the_codes_near_the_prior(trained):
    data = strokes(300, 1)
    size = {
        objective: float(trainer.averaged.encode(data.floats(), data.digits).square().mean())
        for objective, trainer in trained.items()
    }
    assert 0.3 < size["aae"] < 2 < size["sae"] / 2  # the prior's is 1


@both
@pytest.mark.parametrize("taken", [0, 1, 10])
def test_another_trainer_goes_on_from_the_state_to_the_same_bits(objective, taken, batches):
    first, other = trainer_of(objective, steps=15), trainer_of(objective, steps=15)
    train(first, batches, range(taken))
    averaged = StyleAutoencoder(SMALL)
    averaged.load_state_dict(copied(first.averaged.state_dict()))
    other.restore(copied(first.state()), averaged)
    assert same(first.state(), other.state())
    for step in range(taken, taken + 5):
        train(first, batches, [step])
        train(other, batches, [step])
        assert same(first.state(), other.state())
        assert same(first.averaged.state_dict(), other.averaged.state_dict())


@both
def test_a_state_of_another_network_is_refused(objective):
    trainer = trainer_of(objective)
    other = trainer_of(objective, model_config=ModelConfig(style_size=3))
    with pytest.raises(RuntimeError):
        trainer.restore(copied(other.state()), other.averaged)
    with pytest.raises(KeyError):
        trainer.restore({}, trainer.averaged)


def test_a_run_may_start_from_a_trained_model(batches):
    simple, adversarial = trainer_of("sae"), trainer_of("aae", seed=1)
    train(simple, batches, range(20))
    adversarial.start_from(simple.averaged)
    assert same(adversarial.averaged.state_dict(), simple.averaged.state_dict())
    for name in ("encoder", "decoder"):
        trained = getattr(simple.averaged, name).parameters()
        for value, wanted in zip(
            getattr(adversarial.model, name).parameters(), trained, strict=True
        ):
            assert torch.equal(value, wanted.to(value.dtype)), name


@both
def test_the_seed_decides_the_first_weights_and_all_noise(objective, batches):
    one, again, other = (trainer_of(objective, seed=seed) for seed in (3, 3, 4))
    assert same(one.averaged.state_dict(), again.averaged.state_dict())
    assert not same(one.averaged.state_dict(), other.averaged.state_dict())
    torch.manual_seed(1)
    before = torch.get_rng_state()
    train(one, batches, range(4))
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    train(again, batches, range(4))
    assert same(one.state(), again.state())


@both
def test_figures_are_means_over_the_steps(objective, batches):
    apart, together = trainer_of(objective), trainer_of(objective)
    alone = []
    for step in range(5):
        train(apart, batches, [step])
        alone.append(apart.figures(1))
        apart.sums.zero_()
    train(together, batches, range(5))
    figures = together.figures(5)
    assert figures.mse == pytest.approx(sum(one.mse for one in alone) / 5)
    if objective == "sae":
        assert figures.detection is None
    else:
        pairs = list(zip(*(one.detection for one in alone[::JUDGE_EVERY]), strict=True))
        means = [sum(shares) / len(shares) for shares in pairs]
        assert figures.detection == pytest.approx(means)
        assert all(0 <= share <= 1 for one in alone for share in one.detection)


@pytest.mark.parametrize("per_epoch", [1, 2, 3])
def test_the_discriminator_looks_on_in_every_epoch_however_short(per_epoch, batches):
    config = TrainConfig(epochs=4)
    trainer = make_trainer(SMALL, config, config.epochs * per_epoch)
    for epoch in range(config.epochs):
        before = trainer.discriminator.layers.told.detach().clone()
        train(trainer, batches, range(epoch * per_epoch, (epoch + 1) * per_epoch))
        assert not torch.equal(trainer.discriminator.layers.told, before)
        shares = trainer.figures(per_epoch).detection
        assert all(0 <= share <= 1 for share in shares)
        trainer.sums.zero_()


def test_the_error_is_that_of_the_pixels(batches):
    trainer = trainer_of("sae")
    images, digits = batches.at(0)
    shown = images.unsqueeze(1) / 255
    drawn = trainer.averaged.decode(trainer.averaged.encode(shown, digits), digits)
    trainer.step(0, images, digits)
    expected = float((drawn - shown).square().mean())
    assert trainer.figures(1).mse == pytest.approx(expected, rel=0.02)  # it may use bfloat16


@pytest.mark.parametrize(("bias", "share"), [(1e4, 1.0), (-1e4, 0.0), (0.0, None)])
def test_satisfaction_is_the_share_of_codes_that_pass_for_the_prior(bias, share):
    trainer, data = trainer_of("aae"), strokes(200, 1)
    trainer.discriminator.layers.dense[-1].bias.data.fill_(bias)
    code = trainer.averaged.encoder(data.floats(), data.digits)
    found = trainer.satisfaction(code, data.digits)
    assert 0 <= found <= 1
    if share is not None:
        assert found == share


def test_a_simple_trainer_has_no_satisfaction():
    assert trainer_of("sae").satisfaction(torch.zeros(20, 2), torch.arange(20) % 10) is None
