"""`mnist-sae`, `mnist-aae` and `stylespace train`: train an auto-encoder, or go on training it."""

from __future__ import annotations

import argparse
import contextlib
import functools
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stylespace.cli.common import DATA_SETS, Parser, add_data_dir, run_command
from stylespace.config import (
    DEFAULT_EPOCHS,
    DEVICES,
    PRECISIONS,
    ModelConfig,
    Objective,
    TrainConfig,
    session_name,
)
from stylespace.errors import UsageError
from stylespace.training.distributed import Group, joined, launched

if TYPE_CHECKING:
    from stylespace.data.images import LabelledImages
    from stylespace.data.loading import Sets
    from stylespace.training.loop import Ending
    from stylespace.training.plan import Plan
    from stylespace.training.report import Report

__all__ = ["build_parser", "main", "main_aae", "main_sae", "run"]

DESCRIPTIONS: dict[Objective, str] = {
    "sae": "MNIST Simple Auto-Encoder",
    "aae": "MNIST Adversarial Auto-Encoder",
}
SETTINGS = ("batch_size", "epochs", "lr", "seed")


def build_parser(objective: Objective | None, prog: str | None = None) -> Parser:
    """The flags of a training command.

    Args:
        objective: fixed by the seed's script names; with None there is a flag for it.
        prog: the command's name in its help.
    """
    description = DESCRIPTIONS[objective] if objective else "Train an auto-encoder"
    parser = Parser(description, prog)
    if objective is None:
        parser.seed.add_argument(
            "--objective",
            choices=list(DESCRIPTIONS),
            default="aae",
            help="sae: reconstruction alone; aae: the style space also becomes Gaussian "
            "(default: aae)",
        )
    _add_seed_flags(parser, objective)
    _add_further_flags(parser)
    return parser


def _add_seed_flags(parser: Parser, objective: Objective | None) -> None:
    epochs = (
        str(DEFAULT_EPOCHS[objective])
        if objective
        else ", ".join(f"{name} {count}" for name, count in DEFAULT_EPOCHS.items())
    )
    add = parser.seed.add_argument
    add(
        "--batch-size",
        type=int,
        metavar="B",
        help=f"batch size for training and testing (default: {TrainConfig.batch_size})",
    )
    add(
        "--epochs",
        type=int,
        metavar="E",
        help=f"number of epochs to train (default: {epochs})",
    )
    add(
        "--lr",
        type=float,
        help=f"learning rate with adam optimizer (default: {TrainConfig.lr})",
    )
    add(
        "--feature-size",
        type=int,
        default=ModelConfig.style_size,
        metavar="N",
        help="dimensions of the latent feature vector (default: %(default)s)",
    )
    add(
        "--ckpt-dir",
        type=Path,
        metavar="ckpt",
        help="training session directory (default: mnistN.ckpt) for storing model parameters "
        "and trainer states",
    )


def _add_further_flags(parser: Parser) -> None:
    parser.more.add_argument(
        "--seed",
        type=int,
        metavar="S",
        help=f"of the first weights, the order and all noise (default: {TrainConfig.seed})",
    )
    parser.more.add_argument(
        "--data",
        metavar="SET",
        help=f"{DATA_SETS} (default: {ModelConfig.data}; of a session that --ckpt-dir names, what "
        "it was trained on)",
    )
    add_data_dir(parser)
    parser.more.add_argument(
        "--image-dir",
        type=Path,
        metavar="DIR",
        help="where test images and their reconstructions go (default: images in the session)",
    )
    parser.more.add_argument(
        "--device",
        choices=DEVICES,
        default=DEVICES[0],
        help="what to train on (default: %(default)s, a GPU where there is one)",
    )
    parser.more.add_argument(
        "--precision",
        choices=PRECISIONS,
        default=PRECISIONS[0],
        help="of matrix products in training (default: %(default)s, bf16 where that is faster)",
    )
    parser.more.add_argument(
        "--detect-anomaly",
        action="store_true",
        help="look at all gradients in each step, and name the layer where they go wrong",
    )


