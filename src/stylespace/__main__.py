"""`python -m stylespace` is `stylespace`."""

from stylespace.cli.main import main

raise SystemExit(main())
