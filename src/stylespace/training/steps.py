"""One training step, simple or adversarial, and all the state that it changes."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor

from stylespace import objectives
from stylespace.config import ModelConfig, TrainConfig
from stylespace.data.deform import Deformation
from stylespace.networks import Discriminator, StyleAutoencoder
from stylespace.noise import generator
from stylespace.precision import fast_dtype
from stylespace.training import schedule
from stylespace.training.figures import TrainingFigures
from stylespace.training.master import MasterWeights, flatten

__all__ = ["AdversarialTrainer", "Trainer", "make_trainer"]

AVERAGE_EVERY = 4  # steps between two updates of the averaged weights
HAND_EVERY = 2  # steps between two looks at the same hand, each weighted as many times more
PENALTY_EVERY = 4  # steps between two gradient penalties, likewise
DEFORMED = 0.25  # share of a batch
DISCRIMINATOR_FLOOR = 0.5  # its rate falls less than the encoder's, so that it keeps up at the end


def make_trainer(model_config: ModelConfig, config: TrainConfig, steps: int) -> Trainer:
    """The trainer for the configuration's objective; the arguments are `Trainer`'s."""
    kind = AdversarialTrainer if config.objective == "aae" else Trainer
    return kind(model_config, config, steps)


class Trainer:
    """Trains a simple auto-encoder: the networks, their optimizers, the current epoch's sums.

    Nothing in a step makes the host wait for the device: figures are added up there and read when
    they are printed.

    Args:
        model_config: of the auto-encoder.
        config: of the run.
        steps: that the whole run takes.

    Attributes:
        model: the auto-encoder in training; it computes in the fastest type that will do.
        averaged: float32, the running average of its weights: what is saved and used.
        sums: over the current epoch's steps: squared error, prior told right, codes told right.
    """

    def __init__(self, model_config: ModelConfig, config: TrainConfig, steps: int) -> None:
        self.config, self.steps = config, steps
        self.dtype = fast_dtype()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self._build(model_config)
        self.sums = torch.zeros(3)

    def _build(self, model_config: ModelConfig) -> None:
        self.model = StyleAutoencoder(model_config)
        self.averaged = copy.deepcopy(self.model).eval().requires_grad_(False)
        self._average = flatten(self.averaged, torch.float32)
        decay = self.config.weight_decay
        self.masters = {"model": MasterWeights(self.model, (0.9, 0.99), self.dtype, decay)}

    def start_from(self, model: StyleAutoencoder) -> None:
        """Take over the weights of a trained model."""
        self.averaged.load_state_dict(model.state_dict())
        self.masters["model"].load(self._average)

    def step(self, step: int, images: Tensor, digits: Tensor) -> None:
        """Take a step.

        Args:
            step: its number in the run, from 0.
            images: `[n, 28, 28]` uint8.
            digits: `[n]` int64.
        """
        self._train(step, images.unsqueeze(1).float().div_(255), digits)
        if (step + 1) % AVERAGE_EVERY == 0 or step + 1 == self.steps:
            weight = schedule.averaging_weight(step, AVERAGE_EVERY)
            self._average.lerp_(self.masters["model"].flat.detach(), weight)

    def _train(self, step: int, images: Tensor, digits: Tensor) -> None:
        error = objectives.reconstruction_loss(
            self._decode(self._encode(images, digits), digits), images
        )
        self.masters["model"].descend(error, self._rate(step))
        self.sums[0] += error.detach()

    def _rate(self, step: int, floor: float = 0.0) -> float:
        return self.config.lr * schedule.learning_rate((step + 1) / self.steps, floor)

    def _encode(self, images: Tensor, digits: Tensor) -> Tensor:
        style: Tensor = self.model.encoder(images.to(self.dtype), digits).float()
        return style

    def _decode(self, style: Tensor, digits: Tensor) -> Tensor:
        logits: Tensor = self.model.decoder(style.to(self.dtype), digits).float()
        return logits

    def figures(self, batches: int) -> TrainingFigures:
        """The current epoch's figures so far; this waits for the device.

        Args:
            batches: steps taken in this epoch.
        """
        return TrainingFigures(mse=float(self.sums[0]) / batches, detection=None)

    def satisfaction(self, images: Tensor, digits: Tensor) -> float | None:  # noqa: ARG002
        """Share of images whose codes pass for the prior; none without a discriminator."""
        return None

    def state(self) -> dict[str, Tensor]:
        """All tensors that going on needs, beside the averaged model."""
        tensors = {"sums": self.sums}
        for name, master in self.masters.items():
            tensors |= {f"{name}.{key}": value for key, value in master.state().items()}
        return tensors

    def restore(self, tensors: Mapping[str, Tensor], averaged: StyleAutoencoder) -> None:
        """Take over what `state` gave, and the averaged model that was saved with it.

        Raises:
            KeyError, RuntimeError: the tensors are not of such a run.
        """
        self.averaged.load_state_dict(averaged.state_dict())
        self.sums.copy_(tensors["sums"])
        for name, master in self.masters.items():
            start = f"{name}."
            own = {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
            master.restore(own)


class AdversarialTrainer(Trainer):
    """Trains an adversarial auto-encoder: its codes also match the prior, digit by digit.

    A part of each batch is deformed. All of it is reconstructed; the discriminator sees the codes
    of the images that are left as they are, since those are the ones that should match the prior.

    Attributes:
        discriminator: float32; it is small.
    """

    def _build(self, model_config: ModelConfig) -> None:
        super()._build(model_config)
        self.discriminator = Discriminator(model_config)
        master = MasterWeights(self.discriminator, (0.5, 0.99), torch.float32)
        self.masters["discriminator"] = master

    def _train(self, step: int, images: Tensor, digits: Tensor) -> None:
        random = generator(self.config.seed, "step", step)
        kept = _kept(len(images))
        code = self._train_autoencoder(step, images, digits, random)[:kept].detach()
        prior = torch.randn(code.shape, generator=random)
        self._train_discriminator(step, prior, code, digits[:kept])

    def _train_autoencoder(
        self, step: int, images: Tensor, digits: Tensor, random: torch.Generator
    ) -> Tensor:
        count, kept = len(images), _kept(len(images))
        deformation = Deformation.draw(count - kept, self.config.deformation, random)
        originals = images[kept:]
        images = torch.cat([images[:kept], deformation.apply(originals)])
        style = self._encode(images, digits)
        loss = self.config.adversarial_weight * self._fooled(style[:kept], digits[:kept])
        if step % HAND_EVERY == 0:
            # another digit each, drawn in the hands of the deformed images
            others = torch.randint(self.model.config.classes, (count - kept,), generator=random)
            logits = self._decode(torch.cat([style, style[kept:]]), torch.cat([digits, others]))
            hand = self._draw_in_the_hand_of(originals, digits[kept:], others)
            error = objectives.reconstruction_loss(logits[count:], deformation.apply(hand))
            loss = loss + HAND_EVERY * self.config.same_hand_weight * error
            logits = logits[:count]
        else:
            logits = self._decode(style, digits)
        error = objectives.reconstruction_loss(logits, images)
        self.masters["model"].descend(loss + error, self._rate(step))
        self.sums[0] += error.detach()
        return style

    def _fooled(self, style: Tensor, digits: Tensor) -> Tensor:
        # the encoder is to fool the discriminator, not to change it
        self.discriminator.requires_grad_(False)
        loss = objectives.adversarial_loss(self.discriminator(style, digits))
        self.discriminator.requires_grad_(True)
        return loss

    @torch.no_grad()
    def _draw_in_the_hand_of(self, images: Tensor, digits: Tensor, others: Tensor) -> Tensor:
        return self._decode(self._encode(images, digits), others).sigmoid_()

    def _train_discriminator(self, step: int, prior: Tensor, code: Tensor, digits: Tensor) -> None:
        style = torch.cat([prior, code]).requires_grad_()
        logits = self.discriminator(style, digits.repeat(2))
        on_prior, on_code = logits.chunk(2)
        loss = objectives.discriminator_loss(on_prior, on_code)
        if step % PENALTY_EVERY == 0:
            weight = PENALTY_EVERY * self.config.gradient_penalty
            loss = loss + weight * objectives.gradient_penalty(logits, style)
        rate = self.config.discriminator_rate * self._rate(step, DISCRIMINATOR_FLOOR)
        self.masters["discriminator"].descend(loss, rate)
        self.sums[1] += (on_prior > 0).float().mean()
        self.sums[2] += (on_code < 0).float().mean()

    def figures(self, batches: int) -> TrainingFigures:
        """The current epoch's figures so far; this waits for the device."""
        mse, prior, code = (self.sums / batches).tolist()
        return TrainingFigures(mse=mse, detection=(prior, code))

    @torch.no_grad()
    def satisfaction(self, images: Tensor, digits: Tensor) -> float | None:
        """Share of images whose codes the discriminator takes for the prior."""
        code = self.averaged.encoder(images, digits)
        return float((self.discriminator(code, digits) > 0).float().mean())


def _kept(count: int) -> int:
    """How many images of a batch are left as they are, at least one of two."""
    return count - max(1, int(DEFORMED * count))
