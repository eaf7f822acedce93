"""`python -m mia_helpers …`."""

import sys

from mia_helpers.batch.cli import main

sys.exit(main())
