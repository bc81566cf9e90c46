#!/usr/bin/env python3
"""Draw digits in random or given styles."""

from stylespace.cli.generate import main

raise SystemExit(main())
