#!/usr/bin/env python3
"""Train a simple auto-encoder."""

from stylespace.cli.train import main_sae

raise SystemExit(main_sae())