def run(args: argparse.Namespace, objective: Objective | None = None) -> int:
    """Train, and say how it ended.

    Started by torchrun, each of its processes trains with its share of each batch.

    Returns:
        The exit code: 0, or 128 and the signal's number where one stopped the run.
    """
    objective = objective or args.objective
    asked: dict[str, Any] = {
        name: getattr(args, name) for name in SETTINGS if getattr(args, name) is not None
    }
    group = launched()
    # flags that cannot be meant are refused before torch is imported and MNIST is fetched
    try:
        ModelConfig(style_size=args.feature_size)
        TrainConfig(objective=objective, **{"epochs": DEFAULT_EPOCHS[objective], **asked})
        if group.rank == 0:  # no other writes images
            _check_image_dir(args.image_dir)
    except UsageError:
        if group.rank > 0:  # the first process says it for all
            sys.exit(1)
        raise
    with joined(group):
        ending = _train(args, objective, asked, group)
    if ending.remark and group.rank == 0:
        print(f"At the end: {ending.remark}")
    if ending.signal is None:
        return 0
    name = signal.Signals(ending.signal).name
    rest = "It is finished." if ending.finished else "The same command goes on from here."
    if group.rank == 0:
        print(f"Stopped by {name}; the session is saved. {rest}")
    return 128 + ending.signal


def _train(
    args: argparse.Namespace, objective: Objective, asked: dict[str, Any], group: Group
) -> Ending:
    from stylespace import checkpoint
    from stylespace.data.loading import lasting_name
    from stylespace.hardware import choose
    from stylespace.training.loop import fit
    from stylespace.training.plan import digest, make_plan

    hardware = group.together(
        lambda: choose(args.device, args.precision, group.local_rank, alone=group.size == 1)
    )
    first = group.rank == 0
    source = group.on_first(lambda: _source(args))
    train, test = group.one_before_the_rest(lambda: _images(args, source, remark=first))
    model_config = ModelConfig(
        style_size=args.feature_size,
        classes=len(train.class_names),
        data=lasting_name(source),
        class_names=train.class_names,
    )
    own = digest(train) if group.local_rank == 0 else None  # one of each machine looks
    data = group.together(lambda: group.alike(own, source))
    directory = args.ckpt_dir or Path(session_name(args.feature_size, source))
    with contextlib.ExitStack() as stack:
        group.on_first(lambda: stack.enter_context(checkpoint.session_lock(directory)))
        plan = group.on_first(lambda: make_plan(directory, model_config, objective, asked, data))
        report = stack.enter_context(_report(plan, train, first))
        watched, images = args.detect_anomaly, args.image_dir
        return fit(directory, plan, train, test, report, images, hardware, group, watched)


def _check_image_dir(directory: Path | None) -> None:
    """Refuse what no images can be written to, before an epoch has gone by."""
    for place in (directory, *directory.parents) if directory else ():
        if os.path.lexists(place) and not place.is_dir():
            raise UsageError(f"--image-dir {directory}: {place} is no directory")


def _source(args: argparse.Namespace) -> str:
    """The set to train on: the one asked for, that of the session to go on with, or MNIST."""
    from stylespace import checkpoint

    if args.data is None and args.ckpt_dir is not None and checkpoint.exists(args.ckpt_dir):
        return checkpoint.read_config(args.ckpt_dir).data
    return ModelConfig.data if args.data is None else str(args.data)


def _images(args: argparse.Namespace, source: str, *, remark: bool) -> Sets:
    from stylespace.data.loading import load, load_again

    again = load_again if args.data is None else load
    return again(source, args.data_dir, remark=remark)


@contextlib.contextmanager
def _report(plan: Plan, train: LabelledImages, first: bool) -> Iterator[Report]:
    """Where the run reports to: standard output, but from its first process only."""
    from stylespace.training.loop import total_steps
    from stylespace.training.report import Report, live_report

    if not first:
        yield Report(lambda _: None)
        return
    with live_report(total_steps(plan, train), plan.step) as report:
        if plan.message:
            report.say(plan.message)
        yield report


def main_sae(argv: Sequence[str] | None = None) -> int:
    """`mnist-sae`."""
    return _main("sae", argv)


def main_aae(argv: Sequence[str] | None = None) -> int:
    """`mnist-aae`."""
    return _main("aae", argv)


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """`stylespace train`."""
    return _main(None, argv, prog)


def _main(objective: Objective | None, argv: Sequence[str] | None, prog: str | None = None) -> int:
    parser = build_parser(objective, prog)
    return run_command(parser, functools.partial(run, objective=objective), argv)
