#!/usr/bin/env python3
from stylespace.cli.train import main_sae

raise SystemExit(main_sae())
