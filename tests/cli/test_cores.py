"""Alone a command's threads spin; beside other programs they sleep."""

import os
import subprocess
import sys
import threading

import pytest

from stylespace.cli.cores import CALM, Contention, shared_cores

LINUX = sys.platform.startswith("linux")
SAID = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")
WORK = """
import os, subprocess, sys, threading, time
import torch
from stylespace.cli.cores import shared_cores

def tasks():
    return len(os.listdir("/proc/self/task"))

cores, teams = map(int, sys.argv[1:])
busy = [sys.executable, "-c", "while True: pass"]
loops = [subprocess.Popen(busy) for _ in os.sched_getaffinity(0)]
os.sched_getaffinity = lambda _: range(cores)
values, until = torch.zeros(2**20), time.monotonic() + 30
values.neg_()
alone = tasks()
with shared_cores():
    while tasks() < alone + 1 + 2 * teams and time.monotonic() < until:
        values.neg_()
    print(tasks() - alone)
print(threading.active_count())
for loop in loops:
    loop.kill()
    loop.wait()
time.sleep(1)
print(tasks() - alone)
"""


def contention(*counts):
    """What is said at the looks, a quarter of a second apart, that find these counts."""
    found = iter([0, *counts])
    watched = Contention(lambda: next(found))
    return [watched.look(0.25) for _ in counts]


def test_cores_of_ones_own_are_told_from_contended_ones():
    assert not any(contention(*range(8, 800, 8)))
    assert all(contention(*range(48, 4800, 48)))


def test_a_calm_moment_beside_other_programs_is_not_their_end():
    calm = [100 + look for look in range(1, CALM + 3)]
    assert contention(100, *calm) == [True] + [True] * (CALM - 1) + [False] * 3
    assert contention(100, 101, 201, 202) == [True] * 4


@pytest.mark.skipif(not LINUX, reason="GNU's OpenMP is on Linux")
@pytest.mark.parametrize(("pretended", "teams"), [(2, 1), (4, 3), (64, 8)])
def test_beside_other_programs_more_threads_than_cores_are_kept_so_that_they_sleep(
    pretended, teams
):
    """A thread looks, and each team has two, of which torch has one team as it is."""
    clean = {name: value for name, value in os.environ.items() if name not in SAID}
    done = subprocess.run(
        [sys.executable, "-c", WORK, str(pretended), str(teams)],
        env=clean | {"OMP_NUM_THREADS": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [str(1 + 2 * teams), "1", "0"]


@pytest.mark.parametrize("name", SAID)
def test_who_says_how_threads_wait_has_it_so(monkeypatch, name):
    monkeypatch.setenv(name, "1")
    before = threading.active_count()
    with shared_cores():
        assert threading.active_count() == before


def test_a_system_that_has_no_thread_to_give_is_no_hindrance(monkeypatch):
    def refuse(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    for said in SAID:
        monkeypatch.delenv(said, raising=False)
    with shared_cores():
        pass
