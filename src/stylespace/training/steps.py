"""One training step, simple or adversarial, and all the state that it changes."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from stylespace import objectives
from stylespace.config import ModelConfig, TrainConfig
from stylespace.data.deform import Deformation
from stylespace.hardware import Hardware
from stylespace.networks import IMAGE_SIDE, Discriminator, StyleAutoencoder
from stylespace.noise import generator
from stylespace.training import schedule
from stylespace.training.distributed import Group, Parts
from stylespace.training.figures import TrainingFigures
from stylespace.training.master import MasterWeights, flatten
from stylespace.training.passes import Pass

__all__ = ["AdversarialTrainer", "Trainer", "make_trainer"]

AVERAGE_EVERY = 8  # steps between two updates of the averaged weights
HAND_EVERY = 2  # steps between two looks at the same hand, each weighted as many times more
PENALTY_EVERY = 8  # steps between two gradient penalties, likewise
DEFORMED = 0.25  # share of a batch
DISCRIMINATOR_FLOOR = 0.5  # its rate falls less than the encoder's, so that it keeps up at the end


def make_trainer(
    model_config: ModelConfig,
    config: TrainConfig,
    steps: int,
    hardware: Hardware | None = None,
    group: Group | None = None,
) -> Trainer:
    """The trainer for the configuration's objective; the arguments are `Trainer`'s."""
    kind = AdversarialTrainer if config.objective == "aae" else Trainer
    return kind(model_config, config, steps, hardware, group)


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
        sums: over the current epoch's steps: squared error, then the shares
            of prior samples and of codes that the discriminator took for the prior; of several
            processes' each has its part.
    """

    def __init__(
        self,
        model_config: ModelConfig,
        config: TrainConfig,
        steps: int,
        hardware: Hardware | None = None,
        group: Group | None = None,
    ) -> None:
        self.config, self.steps, self.group = config, steps, group or Group()
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
        decay = self.config.weight_decay
        master = MasterWeights(_networks(self.model), (0.9, 0.99), self.dtype, decay)
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
        self._train(step, images.flatten(1).to(self.dtype).div_(255), digits)
        for name, master in self.masters.items():
            self.group.sum(master.gradient)
            master.descend(self._rate(name, step))
        if (step + 1) % AVERAGE_EVERY == 0 or step + 1 == self.steps:
            weight = schedule.averaging_weight(step, AVERAGE_EVERY)
            self._average.lerp_(self.masters["model"].flat, weight)

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

    def _rate(self, name: str, step: int) -> float:  # noqa: ARG002
        return self.config.lr * schedule.learning_rate((step + 1) / self.steps)

    def figures(self, batches: int) -> TrainingFigures:
        """The current epoch's figures so far; this waits for the device.

        Args:
            batches: steps taken in this epoch.
        """
        return TrainingFigures(mse=float(self._summed()[0]) / batches, detection=None)

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


