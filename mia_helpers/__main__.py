"""`python -m mia_helpers …`."""

import sys

from mia_helpers.cli import main

sys.exit(main())
