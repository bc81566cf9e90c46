"""What is installed, and what is given away, is what the files say."""

import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)", re.MULTILINE)


def pins(name):
    found = PIN.findall((ROOT / name).read_text())
    return {re.sub(r"[-_.]+", "-", package).lower(): version for package, version in found}


def test_the_lock_has_the_versions_of_the_constraints_and_a_hash_of_each():
    versions = pins("constraints.txt")
    del versions["torch"]  # its builds differ from machine to machine
    assert pins("requirements.lock") == versions
    text = (ROOT / "requirements.lock").read_text()
    for package in re.split(r"^(?=\S+==)", text, flags=re.MULTILINE)[1:]:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", package), package


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    place = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", place], cwd=ROOT, check=True)
    (wheel,), (sdist,) = place.glob("*.whl"), place.glob("*.tar.gz")
    return wheel, sdist


def package_files():
    return {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "stylespace").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_carries_all_of_the_package_and_no_more(built):
    names = set(zipfile.ZipFile(built[0]).namelist())
    about = {name for name in names if ".dist-info/" in name}
    assert names - about == package_files()
    assert {"stylespace/py.typed", "stylespace/studio/page/index.html"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in about)


def test_the_source_archive_carries_what_building_and_testing_need(built):
    with tarfile.open(built[1]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    wanted = {f"src/{name}" for name in package_files()}
    wanted |= {"pyproject.toml", "constraints.txt", "requirements.lock", "Makefile", "LICENSE"}
    wanted |= {"README.md", "mnist-aae.py", "tests/small.py", "docs/training.md"}
    assert wanted <= names
    assert not [name for name in names if name.startswith((".venv", "build")) or ".ckpt/" in name]
