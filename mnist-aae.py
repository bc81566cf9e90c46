#!/usr/bin/env python3
"""Train an adversarial auto-encoder."""

from stylespace.cli.train import main_aae

raise SystemExit(main_aae())
