"""The short form of `python -m tests.faults.kill`."""

import os

import pytest

from tests.faults.kill import kill_many


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the runs are forked")
def test_killed_runs_end_as_one_never_stopped(tmp_path):
    tally = kill_many(8, seed=1, place=tmp_path)
    assert tally.kills == 8
    assert tally.ends >= 1
