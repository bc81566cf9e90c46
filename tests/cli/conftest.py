"""Fixtures of the commands' tests."""

import pytest

from stylespace import checkpoint
from stylespace.cli import generate
from tests.cli.drawing import SESSION, save_session


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    directory = tmp_path_factory.mktemp("session") / SESSION
    save_session(directory)
    return directory


@pytest.fixture
def model(saved):
    return checkpoint.load(saved)


@pytest.fixture
def here(saved, tmp_path):
    """A directory that holds the default session and nothing else."""
    (tmp_path / SESSION).symlink_to(saved)
    return tmp_path


@pytest.fixture
def generate_digits(here, capsys, monkeypatch):
    """Run the command there in this process: exit code, stdout and stderr."""
    monkeypatch.chdir(here)

    def run(*arguments):
        code = generate.main([str(argument) for argument in arguments], prog="generate-digits")
        return code, *capsys.readouterr()

    return run
