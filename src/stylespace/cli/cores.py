"""Has a command use the cores alone at full speed, and share them where others need them too."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

__all__ = ["Contention", "shared_cores"]

LOOK_EVERY = 0.25  # seconds
PREEMPTED = 100  # times a second: some 30 with the cores for oneself, 190 and more with others
CALM = 4  # looks without it, after which the cores are one's own again
MOST_TEAMS = 8  # few threads on many cores are in nobody's way
DIVIDED = 2**18  # numbers, so many that torch divides the work on them among its threads


@contextmanager
def shared_cores() -> Iterator[None]:
    """While other programs need the cores, let threads that wait for each other sleep at once.

    By itself GNU's OpenMP lets a thread that waits spin for milliseconds. With the cores for
    oneself nothing is faster, as waking a thread takes long, in a virtual machine above all.
    Beside another program the spinning thread keeps a core from the very one that is waited for:
    training stood nearly still. But where more threads are managed than there are cores OpenMP
    spins a hundred times at most (`GOMP_SPINCOUNT` in its manual), so more teams of threads,
    which do nothing, are kept for as long as others take the cores away.

    Who sets `GOMP_SPINCOUNT` or `OMP_WAIT_POLICY` has it as said there.
    """
    told = {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & os.environ.keys()
    if told or not sys.platform.startswith("linux"):
        yield
        return
    over = threading.Event()
    watch = _start(_watch, over)
    try:
        yield
    finally:
        _end([watch], over)


class Contention:
    """Whether other programs need the cores, by how often they take one away.

    Args:
        preempted: how often so far a thread of this process lost its core before its time.
    """

    def __init__(self, preempted: Callable[[], int]) -> None:
        self._preempted, self._last = preempted, preempted()
        self._calm = CALM

    def look(self, seconds: float) -> bool:
        """Say so of the time since the last look, and of a little before it.

        Args:
            seconds: since then.
        """
        now = self._preempted()
        often = now - self._last > PREEMPTED * seconds
        self._last, self._calm = now, 0 if often else self._calm + 1
        return self._calm < CALM


def _watch(over: threading.Event) -> None:
    import resource  # there is none on Windows

    contention = Contention(lambda: resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw)
    enough, keepers = threading.Event(), list[threading.Thread]()
    looked = time.monotonic()
    while not over.wait(LOOK_EVERY):
        last, looked = looked, time.monotonic()
        contended = contention.look(looked - last)
        if contended and not keepers:
            keepers = [_start(_keep_a_team, enough) for _ in range(_teams())]
        elif keepers and not contended:
            _end(keepers, enough)
            enough, keepers = threading.Event(), []
    _end(keepers, enough)


def _start(target: Callable[[threading.Event], None], until: threading.Event) -> threading.Thread:
    """A thread, if the system has one to give."""
    thread = threading.Thread(target=target, args=(until,), daemon=True)
    with suppress(RuntimeError):
        thread.start()
    return thread


def _end(threads: Sequence[threading.Thread], until: threading.Event) -> None:
    """Wait for threads: one that is still in torch when Python ends would have it abort."""
    until.set()
    for thread in threads:
        if thread.is_alive():
            thread.join()


def _teams() -> int:
    """How many more it takes until there are more threads than cores.

    None where torch is not there, wholly, or works with one thread, which waits for no other.
    """
    torch = sys.modules.get("torch")
    if torch is None or getattr(torch.__spec__, "_initializing", False):
        return 0
    own, cores = torch.get_num_threads(), len(os.sched_getaffinity(0))
    return min(MOST_TEAMS, max(0, cores - own) // (own - 1) + 1) if own > 1 else 0


def _keep_a_team(enough: threading.Event) -> None:
    """Have OpenMP start a team for this thread; it is there for as long as the thread is."""
    import torch

    with suppress(RuntimeError):  # no memory: then there is no team
        torch.zeros(DIVIDED).neg_()
        enough.wait()
