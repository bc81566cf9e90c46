"""All benchmarks but the ones that train to a quality: `make bench`.

.venv/bin/python -m benchmarks [--json FILE]
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
from pathlib import Path

import torch

from benchmarks import epoch, machine, processes
from benchmarks.table import text

PARTS = {
    "This machine": machine.rows,
    "Seconds an epoch, batches of 100": epoch.rows,
    "Processes": processes.rows,
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what is fast.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures")
    file = parser.parse_args().json
    kept = {"torch": torch.__version__, "threads": torch.get_num_threads()}
    kept["machine"] = platform.processor() or platform.machine()
    for title, rows in PARTS.items():
        found = rows()
        kept[title] = [dataclasses.asdict(row) for row in found]
        print(text(title, found), flush=True)
    if file is not None:
        file.write_text(json.dumps(kept, indent=2) + "\n")


if __name__ == "__main__":
    main()
