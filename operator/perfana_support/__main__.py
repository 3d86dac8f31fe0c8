"""`python -m perfana_support` is `perfana-support`."""

import sys

from perfana_support.cli.main import main

sys.exit(main())
