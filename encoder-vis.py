#!/usr/bin/env python3
"""Draw the style space of a trained model."""

from stylespace.cli.vis import main

raise SystemExit(main())
