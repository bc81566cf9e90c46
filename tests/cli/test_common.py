"""How a command ends when something goes wrong that no flag is to blame for."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stylespace.cli import generate
from stylespace.cli.common import Parser, run_command
from stylespace.errors import StylespaceError


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB."),
    ],
)
def test_memory_that_is_not_to_be_had_is_one_line(capsys, error):
    def run(_):
        raise error

    assert run_command(Parser("x", "draw"), run, []) == 1
    assert capsys.readouterr().err == (
        "draw: out of memory; close other programs or ask for less\n"
    )


def test_what_is_refused_moves_no_terminal(capsys):
    def run(_):
        raise StylespaceError("cannot read \x1b[2Jx\ny.png: no picture")

    assert run_command(Parser("x", "draw"), run, []) == 1
    assert capsys.readouterr().err == "draw: cannot read ?[2Jx y.png: no picture\n"


def test_a_fault_of_the_program_is_not_hidden():
    def run(_):
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        run_command(Parser("x", "draw"), run, [])


@pytest.mark.parametrize("then", [None, AttributeError("half imported")])
def test_a_signal_that_an_import_swallows_still_ends_the_command(then):
    def run(_):
        with contextlib.suppress(SystemExit):
            signal.raise_signal(signal.SIGTERM)
        if then is not None:
            raise then

    with pytest.raises(SystemExit) as ended:
        run_command(Parser("x", "draw"), run, [])
    assert ended.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no terminal can be lost")
def test_what_runs_under_nohup_goes_on_when_its_terminal_is_lost():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        code = run_command(Parser("x", "draw"), lambda _: signal.raise_signal(signal.SIGHUP), [])
        assert code == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_whose_reader_has_gone_ends_without_a_word():
    """As `stylespace --help | true`."""
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "stylespace", "--help"]
    with os.fdopen(writing, "w") as gone:
        done = subprocess.run(words, stdout=gone, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_name_that_goes_on_and_on_is_cut(capsys):
    def run(_):
        raise FileNotFoundError(2, "", "n" * 3000)

    assert run_command(Parser("x", "draw"), run, []) == 1
    assert 150 < len(capsys.readouterr().err) < 300


@pytest.mark.parametrize("command", [["--help"], ["--version"], ["train", "--help"]])
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("unbuffered", [None, "1"])
def test_output_that_cannot_be_written_is_no_traceback(command, unbuffered):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    if unbuffered:
        environment["PYTHONUNBUFFERED"] = unbuffered
    with Path("/dev/full").open("w") as full:
        words = [sys.executable, "-m", "stylespace", *command]
        done = subprocess.run(
            words, stdout=full, stderr=subprocess.PIPE, text=True, check=False, env=environment
        )
    assert len(done.stderr.splitlines()) <= 1
    assert done.returncode in (0, 1)  # argparse itself passes over it where nothing is buffered


def test_errors_are_not_put_among_the_results_where_stderr_is_closed():
    for words, code in (("generate --ckpt-dir nowhere", 1), ("nonsense", 2)):
        command = f"{sys.executable} -m stylespace {words} 2>&-"
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


@pytest.mark.parametrize("flag", ["--count", "--style", "--output", "--like"])
def test_two_dashes_are_no_value(capsys, flag):
    with pytest.raises(SystemExit) as ended:
        generate.main([f"{flag}=--"])
    assert ended.value.code == 2
    assert f"argument {flag}: expected one argument" in capsys.readouterr().err


def test_a_flag_is_no_style(capsys):
    with pytest.raises(SystemExit) as ended:
        generate.main(["--style", "--output", "sheet.png"])
    assert ended.value.code == 2
    assert "argument --style: expected one argument" in capsys.readouterr().err


def test_a_shortened_flag_is_none(capsys):
    with pytest.raises(SystemExit) as ended:
        generate.main(["--coun", "3"])
    assert ended.value.code == 2
    assert "unrecognized arguments: --coun 3" in capsys.readouterr().err
