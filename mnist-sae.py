#!/usr/bin/env python3
"""Train a simple auto-encoder."""

try:
    from stylespace.cli.train import main_sae
except ModuleNotFoundError as missing:
    hint = "source .venv/bin/activate after make train, or pip install -r requirements.txt"
    raise SystemExit(f"{missing.name} is not installed for this Python: {hint}") from None

raise SystemExit(main_sae())
