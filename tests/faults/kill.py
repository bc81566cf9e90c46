"""Kill short trainings at random moments; each must end as one that was never stopped.

    python -m tests.faults.kill --kills 200

A run trains a small adversarial auto-encoder for a few epochs, with a save after each. It is
killed with SIGKILL, half of the times at a random moment of the whole run, half of the times
within a save; then it is opened, and the same command goes on, to be killed again at once with
one chance in four. The files of the ended session must equal, byte for byte, those of a run that
was never stopped. The child processes are forked, so that torch is imported once.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from stylespace import checkpoint
from tests.faults.runs import finish, same, start, wait
from tests.small import strokes, write_idx

LONGEST = 60.0  # seconds that a run may take
WITHIN_SAVE = 0.02  # seconds after a save began, at most


@dataclass
class Tally:
    """What came of the kills.

    Attributes:
        kills: SIGKILLs that met a running process.
        moments: what the directory held at the time of each: no session yet, a save being
            written, a whole save being moved to its place, or neither.
        ends: sessions that were brought to their end and were bit-equal.
    """

    kills: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    ends: int = 0


def kill(process: int, session: Path, pause: float, within_save: bool) -> bool:
    """Kill a run at a moment; returns whether it was still running."""
    if within_save:
        until = time.monotonic() + LONGEST
        while not (session / ".saving").exists() and time.monotonic() < until:
            if os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                break
    time.sleep(pause)
    os.kill(process, signal.SIGKILL)
    return wait(process) == -signal.SIGKILL


def moment(session: Path) -> str:
    """What a kill met."""
    if (session / ".saved").exists():
        return "moving a whole save"
    if (session / ".saving").exists():
        return "writing a save"
    return "elsewhere" if checkpoint.exists(session) else "before the first save"


def opens(session: Path) -> None:
    """Read all of a session, if there is one yet."""
    if checkpoint.exists(session):
        checkpoint.load(session)
        checkpoint.read_trainer(session)


def finished(session: Path) -> bool:
    """Whether the kill came after the run's last save."""
    return checkpoint.exists(session) and checkpoint.read_trainer(session).finished


def kill_many(kills: int, seed: int, place: Path, tell: bool = False) -> Tally:
    """Kill runs until there were so many kills.

    Raises:
        AssertionError: a session did not open, did not go on, or ended otherwise.
    """
    chance, tally = random.Random(seed), Tally()
    data = write_idx(place / "strokes", strokes(240, 0), strokes(60, 1))
    whole = place / "whole.ckpt"
    shutil.rmtree(whole, ignore_errors=True)
    took = finish(data, whole)
    while tally.kills < kills:
        session = place / "killed.ckpt"
        shutil.rmtree(session, ignore_errors=True)
        again = True
        while again and tally.kills < kills and not finished(session):
            within = chance.random() < 0.5
            pause = chance.uniform(0, WITHIN_SAVE if within else took)
            again = kill(start(data, session), session, pause, within)
            if again:
                tally.kills += 1
                tally.moments[moment(session)] += 1
                opens(session)
                again = chance.random() < 0.25
        if not finished(session):  # or else the same command would train more
            finish(data, session)
        assert same(session, whole), f"seed {seed}, kill {tally.kills}: ended otherwise"
        tally.ends += 1
        if tell and tally.ends % 10 == 0:
            print(f"{tally.kills} kills, {tally.ends} ends bit-equal", flush=True)
    return tally


def main() -> None:
    """The long form."""
    parser = argparse.ArgumentParser(description="Kill trainings at random moments")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        tally = kill_many(args.kills, args.seed, Path(place), tell=True)
    met = ", ".join(f"{count} {what}" for what, count in tally.moments.most_common())
    print(f"{tally.kills} kills ({met}); {tally.ends} of {tally.ends} ended bit-equal")
    print(f"seed {args.seed}, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
