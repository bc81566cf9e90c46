"""`stylespace evaluate`: a report card of a trained model, or a study of several style sizes."""

from __future__ import annotations

import argparse
import functools
import glob
import os
import shlex
import shutil
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stylespace.cli.common import (
    DATA_SETS,
    Parser,
    add_data_dir,
    add_named_session,
    named_session,
    run_command,
)
from stylespace.cli.progress import parts
from stylespace.config import DEFAULT_EPOCHS, ModelConfig, TrainConfig, check_seed
from stylespace.errors import SessionError, UsageError

if TYPE_CHECKING:
    from stylespace.evaluation.study import Result, Study

__all__ = ["build_parser", "main", "run"]

STUDY_FLAGS = ("seeds", "epochs", "study_dir", "output")
PAGE, PICTURES = "results.md", "images"


def build_parser(prog: str | None = None) -> Parser:
    """The flags of the command."""
    parser = Parser("Measure what a trained model really does", prog)
    add_named_session(parser)
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
        help="of all samples, splits and fresh classifiers (default: 0)",
    )
    add_data_dir(parser)
    _add_study_flags(parser)
    return parser


def _add_study_flags(parser: Parser) -> None:
    add = parser.add_argument_group("a study of several style sizes").add_argument
    add(
        "--study",
        metavar="SIZES",
        help="train and evaluate sessions of these style sizes, as 2,4,8,16,32, and write a page "
        "that compares them; stopped, the same command goes on",
    )
    add(
        "--seeds",
        metavar="SEEDS",
        help="training seeds, as 0,1,2: each size has a session for each "
        f"(default: {TrainConfig.seed})",
    )
    add(
        "--epochs",
        type=int,
        metavar="E",
        help=f"number of epochs to train (default: {DEFAULT_EPOCHS['aae']})",
    )
    add(
        "--study-dir",
        type=Path,
        metavar="DIR",
        help="where the sessions are (default: study)",
    )
    add(
        "--output",
        type=Path,
        metavar="FILE",
        help=f"the page; its picture goes into {PICTURES} beside it (default: {PAGE} in the "
        "study's directory)",
    )
    add(
        "--data",
        metavar="SET",
        help=f"{DATA_SETS} (default: of a study {ModelConfig.data}, else what the session was "
        "trained on)",
    )


