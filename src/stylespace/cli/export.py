"""`stylespace export`: a page for others, an ONNX model or a Hub folder of a session."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from stylespace.cli.common import (
    Parser,
    add_data,
    add_data_dir,
    add_named_session,
    named_session,
    run_command,
)
from stylespace.errors import UsageError

__all__ = ["build_parser", "main", "run"]

KINDS = ("site", "page", "onnx", "hub")


def build_parser(prog: str | None = None) -> Parser:
    """The command's flags."""
    parser = Parser("Make a page for others, an ONNX model or a Hub folder of a session", prog)
    add_named_session(parser)
    add = parser.more.add_argument
    add(
        "--to",
        required=True,
        metavar="PATH",
        help="site/ (the studio's page for any web host), page.html (the same in one file that "
        "opens from disk), model.onnx, or hub-folder/ (for the Hugging Face Hub)",
    )
    add(
        "--as",
        dest="kind",
        choices=KINDS,
        help="what to make (default: by the name's ending; a folder with the word hub in its "
        "name is for the Hub, any other a site)",
    )
    add(
        "--compare",
        type=Path,
        action="append",
        default=[],
        metavar="SESSION",
        help="another session to show beside this one on the page",
    )
    add_data(parser)
    add_data_dir(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    """Write the export and say where it is.

    Raises:
        StylespaceError: a flag, the session or the data is wrong, a library is missing, or
            something cannot be written.
    """
    if not args.to:
        raise UsageError("--to needs a name")
    directory = named_session(args)
    from stylespace.studio.export import check_folder, kind_of

    kind, path = args.kind or kind_of(args.to), Path(args.to)
    if args.compare and kind in ("onnx", "hub"):
        raise UsageError("--compare is for a site or a page; leave it out")
    if kind in ("site", "hub"):
        check_folder(kind, path)
    if kind == "onnx":
        print(_onnx(directory, path))
    elif kind == "hub":
        print(_hub(directory, path))
    else:
        print(_page(args, directory, path, kind))


def _onnx(directory: Path, path: Path) -> str:
    from stylespace import checkpoint
    from stylespace.studio.onnx import write_onnx

    difference = write_onnx(checkpoint.load(directory), path)
    return f"{directory} written to {path}; at most {difference:.0e} from what PyTorch computes"


def _hub(directory: Path, path: Path) -> str:
    from stylespace.studio.assets import open_session
    from stylespace.studio.export import write_hub

    shown = open_session(directory, None)
    write_hub(path, shown)
    card = "" if shown.card else "; stylespace evaluate, and its model card has figures too"
    return f"{directory} written to {path}{os.sep}, as the Hugging Face Hub has it{card}"


def _page(args: argparse.Namespace, directory: Path, path: Path, kind: str) -> str:
    from stylespace.cli.progress import parts
    from stylespace.studio.export import write_page, write_site
    from stylespace.studio.session import studio_assets

    with parts() as (progress, say):
        assets = studio_assets(
            directory,
            args.compare,
            data=args.data,
            data_dir=args.data_dir,
            half=True,
            progress=progress,
            say=say,
        )
    if kind == "page":
        write_page(path, assets)
        return f"The studio of {directory} written to {path}: open it in a browser"
    write_site(path, assets)
    return f"The studio of {directory} written to {path}{os.sep}: put it on any web host"


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """`stylespace export`."""
    return run_command(build_parser(prog), run, argv)
