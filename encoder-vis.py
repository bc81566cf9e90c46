#!/usr/bin/env python3
"""Draw the style space of a trained model."""

try:
    from stylespace.cli.vis import main
except ModuleNotFoundError as missing:
    hint = "source .venv/bin/activate after make train, or pip install -r requirements.txt"
    raise SystemExit(f"{missing.name} is not installed for this Python: {hint}") from None

raise SystemExit(main())
