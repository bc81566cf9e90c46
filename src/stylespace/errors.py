"""What a user can get wrong, in words that say what to do.

Each message is one line. The commands print it and end with exit code 1; no traceback reaches a
user for something that a user can cause.
"""

from collections.abc import Sequence

__all__ = [
    "DataError",
    "SessionError",
    "StylespaceError",
    "TrainingError",
    "UsageError",
    "few",
    "first_line",
]


class StylespaceError(Exception):
    """Base of all errors that the user can mend; its text says how."""


class UsageError(StylespaceError):
    """A flag or an argument that cannot be meant."""


class DataError(StylespaceError):
    """Images or labels that are missing, damaged or of the wrong kind."""


class TrainingError(StylespaceError):
    """A training that cannot go on."""


class SessionError(StylespaceError):
    """A session directory that is missing, damaged or does not fit what is asked."""


def few(names: Sequence[str], most: int) -> str:
    """The first names of a list, as a message tells them."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def first_line(error: Exception) -> str:
    """What a library says of a failure, in a line; what the failure is called where it is mute."""
    return (str(error).splitlines() or [type(error).__name__])[0]
