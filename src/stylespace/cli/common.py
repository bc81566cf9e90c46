"""What all commands share: the form of their help, how they end, how they find the session."""

from __future__ import annotations

import argparse
import atexit
import errno
import gc
import io
import os
import re
import signal
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from stylespace.cli.cores import shared_cores
from stylespace.config import ModelConfig, session_name
from stylespace.data.catalog import names
from stylespace.errors import SessionError, StylespaceError, UsageError

__all__ = [
    "DATA_SETS",
    "Parser",
    "add_data",
    "add_data_dir",
    "add_named_session",
    "add_session",
    "guarded",
    "named_session",
    "run_command",
    "session_directory",
]

INTERRUPTED = 130
LONGEST_NAME = 200  # characters of a file's name in a message
NO_MEMORY = re.compile("can't allocate memory|not enough memory|out of memory")  # torch's words
_no_handle_left = os.strerror(errno.EMFILE)
DATA_SETS = (
    f"{', '.join(names())}; a directory of IDX files, or of pictures in a subfolder for each "
    "class; an .npz file; or hf:NAME of the Hugging Face Hub"
)


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` whose help has the seed's flags first and the newer ones after them."""

    _actions: list[argparse.Action]

    def __init__(self, description: str, prog: str | None = None) -> None:
        super().__init__(description=description, prog=prog, add_help=False, allow_abbrev=False)
        self.register("type", Path, _path)
        self.seed = self.add_argument_group("optional arguments")
        self.seed.add_argument(
            "-h", "--help", action="help", help="show this help message and exit"
        )
        self.more = self.add_argument_group("further arguments")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """As the original, but `--flag=--` gives no value; there it gives an empty list."""
        found, rest = super().parse_known_args(args, namespace)
        for action in self._actions:
            value = getattr(found, action.dest, None)
            if action.nargs is not None or value == action.default:
                continue
            if isinstance(value, list) and (not value or [] in value):
                self.error(f"argument {'/'.join(action.option_strings)}: expected one argument")
        return found, rest


def _path(text: str) -> Path:
    """A flag's path. An empty one, as of a variable that is not set, is no word for `.`."""
    if not text:
        raise argparse.ArgumentTypeError("it needs a name")
    return Path(text)


def add_session(parser: Parser) -> None:
    """The two flags by which every command finds a session."""
    parser.seed.add_argument(
        "--feature-size",
        type=int,
        metavar="N",
        help="dimensions of the latent feature vector "
        f"(default: {ModelConfig.style_size}); finds the default session",
    )
    parser.seed.add_argument(
        "--ckpt-dir",
        type=Path,
        metavar="ckpt",
        help="training session directory (default: mnistN.ckpt)",
    )


def add_named_session(parser: Parser) -> None:
    """The flags of `add_session`, and the session as the command's first word."""
    parser.seed.add_argument(
        "session",
        nargs="?",
        type=Path,
        metavar="SESSION",
        help="the session directory, as --ckpt-dir",
    )
    add_session(parser)


def add_data(parser: Parser, what_for: str = "") -> None:
    """Which images to look at a trained model with."""
    parser.more.add_argument(
        "--data",
        metavar="SET",
        help=f"{what_for}{DATA_SETS} (default: what the session was trained on)",
    )


def add_data_dir(parser: Parser) -> None:
    """Where the data set's own files are."""
    parser.more.add_argument(
        "--data-dir",
        type=Path,
        metavar="DIR",
        help="directory with the IDX files, raw or .gz (default: the user's cache, filled on "
        "first use)",
    )


def session_directory(args: argparse.Namespace) -> Path:
    """The session that the flags of `add_session` name.

    Raises:
        SessionError: there is none, or its style size is not the one asked for.
    """
    from stylespace.checkpoint import read_config

    asked: int | None = args.feature_size
    directory = args.ckpt_dir or Path(session_name(asked or ModelConfig.style_size))
    size = read_config(directory).style_size
    if asked is not None and asked != size:
        raise SessionError(
            f"{directory} holds a model of style size {size}, not {asked}: leave "
            "--feature-size out"
        )
    return Path(directory)


def named_session(args: argparse.Namespace) -> Path:
    """The session that the first word or the flags of `add_named_session` name.

    Raises:
        UsageError: both do.
        SessionError: there is none, or its style size is not the one asked for.
    """
    if args.session is not None and args.ckpt_dir is not None:
        raise UsageError(f"{args.session} and --ckpt-dir {args.ckpt_dir}: name one session")
    args.ckpt_dir = args.session or args.ckpt_dir
    return session_directory(args)


def run_command(
    parser: argparse.ArgumentParser,
    run: Callable[[argparse.Namespace], int | None],
    argv: Sequence[str] | None,
) -> int:
    """Parse, run, and turn what a user can cause into one line and an exit code.

    Raises:
        SystemExit: the flags cannot be parsed, or SIGTERM or SIGHUP came; whatever was half
            written is removed.
    """
    return guarded(parser.prog, lambda: run(parser.parse_args(argv)))


def guarded(prog: str, action: Callable[[], int | None]) -> int:
    """Do what prints results, and turn what a user can cause into one line and an exit code.

    Raises:
        SystemExit: as `run_command`.
    """
    atexit.register(gc.freeze)  # else Python looks through all of torch for cycles before it ends
    if isinstance(sys.stdout, io.TextIOWrapper):  # not every terminal has every class's letters
        sys.stdout.reconfigure(errors="replace")
    if sys.stderr is None:  # closed: `print` would put our errors among the results
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115
    try:
        return _ended(prog, action)
    finally:
        _let_go_of_output()


def _ended(prog: str, action: Callable[[], int | None]) -> int:
    try:
        with shared_cores(), _unwound_by_signals():
            code = _written(action)
        return code or 0
    except StylespaceError as error:
        print(f"{prog}: {_plain(str(error))}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{prog}: interrupted", file=sys.stderr)
        return INTERRUPTED
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and not NO_MEMORY.search(str(error)):
            raise
        print(f"{prog}: out of memory; close other programs or ask for less", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader of our lines has gone: nothing is left to tell
        sys.stderr.close()
        return 1
    except (OSError, ImportError) as error:
        if isinstance(error, ImportError) and _no_handle_left not in str(error):
            raise  # a fault of this program, or of how it was installed
        print(f"{prog}: {_reason(error)}", file=sys.stderr)
        return 1


def _plain(text: str) -> str:
    """One line that moves no terminal: a file's name in it may have a line break, or an escape."""
    line = " ".join(text.split())
    return "".join("?" if unicodedata.category(letter) == "Cc" else letter for letter in line)


def _written(action: Callable[[], int | None]) -> int | None:
    """Do it, and have all that it printed written while a failure can still be told."""
    try:
        code = action()
    except SystemExit:  # the help, for one
        _flush()
        raise
    _flush()
    return code


def _flush() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _let_go_of_output() -> None:
    """Drop what cannot be written, or else Python tries once more at its end, and complains."""
    try:
        _flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _reason(error: OSError | ImportError) -> str:
    """What the system had against it: a disk, a name, a right, or no file handle left."""
    number = error.errno if isinstance(error, OSError) else errno.EMFILE
    if number in (errno.EMFILE, errno.ENFILE):
        return f"{_no_handle_left}; close some programs, or raise the limit (ulimit -n)"
    text = os.strerror(number) if number else " ".join(str(error).split())
    name = getattr(error, "filename", None)
    return f"{text}: {str(name)[:LONGEST_NAME]}" if name else text


@contextmanager
def _unwound_by_signals() -> Iterator[None]:
    """Let SIGTERM or a lost terminal end the command from inside, as Ctrl-C does: it tidies up."""
    # only the main thread can set signals; whoever calls us and handles one, or ignores it as
    # nohup does, knows why
    main = threading.current_thread() is threading.main_thread()
    known = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    own = [number for number in known if main and signal.getsignal(number) is signal.SIG_DFL]
    asked = list[int]()

    def leave(number: int, _: FrameType | None) -> None:
        asked.append(number)
        sys.exit(128 + number)

    for number in own:
        signal.signal(number, leave)
    try:
        yield
    except Exception:
        if not asked:
            raise
    finally:
        for number in own:
            signal.signal(number, signal.SIG_DFL)
    if asked:  # and yet we are here: what was being imported took the exit for a fault of its own
        sys.exit(128 + asked[0])
