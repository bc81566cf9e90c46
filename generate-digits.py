#!/usr/bin/env python3
from stylespace.cli.generate import main

raise SystemExit(main())
