"""`stylespace evaluate`: a report card of a trained model."""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from stylespace.cli.common import Parser, add_data_dir, add_session, run_command, session_directory

__all__ = ["build_parser", "main", "run"]


def build_parser(prog: str | None = None) -> Parser:
    """The flags of the command."""
    parser = Parser("Measure what a trained model really does", prog)
    parser.seed.add_argument(
        "session",
        nargs="?",
        type=Path,
        metavar="SESSION",
        help="the session directory, as --ckpt-dir",
    )
    add_session(parser)
    add = parser.more.add_argument
    add(
        "--quick",
        action="store_true",
        help="fewer samples and repeats: under half a minute, for a first look",
    )
    add(
        "--seed",
        type=int,
        default=0,
        metavar="N",
        help="of all samples, splits and classifiers (default: 0)",
    )
    add_data_dir(parser)
    return parser


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the card, write the report."""
    directory = _directory(args)
    from stylespace import checkpoint
    from stylespace.data.loading import load
    from stylespace.evaluation import card
    from stylespace.evaluation.reader import cached_reader
    from stylespace.evaluation.text import card_text

    card.check_installed()
    _check_trained(directory)
    model = checkpoint.load(directory)
    train, test = load(model.config.data, args.data_dir)
    card.check_data(model, train, test)
    with _progress() as (progress, say):
        reader = cached_reader(train, functools.partial(progress, "reader"), say)
        report = card.evaluate(
            model,
            train,
            test,
            reader,
            name=directory.name or str(directory),
            quick=args.quick,
            seed=args.seed,
            progress=progress,
        )
    card.write_report(directory, report)
    print(card_text(report, shutil.get_terminal_size().columns))
    print(f"\nwritten to {directory / 'report.html'} and report.json")
    return 0


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """`stylespace evaluate`."""
    return run_command(build_parser(prog), run, argv)


def _directory(args: argparse.Namespace) -> Path:
    """The session, by name or by flags; refused before anything slow begins."""
    from stylespace.errors import SessionError, UsageError

    if args.session is not None and args.ckpt_dir is not None:
        raise UsageError(f"{args.session} and --ckpt-dir {args.ckpt_dir}: name one session")
    if not 0 <= args.seed < 2**31:
        raise UsageError("--seed must be between 0 and 2147483647")
    args.ckpt_dir = args.session or args.ckpt_dir
    directory = session_directory(args)
    if not os.access(directory, os.W_OK):
        raise SessionError(f"cannot write the report into {directory}: it is read-only")
    return directory


def _check_trained(directory: Path) -> None:
    """Refuse a session whose training never took a step; the rest of its state is not needed."""
    import json

    from stylespace.checkpoint import TRAINER
    from stylespace.errors import SessionError

    try:
        state = json.loads((directory / TRAINER).read_text())
        trained = state["step"] > 0 or state["epochs_before"] > 0
    except (OSError, ValueError, KeyError, TypeError):
        return  # a model by itself, from elsewhere
    if not trained:
        raise SessionError(f"{directory} is not trained yet: train it first")


@contextmanager
def _progress() -> Iterator[tuple[Callable[[str, float], None], Callable[[str], None]]]:
    """What shows the share that is done of each part, on a terminal, and what says a line."""
    if not sys.stderr.isatty():
        yield lambda _name, _share: None, functools.partial(print, file=sys.stderr, flush=True)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<16}"), BarColumn(), TimeElapsedColumn())
    console = Console(stderr=True, highlight=False, markup=False)
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, int] = {}

        def progress(name: str, share: float) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=1.0)
            bars.update(tasks[name], completed=share)  # type: ignore[arg-type]

        yield progress, console.print