class AdversarialTrainer(Trainer):
    """Trains an adversarial auto-encoder: its codes also match the prior, digit by digit.

    A part of each batch is deformed. All of it is reconstructed; the discriminator sees the codes
    of the images that are left as they are, since those are the ones that should match the prior.

    Attributes:
        discriminator: in training, of the same type as the model.
    """

    def _build(self, model_config: ModelConfig) -> None:
        super()._build(model_config)
        length = math.sqrt(model_config.style_size / 4)  # of a style vector, beside size 4's
        self.adversarial_weight = self.config.adversarial_weight / length
        self.noise = self.config.code_noise * max(0.0, length - 1)
        self.discriminator = Discriminator(model_config).to(self.device)
        master = MasterWeights(self.discriminator, (0.5, 0.99), self.dtype)
        self.masters["discriminator"] = master
        self.judge = Pass(self.discriminator.layers)

    def _rate(self, name: str, step: int) -> float:
        if name == "model":
            return super()._rate(name, step)
        course = schedule.learning_rate((step + 1) / self.steps, DISCRIMINATOR_FLOOR)
        return self.config.lr * self.config.discriminator_rate * course

    def _train(self, step: int, images: Tensor, digits: Tensor) -> None:
        # what is random is drawn for the whole batch, and each process takes its part of it
        random = generator(self.config.seed, "step", step)
        count = len(images) * self.group.size
        all_kept, parts = self._kept(count), self.parts(count)
        hands, kept = count - all_kept, parts.first.stop - parts.first.start
        originals, their_digits = images[kept:], digits[kept:]
        amount = self.config.deformation
        deformation = Deformation.draw(hands, amount, random, parts.second, self.device)
        shown = torch.cat([images[:kept], self._deform(originals, deformation)])
        if step % HAND_EVERY == 0:
            classes = self.model.config.classes
            others = torch.randint(classes, (hands,), generator=random, device="cpu")
            others = others[parts.second].to(self.device, non_blocking=True)
            rows, told = torch.cat([shown, originals]), torch.cat([digits, their_digits])
            code = self.encoder.forward(rows, told)
            noisy = code + self._noise((all_kept, hands, hands), parts, random)
            share = len(others) / hands
            by_code = self._draw_in_the_same_hand(noisy, digits, shown, others, deformation, share)
        else:
            code = self.encoder.forward(shown, digits)
            noisy = code + self._noise((all_kept, hands), parts, random)
            by_code = self._draw(noisy, digits, shown)
        prior = torch.randn(all_kept, code.shape[1], generator=random, device="cpu")[parts.first]
        fooling = self._judge(step, prior, code[:kept], digits[:kept], kept / all_kept)
        by_code[:kept] += self.adversarial_weight * fooling
        self.encoder.backward(by_code)

    def _noise(self, counts: tuple[int, ...], parts: Parts, random: torch.Generator) -> Tensor:
        """What is added to this process's codes, given how many the whole batch has in each part.

        With it a direction in which codes lie close together is of no use to the decoder: larger
        style vectors are drawn more readably.
        """
        size = self.model.config.style_size
        if self.noise == 0:
            return torch.zeros(1, size, device=self.device, dtype=self.dtype)
        drawn = [torch.randn(count, size, generator=random, device="cpu") for count in counts]
        taken = [drawn[0][parts.first], *(rows[parts.second] for rows in drawn[1:])]
        noise = self.noise * torch.cat(taken)
        return noise.to(self.device, self.dtype, non_blocking=True)

    def _deform(self, images: Tensor, deformation: Deformation) -> Tensor:
        deformed = deformation.apply(images.view(-1, 1, IMAGE_SIDE, IMAGE_SIDE).float())
        return deformed.to(self.dtype).flatten(1)

    def _draw_in_the_same_hand(
        self,
        code: Tensor,
        digits: Tensor,
        shown: Tensor,
        others: Tensor,
        deformation: Deformation,
        share: float,
    ) -> Tensor:
        """As `_draw`; besides, the hand of a deformed image is to be the deformed hand.

        Another digit drawn from the deformed image's code should look like that digit drawn from
        the original's code, and then deformed.

        Args:
            code: `[n + m, style_size]`, of the images shown and of the m deformed ones' originals.
            digits: `[n]`, of the images shown.
            shown: `[n, 784]`, the deformed ones last.
            others: `[m]`, the digits to draw.
            deformation: of the m images.
            share: of the whole batch's deformed images that these are.
        """
        count, hands = len(shown), len(others)
        codes = torch.cat([code[:count], code[count - hands :]])
        logits = self.decoder.forward(codes, torch.cat([digits, others, others]))
        by_shown, by_deformed, of_original = torch.split(logits, [count, hands, hands])
        gradient = self._miss(by_shown, shown)
        hand = self._deform(of_original.sigmoid(), deformation)
        of_hand = objectives.reconstruction_loss(by_deformed, hand, share).gradient
        weight = HAND_EVERY * self.config.same_hand_weight
        gradient = torch.cat([gradient, weight * of_hand])
        by_code = self.decoder.to_input(self.decoder.backward(gradient))
        by_code[count - hands : count] += by_code[count:]
        return by_code[:count]

    def _judge(
        self, step: int, prior: Tensor, code: Tensor, digits: Tensor, share: float
    ) -> Tensor:
        """Write the discriminator's gradients; return the encoder's by the codes.

        Args:
            step: its number in the run.
            prior: `[n, style_size]`, drawn from the prior.
            code: `[n, style_size]`, the codes.
            digits: `[n]`, of both.
            share: of the whole batch's codes that these are.
        """
        prior = prior.to(self.device, self.dtype, non_blocking=True)
        style, digits = torch.cat([prior, code]), digits.repeat(2)
        logits = self.judge.forward(style, digits).flatten().float()
        gradient = objectives.discriminator_gradient(logits, share)
        by_style = self.judge.to_input(self.judge.backward(gradient.to(self.dtype).unsqueeze(1)))
        if step % PENALTY_EVERY == 0:
            self._penalize(style, digits, share)
        self.sums[1:].add_((logits > 0).view(2, -1).float().mean(dim=1), alpha=share)
        on_code = logits[len(code) :]
        return objectives.adversarial_gradient(by_style[len(code) :].float(), on_code)

    @torch.inference_mode(mode=False)
    @torch.enable_grad()
    def _penalize(self, style: Tensor, digits: Tensor, share: float) -> None:
        """Add to the discriminator's gradients; a derivative's derivative is autograd's work."""
        style, digits = style.clone().requires_grad_(), digits.clone()
        penalty = objectives.gradient_penalty(self.discriminator(style, digits), style)
        weight = PENALTY_EVERY * self.config.gradient_penalty * share
        (weight * penalty).backward()  # type: ignore[no-untyped-call]

    def figures(self, batches: int) -> TrainingFigures:
        """The current epoch's figures so far; this waits for the device."""
        mse, prior, code = (self._summed() / batches).tolist()
        return TrainingFigures(mse=mse, detection=(prior, 1 - code))

    @torch.no_grad()
    def satisfaction(self, code: Tensor, digits: Tensor) -> float | None:
        """Share of codes that the discriminator takes for the prior."""
        return float((self.discriminator(code.to(self.dtype), digits) > 0).float().mean())

    def _kept(self, count: int) -> int:
        """All but a quarter; at least one of two."""
        return count - max(1, int(DEFORMED * count))


def _networks(model: StyleAutoencoder) -> nn.Module:
    """What gradient descent trains of a model; the rest is set afterwards."""
    return nn.ModuleList([model.encoder, model.decoder])
