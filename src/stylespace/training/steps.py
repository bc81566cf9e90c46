"""One training step, simple or adversarial, and all the state that it changes."""

from __future__ import annotations

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from stylespace import objectives
from stylespace.config import ModelConfig, TrainConfig
from stylespace.data.deform import Deformation
from stylespace.networks import Discriminator, StyleAutoencoder
from stylespace.noise import generator
from stylespace.precision import fast_dtype
from stylespace.training import schedule
from stylespace.training.figures import TrainingFigures

__all__ = ["Trainer"]

PENALTY_EVERY = 4  # steps between two gradient penalties, each weighted as many times more
CONSISTENCY_EVERY = 2  # steps between two looks at the same hand, likewise
AVERAGE_EVERY = 4  # steps between two updates of the averaged weights


class Trainer:
    """The networks in training, their optimizers and the sums of the current epoch.

    Nothing in a step makes the host wait for the device: figures are added up there and read when
    they are printed.

    Args:
        model_config: of the auto-encoder.
        config: of the run.
        steps: that the whole run takes.

    Attributes:
        model: the auto-encoder whose weights are being trained.
        averaged: the running average of its weights, which is what is saved and used.
        discriminator: none for a simple auto-encoder.
        sums: over the current epoch's steps: squared error, prior told right, codes told right.
    """

    def __init__(self, model_config: ModelConfig, config: TrainConfig, steps: int) -> None:
        self.config, self.steps = config, steps
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self.model = StyleAutoencoder(model_config)
            self.discriminator = Discriminator(model_config) if config.objective == "aae" else None
        self.averaged = copy.deepcopy(self.model).eval().requires_grad_(False)
        self.optimizers = [
            torch.optim.Adam(self.model.parameters(), betas=(0.9, 0.99), fused=True)
        ]
        if self.discriminator is not None:
            parameters = self.discriminator.parameters()
            self.optimizers.append(torch.optim.Adam(parameters, betas=(0.5, 0.99), fused=True))
        self.sums = torch.zeros(3)
        self.dtype = fast_dtype()

    def start_from(self, model: StyleAutoencoder) -> None:
        """Take over the weights of a trained model."""
        self.model.load_state_dict(model.state_dict())
        self.averaged.load_state_dict(model.state_dict())

    def step(self, step: int, images: Tensor, digits: Tensor) -> None:
        """Take a step.

        Args:
            step: its number in the run, from 0.
            images: `[n, 28, 28]` uint8.
            digits: `[n]` int64.
        """
        self._set_rates((step + 1) / self.steps)
        random = generator(self.config.seed, "step", step)
        pixels = images.unsqueeze(1).float() / 255
        if self.discriminator is None:
            self._simple_step(pixels, digits)
        else:
            code = self._adversarial_step(self.discriminator, step, pixels, digits, random)
            prior = torch.randn(code.shape, generator=random)
            self._discriminator_step(self.discriminator, step, prior, code, digits[: len(code)])
        if (step + 1) % AVERAGE_EVERY == 0 or step + 1 == self.steps:
            self._average(step)

    def _simple_step(self, images: Tensor, digits: Tensor) -> None:
        with self._fast():
            logits = self.model.decoder(self.model.encoder(images, digits), digits)
        error = objectives.reconstruction_loss(logits.float(), images)
        _descend(self.optimizers[0], error)
        self.sums[0] += error.detach()

    def _adversarial_step(
        self,
        discriminator: Discriminator,
        step: int,
        images: Tensor,
        digits: Tensor,
        random: torch.Generator,
    ) -> Tensor:
        """The auto-encoder's step; returns the codes of the images that were left as they are."""
        kept = len(images) // 2
        deformation = Deformation.draw(len(images) - kept, self.config.deformation, random)
        originals = images[kept:]
        images = torch.cat([images[:kept], deformation.apply(originals)])
        with self._fast():
            style = self.model.encoder(images, digits).float()
            logits = self.model.decoder(style, digits)
        error = objectives.reconstruction_loss(logits.float(), images)
        # the encoder is to fool the discriminator, not to change it
        discriminator.requires_grad_(False)
        fooled = objectives.adversarial_loss(discriminator(style[:kept], digits[:kept]))
        discriminator.requires_grad_(True)
        loss = error + self.config.adversarial_weight * fooled
        if step % CONSISTENCY_EVERY == 0:
            hand = self._same_hand(originals, digits[kept:], deformation, style[kept:], random)
            loss = loss + CONSISTENCY_EVERY * self.config.consistency_weight * hand
        _descend(self.optimizers[0], loss)
        self.sums[0] += error.detach()
        code: Tensor = style[:kept].detach()
        return code

    def _same_hand(
        self,
        originals: Tensor,
        digits: Tensor,
        deformation: Deformation,
        deformed_style: Tensor,
        random: torch.Generator,
    ) -> Tensor:
        """What deforms the image that a style is read from deforms every digit in that style."""
        others = torch.randint(self.model.config.classes, digits.shape, generator=random)
        with self._fast():
            with torch.no_grad():
                style = self.model.encoder(originals, digits)
                drawn = torch.sigmoid(self.model.decoder(style.float(), others).float())
            logits = self.model.decoder(deformed_style, others)
        return objectives.reconstruction_loss(logits.float(), deformation.apply(drawn))

    def _fast(self) -> torch.autocast:
        return torch.autocast("cpu", self.dtype, enabled=self.dtype != torch.float32)

    def _discriminator_step(
        self, discriminator: Discriminator, step: int, prior: Tensor, code: Tensor, digits: Tensor
    ) -> None:
        style = torch.cat([prior, code]).requires_grad_()
        logits = discriminator(style, digits.repeat(2))
        on_prior, on_code = logits.chunk(2)
        loss = objectives.discriminator_loss(on_prior, on_code)
        if step % PENALTY_EVERY == 0:
            weight = self.config.gradient_penalty * PENALTY_EVERY
            loss = loss + weight * objectives.gradient_penalty(logits, style)
        _descend(self.optimizers[1], loss)
        self.sums[1] += (on_prior > 0).float().mean()
        self.sums[2] += (on_code < 0).float().mean()

    def _set_rates(self, progress: float) -> None:
        rate = self.config.lr * schedule.learning_rate(progress)
        shares = (1.0, self.config.discriminator_rate)
        for optimizer, share in zip(self.optimizers, shares, strict=False):
            for group in optimizer.param_groups:
                group["lr"] = rate * share

    @torch.no_grad()
    def _average(self, step: int) -> None:
        weight = schedule.averaging_weight(step, AVERAGE_EVERY)
        average, current = list(self.averaged.parameters()), list(self.model.parameters())
        for mean, value in zip(average, current, strict=True):
            mean.lerp_(value, weight)

    def figures(self, batches: int) -> TrainingFigures:
        """The current epoch's figures so far; this waits for the device.

        Args:
            batches: steps taken in this epoch.
        """
        mse, prior, code = (self.sums / batches).tolist()
        detection = (prior, code) if self.discriminator is not None else None
        return TrainingFigures(mse=mse, detection=detection)

    def state(self) -> dict[str, Tensor]:
        """All tensors that going on needs, beside the averaged model."""
        tensors = {"sums": self.sums}
        for name, network in self._networks().items():
            tensors |= {f"{name}.{key}": value for key, value in network.state_dict().items()}
        for number, optimizer in enumerate(self.optimizers):
            for index, moments in optimizer.state_dict()["state"].items():
                tensors |= {f"optimizer{number}.{index}.{k}": v for k, v in moments.items()}
        return tensors

    def restore(self, tensors: Mapping[str, Tensor], averaged: StyleAutoencoder) -> None:
        """Take over what `state` gave, and the averaged model that was saved with it.

        Raises:
            KeyError, RuntimeError, ValueError: the tensors are not of such a run.
        """
        self.averaged.load_state_dict(averaged.state_dict())
        self.sums.copy_(tensors["sums"])
        for name, network in self._networks().items():
            network.load_state_dict(_under(tensors, name))
        for number, optimizer in enumerate(self.optimizers):
            state: dict[int, dict[str, Tensor]] = {}
            for key, value in _under(tensors, f"optimizer{number}").items():
                index, moment = key.split(".")
                state.setdefault(int(index), {})[moment] = value
            optimizer.load_state_dict({**optimizer.state_dict(), "state": state})

    def _networks(self) -> dict[str, nn.Module]:
        networks: dict[str, nn.Module] = {"model": self.model}
        if self.discriminator is not None:
            networks["discriminator"] = self.discriminator
        return networks


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {key.removeprefix(start): v for key, v in tensors.items() if key.startswith(start)}