def run(args: argparse.Namespace) -> int:
    """Evaluate, print the card, write the report; or conduct a study."""
    check_seed(args.seed)
    if args.study is not None:
        return _run_study(args)
    for name in STUDY_FLAGS:
        if getattr(args, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')} belongs to a study: add --study SIZES")
    return _run_session(args)


def _run_session(args: argparse.Namespace) -> int:
    directory = _directory(args)
    from stylespace import checkpoint
    from stylespace.data.loading import lasting_name, load_for
    from stylespace.evaluation import card
    from stylespace.evaluation.reader import cached_reader
    from stylespace.evaluation.session import check_same, evaluate_session, has_full
    from stylespace.evaluation.text import card_text

    card.check_installed()
    _check_trained(directory)
    model = checkpoint.load(directory)
    train, test = load_for(model.config, args.data, args.data_dir)
    data = None if args.data is None else lasting_name(args.data)
    card.check_data(model.config, train, test, data)
    with parts() as (progress, say):
        reader = cached_reader(train, functools.partial(progress, "reader"), say)
        report = evaluate_session(
            directory,
            model,
            train,
            test,
            reader,
            data=data,
            quick=args.quick,
            seed=args.seed,
            progress=progress,
        )
    kept = args.quick and has_full(directory, model, train, test)
    try:  # first of all: on a full disk, the card is what minutes of work leave
        print(card_text(report, shutil.get_terminal_size().columns))
    finally:
        if not kept:
            check_same(directory, report)
            card.write_report(directory, report)
    if kept:
        print(f"\nnot written: {directory / 'report.html'} is the full report already")
        return 0
    print(f"\nwritten to {directory / 'report.html'} and report.json")
    return 0


def _run_study(args: argparse.Namespace) -> int:
    sizes = _numbers("--study", args.study, lambda size: ModelConfig(style_size=size))
    asked_seeds = str(TrainConfig.seed) if args.seeds is None else args.seeds
    seeds = _numbers("--seeds", asked_seeds, lambda seed: TrainConfig(seed=seed))
    if args.epochs is not None:
        TrainConfig(epochs=args.epochs)
    _refuse_session(args)
    output = _study_output(args)
    from stylespace.data.loading import load
    from stylespace.evaluation import card, study
    from stylespace.figures import require_matplotlib

    card.check_installed()
    require_matplotlib()
    whole = study.Study(
        sizes=sizes,
        seeds=seeds,
        directory=_study_directory(args),
        data=ModelConfig.data if args.data is None else args.data,
        epochs=args.epochs or DEFAULT_EPOCHS["aae"],
        quick=args.quick,
        seed=args.seed,
    )
    train, test = load(whole.data, args.data_dir)
    study.check_study(whole, train, test)
    stopped = study.train_sessions(whole, train, test, parts)
    if stopped is not None:
        name = signal.Signals(stopped).name
        print(f"Stopped by {name}; the session is saved. The same command goes on from here.")
        return 128 + stopped
    results = study.evaluate_sessions(whole, train, test, parts)
    _write_study(whole, results, output, _command(args))
    print(f"written to {output} and {_picture(output)}")
    return 0


def _write_study(study: Study, results: Sequence[Result], output: Path, command: str) -> None:
    from stylespace.evaluation.study_page import HEADING, figure_note, page
    from stylespace.evaluation.study_table import panels
    from stylespace.figures import size_panels, write_figure
    from stylespace.files import start_of
    from stylespace.output import replaced

    figure = size_panels(
        panels(results), title="What the style size does", note=figure_note(study, results)
    )
    picture = _picture(output)
    beside = sorted(output.parent.glob(f"{glob.escape(output.stem)}-*.md"))
    others = [path.name for path in beside if start_of(path).startswith(HEADING)]
    text = page(
        study,
        results,
        command=command,
        picture=picture.relative_to(output.parent).as_posix(),
        others=others,
    )
    write_figure(picture, figure)
    with replaced(output) as part:
        part.write_text(text, encoding="utf-8")


def _picture(page: Path) -> Path:
    return page.parent / PICTURES / f"{page.stem}.png"


def _numbers(flag: str, text: str, check: Callable[[int], object]) -> tuple[int, ...]:
    """The numbers of a list such as 2,4,8, ascending, each one allowed and there once."""
    numbers = []
    for part in text.split(","):
        try:
            numbers.append(int(part))
            check(numbers[-1])
        except UsageError as error:
            raise UsageError(f"{flag} {text}: {part.strip()}: {error}") from None
        except ValueError:
            raise UsageError(
                f"{flag} {text!r}: {part.strip()!r} is no whole number; give them as 2,4,8"
            ) from None
    if len(set(numbers)) < len(numbers):
        raise UsageError(f"{flag} {text}: each number may be there once")
    return tuple(sorted(numbers))


def _study_directory(args: argparse.Namespace) -> Path:
    directory: Path = args.study_dir or Path("study")
    return directory


def _refuse_session(args: argparse.Namespace) -> None:
    given = {
        "SESSION": args.session,
        "--ckpt-dir": args.ckpt_dir,
        "--feature-size": args.feature_size,
    }
    for name, value in given.items():
        if value is not None:
            raise UsageError(f"{name} {value}: a study has sessions of its own; leave it out")


def _study_output(args: argparse.Namespace) -> Path:
    """The page's path; what would fail only after hours of training is refused now."""
    output: Path = args.output or _study_directory(args) / PAGE
    if output.is_dir():
        raise UsageError(f"--output {output} is a directory: name a file in it, as {PAGE}")
    for path in (output.parent, _study_directory(args)):
        _check_writable(path)
    return output


def _check_writable(directory: Path) -> None:
    there = directory.absolute()
    while not there.exists():
        there = there.parent
    if not there.is_dir():
        raise UsageError(f"cannot write into {directory}: {there} is a file")
    if not os.access(there, os.W_OK):
        raise UsageError(f"cannot write into {directory}: {there} is read-only")


def _command(args: argparse.Namespace) -> str:
    """The study's command as it was meant, for the page."""
    words = ["stylespace", "evaluate", "--study", args.study]
    for name in (*STUDY_FLAGS, "data", "data_dir"):
        if getattr(args, name) is not None:
            words += [f"--{name.replace('_', '-')}", str(getattr(args, name))]
    if args.seed:
        words += ["--seed", str(args.seed)]
    return shlex.join([*words, "--quick"] if args.quick else words)


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """`stylespace evaluate`."""
    return run_command(build_parser(prog), run, argv)


def _directory(args: argparse.Namespace) -> Path:
    """The session, by name or by flags; refused before anything slow begins."""
    directory = named_session(args)
    if not os.access(directory, os.W_OK):
        raise SessionError(f"cannot write the report into {directory}: it is read-only")
    return directory


def _check_trained(directory: Path) -> None:
    """Refuse a session whose training never took a step; the rest of its state is not needed."""
    from stylespace.checkpoint import position_of

    position = position_of(directory)
    if position and position.step <= 0 and position.epochs_before <= 0:
        raise SessionError(f"{directory} is not trained yet: train it first")
