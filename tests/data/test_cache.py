"""The cache: filled once, whole or not at all, whatever happens meanwhile."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from stylespace.data.cache import cache_directory
from stylespace.data.idx import FILES
from stylespace.datasets import load
from stylespace.errors import DataError
from tests.data.conftest import TRAIN, put

FILL = """
import dataclasses, json, sys
from stylespace.data import catalog
from stylespace.errors import DataError
told = json.loads(sys.argv[1])
exec(told.pop("first", ""))
row = dataclasses.replace(catalog.SETS["mnist"], name="tiny", packages=(), **told)
from stylespace.data.cache import cached
try:
    print(len(cached(row)), "files")
except DataError as error:
    sys.exit(str(error))
"""


@pytest.fixture
def start(tiny, cache):
    """Start another process that brings the set from a mirror into the same cache."""

    def run(address: str, first: str = "") -> subprocess.Popen[str]:
        told = {"sha256": tiny.sha256, "counts": tiny.counts, "mirrors": [address], "first": first}
        command = [sys.executable, "-c", FILL, json.dumps(told)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        environment = {**os.environ, "STYLESPACE_CACHE": str(cache)}
        return subprocess.Popen(command, text=True, env=environment, **pipes)

    return run


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def wait_until(true, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("STYLESPACE_CACHE", "~/pictures")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert cache_directory() == tmp_path / "pictures"
    monkeypatch.setenv("STYLESPACE_CACHE", "")
    assert cache_directory().name == "stylespace"


def test_what_is_fetched_is_kept_whole_and_not_fetched_again(files, use, cache, mirror):
    use(mirrors=(mirror.give(files),))
    first, _ = load("tiny")
    again, _ = load("tiny")
    assert len(mirror.asked) == 4
    assert contents(cache / "tiny") == files
    assert first.images.tolist() == again.images.tolist()


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_files_that_are_there_are_enough_and_nothing_is_written(files, cache, ending, capfd):
    put(cache / "tiny", files, ending)
    before = set((cache / "tiny").iterdir())
    assert len(load("tiny")[0]) == TRAIN
    assert capfd.readouterr().err == ""
    assert set((cache / "tiny").iterdir()) == before  # so a cache that is read-only serves


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda content: content[:100], "is too short for the 30 images that its header tells of"),
        (lambda content: content[:-1] + b"!", "is damaged (its SHA-256 differs)"),
        (lambda _: b"", "is too short for an IDX file of images"),
    ],
)
def test_a_damaged_file_is_said_and_fetched_anew(files, use, cache, mirror, capfd, damage, what):
    use(mirrors=(mirror.give(files),))
    path = put(cache / "tiny", files) / FILES[0]
    path.write_bytes(damage(files[FILES[0]]))
    assert len(load("tiny")[0]) == TRAIN
    assert capfd.readouterr().err.splitlines() == [
        f"tiny: {path} {what}; the cache gets a new one",
        f"tiny: fetching from {mirror.address.removeprefix('http://')}",
    ]
    assert mirror.asked == [f"/good/{FILES[0]}.gz"]
    assert contents(cache / "tiny") == files


@pytest.mark.usefixtures("tiny")
def test_no_network_and_no_cache_says_where_to_put_which_files(cache, files):
    put(cache / "tiny", {FILES[0]: files[FILES[0]]})
    with pytest.raises(DataError) as caught:
        load("tiny")
    assert str(caught.value) == (
        f"cannot fetch tiny (); put {', '.join(FILES[1:])} (raw or .gz) into {cache / 'tiny'}, "
        "or name their folder with --data-dir"
    )


def test_a_cache_that_cannot_be(files, use, mirror, monkeypatch, tmp_path):
    use(mirrors=(mirror.give(files),))
    (tmp_path / "file").write_text("no directory")
    monkeypatch.setenv("STYLESPACE_CACHE", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"cannot use the cache .*file.tiny: Not a dir.*STYLE"):
        load("tiny")
    assert mirror.asked == []


def test_a_full_disk_is_one_line_and_leaves_no_half_file(files, start, cache, mirror):
    pytest.importorskip("resource")
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))"
    process = start(mirror.give(files), first=limit)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in told
    assert told.splitlines()[-1].startswith(
        f"cannot use the cache {cache / 'tiny'}: File too large"
    )
    assert set(contents(cache / "tiny")) == set()


def test_two_processes_at_once_fetch_once(files, start, cache, mirror):
    pytest.importorskip("fcntl")
    mirror.pause.clear()
    address = mirror.give(files)
    first = start(address)
    wait_until(lambda: mirror.asked)
    second = start(address)
    assert second.stderr.readline() == "tiny: waiting for another process that is fetching it\n"
    mirror.pause.set()
    assert first.communicate(timeout=60)[0] == second.communicate(timeout=60)[0] == "4 files\n"
    assert len(mirror.asked) == 4
    assert contents(cache / "tiny") == files


def test_two_processes_without_locks_fetch_twice_and_agree(files, start, cache, mirror):
    mirror.pause.clear()
    address, without = mirror.give(files), "sys.modules['fcntl'] = None"
    both = [start(address, without), start(address, without)]
    wait_until(lambda: len(mirror.asked) == 2)
    mirror.pause.set()
    assert [process.communicate(timeout=60)[0] for process in both] == ["4 files\n"] * 2
    assert contents(cache / "tiny") == files


def test_a_process_killed_while_writing_leaves_nothing_in_the_way(
    files, use, start, cache, mirror
):
    address = mirror.give(files)
    use(mirrors=(address,))
    killed = start(address, first="import os; os.fsync = lambda _: os.kill(os.getpid(), 9)")
    killed.communicate(timeout=60)
    assert len(contents(cache / "tiny")) == 1
    assert len(load("tiny")[0]) == TRAIN
    assert contents(cache / "tiny") == files
