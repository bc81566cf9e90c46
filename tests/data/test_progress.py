"""What is shown on a terminal while one waits."""

import io
import sys

import pytest

from stylespace.data.progress import bar


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("name", ["old[/x].npz", "run[b].npz"])
def test_a_files_name_is_shown_as_it_is(monkeypatch, name):
    monkeypatch.setattr(sys, "stderr", Terminal())
    with bar(f"writing {name}", 3) as advance:
        advance(3)
    assert f"writing {name}" in sys.stderr.getvalue()
