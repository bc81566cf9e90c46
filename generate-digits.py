#!/usr/bin/env python3
"""Draw digits in random or given styles."""

try:
    from stylespace.cli.generate import main
except ModuleNotFoundError as missing:
    hint = "source .venv/bin/activate after make train, or pip install -r requirements.txt"
    raise SystemExit(f"{missing.name} is not installed for this Python: {hint}") from None

raise SystemExit(main())
