"""`generate-digits` and `stylespace generate`: digits in random or given styles."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stylespace.cli.common import (
    Parser,
    add_data,
    add_data_dir,
    add_session,
    run_command,
    session_directory,
)
from stylespace.cli.like import MOST_SHOWN, Hand, hand_like
from stylespace.config import PRECISIONS, check_seed
from stylespace.errors import UsageError

if TYPE_CHECKING:
    from torch import Tensor

    from stylespace.networks import StyleAutoencoder

__all__ = ["build_parser", "main", "run"]

DEFAULT_ROWS = 8
DEFAULT_OUTPUT = Path("digits.png")
LONG_NUMBER = 1000  # from here on, labels use powers of ten
TRAVERSED_DIGIT = 2  # its slant, loop and width all show
LARGEST_COUNT = 10**12  # no disk holds so many


class _Once(argparse.Action):
    """A flag that would silently mean its last value if it were given twice."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        if getattr(namespace, self.dest) is not None:
            parser.error(f"argument {option_string}: give it once, with one picture")
        setattr(namespace, self.dest, values)


def build_parser(prog: str | None = None) -> Parser:
    """The command's flags."""
    parser = Parser("MNIST Digit Generator: all digits in one style a row", prog)
    add_session(parser)
    parser.more.add_argument(
        "--count",
        type=int,
        metavar="N",
        help=f"rows, each in a random style (default: {DEFAULT_ROWS}); with --export, images",
    )
    parser.more.add_argument(
        "--seed",
        type=int,
        default=0,
        metavar="S",
        help="of the random styles; fewer of them are the first of more; it changes nothing where "
        "--style, --like or --traverse gives the style (default: %(default)s)",
    )
    parser.more.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help=f"where the sheet goes, .png, .jpg or .webp (default: {DEFAULT_OUTPUT})",
    )
    _add_styles(parser)
    _add_forms(parser)
    add_data(parser, "with --like, to learn to read digits from: ")
    add_data_dir(parser)
    return parser


def _add_styles(parser: Parser) -> None:
    add = parser.add_argument_group("styles of your own, in place of random ones").add_argument
    add(
        "--style",
        action="append",
        metavar="X,Y,...",
        help="a row in exactly this style, as 0.3,-1,0.5,2; give it again for another row",
    )
    add(
        "--like",
        type=Path,
        action=_Once,
        metavar="PICTURE",
        help="a row in the style of this photograph or drawing of one digit or several; the first "
        f"columns show what the model saw, {MOST_SHOWN} digits at most",
    )
    add(
        "--digit",
        metavar="D",
        help="the one digit on the --like picture (default: as it is read); the one that "
        f"--traverse shows (default: {TRAVERSED_DIGIT}, or the first on the --like picture); "
        "the only one in an --export (default: all)",
    )


def _add_forms(parser: Parser) -> None:
    group = parser.add_argument_group("other forms than a sheet with a column for each digit")
    form = group.add_mutually_exclusive_group()
    form.add_argument("--text", metavar="TEXT", help="a number, as 2026, in one style a row")
    form.add_argument(
        "--traverse",
        action="store_true",
        help="a row for each style dimension, which goes from -2.5 to 2.5 while the others stay "
        "0, or as --style or --like have them",
    )
    form.add_argument(
        "--export",
        metavar="FILE.npz",
        help="a data set of --count images with their digits and styles; a path that does not "
        "end in .npz is a directory for IDX files",
    )
    group.add_argument(
        "--precision",
        choices=PRECISIONS,
        help="of the products of an --export: auto, float32 or bf16, with which pixels are off by "
        "some of 255 levels at most (default: auto, bf16 where it is the faster)",
    )


