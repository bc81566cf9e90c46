"""Ctrl-C, SIGTERM and a lost terminal as a wish: the loop finishes its step, saves, and ends."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Stop"]


class Stop:
    """While entered, the first SIGINT, SIGTERM or SIGHUP only sets `asked`; a second one acts.

    Args:
        once: with False no later one acts either: a launcher may pass the same wish on twice.

    Example:
        >>> with Stop() as stop:
        ...     stop.asked is None
        True
    """

    def __init__(self, once: bool = True) -> None:
        self._once = once
        self.asked: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stop:
        # signals can be set from the main thread alone: a library user's thread goes without
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, *_hangup()):
                self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._restore()

    def _ask(self, number: int, _: FrameType | None) -> None:
        self.asked = number
        if self._once:
            self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}


def _hangup() -> tuple[int, ...]:
    """The signal of a lost terminal, where there is one and nohup does not ignore it."""
    if not hasattr(signal, "SIGHUP") or signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return ()
    return (signal.SIGHUP,)
