"""`python -m hrgcore`: the same as the command `hrgcore`."""

import sys

from hrgcore.cli.main import main

sys.exit(main())