def run(args: argparse.Namespace) -> None:
    """Draw a sheet, or export a data set, and say where it is.

    Raises:
        StylespaceError: a flag, the session or a picture is wrong, or a file cannot be written.
    """
    _check(args)
    from stylespace import checkpoint
    from stylespace.generation import class_names, named_digit

    directory = session_directory(args)
    model = checkpoint.load(directory)
    position = None if args.style or args.like else checkpoint.position_of(directory)
    if position and position.config.objective == "sae":
        print(
            f"{directory} holds a simple auto-encoder, whose styles are no Gaussian: not all that "
            "is drawn need be a digit (mnist-aae goes on from it, and makes them one)",
            file=sys.stderr,
        )
    if args.digit is not None:
        args.digit = named_digit(args.digit, class_names(model.config))
    if args.export:
        _export(args, model)
    else:
        _draw_sheet(args, model)


def _check(args: argparse.Namespace) -> None:
    """Refuse what cannot be meant, before torch is imported."""
    if args.count is not None and args.count < 1:
        raise UsageError("--count must be at least 1")
    if args.count is not None and args.count > LARGEST_COUNT:
        raise UsageError(f"--count must be at most {LARGEST_COUNT}")
    check_seed(args.seed)
    own = "--style" if args.style else "--like" if args.like else None
    if args.style and args.like:
        raise UsageError("--style and --like both give the style; leave one of them out")
    if args.digit is not None and not (args.like or args.traverse or args.export):
        raise UsageError("--digit goes with --like, --traverse or --export")
    if not args.like and (args.data is not None or args.data_dir is not None):
        raise UsageError("--data and --data-dir go with --like; other digits need no images")
    if args.precision and not args.export:
        raise UsageError("--precision goes with --export; sheets are drawn in float32")
    if args.export == "":
        raise UsageError("--export needs a name")
    if args.export:
        _refuse("--export", {own: own, "--output": args.output})
        if args.count is None:
            raise UsageError("how many images should --export write? Say it with --count")
    elif own or args.traverse:
        _refuse(own or "--traverse", {"--count": args.count})
    if args.traverse and args.style and len(args.style) > 1:
        raise UsageError("--traverse starts from one style; give --style once")


def _refuse(flag: str, others: dict[str | None, object]) -> None:
    for other, value in others.items():
        if value is not None:
            raise UsageError(f"{flag} and {other} do not go together; leave one of them out")


def _export(args: argparse.Namespace, model: StyleAutoencoder) -> None:
    from stylespace.data.loading import has_idx, is_picture_folder
    from stylespace.data.progress import bar
    from stylespace.export_set import SampleSet, is_npz, set_size, write_set
    from stylespace.generation import are_numbers, class_names
    from stylespace.hardware import choose

    dtype = choose("cpu", args.precision or "auto").dtype
    samples = SampleSet(
        model=model, count=args.count, seed=args.seed, digit=args.digit, dtype=dtype
    )
    path = Path(args.export)
    if is_picture_folder(str(path)):
        raise UsageError(f"{path} holds pictures, which a set there would hide; name another")
    if path.is_dir() and has_idx(path):
        raise UsageError(f"{path} holds another set, which would hide this one; name another")
    with bar(f"writing {path}", set_size(samples, path)) as advance:
        write_set(samples, path, advance)
    what = "image" if args.count == 1 else "images"
    if args.digit is not None:
        what += f" of the digit {class_names(model.config)[args.digit]}"
    print(f"{args.count} {what}, with digits and styles, written to {path}")
    if not is_npz(path) and not are_numbers(class_names(model.config)):
        print("(IDX files do not hold the classes' names; a path that ends in .npz does)")


def _draw_sheet(args: argparse.Namespace, model: StyleAutoencoder) -> None:
    import torch

    from stylespace import sheets
    from stylespace.generation import class_names, draw_rows, text_digits

    path = args.output or DEFAULT_OUTPUT
    sheets.check_picture_path(path)
    if args.like and path.exists() and args.like.exists() and path.samefile(args.like):
        raise UsageError(f"the sheet would replace {args.like}; name another --output")
    hand = hand_like(args, model) if args.like else None
    if args.traverse:
        images, rows, columns = _traversed(args, model, hand)
    else:
        names = class_names(model.config)
        if args.text is None:
            columns = list(names[: sheets.MOST_COLUMNS])
            digits = list(range(len(columns)))
        else:
            columns, digits = [], text_digits(args.text, names)
        count = len(args.style or ()) or (1 if args.like else args.count or DEFAULT_ROWS)
        sheets.check_sheet_size(count, len(digits))
        styles = _styles(args, model, hand, count)
        images = draw_rows(model, styles, digits)
        rows = [_label(style) for style in styles.tolist()]
    lead = 0
    if hand is not None:  # columns of their own, beside the first row
        lead = len(hand.images)
        first = torch.zeros(len(images), lead, *images.shape[2:], dtype=images.dtype)
        first[0] = hand.images
        images, columns = torch.cat([first, images], dim=1), ["seen"] * lead + columns
    picture = sheets.tile(images, row_labels=rows, column_labels=columns, lead=lead)
    sheets.write_picture(path, picture)
    print(f"{_what(args, model, len(images))} written to {path}")


