"""`stylespace studio`: write one digit and see all ten in your hand, in the browser."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from stylespace.cli.common import (
    Parser,
    add_data,
    add_data_dir,
    add_named_session,
    named_session,
    run_command,
)
from stylespace.errors import UsageError

if TYPE_CHECKING:
    from stylespace.studio.server import StudioServer

__all__ = ["build_parser", "main", "run"]

PORT = 8228
LARGEST_PORT = 65_535
LOOPBACK = "127.0.0.1"
DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


def build_parser(prog: str | None = None) -> Parser:
    """The command's flags."""
    parser = Parser("Write one digit and see all ten in your hand, in the browser", prog)
    add_named_session(parser)
    add = parser.more.add_argument
    add(
        "--compare",
        type=Path,
        action="append",
        default=[],
        metavar="SESSION",
        help="another session whose style space and report card stand beside this one's; give it "
        "again for a third",
    )
    add("--no-open", action="store_true", help="print the address, and open no browser")
    add(
        "--port",
        type=int,
        metavar="P",
        help=f"of the address; 0 takes a free one (default: {PORT}, or a free one if it is taken)",
    )
    add(
        "--host",
        default=LOOPBACK,
        metavar="ADDRESS",
        help="where to listen (default: %(default)s, which only this machine reaches)",
    )
    add_data(parser)
    add_data_dir(parser)
    return parser


def run(args: argparse.Namespace) -> None:
    """Serve the page until Ctrl-C.

    Raises:
        StylespaceError: a flag, a session or the data is wrong, or the port is taken.
    """
    if args.port is not None and not 0 <= args.port <= LARGEST_PORT:
        raise UsageError(f"--port must be between 0 and {LARGEST_PORT}")
    directory = named_session(args)
    from stylespace.cli.progress import parts
    from stylespace.studio.page_files import page_files
    from stylespace.studio.server import is_loopback
    from stylespace.studio.session import studio_assets

    # the address is refused before anything slow begins; until it serves, a browser waits
    with _server(page_files(), args.host, args.port) as served:
        with parts() as (progress, say):
            served.add(
                studio_assets(
                    directory,
                    args.compare,
                    data=args.data,
                    data_dir=args.data_dir,
                    progress=progress,
                    say=say,
                )
            )
        if not is_loopback(str(served.server_address[0])):  # however that is spelled
            warning = "whoever reaches this machine on the network can open the page"
            print(f"--host {args.host}: {warning}", file=sys.stderr)
        with suppress(KeyboardInterrupt):  # whoever reads of it may use it at once
            print(f"The studio of {directory} is at {served.address} (Ctrl-C ends it)", flush=True)
            if not args.no_open:
                _open(served.address)
            served.serve_forever()


def _server(files: Mapping[str, bytes], host: str, port: int | None) -> StudioServer:
    """On the usual port, or on a free one if it is taken, where none was asked for."""
    from stylespace.studio.server import StudioServer

    if port is not None:
        return StudioServer(files, host, port)
    try:
        return StudioServer(files, host, PORT)
    except UsageError as error:
        with suppress(UsageError):
            return StudioServer(files, host, 0)
        raise error


def _open(address: str) -> None:
    """Open the browser where there is a display for it; one in a terminal would take ours."""
    import webbrowser

    graphical = sys.platform in ("win32", "darwin") or any(map(os.environ.get, DISPLAYS))
    if graphical:  # some browsers come back only when they are closed
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def main(argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """`stylespace studio`."""
    return run_command(build_parser(prog), run, argv)
