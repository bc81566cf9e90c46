"""The adversarial training step, beside the simple one of `steps`."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from stylespace import objectives
from stylespace.config import IMAGE_SIDE, ModelConfig, TrainConfig
from stylespace.data.deform import Deformation
from stylespace.hardware import Hardware, sent
from stylespace.networks import Discriminator
from stylespace.noise import generator
from stylespace.training.distributed import Group, Parts
from stylespace.training.figures import TrainingFigures
from stylespace.training.master import MasterWeights
from stylespace.training.passes import Pass
from stylespace.training.steps import Trainer

__all__ = ["AdversarialTrainer", "make_trainer"]

JUDGE_EVERY = 2  # steps between two looks of the discriminator, weighted as many times more
HAND_EVERY = 2  # between two looks at the same hand, likewise
PENALTY_EVERY = 8  # between two gradient penalties, likewise; the discriminator looks on then
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


class AdversarialTrainer(Trainer):
    """Trains an adversarial auto-encoder: its codes also match the prior, digit by digit.

    A part of each batch is deformed. All of it is reconstructed; the discriminator sees the codes
    of the images that are left as they are, since those are the ones that should match the prior.

    Attributes:
        discriminator: in training, of the same type as the model.
    """

    discriminator: Discriminator

    def _build(self, model_config: ModelConfig) -> None:
        super()._build(model_config)
        length = math.sqrt(model_config.style_size / 4)  # of a style vector, beside size 4's
        self.adversarial_weight = self.config.adversarial_weight / length
        self.noise = self.config.code_noise * max(0.0, length - 1)
        self.discriminator = Discriminator(model_config).to(self.device)
        master = MasterWeights(self.discriminator, (0.5, 0.99), self.dtype)
        self.masters["discriminator"] = master
        self.judge = Pass(self.discriminator.layers)

    def _turn(self, step: int, every: int) -> bool:
        """Whether what is there every few steps is: in an epoch's first step, and so on."""
        return step % self.per_epoch % every == 0

    def _due(self, step: int) -> list[str]:
        return list(self.masters) if self._turn(step, JUDGE_EVERY) else ["model"]

    def _rate(self, name: str, step: int) -> float:
        if name == "model":
            return super()._rate(name, step)
        share = self.config.discriminator_rate * self._course(step, DISCRIMINATOR_FLOOR)
        return self.config.lr * share

    def _train(self, step: int, images: Tensor, digits: Tensor) -> None:
        # what is random is drawn for the whole batch, and each process takes its part of it
        stream = f"step after {self.epochs_before} epochs" if self.epochs_before else "step"
        random = generator(self.config.seed, stream, step)
        count = len(images) * self.group.size
        all_kept, parts = self._kept(count), self.parts(count)
        kept = parts.first.stop - parts.first.start
        if all_kept == count:
            code = self.encoder.forward(images, digits)
            noisy = code + self._noise((count,), parts, random)
            by_code = self._draw(noisy, digits, images)
        else:
            code, by_code = self._draw_deformed(step, images, digits, parts, random)
        if self._turn(step, JUDGE_EVERY):
            prior = torch.randn(all_kept, code.shape[1], generator=random, device="cpu")
            own, share = prior[parts.first], kept / all_kept
            fooling = self._judge(step, own, code[:kept], digits[:kept], share)
            by_code[:kept] += JUDGE_EVERY * self.adversarial_weight * fooling
        self.encoder.backward(by_code)

    def _draw_deformed(
        self, step: int, images: Tensor, digits: Tensor, parts: Parts, random: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """Draw images, the later ones deformed; return their codes and the gradients by those."""
        count = len(images) * self.group.size
        all_kept = self._kept(count)
        hands, kept = count - all_kept, parts.first.stop - parts.first.start
        originals, their_digits = images[kept:], digits[kept:]
        amount = self.config.deformation
        deformation = Deformation.draw(hands, amount, random, parts.second, self.device)
        shown = torch.cat([images[:kept], self._deform(originals, deformation)])
        if not self._turn(step, HAND_EVERY):
            code = self.encoder.forward(shown, digits)
            noisy = code + self._noise((all_kept, hands), parts, random)
            return code, self._draw(noisy, digits, shown)
        classes = self.model.config.classes
        others = torch.randint(classes, (hands,), generator=random, device="cpu")
        others = sent(others[parts.second], self.device)
        rows, told = torch.cat([shown, originals]), torch.cat([digits, their_digits])
        code = self.encoder.forward(rows, told)
        noisy = code + self._noise((all_kept, hands, hands), parts, random)
        share = len(others) / hands
        return code, self._draw_in_the_same_hand(noisy, digits, shown, others, deformation, share)

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
        return sent(noise, self.device, self.dtype)

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
        prior = sent(prior, self.device, self.dtype)
        style, digits = torch.cat([prior, code]), digits.repeat(2)
        logits = self.judge.forward(style, digits).flatten().float()
        gradient = objectives.discriminator_gradient(logits, share)
        by_style = self.judge.to_input(self.judge.backward(gradient.to(self.dtype).unsqueeze(1)))
        if self._turn(step, PENALTY_EVERY):
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
        mse, prior, code = self._summed().tolist()
        looks = -(-batches // JUDGE_EVERY)
        return TrainingFigures(mse=mse / batches, detection=(prior / looks, 1 - code / looks))

    @torch.no_grad()
    def satisfaction(self, code: Tensor, digits: Tensor) -> float | None:
        """Share of codes that the discriminator takes for the prior."""
        return float((self.discriminator(code.to(self.dtype), digits) > 0).float().mean())

    def _kept(self, count: int) -> int:
        """All but a quarter, at least one of two; all where nothing is deformed."""
        return count - max(1, int(DEFORMED * count)) if self.config.deformation else count
