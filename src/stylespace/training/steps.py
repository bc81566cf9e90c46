"""The simple training step, and all the state that it changes."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from stylespace import objectives
from stylespace.config import ModelConfig, TrainConfig
from stylespace.hardware import Hardware
from stylespace.networks import Discriminator, StyleAutoencoder
from stylespace.training import schedule
from stylespace.training.anomaly import require_finite
from stylespace.training.distributed import Group, Parts
from stylespace.training.figures import TrainingFigures
from stylespace.training.master import MasterWeights, flatten
from stylespace.training.passes import Pass

__all__ = ["Trainer"]

AVERAGE_EVERY = 8  # steps between two updates of the averaged weights, or less


class Trainer:
    """Trains a simple auto-encoder: the networks, their optimizers, the current epoch's sums.

    Nothing in a step makes the host wait for the device: figures are added up there and read when
    they are printed.

    Args:
        model_config: of the auto-encoder.
        config: of the run.
        steps: that the whole run takes.
        hardware: what it computes on; by default the CPU, in its fastest type.
        group: the processes that train the model; by default this one alone.

    Attributes:
        model: the auto-encoder in training; it computes in the fastest type that will do.
        averaged: float32, the running average of its weights: what is saved and used.
        per_epoch: steps of an epoch.
        sums: over the current epoch's steps: squared error, then the shares
            of prior samples and of codes that the discriminator took for the prior; of several
            processes' each has its part.
        detect_anomaly: whether to look at all gradients of a step before they are used.
        epochs_before: of earlier runs of the session, so that a run after another sees new noise.
    """

    discriminator: Discriminator | None = None
    detect_anomaly = False
    epochs_before = 0

    def __init__(
        self,
        model_config: ModelConfig,
        config: TrainConfig,
        steps: int,
        hardware: Hardware | None = None,
        group: Group | None = None,
    ) -> None:
        self.config, self.steps, self.group = config, steps, group or Group()
        self.per_epoch = max(1, steps // config.epochs)
        self.group.check(config.batch_size, self._kept(config.batch_size))
        hardware = hardware or Hardware()
        self.device, self.dtype = hardware.device, hardware.dtype
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            self._build(model_config)
        self.sums = torch.zeros(3, device=self.device)

    def _build(self, model_config: ModelConfig) -> None:
        self.model = StyleAutoencoder(model_config).to(self.device)
        self.averaged = copy.deepcopy(self.model).eval().requires_grad_(False)
        self._average = flatten(_networks(self.averaged), torch.float32)
        betas, decay = (0.9, self.config.beta2), self.config.weight_decay
        master = MasterWeights(_networks(self.model), betas, self.dtype, decay)
        self.masters = {"model": master}
        self.encoder = Pass(self.model.encoder.layers)
        self.decoder = Pass(self.model.decoder.layers)

    def start_from(self, model: StyleAutoencoder) -> None:
        """Take over the weights of a trained model."""
        self.averaged.load_state_dict(model.state_dict())
        self.masters["model"].load(self._average)

    def places(self) -> tuple[slice, ...]:
        """Which places of a batch this process takes."""
        count = self.config.batch_size
        left, (first, second) = self._kept(count), self.parts(count)
        return first, slice(left + second.start, left + second.stop)

    def parts(self, count: int) -> Parts:
        """The same of a batch of so many, its two parts each by itself."""
        return self.group.parts(count, self._kept(count))

    def _kept(self, count: int) -> int:
        """How many images of a batch are left as they are."""
        return count

    @torch.inference_mode()
    def step(self, step: int, images: Tensor, digits: Tensor) -> None:
        """Take a step.

        Args:
            step: its number in the run, from 0.
            images: `[n, 28, 28]` uint8, this process's share of the batch, on its device.
            digits: `[n]` int64, likewise.
        """
        images = images.flatten(1).to(self.dtype).div_(255)
        self._train(step, images, digits)
        if self.detect_anomaly:
            require_finite(self.model, self.discriminator, images, digits)
        for name in self._due(step):
            self.group.sum(self.masters[name].gradient)
            self.masters[name].descend(self._rate(name, step))
        since = self._since_average(step)
        if since:
            weight = schedule.averaging_weight(step, since)
            self._average.lerp_(self.masters["model"].flat, weight)

    def _since_average(self, step: int) -> int:
        """For how many steps the average is brought up to date after this one; 0 is not at all.

        Also after the first few, where a run may be stopped, and at an epoch's end, where the
        averaged model is looked at: of a small set an epoch has few steps.
        """
        place = step % self.per_epoch + 1
        if step < AVERAGE_EVERY or place % AVERAGE_EVERY == 0:
            return AVERAGE_EVERY
        return place % AVERAGE_EVERY if place == self.per_epoch else 0

    def _train(self, step: int, images: Tensor, digits: Tensor) -> None:  # noqa: ARG002
        """Write the gradients of a step, and add up its figures; images are `[n, 784]`."""
        self.encoder.backward(self._draw(self.encoder.forward(images, digits), digits, images))

    def _draw(self, code: Tensor, digits: Tensor, images: Tensor) -> Tensor:
        """Write the decoder's gradients, and return those by the codes."""
        gradient = self._miss(self.decoder.forward(code, digits), images)
        return self.decoder.to_input(self.decoder.backward(gradient))

    def _miss(self, logits: Tensor, images: Tensor) -> Tensor:
        """Add up the error of reconstructions, and return its gradient by the logits."""
        value, gradient = objectives.reconstruction_loss(logits, images, 1 / self.group.size)
        self.sums[0] += value
        return gradient

    def _due(self, step: int) -> list[str]:  # noqa: ARG002
        """Which networks' gradients a step has written."""
        return list(self.masters)

    def _rate(self, name: str, step: int) -> float:  # noqa: ARG002
        return self.config.lr * self._course(step)

    def _course(self, step: int, floor: float = 0.0) -> float:
        """What share of the highest rate a step has."""
        return schedule.learning_rate((step + 1) / self.steps, floor, self.config.warm_up)

    def figures(self, batches: int) -> TrainingFigures:
        """The current epoch's figures so far; this waits for the device.

        Args:
            batches: steps taken in this epoch.
        """
        return TrainingFigures(mse=float(self._summed()[0]) / batches, detection=None)

    def finite(self) -> bool:
        """Whether the current epoch's error is a number so far; this waits for the device."""
        return math.isfinite(float(self.sums[0]))

    def sound(self) -> bool:
        """Whether the error, all weights and the optimizers' state are finite numbers."""
        kept = [value for master in self.masters.values() for value in master.state().values()]
        return self.finite() and all(bool(value.isfinite().all()) for value in kept)

    def _summed(self) -> Tensor:
        """The sums over all processes, which must all ask for them."""
        sums = self.sums.clone()
        self.group.sum(sums)
        return sums

    def satisfaction(self, code: Tensor, digits: Tensor) -> float | None:  # noqa: ARG002
        """Share of codes that pass for the prior; none without a discriminator."""
        return None

    def state(self) -> dict[str, Tensor]:
        """All tensors that going on needs, beside the averaged model, alike in all processes."""
        tensors = {"sums": self._summed()}
        for name, master in self.masters.items():
            tensors |= {f"{name}.{key}": value for key, value in master.state().items()}
        return tensors

    def restore(self, tensors: Mapping[str, Tensor], averaged: StyleAutoencoder) -> None:
        """Take over what `state` gave, and the averaged model that was saved with it.

        Raises:
            KeyError, RuntimeError: the tensors are not of such a run.
        """
        self.averaged.load_state_dict(averaged.state_dict())
        self.sums.copy_(tensors["sums"] / self.group.size)
        for name, master in self.masters.items():
            start = f"{name}."
            own = {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}
            master.restore(own)


def _networks(model: StyleAutoencoder) -> nn.Module:
    """What gradient descent trains of a model; the rest is set afterwards."""
    return nn.ModuleList([model.encoder, model.decoder])
