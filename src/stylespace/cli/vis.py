"""`encoder-vis` and `stylespace vis`: the style space as a scatter matrix."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from stylespace.cli.common import (
    Parser,
    add_data,
    add_data_dir,
    add_session,
    run_command,
    session_directory,
)
from stylespace.config import check_seed
from stylespace.errors import UsageError

__all__ = ["build_parser", "main", "run"]

FORMATS = (".svg", ".png", ".pdf")
DEFAULT_OUTPUT = Path("style-space.png")


def build_parser(prog: str | None = None) -> Parser:
    """The command's flags."""
    parser = Parser("MNIST Encoder Style Space Visualization", prog)
    parser.seed.add_argument(
        "--sample-size",
        type=int,
        default=500,
        metavar="S",
        help="number of random test images to visualize (default: %(default)s)",
    )
    add_session(parser)
    parser.more.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help=f"write the plot to a file, {', '.join(FORMATS)} (default: a window where there is "
        f"a display, else {DEFAULT_OUTPUT})",
    )
    parser.more.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="S",
        help="of the random choice of test images (default: %(default)s)",
    )
    add_data(parser)
    add_data_dir(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    """Draw the style vectors of a sample of test images, in a window or to a file.

    Raises:
        StylespaceError: a flag, the session or the data is wrong, or matplotlib is missing.
    """
    _check(args)
    from stylespace import checkpoint, figures
    from stylespace.data.loading import load_for

    figures.require_matplotlib()
    directory = session_directory(args)
    model = checkpoint.load(directory)
    _, test = load_for(model.config, args.data, args.data_dir)
    sample = figures.random_sample(test, args.sample_size, args.seed)
    style = model.encode(sample.floats(), sample.digits)

    figure = None if args.output else figures.window_figure()
    drawn = figures.scatter_matrix(
        style,
        sample.digits,
        sample.class_names,
        title=f"Style space of {directory.name}",
        note=f"{len(sample)} test images",
        figure=figure,
    )
    if figure is not None:
        print(f"Showing {len(sample)} test images in a window; close it to go on.", flush=True)
        figures.show_window(figure)
        return
    path = args.output or DEFAULT_OUTPUT
    figures.write_figure(path, drawn)
    why = "" if args.output else "; there is no display to show it on"
    print(f"Scatter matrix of {len(sample)} test images written to {path}{why}")


def _check(args: argparse.Namespace) -> None:
    if args.sample_size < 1:
        raise UsageError("--sample-size must be at least 1")
    check_seed(args.seed)
    if args.output is not None and args.output.suffix.lower() not in FORMATS:
        raise UsageError(f"--output {args.output} must end in one of {', '.join(FORMATS)}")


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """`encoder-vis`."""
    return run_command(build_parser(prog), run, argv)
