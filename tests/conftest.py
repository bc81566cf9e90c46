"""Fixtures that more than one test module uses."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stylespace.datasets import LabelledImages, load
from tests.small import strokes, write_idx

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def strokes_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_idx(tmp_path_factory.mktemp("strokes"), strokes(1200, 0), strokes(300, 1))


@pytest.fixture
def stylespace(tmp_path: Path) -> Command:
    """Run `stylespace ...` in an empty directory, as a user would."""

    def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "stylespace", *map(str, arguments)]
        environment = {**os.environ, "COLUMNS": "100"}
        options = {"cwd": tmp_path, **options}
        return subprocess.run(command, env=environment, capture_output=True, text=True, **options)

    return run


@pytest.fixture(scope="session")
def mnist() -> tuple[LabelledImages, LabelledImages]:
    """The real training and test images, from the user's cache or fetched into it."""
    return load("mnist")
