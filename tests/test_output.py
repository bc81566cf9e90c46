import shutil
import sys
import threading
import time
from pathlib import Path

import pytest

from stylespace.errors import StylespaceError
from stylespace.output import replaced, replaced_files


def tree(directory: Path) -> dict[str, str | None]:
    return {
        str(path.relative_to(directory)): path.read_text() if path.is_file() else None
        for path in directory.rglob("*")
    }


def write_half(path: Path, failure: BaseException) -> None:
    path.write_text("half")
    raise failure


@pytest.mark.parametrize("name", ["a.txt", "new/deep/a.txt", "n" * 250, "\N{PENCIL}" * 60])
def test_a_file_arrives_whole_and_alone(tmp_path, name):
    with replaced(tmp_path / name) as part:
        part.write_text("one")
        assert not (tmp_path / name).exists()
        assert part.parent == (tmp_path / name).parent  # a rename across disks is no rename
    with replaced(tmp_path / name) as part:
        part.write_text("two")
        assert (tmp_path / name).read_text() == "one"
    assert {value for value in tree(tmp_path).values() if value is not None} == {"two"}


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("name", ["old.txt", "new.txt", "new/deep/a.txt", "here/deep/a.txt"])
def test_a_file_that_fails_leaves_all_as_it_was(tmp_path, name, failure):
    (tmp_path / "old.txt").write_text("old")
    (tmp_path / "here").mkdir()
    before = tree(tmp_path)
    raised = StylespaceError if isinstance(failure, OSError) else KeyboardInterrupt
    with pytest.raises(raised) as caught, replaced(tmp_path / name) as part:
        write_half(part, failure)
    assert tree(tmp_path) == before
    if raised is StylespaceError:
        assert str(caught.value) == f"cannot write {tmp_path / name}: No space left on device"


@pytest.mark.parametrize("write", [replaced, replaced_files])
def test_a_path_through_a_file_is_refused_before_any_work(tmp_path, write):
    (tmp_path / "file").write_text("")
    with pytest.raises(StylespaceError, match="cannot write"), write(tmp_path / "file" / "a"):
        pytest.fail("the block was run")
    assert tree(tmp_path) == {"file": ""}


def test_a_directory_in_the_files_place_is_refused_before_any_work(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(StylespaceError, match="a directory"), replaced(tmp_path / "a"):
        pytest.fail("the block was run")
    assert tree(tmp_path) == {"a": None}


def test_a_file_in_the_directorys_place_is_refused_before_any_work(tmp_path):
    (tmp_path / "a").write_text("kept")
    with pytest.raises(StylespaceError, match="File exists"), replaced_files(tmp_path / "a"):
        pytest.fail("the block was run")
    assert tree(tmp_path) == {"a": "kept"}


@pytest.mark.parametrize("place", ["set", "new/set", ".", "set/.."])
def test_files_of_a_directory_replace_their_namesakes_and_no_others(tmp_path, monkeypatch, place):
    (tmp_path / "set").mkdir()
    monkeypatch.chdir(tmp_path)
    target = Path(place)
    if target.exists():
        (target / "a").write_text("old")
        (target / "other").write_text("kept")
    before = tree(tmp_path)
    with replaced_files(target) as part:
        (part / "a").write_text("new")
        (part / "b").write_text("new")
        assert all(tree(tmp_path)[name] == value for name, value in before.items())
    known = {"other": "kept"} if "set/other" in before or "other" in before else {}
    found = {path.name: path.read_text() for path in target.iterdir() if path.is_file()}
    assert found == {"a": "new", "b": "new", **known}
    assert not any(name.endswith(".part") for name in tree(tmp_path))


def test_the_parts_lie_in_the_directory_that_is_there_already(tmp_path):
    with replaced_files(tmp_path) as part:
        assert part.parent == tmp_path  # beside it may be another disk


@pytest.mark.parametrize("failure", [OSError(5, "Input/output error"), KeyboardInterrupt()])
@pytest.mark.parametrize("place", ["set", "new", "new/deep"])
def test_a_directory_that_fails_leaves_all_as_it_was(tmp_path, place, failure):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "a").write_text("old")
    before = tree(tmp_path)
    raised = StylespaceError if isinstance(failure, OSError) else KeyboardInterrupt
    with pytest.raises(raised), replaced_files(tmp_path / place) as part:
        write_half(part / "a", failure)
    assert tree(tmp_path) == before


def test_a_directory_in_the_way_of_one_file_keeps_all_others(tmp_path, monkeypatch):
    listed = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: iter(sorted(listed(path))))  # a before b
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "b").mkdir(parents=True)
    new.mkdir()
    for path in (old / "a", new / "a", new / "b"):
        path.write_text(path.parent.name)
    before = tree(tmp_path)
    with pytest.raises(StylespaceError, match="directory"), replaced_files(old) as part:
        shutil.copytree(new, part, dirs_exist_ok=True)
    assert tree(tmp_path) == before


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks")
def test_two_writers_files_do_not_mix(tmp_path, monkeypatch):
    ready, move = threading.Barrier(2), Path.replace

    def slowly(file, target):
        time.sleep(0.01)
        return move(file, target)

    def write(text):
        with replaced_files(tmp_path / "set") as part:
            for name in "abcd":
                (part / name).write_text(text)
            ready.wait()

    monkeypatch.setattr(Path, "replace", slowly)
    for _ in range(3):
        writers = [threading.Thread(target=write, args=(text,)) for text in ("1", "2")]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert len({(tmp_path / "set" / name).read_text() for name in "abcd"}) == 1
