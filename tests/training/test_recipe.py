"""The average, the rates and the decay of a step are those that the settings say."""

import pytest
import torch

from stylespace.config import TrainConfig
from stylespace.training.adversarial import make_trainer
from tests.training.test_steps import SMALL, batches, train

__all__ = ["batches"]  # a fixture


def test_the_averaged_model_is_the_running_average_of_the_weights(batches):
    """Every eight steps, and at an epoch's end for as many steps as were left."""
    config = TrainConfig(objective="sae", epochs=40)
    trainer = make_trainer(SMALL, config, steps=40 * 20)
    weights = trainer.masters["model"]
    average = None
    for step in range(30 * 20):
        train(trainer, batches, [step])
        since = {7: 8, 15: 8, 19: 4}.get(step % 20, 8 if step < 8 else 0)
        if since:
            weight = min(1.0, since / (1 + 0.02 * step))
            now = weights.flat.clone()
            average = now if average is None else average + weight * (now - average)
    found = torch.cat(
        [
            value.flatten()
            for part in (trainer.averaged.encoder, trainer.averaged.decoder)
            for value in part.parameters()
        ]
    )
    assert torch.allclose(found, average, atol=1e-6)
    assert not torch.allclose(found, weights.flat, atol=1e-4)


def test_the_discriminators_rate_is_a_share_of_the_models_and_falls_to_half_of_it():
    config = TrainConfig(epochs=10, lr=0.01, discriminator_rate=0.2, warm_up=0.05)
    trainer = make_trainer(SMALL, config, steps=1000)
    rates = {
        name: [trainer._rate(name, step) for step in (0, 49, 524, 999)]
        for name in ("model", "discriminator")
    }
    assert rates["model"] == pytest.approx([0.0002, 0.01, 0.005, 0], abs=1e-5)
    assert rates["discriminator"] == pytest.approx([0.00004, 0.002, 0.0015, 0.001], abs=1e-5)


def test_weights_decay_by_what_the_settings_say(batches):
    sizes = []
    for decay in (0.0, 5.0):
        config = TrainConfig(objective="sae", epochs=1, weight_decay=decay)
        trainer = make_trainer(SMALL, config, steps=20)
        train(trainer, batches, range(20))
        sizes.append(float(trainer.masters["model"].flat.square().sum()))
    assert sizes[1] < 0.9 * sizes[0]
