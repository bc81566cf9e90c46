#!/usr/bin/env python3
from stylespace.cli.vis import main

raise SystemExit(main())
