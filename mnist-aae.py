#!/usr/bin/env python3
from stylespace.cli.train import main_aae

raise SystemExit(main_aae())
