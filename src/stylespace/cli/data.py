"""`stylespace data inspect`: look over a data set before training on it."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path, PurePath

from stylespace.cli.common import DATA_SETS, Parser, add_data_dir, run_command
from stylespace.errors import UsageError

__all__ = ["build_parser", "main", "run"]

ACTIONS = ("inspect",)


def build_parser(prog: str | None = None) -> Parser:
    """The command's flags."""
    parser = Parser("Look over a data set: what is in it, as a table and as a sheet", prog)
    parser.seed.add_argument("action", choices=ACTIONS, help="what to do with it")
    parser.seed.add_argument("set", metavar="SET", help=DATA_SETS)
    add_data_dir(parser)
    parser.more.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="where the sheet goes, .png, .jpg or .webp (default: the set's name and .png)",
    )
    return parser


def run(args: argparse.Namespace) -> None:
    """Print the table and write the sheet.

    Raises:
        StylespaceError: the set is damaged or cannot be trained on, or the sheet not written.
    """
    from stylespace import sheets

    path = args.output or Path(f"{_name(args.set)}.png")
    sheets.check_picture_path(path)
    from stylespace.data.checks import examine
    from stylespace.data.inspection import sheet_of, table
    from stylespace.data.loading import is_picture_folder, left_out, read
    from stylespace.files import expanded

    train, test = read(args.set, args.data_dir)
    width = shutil.get_terminal_size().columns
    findings = examine(train, test, args.set)
    print(table(args.set, findings, train.class_names, width, left_out(args.set)))
    folder = expanded(args.set) if is_picture_folder(args.set) else None
    if folder and folder.resolve() in path.resolve().parents:
        raise UsageError(f"{path} would be one of the pictures of {folder}; name another --output")
    sheet = sheet_of(train, folder)
    picture = sheets.tile(sheet.images, scale=sheet.scale, row_labels=sheet.labels)
    sheets.write_picture(path, picture)
    what = "each picture above what became of it" if folder else "some images of each class"
    print(f"\n{what}: {path}")


def _name(data: str) -> str:
    name = PurePath(data.removeprefix("hf:")).name.replace(":", "-")
    name = name.removesuffix(".npz")
    if not name or name in (".", ".."):
        raise UsageError(f"what should the sheet of {data} be called? Say it with --output")
    return name


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """`stylespace data`."""
    return run_command(build_parser(prog), run, argv)
