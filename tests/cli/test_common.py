"""How a command ends when something goes wrong that no flag is to blame for."""

import pytest

from stylespace.cli.common import Parser, run_command


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


def test_a_fault_of_the_program_is_not_hidden():
    def run(_):
        raise RuntimeError("shapes do not fit")

    with pytest.raises(RuntimeError, match="shapes"):
        run_command(Parser("x", "draw"), run, [])
