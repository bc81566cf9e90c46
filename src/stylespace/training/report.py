"""What a training run tells its user: the seed's lines, the health of the style space, a bar."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from stylespace.training.figures import TrainingFigures, ValidationFigures

__all__ = ["Report", "live_report"]

Advance = Callable[[int], None]


class Report:
    """Prints lines; where there is a terminal, a progress bar runs below them.

    Args:
        say: prints one line.
        advance: tells the bar how many steps are done; costs next to nothing.

    Attributes:
        lost: why nothing can be told any more, as when a terminal was closed; None while it can.
    """

    def __init__(self, say: Callable[[str], None], advance: Advance = lambda _: None) -> None:
        self._print, self.advance = say, advance
        self.lost: OSError | None = None

    def say(self, line: str) -> None:
        """Print a line; a first failure is kept for the loop, which has an epoch to save."""
        if self.lost is None:
            try:
                self._print(line)
            except OSError as error:
                self.lost = error

    def batch(self, epoch: int, batch: int, mse: float) -> None:
        """The running figure of an epoch."""
        self.say(f"[Epoch {epoch} Batch {batch}] Training: mse={mse:.4f}")

    def training(self, epoch: int, figures: TrainingFigures) -> None:
        """The figures of a whole epoch."""
        self.say(f"[Epoch {epoch}] Training:")
        self.say(f"  AutoEncoder: mse={figures.mse:.4f}")
        if figures.detection is not None:
            prior, code = figures.detection
            self.say(f"  GaussDiscriminator: actual gauss detection accuracy={prior:.4f}")
            self.say(f"  GaussDiscriminator: feature space detection accuracy={code:.4f}")

    def validation(self, epoch: int, figures: ValidationFigures) -> None:
        """The figures on the test images."""
        self.say(f"[Epoch {epoch}] Validation:")
        self.say(f"  AutoEncoder: mse={figures.mse:.4f}")
        if figures.satisfaction is not None:
            share = f"{figures.satisfaction:.4f}"
            self.say(f"  GaussDiscriminator: feature space satisfaction accuracy={share}")


@contextmanager
def live_report(steps: int, done: int) -> Iterator[Report]:
    """A `Report` on standard output, with a progress bar if that is a terminal.

    Args:
        steps: of the whole run.
        done: steps that an earlier process took.
    """
    if sys.stdout is None or not sys.stdout.isatty():
        yield Report(lambda line: print(line, flush=True))
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    # five redraws a second: drawing on every step would cost more than the step
    columns = (TextColumn("training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    with Progress(*columns, console=console, transient=True, refresh_per_second=5) as progress:
        task = progress.add_task("training", total=steps, completed=done)
        yield Report(progress.console.print, lambda step: progress.update(task, completed=step))