def _styles(
    args: argparse.Namespace, model: StyleAutoencoder, hand: Hand | None, count: int
) -> Tensor:
    """`[rows, style_size]`: those asked for, else random ones."""
    import torch

    from stylespace.generation import parse_style, random_styles

    if args.style:
        return torch.stack([parse_style(text, model.style_size) for text in args.style])
    if hand is not None:
        return hand.style[None]
    return random_styles(count, model.style_size, args.seed)


def _traversed(
    args: argparse.Namespace, model: StyleAutoencoder, hand: Hand | None
) -> tuple[Tensor, list[str], list[str]]:
    """The images of `--traverse` with their rows' and columns' labels."""
    import torch

    from stylespace import sheets
    from stylespace.generation import TRAVERSED, draw, traverse

    sheets.check_sheet_size(model.style_size, len(TRAVERSED))
    centre = torch.zeros(model.style_size)
    if args.style or args.like:
        centre = _styles(args, model, hand, 1)[0]
    styles = traverse(centre).flatten(0, 1)
    if hand is not None:
        args.digit = hand.digit
    digit = torch.full((len(styles),), _traversed_digit(args, model))
    images = draw(model, styles, digit)
    return (
        images.view(model.style_size, len(TRAVERSED), *images.shape[1:]),
        [f"style {dimension + 1}" for dimension in range(model.style_size)],
        [_number(value, 1) for value in TRAVERSED],
    )


def _traversed_digit(args: argparse.Namespace, model: StyleAutoencoder) -> int:
    return min(TRAVERSED_DIGIT, model.config.classes - 1) if args.digit is None else args.digit


def _what(args: argparse.Namespace, model: StyleAutoencoder, rows: int) -> str:
    styles = "1 style" if rows == 1 else f"{rows} styles"
    if args.traverse:
        from stylespace.generation import class_names

        digit = class_names(model.config)[_traversed_digit(args, model)]
        return f"The digit {digit} along {model.style_size} style dimensions"
    if args.text is not None:
        return f"{args.text} in {styles}"
    from stylespace.sheets import MOST_COLUMNS

    classes = model.config.classes
    which = f"{classes}" if classes <= MOST_COLUMNS else f"The first {MOST_COLUMNS} of {classes}"
    return f"{which} digit{'s' if classes > 1 else ''} in {styles}"


def _label(style: list[float]) -> str:
    """A short style's numbers, a line each beside its row; a long one would not fit."""
    return "\n".join(_number(value, 2) for value in style) if len(style) <= 5 else ""


def _number(value: float, decimals: int) -> str:
    """A label's number. Its sign is a hyphen: Pillow's font has no minus and no dash."""
    if abs(value) >= LONG_NUMBER:
        return f"{value:.0e}"
    return f"{round(value, decimals) + 0.0:.{decimals}f}"  # adding 0 makes -0 a plain 0


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """`generate-digits`."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    return run_command(build_parser(prog), run, _with_negative_styles(arguments))


def _with_negative_styles(arguments: list[str]) -> list[str]:
    """Join `--style -1,2` to `--style=-1,2`: argparse takes what starts with - for a flag."""
    joined: list[str] = []
    for argument in arguments:
        if joined and joined[-1] == "--style" and argument[:2] != "--":
            joined[-1] = f"--style={argument}"
        else:
            joined.append(argument)
    return joined
