"""`stylespace COMMAND ...`: all commands under one name."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Sequence

from stylespace import __version__
from stylespace.cli.common import guarded

__all__ = ["main"]

COMMANDS = {
    "data": "look over a data set before training on it",
    "train": "train a simple or an adversarial auto-encoder",
    "vis": "draw the style space as a scatter matrix",
    "generate": "draw digits in random or given styles",
    "evaluate": "measure what a trained model really does",
    "studio": "write one digit and see all ten in your hand, in the browser",
    "export": "make a page, an ONNX model or a Hub folder of a session",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the first argument names; its module is imported only then."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    name = arguments[0] if arguments else "--help"
    if name in COMMANDS:
        module = importlib.import_module(f"stylespace.cli.{name}")
        code: int = module.main(arguments[1:], prog=f"stylespace {name}")
        return code
    told = {"--version": f"stylespace {__version__}", "-h": usage(), "--help": usage()}
    if name in told:
        return guarded("stylespace", lambda: print(told[name]))
    return guarded("stylespace", functools.partial(_unknown, name))


def _unknown(name: str) -> int:
    print(f"stylespace: no command {name!r}; there are: {', '.join(COMMANDS)}", file=sys.stderr)
    return 2


def usage() -> str:
    """The list of commands."""
    lines = [f"  {name:<10} {meaning}" for name, meaning in COMMANDS.items()]
    return "\n".join(
        [
            "usage: stylespace COMMAND [...]",
            "",
            "Handwriting style, apart from the digit.",
            "",
            *lines,
            "",
            "stylespace COMMAND --help tells the flags of each.",
        ]
    )
